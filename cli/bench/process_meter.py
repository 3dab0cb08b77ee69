"""What processes use: processor time, memory, bytes written. From Linux's `/proc`.

Owns reading the figures of a process by its number; never decides what they mean.
"""

import os
from pathlib import Path
from typing import NamedTuple

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_KIB = 1024


class Usage(NamedTuple):
    """Of one process: processor seconds since its start, anonymous memory now, bytes it gave to disks."""

    processor_s: float
    anonymous_bytes: int
    written_bytes: int

    def since(self, before: "Usage") -> "Usage":
        """What came since; the memory is that of now."""
        return Usage(
            self.processor_s - before.processor_s, self.anonymous_bytes, self.written_bytes - before.written_bytes
        )


def usage_of(pid: int) -> Usage:
    """What the process has used so far.

    Raises:
        OSError: there is no such process.
    """
    folder = Path("/proc") / str(pid)
    # The name, in parentheses, may hold anything.
    fields = (folder / "stat").read_text().rpartition(")")[2].split()
    user, system = int(fields[11]), int(fields[12])
    status = _lines(folder / "status")
    io = _lines(folder / "io")
    return Usage((user + system) / _TICKS_PER_S, int(status["RssAnon"].split()[0]) * _KIB, int(io["write_bytes"]))


def _lines(path: Path) -> dict[str, str]:
    found = (line.partition(":") for line in path.read_text().splitlines())
    return {name: value.strip() for name, _, value in found}
