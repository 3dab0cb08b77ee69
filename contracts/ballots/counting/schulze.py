"""The Schulze method, with winning votes as the strength of a link.

Owns the strongest paths and the order that follows from them. Invariants: one option stands above another if and only
if its strongest path to it is stronger than the one back; that relation has no rings; who wins every comparison stands
alone at the top. Source: M. Schulze, "The Schulze Method of Voting", arXiv:1804.02973, sections 2.2 and 2.3.
"""

from contracts.ballots.counting.pairwise import Matrix
from contracts.ballots.counting.seats import Tiers


def strongest_paths(matrix: Matrix) -> Matrix:
    """The strength of the strongest path from each option to each other one.

    A path is as strong as its weakest link; a link is there where more votes prefer one option to another than the
    other way round, and has that many votes as its strength.

    Cost: the cube of the number of options.
    """
    options = range(len(matrix))
    paths = [[matrix[a][b] if matrix[a][b] > matrix[b][a] else 0 for b in options] for a in options]
    for over in options:
        onward = paths[over]
        for start in options:
            reached = paths[start][over]
            if start == over or not reached:
                continue
            row = paths[start]
            for end in options:
                if end != start:
                    row[end] = max(row[end], min(reached, onward[end]))
    return paths


def schulze_tiers(matrix: Matrix) -> Tiers:
    """The options in the order of the method: those below nobody, then those below nobody of the rest, and so on."""
    paths = strongest_paths(matrix)
    left = list(range(len(matrix)))
    tiers: Tiers = []
    while left:
        top = [a for a in left if all(paths[b][a] <= paths[a][b] for b in left)]
        assert top, "what stands above has no rings"
        tiers.append(top)
        left = [a for a in left if a not in top]
    return tiers
