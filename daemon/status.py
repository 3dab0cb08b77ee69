"""What a node says of itself: one frozen picture for `status`, metrics and logs. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from daemon.node_errors import ChangeWaitsError
from daemon.protocol_in_force import ProtocolPicture
from daemon.sync_progress import SyncProgress
from ledger.hashing import Hash


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """Heights count blocks, sizes count log entries; `leader` is a node id, or None where none is known or heard.

    `opened` says that the leader has committed a block of its own term, so that reads can be linearizable.
    `voters_heard_ms` says how long ago something arrived that the voter had signed, None: not since the start.
    `quorum_size` of the voters decide.
    `voters_number` is that of the set in force, 0 for the genesis'; `voters_confirmed` says that a quorum of this set
    is known to have executed the change that made it: before, nobody whom it removed may be switched off.
    `protocol` is the version of the protocol that the next block follows, and what is to come.
    `change_waits` is why a change of voters waits; only the leader knows. `neighbours_count` are connected, and
    `lag_blocks` says how many blocks the furthest of them has committed and this node has not executed.
    `sync` says how far syncing by snapshot is.
    `executed_height` and `state_digest` are those of the store: whoever reads records next finds at least these.
    `unstored_batches` are writes that were handed out and not yet reported durable.
    """

    node_id: Hash
    role: str
    term: int
    leader: Hash | None
    opened: bool
    accepting: bool
    voters: tuple[Hash, ...]
    voters_heard_ms: Mapping[Hash, int | None]
    quorum_size: int
    voters_number: int
    voters_confirmed: bool
    protocol: ProtocolPicture
    change_waits: ChangeWaitsError | None
    sync: SyncProgress
    neighbours_count: int
    lag_blocks: int
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
