"""Lines about single transactions: bounded under any load, and about the same transactions on every node."""

import hashlib
from typing import Any

import pytest

from daemon.effects import Admitted, BlockExecuted, CommittedTransaction
from daemon.transaction_log import TransactionLog

PER_SECOND = 10


def an_id(number: int) -> bytes:
    return hashlib.sha256(b"%d" % number).digest()


class Node:
    """One node's log of transactions, with a clock."""

    def __init__(self, per_second: int = PER_SECOND) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []
        self.now = 100.5
        self.log = TransactionLog(lambda event, **fields: self.lines.append((event, fields)), per_second, self.clock)

    def clock(self) -> float:
        return self.now

    def next_second(self) -> None:
        self.now += 1
        self.log.tick()

    def admit(self, numbers: range) -> None:
        for number in numbers:
            self.log.admitted(Admitted(1, an_id(number), False), "r")

    def execute(self, numbers: range) -> None:
        # Results are only asked for their code, of those that have a line.
        result: Any = type("Result", (), {"code": "ok"})
        done = tuple(CommittedTransaction(an_id(number), number, result) for number in numbers)
        self.log.executed(BlockExecuted(7, 0, 9, done))

    @property
    def told(self) -> set[bytes]:
        return {fields["transaction"] for _, fields in self.lines}


def test_a_calm_node_tells_of_every_transaction() -> None:
    node = Node()
    for _ in range(5):
        node.admit(range(PER_SECOND))
        node.next_second()
    assert len(node.lines) == 5 * PER_SECOND
    assert all("one_of" not in fields for _, fields in node.lines)


def test_under_load_the_number_of_lines_stays_bounded_and_is_told() -> None:
    node = Node()
    for second in range(10):
        before = len(node.lines)
        node.admit(range(second * 5000, (second + 1) * 5000))
        assert len(node.lines) - before <= 4 * PER_SECOND
        node.next_second()
    assert len(node.lines) >= 10 * PER_SECOND // 4
    assert node.lines[-1][1]["one_of"] == 512


def test_a_load_that_rises_within_a_second_thins_the_lines_at_once() -> None:
    node = Node()
    node.admit(range(5000))
    assert node.told & {an_id(number) for number in range(100, 5000)}


def test_nodes_under_the_same_load_tell_of_the_same_transactions() -> None:
    """One handed them in over a second, the others see them in blocks: what the most burdened tells, all tell."""
    nodes = [Node(), Node(), Node()]
    for second in range(6):
        nodes[0].admit(range(second * 2000, (second + 1) * 2000))
        for node in nodes[1:]:
            for part in range(4):
                node.execute(range(second * 2000 + part * 500, second * 2000 + (part + 1) * 500))
        for node in nodes:
            node.next_second()
    # The first second is where nobody knows yet what comes.
    later = {an_id(number) for number in range(2000, 12_000)}
    told = [node.told & later for node in nodes]
    assert told[0] == told[1] == told[2]
    assert len(told[0]) > 20


def test_a_node_that_gets_calm_tells_of_everything_again() -> None:
    node = Node()
    node.admit(range(5000))
    node.next_second()
    node.next_second()
    before = len(node.lines)
    node.admit(range(5000, 5003))
    assert len(node.lines) - before == 3


def test_ids_that_were_made_for_it_do_not_fill_the_log() -> None:
    node = Node()
    for number in range(5000):
        node.log.admitted(Admitted(1, bytes(2) + an_id(number)[2:], False), "r")
    assert len(node.lines) == 4 * PER_SECOND


@pytest.mark.parametrize("count", [1, 500])
def test_no_lines_where_none_are_wanted(count: int) -> None:
    node = Node(per_second=0)
    node.admit(range(count))
    node.execute(range(count))
    assert node.lines == []
