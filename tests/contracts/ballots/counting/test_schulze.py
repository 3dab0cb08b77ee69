"""The Schulze method, against its definition and a published example."""

from collections.abc import Iterator
from itertools import pairwise, permutations
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.ballots.counting.pairwise import Matrix, compare
from contracts.ballots.counting.preferences import Ranking, ranking_of
from contracts.ballots.counting.schulze import schulze_tiers, strongest_paths

COUNT = 5
RANKS = st.none() | st.integers(1, COUNT)
VOTES = st.lists(st.tuples(*([RANKS] * COUNT)), min_size=1, max_size=12)


def expand(profile: dict[str, int]) -> list[Ranking]:
    """`{"acb": 5}`: five votes for a before c before b."""
    options = sorted(set("".join(profile)))
    return [
        ranking_of([options.index(one) for one in order], None, len(options))
        for order, number in profile.items()
        for _ in range(number)
    ]


def strongest_by_trying(matrix: Matrix, start: int, end: int) -> int:
    """The strength of the strongest of all paths, each looked at."""

    def strengths() -> Iterator[int]:
        between = [one for one in range(len(matrix)) if one not in (start, end)]
        for count in range(len(between) + 1):
            for over in permutations(between, count):
                links = list(pairwise((start, *over, end)))
                if all(matrix[a][b] > matrix[b][a] for a, b in links):
                    yield min(matrix[a][b] for a, b in links)

    return max(strengths(), default=0)


def test_the_published_example_of_45_voters() -> None:
    # M. Schulze, "A New Monotonic, Clone-Independent … Method", example 1: the ranking is E > A > C > B > D.
    profile = {"acbed": 5, "adecb": 5, "bedac": 8, "cabed": 3, "caebd": 7, "cbade": 2, "dceba": 7, "ebadc": 8}
    matrix = compare(expand(profile), 5)
    assert matrix[0] == [0, 20, 26, 30, 22]
    paths = strongest_paths(matrix)
    assert [paths[0][1], paths[1][0], paths[4][0], paths[0][4]] == [28, 25, 25, 24]
    assert schulze_tiers(matrix) == [[4], [0], [2], [1], [3]]


@settings(max_examples=40)
@given(VOTES)
def test_paths_are_those_found_by_trying_all(votes: list[Ranking]) -> None:
    matrix = compare(votes, COUNT)
    paths = strongest_paths(matrix)
    for a, b in permutations(range(COUNT), 2):
        assert paths[a][b] == strongest_by_trying(matrix, a, b)


@settings(max_examples=60)
@given(VOTES, st.integers(0, 2**16))
def test_the_order_of_votes_does_not_matter(votes: list[Ranking], seed: int) -> None:
    shuffled = list(votes)
    Random(seed).shuffle(shuffled)
    assert schulze_tiers(compare(shuffled, COUNT)) == schulze_tiers(compare(votes, COUNT))


@settings(max_examples=60)
@given(VOTES, st.permutations(range(COUNT)))
def test_the_names_of_options_do_not_matter(votes: list[Ranking], names: list[int]) -> None:
    renamed = [tuple(vote[names[one]] for one in range(COUNT)) for vote in votes]
    tiers = [sorted(names[one] for one in tier) for tier in schulze_tiers(compare(renamed, COUNT))]
    assert tiers == schulze_tiers(compare(votes, COUNT))


@settings(max_examples=100)
@given(VOTES)
def test_who_wins_every_comparison_wins_and_who_loses_all_is_last(votes: list[Ranking]) -> None:
    matrix = compare(votes, COUNT)
    tiers = schulze_tiers(matrix)
    for a in range(COUNT):
        others = [b for b in range(COUNT) if b != a]
        if all(matrix[a][b] > matrix[b][a] for b in others):
            assert tiers[0] == [a]
        if all(matrix[a][b] < matrix[b][a] for b in others):
            assert tiers[-1] == [a]
    assert sorted(one for tier in tiers for one in tier) == list(range(COUNT))


def test_a_vote_counts_only_between_options_that_it_ranks() -> None:
    assert compare([(1, None, 2)], 3) == [[0, 0, 1], [0, 0, 0], [0, 0, 0]]
    assert compare([(1, 1, None)], 3) == [[0, 0, 0]] * 3
    assert schulze_tiers(compare([], 3)) == [[0, 1, 2]]
