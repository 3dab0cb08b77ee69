"""Shapes of networks and of cuts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import partitions
from simulator.chance import Chance
from simulator.errors import InvalidScenarioError
from simulator.overlays import DEGREE, OVERLAYS, is_connected, overlay, random_regular


@given(st.sampled_from(OVERLAYS), st.integers(1, 40), st.integers(0, 1000))
def test_every_overlay_is_connected_and_each_link_is_there_once(shape: str, count: int, seed: int) -> None:
    links = overlay(shape, count, Chance(seed, "overlay"))
    assert is_connected(count, links)
    assert len(set(links)) == len(links)
    assert all(0 <= one < other < count for one, other in links)
    assert links == overlay(shape, count, Chance(seed, "overlay"))


@given(st.integers(8, 60), st.integers(0, 100))
def test_a_random_overlay_is_regular_and_not_the_circle_it_began_as(count: int, seed: int) -> None:
    links = random_regular(count, DEGREE, Chance(seed, "regular"))
    degrees = [sum(node in link for link in links) for node in range(count)]
    assert degrees == [DEGREE] * count
    if count > 20:
        assert any(other - one > DEGREE and other - one < count - DEGREE for one, other in links)


def test_a_thousand_nodes_are_linked_quickly_and_are_close_to_each_other() -> None:
    links = random_regular(1000, DEGREE, Chance(1, "large"))
    neighbours: dict[int, set[int]] = {node: set() for node in range(1000)}
    for one, other in links:
        neighbours[one].add(other)
        neighbours[other].add(one)
    reached, edge, hops = {0}, {0}, 0
    while len(reached) < 1000:
        edge = {other for one in edge for other in neighbours[one]} - reached
        reached |= edge
        hops += 1
    assert hops <= 6


def test_the_known_shapes() -> None:
    chance = Chance(0, "none")
    assert overlay("line", 4, chance) == ((0, 1), (1, 2), (2, 3))
    assert overlay("ring", 4, chance) == ((0, 1), (0, 3), (1, 2), (2, 3))
    assert overlay("ring", 2, chance) == ((0, 1),)
    assert overlay("star", 4, chance) == ((0, 1), (0, 2), (0, 3))
    assert len(overlay("mesh", 5, chance)) == 10
    with pytest.raises(InvalidScenarioError):
        overlay("cube", 4, chance)
    assert not is_connected(4, [(0, 1), (2, 3)])


def test_cuts_close_the_ways_that_they_say() -> None:
    nodes = range(5)
    assert partitions.symmetric([0, 1], [2]) == {(0, 2), (1, 2), (2, 0), (2, 1)}
    assert partitions.one_way([0], [1, 2]) == {(0, 1), (0, 2)}
    assert partitions.isolate(1, nodes) == {way for other in (0, 2, 3, 4) for way in ((1, other), (other, 1))}
    chain = partitions.chained([2, 0, 1])
    assert chain == {(2, 1), (1, 2)}
    loss = partitions.quorum_loss(0, nodes)
    assert len(loss) == 12
    assert not any(0 in way for way in loss)
    constrained = partitions.constrained(0, 4, nodes)
    assert {(0, 4), (4, 0)} <= constrained
    assert (0, 1) not in constrained
