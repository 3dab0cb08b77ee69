"""What handlers may use: the running node and the door through which a request came."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

import trio

from contracts.registry import Registry
from daemon.api.event_pieces import EventPieces
from daemon.api.places import Places
from daemon.config import Config
from daemon.metrics import Metrics
from daemon.result_trees import ResultTrees
from daemon.service import Service
from ledger.genesis import Genesis
from ledger.node_keys import NodeDescription
from ledger.support_statement import SignedSupport
from storage.interface import StoreReader

VISIBILITY_MEMBERS = "members"


class Door(Enum):
    """Where a request came in; the control socket has the operator's rights."""

    CONTROL = "control"
    TCP = "tcp"


@dataclass(frozen=True, slots=True)
class NodeContext:
    """The running node, shared by both doors.

    `registry` is that of the newest version that the program knows; `support` is what the node says that it knows.
    `http_address` is where the TCP door is open, with the port it really has, or None.
    """

    service: Service
    genesis: Genesis
    registry: Registry
    support: SignedSupport
    description: NodeDescription
    config: Config
    metrics: Metrics
    now_ms: Callable[[], int]
    started_ms: int
    version: str
    http_address: str | None = None

    @property
    def store(self) -> StoreReader:
        """For reading."""
        return self.service.store


@dataclass(slots=True)
class ApiContext:
    """One door of the node, with what is open in it now."""

    node: NodeContext
    door: Door
    listeners_count: int = field(default=0)
    # Of all that ever listened.
    listeners_number: int = field(default=0)
    # More would only take the interpreter from each other.
    receipt_threads: trio.CapacityLimiter = field(default_factory=lambda: trio.CapacityLimiter(2))
    result_trees: ResultTrees = field(init=False)
    event_pieces: EventPieces = field(init=False)
    places: Places = field(init=False)

    def __post_init__(self) -> None:
        answered_max = self.node.config.http_requests_max
        # Nobody who has a connection is refused at once.
        connections_max = self.node.config.http_connections_max
        self.places = Places(answered_max, max(answered_max, connections_max - answered_max), connections_max)
        self.event_pieces = EventPieces(self.node.store)
        self.result_trees = ResultTrees(self.node.store)

    @property
    def shows_content(self) -> bool:
        """Whether entries, records and events may be shown here."""
        return self.door is Door.CONTROL or self.node.genesis.visibility != VISIBILITY_MEMBERS
