"""What is wrong with an import, by file, row and column.

Owns the list, its bound, and that a warning which many rows share is told once. Never decides what is wrong.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from ledger.errors import BanyanError

# More than anybody reads; the counts go on.
LISTED_MAX = 10_000
ERROR = "error"
WARNING = "warning"


class Place(NamedTuple):
    """Where something stands; row 0 means the file as a whole, an empty column the row as a whole."""

    file: str
    sheet: str = ""
    row: int = 0
    column: str = ""
    value: str = ""


class Finding(NamedTuple):
    """One thing that is wrong, or looks as if: where, in which step (empty: before all), and what to do about it."""

    severity: str
    step: str
    place: Place
    error: BanyanError
    row_count: int = 1


@dataclass(slots=True)
class Findings:
    """All findings of one import."""

    error_count: int = 0
    # By the name of the step; those before all steps under the empty one.
    errors_by_step: Counter[str] = field(default_factory=Counter)
    _errors: list[Finding] = field(default_factory=list)
    # By what makes two warnings the same one.
    _warnings: dict[tuple[str, str, str, str], Finding] = field(default_factory=dict)

    def refuse(self, place: Place, error: BanyanError, step: str = "") -> None:
        """A row, or a file, cannot be used."""
        self.error_count += 1
        self.errors_by_step[step] += 1
        if len(self._errors) < LISTED_MAX:
            self._errors.append(Finding(ERROR, step, place, error))

    def warn(self, place: Place, error: BanyanError, step: str = "", *, once: bool = True) -> None:
        """A row can be used, but somebody should look at it; `once` tells it once for a column, with a count."""
        key = (step, place.file, place.column, error.template if once else f"{place.row} {error.template}")
        before = self._warnings.get(key)
        if before is not None:
            self._warnings[key] = before._replace(row_count=before.row_count + 1)
        elif len(self._warnings) < LISTED_MAX:
            self._warnings[key] = Finding(WARNING, step, place, error)

    @property
    def warning_count(self) -> int:
        """How many warnings there are."""
        return len(self._warnings)

    def listed(self) -> list[Finding]:
        """Errors, then warnings, each by file and row; of many, those that were found first."""
        found = (self._errors, self._warnings.values())
        return [one for some in found for one in sorted(some, key=lambda finding: finding.place[:3])]
