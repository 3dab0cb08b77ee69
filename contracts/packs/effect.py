"""What a transition does beside moving its record into another state.

Owns the closed list of effects and their forms. Never does any. Effects are done in the order in which they are
written, each on what the ones before it left; one whose condition `when` does not hold at its turn is left out.
Source: docs/reference/packs.md, "Effects".
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from contracts.packs.expression import Expression
from contracts.packs.fault import Faults
from contracts.packs.form import Form
from contracts.packs.limits import DAYS_MAX, EFFECT_FIELDS_MAX
from contracts.packs.names import (
    CASE_OWNER,
    CASE_OWNER_HINT,
    FIELD_NAME,
    FIELD_NAME_HINT,
    NAME,
    NAME_HINT,
    ROLE,
    ROLE_HINT,
)
from contracts.packs.words import Words, read_title
from ledger.encoding import Value

# What holds for a person in the whole organisation, such as a ban, is an office of its topmost unit.
AT_TOP = "top"

# A number of days, or the name of an integer parameter.
Days: TypeAlias = int | str


@dataclass(frozen=True, slots=True)
class Appoint:
    """Let the person hold the role in the record's unit, until the time `until` if it is given.

    `at`: `AT_TOP` for the topmost unit above the record's instead; None for the record's own.
    """

    role: str
    person: Expression
    until: Expression | None = None
    when: Expression | None = None
    at: str | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """End the person's role in the record's unit, or in the topmost one above it."""

    role: str
    person: Expression
    when: Expression | None = None
    at: str | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """Add `by` to a counter of the record's unit; with `key`, to that key's own."""

    counter: str
    by: Expression
    key: Expression | None = None
    when: Expression | None = None


@dataclass(frozen=True, slots=True)
class SetField:
    """Give a field of the record the value of an expression."""

    field: str
    value: Expression
    when: Expression | None = None


@dataclass(frozen=True, slots=True)
class Advance:
    """Take a transition of another record of the same pack; without `record`, open one with `fields`."""

    kind: str
    transition: str
    record: Expression | None = None
    fields: dict[str, Expression] = field(default_factory=dict)
    when: Expression | None = None


@dataclass(frozen=True, slots=True)
class OpenCase:
    """Open a case for people to look at within so many days; `owner` decides it, an administrator if left out."""

    title: Words
    days: Days
    person: Expression | None = None
    owner: str | None = None
    when: Expression | None = None


@dataclass(frozen=True, slots=True)
class Notify:
    """Report an event with these values."""

    event: str
    fields: dict[str, Expression]
    when: Expression | None = None


@dataclass(frozen=True, slots=True)
class Fulfil:
    """Say that a planned thing was done at a time."""

    plan: Expression
    at: Expression
    when: Expression | None = None


Effect: TypeAlias = Appoint | Release | Count | SetField | Advance | OpenCase | Notify | Fulfil

WORDS: dict[str, type[Effect]] = {
    "advance": Advance,
    "appoint": Appoint,
    "count": Count,
    "fulfil": Fulfil,
    "notify": Notify,
    "open-case": OpenCase,
    "release": Release,
    "set": SetField,
}
_WORD_OF = {effect: word for word, effect in WORDS.items()}


def effect_value(effect: Effect) -> dict[str, Value]:
    """The canonical map of an effect."""
    value: dict[str, Value] = {"do": _WORD_OF[type(effect)]}
    for name in type(effect).__slots__:
        found = getattr(effect, name)
        if isinstance(found, Expression | Words):
            value[name] = found.to_value()
        elif isinstance(found, dict):
            if found:
                value[name] = {key: one.to_value() for key, one in sorted(found.items())}
        elif found is not None:
            value[name] = found
    return value


def expressions_of(effect: Effect) -> list[tuple[str, Expression]]:
    """Every expression in an effect with its key, `fields.NAME` inside of a table."""
    found: list[tuple[str, Expression]] = []
    for name in type(effect).__slots__:
        value = getattr(effect, name)
        if isinstance(value, Expression):
            found.append((name, value))
        elif isinstance(value, dict):
            found.extend((f"{name}.{key}", one) for key, one in value.items())
    return found


def read_effect(value: Value, path: str, faults: Faults) -> Effect | None:
    """The effect in the map `value`; None where it says nothing that is known."""
    form = Form(value, path, faults)
    word = form.choice("do", tuple(WORDS))
    if not word:
        return None
    effect = replace(_READERS[word](form), when=_optional(form, "when"))
    form.close()
    return effect


def read_days(form: Form, key: str) -> Days:
    """A number of days, or the name of a parameter."""
    if isinstance(form.take(key), str):
        return form.matching(key, NAME, NAME_HINT)
    return form.integer(key, 0, DAYS_MAX)


def _expression(form: Form, key: str) -> Expression:
    return Expression.read(form.take(key), form.at(key), form.faults)


def _optional(form: Form, key: str) -> Expression | None:
    value = form.take(key)
    return Expression.read(value, form.at(key), form.faults) if key in form else None


def _fields(form: Form) -> dict[str, Expression]:
    def read(_name: str, value: Value, path: str, faults: Faults) -> Expression:
        return Expression.read(value, path, faults)

    return form.table("fields", FIELD_NAME, FIELD_NAME_HINT, EFFECT_FIELDS_MAX, read)


def _name(form: Form, key: str) -> str:
    return form.matching(key, NAME, NAME_HINT)


def _owner(form: Form) -> str | None:
    return form.matching("owner", CASE_OWNER, CASE_OWNER_HINT, optional=True) or None


def _at(form: Form) -> str | None:
    return (form.choice("at", (AT_TOP,)) or None) if "at" in form else None


def _role(form: Form) -> str:
    return form.matching("role", ROLE, ROLE_HINT)


_READERS: dict[str, Callable[[Form], Effect]] = {
    "advance": lambda form: Advance(
        _name(form, "kind"), _name(form, "transition"), _optional(form, "record"), _fields(form)
    ),
    "appoint": lambda form: Appoint(_role(form), _expression(form, "person"), _optional(form, "until"), at=_at(form)),
    "count": lambda form: Count(_name(form, "counter"), _expression(form, "by"), _optional(form, "key")),
    "fulfil": lambda form: Fulfil(_expression(form, "plan"), _expression(form, "at")),
    "notify": lambda form: Notify(_name(form, "event"), _fields(form)),
    "open-case": lambda form: OpenCase(
        read_title(form), read_days(form, "days"), _optional(form, "person"), _owner(form)
    ),
    "release": lambda form: Release(_role(form), _expression(form, "person"), at=_at(form)),
    "set": lambda form: SetField(form.matching("field", FIELD_NAME, FIELD_NAME_HINT), _expression(form, "value")),
}
