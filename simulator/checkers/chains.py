"""Which block each node executed at which height, put together from what became durable. Used by several checkers.

Owns the hashes of each node's stored blocks that are not executed yet. A block that came with a database that was put
in place is not known here: what was not seen is not judged.
"""

from collections.abc import Iterator

from ledger.hashing import Hash
from simulator.observation import BatchDurable


class Chains:
    """The uncommitted ends of all nodes' chains."""

    def __init__(self) -> None:
        self._stored: dict[int, dict[int, Hash]] = {}

    def executed(self, observation: BatchDurable) -> Iterator[tuple[int, Hash]]:
        """Height and hash of every block that this write executes, where the hash is known."""
        stored = self._stored.setdefault(observation.node, {})
        batch = observation.batch
        if batch.drop_blocks_from is not None:
            for height in [one for one in stored if one >= batch.drop_blocks_from]:
                del stored[height]
        for block in batch.blocks:
            stored[block.header.height] = block.header.header_hash
        for execution in batch.executions:
            block_hash = stored.pop(execution.height, None)
            if block_hash is not None:
                yield execution.height, block_hash

    def forget(self, node: int) -> None:
        """The node's database was replaced."""
        self._stored.pop(node, None)
