"""Dues that were paid: by one member, or by many in one transaction.

Owns the operations `treasury.pay` and `.pay-batch`, and on which months a payment goes: the oldest that is open first,
what is left over is an advance. Invariant: dues of a month that is longer ago than the pack allows are
taken on the unit's decision only. Source: docs/reference/treasury.md, "Paying".
"""

from collections.abc import Iterator

from contracts.arguments import Arguments
from contracts.authority.judgement import Subject, require
from contracts.calendar.dates import Day
from contracts.context import Context
from contracts.errors import Refusal
from contracts.packs.sections.dues_parameters import ARREARS_MONTHS_MAX
from contracts.treasury.accounts import ADVANCE, RECEIVABLE
from contracts.treasury.arguments import text_of
from contracts.treasury.bookkeeping import Bookkeeping
from contracts.treasury.enrolling import link_people
from contracts.treasury.entry import ADVANCED, PAID, PAYMENT, Effect, Entry
from contracts.treasury.month import Month, format_month, month_of_day, months_apart, parse_month
from contracts.treasury.reasons import ARREARS_OLD, LINE_TWICE, MORE_THAN_OWED, NOTHING_OWED
from ledger.encoding import Value

PAYMENT_ENTERED = "treasury.paid"


def pay(context: Context, arguments: Arguments) -> None:
    """Enter what one member paid."""
    person = arguments.text("person")
    work = _begun(context, arguments, person)
    _enter(work, arguments, [(person, arguments.integer("amount"), None)])


def pay_batch(context: Context, arguments: Arguments) -> None:
    """Enter what many members paid on one day into one account."""
    work = _begun(context, arguments, None)
    rows = arguments.value("lines")
    assert isinstance(rows, list)
    lines: list[tuple[str, int, str | None]] = []
    for row in rows:
        person, amount, reference = [*row, None][:3]  # type: ignore[misc]
        assert isinstance(person, str) and isinstance(amount, int) and (reference is None or isinstance(reference, str))
        if any(person == one for one, _amount, _reference in lines):
            raise Refusal(*LINE_TWICE, person=person)
        lines.append((person, amount, reference))
    _enter(work, arguments, lines)


def allocated(
    work: Bookkeeping, person: str, amount: int, day: Day, period: Month | None, basis: str | None
) -> Iterator[Effect]:
    """What a payment does, in the order of months; it has happened when the next one is asked for.

    Raises:
        Refusal: `treasury.not-on-roll`, `treasury.nothing-owed`, `treasury.more-than-owed`, `treasury.arrears-old`.
    """
    roll, _member = work.member(person)
    months = list(work.books.open.get(roll.number, [])) if period is None else [period]
    if period is not None:
        owed = work.sheet(period, roll.number).open_of(person)
        if not owed:
            raise Refusal(*NOTHING_OWED, unit=work.unit, person=person, period=format_month(period))
        if amount > owed:
            raise Refusal(
                *MORE_THAN_OWED,
                unit=work.unit,
                person=person,
                period=format_month(period),
                open=owed,
                amount=amount,
            )
    for month in months:
        part = min(amount, work.sheet(month, roll.number).open_of(person))
        if not part:
            continue
        if basis is None:
            _check_age(work, person, month, day)
        amount -= part
        effect = Effect(PAID, person, month, roll.number, part)
        work.apply(effect)
        yield effect
        if not amount:
            return
    effect = Effect(ADVANCED, person, 0, roll.number, amount)
    work.apply(effect)
    yield effect


def _begun(context: Context, arguments: Arguments, person: str | None) -> Bookkeeping:
    unit = arguments.text("unit")
    require(context, Subject(unit, person))
    return Bookkeeping(context, unit)


def _enter(work: Bookkeeping, arguments: Arguments, lines: list[tuple[str, int, str | None]]) -> None:
    context = work.context
    money = work.money(arguments.text("money"))
    day = work.day(text_of(arguments, "date"))
    period = parse_month(arguments.text("period")) if "period" in arguments else None
    basis = text_of(arguments, "basis")
    effects = [
        effect for person, amount, _one in lines for effect in allocated(work, person, amount, day, period, basis)
    ]
    total = sum(amount for _person, amount, _one in lines)
    entry = _post(work, day, money, total, effects, _told(arguments, lines))
    work.finish()
    link_people(context, [person for person, _amount, _one in lines])
    context.emit(PAYMENT_ENTERED, {"amount": total, "count": len(lines), "entry": entry.number, "unit": work.unit})


def _post(work: Bookkeeping, day: Day, money: str, total: int, effects: list[Effect], told: dict[str, Value]) -> Entry:
    paid = sum(effect.amount for effect in effects if effect.what == PAID)
    lines = {money: total, RECEIVABLE: -paid, ADVANCE: paid - total}
    return work.post(PAYMENT, day, lines | work.accrual(paid, day), effects, **told)


def _told(arguments: Arguments, lines: list[tuple[str, int, str | None]]) -> dict[str, Value]:
    """What the entry repeats of the payment: its references, and on what decision it was taken."""
    told = arguments.given(("reference", "basis"))
    references: dict[str, Value] = {person: one for person, _amount, one in lines if one is not None}
    return told | {"references": references} if references else told


def _check_age(work: Bookkeeping, person: str, month: Month, day: Day) -> None:
    limit = work.terms.number(ARREARS_MONTHS_MAX, day)
    if months_apart(month, month_of_day(day)) > limit:
        raise Refusal(*ARREARS_OLD, person=person, period=format_month(month), limit=limit)
