"""The node's own chain between what is stored and what is executed. Pure.

Owns the tip, the blocks above the executed height, the state digest and the overlay of unwritten state; never
decides what is proposed or committed. Everything is rebuilt from the store at start: nothing here is lost by
a crash.

Invariants: `blocks` are consecutive, from executed height + 1 to the tip; the digest is that of the executed
height; a header of an executed block states the digest this node computed for that height itself.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from consensus.certificates import BlockCertificate
from contracts.protocols import Protocols
from contracts.result import Result
from contracts.runtime import ExecutableBlock, PlacedTransaction, execute_block
from contracts.timers import next_due_ms
from daemon.block_builder import BuiltBlock, ExecutedPoint, Tip
from daemon.node_errors import LedgerContradictionError, ProtocolTooOldError
from daemon.overlay import StateOverlay
from daemon.recovery import load_block, load_executed_tip, load_result_leaves
from ledger.block import Outcome
from ledger.genesis import Genesis
from ledger.hashing import Hash
from ledger.state_digest import StateDigest
from ledger.stated_heights import statable_height
from ledger.tree import leaf_hash, root_of
from storage.interface import ExecutedId, StoredExecution, StoredResult, StoreReader

# Makes a named tuple of its items at a quarter of what its own constructor takes, which is written in Python.
made = tuple.__new__

# How many are kept on disk with an execution: the largest window of blocks, which is as late as honest headers are.
UNSTATED_DIGESTS_MAX = 64


@dataclass(frozen=True, slots=True)
class ExecutedBlock:
    """A block with what executing it gave; `stored` is what goes to disk.

    `works` is what each transaction cost, `timer_work` what the timers did, in units of `contracts.work`.
    """

    block: BuiltBlock
    results: tuple[Result, ...]
    stored: StoredExecution
    works: tuple[int, ...]
    timer_work: int


class StoredPoint(NamedTuple):
    """The newest block whose execution is on disk, and the state digest after it."""

    height: int
    state_digest: Hash


class _Executed(NamedTuple):
    """What executing a height gave, as far as later headers may state it."""

    state_digest: Hash
    result_leaves: tuple[bytes, ...]


class _NextTimer(NamedTuple):
    """When the first timer that waits is due; None if none waits."""

    due_ms: int | None


class Chain:
    """The blocks from the executed height to the tip, and the state as of the executed height."""

    def __init__(self, genesis: Genesis, protocols: Protocols, reader: StoreReader) -> None:
        """Pick up where the store stands; reads the unexecuted blocks (at most a window) and the log's right edge.

        Raises:
            StoreDamagedError: what is stored does not fit together.
            LedgerContradictionError: a stored block is not one this node can have stored.
            ProtocolTooOldError: a stored block follows a version of the protocol that this program does not know.
        """
        head = reader.head()
        self._genesis = genesis
        self._protocols = protocols
        self._digest = StateDigest.from_lanes(head.digest_lanes)
        self.executed_height = head.executed_height
        self.executed_digest: Hash = head.state_digest
        # Where those who read the store stand; behind the executed height while writes are under way.
        self.stored_point = StoredPoint(head.executed_height, head.state_digest)
        # Only asked for where the genesis itself is built on.
        self._genesis_digest = head.state_digest if head.executed_height == 0 else b""
        self.executed_tip: Tip = load_executed_tip(genesis, reader, head)
        self._check_version(self.executed_tip)
        self.tip = self.executed_tip
        # What the newest executed block was committed with; empty for the genesis.
        self.newest_certificate = bytes(reader.certificate(head.executed_height) or b"")
        self.overlay = StateOverlay(reader)
        # None until it is asked for after an execution.
        self._next_timer: _NextTimer | None = None
        self.blocks: deque[BuiltBlock] = deque()
        # Executed heights that the header of the executed tip does not state: a later header states them, or one that
        # takes its place. A store that begins with a snapshot knows the newest digest only, which is all that has to be
        # stated; blocks above that state an older one are told true by others.
        digests = {**reader.unstated_digests(), head.executed_height: head.state_digest}
        self._unstated: dict[int, _Executed] = {
            height: _Executed(digests.get(height, b""), load_result_leaves(reader, height))
            for height in range(self.tip.executed_height + 1, head.executed_height + 1)
        }
        for height in range(head.executed_height + 1, head.tip_height + 1):
            self.append(load_block(genesis, reader, self.tip, height))
            self._check_version(self.tip)

    @property
    def executed_tree_size(self) -> int:
        """Entries of executed blocks."""
        return self.executed_tip.tree.size

    @property
    def unexecuted_count(self) -> int:
        """Blocks stored or being stored above the executed height."""
        return len(self.blocks)

    @property
    def has_unstated_effects(self) -> bool:
        """Whether a transaction or a timer was executed whose result the tip's header and those below do not state."""
        return any(
            executed.result_leaves for height, executed in self._unstated.items() if height > self.tip.executed_height
        )

    @property
    def next_timer_ms(self) -> int | None:
        """When the first timer that waits is due, as of the executed height; looked up once after each execution."""
        if self._next_timer is None:
            self._next_timer = _NextTimer(next_due_ms(self.overlay))
        return self._next_timer.due_ms

    def executed_point(self) -> ExecutedPoint:
        """What the next block's outcome leaf states."""
        point = self._point(self.tip, statable_height(self.tip.executed_height, self.executed_height))
        # Of what was executed before a restart only the newest digest is known, so that height has to be stated.
        return point if point.state_digest else self._point(self.tip, self.executed_height)

    def stated_point(self, parent: Tip, executed_height: int) -> ExecutedPoint | None:
        """What a block on top of `parent` has to state if it states `executed_height`; None if this node cannot tell.

        It cannot before it has executed that height, nor for what it executed before a restart and another block than
        the newest stated.
        """
        if executed_height > self.executed_height or parent.executed_height < self.executed_tip.executed_height:
            return None
        point = self._point(parent, executed_height)
        return point if point.state_digest else None

    def stated_by(self, block: BuiltBlock, parent: Tip) -> bool | None:
        """Whether what the block states of execution is what this node executed itself; None while it cannot tell.

        Only what is true may be acknowledged (docs/protocol.md, section 5).
        """
        outcome = Outcome.decode(block.stored.entries[0])
        point = self.stated_point(parent, outcome.executed_height)
        if point is None:
            return None
        leaves = point.result_leaves
        return (outcome.state_digest, outcome.results_count, outcome.results_root) == (
            point.state_digest,
            len(leaves),
            root_of([leaf_hash(leaf) for leaf in leaves]),
        )

    def _point(self, parent: Tip, executed_height: int) -> ExecutedPoint:
        leaves = tuple(
            leaf
            for height in range(parent.executed_height + 1, executed_height + 1)
            for leaf in self._unstated[height].result_leaves
        )
        if executed_height == parent.executed_height:
            digest = parent.header.state_digest if parent.header is not None else self._genesis_digest
        else:
            digest = self._unstated[executed_height].state_digest
        return ExecutedPoint(executed_height, digest, leaves)

    def append(self, block: BuiltBlock) -> None:
        """Make `block` the tip."""
        assert block.header.height == self.tip.height + 1, "a chain has no gaps"
        self.blocks.append(block)
        self.tip = block.tip

    def drop_from(self, height: int) -> tuple[BuiltBlock, ...]:
        """Take off the blocks from `height` on, none of which is executed; returns them in order."""
        assert height > self.executed_height, "an executed block is never replaced"
        kept = [block for block in self.blocks if block.header.height < height]
        dropped = tuple(block for block in self.blocks if block.header.height >= height)
        self.blocks = deque(kept)
        self.tip = kept[-1].tip if kept else self.executed_tip
        return dropped

    def tip_at(self, height: int) -> Tip | None:
        """The block at `height` as something to build on, from the executed height to the tip."""
        if height == self.executed_height:
            return self.executed_tip
        offset = height - self.executed_height - 1
        return self.blocks[offset].tip if 0 <= offset < len(self.blocks) else None

    def execute(self, certificate: BlockCertificate, ticket: int) -> list[ExecutedBlock]:
        """Execute all blocks that `certificate` commits, in order; their state waits in the overlay for `ticket`.

        Raises:
            LedgerContradictionError: the certificate or a header contradicts this chain.
        """
        certified = self.tip_at(certificate.height)
        if certificate.height > self.executed_height and (
            certified is None or certified.hash != certificate.block_hash
        ):
            raise LedgerContradictionError(
                "a quorum committed another block {height} than this node's chain holds; run `banyan audit` on this"
                " folder and keep it for examination",
                height=certificate.height,
            )
        executed: list[ExecutedBlock] = []
        self.newest_certificate = certificate.encode()
        while self.blocks and self.blocks[0].header.height <= certificate.height:
            executed.append(self._execute(self.blocks[0], self.newest_certificate, ticket))
        return executed

    def _execute(self, block: BuiltBlock, certificate: bytes, ticket: int) -> ExecutedBlock:
        self._check_stated(block)
        first_index = block.stored.header.first_index
        indexes = range(first_index + 1, first_index + 1 + len(block.transactions))
        placed = [made(PlacedTransaction, one) for one in zip(block.transactions, indexes, strict=True)]
        header = block.header
        executable = ExecutableBlock(
            self._genesis.network_id,
            header.height,
            header.time_ms,
            first_index,
            placed,
            self._genesis.base_height,
        )
        protocol = self._protocols.find(header.protocol_version)
        assert protocol is not None, "no block of an unknown version is in the chain"
        with self.overlay.one_moment():
            execution = execute_block(protocol.registry, self.overlay, executable)
        self._digest.apply(execution.changes)
        self.executed_height = block.header.height
        self.executed_digest = self._digest.digest()
        self.blocks.popleft()
        self.executed_tip = block.tip
        ids = tuple([made(ExecutedId, (one.id, one.expires_ms, leaf_index)) for one, leaf_index in placed])
        self.overlay.put(ticket, execution.changes, ids)
        self._next_timer = None
        self._unstated[block.header.height] = _Executed(self.executed_digest, execution.leaves)
        for height in [one for one in self._unstated if one <= block.header.executed_height]:
            del self._unstated[height]
        stored = StoredExecution(
            height=block.header.height,
            certificate=certificate,
            tree_size=block.tip.tree.size,
            tile_hashes=block.tile_hashes,
            ids=ids,
            results=tuple(
                [
                    made(StoredResult, (leaf_index, leaf))
                    for (_, leaf_index), leaf in zip(placed, execution.result_leaves, strict=True)
                ]
            ),
            effects=execution.effect_leaves,
            links=execution.links,
            changes=execution.changes,
            digest_lanes=self._digest.lanes_bytes(),
            state_digest=self.executed_digest,
            unstated_digests=self._unstated_digests(),
        )
        return ExecutedBlock(block, execution.results, stored, execution.works, execution.timer_work)

    def _unstated_digests(self) -> tuple[Hash, ...]:
        """Those after the heights just below the executed one that no header up to it states; the newest of them."""
        digests: list[Hash] = []
        while len(digests) < UNSTATED_DIGESTS_MAX:
            executed = self._unstated.get(self.executed_height - 1 - len(digests))
            if executed is None or not executed.state_digest:
                break
            digests.append(executed.state_digest)
        return tuple(reversed(digests))

    def stored(self, ticket: int, blocks: Sequence[ExecutedBlock]) -> None:
        """A write is on disk, and with it what executing these blocks gave."""
        self.overlay.stored(ticket)
        if blocks:
            newest = blocks[-1].stored
            self.stored_point = StoredPoint(newest.height, newest.state_digest)

    def _check_version(self, tip: Tip) -> None:
        """A program that was put back after an upgrade cannot go on with what the newer one stored."""
        if tip.header is not None and self._protocols.find(tip.header.protocol_version) is None:
            raise ProtocolTooOldError(
                "block {height} in this folder follows version {version} of the protocol, and this program knows"
                " versions up to {known}; install the newer Banyan again that stored it",
                height=tip.height,
                version=tip.header.protocol_version,
                known=self._protocols.newest.version,
            )

    def _check_stated(self, block: BuiltBlock) -> None:
        """A certified block states what executing the chain gives here; anything else is the end of agreement."""
        header = block.header
        executed = self._unstated.get(header.executed_height)
        if executed is not None and executed.state_digest and executed.state_digest != header.state_digest:
            raise LedgerContradictionError(
                "block {above} states another state digest for height {height} than executing it gives here;"
                " run `banyan audit` on this folder and keep it for examination",
                above=header.height,
                height=header.executed_height,
            )
