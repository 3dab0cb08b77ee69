"""What a node wants done: the outputs of `daemon.node.Node.step`. Pure data.

The order of effects, as etcd's `Ready` states it, is part of the contract with the shell:

- `StoreBatch` effects are written in the order given; `BatchStored` for a ticket says that it and all before
  it are durable. Batches that wait may be written in one LMDB transaction (group commit).
- `SaveSignState` effects are kept in the order given, never before the `StoreBatch` effects that came earlier
  were reported stored (the node only emits them then). `flush` asks for fsync before `SignStateSaved`.
- `SyncWork` effects are done one after the other in the order given, beside everything else.
- Everything else may be done at once: the node emits it only when what it depends on is durable.
"""

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from consensus.evidence import Evidence
from contracts.result import Result
from daemon.block_builder import BuiltBlock
from daemon.sign_state import SignState
from daemon.sync_work import AnswerSnapshots, SyncWork
from ledger.errors import BanyanError
from ledger.hashing import Hash
from p2p.effects import Blame, Dial, Drop, SendFrame
from storage.interface import WriteBatch


@dataclass(frozen=True, slots=True)
class StoreBatch:
    """Write `batch`; then report `BatchStored(ticket)`. `built` are its blocks as the node reads them, for the log.

    One that is not urgent may wait for the next one, for a tick or so, where no client waits for it.
    """

    ticket: int
    batch: WriteBatch
    built: tuple[BuiltBlock, ...] = ()
    is_urgent: bool = True


@dataclass(frozen=True, slots=True)
class SaveSignState:
    """Keep `state` beside the seed, with fsync if `flush`; then report `SignStateSaved(ticket)`.

    `term_certificate`, if not empty, proves the state's term and is on disk before the state is.
    """

    ticket: int
    state: SignState
    flush: bool
    term_certificate: bytes = b""


class Admitted(NamedTuple):
    """The transaction waits for its block. `known` says that it was admitted or executed before."""

    request: int
    transaction_id: Hash
    known: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """The transaction was not admitted. `retry_after_ms` is above zero where the same bytes may pass later."""

    request: int
    transaction_id: Hash
    error: BanyanError
    retry_after_ms: int


class CommittedTransaction(NamedTuple):
    """A transaction that a quorum committed and this node executed, durably."""

    transaction_id: Hash
    leaf_index: int
    result: Result


@dataclass(frozen=True, slots=True)
class BlockExecuted:
    """A block is committed, executed, and both are on disk: now it may be told."""

    height: int
    time_ms: int
    tree_size: int
    transactions: tuple[CommittedTransaction, ...]


@dataclass(frozen=True, slots=True)
class CheckpointPublished:
    """A checkpoint was cosigned by a quorum and is on disk: receipts up to `tree_size` can be issued."""

    tree_size: int
    note: bytes


@dataclass(frozen=True, slots=True)
class Verify:
    """Decode the submissions and verify their signatures, in a batch on threads; then report `Verified(ticket)`."""

    ticket: int
    submissions: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class ReadReady:
    """Read now: everything reported committed before the question was asked is executed here, `height` included."""

    question: bytes
    height: int


@dataclass(frozen=True, slots=True)
class ReadFailed:
    """Nobody confirmed the read in time; ask again, as a new question."""

    question: bytes


@dataclass(frozen=True, slots=True)
class EvidenceFound:
    """A voter signed what contradicts itself: for operators, and to be kept; each offence, node and term once."""

    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Reported:
    """Somebody broke a rule, or this node cannot agree with a block: for operators; the node goes on."""

    error: BanyanError


@dataclass(frozen=True, slots=True)
class Dropped:
    """An admitted transaction left the pool without a block, and why (it expired, its quota ran out)."""

    transaction_id: Hash
    error: BanyanError


@dataclass(frozen=True, slots=True)
class RoleChanged:
    """The node's part in agreement changed; for logs and `status`."""

    role: str
    term: int


@dataclass(frozen=True, slots=True)
class Worked:
    """This step executed so much, in units of `contracts.work`: who timed it may tell (`StepTimed`)."""

    work: int


@dataclass(frozen=True, slots=True)
class RegistryChanged:
    """The registry of nodes in the store may have changed: who may connect is to be looked up anew."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """The node must not go on: the ledger contradicts itself. The shell logs it and stops."""

    error: BanyanError


@dataclass(frozen=True, slots=True)
class Stopped:
    """After `Stopping`: nothing is under way any more, the shell may close."""


@dataclass(frozen=True, slots=True)
class OutOfDate:
    """The program is too old for the blocks that come: the shell is to stop the node in good order, and say why."""

    error: BanyanError


Effect: TypeAlias = (
    StoreBatch
    | SaveSignState
    | Admitted
    | Refused
    | BlockExecuted
    | CheckpointPublished
    | Verify
    | SyncWork
    | AnswerSnapshots
    | SendFrame
    | Blame
    | Dial
    | Drop
    | ReadReady
    | ReadFailed
    | EvidenceFound
    | Reported
    | Dropped
    | RoleChanged
    | Worked
    | RegistryChanged
    | Alarm
    | OutOfDate
    | Stopped
)
