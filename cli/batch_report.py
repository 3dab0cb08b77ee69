"""What became of the lines of a batch.

Owns the counts and the report of failed lines: the first ones in memory, all of them in `FILE.failed`. Fed by two
threads. Never decides what counts as failed.
"""

import json
import threading
from pathlib import Path
from typing import IO, Any

from cli.language import translated
from ledger.errors import BanyanError

# So many are printed and are in the JSON answer; the file has all.
SHOWN_MAX = 1000


class BatchReport:
    """Counts of one run, and the lines that failed in it or in a run before."""

    def __init__(self, path: Path) -> None:
        """`path` is where failed lines are listed; made when the first one fails."""
        self.path = path
        self.committed = 0
        self.already = 0
        self.pending = 0
        self.failed = 0
        self.shown: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._file: IO[str] | None = None

    @property
    def settled(self) -> int:
        """How many lines are done with, in this run or before it."""
        return self.committed + self.already + self.failed

    def close(self) -> None:
        """Finish the list; a list of an earlier run goes away if nothing failed."""
        if self._file is not None:
            self._file.close()
        else:
            self.path.unlink(missing_ok=True)

    def add_failed(self, number: int, error: BanyanError) -> None:
        """One line failed, and why."""
        line = {"line": number, "code": error.code, "reason": translated(error)}
        with self._lock:
            self.failed += 1
            if len(self.shown) < SHOWN_MAX:
                self.shown.append(line)
            if self._file is None:
                self._file = self.path.open("w", encoding="utf-8")
            self._file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def to_json(self) -> dict[str, Any]:
        """The report as `--json` prints it."""
        return {
            "committed": self.committed,
            "already": self.already,
            "failed": self.failed,
            "pending": self.pending,
            "failures": self.shown,
            "failures_file": str(self.path) if self.failed else None,
        }
