"""Rule: no committed block is lost.

What a node told of is on its own disk when it starts again, unless its database was replaced; at the end, a node that
runs has it; and every node has the block there that was executed first. What a client was told stays where it was
told to be. Source: docs/protocol.md, section 1, "nothing that was reported committed is ever lost".
"""

from typing import Any, ClassVar

from ledger.hashing import Hash
from simulator.checkers.chains import Chains
from simulator.observation import Acknowledged, BatchDurable, BlockTold, DatabaseReplaced, NodeAtEnd, NodeStarted


class NothingLost:
    """Remembers what each node told, what was executed, and what clients were told."""

    RULE: ClassVar[str] = "no committed block lost"
    KINDS: ClassVar[tuple[type, ...]] = (
        Acknowledged,
        BatchDurable,
        BlockTold,
        DatabaseReplaced,
        NodeAtEnd,
        NodeStarted,
    )

    def __init__(self) -> None:
        self._chains = Chains()
        self._told: dict[int, int] = {}
        self._highest_told = 0
        self._highest_at_end = 0
        self._is_anybody_left = False
        self._hashes: dict[int, Hash] = {}
        self._places: dict[Hash, tuple[int, int]] = {}

    def see(self, observation: Any) -> str | None:
        """Follow what is told, and compare what is there."""
        match observation:
            case BatchDurable():
                self._follow(observation)
            case BlockTold(_, node, height):
                self._told[node] = max(self._told.get(node, 0), height)
                self._highest_told = max(self._highest_told, height)
            case DatabaseReplaced(_, node):
                self._chains.forget(node)
                self._told.pop(node, None)
            case NodeStarted(_, node, executed_height):
                if executed_height < self._told.get(node, 0):
                    return (
                        f"node {node} told of block {self._told[node]} and starts again with {executed_height} executed"
                    )
            case Acknowledged():
                return self._acknowledged(observation)
            case NodeAtEnd():
                return self._compare(observation)
            case _:
                pass
        return None

    def end(self, time_us: int) -> str | None:
        """Whether somebody still has everything that was told."""
        if self._is_anybody_left and self._highest_at_end < self._highest_told:
            return (
                f"block {self._highest_told} was told, no node that runs has executed more than {self._highest_at_end}"
            )
        return None

    def _follow(self, observation: BatchDurable) -> None:
        for height, block_hash in self._chains.executed(observation):
            self._hashes.setdefault(height, block_hash)
        for execution in observation.batch.executions:
            for one in execution.ids:
                self._places.setdefault(one.id, (execution.height, one.leaf_index))

    def _acknowledged(self, told: Acknowledged) -> str | None:
        place = self._places.get(told.transaction_id)
        if place != (told.height, told.leaf_index):
            return (
                f"client {told.client} was told that transaction {told.transaction_id.hex()} is entry {told.leaf_index}"
                f" of height {told.height}; it was executed at {place}"
            )
        return None

    def _compare(self, node: NodeAtEnd) -> str | None:
        if node.running:
            self._is_anybody_left = True
            self._highest_at_end = max(self._highest_at_end, node.executed_height)
        for height, block_hash in enumerate(node.block_hashes, 1):
            known = self._hashes.get(height, block_hash)
            if known != block_hash:
                return f"node {node.node} ends with block {block_hash.hex()} at height {height}, it was {known.hex()}"
        return None
