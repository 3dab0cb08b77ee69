"""Rule: voters sign one log, and every node learns of it.

A checkpoint of a size has one root, whoever publishes it; a node's own never gets smaller, but with its database; and
where progress is judged, at the end every running node has published one that covers what was told `CATCH_UP_US`
before, so that it can issue receipts. That a quorum signed is checked by the node which publishes, and by tests of it.

Source: docs/protocol.md, section 9.
"""

from typing import Any, ClassVar

from ledger.checkpoint import Checkpoint
from ledger.hashing import Hash
from ledger.note import Note
from simulator.checkers.progress import CATCH_UP_US
from simulator.observation import BatchDurable, BlockTold, CalmBegan, DatabaseReplaced, NodeAtEnd


class Published:
    """Remembers the root of each size, and the newest checkpoint of each node."""

    RULE: ClassVar[str] = "one log is signed, and every node learns of it"
    KINDS: ClassVar[tuple[type, ...]] = (BatchDurable, BlockTold, CalmBegan, DatabaseReplaced, NodeAtEnd)

    def __init__(self) -> None:
        self._roots: dict[int, Hash] = {}
        self._newest: dict[int, int] = {}
        self._told: list[tuple[int, int]] = []
        self._calm: CalmBegan | None = None
        self._running: list[int] = []

    def see(self, observation: Any) -> str | None:
        """Compare a checkpoint that was written with those before."""
        match observation:
            case BatchDurable() if observation.batch.checkpoint is not None:
                return self._written(observation.node, observation.batch.checkpoint)
            case BlockTold() if not self._told or observation.tree_size > self._told[-1][1]:
                self._told.append((observation.time_us, observation.tree_size))
            case CalmBegan():
                self._calm = observation
            case DatabaseReplaced():
                self._newest.pop(observation.node, None)
            case NodeAtEnd() if observation.running:
                self._running.append(observation.node)
            case _:
                pass
        return None

    def _written(self, node: int, note: bytes) -> str | None:
        checkpoint = Checkpoint.parse(Note.parse(note).text)
        size = checkpoint.tree_size
        root = self._roots.setdefault(size, checkpoint.root)
        if root != checkpoint.root:
            return f"node {node} publishes the root {checkpoint.root.hex()} of {size} entries, others {root.hex()}"
        before = self._newest.get(node, 0)
        if size < before:
            return f"node {node} publishes a checkpoint of {size} entries after one of {before}"
        self._newest[node] = size
        return None

    def end(self, time_us: int) -> str | None:
        """Compare what nodes published with what was told."""
        if self._calm is None or not self._calm.until_us or time_us - self._calm.time_us < CATCH_UP_US:
            return None
        known = max((size for when_us, size in self._told if when_us <= time_us - CATCH_UP_US), default=0)
        for node in self._running:
            size = self._newest.get(node, 0)
            if size < known:
                return f"node {node} ends with a checkpoint of {size} entries, {known} were told long before"
        return None
