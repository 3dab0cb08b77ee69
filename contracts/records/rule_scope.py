"""What rules see of a record and of the ledger around it: the names and functions that packs may use.

Owns the answers; which names there are, of which types, is `contracts.packs.scope`'s, against which every rule was
checked. Never writes, and never raises for what a rule asks: what cannot be is answered as not there. Invariant: every
answer is of the declared type, whatever texts a record holds: no text that somebody wrote becomes the key of a record
unless it has the form of one. Source: docs/reference/records.md, "What rules see".
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeGuard

from contracts.attendance.page import has_signed_in, signed_in
from contracts.attendance.session import NUMBER_MAX as SESSION_MAX
from contracts.authority.actor import ROLE_PATTERN
from contracts.ballots.citing import (
    ballot_about,
    ballot_asked,
    ballot_casting,
    ballot_count,
    ballot_elected,
    ballot_outcome,
    ballot_tellers,
    ballot_votes,
)
from contracts.calendar.dates import DAY_MAX, DAY_MIN, day_at
from contracts.packs.field import LIST_PREFIX, class_of_items
from contracts.packs.rule_names import PARAMETER_PREFIX
from contracts.packs.scope import ForeignField
from contracts.record import Record
from contracts.records.counters import counter_value, is_counter_key
from contracts.records.identity import is_record_id
from contracts.rules.types import RuleValue
from contracts.treasury.owing import owed_since
from contracts.units.office import held_since, is_held
from contracts.units.role_count import role_count
from contracts.units.tree import top_unit
from contracts.working_calendar import working_calendar
from ledger.detached import detach
from ledger.encoding import Value

if TYPE_CHECKING:
    from contracts.records.move import Move

_ROLE = re.compile(ROLE_PATTERN)
_KIND = re.compile(r"[a-z][a-z0-9-]{0,31}")
_COUNTER = re.compile(r"[a-z][a-z0-9-]{0,31}")
_PERSON = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@+:-]{0,63}")
_UNIT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@+:-]*(?:/[A-Za-z0-9_][A-Za-z0-9._@+:-]*)*")
_UNIT_LENGTH_MAX = 128

_Arguments = tuple[RuleValue, ...]


class RecordScope:
    """The environment of one rule of a transition: a view of its move, as that is when the rule asks.

    Values are those after the transition has set what it was given; state and time of entering it those before.
    """

    __slots__ = ("_context", "_definition", "_move", "_unit", "utc_offset_minutes")

    def __init__(self, move: "Move") -> None:
        """Made for one evaluation, and forgotten: a move does not know its scopes."""
        self._move = move
        self._context = move.context
        self._definition = move.program.definition
        self._unit = move.unit
        self.utc_offset_minutes = move.offset_minutes

    def value(self, name: str) -> RuleValue:
        """The value of a name of the scope; None for a field that is not there, or holds what it cannot hold now."""
        field = self._definition.fields.get(name)
        if field is not None:
            value = self._move.values.get(name)
            # A record of an older pack may have another type there.
            if field.is_list:
                return value if _is_list_of(field.item_class, value) else None
            return value if type(value) is field.item_class else None
        answer = _NAMES.get(name)
        if answer is not None:
            return answer(self)
        if name.startswith(PARAMETER_PREFIX):
            parameter = self._definition.parameters[name.removeprefix(PARAMETER_PREFIX).replace("_", "-")]
            return parameter.value_on(self.today())
        return None if self._move.vote is None else self._move.vote.get(name)

    def call(self, name: str, arguments: _Arguments) -> RuleValue:
        """The result of a host function."""
        function = _FUNCTIONS.get(name)
        if function is None:
            return self._foreign_value(self._move.program.foreign[name], *arguments)
        return function(self, *arguments)

    def today(self) -> int:
        """The day that it is by the pack's own time."""
        return day_at(self._context.time_ms, self.utc_offset_minutes)

    def since_days(self) -> int:
        """Days in the state that is left."""
        return self.today() - day_at(self._move.since_ms, self.utc_offset_minutes)

    def sender_person(self) -> str | None:
        """The person whose account asks for the transition."""
        asker = self._move.asker
        return None if asker is None else asker.person

    def has_role(self, role: RuleValue, person: RuleValue) -> bool:
        """Whether the person holds the role in the record's unit."""
        return self.has_role_in(role, person, self._unit)

    def has_role_in(self, role: RuleValue, person: RuleValue, unit: RuleValue) -> bool:
        """Whether the person holds the role in that unit."""
        if not (_is(_ROLE, role) and _is(_PERSON, person) and _is_unit(unit)):
            return False
        return is_held(self._context, str(unit), str(role), str(person))

    def role_since(self, role: RuleValue, person: RuleValue) -> int | None:
        """Since when the person has held the role in the record's unit."""
        return self.role_since_in(role, person, self._unit)

    def role_since_in(self, role: RuleValue, person: RuleValue, unit: RuleValue) -> int | None:
        """Since when the person has held the role in that unit."""
        if not (_is(_ROLE, role) and _is(_PERSON, person) and _is_unit(unit)):
            return None
        return held_since(self._context, str(unit), str(role), str(person))

    def dues_owed_since(self, person: RuleValue) -> int | None:
        """The first day of the oldest month for which the person owes dues in the record's unit."""
        return owed_since(self._context, self._unit, str(person)) if _is(_PERSON, person) else None

    def top_unit(self) -> str:
        """The topmost unit above the record's; its own if none is above it."""
        return top_unit(self._context, self._unit)

    def role_count(self, role: RuleValue) -> int:
        """How many hold the role in the record's unit."""
        return role_count(self._context, self._unit, str(role)) if _is(_ROLE, role) else 0

    def commitment_of(self, salt: RuleValue, words: RuleValue) -> bytes:
        """What commits to a text: the very hash that stands for a detached value of this salt."""
        return detach(str(words), salt).commitment if isinstance(salt, bytes) else b""

    def signed_in(self, role: RuleValue, session: RuleValue) -> int:
        """How many are on an attendance list of the record's unit by the role."""
        if not (_is(_ROLE, role) and _is_session(session)):
            return 0
        return signed_in(self._context, self._unit, session, str(role))

    def has_signed_in(self, session: RuleValue, person: RuleValue) -> bool:
        """Whether the person is on an attendance list of the record's unit."""
        if not (_is_session(session) and _is(_PERSON, person)):
            return False
        return has_signed_in(self._context, self._unit, session, str(person))

    def ballot_asked(self, role: RuleValue, number: RuleValue) -> bool:
        """Whether all who hold a role in the record's unit, and nobody else, were asked in a ballot of that unit."""
        return isinstance(number, int) and ballot_asked(self._context, self._unit, number, str(role))

    def ballot_casting(self, number: RuleValue) -> str | None:
        """How the votes of a ballot of the record's unit were cast."""
        return ballot_casting(self._context, self._unit, number) if isinstance(number, int) else None

    def ballot_count(self, name: RuleValue, number: RuleValue) -> int:
        """One of the counts of a ballot of the record's unit."""
        return ballot_count(self._context, self._unit, number, str(name)) if isinstance(number, int) else 0

    def ballot_tellers(self, number: RuleValue) -> int:
        """How many reported the tally of a ballot of the record's unit."""
        return ballot_tellers(self._context, self._unit, number) if isinstance(number, int) else 0

    def ballot_concerns(self, number: RuleValue) -> bool:
        """Whether a ballot of the record's unit is closed and was about this very record."""
        about = ballot_about(self._context, self._unit, number) if isinstance(number, int) else None
        return about == f"{self._move.kind}/{self._move.record_id}"

    def ballot_elected(self, number: RuleValue, person: RuleValue) -> bool:
        """Whether somebody was elected in a ballot of the record's unit."""
        return isinstance(number, int) and ballot_elected(self._context, self._unit, number, str(person))

    def ballot_outcome(self, number: RuleValue) -> str | None:
        """How a ballot of the record's unit ended."""
        return ballot_outcome(self._context, self._unit, number) if isinstance(number, int) else None

    def ballot_votes(self, number: RuleValue, option: RuleValue) -> int:
        """How many votes an option has in a ballot of the record's unit."""
        return ballot_votes(self._context, self._unit, number, str(option)) if isinstance(number, int) else 0

    def counter(self, name: RuleValue) -> int:
        """What the unit's counter stands at."""
        return counter_value(self._context, self._unit, str(name)) if _is(_COUNTER, name) else 0

    def counter_of(self, name: RuleValue, key: RuleValue) -> int:
        """What the unit's counter of a key stands at."""
        text = str(key)
        if not _is(_COUNTER, name) or not is_counter_key(text):
            return 0
        return counter_value(self._context, self._unit, str(name), text)

    def is_working_day(self, day: RuleValue) -> bool:
        """Whether the day is worked, by the network's lists of holidays."""
        return _is_day(day) and working_calendar(self._context).is_working_day(day)

    def working_days_between(self, first: RuleValue, last: RuleValue) -> int:
        """How many working days come after `first`, up to `last` itself; negative the other way round."""
        if not (_is_day(first) and _is_day(last)):
            return 0
        return working_calendar(self._context).working_days_between(first, last)

    def record_state(self, kind: RuleValue, record_id: RuleValue) -> str | None:
        """The state of a record; None where there is none, or where it has no states."""
        fields = self._fields(kind, record_id)
        state = None if fields is None else fields.get("state")
        return state if isinstance(state, str) and state else None

    def record_unit(self, kind: RuleValue, record_id: RuleValue) -> str | None:
        """The unit of a record; None where there is none, or where it is of no unit."""
        fields = self._fields(kind, record_id)
        unit = None if fields is None or not fields.get("state") else fields.get("unit")
        return unit if isinstance(unit, str) else None

    def _foreign_value(self, looked_at: ForeignField, record_id: RuleValue) -> RuleValue:
        """A field of another record, of the type that this definition knows; None where it is not there."""
        fields = self._fields(looked_at.kind, record_id)
        values = None if fields is None or not fields.get("state") else fields.get("values")
        if not isinstance(values, dict):
            return None
        value = values.get(looked_at.field)
        # A record of an older pack may have another type there.
        wanted = self._definition.uses.types[looked_at.kind][looked_at.field].type
        item_class = class_of_items(wanted.removeprefix(LIST_PREFIX))
        if wanted.startswith(LIST_PREFIX):
            return value if _is_list_of(item_class, value) else None
        return value if type(value) is item_class else None

    def _fields(self, kind: RuleValue, record_id: RuleValue) -> dict[str, Value] | None:
        if not (_is(_KIND, kind) and isinstance(record_id, str) and is_record_id(record_id)):
            return None
        content = self._context.content(str(kind), str(record_id))
        return None if content is None else Record.decode_own(content).fields


_NAMES: dict[str, Callable[[RecordScope], RuleValue]] = {
    "now": lambda scope: scope._context.time_ms,
    "record_id": lambda scope: scope._move.record_id,
    "sender_person": RecordScope.sender_person,
    "since_days": RecordScope.since_days,
    "state": lambda scope: scope._move.state,
    "today": RecordScope.today,
    "unit": lambda scope: scope._unit,
}
_FUNCTIONS: dict[str, Callable[..., RuleValue]] = {
    "ballot_asked": RecordScope.ballot_asked,
    "ballot_casting": RecordScope.ballot_casting,
    "ballot_concerns": RecordScope.ballot_concerns,
    "ballot_count": RecordScope.ballot_count,
    "ballot_elected": RecordScope.ballot_elected,
    "ballot_outcome": RecordScope.ballot_outcome,
    "ballot_tellers": RecordScope.ballot_tellers,
    "ballot_votes": RecordScope.ballot_votes,
    "commitment_of": RecordScope.commitment_of,
    "counter": RecordScope.counter,
    "counter_of": RecordScope.counter_of,
    "dues_owed_since": RecordScope.dues_owed_since,
    "has_role": RecordScope.has_role,
    "has_role_in": RecordScope.has_role_in,
    "has_signed_in": RecordScope.has_signed_in,
    "is_working_day": RecordScope.is_working_day,
    "record_state": RecordScope.record_state,
    "record_unit": RecordScope.record_unit,
    "role_count": RecordScope.role_count,
    "role_since": RecordScope.role_since,
    "role_since_in": RecordScope.role_since_in,
    "signed_in": RecordScope.signed_in,
    "top_unit": RecordScope.top_unit,
    "working_days_between": RecordScope.working_days_between,
}


def _is(form: re.Pattern[str], value: RuleValue) -> bool:
    return isinstance(value, str) and form.fullmatch(value) is not None


def _is_session(value: RuleValue) -> TypeGuard[int]:
    return type(value) is int and 1 <= value <= SESSION_MAX


def _is_day(value: RuleValue) -> TypeGuard[int]:
    return type(value) is int and DAY_MIN <= value <= DAY_MAX


def _is_unit(value: RuleValue) -> bool:
    return isinstance(value, str) and len(value) <= _UNIT_LENGTH_MAX and _UNIT.fullmatch(value) is not None


def _is_list_of(item_class: type, value: Value) -> TypeGuard[list[Value]]:
    return isinstance(value, list) and all(type(one) is item_class for one in value)
