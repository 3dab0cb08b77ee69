"""Correcting what somebody owes for a month that is assessed already.

Owns the operation `treasury.correct`: the line becomes what it would be if the month were assessed today, by what the
roll says now. Never takes an amount from anybody's hand. Invariants: what was paid too much becomes an advance, what
was waived too much is waived no longer; the entry can be reversed while nothing else changed the line's base. Source:
docs/reference/treasury.md, "Correcting".
"""

from contracts.arguments import Arguments
from contracts.authority.judgement import Subject, require
from contracts.context import Context
from contracts.errors import Refusal
from contracts.packs.sections.dues_parameters import WHOLE_FIRST_MONTH
from contracts.treasury.accounts import ADVANCE, DUES_INCOME, DUES_WAIVED, RECEIVABLE
from contracts.treasury.bookkeeping import Bookkeeping
from contracts.treasury.enrolling import check_not_own, link_people
from contracts.treasury.entry import CORRECTION, OWED, SETTLED, WAIVED, Effect, Entry
from contracts.treasury.month import first_day, format_month, parse_month
from contracts.treasury.reasons import NOT_ASSESSED, NOTHING_TO_CORRECT, STANDING_FORGOTTEN, USED_SINCE
from contracts.treasury.sheet import Line
from ledger.encoding import Value

CORRECTED = "treasury.corrected"


def correct(context: Context, arguments: Arguments) -> None:
    """Let somebody owe for a month what the roll says now."""
    unit, person, month = arguments.text("unit"), arguments.text("person"), parse_month(arguments.text("period"))
    check_not_own(context, require(context, Subject(unit, person)), unit, person)
    work = Bookkeeping(context, unit)
    roll, member = work.member(person)
    line = work.sheet(month, roll.number).lines.get(person)
    if line is None:
        raise Refusal(*NOT_ASSESSED, unit=unit, person=person, period=format_month(month))
    if member.is_forgotten(month):
        raise Refusal(*STANDING_FORGOTTEN, unit=unit, person=person, date=member.known_from)
    standing = member.standing_in(month, bool(work.terms.number(WHOLE_FIRST_MONTH, first_day(month))))
    # Who should not have been assessed at all owes nothing.
    due = 0 if standing is None else work.terms.due(person, standing.category, standing.base, month)
    category, base = (line.category, line.base) if standing is None else (standing.category, standing.base)
    if (due, category, base) == (line.due, line.category, line.base):
        raise Refusal(*NOTHING_TO_CORRECT, unit=unit, person=person, period=format_month(month))
    effects = [Effect(what, person, month, roll.number, amount) for what, amount in _changes(line, due) if amount]
    for effect in effects:
        work.apply(effect)
    number = work.books.counts.get("entry", 0) + 1
    work.rebase(month, roll.number, person, (category, base, number))
    before: list[Value] = [line.category, line.base, line.entry]
    told: dict[str, Value] = {"before": before, "period": format_month(month), "person": person, "sheet": roll.number}
    amounts = {effect.what: effect.amount for effect in effects}
    owed, settled, waived = (amounts.get(what, 0) for what in (OWED, SETTLED, WAIVED))
    lines = {
        RECEIVABLE: owed - settled - waived,
        DUES_INCOME: -owed,
        ADVANCE: settled,
        DUES_WAIVED: waived,
    }
    # Of the month, or of the first that is still open, as its assessment was.
    day = max(first_day(month), first_day(work.books.first_open_year * 100 + 1))
    work.post(CORRECTION, day, lines | work.accrual(settled, day), effects, **told)
    work.finish()
    link_people(context, [person])
    context.emit(CORRECTED, {"due": due, "entry": number, "period": format_month(month), "unit": unit})


def take_back(work: Bookkeeping, entry: Entry) -> None:
    """Let the line have the base again that it had before the correction; its amounts are taken back already."""
    match entry.more:
        case {"before": [str(category), int() | None as base, int(number)], "period": str(period), **more}:
            person, sheet = more["person"], more["sheet"]
            assert isinstance(person, str) and isinstance(sheet, int)
            month = parse_month(period)
            line = work.sheet(month, sheet).lines.get(person)
            if line is None or line.entry != entry.number:
                raise Refusal(*USED_SINCE, unit=work.unit, number=entry.number, person=person)
            work.rebase(month, sheet, person, (category, base, number))


def _changes(line: Line, due: int) -> tuple[tuple[str, int], ...]:
    """What has to change for a line to be of `due`: what is owed, what is waived, what is settled."""
    waived = min(line.waived, due)
    paid = min(line.paid, due - waived)
    return ((OWED, due - line.due), (WAIVED, waived - line.waived), (SETTLED, paid - line.paid))
