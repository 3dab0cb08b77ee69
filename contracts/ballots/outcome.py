"""The outcome of a ballot: named counts, whether it is valid, who or what has won.

Owns the decision, in whole numbers, from terms and sums alone: whoever has the votes can make it again. Never breaks a
tie, except where the method itself says how. Invariants: more votes returned than papers issued is no result, nor is
somebody who votes twice; without a quorum nothing is decided; exactly half is not more than half.
Source: docs/reference/ballots.md, "Outcome".
"""

from dataclasses import dataclass

from contracts.ballots.comparison import (
    DUE,
    EXPRESSED,
    ISSUED,
    PRESENT,
    REPRESENTED,
    RETURNED,
    VALID,
    parse_quorum,
    parse_threshold,
)
from contracts.ballots.counting.marks import tiers_of
from contracts.ballots.counting.schulze import schulze_tiers
from contracts.ballots.counting.scottish import scottish_count
from contracts.ballots.counting.seats import Filling, Tiers, fill_seats
from contracts.ballots.gathering import Gathered
from contracts.ballots.terms import ANSWERS, PRESENCE_VOTING, SCHULZE, STV, TALLIED, YES, YES_NO, Terms
from ledger.encoding import Value
from ledger.errors import DecodingError

PASSED = "passed"
REJECTED = "rejected"
ELECTED = "elected"
TIED = "tied"
SHORT = "short"
NO_QUORUM = "no-quorum"
VOID = "void"
NOT_HELD = "not-held"
OUTCOMES = (PASSED, REJECTED, ELECTED, TIED, SHORT, NO_QUORUM, VOID, NOT_HELD)
# What is voted on again, as nothing or not everything was decided.
UNDECIDED = frozenset((TIED, SHORT, NO_QUORUM, VOID, NOT_HELD))


@dataclass(frozen=True, slots=True)
class Tally:
    """What tellers counted in a room: people present; papers issued, returned, valid, valid but empty; each total."""

    present: int
    issued: int
    returned: int
    valid: int
    blank: int
    votes: tuple[int, ...]

    def to_value(self) -> dict[str, Value]:
        """The figures as they stand in the ballot's record."""
        return {
            "blank": self.blank,
            "issued": self.issued,
            "present": self.present,
            "returned": self.returned,
            "valid": self.valid,
            "votes": list(self.votes),
        }

    @classmethod
    def from_value(cls, value: dict[str, Value]) -> "Tally":
        """The figures in a ballot's record.

        Raises:
            DecodingError: they are malformed.
        """
        match value:
            case {
                "blank": int(blank),
                "issued": int(issued),
                "present": int(present),
                "returned": int(returned),
                "valid": int(valid),
                "votes": list(votes),
            }:
                numbers = tuple(one for one in votes if isinstance(one, int))
                return cls(present, issued, returned, valid, blank, numbers)
        raise DecodingError("the tally of a ballot is malformed")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a ballot. Options stand by their names; `votes` are totals by option where there are such."""

    outcome: str
    counts: dict[str, int]
    inputs: bytes
    votes: tuple[int, ...] = ()
    elected: tuple[str, ...] = ()
    tied: tuple[str, ...] = ()
    seats_left: int = 0
    ranking: tuple[tuple[str, ...], ...] = ()
    quota: int = 0

    def to_value(self) -> dict[str, Value]:
        """The field `result` of the ballot's record; what does not apply is left out."""
        value: dict[str, Value] = {"counts": dict(self.counts), "inputs": self.inputs, "outcome": self.outcome}
        lists: dict[str, Value] = {
            "elected": list(self.elected),
            "ranking": [list(tier) for tier in self.ranking],
            "tied": list(self.tied),
            "votes": list(self.votes),
        }
        value |= {name: one for name, one in lists.items() if one}
        numbers = {"quota": self.quota, "seats_left": self.seats_left}
        return value | {name: number for name, number in numbers.items() if number}


def outcome_of(terms: Terms, due: int, gathered: Gathered, tally: Tally | None = None) -> Outcome:
    """What the votes decide.

    Args:
        terms: Of the ballot.
        due: How many were on the roll.
        gathered: All votes that stand on the ledger.
        tally: What was counted in the room, for a tallied ballot; None if nothing was reported.

    Cost: at most that of Schulze's method with 32 options, or of a transferable vote with all papers.
    """
    counts, totals = _counts(terms, due, gathered, tally), _totals(gathered, tally)
    inputs = gathered.inputs
    if terms.casting == TALLIED and tally is None:
        return Outcome(NOT_HELD, counts, inputs)
    if tally is not None and (tally.returned > tally.issued or counts[REPRESENTED] > due):
        # More papers than were given out; or the people in the room and those on paper are more than there are.
        return Outcome(VOID, counts, inputs, votes=totals)
    if terms.quorum:
        left, share = parse_quorum(terms.quorum)
        if not share.holds(counts[left], counts):
            return Outcome(NO_QUORUM, counts, inputs, votes=totals)
    if terms.method == YES_NO:
        passed = parse_threshold(terms.threshold).holds(totals[ANSWERS.index(YES)], counts)
        return Outcome(PASSED if passed else REJECTED, counts, inputs, votes=totals)
    return _seated(terms, counts, gathered, totals)


def _seated(terms: Terms, counts: dict[str, int], gathered: Gathered, totals: tuple[int, ...]) -> Outcome:
    tiers: Tiers = []
    quota = 0
    if terms.method == STV:
        count = scottish_count(gathered.papers, terms.option_count, terms.seats)
        # Without a single paper, everything would be by lot.
        elected = list(count.elected) if gathered.papers else []
        quota, filling = count.quota, Filling(elected, [], terms.seats - len(elected))
    else:
        tiers = schulze_tiers(gathered.matrix) if terms.method == SCHULZE else _by_marks(terms, counts, totals)
        filling = fill_seats(tiers, terms.seats)
    outcome = TIED if filling.tied else SHORT if filling.seats_left else ELECTED
    name = terms.options
    return Outcome(
        outcome,
        counts,
        gathered.inputs,
        totals,
        tuple(name[one] for one in filling.elected),
        tuple(name[one] for one in filling.tied),
        filling.seats_left,
        tuple(tuple(name[one] for one in tier) for tier in tiers) if terms.method == SCHULZE else (),
        quota,
    )


def _by_marks(terms: Terms, counts: dict[str, int], totals: tuple[int, ...]) -> Tiers:
    """Those with enough votes, by their votes; somebody whom nobody chose has never enough."""
    enough = parse_threshold(terms.threshold).holds if terms.threshold else lambda number, _: number > 0
    return tiers_of(totals, (one for one, total in enumerate(totals) if total and enough(total, counts)))


def _counts(terms: Terms, due: int, gathered: Gathered, tally: Tally | None) -> dict[str, int]:
    absent = gathered.by_proxy + gathered.written
    if terms.casting == TALLIED:
        room = tally or Tally(0, 0, 0, 0, 0, ())
        expressed = room.valid - room.blank + gathered.returned - gathered.blank
        return {
            DUE: due,
            # An opinion on paper is a paper that was issued, came back and is valid.
            ISSUED: room.issued + absent,
            PRESENT: room.present,
            REPRESENTED: room.present + absent,
            RETURNED: room.returned + absent,
            VALID: room.valid + absent,
            EXPRESSED: expressed,
        }
    return {
        DUE: due,
        # Who votes by key has the paper at hand as soon as the ballot opens.
        ISSUED: due if terms.presence == PRESENCE_VOTING else gathered.issued + absent,
        PRESENT: gathered.present,
        REPRESENTED: gathered.present + absent,
        RETURNED: gathered.returned,
        # What cannot be counted is refused when it is cast.
        VALID: gathered.returned,
        EXPRESSED: gathered.returned - gathered.blank,
    }


def _totals(gathered: Gathered, tally: Tally | None) -> tuple[int, ...]:
    if tally is None:
        return tuple(gathered.totals)
    return tuple(room + papers for room, papers in zip(tally.votes, gathered.totals, strict=True))
