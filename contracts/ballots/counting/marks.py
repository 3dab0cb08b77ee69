"""Counting marks: yes and no, one choice, several choices.

Owns the totals and the order that follows from them. Never judges whether a total is enough
(`contracts.ballots.outcome` does). Invariant: an option's total is the number of votes that mark it, each counted once.
Source: docs/reference/ballots.md, "Methods".
"""

from collections.abc import Iterable, Sequence

from contracts.ballots.counting.seats import Tiers


def count_marks(votes: Iterable[Sequence[int]], option_count: int) -> list[int]:
    """How many votes mark each option.

    Args:
        votes: Of each vote, the options that it marks; one that is named twice in a vote counts once.
        option_count: How many options there are.

    Cost: one step for each mark.
    """
    totals = [0] * option_count
    for vote in votes:
        for option in set(vote):
            totals[option] += 1
    return totals


def tiers_of(totals: Sequence[int], options: Iterable[int]) -> Tiers:
    """These options by their totals, most first; those with equal totals share a tier."""
    by_total: dict[int, list[int]] = {}
    for option in sorted(options):
        by_total.setdefault(totals[option], []).append(option)
    return [by_total[total] for total in sorted(by_total, reverse=True)]
