"""Elections of a real organisation come out as they were officially declared, and only if silence is not an opinion."""

import csv
from functools import lru_cache
from pathlib import Path

import pytest

from contracts.ballots.counting.pairwise import compare
from contracts.ballots.counting.preferences import Ranking, no_opinion_last
from contracts.ballots.counting.schulze import schulze_tiers
from contracts.ballots.counting.seats import fill_seats

DATA = Path(__file__).parent / "data"


def official() -> dict[str, tuple[int, list[str]]]:
    """Seats and ranking of each election."""
    found: dict[str, tuple[int, list[str]]] = {}
    with (DATA / "results.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["election"], (int(row["seats"]), []))[1].append(row["candidate"])
    return found


@lru_cache
def votes(election: str) -> tuple[list[str], list[Ranking]]:
    with (DATA / f"{election}.csv").open(newline="", encoding="utf-8") as file:
        candidates, *rows = csv.reader(file)
    return candidates, [tuple(None if cell == "No opinion" else int(cell) for cell in row) for row in rows]


@pytest.mark.parametrize("election", ["steering-2018", "steering-2022", "steering-2023", "steering-2025"])
def test_the_official_ranking_comes_out(election: str) -> None:
    seats, ranking = official()[election]
    candidates, rankings = votes(election)
    tiers = schulze_tiers(compare(rankings, len(candidates)))
    assert [[candidates[one] for one in tier] for tier in tiers] == [[one] for one in ranking]
    assert [candidates[one] for one in fill_seats(tiers, seats).elected] == ranking[:seats]


def test_all_elections_of_the_data_are_tried() -> None:
    assert sorted(official()) == ["steering-2018", "steering-2022", "steering-2023", "steering-2025"]


def test_no_opinion_as_last_place_gives_another_winner() -> None:
    _, ranking = official()["steering-2022"]
    candidates, rankings = votes("steering-2022")
    tiers = schulze_tiers(compare(map(no_opinion_last, rankings), len(candidates)))
    assert ranking[0] == "mrbobbytables"
    assert [candidates[one] for one in tiers[0]] == ["bentheelder"]
