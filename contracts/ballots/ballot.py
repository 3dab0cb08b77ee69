"""A ballot: its terms, where it stands, and what became of it.

Owns the records `ballot/<unit>/<number>` and `ballot-count/<unit>`, and finding them. Never judges who may do what.
Invariants: the ballots of a unit are numbered from 1 without gaps, a further round is a ballot of its own; a ballot
that is closed or cancelled stays as it is, but for the number of the round after it; its roll never changes once it is
open. Source: docs/reference/ballots.md.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from contracts.ballots.reasons import NOT_FOUND, NOT_OPEN, NUMBERS_FULL
from contracts.ballots.terms import Terms
from contracts.errors import Refusal
from contracts.units.tree import unit_subject
from ledger.encoding import Value
from ledger.errors import DecodingError

if TYPE_CHECKING:
    from contracts.run_context import RunContext

KIND_BALLOT = "ballot"
KIND_BALLOT_COUNT = "ballot-count"

STATE_PREPARING = "preparing"
STATE_OPEN = "open"
STATE_COUNTING = "counting"
STATE_CLOSED = "closed"
STATE_CANCELLED = "cancelled"

# With this many digits, the order of ids is the order of numbers.
NUMBER_DIGITS = 6
NUMBER_MAX = 10**NUMBER_DIGITS - 1


class Roll(NamedTuple):
    """The electorate as it was frozen.

    `number` is the ballot that froze it, itself or the first of its rounds; `attempt` which of its attempts succeeded.
    """

    number: int
    attempt: int
    height: int
    time_ms: int
    due: int

    def to_value(self) -> dict[str, Value]:
        """The field `roll` of the ballot's record."""
        return {
            "attempt": self.attempt,
            "due": self.due,
            "height": self.height,
            "number": self.number,
            "time": self.time_ms,
        }

    @classmethod
    def from_value(cls, value: Value) -> "Roll":
        """The roll in the field of a record.

        Raises:
            DecodingError: it is none.
        """
        match value:
            case {
                "attempt": int(attempt),
                "due": int(due),
                "height": int(height),
                "number": int(number),
                "time": int(time_ms),
            }:
                return cls(number, attempt, height, time_ms, due)
        raise DecodingError("the roll of a ballot is malformed")


@dataclass(frozen=True, slots=True)
class Ballot:
    """A ballot as its record has it.

    `opens_ms` and `closes_ms` bound the time of voting, the latter not included. `round_number` is 1 for a first vote;
    `first` the number of that ballot, `previous` and `following` those of the rounds before and after, 0 for none.
    `roll` is None until the electorate is frozen. `tally` is what tellers reported, with the accounts of those who did.
    `timer` is the one that closes the voting, "" when none waits.
    """

    unit: str
    number: int
    terms: Terms
    state: str
    opens_ms: int
    closes_ms: int
    creator: bytes
    height: int
    time_ms: int
    round_number: int = 1
    first: int = 0
    previous: int = 0
    following: int = 0
    roll: Roll | None = None
    tally: dict[str, Value] | None = None
    result: dict[str, Value] | None = None
    reason: str = ""
    timer: str = ""

    @property
    def id(self) -> str:
        """The id of its record."""
        return ballot_id(self.unit, self.number)

    def to_fields(self) -> dict[str, Value]:
        """The fields of its record."""
        fields: dict[str, Value] = {
            "closes": self.closes_ms,
            "creator": self.creator,
            "height": self.height,
            "number": self.number,
            "opens": self.opens_ms,
            "round": self.round_number,
            "state": self.state,
            "time": self.time_ms,
            "unit": self.unit,
        }
        numbers = {"first": self.first, "following": self.following, "previous": self.previous}
        fields |= {name: number for name, number in numbers.items() if number}
        fields |= {name: text for name, text in (("reason", self.reason), ("timer", self.timer)) if text}
        fields |= {name: one for name, one in (("result", self.result), ("tally", self.tally)) if one is not None}
        if self.roll is not None:
            fields["roll"] = self.roll.to_value()
        return fields | self.terms.to_fields()

    @classmethod
    def from_fields(cls, fields: dict[str, Value]) -> "Ballot":
        """The ballot in the fields of its record.

        Raises:
            DecodingError: it is none.
        """
        match fields:
            case {
                "closes": int(closes_ms),
                "creator": bytes(creator),
                "height": int(height),
                "number": int(number),
                "opens": int(opens_ms),
                "round": int(round_number),
                "state": str(state),
                "time": int(time_ms),
                "unit": str(unit),
            }:
                terms = Terms.from_fields(fields)
            case _:
                raise DecodingError("the record of a ballot lacks its number, times or state")
        ballot = cls(unit, number, terms, state, opens_ms, closes_ms, creator, height, time_ms, round_number)
        return ballot._with_rest(fields)

    def _with_rest(self, fields: dict[str, Value]) -> "Ballot":
        """This ballot with what a record has only from some point on."""
        values = {name: fields[name] for name in _LATER if name in fields}
        if any(not isinstance(value, _LATER[name]) for name, value in values.items()):
            raise DecodingError("the record of a ballot is malformed")
        roll = Roll.from_value(fields["roll"]) if "roll" in fields else None
        return changed(self, roll=roll, **values)


_LATER: dict[str, type] = {
    "first": int,
    "following": int,
    "previous": int,
    "reason": str,
    "result": dict,
    "tally": dict,
    "timer": str,
}


def changed(ballot: Ballot, **values: object) -> Ballot:
    """The ballot with other values."""
    return replace(ballot, **values)  # type: ignore[arg-type]


def ballot_id(unit: str, number: int) -> str:
    """The id of a unit's ballot: the unit, a slash, the number in six digits."""
    return f"{unit}/{number:0{NUMBER_DIGITS}d}"


def ballot_subject(unit: str, number: int) -> str:
    """The subject in whose chain everything about the ballot is linked."""
    return f"ballot/{ballot_id(unit, number)}"


def find_ballot(context: "RunContext", unit: str, number: int) -> Ballot:
    """A unit's ballot. One read.

    Raises:
        Refusal: `ballots.not-found`.
    """
    record = context.read(KIND_BALLOT, ballot_id(unit, number))
    if record is None:
        raise Refusal(*NOT_FOUND, unit=unit, number=number)
    return Ballot.from_fields(record.fields)


def open_ballot(context: "RunContext", unit: str, number: int) -> Ballot:
    """A unit's ballot on which votes can be cast now. One read.

    Raises:
        Refusal: `ballots.not-found`, `ballots.not-open`.
    """
    ballot = find_ballot(context, unit, number)
    # The timer that closes it may be late by a few blocks; the stated time holds all the same.
    if ballot.state != STATE_OPEN or context.time_ms >= ballot.closes_ms:
        state = STATE_CLOSED if ballot.state == STATE_OPEN else ballot.state
        raise Refusal(*NOT_OPEN, unit=unit, number=number, state=state)
    return ballot


def store_ballot(context: "RunContext", ballot: Ballot) -> None:
    """Write a ballot, and link it and its unit."""
    context.put(KIND_BALLOT, ballot.id, ballot.to_fields())
    context.link(unit_subject(ballot.unit))
    context.link(ballot_subject(ballot.unit, ballot.number))


def next_number(context: "RunContext", unit: str) -> int:
    """The number of the unit's next ballot, counted.

    Raises:
        Refusal: `ballots.numbers-full`.
    """
    record = context.read(KIND_BALLOT_COUNT, unit)
    count = 0 if record is None else record.fields["count"]
    assert isinstance(count, int)
    if count >= NUMBER_MAX:
        raise Refusal(*NUMBERS_FULL, unit=unit, count=count)
    context.put(KIND_BALLOT_COUNT, unit, {"count": count + 1, "unit": unit})
    return count + 1
