"""What one voter says of several options: a rank for each that the voter has an opinion on.

Owns the form of a ranking and its order. Never knows names or people. Invariants: rank 1 is best; options of equal rank
are equally good to this voter; an option without a rank is one of which this voter says nothing: neither better nor
worse than any other. Source: docs/reference/ballots.md, "Ranked votes".
"""

from collections.abc import Sequence
from typing import TypeAlias

# By option: its rank, or None for no opinion.
Ranking: TypeAlias = tuple[int | None, ...]

# A ballot paper that people can read. It bounds Schulze's method at 32^3 steps and a pairwise matrix at 1,024 numbers,
# which fit into a record.
OPTIONS_MAX = 32
# As many ranks as a file may hold; in a ballot they run from 1 to the number of options.
RANK_MAX = 10**9


def ranking_of(choices: Sequence[int], ranks: Sequence[int] | None, option_count: int) -> Ranking:
    """The ranking that a vote says: `choices` are options, `ranks` theirs, or best first where there are none."""
    ranking: list[int | None] = [None] * option_count
    for option, rank in zip(choices, range(1, len(choices) + 1) if ranks is None else ranks, strict=True):
        ranking[option] = rank
    return tuple(ranking)


def no_opinion_last(ranking: Ranking) -> Ranking:
    """The ranking with everything that it says nothing of on a common last place.

    That is not what the voter said; it is here to show what difference it makes.
    """
    last = max((rank for rank in ranking if rank is not None), default=0) + 1
    return tuple(last if rank is None else rank for rank in ranking)
