"""The one place that knows what a node is made of: its events and effects, how it is built, what it says of itself.

Owns the names that the rest of the simulator uses for them, and nothing else: when the node learns something new, this
file changes and the world does not. A node is any object with `step` and `status`; a factory builds it from a `Boot`,
so that tests can put a broken one into the world.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from consensus.settings import Chance
from consensus.timing import Timing
from contracts.protocols import Protocols
from daemon.effects import (
    Admitted,
    Alarm,
    BlockExecuted,
    CheckpointPublished,
    CommittedTransaction,
    Dropped,
    Effect,
    EvidenceFound,
    OutOfDate,
    ReadFailed,
    ReadReady,
    Refused,
    Reported,
    RoleChanged,
    SaveSignState,
    Stopped,
    StoreBatch,
    Verify,
)
from daemon.events import (
    BatchStored,
    Event,
    HandOverRequested,
    PeerConnected,
    PeerGone,
    ReadRequested,
    Received,
    RoomChanged,
    SignStateSaved,
    Started,
    Stopping,
    Submission,
    Submitted,
    SyncDone,
    Ticked,
    Verified,
)
from daemon.mempool import SIZE_BYTES_MAX, TRANSACTIONS_MAX
from daemon.node import Node
from daemon.node_errors import ProtocolTooOldError, StaleDatabaseError
from daemon.sign_state import SignState
from daemon.status import NodeStatus
from daemon.sync_work import AdoptSnapshot, AnswerSnapshots, SyncSettings, SyncWork, Work, WorkFailed
from ledger.genesis import Genesis
from ledger.hashing import Hash
from ledger.node_keys import NodeKeys
from p2p.effects import Blame, Dial, Drop, SendFrame
from p2p.overlay import OverlaySettings
from p2p.sync import AHEAD_BLOCKS_MAX
from storage.interface import StoreReader

__all__ = [
    "TICK_INTERVAL_MS",
    "Admitted",
    "AdoptSnapshot",
    "Alarm",
    "AnswerSnapshots",
    "BatchStored",
    "Blame",
    "BlockExecuted",
    "Boot",
    "CheckpointPublished",
    "CommittedTransaction",
    "Dial",
    "Drop",
    "Dropped",
    "Effect",
    "Event",
    "EvidenceFound",
    "HandOverRequested",
    "NodeFactory",
    "NodeStatus",
    "OutOfDate",
    "OverlaySettings",
    "PeerConnected",
    "PeerGone",
    "ProtocolTooOldError",
    "ReadFailed",
    "ReadReady",
    "ReadRequested",
    "Received",
    "Refused",
    "Reported",
    "RoleChanged",
    "RoomChanged",
    "SaveSignState",
    "SendFrame",
    "SignStateSaved",
    "StaleDatabaseError",
    "Started",
    "SteppedNode",
    "Stopped",
    "Stopping",
    "StoreBatch",
    "Submission",
    "Submitted",
    "SyncDone",
    "SyncSettings",
    "SyncWork",
    "Ticked",
    "Verified",
    "Verify",
    "Work",
    "WorkFailed",
    "fixed_to",
    "make_node",
    "queues_of",
]

# Twice as long as the shell's (`daemon.service`, which the simulator cannot import: it has a clock): nothing may depend
# on ticks that come in time.
TICK_INTERVAL_MS = 100


class SteppedNode(Protocol):
    """What the world drives: `daemon.node.Node`, or something that stands for it."""

    def step(self, event: Event) -> list[Effect]: ...

    def status(self) -> NodeStatus: ...


@dataclass(frozen=True, slots=True)
class Boot:
    """What a node starts from."""

    keys: NodeKeys
    genesis: Genesis
    protocols: Protocols
    reader: StoreReader
    sign_state: SignState
    term_certificate: bytes
    chance: Chance
    timing: Timing
    neighbours: OverlaySettings
    sync: SyncSettings = field(default_factory=SyncSettings)


NodeFactory = Callable[[Boot], SteppedNode]


def make_node(boot: Boot) -> Node:
    """The real node.

    Raises:
        BanyanError: what is on the disk does not fit together, or the genesis does not name this node.
    """
    return Node(
        boot.keys,
        boot.genesis,
        boot.protocols,
        boot.reader,
        boot.sign_state,
        boot.term_certificate,
        boot.chance,
        boot.timing,
        boot.neighbours,
        sync=boot.sync,
    )


def fixed_to(neighbours: Sequence[Hash]) -> OverlaySettings:
    """The world says who is linked with whom: exactly these are a node's neighbours."""
    return OverlaySettings(tuple(neighbours), fixed=True)


def queues_of(status: NodeStatus, window: int) -> Iterator[tuple[str, int, int]]:
    """Name, size and bound of each queue that a node shows; `window` is the genesis' parameter."""
    yield "pool", status.mempool_count, TRANSACTIONS_MAX
    yield "pool bytes", status.mempool_size_bytes, SIZE_BYTES_MAX
    # Each block of the window is one write and its execution another, and checkpoints come on top.
    yield "unstored batches", status.unstored_batches, 4 * window
    # Who catches up asks for so many. Inherited blocks come on top of the leader's own window, and the opening block is
    # exempt.
    yield "uncommitted blocks", status.height - status.committed_height, AHEAD_BLOCKS_MAX + 4 * window
