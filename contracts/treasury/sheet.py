"""A sheet of dues: what everybody on one sheet of a unit's roll owes for one month, and what became of it.

Owns the records `dues-sheet/<unit>/<month>/<sheet>`. Never computes what somebody owes. Invariant, checked whenever a
sheet is written: in every line, what is owed is what is paid, open and waived, none of them negative; the sums of the
sheet are those of its lines. Source: docs/reference/treasury.md, "Sheets".
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from contracts.treasury.month import Month, format_month, parse_month
from ledger.encoding import Value
from ledger.errors import DecodingError

KIND_SHEET = "dues-sheet"


class Line(NamedTuple):
    """What one member owes for the month, in fen. `entry`: the entry of the journal that says so."""

    category: str
    base: int | None
    due: int
    paid: int
    waived: int
    entry: int

    @property
    def open(self) -> int:
        """What is still to be paid."""
        return self.due - self.paid - self.waived


@dataclass(slots=True)
class Sheet:
    """One sheet; `number` is that of the roll's sheet."""

    unit: str
    month: Month
    number: int
    lines: dict[str, Line] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The id of its record."""
        return sheet_id(self.unit, self.month, self.number)

    def open_of(self, person: str) -> int:
        """What somebody still owes for the month; 0 for who owes nothing."""
        line = self.lines.get(person)
        return 0 if line is None else line.open

    @property
    def is_open(self) -> bool:
        """Whether somebody still owes something."""
        return any(line.open for line in self.lines.values())

    @property
    def is_sound(self) -> bool:
        """Whether nobody paid, or was spared, more than they owed, or less than nothing."""
        return all(min(line.due, line.paid, line.waived, line.open) >= 0 for line in self.lines.values())

    def to_fields(self) -> dict[str, Value]:
        """The fields of the record."""
        due, paid, waived = totals(self.lines.values())
        return {
            "due": due,
            "line": {person: list(line) for person, line in self.lines.items()},
            "open": due - paid - waived,
            "paid": paid,
            "period": format_month(self.month),
            "sheet": self.number,
            "state": "open" if self.is_open else "settled",
            "unit": self.unit,
            "waived": waived,
        }

    @classmethod
    def from_fields(cls, fields: dict[str, Value]) -> "Sheet":
        """The sheet in the fields of its record.

        Raises:
            DecodingError: no sheet of dues.
        """
        match fields:
            case {"line": dict(lines), "period": str(period), "sheet": int(number), "unit": str(unit)}:
                found = {person: _line(value) for person, value in lines.items()}
                return cls(unit, parse_month(period), number, found)
        raise DecodingError("the record of a sheet of dues is malformed")


def totals(lines: Iterable[Line]) -> tuple[int, int, int]:
    """What is due, paid and waived on these lines together."""
    due = paid = waived = 0
    for line in lines:
        due += line.due
        paid += line.paid
        waived += line.waived
    return due, paid, waived


def sheet_id(unit: str, month: Month, number: int) -> str:
    """The id of a sheet: the unit, the month and the sheet's number in three digits."""
    return f"{unit}/{format_month(month)}/{number:03}"


def _line(value: Value) -> Line:
    if isinstance(value, list) and len(value) == len(Line._fields):
        return Line(*value)  # type: ignore[arg-type]
    raise DecodingError("a line on a sheet of dues is malformed")
