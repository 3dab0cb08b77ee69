"""Filling seats from an order: who is elected, and who is tied where the seats do not suffice for all who are equal.

Owns that rule. Never breaks a tie: people vote again, or draw lots. Invariants: `elected` and `tied` have nobody in
common; as many are elected as there are seats, less those for which the tied compete.
Source: docs/reference/ballots.md, "Seats and ties".
"""

from typing import NamedTuple, TypeAlias

# Options in order, the best first; those in one list are equal.
Tiers: TypeAlias = list[list[int]]


class Filling(NamedTuple):
    """Who has a seat, in order; who is equal at the border; how many seats are left, for the tied or for nobody."""

    elected: list[int]
    tied: list[int]
    seats_left: int


def fill_seats(tiers: Tiers, seats: int) -> Filling:
    """Give seats tier by tier; the first tier with more options than seats left is tied."""
    elected: list[int] = []
    for tier in tiers:
        left = seats - len(elected)
        if not left:
            break
        if len(tier) > left:
            return Filling(elected, tier, left)
        elected.extend(tier)
    return Filling(elected, [], seats - len(elected))
