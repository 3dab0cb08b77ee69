"""One node's tree among peers that send anything, in any order, and an owner that judges when it likes."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ledger.hashing import Hash
from p2p.effects import Blame, Deliver, Effect, SendFrame
from p2p.frames import ANNOUNCEMENTS_MAX, GRAFTS_MAX, Announcement, Gossip, Graft, IHave, PayloadKind, Prune
from p2p.missing import ANNOUNCED_MAX
from p2p.offences import Offence
from p2p.plumtree import Plumtree
from p2p.recent import RecentMessages
from p2p.seen import SeenCache
from tests.p2p.gossip_network import SeededChance

KIND = PayloadKind.AGREEMENT
AWAITING_COUNT_MAX = 6
AWAITING_SIZE_BYTES_MAX = 24
RECENT_COUNT_MAX = 8
RECENT_SIZE_BYTES_MAX = 80
SEEN_MAX = 1

peers = st.integers(0, 2).map(lambda number: bytes([number]) * 32)
payloads = st.integers(0, 9).map(lambda number: b"%02d" % number * (1 + number % 7))
rounds = st.integers(0, 12)
ids = payloads.map(lambda payload: Gossip.of(KIND, payload).id)


class TreeMachine(RuleBasedStateMachine):
    """What a tree promises, whatever comes."""

    def __init__(self) -> None:
        super().__init__()
        self.tree = Plumtree(
            SeededChance(1),
            SeenCache(SEEN_MAX),
            RecentMessages(RECENT_COUNT_MAX, RECENT_SIZE_BYTES_MAX),
            AWAITING_COUNT_MAX,
            AWAITING_SIZE_BYTES_MAX,
        )
        self.now_ms = 0
        # What was delivered and not judged, with whoever brought it or said that it has it.
        self.unjudged: dict[Hash, set[Hash]] = {}
        self.refused: set[Hash] = set()
        self.brought: dict[Hash, set[Hash]] = {}
        self.connected: set[Hash] = set()
        for number in range(3):
            self.connects(bytes([number]) * 32)
        self.new_count = 0

    def carry_out(self, effects: list[Effect], asked: Any = None) -> None:
        for effect in effects:
            if isinstance(effect, Deliver):
                assert effect.id not in self.unjudged, "delivered twice"
                self.unjudged[effect.id] = set(self.brought.get(effect.id, ()))
                continue
            assert isinstance(effect, Blame | SendFrame)
            assert effect.peer in self.connected or isinstance(effect, Blame)
            if isinstance(effect, SendFrame):
                self.check_frame(effect)

    def check_frame(self, sent: SendFrame) -> None:
        match sent.frame:
            case Gossip(_, _, _, id):
                assert id not in self.refused and id not in self.unjudged, "only what was found good leaves"
            case IHave(announcements):
                assert 1 <= len(announcements) <= ANNOUNCEMENTS_MAX
                assert not {one.id for one in announcements} & (self.refused | set(self.unjudged))
            case Graft(asked):
                assert len(asked) <= GRAFTS_MAX
                assert sent.peer in self.tree.eager_peers
            case _:
                assert isinstance(sent.frame, Prune)

    def claims(self, peer: Hash, id: Hash) -> None:
        if peer in self.connected:
            self.brought.setdefault(id, set()).add(peer)
            if id in self.unjudged:
                self.unjudged[id].add(peer)

    @rule(peer=peers)
    def connects(self, peer: Hash) -> None:
        self.connected.add(peer)
        self.carry_out(self.tree.peer_up(peer, self.now_ms))

    @rule(peer=peers)
    def leaves(self, peer: Hash) -> None:
        self.connected.discard(peer)
        self.carry_out(self.tree.peer_down(peer, self.now_ms))

    @rule(peer=peers, payload=payloads, round=rounds)
    def pushes(self, peer: Hash, payload: bytes, round: int) -> None:
        frame = Gossip.of(KIND, payload, round)
        self.claims(peer, frame.id)
        self.carry_out(self.tree.receive(peer, frame, self.now_ms))

    @rule(peer=peers)
    def pushes_what_nobody_has(self, peer: Hash) -> None:
        """Where nothing waits for judgement there is room for it, whoever brings it."""
        self.new_count += 1
        frame = Gossip.of(KIND, b"new %d" % self.new_count)
        is_free = not self.unjudged and peer in self.connected
        self.claims(peer, frame.id)
        self.carry_out(self.tree.receive(peer, frame, self.now_ms))
        assert frame.id in self.unjudged or not is_free

    @rule(peer=peers, told=st.lists(st.builds(Announcement, ids, rounds), min_size=1, max_size=6))
    def announces(self, peer: Hash, told: list[Announcement]) -> None:
        for one in told:
            self.claims(peer, one.id)
        self.carry_out(self.tree.receive(peer, IHave(tuple(told)), self.now_ms))

    @rule(peer=peers, asked=st.lists(ids, max_size=6))
    def grafts(self, peer: Hash, asked: list[Hash]) -> None:
        effects = self.tree.receive(peer, Graft(tuple(asked)), self.now_ms)
        assert len(effects) <= len(asked)
        self.carry_out(effects)

    @rule(peer=peers)
    def prunes(self, peer: Hash) -> None:
        self.carry_out(self.tree.receive(peer, Prune(), self.now_ms))

    @rule(payload=payloads, shapes=st.booleans(), goes_back=st.booleans())
    def broadcasts(self, payload: bytes, shapes: bool, goes_back: bool) -> None:
        if Gossip.of(KIND, payload).id not in self.refused:
            goes_back = goes_back and not shapes
            self.carry_out(self.tree.broadcast(KIND, payload, self.now_ms, shapes, goes_back))

    @precondition(lambda self: self.unjudged)
    @rule(data=st.data(), shapes=st.booleans(), goes_back=st.booleans())
    def accepts(self, data: st.DataObject, shapes: bool, goes_back: bool) -> None:
        id = data.draw(st.sampled_from(sorted(self.unjudged)))
        if id not in self.refused:
            del self.unjudged[id]
            goes_back = goes_back and not shapes
            self.carry_out(self.tree.accept(id, self.now_ms, shapes, goes_back))
            assert self.tree.accept(id, self.now_ms, shapes, goes_back) == []

    @precondition(lambda self: self.unjudged)
    @rule(data=st.data())
    def refuses(self, data: st.DataObject) -> None:
        id = data.draw(st.sampled_from(sorted(self.unjudged)))
        guilty = self.unjudged.pop(id)
        effects = self.tree.refuse(id)
        self.refused.add(id)
        assert {effect.peer for effect in effects if isinstance(effect, Blame)} <= guilty
        assert all(isinstance(effect, Blame) for effect in effects)
        self.carry_out(effects)

    @precondition(lambda self: self.unjudged)
    @rule(data=st.data())
    def drops(self, data: st.DataObject) -> None:
        id = data.draw(st.sampled_from(sorted(self.unjudged)))
        del self.unjudged[id]
        self.tree.drop(id)

    @rule(id=ids)
    def forgets(self, id: Hash) -> None:
        self.tree.forget(id)

    @rule(wait_ms=st.sampled_from([0, 50, 400, 5000, 40_000]))
    def time_goes_by(self, wait_ms: int) -> None:
        self.now_ms += wait_ms
        effects = self.tree.tick(self.now_ms)
        for effect in effects:
            if isinstance(effect, Blame):
                assert effect.offence is Offence.BROKEN_PROMISE
                assert effect.peer in self.connected
        self.carry_out(effects)

    @invariant()
    def bounds_hold(self) -> None:
        held = self.tree.holdings
        assert held.awaiting_count == len(self.unjudged) <= AWAITING_COUNT_MAX
        assert 0 <= held.awaiting_size_bytes <= AWAITING_SIZE_BYTES_MAX
        assert held.recent_count <= RECENT_COUNT_MAX
        assert 0 <= held.recent_size_bytes <= RECENT_SIZE_BYTES_MAX
        assert held.seen_count <= 2 * SEEN_MAX
        assert held.missing_count <= ANNOUNCED_MAX * max(len(self.connected), 1)

    @invariant()
    def every_link_is_eager_or_lazy(self) -> None:
        eager, lazy = self.tree.eager_peers, self.tree.lazy_peers
        assert sorted((*eager, *lazy)) == sorted(self.connected)

    @invariant()
    def nobody_waits_when_idle(self) -> None:
        if self.tree.is_idle:
            assert self.tree.tick(self.now_ms) == []


TreeMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
TestTreeMachine = TreeMachine.TestCase
