"""Counting a ballot again, from its record and its votes as anybody can read them.

Owns nothing but the way from there to an outcome: it is the way that the ledger went itself. Never looks at a recorded
result. Invariant: from the votes that the ledger counted comes the outcome that it recorded, to the last byte.
Source: docs/reference/ballots.md, "Counting again".
"""

from collections.abc import Iterable

from contracts.ballots.ballot import Ballot
from contracts.ballots.closing import tally_of
from contracts.ballots.gathering import Gathered
from contracts.ballots.outcome import Outcome, outcome_of
from contracts.ballots.vote import Vote


def gather(ballot: Ballot, votes: Iterable[Vote]) -> Gathered:
    """The sums of these votes, in whatever order they are given; one for each person at most."""
    gathered = Gathered.none_yet(ballot.terms)
    for vote in sorted(votes, key=lambda one: one.person):
        gathered.add(ballot.terms, vote)
    return gathered


def recount(ballot: Ballot, gathered: Gathered) -> Outcome:
    """What the ballot's votes decide. `ballot` has a roll."""
    assert ballot.roll is not None, "without a roll there were no votes"
    return outcome_of(ballot.terms, ballot.roll.due, gathered, tally_of(ballot))
