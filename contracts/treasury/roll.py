"""The roll of a unit: who owes dues there, from when, by which category, and what they paid in advance.

Owns the records `dues-roll/<unit>/<sheet>` and which standing counts for a month. Never computes an amount. Invariants:
the standings of a member ascend by date and do not overlap; nobody stands on two sheets of a unit; a member stays on
their sheet for good. Source: docs/reference/treasury.md, "The roll".
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from contracts.treasury.month import Month, first_date, last_date
from ledger.encoding import Value
from ledger.errors import DecodingError

KIND_ROLL = "dues-roll"
# With names of 64 characters, two standings, all reductions and an advance each, a sheet keeps within its record; where
# it would not with more standings, the oldest are forgotten (`Roll.forget`).
MEMBERS_MAX = 60
# 1,500 members of one unit; a larger one has units below it.
SHEETS_MAX = 25
# What is older was assessed long ago, and stands in the log.
STANDINGS_MAX = 6
REDUCTIONS_MAX = 4


class Standing(NamedTuple):
    """From the date `start` (2026-03-01) on, before `end` if there is one, somebody owes by `category`.

    `base` in fen, as the category wants it: see `contracts.treasury.due_amount`.
    """

    start: str
    end: str | None
    category: str
    base: int | None


class Reduction(NamedTuple):
    """In the months from `first` to `last` up to `amount` (fen) of a month's dues is waived; None: all of it."""

    first: Month
    last: Month
    amount: int | None


@dataclass(slots=True)
class Member:
    """Somebody on the roll."""

    standings: list[Standing] = field(default_factory=list)
    reductions: list[Reduction] = field(default_factory=list)
    advance: int = 0
    # The first day that is known, a text, where older standings were forgotten.
    known_from: str = ""

    def standing_in(self, month: Month, whole_first_month: bool) -> Standing | None:
        """The standing that counts for a month: that of its first day; else, perhaps, the first that begins in it."""
        first, last = first_date(month), last_date(month)
        for standing in self.standings:
            if standing.start <= first and (standing.end is None or standing.end > first):
                return standing
            if whole_first_month and first < standing.start <= last:
                return standing
        return None

    def stand(self, start: str, category: str, base: int | None) -> None:
        """From `start` on, owe by this category; what was said of later days before is superseded."""
        self.leave(start)
        self.known_from = min(self.known_from, start)
        self.standings.append(Standing(start, None, category, base))
        if len(self.standings) > STANDINGS_MAX:
            self.forget_oldest()

    def forget_oldest(self) -> None:
        """Let the oldest of several standings go."""
        del self.standings[0]
        self.known_from = self.standings[0].start

    def is_forgotten(self, month: Month) -> bool:
        """Whether nobody knows any more what the roll said of a month."""
        return first_date(month) < self.known_from

    def leave(self, end: str) -> None:
        """From `end` on, owe nothing more."""
        kept = [one for one in self.standings if one.start < end]
        self.standings = [one._replace(end=end) if one.end is None or one.end > end else one for one in kept]

    def reduced(self, month: Month, due: int) -> int:
        """How much of the dues of a month is waived."""
        amounts = [
            due if one.amount is None else one.amount for one in self.reductions if one.first <= month <= one.last
        ]
        return min(due, sum(amounts))


@dataclass(slots=True)
class Roll:
    """One sheet of the roll; `number` counts from 1."""

    unit: str
    number: int
    members: dict[str, Member] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The id of its record."""
        return roll_id(self.unit, self.number)

    def forget(self) -> bool:
        """Let the oldest standing of those go who have the most; False if nobody has more than one."""
        most = max((len(member.standings) for member in self.members.values()), default=0)
        if most <= 1:
            return False
        for member in self.members.values():
            if len(member.standings) == most:
                member.forget_oldest()
        return True

    def to_fields(self) -> dict[str, Value]:
        """The fields of the record."""
        return {
            "member": {person: _member_value(member) for person, member in self.members.items()},
            "sheet": self.number,
            "unit": self.unit,
        }

    @classmethod
    def from_fields(cls, fields: dict[str, Value]) -> "Roll":
        """The sheet in the fields of its record.

        Raises:
            DecodingError: no sheet of a roll.
        """
        match fields:
            case {"member": dict(members), "sheet": int(number), "unit": str(unit)}:
                return cls(unit, number, {person: _member(value) for person, value in members.items()})
        raise DecodingError("the record of a roll is malformed")


def roll_id(unit: str, number: int) -> str:
    """The id of a sheet of the roll: the unit, a slash, the number in three digits."""
    return f"{unit}/{number:03}"


def _member_value(member: Member) -> dict[str, Value]:
    value: dict[str, Value] = {"standing": [list(one) for one in member.standings]}
    if member.reductions:
        value["reduction"] = [list(one) for one in member.reductions]
    if member.known_from:
        value["known_from"] = member.known_from
    return value | {"advance": member.advance} if member.advance else value


def _member(value: Value) -> Member:
    match value:
        case {"standing": list(standings), **more}:
            reductions, advance = more.get("reduction", []), more.get("advance", 0)
            known_from = more.get("known_from", "")
            assert isinstance(reductions, list)
            return Member(
                [Standing(*one) for one in standings if isinstance(one, list)],
                [Reduction(*one) for one in reductions if isinstance(one, list)],
                advance if isinstance(advance, int) else 0,
                known_from if isinstance(known_from, str) else "",
            )
    raise DecodingError("a member on a roll is malformed")
