"""What a transition does beside moving its record: offices, counters, cases, notices.

Owns the doing of every effect but those that move records (`contracts.records.taking` does). Effects are done in the
order in which the pack has them, each on what the ones before it left; one that cannot be done refuses the whole
transition. Never judges who asks: the transition was allowed, and its effects belong to it.
Source: docs/reference/records.md, "Effects".
"""

import re

from contracts.calendar.dates import format_date, start_ms
from contracts.cases.case import OWNER_DEFAULT, open_case
from contracts.errors import Refusal
from contracts.packs.effect import AT_TOP, Appoint, Count, Effect, Fulfil, Notify, OpenCase, Release, SetField
from contracts.packs.expression import Expression
from contracts.records.counters import count, is_counter_key
from contracts.records.events import NOTICE
from contracts.records.field_values import check_value
from contracts.records.move import Move
from contracts.records.reasons import EFFECT_VALUE
from contracts.records.rule_check import evaluate, is_date
from contracts.schedule.period import fulfil
from contracts.schedule.plan import NUMBER_DIGITS
from contracts.units.names import PERSON
from contracts.units.office import appoint, release
from contracts.units.tree import top_unit
from ledger.encoding import Value

# The last part of a plan's id.
_PLAN = re.compile(rf"[0-9]{{{NUMBER_DIGITS}}}", re.ASCII)


def perform(move: Move, number: int, effect: Effect) -> None:
    """Do one effect, the `number`-th of its transition, counted from 1.

    Raises:
        Refusal: `records.effect-value`, or that of what the effect does.
    """
    if isinstance(effect, Count):
        # First, and by itself: matching costs more than asking, and most effects count.
        _count(move, number, effect.counter, effect.by, effect.key)
        return
    match effect:
        case SetField(name, value):
            _set(move, number, name, value)
        case Appoint():
            _appoint(move, number, effect)
        case Release(role, person):
            release(move.context, _office_unit(move, effect.at), role, person_of(move, number, person))
        case OpenCase(title, days, person, owner):
            about = None if person is None or evaluate(move, person) is None else person_of(move, number, person)
            term = move.program.days(days, move.context.time_ms)
            basis = f"{move.kind}/{move.record_id}"
            open_case(
                move.context, move.unit, {"en": title.en, "zh": title.zh}, term, about, basis, owner or OWNER_DEFAULT
            )
        case Notify(event, fields):
            told: dict[str, Value] = {name: evaluate(move, one) for name, one in fields.items()}
            move.context.emit(
                NOTICE, {"event": event, "fields": told, "id": move.record_id, "kind": move.kind, "unit": move.unit}
            )
        case Fulfil(plan, at):
            _fulfil(move, number, plan, at)
        case _:
            raise AssertionError(f"effects that move records are not done here: {effect}")


def text_of(move: Move, number: int, expression: Expression, expected: str) -> str:
    """The text that an expression of an effect has.

    Raises:
        Refusal: `records.effect-value`, where it has none.
    """
    value = evaluate(move, expression)
    if not isinstance(value, str) or not value:
        raise move.refusal(EFFECT_VALUE, effect=number, expected=expected)
    return value


def person_of(move: Move, number: int, expression: Expression) -> str:
    """The person whom an expression of an effect names.

    Raises:
        Refusal: `records.effect-value`.
    """
    person = text_of(move, number, expression, "person")
    try:
        PERSON.check("person", person)
    except Refusal as refusal:
        raise move.refusal(EFFECT_VALUE, effect=number, expected="person") from refusal
    return person


def _set(move: Move, number: int, name: str, expression: Expression) -> None:
    value = evaluate(move, expression)
    if value is None:
        move.values.pop(name, None)
        return
    try:
        check_value(move.context, move.program.definition.fields[name], value)
    except Refusal as refusal:
        raise move.refusal(EFFECT_VALUE, effect=number, expected=f"{name} ({refusal.code})") from refusal
    move.values[name] = value


def _count(move: Move, number: int, counter: str, by: Expression, key: Expression | None) -> None:
    amount = evaluate(move, by)
    if type(amount) is not int:
        raise move.refusal(EFFECT_VALUE, effect=number, expected="integer")
    name: str | None = None
    if key is not None:
        found = evaluate(move, key)
        name = found if isinstance(found, str) else ""
        if type(found) is int:
            name = format_date(found) if is_date(move, key) else str(found)
        if not is_counter_key(name):
            raise move.refusal(EFFECT_VALUE, effect=number, expected="key")
    count(move.context, move.unit, counter, name, amount)


def _fulfil(move: Move, number: int, plan: Expression, at: Expression) -> None:
    """What a plan of this very unit asks for took place; the plan is named by its id."""
    named = _PLAN.fullmatch(text_of(move, number, plan, "plan").removeprefix(f"{move.unit}/"))
    time_ms = evaluate(move, at)
    if named is None or type(time_ms) is not int:
        raise move.refusal(EFFECT_VALUE, effect=number, expected="plan")
    fulfil(move.context, move.unit, int(named[0]), time_ms)


def _appoint(move: Move, number: int, effect: Appoint) -> None:
    until_ms = None
    if effect.until is not None:
        found = evaluate(move, effect.until)
        if type(found) is not int:
            raise move.refusal(EFFECT_VALUE, effect=number, expected="date")
        # The office is held on the day itself.
        until_ms = start_ms(found + 1, move.offset_minutes)
    basis = f"{move.kind}/{move.record_id}"
    unit, person = _office_unit(move, effect.at), person_of(move, number, effect.person)
    appoint(move.context, unit, effect.role, person, move.context.time_ms, until_ms, basis)


def _office_unit(move: Move, at: str | None) -> str:
    """The unit whose office an effect gives or ends."""
    return top_unit(move.context, move.unit) if at == AT_TOP else move.unit
