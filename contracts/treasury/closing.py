"""Closing a year: its income and expenses go into the fund, and what the year's public statement says is kept.

Owns the records `closing/<unit>/<year>` and the operation `treasury.close`. Invariants: years are closed in order, each
once, after they are over; nothing is posted into a closed year. Source: docs/reference/treasury.md, "Closing".
"""

from contracts.arguments import Arguments
from contracts.authority.judgement import Subject, require
from contracts.calendar.dates import day_of
from contracts.context import Context
from contracts.errors import Refusal
from contracts.treasury.accounts import THE_FUND
from contracts.treasury.bookkeeping import Bookkeeping
from contracts.treasury.entry import CLOSING
from contracts.treasury.month import written
from contracts.treasury.reasons import YEAR_CLOSED, YEAR_NOT_OVER, YEAR_ORDER, YEAR_UNKNOWN
from ledger.encoding import Value

KIND_CLOSING = "closing"
CLOSED = "treasury.closed"


def close_year(context: Context, arguments: Arguments) -> None:
    """Close a year of a unit's books."""
    unit, year = arguments.text("unit"), arguments.integer("year")
    require(context, Subject(unit))
    work = Bookkeeping(context, unit)
    books = work.books
    if books.closed is not None and year <= books.closed:
        raise Refusal(*YEAR_CLOSED, unit=unit, year=year)
    if year < books.first_year:
        raise Refusal(*YEAR_UNKNOWN, unit=unit, first=books.first_year, year=year)
    if year != books.first_open_year:
        raise Refusal(*YEAR_ORDER, unit=unit, first=books.first_open_year, year=year)
    over = day_of(year + 1, 1, 1)
    if work.today < over:
        raise Refusal(*YEAR_NOT_OVER, year=year, date=written(over))
    results = {code: amount for code, amount in books.results.get(year, {}).items() if amount}
    surplus = -sum(results.values())
    lines = {code: -amount for code, amount in results.items()} | {THE_FUND: -surplus}
    entry = work.post(CLOSING, over - 1, lines, (), year=year)
    books.results.pop(year, None)
    books.closed = year
    sums = books.sums
    fields: dict[str, Value] = {
        "account": context.sender.id,
        "dues": {"advance": sums.advance, "due": sums.due, "paid": sums.paid, "waived": sums.waived},
        "entry": entry.number,
        "height": context.height,
        "result": dict(results),
        "standing": {code: one.balance for code, one in books.accounts.items() if one.balance and not one.is_yearly},
        "surplus": surplus,
        "time": context.time_ms,
        "unit": unit,
        "year": year,
    }
    context.create(KIND_CLOSING, closing_id(unit, year), fields)
    work.finish()
    context.emit(CLOSED, {"surplus": surplus, "unit": unit, "year": year})


def closing_id(unit: str, year: int) -> str:
    """The id of a closing: the unit and the year."""
    return f"{unit}/{year:04}"
