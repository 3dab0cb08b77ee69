"""Catching up among neighbours that say and answer anything, with an owner that reports anything, at any time."""

from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ledger.hashing import Hash
from p2p.effects import Blame, SendFrame
from p2p.frames import WANTED_BLOCKS_MAX, Blocks, CarriedBlock, Status, WantBlocks
from p2p.offences import Offence
from p2p.sync import ANSWERS_MAX, PEER_ANSWERS_MAX, BlocksCame, BlockSync, Failure, Standing, SyncEffect
from tests.p2p.sync_model import NO_PENDING

peers = st.integers(0, 4).map(lambda number: bytes([number]) * 32)
heights = st.one_of(st.integers(0, 60), st.just(2**63 - 1))
times_ms = st.sampled_from([0, 100, 1600, 2600, 5000, 31_000, 61_000])


def carried(with_entries: bool) -> CarriedBlock:
    return CarriedBlock(b"header", bytes(64), b"", (b"outcome",) if with_entries else (), b"")


class SyncMachine(RuleBasedStateMachine):
    """What catching up promises, whatever comes."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ms = 0
        self.own = Standing(5, 1, 7)
        self.sync = BlockSync(self.own, 0)
        self.connected: set[Hash] = set()
        # Questions that were sent and not answered; the node may have given them up.
        self.asked: list[tuple[Hash, WantBlocks]] = []
        self.held: list[BlocksCame] = []

    def carry_out(self, effects: list[SyncEffect]) -> None:
        came = [one for one in effects if isinstance(one, BlocksCame)]
        for one, following in pairwise(came):
            assert following.first_height == one.last_height + 1, "without gaps"
        for effect in effects:
            if isinstance(effect, SendFrame):
                assert effect.peer in self.connected
                assert isinstance(effect.frame, WantBlocks)
                assert effect.frame.first_height > self.own.committed_height
                assert 1 <= effect.frame.count <= WANTED_BLOCKS_MAX
                self.asked.append((effect.peer, effect.frame))
            elif isinstance(effect, BlocksCame):
                assert effect.blocks and effect.first_height >= 1
                assert all(bool(block.entries) == effect.with_entries for block in effect.blocks)
                self.held.append(effect)

    @rule(peer=peers, committed=heights, tip_term=st.integers(0, 9), tip=heights)
    def says(self, peer: Hash, committed: int, tip_term: int, tip: int) -> None:
        """A committed height above the tip and a term of no block are said too."""
        self.connected.add(peer)
        status = Status(committed, bytes(32), tip_term, tip, bytes(32), 0, NO_PENDING)
        self.sync.heard(peer, status, self.now_ms)

    @rule(peer=peers)
    def leaves(self, peer: Hash) -> None:
        self.connected.discard(peer)
        self.sync.lost(peer)
        self.asked = [one for one in self.asked if one[0] != peer]

    @rule(wait_ms=times_ms)
    def time_goes_by(self, wait_ms: int) -> None:
        self.now_ms += wait_ms
        self.carry_out(self.sync.plan(self.now_ms))

    @precondition(lambda self: self.asked)
    @rule(data=st.data(), count=st.integers(0, 20), wrong=st.booleans())
    def answers(self, data: st.DataObject, count: int, wrong: bool) -> None:
        peer, asked = self.asked.pop(data.draw(st.integers(0, len(self.asked) - 1)))
        blocks = (carried(asked.with_entries != wrong),) * count
        self.carry_out(self.sync.answered(peer, Blocks(asked.request, blocks), self.now_ms))

    @rule(peer=peers, number=st.integers(1000, 1010))
    def answers_what_nobody_asked(self, peer: Hash, number: int) -> None:
        effects = self.sync.answered(peer, Blocks(number, (carried(True),)), self.now_ms)
        assert effects == [Blame(peer, Offence.UNASKED)]

    @rule(further=st.integers(-10, 30))
    def owner_stored(self, further: int) -> None:
        newest = max((one.last_height for one in self.held), default=self.own.tip_height)
        self.carry_out(self.sync.stored(max(newest + min(further, 0), 0), self.now_ms))

    @rule(committed=st.integers(0, 5), longer=st.integers(0, 5), term=st.integers(0, 2))
    def own_chain_moves(self, committed: int, longer: int, term: int) -> None:
        self.own = Standing(
            self.own.committed_height + committed,
            self.own.tip_term + term,
            self.own.committed_height + committed + longer,
        )
        self.held = [one for one in self.held if one.last_height > self.own.tip_height]
        self.carry_out(self.sync.advanced(self.own, self.now_ms))

    @rule(peer=peers, failure=st.sampled_from(Failure))
    def owner_fails(self, peer: Hash, failure: Failure) -> None:
        self.held = []
        self.carry_out([*self.sync.failed(peer, failure, self.now_ms)])

    @invariant()
    def bounds_hold(self) -> None:
        assert 0 <= self.sync.answers <= ANSWERS_MAX
        under_way = [one.peer for one in self.sync._requests.questions]
        assert all(under_way.count(peer) <= PEER_ANSWERS_MAX for peer in under_way)
        assert set(under_way) <= self.connected


SyncMachine.TestCase.settings = settings(max_examples=80, stateful_step_count=60, deadline=None)
TestSyncMachine = SyncMachine.TestCase
