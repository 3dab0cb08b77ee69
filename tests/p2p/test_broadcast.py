"""Many nodes together: everything reaches everybody once, along a tree that mends itself.

Source: Leitao et al. 2007, section 4; docs/adr/0013-plumtree.md has the measurements.
"""

import random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from p2p.frames import ANNOUNCEMENTS_MAX
from p2p.missing import ANNOUNCED_MAX
from p2p.plumtree import AWAITING_COUNT_MAX, AWAITING_SIZE_BYTES_MAX
from p2p.recent import AGE_MS_MAX, COUNT_MAX, SIZE_BYTES_MAX
from p2p.seen import CAPACITY
from tests.p2p.gossip_network import BAD, GossipNetwork, regular_graph

NODES = 50


def network(nodes: int, degree: int, seed: int, delay_ms: tuple[int, int] = (5, 30)) -> GossipNetwork:
    made = GossipNetwork(nodes, seed, delay_ms)
    for one, other in regular_graph(nodes, degree, seed):
        made.connect(one, other)
    return made


def check_everybody_has_everything(made: GossipNetwork) -> None:
    assert all(counts[payload] == 1 for counts in made.delivered for payload in made.sent)


def copies_of(made: GossipNetwork, payloads: int, start: int) -> float:
    return (made.copies - start) / payloads / (len(made.trees) - 1)


@pytest.mark.parametrize("seed", range(3))
def test_eager_links_become_a_tree_and_copies_become_one(seed: int) -> None:
    """Messages one after the other, from random nodes: the case of the paper."""
    made = network(NODES, 6, seed)
    origins = random.Random(seed)
    for number in range(10):
        made.broadcast(origins.randrange(NODES), b"first %d" % number)
        made.settle()
    start = made.copies
    for number in range(30):
        made.broadcast(origins.randrange(NODES), b"then %d" % number)
        made.settle()
    check_everybody_has_everything(made)
    assert copies_of(made, 30, start) <= 1.3
    eager = made.eager_links()
    assert len(eager) == NODES - 1
    assert made.component(0, eager) == set(range(NODES))


@pytest.mark.parametrize(("gap_ms", "delay_ms"), [(5, (5, 30)), (20, (1, 2)), (20, (20, 150))])
def test_many_origins_at_once_leave_the_tree_that_one_of_them_shapes(gap_ms: int, delay_ms: tuple[int, int]) -> None:
    """A leader's heartbeats every 100 ms, and messages of everybody else at the same time."""
    made = network(NODES, 6, 1, delay_ms)
    origins = random.Random(2)
    for phase in range(2):
        start, sent = made.copies, len(made.sent)
        for number in range(2000 // gap_ms):
            if number * gap_ms % 100 == 0:
                made.broadcast(0, b"beat %d %d" % (phase, number), shapes=True)
            else:
                made.broadcast(origins.randrange(NODES), b"other %d %d" % (phase, number), shapes=False)
            made.run(made.now_ms + gap_ms)
        made.settle()
        copies = copies_of(made, len(made.sent) - sent, start)
    assert copies <= 1.05
    assert len(made.eager_links()) == NODES - 1
    check_everybody_has_everything(made)


def beaten(made: GossipNetwork) -> GossipNetwork:
    """The same, after twenty heartbeats of node 0, which is the middle of the tree then."""
    for number in range(20):
        made.broadcast(0, b"beat %d" % number)
        made.run(made.now_ms + 100)
    return made


def leave(made: GossipNetwork, node: int) -> None:
    """All connections of a node end, and all others notice it."""
    for one, other in [link for link in made.links if node in link]:
        made.cut(one, other)


def ms_until_all_have(made: GossipNetwork, payload: bytes) -> int:
    """How long it takes from now until everybody but one has a message."""
    start_ms = made.now_ms
    while sum(counts[payload] for counts in made.delivered) < len(made.trees) - 1:
        assert made.step()
    return made.now_ms - start_ms


@pytest.mark.parametrize("seed", range(3))
def test_the_tree_is_mended_at_once_when_its_middle_leaves(seed: int) -> None:
    """Well before an election begins, and an election does not wait for it."""
    made = beaten(network(NODES, 6, seed, (1, 10)))
    leave(made, 0)
    took_ms = []
    for number in range(5):
        payload = b"vote %d" % number
        made.broadcast(1 + number, payload, shapes=False)
        took_ms.append(ms_until_all_have(made, payload))
        made.settle()
    assert max(took_ms) <= 60


@pytest.mark.parametrize("seed", range(3))
def test_what_is_under_way_when_the_middle_leaves_takes_another_way_at_once(seed: int) -> None:
    """A leader that is told to stop leaves while votes for its successor, or that one's first block, are passed on."""
    for before_ms in (0, 3, 10, 40, 70):
        made = beaten(network(4, 3, seed, (1, 10)))
        payloads = [b"vote of %d" % node for node in (1, 2, 3)]
        for node, payload in enumerate(payloads, 1):
            made.broadcast(node, payload, shapes=False)
        made.run(made.now_ms + before_ms)
        leave(made, 0)
        assert max(ms_until_all_have(made, payload) for payload in payloads) <= 60, before_ms


def test_a_middle_that_is_cut_off_without_a_word_is_got_around_in_time_for_an_election() -> None:
    """Its timeout is 1,000 ms at least."""
    made = beaten(network(NODES, 6, 3, (1, 10)))
    # Nobody is told that the links are gone.
    made.links = {link: carried for link, carried in made.links.items() if 0 not in link}
    made.broadcast(1, b"vote", shapes=False)
    assert ms_until_all_have(made, b"vote") <= 700


@pytest.mark.parametrize("links", [[(node, node + 1) for node in range(19)], [(0, node) for node in range(1, 20)]])
def test_lines_and_stars_work_too(links: list[tuple[int, int]]) -> None:
    made = GossipNetwork(20)
    for one, other in links:
        made.connect(one, other)
    for number in range(10):
        made.broadcast(number, b"%d" % number)
    made.settle()
    check_everybody_has_everything(made)
    assert made.eager_links() == set(links)


def test_what_passed_while_the_network_was_in_two_comes_with_the_next_link() -> None:
    made = GossipNetwork(10)
    for node in range(9):
        made.connect(node, node + 1)
    made.cut(4, 5)
    made.broadcast(0, b"left")
    made.broadcast(9, b"right")
    made.settle()
    assert made.delivered[9][b"left"] == made.delivered[0][b"right"] == 0
    made.connect(4, 5)
    made.settle()
    check_everybody_has_everything(made)


def test_bad_messages_go_one_hop_and_their_sender_is_named() -> None:
    made = network(12, 4, 1)
    made.broadcast(3, BAD)
    made.settle()
    reached = [node for node, counts in enumerate(made.delivered) if counts[BAD] and node != 3]
    assert sorted(reached) == sorted({node for link in made.links if 3 in link for node in link} - {3})
    assert {(node, blame.peer) for node, blame in made.blames} == {(node, made.ids[3]) for node in reached}


class BroadcastMachine(RuleBasedStateMachine):
    """Links come and go at any moment; whoever is connected in the end has the same messages, each once."""

    @initialize(seed=st.integers(0, 1000), low=st.integers(0, 40))
    def make(self, seed: int, low: int) -> None:
        self.net = GossipNetwork(7, seed, (low, 60))
        self.origin: dict[bytes, tuple[int, int]] = {}

    @rule(pairs=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=8))
    def connect(self, pairs: list[tuple[int, int]]) -> None:
        for one, other in pairs:
            self.net.connect(one, other)

    @rule(one=st.integers(0, 6), other=st.integers(0, 6))
    def cut(self, one: int, other: int) -> None:
        self.net.cut(one, other)

    @rule(node=st.integers(0, 6), shapes=st.booleans(), bad=st.booleans(), count=st.integers(1, 4))
    def broadcast(self, node: int, shapes: bool, bad: bool, count: int) -> None:
        for _ in range(count):
            payload = (BAD if bad else b"good") + b" %d" % len(self.origin)
            self.origin[payload] = (node, self.net.now_ms)
            self.net.broadcast(node, payload, shapes)

    @rule(span_ms=st.integers(0, 300))
    def wait(self, span_ms: int) -> None:
        self.net.run(self.net.now_ms + span_ms)

    @rule()
    def come_to_rest(self) -> None:
        self.net.settle()
        for payload, (_, at_ms) in self.origin.items():
            if payload.startswith(BAD) or self.net.now_ms - at_ms > AGE_MS_MAX // 2:
                continue
            for one, other in self.net.links:
                assert self.net.delivered[one][payload] == self.net.delivered[other][payload], (one, other, payload)

    @rule(seed=st.integers(0, 5))
    def join_all(self, seed: int) -> None:
        """Everybody is connected again: everything recent is everywhere."""
        for node in range(6):
            self.net.connect(node, node + 1)
        self.come_to_rest()
        for payload, (origin, at_ms) in self.origin.items():
            if not payload.startswith(BAD) and self.net.now_ms - at_ms <= AGE_MS_MAX // 2:
                assert all(counts[payload] == 1 for counts in self.net.delivered), (origin, payload)

    @invariant()
    def nothing_comes_twice(self) -> None:
        if hasattr(self, "net"):
            assert all(count <= 1 for counts in self.net.delivered for count in counts.values())

    @invariant()
    def only_the_guilty_are_blamed(self) -> None:
        if hasattr(self, "net"):
            makers = {self.net.ids[origin] for payload, (origin, _) in self.origin.items() if payload.startswith(BAD)}
            assert {blame.peer for _, blame in self.net.blames} <= makers

    @invariant()
    def bounds_hold(self) -> None:
        if not hasattr(self, "net"):
            return
        for tree in self.net.trees:
            held = tree.holdings
            assert held.seen_count <= 2 * CAPACITY
            assert held.recent_count <= COUNT_MAX
            assert held.recent_size_bytes <= SIZE_BYTES_MAX
            assert held.missing_count <= ANNOUNCED_MAX * 6
            assert held.awaiting_count <= AWAITING_COUNT_MAX
            assert held.awaiting_size_bytes <= AWAITING_SIZE_BYTES_MAX
            assert held.announcing_count_max < ANNOUNCEMENTS_MAX


BroadcastMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestBroadcastMachine = BroadcastMachine.TestCase
