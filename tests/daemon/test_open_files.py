"""The limit of open files, in a process of its own: what is raised there stays raised."""

import json
import subprocess
import sys

import pytest

from daemon.open_files import RESERVED_COUNT

_SCRIPT = """
import json, resource, sys
from daemon.config import Config
from daemon.open_files import within_open_files
soft, hard, connections, requests = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
told = []
config = Config(
    name="a", listen="127.0.0.1:1", http_connections_max=connections, http_requests_max=requests,
    event_listeners_max=requests,
)
found = within_open_files(config, lambda event, **fields: told.append([event, fields["allowed"]]))
print(json.dumps([found.http_connections_max, found.http_requests_max, found.event_listeners_max,
                  resource.getrlimit(resource.RLIMIT_NOFILE)[0], told]))
"""


def _found(*numbers: int) -> list[object]:
    command = [sys.executable, "-c", _SCRIPT, *map(str, numbers)]
    said: list[object] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return said


@pytest.mark.parametrize(
    ("soft", "hard", "connections", "requests", "expected"),
    [
        # Enough as it is: nothing is touched.
        (3000, 4000, 1000, 128, [1000, 128, 128, 3000, []]),
        # Raised as far as needed, and no further.
        (1024, 4000, 1000, 128, [1000, 128, 128, 2000 + RESERVED_COUNT, []]),
        # As far as the system allows; the rest goes to the node itself.
        (1024, 1024, 1000, 300, [256, 256, 256, 1024, [["open-files-scarce", 1024]]]),
        (100, 200, 1000, 128, [8, 8, 8, 200, [["open-files-scarce", 200]]]),
    ],
)
def test_as_many_connections_as_there_are_files_for(
    soft: int, hard: int, connections: int, requests: int, expected: list[object]
) -> None:
    assert _found(soft, hard, connections, requests) == expected
