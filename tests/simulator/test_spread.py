"""How messages spread: copies, reach, hops, latency."""

import pytest

import simulator.spread as module
from simulator.schedule import SECOND_US
from simulator.spread import Broadcast, Spread, SpreadFigures


def message(name: bytes, hops: int = 0, kind: str = "proposal") -> Broadcast:
    return Broadcast(name, kind, hops)


def chain(spread: Spread, name: bytes, nodes: int, began_us: int = 0, kind: str = "proposal") -> None:
    """Node 0's message goes from each node to the next, a millisecond a hop."""
    for node in range(nodes - 1):
        spread.sent(node, message(name, node, kind), began_us + 1000 * node)
        spread.received(node + 1, message(name, node, kind), began_us + 1000 * (node + 1))


def test_a_tree_gives_one_copy_to_everybody_but_the_origin() -> None:
    spread = Spread(4)
    chain(spread, b"message", 4)
    assert spread.copies_per_message == 0.75
    assert spread.figures(SECOND_US) == (
        SpreadFigures(
            kind="proposal",
            messages=1,
            copies=0.75,
            reached=1.0,
            reached_least=1.0,
            hops_median=3,
            hops_highest=3,
            latency_median_us=3000,
            latency_highest_us=3000,
        ),
    )


def test_every_further_copy_counts_but_changes_neither_hops_nor_latency() -> None:
    spread = Spread(4)
    chain(spread, b"message", 4)
    before = spread.figures(SECOND_US)[0]
    spread.received(2, message(b"message", 9), 70_000)
    spread.received(0, message(b"message", 9), 80_000)
    after = spread.figures(SECOND_US)[0]
    assert (before.copies, after.copies) == (0.75, 1.25)
    assert (after.hops_highest, after.latency_highest_us) == (before.hops_highest, before.latency_highest_us)


def test_a_message_that_stays_with_some_is_told_by_its_reach() -> None:
    spread = Spread(4)
    chain(spread, b"whole", 4)
    chain(spread, b"half", 2)
    found = spread.figures(SECOND_US)[0]
    assert (found.reached, found.reached_least) == (0.75, 0.5)
    assert found.copies == 4 / 6


def test_kinds_are_told_apart() -> None:
    spread = Spread(2)
    chain(spread, b"one", 2, kind="transactions")
    chain(spread, b"two", 2, kind="proposal")
    assert [one.kind for one in spread.figures(SECOND_US)] == ["proposal", "transactions"]


def test_what_began_too_early_or_too_late_is_left_out() -> None:
    spread = Spread(2, from_us=1000)
    chain(spread, b"early", 2, began_us=999)
    spread.sent(1, message(b"early"), 5000)
    assert spread.figures(SECOND_US) == ()
    chain(spread, b"counted", 2, began_us=1000)
    chain(spread, b"late", 2, began_us=9000)
    assert [one.messages for one in spread.figures(8000)] == [1]
    assert spread.copies_per_message == 0.5


def test_messages_are_told_apart_while_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MESSAGES_MAX", 3)
    spread = Spread(2)
    for number in range(10):
        chain(spread, bytes([number]), 2)
    assert spread.figures(SECOND_US)[0].messages == 3
    assert len(spread._left_out) <= 3
    assert Spread(2).copies_per_message == 0.0
