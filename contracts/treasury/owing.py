"""Since when somebody owes dues in a unit, for rules that ask.

Owns the answer and its bound on reads. Never writes, never raises for who owes nothing. Source:
docs/reference/treasury.md, "For rules".
"""

from typing import TYPE_CHECKING

from contracts.calendar.dates import Day
from contracts.treasury.books import KIND_BOOKS, Books
from contracts.treasury.month import first_day
from contracts.treasury.roll import KIND_ROLL, Roll, roll_id
from contracts.treasury.sheet import KIND_SHEET, Sheet, sheet_id

if TYPE_CHECKING:
    from contracts.run_context import RunContext

# Of the months on which somebody of the sheet owes something, so many newest are looked at. Dues are paid from the
# oldest on, so whoever owes at all owes for one of the newest; and known rules ask for half a year at the most.
MONTHS_LOOKED_AT_MAX = 8


def owed_since(context: "RunContext", unit: str, person: str) -> Day | None:
    """The first day of the oldest month for which a person owes dues in a unit; None if they owe nothing there.

    Of somebody who owes for more than eight months it may be a later one of these.

    Raises:
        Refusal: `limits.reads`; at most ten reads, and one for each further sheet of the roll.
    """
    record = context.read(KIND_BOOKS, unit)
    if record is None:
        return None
    books = Books.from_fields(record.fields)
    for number in range(1, books.rolls + 1):
        roll = context.read(KIND_ROLL, roll_id(unit, number))
        if roll is None or person not in Roll.from_fields(roll.fields).members:
            continue
        for month in books.open.get(number, [])[-MONTHS_LOOKED_AT_MAX:]:
            sheet = context.read(KIND_SHEET, sheet_id(unit, month, number))
            if sheet is not None and Sheet.from_fields(sheet.fields).open_of(person):
                return first_day(month)
        return None
    return None
