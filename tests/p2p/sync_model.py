"""A model of catching up: chains of names, neighbours that serve, lag, lie or keep silent, and an owner that checks.

A block is a name that holds its term and its parent's name; its height is its depth. A certificate holds b"yes".
"""

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from ledger.hashing import Hash, sha256
from p2p.answers import answer_blocks
from p2p.effects import Blame, SendFrame
from p2p.frames import Blocks, CarriedBlock, PendingSummary, Status, WantBlocks
from p2p.sync import ANSWERS_MAX, BlocksCame, BlockSync, Failure, Standing, SyncEffect

NO_PENDING = PendingSummary(0, (bytes(32),) * 16)
GENESIS = sha256(b"genesis")
TICK_MS = 100


@dataclass(frozen=True)
class Block:
    term: int
    parent: Hash
    mark: int = 0

    @property
    def hash(self) -> Hash:
        return sha256(self.term.to_bytes(8, "big") + self.mark.to_bytes(8, "big") + self.parent)

    @property
    def header(self) -> bytes:
        return self.term.to_bytes(8, "big") + self.mark.to_bytes(8, "big") + self.parent

    @classmethod
    def read(cls, header: bytes) -> "Block":
        return cls(int.from_bytes(header[:8], "big"), header[16:], int.from_bytes(header[8:16], "big"))


@dataclass
class Chain:
    blocks: list[Block] = field(default_factory=list)
    committed: int = 0

    def copy(self) -> "Chain":
        return Chain(list(self.blocks), self.committed)

    def grow(self, count: int, term: int, mark: int = 0, committed: bool = True) -> "Chain":
        for _ in range(count):
            self.blocks.append(Block(term, self.hash_at(len(self.blocks)), mark))
        if committed:
            self.committed = len(self.blocks)
        return self

    def hash_at(self, height: int) -> Hash:
        return self.blocks[height - 1].hash if height else GENESIS

    @property
    def rank(self) -> tuple[int, int]:
        return (self.blocks[-1].term, len(self.blocks)) if self.blocks else (0, 0)

    @property
    def standing(self) -> Standing:
        return Standing(self.committed, *self.rank)

    @property
    def status(self) -> Status:
        tip = len(self.blocks)
        return Status(
            self.committed, self.hash_at(self.committed), self.rank[0], tip, self.hash_at(tip), self.rank[0], NO_PENDING
        )

    def carried(self, height: int) -> CarriedBlock | None:
        if not 1 <= height <= len(self.blocks):
            return None
        certificate = b"yes" if height <= self.committed else b""
        return CarriedBlock(self.blocks[height - 1].header, bytes(64), b"", (b"outcome",), certificate)


Server = Callable[[WantBlocks], Blocks | None]


@dataclass
class Neighbour:
    chain: Chain
    delay_ms: int = 50
    serve: Server | None = None
    status: Status | None = None

    def answer(self, asked: WantBlocks) -> Blocks | None:
        return self.serve(asked) if self.serve is not None else answer_blocks(asked, self.chain.carried)


class Learner:
    """The owner of a `BlockSync`, with its neighbours."""

    def __init__(self, chain: Chain, neighbours: dict[Hash, Neighbour]) -> None:
        self.chain = chain
        self.neighbours = neighbours
        self.now_ms = 0
        self.sync = BlockSync(chain.standing, 0)
        self.branch: list[tuple[int, Block, bool]] = []
        self.events: list[tuple[int, int, Hash, Blocks]] = []
        self.asked: list[tuple[Hash, WantBlocks]] = []
        self.blames: Counter[Hash] = Counter()
        self.count = 0
        self.answers_max = 0
        for peer in neighbours:
            self.tell(peer)

    def tell(self, peer: Hash) -> None:
        neighbour = self.neighbours[peer]
        self.sync.heard(peer, neighbour.status or neighbour.chain.status, self.now_ms)

    def lose(self, peer: Hash) -> None:
        del self.neighbours[peer]
        self.sync.lost(peer)

    def carry_out(self, effects: list[SyncEffect]) -> None:
        for effect in effects:
            if isinstance(effect, SendFrame):
                assert isinstance(effect.frame, WantBlocks)
                self.asked.append((effect.peer, effect.frame))
                answer = self.neighbours[effect.peer].answer(effect.frame)
                if answer is not None:
                    self.count += 1
                    at_ms = self.now_ms + self.neighbours[effect.peer].delay_ms
                    heapq.heappush(self.events, (at_ms, self.count, effect.peer, answer))
            elif isinstance(effect, Blame):
                self.blames[effect.peer] += 1
            else:
                self.take(effect)
        self.answers_max = max(self.answers_max, self.sync.answers)
        assert self.sync.answers <= ANSWERS_MAX

    def take(self, came: BlocksCame) -> None:
        """As a node does: append what follows, hold a branch until it ranks higher, refuse what is wrong."""
        if not came.with_entries:
            self.take_certificate(came)
            return
        for height, carried in enumerate(came.blocks, came.first_height):
            block = Block.read(carried.header)
            if len(carried.header) != 48 or block.mark == 666:
                self.report_failure(came.peer, Failure.INVALID)
                return
            if not self.follows(height, block):
                self.report_failure(came.peer, Failure.NOT_CONNECTED)
                return
            if height <= self.chain.committed and block == self.chain.blocks[height - 1]:
                continue
            self.branch = [one for one in self.branch if one[0] < height]
            if not self.branch and height <= len(self.chain.blocks) and block == self.chain.blocks[height - 1]:
                # It is here already, and may be certified by now (`daemon/catching_up.py`, `_extended`).
                self.chain.committed = max(self.chain.committed, height if carried.certificate == b"yes" else 0)
                continue
            self.branch.append((height, block, carried.certificate == b"yes"))
        last = came.last_height
        self.adopt()
        self.carry_out(self.sync.stored(last, self.now_ms))
        self.carry_out(self.sync.advanced(self.chain.standing, self.now_ms))

    def follows(self, height: int, block: Block) -> bool:
        if height <= self.chain.committed:
            return block == self.chain.blocks[height - 1]
        if self.branch and self.branch[-1][0] == height - 1:
            return block.parent == self.branch[-1][1].hash
        return height - 1 <= len(self.chain.blocks) and block.parent == self.chain.hash_at(height - 1)

    def adopt(self) -> None:
        if not self.branch:
            return
        first, newest = self.branch[0][0], self.branch[-1]
        if (newest[1].term, newest[0]) > self.chain.rank or newest[2]:
            assert first > self.chain.committed
            del self.chain.blocks[first - 1 :]
            self.chain.blocks += [block for _, block, _ in self.branch]
            certified = [height for height, _, is_certified in self.branch if is_certified]
            self.chain.committed = max([self.chain.committed, *certified])
            self.branch = []

    def take_certificate(self, came: BlocksCame) -> None:
        for height, carried in enumerate(came.blocks, came.first_height):
            if height > len(self.chain.blocks):
                # A branch of a later term took the place of those that were here when it was asked, and is shorter.
                break
            if self.chain.blocks[height - 1] != Block.read(carried.header):
                self.report_failure(came.peer, Failure.NOT_CONNECTED)
                return
            if carried.certificate == b"yes":
                self.chain.committed = max(self.chain.committed, height)
        self.carry_out(self.sync.advanced(self.chain.standing, self.now_ms))

    def report_failure(self, peer: Hash, failure: Failure) -> None:
        self.branch = []
        self.carry_out([*self.sync.failed(peer, failure, self.now_ms)])

    def run(self, span_ms: int) -> None:
        end_ms = self.now_ms + span_ms
        while self.now_ms < end_ms:
            while self.events and self.events[0][0] <= self.now_ms:
                _, _, peer, answer = heapq.heappop(self.events)
                if peer in self.neighbours:
                    self.carry_out(self.sync.answered(peer, answer, self.now_ms))
            self.carry_out(self.sync.plan(self.now_ms))
            self.now_ms += TICK_MS
            if self.now_ms % 3000 == 0:
                for peer in self.neighbours:
                    self.tell(peer)
