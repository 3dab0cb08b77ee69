"""What everybody on a sheet of the roll owes for a month: one transaction, many lines.

Owns the operation `treasury.assess`. Never reminds anybody. Invariants: nobody is assessed twice for a month in one
unit; what was paid in advance and what is reduced is taken into account at once. Source: docs/reference/treasury.md,
"Assessing".
"""

from contracts.arguments import Arguments
from contracts.authority.judgement import Subject, require
from contracts.context import Context
from contracts.errors import Refusal
from contracts.packs.sections.dues_parameters import WHOLE_FIRST_MONTH
from contracts.treasury.accounts import ADVANCE, DUES_INCOME, DUES_WAIVED, RECEIVABLE
from contracts.treasury.arguments import integer_of
from contracts.treasury.bookkeeping import Bookkeeping
from contracts.treasury.entry import ASSESSMENT, SETTLED, WAIVED, Effect
from contracts.treasury.month import Month, first_day, format_month, month_of_day, parse_month
from contracts.treasury.reasons import NOTHING_TO_ASSESS, PERIOD_AHEAD
from contracts.treasury.roll import Member
from contracts.treasury.sheet import Line, Sheet

ASSESSED = "treasury.assessed"


def assess(context: Context, arguments: Arguments) -> None:
    """Enter what everybody on one sheet of the roll owes for a month; who stands on it already stays as they are."""
    unit, month = arguments.text("unit"), parse_month(arguments.text("period"))
    number = integer_of(arguments, "sheet") or 1
    require(context, Subject(unit))
    work = Bookkeeping(context, unit)
    if month > month_of_day(work.today):
        raise Refusal(*PERIOD_AHEAD, period=format_month(month))
    roll, sheet = work.roll(number), work.sheet(month, number)
    whole = bool(work.terms.number(WHOLE_FIRST_MONTH, first_day(month)))
    entry = work.books.counts.get("entry", 0) + 1
    due = 0
    effects: list[Effect] = []
    count = len(sheet.lines)
    for person, member in roll.members.items():
        standing = None if person in sheet.lines else member.standing_in(month, whole)
        if standing is None:
            continue
        amount = work.terms.due(person, standing.category, standing.base, month)
        work.owe(sheet, person, Line(standing.category, standing.base, amount, 0, 0, entry))
        due += amount
        effects += _settle(work, sheet, person, member, amount)
    count = len(sheet.lines) - count
    if not count:
        raise Refusal(*NOTHING_TO_ASSESS, unit=unit, sheet=number, period=format_month(month))
    _enter(work, month, number, due, effects)
    work.finish()
    context.emit(
        ASSESSED,
        {"count": count, "due": due, "entry": entry, "period": format_month(month), "sheet": number, "unit": unit},
    )


def _settle(work: Bookkeeping, sheet: Sheet, person: str, member: Member, due: int) -> list[Effect]:
    """Waive what is reduced, and let what was paid in advance pay for the rest as far as it goes."""
    waived = member.reduced(sheet.month, due)
    settled = min(due - waived, member.advance)
    effects = [
        Effect(what, person, sheet.month, sheet.number, amount)
        for what, amount in ((WAIVED, waived), (SETTLED, settled))
        if amount
    ]
    for effect in effects:
        work.apply(effect)
    return effects


def _enter(work: Bookkeeping, month: Month, sheet: int, due: int, effects: list[Effect]) -> None:
    waived = sum(effect.amount for effect in effects if effect.what == WAIVED)
    settled = sum(effect.amount for effect in effects if effect.what == SETTLED)
    # The month that it is for, or the first day of the books' oldest year that is still open.
    day = max(first_day(month), first_day(work.books.first_open_year * 100 + 1))
    lines = {
        RECEIVABLE: due - waived - settled,
        DUES_INCOME: -due,
        DUES_WAIVED: waived,
        ADVANCE: settled,
    }
    work.post(ASSESSMENT, day, lines | work.accrual(settled, day), effects, period=format_month(month), sheet=sheet)
