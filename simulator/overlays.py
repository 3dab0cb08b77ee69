"""Who is linked with whom: the shapes of a network of neighbours.

Owns the shapes as sets of pairs of node numbers, the smaller one first, sorted. Invariant: every shape is connected.
Pure functions of their arguments.
"""

from collections.abc import Iterable

from simulator.chance import Chance
from simulator.errors import InvalidScenarioError

Pair = tuple[int, int]

MESH = "mesh"
LINE = "line"
RING = "ring"
STAR = "star"
RANDOM = "random"
OVERLAYS = (MESH, LINE, RING, STAR, RANDOM)
# As many neighbours as a node looks for (docs/protocol.md, section 8).
DEGREE = 6
# Each link is moved about so often; far fewer moves give a graph that nothing tells from a random one.
_MOVES_PER_LINK = 10
_ATTEMPTS_MAX = 100


def pair(one: int, other: int) -> Pair:
    """The two numbers as a pair."""
    return (one, other) if one < other else (other, one)


def overlay(shape: str, count: int, chance: Chance) -> tuple[Pair, ...]:
    """The links of `count` nodes.

    Args:
        shape: One of `OVERLAYS`.
        count: At least 1.
        chance: Asked by the random shape alone.

    Raises:
        InvalidScenarioError: there is no such shape.
    """
    if shape == MESH:
        return tuple((one, other) for one in range(count) for other in range(one + 1, count))
    if shape == LINE:
        return tuple((one, one + 1) for one in range(count - 1))
    if shape == RING:
        return tuple(sorted({pair(one, (one + 1) % count) for one in range(count) if count > 1}))
    if shape == STAR:
        return tuple((0, other) for other in range(1, count))
    if shape == RANDOM:
        return random_regular(count, DEGREE, chance)
    raise InvalidScenarioError(
        "there is no overlay {shape}; take one of {shapes}", shape=shape, shapes=", ".join(OVERLAYS)
    )


def random_regular(count: int, degree: int, chance: Chance) -> tuple[Pair, ...]:
    """A connected graph in which every node has `degree` neighbours, or one less where that does not work out.

    A mesh where there are not enough nodes. Made from a regular circle by exchanging the ends of random links.
    """
    if count <= degree + 1:
        return overlay(MESH, count, chance)
    for _ in range(_ATTEMPTS_MAX):
        links = _mixed(_circle(count, degree), chance)
        if is_connected(count, links):
            return tuple(sorted(links))
    return tuple(sorted(_circle(count, degree)))


def linked_with(links: Iterable[Pair], count: int) -> tuple[tuple[int, ...], ...]:
    """Each node's neighbours."""
    neighbours: tuple[list[int], ...] = tuple([] for _ in range(count))
    for one, other in links:
        neighbours[one].append(other)
        neighbours[other].append(one)
    return tuple(map(tuple, neighbours))


def is_connected(count: int, links: Iterable[Pair]) -> bool:
    """Whether every node can be reached from every other one."""
    neighbours = linked_with(links, count)
    reached = {0}
    waiting = [0]
    while waiting:
        fresh = [other for other in neighbours[waiting.pop()] if other not in reached]
        reached.update(fresh)
        waiting.extend(fresh)
    return len(reached) == count


def _circle(count: int, degree: int) -> set[Pair]:
    links = {pair(one, (one + step) % count) for one in range(count) for step in range(1, degree // 2 + 1)}
    if degree % 2:
        links |= {pair(one, one + count // 2) for one in range(count // 2)}
    return links


def _mixed(links: set[Pair], chance: Chance) -> set[Pair]:
    """The same number of links at every node, at random places."""
    placed = sorted(links)
    for _ in range(len(placed) * _MOVES_PER_LINK):
        first, second = chance.below(len(placed)), chance.below(len(placed))
        (a, b), (c, d) = placed[first], placed[second]
        if chance.happens(0.5):
            c, d = d, c
        one, other = pair(a, d), pair(c, b)
        if len({a, b, c, d}) < 4 or one in links or other in links:
            continue
        links -= {placed[first], placed[second]}
        links |= {one, other}
        placed[first], placed[second] = one, other
    return links
