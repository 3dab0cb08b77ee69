"""Arguments of every operation, drawn at random: nearly right, so that they get past the first checks.

Owns the drawing. The same chance and the same state draw the same. What an argument is called says most about what it
may hold; its type says the rest; now and then it is something else altogether.
"""

from collections.abc import Mapping
from functools import lru_cache
from random import Random

from contracts import arguments as types
from contracts import map_arguments as maps
from contracts.arguments import Argument
from contracts.calendar.dates import DAY_MAX, DAY_MIN, DAY_MS
from contracts.errors import Refusal
from contracts.packs.field import Field
from contracts.packs.record_type import TypeDefinition
from contracts.packs.transition import Transition
from contracts.record import Record, parse_record_key, record_key
from contracts.schedule.recurrence_argument import RecurrenceArgument
from contracts.treasury.rows import Rows
from ledger.encoding import INTEGER_MAX, INTEGER_MIN, Value
from ledger.signing import SigningKey

PERSONS = ("p1", "p2", "p3", "p4", "p5", "p6")
UNITS = (*("u1",) * 9, "u1/below", "u2", "gone")
INTEGERS = (0, 1, 2, 3, 30, 366, 10**6, 2**53, DAY_MAX, DAY_MIN, DAY_MAX + 1, 10**15, -1, INTEGER_MAX, INTEGER_MIN)
_ACTORS = ("administrator", "anyone", "self", "creator", "guardian", "role:member", "role:lead@above", "role:x@unit:u1")
_DATES = ("2026-10-01", "2026-09-21", "2027-01-03", "2016-10-01", "9999-12-31", "0001-01-01", "2026-02-30")
_STRANGE = ("", "/", "a/", "a/b", "two words", "é", "\n", "{0}", "{kind}", "%s", "x" * 33, "x" * 65, "x" * 401, "\x00")
# What the operations have words for.
_WORDS = (
    *("a", "p1", "u1", "u1/000001", "000001", "monthly", "majority", "all", "notice", "hearing", "127.0.0.1:1", "open"),
    *("yes-no", "plurality", "choose", "approval", "schulze", "stv", "roll-call", "tallied", "marked", "voting"),
    *(">1/2 of due", ">=2/3 of valid", "due>=1/2 of present", "1/2", "yes", "no", "cash", "bank", "dues", "income"),
    *("2026-09", "2026-10", "party-branch", "association", "expense", "asset", "0123456789ABCDEF"),
)
TEXTS = (*_STRANGE, *_WORDS, *_ACTORS, *_DATES)
RECURRENCES: tuple[Value, ...] = (
    {"every": 1, "from": 0, "of": "days", "times": 1},
    {"every": 7, "from": 3, "of": "days", "on": [[0]]},
    {"every": 1, "from": 0, "of": "months", "times": 2},
    {"every": 12, "from": -5, "of": "months", "on": [[0, 31]]},
    {"every": 9999, "from": 0, "of": "months", "times": 31},
)


class Nonsense:
    """Draws from a chance, with regard to what is in the state now."""

    def __init__(self, chance: Random, state: Mapping[bytes, bytes], definitions: Mapping[str, TypeDefinition]) -> None:
        self.chance = chance
        self._state = state
        self._definitions = definitions
        self.time_ms = 0

    def value(self, depth: int = 0) -> Value:
        """Anything that an argument could be."""
        choose = self.chance.choice
        kind = self.chance.randrange(8 if depth < 2 else 6)
        if kind == 6:
            return [self.value(depth + 1) for _ in range(choose((0, 1, 2, 5)))]
        if kind == 7:
            return {choose(("a", "#", "file", "row")): self.value(depth + 1) for _ in range(choose((0, 1, 2)))}
        drawn: tuple[Value, ...] = (
            choose(INTEGERS),
            choose(TEXTS),
            choose((True, False, None)),
            bytes(choose((0, 1, 31, 32, 64))),
            {"#": bytes(32)},
            choose((*PERSONS, *UNITS)),
        )
        return drawn[kind]

    def ids(self, kind: str) -> list[str]:
        """The ids of a kind's records."""
        prefix = f"{kind}\0".encode()
        return [parse_record_key(key)[1] for key in sorted(self._state) if key.startswith(prefix)]

    def argument(self, one: Argument) -> Value:
        """The value of an argument."""
        if self.chance.random() < 0.04:
            return self.value()
        found = self._by_name(one.name)
        return self._by_type(one.name, one.type) if found is None else found

    def _by_name(self, name: str) -> Value:
        choose = self.chance.choice
        if name in ("roles", "electorate"):
            return [choose(("member", "lead", "clerk"))]
        if name in ("persons", "votes", "choices"):
            return [choose((*PERSONS, 0, 1, 2)) for _ in range(choose((1, 2)))]
        if name in ("starts", "opens"):
            return self.time_ms + choose((-(10**6), -1000, 0, 10**6))
        if name == "closes":
            return self.time_ms + choose((10**6, DAY_MS, 5 * DAY_MS))
        if name in ("person", "about"):
            return choose((*PERSONS, f"new-{self.chance.randrange(9)}"))
        if name in ("unit", "parent", "into"):
            return choose((*UNITS, f"unit-{self.chance.randrange(5)}"))
        if name == "role":
            return choose(("member", "lead", "clerk", "voter"))
        if name == "number":
            return choose((1, 1, 1, 2, 3, 999_999))
        if name in ("key", "recovery_key"):
            return SigningKey.from_seed(bytes([self.chance.randrange(9)]) * 32).public
        if name == "proposal":
            return bytes.fromhex(choose(self.ids("proposal") or ["00" * 32]))
        if name == "member":
            return bytes.fromhex(choose(self.ids("member")))
        if name == "type":
            return choose((*sorted(self._definitions), "unit"))
        if name == "id":
            return choose(self.ids(choose(sorted(self._definitions))) or ["u1/000001"])
        return None

    def _by_type(self, name: str, kind: object) -> Value:
        choose = self.chance.choice
        match kind:
            case RecurrenceArgument():
                return choose(RECURRENCES)
            case types.Integer(least, most):
                near = [number for number in INTEGERS if least <= number <= most] or [least]
                return choose((*near, self.time_ms + choose((-1, 0, 1, 40 * DAY_MS, -(10**9)))))
            case types.Boolean():
                return choose((True, False))
            case types.Text():
                return choose(_fitting(kind) or TEXTS)
            case types.Identifier():
                return choose(("u1", "u1/000001", "p1", "a/b"))
            case types.HashValue():
                return bytes(32)
            case types.Octets(size_bytes):
                return bytes(size_bytes)
            case types.Bytes():
                return bytes(choose((1, 5, 100)))
            case types.Detached():
                return {"#": bytes(32)}
            case types.ListOf(item):
                drawn = [self._by_type(name, item) for _ in range(choose((0, 1, 1, 2)))]
                return list({repr(one): one for one in drawn}.values())
            case Rows(columns):
                return [[self.argument(Argument(*one, "ledger")) for one in columns] for _ in range(choose((1, 2, 5)))]
            case maps.VoteCounts():
                return self._vote()
            case maps.Provenance():
                return {"file": "f", "row": choose(INTEGERS), "hash": bytes(32)}
        return self.value()

    def _vote(self) -> Value:
        yes, no, abstain = (self.chance.randint(0, 3) for _ in range(3))
        valid = yes + no + abstain
        present = valid + self.chance.randint(0, 1)
        return {"abstain": abstain, "issued": valid, "no": no, "present": present, "valid": valid, "yes": yes}

    def about_record(self, operation: str) -> tuple[str, dict[str, Value]]:
        """An operation of `records` with its arguments, about a record that is there; else the creation of one."""
        choose = self.chance.choice
        kind = choose(sorted(self._definitions))
        definition = self._definitions[kind]
        found: dict[str, Value] = {"type": kind}
        if operation == "create" or not self.ids(kind):
            operation = "create"
            transition = choose(definition.creating() or tuple(definition.transitions.values()))
            found |= {"unit": choose(UNITS), "transition": transition.name}
        else:
            found["id"] = record_id = choose(self.ids(kind) or ["u1/000001"])
            transition = self._transition(definition, record_id)
        if operation in ("create", "act"):
            found |= {"transition": transition.name, "fields": self._fields(definition, transition)}
            if (transition.vote is not None) != (self.chance.random() < 0.05):
                found["vote"] = self._vote()
        return f"records.{operation}", found

    def _transition(self, definition: TypeDefinition, record_id: str) -> Transition:
        transitions = tuple(definition.transitions.values())
        content = self._state.get(record_key(definition.kind, record_id))
        state = None if content is None else Record.decode(content).fields["state"]
        starting = [one for one in transitions if state in one.from_states]
        return self.chance.choice(starting or transitions)

    def _fields(self, definition: TypeDefinition, transition: Transition) -> Value:
        drawn: dict[str, Value] = {}
        for name, field in definition.fields.items():
            if self.chance.random() < (0.85 if name in transition.sets else 0.02):
                drawn[name] = self._field(field)
        return drawn

    def _field(self, field: Field) -> Value:
        if field.is_detached:
            return {"#": bytes(32)}
        if self.chance.random() < 0.08:
            return self.value()
        if not field.is_list:
            return self._item(field)
        items = [self._item(field) for _ in range(self.chance.choice((0, 1, 2, field.count_max or 1)))]
        return list({repr(item): item for item in items}.values())

    def _item(self, field: Field) -> Value:
        choose = self.chance.choice
        bounds = tuple(number for number in (field.least, field.most) if number is not None)
        today = self.time_ms // DAY_MS
        match field.item_type:
            case "integer" | "money":
                return choose((*bounds, 1, 5, choose(INTEGERS)))
            case "date":
                return choose((*bounds, today, today, today - 400, today + 30, DAY_MAX))
            case "time":
                return choose((*bounds, self.time_ms, self.time_ms - DAY_MS, 10**12))
            case "boolean":
                return choose((True, False))
            case "hash":
                return bytes(32)
            case "enum":
                return choose(sorted(field.values))
            case "person":
                return choose(PERSONS)
            case "unit":
                return choose(UNITS)
            case "reference":
                return choose(self.ids(field.kind or "") or ["u1/000001"])
        return choose((*TEXTS, *PERSONS, *self.ids(choose(sorted(self._definitions)))[:3]))


@lru_cache
def _fitting(kind: types.Text) -> tuple[str, ...]:
    """The texts that an argument of this type can hold."""
    return tuple(text for text in TEXTS if _fits(kind, text))


def _fits(kind: types.Text, text: str) -> bool:
    try:
        kind.check("text", text)
    except Refusal:
        return False
    return True
