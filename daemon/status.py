"""What a node says of itself: one frozen picture for `status`, metrics and logs. Pure."""

from dataclasses import dataclass

from ledger.hashing import Hash


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """Heights count blocks, sizes count log entries; `leader` is a node id or None.

    `opened` says that the leader has committed a block of its own term, so that reads can be linearizable.
    `unstored_batches` are writes that were handed out and not yet reported durable.
    """

    node_id: Hash
    role: str
    term: int
    leader: Hash | None
    opened: bool
    accepting: bool
    voters: tuple[Hash, ...]
    height: int
    committed_height: int
    executed_height: int
    tree_size: int
    tree_root: Hash
    state_digest: Hash
    checkpoint_size: int
    mempool_count: int
    mempool_size_bytes: int
    unstored_batches: int
