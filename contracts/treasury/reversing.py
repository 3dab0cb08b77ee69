"""Taking an entry back: never by removing it, always by an entry with the opposite amounts.

Owns the operation `treasury.reverse`. Invariants: an entry is reversed at most once; afterwards accounts and dues are
what they would be without it; a reversal has the date of the day on which it is made, so closed years stay closed.
Source: docs/reference/treasury.md, "Reversing".
"""

from contracts.arguments import Arguments
from contracts.authority.judgement import Subject, require
from contracts.context import Context
from contracts.errors import Refusal
from contracts.treasury.accounts import DUES_INCOME
from contracts.treasury.bookkeeping import Bookkeeping
from contracts.treasury.correcting import take_back
from contracts.treasury.enrolling import check_not_own, link_people
from contracts.treasury.entry import ASSESSMENT, CORRECTION, KIND_ENTRY, REDUCTION, REVERSAL, REVERSIBLE, Entry
from contracts.treasury.month import parse_month
from contracts.treasury.reasons import NOT_REVERSIBLE, REVERSED_ALREADY, USED_SINCE
from contracts.treasury.roll import Reduction

REVERSED = "treasury.reversed"


def reverse(context: Context, arguments: Arguments) -> None:
    """Take back what an entry did."""
    unit, number = arguments.text("unit"), arguments.integer("number")
    actor = require(context, Subject(unit))
    work = Bookkeeping(context, unit)
    entry = work.entry(number)
    if entry.what not in REVERSIBLE:
        raise Refusal(*NOT_REVERSIBLE, unit=unit, number=number, what=entry.what)
    reversed_by = entry.more.get("reversed_by")
    if isinstance(reversed_by, int):
        raise Refusal(*REVERSED_ALREADY, unit=unit, number=number, by=reversed_by)
    if entry.what == CORRECTION:
        # What a correction let somebody owe is not theirs to take back.
        check_not_own(context, actor, unit, str(entry.more["person"]))
    for effect in reversed(entry.effects):
        work.apply(effect, -1, number)
    if entry.what == ASSESSMENT:
        _take_back_lines(work, entry)
    if entry.what == REDUCTION:
        _end_reduction(work, entry)
    if entry.what == CORRECTION:
        take_back(work, entry)
    opposite = {code: -amount for code, amount in entry.lines.items()}
    taken_back = work.post(REVERSAL, work.today, opposite, (), reverses=number, reason=arguments.text("reason"))
    entry.more["reversed_by"] = taken_back.number
    context.put(KIND_ENTRY, entry.id, entry.to_fields())
    work.finish()
    link_people(context, sorted({effect.person for effect in entry.effects}))
    context.emit(REVERSED, {"entry": taken_back.number, "reverses": number, "unit": unit})


def _end_reduction(work: Bookkeeping, entry: Entry) -> None:
    """Let the reduction not count for months that are still to be assessed."""
    match entry.more:
        case {"period": str(period), "person": str(person), "until": str(until), **more}:
            roll, member = work.member(person)
            amount = more.get("amount")
            assert amount is None or isinstance(amount, int)
            reduction = Reduction(parse_month(period), parse_month(until), amount)
            if reduction in member.reductions:
                member.reductions.remove(reduction)
                work.touch(roll)


def _take_back_lines(work: Bookkeeping, entry: Entry) -> None:
    """Take back the lines that an assessment made, if nothing was paid on them and nothing waived since."""
    period, number = entry.more["period"], entry.more["sheet"]
    assert isinstance(period, str) and isinstance(number, int)
    sheet = work.sheet(parse_month(period), number)
    taken_back = 0
    for person, line in list(sheet.lines.items()):
        if line.entry == entry.number:
            if line.paid or line.waived:
                raise Refusal(*USED_SINCE, unit=work.unit, number=entry.number, person=person)
            work.owe_no_more(sheet, person)
            taken_back += line.due
    if taken_back != -entry.lines.get(DUES_INCOME, 0):
        # A line of it was corrected, which is another entry's now.
        corrected = min(person for person, line in sheet.lines.items() if line.entry > entry.number)
        raise Refusal(*USED_SINCE, unit=work.unit, number=entry.number, person=corrected)
