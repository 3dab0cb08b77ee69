"""Pairwise comparison: how many votes prefer one option to another.

Owns the matrix. Invariants: a vote takes part in the comparison of two options only if it ranks both, and differently;
the diagonal is 0; adding votes in another order gives the same matrix. Source: M. Schulze, "The Schulze Method of
Voting", arXiv:1804.02973, section 2; docs/reference/ballots.md, "Ranked votes".
"""

from collections.abc import Iterable
from typing import TypeAlias

from contracts.ballots.counting.preferences import Ranking

# `matrix[a][b]`: votes that rank a better than b.
Matrix: TypeAlias = list[list[int]]


def empty_matrix(option_count: int) -> Matrix:
    """The matrix of no votes."""
    return [[0] * option_count for _ in range(option_count)]


def add_ranking(matrix: Matrix, ranking: Ranking, weight: int = 1) -> None:
    """Count one vote, or several alike, into the matrix. Cost: half the square of the options that it ranks."""
    ranked = sorted((rank, option) for option, rank in enumerate(ranking) if rank is not None)
    for place, (rank, option) in enumerate(ranked, 1):
        row = matrix[option]
        for lower, other in ranked[place:]:
            if lower != rank:
                row[other] += weight


def compare(rankings: Iterable[Ranking], option_count: int) -> Matrix:
    """The matrix of these votes."""
    matrix = empty_matrix(option_count)
    for ranking in rankings:
        add_ranking(matrix, ranking)
    return matrix
