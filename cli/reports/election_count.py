"""Counting an election that was read from a file, and telling it as a document.

Owns the document of `banyan report election`. Never reads a file, never prints. Invariant: all of it follows from the
ballots, the method and the number of seats. Source: docs/reference/reports.md, "election".
"""

from typing import Any

from cli.errors import UsageError
from cli.reports.election_file import Election
from cli.reports.election_official import Official
from contracts.ballots.counting.pairwise import Matrix, compare
from contracts.ballots.counting.preferences import Ranking, no_opinion_last
from contracts.ballots.counting.schulze import schulze_tiers
from contracts.ballots.counting.scottish import UNIT, Count, scottish_count
from contracts.ballots.counting.seats import Tiers, fill_seats

SCHULZE = "schulze"
STV = "stv"


def schulze_document(election: Election, seats: int, last: bool, official: Official | None) -> dict[str, Any]:
    """The count by the Schulze method.

    Args:
        election: The ballots.
        seats: At least 1.
        last: Whether no opinion is counted as last place, which is not what the ballots say.
        official: What was declared, to compare with.
    """
    names = election.candidates
    matrix = _matrix(election, last)
    tiers = schulze_tiers(matrix)
    other = schulze_tiers(_matrix(election, not last))
    filling = fill_seats(tiers, seats)
    document = _head(election, SCHULZE, seats) | {
        "no_opinion": "last" if last else "silent",
        "matrix": matrix,
        "ranking": _named(tiers, names),
        "elected": [names[one] for one in filling.elected],
        "tied": [names[one] for one in filling.tied],
        "seats_left": filling.seats_left,
        # What the count would be if silence were, or were not, taken for the last place.
        "otherwise": {"no_opinion": "silent" if last else "last", "ranking": _named(other, names)},
    }
    if official is not None:
        document["official"] = {
            "ranking": official.places,
            "equal": [sorted(tier) for tier in document["ranking"]] == [sorted(tier) for tier in official.places],
        }
    return document


def stv_document(election: Election, seats: int) -> dict[str, Any]:
    """The count by the single transferable vote.

    Raises:
        UsageError: a ballot ranks two candidates alike.
    """
    papers: dict[tuple[int, ...], int] = {}
    for row, ranking in zip(election.rows, election.rankings, strict=True):
        order = _order(ranking, row, election.candidates)
        papers[order] = papers.get(order, 0) + 1
    count = scottish_count(papers, len(election.candidates), seats)
    return _head(election, STV, seats) | stages_document(count, election.candidates)


def stages_document(count: Count, names: list[str]) -> dict[str, Any]:
    """A count by the single transferable vote, stage by stage; votes in hundred-thousandths."""
    return {
        "quota": count.quota,
        "votes_unit": UNIT,
        "stages": [
            {
                "what": stage.what,
                "option": None if stage.option is None else names[stage.option],
                "votes": list(stage.votes),
                "exhausted": stage.exhausted,
                "elected": [names[one] for one in stage.elected],
                "by_lot": stage.by_lot,
            }
            for stage in count.stages
        ],
        "elected": [names[one] for one in count.elected],
    }


def _head(election: Election, method: str, seats: int) -> dict[str, Any]:
    return {
        "file": election.name,
        "sha256": election.sha256.hex(),
        "method": method,
        "seats": seats,
        "candidates": election.candidates,
        "ballots": len(election.rankings),
        "silent_ballots": election.silent,
        "blank_cells": election.blank_cells,
        "rank_most": election.rank_most,
    }


def _matrix(election: Election, last: bool) -> Matrix:
    rankings = map(no_opinion_last, election.rankings) if last else election.rankings
    return compare(rankings, len(election.candidates))


def _named(tiers: Tiers, names: list[str]) -> list[list[str]]:
    return [[names[one] for one in tier] for tier in tiers]


def _order(ranking: Ranking, row: int, names: list[str]) -> tuple[int, ...]:
    by_rank: dict[int, int] = {}
    for option, rank in enumerate(ranking):
        if rank is None:
            continue
        if rank in by_rank:
            raise UsageError(
                "row {row} ranks {one} and {other} alike; a transferable vote needs an order: count by schulze",
                row=row,
                one=repr(names[by_rank[rank]]),
                other=repr(names[option]),
            )
        by_rank[rank] = option
    return tuple(by_rank[rank] for rank in sorted(by_rank))
