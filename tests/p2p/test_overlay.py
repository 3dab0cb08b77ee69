"""Who is connected with whom. Source: docs/protocol.md, section 8."""

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ledger.hashing import Hash
from p2p import overlay
from p2p.effects import Dial, Drop, DropReason, Effect
from p2p.errors import InvalidOverlayError
from p2p.overlay import HIGH, LOW, TARGET, KnownNode, Overlay, OverlaySettings
from tests.p2p.gossip_network import SeededChance, node_id

OWN = node_id(0)


class NoJitter:
    def below(self, limit: int) -> int:
        return 0


def registry(numbers: Iterable[int], without_address: Iterable[int] = ()) -> list[KnownNode]:
    dumb = set(without_address)
    return [KnownNode(node_id(number), number not in dumb) for number in numbers]


def dialled(effects: Iterable[Effect]) -> list[Hash]:
    return [effect.peer for effect in effects if isinstance(effect, Dial)]


def settled(made: Overlay, now_ms: int = 0, seconds: int = 20) -> int:
    """Every dial succeeds at once; the time when no more come."""
    for _ in range(seconds):
        for peer in dialled(made.tick(now_ms)):
            made.connected(peer, dialled=True, now_ms=now_ms)
        now_ms += 1000
    return now_ms


def test_it_dials_random_nodes_until_it_has_enough() -> None:
    made = Overlay(OWN, OverlaySettings(), SeededChance(1), 0)
    made.set_registry(registry(range(50)))
    now_ms = settled(made)
    assert len(made.neighbours) == TARGET
    assert OWN not in made.neighbours
    assert made.tick(now_ms) == []
    other = Overlay(OWN, OverlaySettings(), SeededChance(2), 0)
    other.set_registry(registry(range(50)))
    settled(other)
    assert set(other.neighbours) != set(made.neighbours)


def test_it_takes_all_there_are_if_they_are_few() -> None:
    made = Overlay(OWN, OverlaySettings(), SeededChance(1), 0)
    made.set_registry(registry(range(4)))
    settled(made)
    assert set(made.neighbours) == {node_id(number) for number in (1, 2, 3)}


def test_nodes_without_an_address_are_not_dialled_and_may_dial() -> None:
    made = Overlay(OWN, OverlaySettings(), SeededChance(1), 0)
    made.set_registry(registry(range(10), without_address=range(3, 10)))
    now_ms = settled(made)
    assert set(made.neighbours) == {node_id(1), node_id(2)}
    assert made.admits(node_id(5), now_ms) is None


def test_configured_neighbours_are_dialled_first_and_count() -> None:
    configured = (node_id(40), node_id(99), OWN)
    made = Overlay(OWN, OverlaySettings(configured), SeededChance(1), 0)
    made.set_registry(registry(range(50), without_address=[40]))
    assert dialled(made.tick(0))[:2] == [node_id(40), node_id(99)]
    for peer in configured[:2]:
        made.connected(peer, dialled=True, now_ms=0)
    settled(made, 1000)
    assert len(made.neighbours) == TARGET
    assert made.admits(node_id(99), 0) is None, "not in the registry yet"


def test_a_fixed_list_is_kept_to() -> None:
    made = Overlay(OWN, OverlaySettings((node_id(1), node_id(2)), fixed=True), SeededChance(1), 0)
    made.set_registry(registry(range(50)))
    settled(made)
    assert set(made.neighbours) == {node_id(1), node_id(2)}
    assert made.admits(node_id(3), 0) is DropReason.NOT_LISTED


def test_strangers_and_itself_are_not_let_in() -> None:
    made = Overlay(OWN, OverlaySettings(), SeededChance(1), 0)
    made.set_registry(registry(range(5)))
    assert made.admits(node_id(99), 0) is DropReason.NOT_REGISTERED
    assert made.admits(OWN, 0) is DropReason.NOT_REGISTERED


def test_whoever_leaves_the_registry_is_dropped() -> None:
    made = Overlay(OWN, OverlaySettings((node_id(1),)), SeededChance(1), 0)
    made.set_registry(registry(range(4)))
    settled(made)
    assert set(made.set_registry(registry([2]))) == {Drop(node_id(3), DropReason.NOT_REGISTERED)}
    assert set(made.neighbours) == {node_id(1), node_id(2)}


def test_a_lost_neighbour_is_replaced_and_tried_again_after_a_back_off_that_grows() -> None:
    made = Overlay(OWN, OverlaySettings(), NoJitter(), 0)
    made.set_registry(registry(range(2)))
    tried = []
    for now_ms in range(0, 400_000, 100):
        for peer in dialled(made.tick(now_ms)):
            tried.append(now_ms)
            made.dial_failed(peer, now_ms)
    gaps = [later - earlier for earlier, later in pairwise(tried)]
    assert gaps[:6] == [1000, 2000, 4000, 5000, 5000, 5000], "it has too few neighbours: cut short"
    made.set_registry(registry(range(20)))
    assert len(dialled(made.tick(400_000))) == overlay.DIALS_MAX


def test_with_enough_neighbours_the_back_off_is_not_cut_short() -> None:
    made = Overlay(OWN, OverlaySettings((node_id(30),)), NoJitter(), 0)
    made.set_registry(registry(range(10)))
    tried = []
    for now_ms in range(0, 3_000_000, 500):
        for peer in dialled(made.tick(now_ms)):
            if peer == node_id(30):
                tried.append(now_ms)
                made.dial_failed(peer, now_ms)
            else:
                made.connected(peer, dialled=True, now_ms=now_ms)
    gaps = [later - earlier for earlier, later in pairwise(tried)]
    assert gaps[3:8] == [8000, 16_000, 32_000, 64_000, 128_000]
    assert max(gaps) == overlay.RETRY_MS_MAX


def test_a_dial_that_nobody_reports_ends() -> None:
    made = Overlay(OWN, OverlaySettings(), NoJitter(), 0)
    made.set_registry(registry(range(2)))
    assert len(dialled(made.tick(0))) == 1
    assert made.tick(overlay.DIAL_WAIT_MS - 1) == []
    assert made.tick(overlay.DIAL_WAIT_MS) == []
    assert len(dialled(made.tick(overlay.DIAL_WAIT_MS + 1000))) == 1


def test_a_peer_that_closes_at_once_is_not_asked_more_and_more_often() -> None:
    made = Overlay(OWN, OverlaySettings(low=1), NoJitter(), 0)
    made.set_registry(registry(range(2)))
    tried = []
    for now_ms in range(0, 200_000, 500):
        for peer in dialled(made.tick(now_ms)):
            tried.append(now_ms)
            made.connected(peer, dialled=True, now_ms=now_ms)
            made.disconnected(peer, now_ms)
    assert len(tried) <= 50


def test_a_full_node_lets_a_newcomer_in_for_somebody_who_was_here_for_long() -> None:
    made = Overlay(OWN, OverlaySettings(), SeededChance(1), 0)
    made.set_registry(registry(range(50)))
    now_ms = settled(made)
    chosen = set(made.neighbours)
    others = [node_id(number) for number in range(1, 50) if node_id(number) not in chosen]
    for peer in others[: HIGH - TARGET]:
        assert made.admits(peer, now_ms) is None
        assert made.connected(peer, dialled=False, now_ms=now_ms) == []
    newcomer = others[HIGH]
    assert made.admits(newcomer, now_ms + 1000) is DropReason.TOO_MANY, "everybody is new"
    late_ms = now_ms + overlay.SETTLED_AFTER_MS
    assert made.admits(newcomer, late_ms) is None
    gone = set()
    for newcomer in others[HIGH : HIGH + 5]:
        (drop,) = made.connected(newcomer, dialled=False, now_ms=late_ms)
        assert isinstance(drop, Drop)
        assert drop.reason is DropReason.TOO_MANY
        assert len(made.neighbours) == HIGH
        gone.add(drop.peer)
    assert gone < set(others[: HIGH - TARGET]), "none that this node picked itself, and no newcomer"
    made.disconnected(drop.peer, late_ms)
    assert drop.peer not in dialled(made.tick(late_ms))


def test_where_everybody_is_new_nobody_has_to_go() -> None:
    made = Overlay(OWN, OverlaySettings(), SeededChance(1), 0)
    made.set_registry(registry(range(50)))
    for number in range(1, HIGH + 1):
        made.connected(node_id(number), dialled=False, now_ms=0)
    assert made.admits(node_id(40), 1000) is DropReason.TOO_MANY
    assert made.admits(node_id(1), 1000) is None, "it is here"
    assert made.connected(node_id(40), dialled=True, now_ms=1000) == [Drop(node_id(40), DropReason.TOO_MANY)]


def test_whoever_is_shunned_is_dropped_and_kept_away() -> None:
    made = Overlay(OWN, OverlaySettings((node_id(1),)), SeededChance(1), 0)
    made.set_registry(registry(range(3)))
    settled(made)
    assert made.shun(node_id(1), 100_000) == [Drop(node_id(1), DropReason.MISBEHAVED)]
    assert made.shun(node_id(2), 100_000) == [Drop(node_id(2), DropReason.MISBEHAVED)]
    assert made.shun(node_id(2), 100_000) == []
    for peer in (node_id(1), node_id(2)):
        assert made.admits(peer, 99_999) is DropReason.MISBEHAVED
        assert made.admits(peer, 100_000) is None
    assert made.tick(99_999) == []
    assert set(dialled(made.tick(100_000))) == {node_id(1), node_id(2)}


def test_whoever_is_shunned_or_leaves_while_it_is_dialled_is_not_kept() -> None:
    made = Overlay(OWN, OverlaySettings(), SeededChance(1), 0)
    made.set_registry(registry(range(1, 3)))
    assert set(dialled(made.tick(0))) == {node_id(1), node_id(2)}
    made.shun(node_id(1), 100_000)
    made.set_registry(registry(range(1, 2)))
    assert made.connected(node_id(1), dialled=True, now_ms=500) == [Drop(node_id(1), DropReason.MISBEHAVED)]
    assert made.connected(node_id(2), dialled=True, now_ms=500) == [Drop(node_id(2), DropReason.NOT_REGISTERED)]
    assert made.neighbours == ()


@pytest.mark.parametrize("numbers", [(0, 6, 12), (7, 6, 12), (4, 13, 12), (1, 2, 5000)])
def test_numbers_that_do_not_go_together_are_refused(numbers: tuple[int, int, int]) -> None:
    low, target, high = numbers
    with pytest.raises(InvalidOverlayError):
        OverlaySettings(low=low, target=target, high=high)


class OverlayNetwork:
    """Many overlays; a dial succeeds at once where the two can reach each other and the other admits it."""

    def __init__(self, nodes: int, seed: int, without_address: Iterable[int] = ()) -> None:
        chance = SeededChance(seed)
        self.now_ms = 0
        self.ids = [node_id(number) for number in range(nodes)]
        self.numbers = {id: number for number, id in enumerate(self.ids)}
        self.overlays = [Overlay(id, OverlaySettings(), chance, 0) for id in self.ids]
        self.sides: dict[int, int] = {}
        self.changes = 0
        for one in self.overlays:
            one.set_registry(registry(range(nodes), without_address))

    def reach(self, one: int, other: int) -> bool:
        return self.sides.get(one, 0) == self.sides.get(other, 0)

    def run(self, seconds: int) -> None:
        for _ in range(seconds):
            for number, one in enumerate(self.overlays):
                for peer in dialled(one.tick(self.now_ms)):
                    self.dial(number, self.numbers[peer])
            self.now_ms += 1000

    def dial(self, one: int, other: int) -> None:
        self.changes += 1
        if not self.reach(one, other) or self.overlays[other].admits(self.ids[one], self.now_ms) is not None:
            self.overlays[one].dial_failed(self.ids[other], self.now_ms)
            return
        for here, there, by_me in ((other, one, False), (one, other, True)):
            for drop in self.overlays[here].connected(self.ids[there], by_me, self.now_ms):
                assert isinstance(drop, Drop)
                self.overlays[self.numbers[drop.peer]].disconnected(self.ids[here], self.now_ms)

    def cut(self, sides: dict[int, int]) -> None:
        self.sides = sides
        for number, one in enumerate(self.overlays):
            for peer in one.neighbours:
                if not self.reach(number, self.numbers[peer]):
                    one.disconnected(peer, self.now_ms)

    def degrees(self) -> list[int]:
        return [len(one.neighbours) for one in self.overlays]

    def parts(self) -> int:
        left, found = set(range(len(self.ids))), 0
        while left:
            found += 1
            edge = [left.pop()]
            while edge:
                for peer in self.overlays[edge.pop()].neighbours:
                    if self.numbers[peer] in left:
                        left.remove(self.numbers[peer])
                        edge.append(self.numbers[peer])
        return found


def check_both_sides_agree(network: OverlayNetwork) -> None:
    for number, one in enumerate(network.overlays):
        for peer in one.neighbours:
            assert network.ids[number] in network.overlays[network.numbers[peer]].neighbours


@pytest.mark.parametrize("nodes", [10, 100, 300])
def test_networks_come_together_and_stay_as_they_are(nodes: int) -> None:
    network = OverlayNetwork(nodes, 1)
    network.run(30)
    check_both_sides_agree(network)
    assert network.parts() == 1
    assert min(network.degrees()) >= LOW
    assert max(network.degrees()) <= HIGH
    before = network.changes
    network.run(60)
    assert network.changes - before <= nodes // 20, "somebody who was full is asked once more"


def test_networks_of_which_half_has_no_address_come_together() -> None:
    network = OverlayNetwork(60, 1, without_address=range(30))
    network.run(120)
    assert network.parts() == 1
    assert min(network.degrees()) >= LOW
    assert max(network.degrees()) <= HIGH


def test_halves_of_a_network_find_each_other_after_a_long_cut() -> None:
    """Each half has had enough neighbours of its own for long."""
    network = OverlayNetwork(60, 1)
    network.run(30)
    network.cut({number: number % 2 for number in range(60)})
    network.run(3600)
    assert network.parts() == 2
    assert min(network.degrees()) >= LOW
    network.cut({})
    network.run(600)
    check_both_sides_agree(network)
    assert network.parts() == 1
    crossing = sum(
        network.numbers[peer] % 2 != number % 2
        for number, one in enumerate(network.overlays)
        for peer in one.neighbours
    )
    assert crossing >= 40, "more than a thread joins them"


def test_when_a_third_has_gone_the_others_fill_up() -> None:
    network = OverlayNetwork(60, 1)
    network.run(30)
    network.cut({number: number + 1 for number in range(20)})
    network.run(60)
    left = network.overlays[20:]
    assert all(LOW <= len(one.neighbours) <= HIGH for one in left)
    assert network.parts() == 21


class OverlayMachine(RuleBasedStateMachine):
    """One overlay under any order of reports."""

    numbers = st.integers(0, 20)

    @initialize(seed=st.integers(0, 100), configured=st.sets(st.integers(0, 25), max_size=4), fixed=st.booleans())
    def make(self, seed: int, configured: set[int], fixed: bool) -> None:
        self.now_ms = 0
        self.configured = {node_id(number) for number in configured} - {OWN}
        self.fixed = fixed
        chosen = OverlaySettings(tuple(sorted(node_id(number) for number in configured)), fixed)
        self.overlay = Overlay(OWN, chosen, SeededChance(seed), 0)
        self.known: set[Hash] = set()
        self.dialling: set[Hash] = set()
        self.connected: set[Hash] = set()

    def take(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Dial):
                assert effect.peer != OWN
                assert effect.peer in self.known | self.configured
                assert effect.peer not in self.connected
                assert not self.fixed or effect.peer in self.configured
                self.dialling.add(effect.peer)
            elif isinstance(effect, Drop):
                assert effect.peer in self.connected
                assert effect.peer not in self.configured or effect.reason is DropReason.MISBEHAVED
                self.connected.remove(effect.peer)
        assert set(self.overlay.neighbours) == self.connected

    @rule(chosen=st.sets(numbers), dumb=st.sets(numbers))
    def set_registry(self, chosen: set[int], dumb: set[int]) -> None:
        self.known = {node_id(number) for number in chosen - dumb}
        self.take(self.overlay.set_registry(registry(chosen, dumb)))

    @rule(wait_ms=st.integers(0, 100_000))
    def tick(self, wait_ms: int) -> None:
        self.now_ms += wait_ms
        self.take(self.overlay.tick(self.now_ms))

    @rule(number=numbers, works=st.booleans())
    def dial_ends(self, number: int, works: bool) -> None:
        peer = sorted(self.dialling)[number % len(self.dialling)] if self.dialling else None
        if peer is not None:
            self.dialling.remove(peer)
            if works:
                self.connected.add(peer)
                self.take(self.overlay.connected(peer, True, self.now_ms))
            else:
                self.overlay.dial_failed(peer, self.now_ms)

    @rule(number=numbers)
    def is_dialled(self, number: int) -> None:
        peer = node_id(number)
        if self.overlay.admits(peer, self.now_ms) is None:
            self.dialling.discard(peer)
            self.connected.add(peer)
            self.take(self.overlay.connected(peer, False, self.now_ms))

    @rule(number=numbers)
    def breaks(self, number: int) -> None:
        peer = node_id(number)
        self.connected.discard(peer)
        self.overlay.disconnected(peer, self.now_ms)
        self.take([])

    @rule(number=numbers, span_ms=st.integers(0, 200_000))
    def misbehaves(self, number: int, span_ms: int) -> None:
        self.take(self.overlay.shun(node_id(number), self.now_ms + span_ms))

    @invariant()
    def bounds_hold(self) -> None:
        if hasattr(self, "overlay"):
            assert len(self.connected - self.configured) <= HIGH
            assert OWN not in self.connected


OverlayMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
TestOverlayMachine = OverlayMachine.TestCase


def test_kept_nodes_are_taken_whatever_the_list_says_and_awaited_where_they_cannot_be_dialled() -> None:
    host, guest, named, other = (node_id(number) for number in (1, 2, 3, 4))
    made = Overlay(OWN, OverlaySettings(fixed=True, names=("three",)), SeededChance(1), 0)
    made.set_registry(
        [
            KnownNode(host, True, is_kept=True),
            KnownNode(guest, False, is_kept=True),
            KnownNode(named, True, "three"),
            KnownNode(other, True, "four"),
        ]
    )
    assert set(dialled(made.tick(0))) == {host, named}
    assert made.admits(guest, 0) is None
    assert made.admits(other, 0) is DropReason.NOT_LISTED
    # The name goes to another node: that one is wanted now.
    made.set_registry([KnownNode(other, True, "three")])
    assert set(dialled(made.tick(1))) == {other}
