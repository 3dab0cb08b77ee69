"""The node's own chain between what is stored and what is executed. Pure.

Owns the tip, the blocks above the executed height, the state digest and the overlay of unwritten state; never
decides what is proposed or committed. Everything is rebuilt from the store at start: nothing here is lost by
a crash.

Invariants: `blocks` are consecutive, from executed height + 1 to the tip; the digest is that of the executed
height; a header that states an executed height states the digest this node computed for it itself.
"""

from collections import deque
from dataclasses import dataclass

from consensus.certificates import BlockCertificate
from contracts.registry import Registry
from contracts.result import Result
from contracts.runtime import ExecutableBlock, PlacedTransaction, execute_block
from daemon.block_builder import BuiltBlock, ExecutedPoint, Tip
from daemon.node_errors import LedgerContradictionError
from daemon.overlay import StateOverlay
from daemon.recovery import load_block, load_executed_tip, load_result_leaves
from ledger.genesis import Genesis
from ledger.hashing import Hash
from ledger.state_digest import StateDigest
from storage.interface import ExecutedId, StoredExecution, StoredResult, StoreReader


@dataclass(frozen=True, slots=True)
class ExecutedBlock:
    """A block with what executing it gave; `stored` is what goes to disk."""

    block: BuiltBlock
    results: tuple[Result, ...]
    stored: StoredExecution


class Chain:
    """The blocks from the executed height to the tip, and the state as of the executed height."""

    def __init__(self, genesis: Genesis, registry: Registry, reader: StoreReader) -> None:
        """Pick up where the store stands; reads the unexecuted blocks (at most a window) and the log's right edge.

        Raises:
            StoreDamagedError: what is stored does not fit together.
            LedgerContradictionError: a stored block is not one this node can have stored.
        """
        head = reader.head()
        self._genesis = genesis
        self._registry = registry
        self._digest = StateDigest.from_lanes(head.digest_lanes)
        self.executed_height = head.executed_height
        self.executed_digest: Hash = head.state_digest
        self.tip: Tip = load_executed_tip(genesis, reader, head)
        self.executed_tree_size = head.tree_size
        self.overlay = StateOverlay(reader)
        self.blocks: deque[BuiltBlock] = deque()
        for height in range(head.executed_height + 1, head.tip_height + 1):
            self.append(load_block(genesis, reader, self.tip, height))
        # Result leaves of executed heights that no header of the chain states yet; (height, leaves).
        self._unstated: deque[tuple[int, tuple[bytes, ...]]] = deque(
            (height, load_result_leaves(reader, height))
            for height in range(self.tip.executed_height + 1, head.executed_height + 1)
        )

    @property
    def unexecuted_count(self) -> int:
        """Blocks stored or being stored above the executed height."""
        return len(self.blocks)

    @property
    def has_unstated_effects(self) -> bool:
        """Whether a transaction was executed whose result no header states yet."""
        return any(leaves for _, leaves in self._unstated)

    def executed_point(self) -> ExecutedPoint:
        """What the next block's outcome leaf states."""
        leaves = tuple(leaf for _, height_leaves in self._unstated for leaf in height_leaves)
        return ExecutedPoint(self.executed_height, self.executed_digest, leaves)

    def append(self, block: BuiltBlock) -> None:
        """Make `block` the tip; what its outcome leaf states is stated now."""
        assert block.header.height == self.tip.height + 1, "a chain has no gaps"
        self.blocks.append(block)
        self.tip = block.tip

    def state_results(self) -> None:
        """The newest block states every result so far; called after a block with `executed_point` was appended."""
        self._unstated.clear()

    def execute(self, certificate: BlockCertificate, ticket: int) -> list[ExecutedBlock]:
        """Execute all blocks that `certificate` commits, in order; their state waits in the overlay for `ticket`.

        Raises:
            LedgerContradictionError: the certificate or a header contradicts this chain.
        """
        executed: list[ExecutedBlock] = []
        while self.blocks and self.blocks[0].header.height <= certificate.height:
            block = self.blocks.popleft()
            executed.append(self._execute(block, certificate, ticket))
        return executed

    def _execute(self, block: BuiltBlock, certificate: BlockCertificate, ticket: int) -> ExecutedBlock:
        first_index = block.stored.header.first_index
        placed = [
            PlacedTransaction(transaction, first_index + 1 + offset)
            for offset, transaction in enumerate(block.transactions)
        ]
        execution = execute_block(
            self._registry,
            self.overlay,
            ExecutableBlock(self._genesis.network_id, block.header.height, block.header.time_ms, placed),
        )
        self._digest.apply(execution.changes)
        self.executed_height = block.header.height
        self.executed_digest = self._digest.digest()
        self.executed_tree_size = block.tip.tree.size
        ids = tuple(ExecutedId(one.transaction.id, one.transaction.expires_ms, one.leaf_index) for one in placed)
        self.overlay.put(ticket, execution.changes, ids)
        self._state_or_keep(block.header.height, execution.result_leaves)
        stored = StoredExecution(
            height=block.header.height,
            certificate=certificate.encode(),
            tree_size=block.tip.tree.size,
            tile_hashes=block.tile_hashes,
            ids=ids,
            results=tuple(
                StoredResult(one.leaf_index, leaf) for one, leaf in zip(placed, execution.result_leaves, strict=True)
            ),
            links=execution.links,
            changes=execution.changes,
            digest_lanes=self._digest.lanes_bytes(),
            state_digest=self.executed_digest,
        )
        return ExecutedBlock(block, execution.results, stored)

    def _state_or_keep(self, height: int, result_leaves: tuple[bytes, ...]) -> None:
        """Check the blocks above that state this height already (after a restart); else keep it for the next one."""
        stated = False
        for above in self.blocks:
            if above.header.executed_height == height and above.header.state_digest != self.executed_digest:
                raise LedgerContradictionError(
                    "block {above} states another state digest for height {height} than executing it gives here;"
                    " run `banyan audit` on this folder and keep it for examination",
                    above=above.header.height,
                    height=height,
                )
            stated = stated or above.header.executed_height >= height
        if not stated:
            self._unstated.append((height, result_leaves))
