"""Reading every row of a store in a process of its own first, because a damaged page can take the process with it.

LMDB trusts its pages: one that is damaged can end the reading process by a signal instead of an error. Owns that one
reading of everything, and the finding for a child that died of it. Never judges content. Run by itself:
`python -m cli.audit.page_probe FOLDER`.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

from cli.audit.finding import AuditFinding
from ledger.errors import BanyanError
from storage.errors import StoreDiskError

_FORESEEN_STATUS = 1
# A disk that gives less than this is no disk to audit from: the audit itself reads everything several times.
_BYTES_PER_SECOND_MIN = 1 << 20
_SECONDS_MIN = 120


def probe_pages(folder: Path) -> None:
    """Let a child read every row of the store in `folder`; about 2 s for a million entries.

    Raises:
        AuditFinding: `audit.unreadable`, the child died of a signal.
        StoreDiskError: the child did not end in time; a mebibyte a second, and two minutes.
        Nothing for what the child met as an error: reading here meets it too, and says it better.
    """
    root = str(Path(__file__).parents[2])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))}
    # Safe path: the folder in which an audit is started must not be able to replace modules.
    command = [sys.executable, "-P", "-m", "cli.audit.page_probe", str(folder)]
    # S603: nothing of the command but the folder's name comes from outside, and no shell reads it.
    seconds_max = _SECONDS_MIN + _size_bytes(folder) // _BYTES_PER_SECOND_MIN
    try:
        done = subprocess.run(  # noqa: S603
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=seconds_max,
        )
    except subprocess.TimeoutExpired as error:
        raise StoreDiskError(
            "The store {path} could not be read within {seconds} seconds: check its disk.",
            path=folder,
            seconds=seconds_max,
        ) from error
    if done.returncode < 0:
        raise AuditFinding(
            "audit.unreadable",
            "the store in {key} is damaged: reading it ended a process with {signal}",
            key=str(folder),
            signal=signal.Signals(-done.returncode).name,
        )


def _size_bytes(folder: Path) -> int:
    try:
        return sum(file.stat().st_size for file in folder.iterdir())
    except OSError:
        # Reading it tells what is wrong.
        return 0


def read_everything(folder: Path) -> None:
    """Touch every row of every table.

    Raises:
        StoreError: whatever opening and reading meet.
    """
    from storage.environment import Environment

    environment = Environment(folder, readonly=True, reads_all=True)
    try:
        with environment.read() as transaction:
            for table in environment.tables.values():
                for _ in transaction.cursor(table):
                    continue
    finally:
        environment.close()


def main(arguments: list[str]) -> int:
    """The child's part; its exit status says whether reading met an error."""
    (folder,) = arguments
    try:
        read_everything(Path(folder))
    except BanyanError:
        return _FORESEEN_STATUS
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
