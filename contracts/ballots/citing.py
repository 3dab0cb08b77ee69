"""What other contracts may know of a ballot: how it ended, who was elected, what it was about.

Owns these answers. Never writes. Invariant: a ballot answers only when it is closed; until then, and where there is
none, there is no answer. Source: docs/reference/ballots.md, "In rules".
"""

from typing import TYPE_CHECKING

from contracts.ballots.ballot import KIND_BALLOT, NUMBER_MAX, STATE_CLOSED, Ballot, ballot_id

if TYPE_CHECKING:
    from contracts.run_context import RunContext


def closed_ballot(context: "RunContext", unit: str, number: int) -> Ballot | None:
    """A unit's ballot that is closed; None where there is none. One read."""
    if not 1 <= number <= NUMBER_MAX:
        return None
    record = context.read(KIND_BALLOT, ballot_id(unit, number))
    ballot = None if record is None else Ballot.from_fields(record.fields)
    return ballot if ballot is not None and ballot.state == STATE_CLOSED else None


def ballot_outcome(context: "RunContext", unit: str, number: int) -> str | None:
    """How a ballot ended: one of `contracts.ballots.outcome.OUTCOMES`."""
    ballot = closed_ballot(context, unit, number)
    outcome = None if ballot is None or ballot.result is None else ballot.result["outcome"]
    return outcome if isinstance(outcome, str) else None


def ballot_votes(context: "RunContext", unit: str, number: int, option: str) -> int:
    """How many votes an option has, such as `yes` or a person; 0 where the method has no totals."""
    ballot = closed_ballot(context, unit, number)
    if ballot is None or ballot.result is None or option not in ballot.terms.options:
        return 0
    votes = ballot.result.get("votes")
    total = votes[ballot.terms.options.index(option)] if isinstance(votes, list) else 0
    return total if isinstance(total, int) else 0


def ballot_elected(context: "RunContext", unit: str, number: int, option: str) -> bool:
    """Whether an option has got a seat; those elected before a tie of others among them."""
    ballot = closed_ballot(context, unit, number)
    elected = None if ballot is None or ballot.result is None else ballot.result.get("elected")
    return isinstance(elected, list) and option in elected


def ballot_casting(context: "RunContext", unit: str, number: int) -> str | None:
    """How the votes were cast: one by one here, or counted in a room by tellers."""
    ballot = closed_ballot(context, unit, number)
    return None if ballot is None else ballot.terms.casting


def ballot_count(context: "RunContext", unit: str, number: int, name: str) -> int:
    """One of the named counts of a ballot's result, such as `due`; 0 where it was not held."""
    ballot = closed_ballot(context, unit, number)
    counts = None if ballot is None or ballot.result is None else ballot.result.get("counts")
    count = counts.get(name, 0) if isinstance(counts, dict) else 0
    return count if isinstance(count, int) else 0


def ballot_asked(context: "RunContext", unit: str, number: int, role: str) -> bool:
    """Whether the electorate was those who hold one role in the unit itself, all of them and nobody else."""
    ballot = closed_ballot(context, unit, number)
    return ballot is not None and ballot.terms.electorate == (f"{role}@{unit}",)


def ballot_tellers(context: "RunContext", unit: str, number: int) -> int:
    """How many people reported the tally that holds; 0 where votes were cast here."""
    ballot = closed_ballot(context, unit, number)
    reporters = None if ballot is None or ballot.tally is None else ballot.tally.get("by")
    return len(reporters) if isinstance(reporters, list) else 0


def ballot_about(context: "RunContext", unit: str, number: int) -> str | None:
    """What the terms of a ballot call its `reference`."""
    ballot = closed_ballot(context, unit, number)
    return None if ballot is None else ballot.terms.reference
