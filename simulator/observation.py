"""What checkers, timeline and trace get to see of a world: a stream of small facts, and nothing else.

Owns the kinds of facts and their distribution. Facts are told in the order in which they happen; none of them can be
used to reach into the world. Times are microseconds since the beginning of the world, nodes are numbers.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeAlias

from daemon.sign_state import SignState
from ledger.hashing import Hash
from simulator.adapter import CommittedTransaction
from storage.interface import WriteBatch


class NodeStarted(NamedTuple):
    """A process began, with what it found on its disk."""

    time_us: int
    node: int
    executed_height: int
    tip_height: int


class NodeEnded(NamedTuple):
    """A process is gone. `reason`: killed, power-loss, trapped, stopped, damaged, refused (it will not go on), too-old
    (its program is)."""

    time_us: int
    node: int
    reason: str


class NodeBroke(NamedTuple):
    """A process ended by itself although nothing was done to it: an alarm, or an error nobody foresaw."""

    time_us: int
    node: int
    error: str


class NodePaused(NamedTuple):
    """A process was stopped, or goes on (`paused` is False)."""

    time_us: int
    node: int
    paused: bool


class DatabaseReplaced(NamedTuple):
    """A node's database was replaced; `is_older` says whether by one that lacks what this node had written."""

    time_us: int
    node: int
    is_older: bool


class BatchDurable(NamedTuple):
    """A write is on the disk; the node does not know it yet."""

    time_us: int
    node: int
    batch: WriteBatch


class StateSigned(NamedTuple):
    """A node was told that this sign-state is kept: from now on it may have signed what it says."""

    time_us: int
    node: int
    state: SignState


class BlockTold(NamedTuple):
    """A node told its clients that a block is executed."""

    time_us: int
    node: int
    height: int
    tree_size: int
    transactions: tuple[CommittedTransaction, ...]


class RoleTaken(NamedTuple):
    """A node's part in agreement changed."""

    time_us: int
    node: int
    role: str
    term: int


class EvidenceShown(NamedTuple):
    """A node says that it can prove that `accused` signed twice."""

    time_us: int
    node: int
    accused: Hash
    offence: str


class LiarNamed(NamedTuple):
    """The world made this node lie, with the id it signs under; told before it does.

    `is_provable`: what it signs contradicts itself, so that evidence may name it. `must_be_named`: it has to, because
    it has lied by now (told again then), and no fault keeps the others from hearing it.
    """

    time_us: int
    node: int
    node_id: Hash
    is_provable: bool = True
    must_be_named: bool = True


class QueueSeen(NamedTuple):
    """How full a queue is, and its bound; node -1 for the world's own."""

    time_us: int
    node: int
    name: str
    size: int
    size_max: int


class OperationBegan(NamedTuple):
    """A client asks for something; `operation` is unique. `kind` is post or read, `subject` what it is about."""

    time_us: int
    client: int
    operation: int
    kind: str
    subject: str


class OperationEnded(NamedTuple):
    """A client got its answer: the number of its notice, or the count that it read."""

    time_us: int
    client: int
    operation: int
    value: int


class OperationFailed(NamedTuple):
    """A client was told that its operation did not and will not happen."""

    time_us: int
    client: int
    operation: int


class Acknowledged(NamedTuple):
    """A client was told that its transaction is committed. `submitted_us`: when it was handed in first."""

    time_us: int
    client: int
    transaction_id: Hash
    height: int
    leaf_index: int
    submitted_us: int


class FaultBegan(NamedTuple):
    """A fault begins; the text says which."""

    time_us: int
    number: int
    text: str


class FaultEnded(NamedTuple):
    """A fault is over."""

    time_us: int
    number: int


class CalmBegan(NamedTuple):
    """No fault is left. Progress is expected again by `until_us`; 0 where the run is too short to say."""

    time_us: int
    until_us: int


class NodeAtEnd(NamedTuple):
    """How a node stands when the run is over; `block_hashes` of its executed blocks, the first one is of height 1."""

    time_us: int
    node: int
    running: bool
    executed_height: int
    state_digest: Hash
    block_hashes: tuple[Hash, ...]


Observation: TypeAlias = (
    NodeStarted
    | NodeEnded
    | NodeBroke
    | NodePaused
    | DatabaseReplaced
    | BatchDurable
    | StateSigned
    | BlockTold
    | RoleTaken
    | EvidenceShown
    | LiarNamed
    | QueueSeen
    | OperationBegan
    | OperationEnded
    | OperationFailed
    | Acknowledged
    | FaultBegan
    | FaultEnded
    | CalmBegan
    | NodeAtEnd
)

Listener = Callable[[Any], None]


class Stream:
    """Hands each observation to those who asked for its kind, in the order in which they asked."""

    __slots__ = ("_listeners",)

    def __init__(self) -> None:
        self._listeners: dict[type, tuple[Listener, ...]] = {}

    def listen(self, kinds: Iterable[type], listener: Listener) -> None:
        """Call `listener` with every observation of these kinds from now on."""
        for kind in kinds:
            self._listeners[kind] = (*self._listeners.get(kind, ()), listener)

    def tell(self, observation: Observation) -> None:
        """Something was observed."""
        for listener in self._listeners.get(type(observation), ()):
            listener(observation)
