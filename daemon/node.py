"""One node, whole and pure: ledger, agreement, pool and execution put together. Events in, ordered effects out.

Owns the order in which things become true: a block is stored before it is acknowledged, the acknowledgement is
kept before it counts, a block is certified before it is executed, executed and on disk before anybody is told.
Never touches a clock, a disk, a socket or chance: the shell and the simulator run this very class.

The way of a transaction: `Submitted` -> admission -> pool -> block -> `StoreBatch` -> `BatchStored` ->
acknowledgement -> `SaveSignState` -> `SignStateSaved` -> certificate -> execution -> `StoreBatch` ->
`BatchStored` -> `BlockExecuted`. The execution of one block is written together with the next block, so that a
busy node flushes once a block.

Bounds: the pool (`mempool`), and the window of blocks beyond the last committed one (genesis parameter).
Source: docs/protocol.md, sections 4 to 6; the order of effects as in etcd-io/raft `Ready`.
"""

from collections import deque
from dataclasses import dataclass, field

from consensus.agreement import Agreement
from consensus.branch import Branch
from consensus.certificates import BlockCertificate, ElectionCertificate
from consensus.effects import (
    BecameLeader,
    Committed,
    KeepAcknowledgement,
    KeepTerm,
    KeepVote,
    StandingChanged,
)
from consensus.effects import Effect as AgreementEffect
from consensus.events import Accepted, AcknowledgementKept, BlocksStored, Campaign, ChainLink, TermKept, VoteKept
from consensus.events import Event as AgreementEvent
from consensus.events import Started as AgreementStarted
from consensus.events import Tick as AgreementTick
from consensus.settings import Chance, Kept, Role, Settings
from consensus.statement import Position
from consensus.term_certificates import decode_term_certificate, encode_term_certificate
from consensus.voters import Voter, VoterSet
from contracts.registry import Registry
from daemon.admission import check_submission
from daemon.block_builder import BuiltBlock, Proposer, build_block
from daemon.chain import Chain, ExecutedBlock
from daemon.checkpointer import Checkpointer
from daemon.effects import (
    Admitted,
    Alarm,
    BlockExecuted,
    CheckpointPublished,
    CommittedTransaction,
    Dropped,
    Effect,
    Refused,
    RoleChanged,
    SaveSignState,
    Stopped,
    StoreBatch,
)
from daemon.events import (
    BatchStored,
    Event,
    SignStateSaved,
    Started,
    Stopping,
    Submission,
    Submitted,
    Ticked,
)
from daemon.mempool import Mempool, MempoolFullError, Waiting
from daemon.node_errors import (
    ExpiredError,
    LedgerContradictionError,
    NotAcceptingError,
    StaleDatabaseError,
    UnsupportedNetworkError,
)
from daemon.recovery import opening_certificate
from daemon.sign_state import SignState
from daemon.status import NodeStatus
from daemon.under_way import UnderWay
from ledger.block import PROTOCOL_VERSION, Header, verify_proposal
from ledger.errors import BanyanError, RemoteProtocolError
from ledger.genesis import Genesis
from ledger.hashing import ZERO_HASH
from ledger.node_keys import NodeKeys
from storage.interface import StoredPayload, StoreReader, WriteBatch

# While a block is on its way to the disk, the next one waits for this many transactions: below that, the flush
# would cost more than the wait.
BATCH_WORTH_A_BLOCK = 256
RETRY_AFTER_MS = 1000
# What one step of the machine's clock counts for timeouts: a clock that is set, or a machine that slept, ends no more
# than the waiting that was under way.
CLOCK_STEP_MS_MAX = 5000


@dataclass(slots=True)
class _Outgoing:
    """What this step adds to the next write."""

    blocks: list[BuiltBlock] = field(default_factory=list)
    executed: list[ExecutedBlock] = field(default_factory=list)
    payloads: list[StoredPayload] = field(default_factory=list)
    checkpoint: "_SignedCheckpoint | None" = None

    def __bool__(self) -> bool:
        return bool(self.blocks or self.executed or self.payloads or self.checkpoint)


@dataclass(frozen=True, slots=True)
class _SignedCheckpoint:
    tree_size: int
    note: bytes


@dataclass(frozen=True, slots=True)
class _Writing:
    """A write that was handed out, and what it makes true once it is durable."""

    ticket: int
    outgoing: _Outgoing


class Node:
    """The state machine; not thread-safe, driven by one task.

    Args:
        keys: The node's four keys.
        genesis: The network; the node must be its only voter in this version.
        registry: The contracts to execute.
        reader: The store, as of the last durable write.
        sign_state: What was signed before, from beside the seed.
        term_certificate: Why the node is in the sign-state's term, from the same place; empty in term 0.
        chance: Where random numbers come from.

    Raises:
        UnsupportedNetworkError: the genesis has other voters than this node alone.
        LedgerContradictionError: the store does not fit together.
    """

    def __init__(
        self,
        keys: NodeKeys,
        genesis: Genesis,
        registry: Registry,
        reader: StoreReader,
        sign_state: SignState,
        term_certificate: bytes,
        chance: Chance,
    ) -> None:
        self._genesis = genesis
        self._keys = keys
        self._reader = reader
        self._sign_state = sign_state
        self._voters = _voter_set(genesis)
        self._chain = Chain(genesis, registry, reader)
        self._now_ms = genesis.created_ms
        self._elapsed_ms = 0
        self._agreement = self._new_agreement(term_certificate, chance)
        self._checkpointer = Checkpointer(genesis, keys, _own_name(genesis, keys))
        self._mempool = Mempool()
        self._proposer: Proposer | None = None
        self._batch_ticket = 0
        self._sign_ticket = 0
        self._unstored: deque[_Writing] = deque()
        self._unkept: deque[tuple[int, AgreementEvent | _SignedCheckpoint]] = deque()
        self._outgoing = _Outgoing()
        self._effects: list[Effect] = []
        # What waits in blocks, recovered ones included: a client's retry after a crash must not get a second place.
        self._in_blocks = UnderWay()
        for block in self._chain.blocks:
            self._in_blocks.add(block.transactions)
        self._checkpoint_size = 0
        self._opened = False
        self._stopping = False
        self._halted = False
        self._stopped = False

    def _new_agreement(self, term_certificate: bytes, chance: Chance) -> Agreement:
        """Agreement as chain and sign-state leave it; a chain of a later term proves that term."""
        genesis, chain, signed = self._genesis, self._chain, self._sign_state
        certificate = decode_term_certificate(term_certificate) if term_certificate else None
        acknowledged = Position(signed.acknowledged_term, signed.acknowledged_height, signed.acknowledged_hash)
        if acknowledged.height == 0:
            acknowledged = Position(0, 0, genesis.network_id)
        term, voted_for = signed.term, signed.voted_for if signed.voted_for != ZERO_HASH else None
        if chain.tip.term > term and chain.tip.header is not None:
            certificate = opening_certificate(self._reader, chain.tip)
            term, voted_for = chain.tip.term, chain.tip.header.proposer
        executed = chain.executed_tip
        branch = Branch(Position(executed.term, executed.height, executed.hash), executed.height)
        if chain.blocks:
            branch.extend(tuple(_link(block) for block in chain.blocks))
        newest = self._reader.header(chain.tip.height)
        return Agreement(
            Settings(genesis.network_id, self._keys.node_id, self._keys.agreement),
            self._voters,
            (),
            Kept(term, voted_for, certificate, acknowledged, self._holds(acknowledged)),
            branch,
            (newest.header, newest.signature) if newest is not None else (b"", b""),
            chance,
            self._position_of,
            self._elapsed_ms,
        )

    def _holds(self, acknowledged: Position) -> bool:
        """Protocol section 3: the chain must hold the very block last acknowledged, or one of a later term."""
        if acknowledged.height == 0 or self._chain.tip.term > acknowledged.term:
            return True
        known = self._reader.header(acknowledged.height)
        return known is not None and known.header_hash == acknowledged.hash

    def _position_of(self, header: bytes, signature: bytes) -> Position | None:
        """What another voter's last block is, if a voter known here signed its header."""
        try:
            decoded = Header.decode(header)
        except RemoteProtocolError:
            return None
        key = self._voters.key_of(decoded.proposer)
        if key is None or not verify_proposal(decoded, key, signature):
            return None
        return Position(decoded.term, decoded.height, decoded.hash)

    def step(self, event: Event) -> list[Effect]:
        """What follows from `event`, in the order in which it is to be carried out (see `daemon.effects`)."""
        if self._halted:
            return []
        # The node's time is that of the newest event; blocks and signatures keep their times rising by themselves.
        # Agreement waits by a clock of its own, which neither goes back nor jumps with the machine's.
        self._elapsed_ms += min(max(event.now_ms - self._now_ms, 0), CLOCK_STEP_MS_MAX)
        self._now_ms = event.now_ms
        try:
            self._handle(event)
            self._propose()
            self._close(event)
        except LedgerContradictionError as error:
            self._halted = True
            self._effects.append(Alarm(error))
        self._write()
        self._stop_when_idle()
        effects, self._effects = self._effects, []
        return effects

    def status(self) -> NodeStatus:
        """One picture of the node as of the last step; O(log n) for the root of the newest tree."""
        chain, agreement = self._chain, self._agreement
        return NodeStatus(
            node_id=self._keys.node_id,
            role=agreement.role.value,
            term=agreement.term,
            leader=agreement.leader,
            opened=self._opened,
            accepting=self._accepting,
            voters=tuple(voter.node_id for voter in self._voters.voters),
            height=chain.tip.height,
            committed_height=agreement.committed_height,
            executed_height=chain.executed_height,
            tree_size=chain.tip.tree.size,
            tree_root=chain.tip.tree.root(),
            state_digest=chain.executed_digest,
            checkpoint_size=self._checkpoint_size,
            mempool_count=len(self._mempool),
            mempool_size_bytes=self._mempool.size_bytes,
            unstored_batches=len(self._unstored),
        )

    # -- events -------------------------------------------------------------------------------------------------

    def _handle(self, event: Event) -> None:
        match event:
            case Started():
                self._start()
            case Ticked():
                self._drop_expired()
                self._agree(AgreementTick())
            case Submitted(_, submissions):
                self._admit(submissions)
            case BatchStored(_, ticket):
                self._batches_stored(ticket)
            case SignStateSaved(_, ticket):
                self._sign_states_saved(ticket)
            case Stopping():
                self._stopping = True

    def _start(self) -> None:
        """Refuse to sign on top of a database that is older than the signatures; then, alone, stand for election."""
        self._check_sign_state()
        self._effects.append(RoleChanged(self._agreement.role.value, self._agreement.term))
        self._agree(AgreementStarted())
        for block in self._chain.blocks:
            self._agree(Accepted(_position(block)))
        if len(self._voters.voters) == 1:
            # Nobody else can lead, so there is nobody to wait for.
            self._agree(Campaign())

    def _check_sign_state(self) -> None:
        """The only voter has nobody to catch up from: a database older than its signatures is the operator's matter."""
        if self._agreement.must_recover and len(self._voters.voters) == 1:
            raise StaleDatabaseError(
                "the database ends at block {height}, but this node already acknowledged block {signed}; put the"
                " newer database back, a node that goes on from an older one would sign twice",
                height=self._chain.tip.height,
                signed=self._sign_state.acknowledged_height,
            )

    def _drop_expired(self) -> None:
        for waiting in self._mempool.drop_expired(self._next_block_time_ms):
            self._effects.append(Dropped(waiting.transaction.id, _expired()))

    def _admit(self, submissions: tuple[Submission, ...]) -> None:
        """Answer every submission; duplicates are looked up in one go."""
        expiries_ms = {one.transaction.id: one.transaction.expires_ms for one in submissions}
        executed = self._chain.overlay.executed(expiries_ms, self._now_ms)
        for submission in submissions:
            transaction_id = submission.transaction.id
            if transaction_id in executed or transaction_id in self._mempool or transaction_id in self._in_blocks:
                self._effects.append(Admitted(submission.request, transaction_id, known=True))
                continue
            try:
                self._admit_new(submission)
            except BanyanError as error:
                retry = RETRY_AFTER_MS if isinstance(error, MempoolFullError | NotAcceptingError) else 0
                self._effects.append(Refused(submission.request, transaction_id, error, retry))
            else:
                self._effects.append(Admitted(submission.request, transaction_id, known=False))

    def _admit_new(self, submission: Submission) -> None:
        if not self._accepting:
            raise NotAcceptingError(
                "the node takes no transactions now: it is starting or stopping; send it again later"
            )
        sender = submission.transaction.sender
        waiting = self._mempool.waiting_of(sender) + self._in_blocks.count_of(sender)
        check_submission(self._genesis, self._chain.overlay, submission, self._next_block_time_ms, waiting)
        self._mempool.add(submission.transaction, submission.detached)

    @property
    def _accepting(self) -> bool:
        return self._proposer is not None and not self._stopping and not self._halted

    def _batches_stored(self, ticket: int) -> None:
        while self._unstored and self._unstored[0].ticket <= ticket:
            under_way = self._unstored.popleft()
            self._chain.overlay.stored(under_way.ticket)
            for executed in under_way.outgoing.executed:
                self._tell(executed)
            if under_way.outgoing.checkpoint is not None:
                signed = under_way.outgoing.checkpoint
                self._checkpoint_size = signed.tree_size
                self._effects.append(CheckpointPublished(signed.tree_size, signed.note))
            for block in under_way.outgoing.blocks:
                signature = block.stored.header.signature
                self._agree(BlocksStored((_link(block),), block.header.encode(), signature))
                self._agree(Accepted(_position(block)))

    def _sign_states_saved(self, ticket: int) -> None:
        while self._unkept and self._unkept[0][0] <= ticket:
            _, kept = self._unkept.popleft()
            if isinstance(kept, _SignedCheckpoint):
                self._outgoing.checkpoint = kept
            else:
                self._agree(kept)

    # -- agreement ----------------------------------------------------------------------------------------------

    def _agree(self, event: AgreementEvent) -> None:
        for effect in self._agreement.step(event, self._elapsed_ms):
            self._carry_out(effect)

    def _carry_out(self, effect: AgreementEffect) -> None:
        match effect:
            case KeepTerm(term, certificate, voted_for):
                state = self._sign_state.with_term(term, voted_for)
                self._keep(state, TermKept(term), encode_term_certificate(certificate))
            case KeepVote(term, candidate):
                self._keep(self._sign_state.with_vote(term, candidate), VoteKept(term))
            case KeepAcknowledgement(position):
                self._keep_acknowledgement(position)
            case BecameLeader(term, election):
                self._open_term(term, election)
            case Committed(block_certificate):
                self._execute(block_certificate)
            case StandingChanged(role, term):
                if role != Role.LEADER.value:
                    self._proposer = None
                self._effects.append(RoleChanged(role, term))
            case _:
                # The rest is for other nodes, of which a network of one voter has none.
                pass

    def _keep(self, state: SignState, then: AgreementEvent | _SignedCheckpoint, term_certificate: bytes = b"") -> None:
        flush = state.needs_flush_after(self._sign_state)
        self._sign_state = state
        self._sign_ticket += 1
        self._unkept.append((self._sign_ticket, then))
        self._effects.append(SaveSignState(self._sign_ticket, state, flush, term_certificate))

    def _keep_acknowledgement(self, position: Position) -> None:
        state = self._sign_state
        if self._proposer is not None and position.term == self._proposer.term:
            state = state.with_proposal(*position)
        # One record for both signatures: the leader's proposal and its own acknowledgement leave together.
        self._keep(state.with_acknowledgement(*position), AcknowledgementKept(position))

    def _open_term(self, term: int, certificate: ElectionCertificate) -> None:
        """Raft 5.4.2: nothing of earlier terms is committed by counting, so a leader begins with a block of its own."""
        self._proposer = Proposer(
            self._genesis.network_id,
            self._keys.agreement,
            self._keys.node_id,
            term,
            self._voters.hash,
            PROTOCOL_VERSION,
        )
        self._build([], election_certificate=certificate.encode())

    def _execute(self, certificate: BlockCertificate) -> None:
        self._opened = True
        for executed in self._chain.execute(certificate, self._batch_ticket + 1):
            self._outgoing.executed.append(executed)
            self._in_blocks.executed(executed.block.transactions)

    # -- proposing ----------------------------------------------------------------------------------------------

    def _propose(self) -> None:
        """Build blocks while the window has room and waiting is not the better choice."""
        if self._proposer is None:
            return
        parameters = self._genesis.parameters
        while len(self._mempool):
            under_way = self._chain.tip.height - self._agreement.committed_height
            if under_way >= parameters.window_blocks_max:
                return
            if under_way and len(self._mempool) < BATCH_WORTH_A_BLOCK:
                return
            taken = self._mempool.take(parameters.block_transactions_max, parameters.block_size_bytes_max)
            in_time = self._in_time(taken)
            if in_time:
                self._build(in_time)

    @property
    def _next_block_time_ms(self) -> int:
        return max(self._now_ms, self._chain.tip.time_ms + 1)

    def _in_time(self, taken: list[Waiting]) -> list[Waiting]:
        time_ms = self._next_block_time_ms
        late = [waiting for waiting in taken if waiting.transaction.expires_ms < time_ms]
        for waiting in late:
            self._effects.append(Dropped(waiting.transaction.id, _expired()))
        return [waiting for waiting in taken if waiting.transaction.expires_ms >= time_ms] if late else taken

    def _build(self, waiting: list[Waiting], closing: bool = False, election_certificate: bytes = b"") -> None:
        assert self._proposer is not None, "only a leader builds blocks"
        transactions = [one.transaction for one in waiting]
        block = build_block(
            self._proposer,
            self._chain.tip,
            transactions,
            self._now_ms,
            self._chain.executed_point(),
            closing,
            election_certificate,
        )
        self._chain.append(block)
        self._in_blocks.add(transactions)
        self._outgoing.blocks.append(block)
        for one in waiting:
            self._outgoing.payloads.extend(
                StoredPayload(value.commitment, value.salt, value.value_bytes) for value in one.detached
            )

    def _close(self, event: Event) -> None:
        """Put executed effects into a header when nothing else will: on a tick, so that a run of writes shares it."""
        idle = not len(self._mempool) and not self._chain.unexecuted_count and not self._unstored
        due = self._stopping or isinstance(event, Ticked)
        if self._proposer is not None and due and idle and not self._outgoing and self._chain.has_unstated_effects:
            self._build([], closing=True)

    # -- telling ------------------------------------------------------------------------------------------------

    def _tell(self, executed: ExecutedBlock) -> None:
        """The block is committed, executed and on disk; sign its checkpoint if it is flagged."""
        header = executed.block.header
        first_index = executed.block.stored.header.first_index
        transactions = tuple(
            CommittedTransaction(transaction.id, first_index + 1 + offset, result)
            for offset, (transaction, result) in enumerate(
                zip(executed.block.transactions, executed.results, strict=True)
            )
        )
        self._effects.append(BlockExecuted(header.height, header.time_ms, header.tree_size, transactions))
        if header.checkpoint and header.tree_size >= self._sign_state.cosigned_size:
            note = self._checkpointer.sign(header.tree_size, header.tree_root, max(self._now_ms, header.time_ms))
            state = self._sign_state.with_cosignature(header.tree_size, header.tree_root)
            self._keep(state, _SignedCheckpoint(header.tree_size, note))

    # -- writing ------------------------------------------------------------------------------------------------

    def _write(self) -> None:
        if not self._outgoing or self._halted:
            return
        outgoing, self._outgoing = self._outgoing, _Outgoing()
        self._batch_ticket += 1
        self._unstored.append(_Writing(self._batch_ticket, outgoing))
        batch = WriteBatch(
            blocks=tuple(block.stored for block in outgoing.blocks),
            executions=tuple(executed.stored for executed in outgoing.executed),
            payloads=tuple(outgoing.payloads),
            checkpoint=outgoing.checkpoint.note if outgoing.checkpoint else None,
        )
        self._effects.append(StoreBatch(self._batch_ticket, batch))

    def _stop_when_idle(self) -> None:
        if not self._stopping or self._stopped:
            return
        unfinished = len(self._mempool) or self._chain.unexecuted_count or self._unstored or self._unkept
        if not unfinished:
            self._stopped = True
            self._effects.append(Stopped())


def _voter_set(genesis: Genesis) -> VoterSet:
    if len(genesis.voters) != 1:
        raise UnsupportedNetworkError(
            "the genesis names {count} voters; this version runs networks of one voter, make a genesis with one"
            " --voter",
            count=len(genesis.voters),
        )
    return VoterSet(tuple(Voter(one.node_id, one.agreement) for one in genesis.voters), genesis.quorum)


def _own_name(genesis: Genesis, keys: NodeKeys) -> str:
    for voter in genesis.voters:
        if voter.node_id == keys.node_id:
            return voter.name
    raise UnsupportedNetworkError(
        "the genesis does not name this node as a voter; make it with this node's node.public.json, or use the"
        " folder of the node that it names"
    )


def _link(block: BuiltBlock) -> ChainLink:
    return ChainLink(_position(block), block.header.previous_hash, block.header.voter_set_hash)


def _position(block: BuiltBlock) -> Position:
    return Position(block.header.term, block.header.height, block.header.hash)


def _expired() -> ExpiredError:
    return ExpiredError("the transaction's time ran out before a block took it; sign it again with a later expiry")
