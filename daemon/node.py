"""One node, whole and pure: ledger, agreement, pool, gossip and execution put together. Events in, ordered effects out.

Owns the order in which things become true: a block is stored before it is acknowledged, the acknowledgement is
kept before it counts, a block is certified before it is executed, executed and on disk before anybody is told.
Never touches a clock, a disk, a socket or chance: the shell and the simulator run this very class.

The way of a transaction: `Submitted` -> admission -> pool -> gossip -> block -> `StoreBatch` -> `BatchStored` ->
acknowledgement -> `SaveSignState` -> `SignStateSaved` -> proposal, acknowledgements of others -> certificate ->
execution -> `StoreBatch` -> `BatchStored` -> `BlockExecuted`. An execution is written together with the next block.

Bounds: those of its parts, and the window of blocks beyond the last committed one (genesis parameter).
Source: docs/protocol.md, sections 4 to 8; the order of effects as in etcd-io/raft `Ready`.
"""

from collections.abc import Callable

from consensus.certificates import BlockCertificate
from consensus.effects import (
    BecameLeader,
    Broadcast,
    BroadcastCertificate,
    BroadcastTerm,
    Caught,
    Committed,
    KeepAcknowledgement,
    KeepTerm,
    KeepVote,
    Propose,
    ReadConfirmed,
    ReadRefused,
    StandingChanged,
)
from consensus.effects import Effect as AgreementEffect
from consensus.events import (
    Accepted,
    BlocksStored,
    Campaign,
    CertificateHeard,
    Heard,
    ReadAsked,
    TransferAsked,
    VotersChanged,
    WritingChanged,
)
from consensus.events import Event as AgreementEvent
from consensus.events import Started as AgreementStarted
from consensus.events import Tick as AgreementTick
from consensus.packets import Packet
from consensus.settings import Chance, Role
from consensus.timing import Timing
from contracts.protocols import Protocols
from daemon.acceptance import Acceptance
from daemon.agreement_start import is_lone_voter, link_of, position_of, position_of_tip, start_agreement
from daemon.chain import Chain
from daemon.change_readiness import ChangeReadiness
from daemon.checkpointer import Checkpointer
from daemon.cosigning import Cosigning
from daemon.effects import (
    Alarm,
    CheckpointPublished,
    Effect,
    EvidenceFound,
    ReadFailed,
    ReadReady,
    Reported,
    RoleChanged,
    Verify,
)
from daemon.ending import Ending
from daemon.events import (
    BatchStored,
    DialFailed,
    Event,
    GuestsChanged,
    HandOverRequested,
    PeerBlamed,
    PeerConnected,
    PeerGone,
    ReadRequested,
    Received,
    RoomChanged,
    SignStateSaved,
    Started,
    StepTimed,
    Stopping,
    Submission,
    Submitted,
    SyncDone,
    Ticked,
    Verified,
)
from daemon.evidence_judge import EvidenceJudge
from daemon.exchange import Exchange
from daemon.filling import Filling
from daemon.growing import Growing
from daemon.intake import Intake
from daemon.keeping import Keeping
from daemon.leading import Leading
from daemon.neighbourhood import Peer
from daemon.node_errors import DigestMismatchError, LedgerContradictionError
from daemon.outgoing import SignedCheckpoint, Writer
from daemon.pace import BLOCK_WORK_MS_MAX
from daemon.picture import picture
from daemon.protocol_in_force import ProtocolInForce
from daemon.reading import Reading
from daemon.sign_state import SignState
from daemon.status import NodeStatus
from daemon.sync_work import SyncSettings
from daemon.telling import Telling
from daemon.voters_in_force import VotersInForce
from ledger.errors import BanyanError, RemoteProtocolError
from ledger.genesis import Genesis
from ledger.hashing import Hash
from ledger.node_keys import NodeKeys
from p2p.frames import Status
from p2p.overlay import OverlaySettings
from storage.interface import StoreReader

# What one step of the machine's clock counts for timeouts: a clock that is set ends no more than the waiting under way.
CLOCK_STEP_MS_MAX = 5000


class Node:
    """The state machine; not thread-safe, driven by one task.

    Args:
        keys: The node's four keys.
        genesis: The network.
        protocols: The versions of the protocol that the program can follow.
        reader: The store, as of the last durable write.
        sign_state: What was signed before, from beside the seed.
        term_certificate: Why the node is in the sign-state's term, from the same place; empty in term 0.
        chance: Where random numbers come from.
        timing: How long agreement waits.
        neighbours, sync: Whom the node wants to be connected with; whether and how it syncs by snapshot.
        block_work_ms_max: How much work a block of its own may hold, in this machine's time; 1 or more.

    Raises:
        LedgerContradictionError: the store does not fit.
        ProtocolTooOldError: what the store holds, or what comes next, is of a version that is not known.
    """

    def __init__(
        self,
        keys: NodeKeys,
        genesis: Genesis,
        protocols: Protocols,
        reader: StoreReader,
        sign_state: SignState,
        term_certificate: bytes,
        chance: Chance,
        timing: Timing | None = None,
        neighbours: OverlaySettings | None = None,
        block_work_ms_max: int = BLOCK_WORK_MS_MAX,
        sync: SyncSettings | None = None,
    ) -> None:
        self._keys, self._now_ms = keys, genesis.created_ms
        self._elapsed_ms = self._verify_ticket = 0
        self._chain = Chain(genesis, protocols, reader)
        self._voters = VotersInForce(self._chain)
        self._protocol = ProtocolInForce(genesis, self._chain, protocols)
        self._intake = Intake(genesis, self._chain, reader)
        self._agreement = start_agreement(
            genesis,
            keys,
            self._voters,
            self._chain,
            reader,
            sign_state,
            term_certificate,
            timing or Timing(),
            chance,
        )
        self._reading = Reading(genesis.network_id, keys, self._agreement, self._chain.executed_height)
        self._evidence = EvidenceJudge(genesis.network_id, self._voters)
        self._cosigning = Cosigning(genesis, self._chain, reader)
        self._exchange = Exchange(
            keys.node_id,
            neighbours or OverlaySettings(),
            genesis,
            self._chain,
            self._intake,
            reader,
            self._agreement,
            self._voters,
            self._protocol,
            self._evidence,
            self._cosigning,
            chance,
            lambda: self._elapsed_ms,
            self._verify,
            self._report,
            sync or SyncSettings(),
        )
        self._saying = self._exchange.saying
        self._acceptance = Acceptance(genesis, keys.node_id, self._chain)
        self._keeping = Keeping(sign_state)
        checkpointer = Checkpointer(genesis, keys, self._voters)
        self._telling = Telling(self._exchange, self._reading, self._cosigning, checkpointer, self._keeping)
        self._writer = Writer()
        changed = (self._chain, self._intake, self._acceptance, self._writer, self._exchange)
        hands = (self._agree_and_execute, self._write, self._report)
        self._growing = Growing(*changed, 2 * genesis.parameters.window_blocks_max, *hands)
        self._readiness = ChangeReadiness(self._chain, self._agreement)
        self._filling = Filling(protocols.newest.registry, block_work_ms_max)
        parts = (self._chain, self._intake, self._writer, self._agreement, self._readiness, self._protocol)
        self._leading = Leading(genesis, keys, *parts, self._filling)
        rules = (self._chain, self._intake, self._voters, self._protocol)
        self._ending = Ending(keys.node_id, *rules, self._leading, self._writer, self._keeping)
        self._effects, self._checkpoint_size = list[Effect](), self._cosigning.published_size
        self._opened_term, self._halted, self._is_tick = -1, False, False
        self._committed: list[BlockCertificate] = []  # In this step; executed before anything else is asked.

    def step(self, event: Event) -> list[Effect]:
        """What follows from `event`, in the order in which it is to be carried out (see `daemon.effects`)."""
        return [*self.begin(event), *self.end()]

    def begin(self, event: Event) -> list[Effect]:
        """The first half of a step: what may leave before the blocks that `event` commits are executed, if it does.

        An acknowledgement need not wait for that. `end` comes next, and nothing between but carrying these out.
        """
        # Blocks take the machine's time; agreement waits by a clock of its own, which does not jump with it.
        self._elapsed_ms += min(max(event.now_ms - self._now_ms, 0), CLOCK_STEP_MS_MAX)
        self._now_ms, self._is_tick = event.now_ms, isinstance(event, Ticked)
        self._unless_halted(self._handle, event)
        return list[Effect](self._exchange.take_effects() if self._committed and not self._halted else ())

    def end(self) -> list[Effect]:
        """The second half: everything else that follows."""
        self._unless_halted(self._go_on)
        assert self._halted or not self._committed, "what a step commits it executes"
        self._write()
        self._effects += [*self._exchange.take_effects(), *self._filling.take_worked()]
        self._effects += self._ending.follow(self._elapsed_ms)
        effects, self._effects = self._effects, []
        return effects

    def _go_on(self) -> None:
        self._execute_committed()
        self._growing.follow(self._elapsed_ms)
        self._effects.extend(self._leading.propose(self._now_ms))
        if not self._ending.is_begun:
            self._leading.run_timers(self._now_ms)
        if self._ending.is_begun or self._is_tick:
            self._leading.close(self._now_ms, self._ending.is_begun)

    def _unless_halted(self, do: Callable[..., None], *arguments: object) -> None:
        try:
            if not self._halted:
                do(*arguments)
        except LedgerContradictionError as error:
            self._halted = True
            self._effects.append(Alarm(error))

    def status(self) -> NodeStatus:
        """One picture of the node as of the last step; O(log n) for the root of the newest tree."""
        return picture(
            self._keys.node_id,
            self._agreement,
            self._chain,
            self._voters,
            self._protocol,
            self._intake.pool,
            {peer: self._readiness.heights.get(peer, 0) for peer in self._exchange.neighbours},
            self._exchange.heard_ages_ms,
            self._exchange.sync_progress,
            change_waits=self._leading.change_waits,
            opened=self._opened_term == self._agreement.term,
            accepting=self._accepting,
            checkpoint_size=self._checkpoint_size,
            unstored_batches=len(self._writer),
        )

    @property
    def leader(self) -> Hash | None:
        """Node id of the running term's leader, where its election was checked."""
        return self._agreement.leader

    def peers(self) -> tuple[Peer, ...]:
        """The neighbours, and everybody whose score shows an offence, with the reasons."""
        return self._exchange.peers()

    @property
    def neighbour_heights(self) -> dict[Hash, int]:
        """The committed height of each neighbour that told its own."""
        return self._readiness.heights

    @property
    def elapsed_ms(self) -> int:
        """The node's own clock, by which it remembers what peers did."""
        return self._elapsed_ms

    # -- events -------------------------------------------------------------------------------------------------

    def _handle(self, event: Event) -> None:
        # In the order of how often they come.
        match event:
            case Received():
                self._hear(event)
            case BatchStored(_, ticket):
                self._batches_stored(ticket)
            case Ticked():
                self._tick()
            case SignStateSaved(_, ticket):
                self._sign_states_saved(ticket)
            case Verified():
                self._take_verified(event)
            case Submitted(_, submissions):
                self._admit(submissions)
            case ReadRequested(_, question):
                self._read(self._reading.ask(question, self._elapsed_ms))
            case PeerConnected() | PeerGone() | DialFailed():
                self._exchange.neighbour(event)
                self._readiness.gone(event.peer)
            case PeerBlamed() | GuestsChanged() | SyncDone():
                self._exchange.take(event)
            case StepTimed(_, work, elapsed_us):
                self._filling.timed(work, elapsed_us)
            case HandOverRequested(_, successor):
                self._agree(TransferAsked(successor, position_of_tip(self._chain.tip)))
            case RoomChanged(_, has_room):
                self._agree(WritingChanged(has_room))
            case Started():
                self._start()
            case Stopping():
                self._ending.begin(self._elapsed_ms)

    def _start(self) -> None:
        """Refuse to sign on top of a database that is older than the signatures; then listen, or alone, lead."""
        is_alone = is_lone_voter(self._agreement, self._keys, self._keeping.state.acknowledged_height)
        self._effects.append(RoleChanged(self._agreement.role.value, self._agreement.term))
        self._report(self._protocol.warning)
        self._agree(AgreementStarted())
        self._effects.extend(self._keeping.catch_up(self._agreement))
        self._accept_stored()
        self._exchange.look_up_nodes()
        if is_alone:
            self._agree(Campaign())

    def _tick(self) -> None:
        self._effects.extend(self._intake.drop_expired(self._leading.block_time_ms(self._now_ms)))
        self._agree(AgreementTick(self._intake.oldest_waiting_ms(self._elapsed_ms)))
        self._accept_stored()
        self._effects.extend(self._reading.tick(self._elapsed_ms))
        self._exchange.tick()

    def _report(self, error: BanyanError | None) -> None:
        if error is not None:
            self._effects.append(Reported(error))

    # -- transactions -------------------------------------------------------------------------------------------

    def _admit(self, submissions: tuple[Submission, ...]) -> None:
        answers, new = self._intake.admit(
            submissions, self._now_ms, self._leading.block_time_ms(self._now_ms), self._elapsed_ms, self._accepting
        )
        self._effects.extend(answers)
        self._saying.transactions(new, self._elapsed_ms)

    @property
    def _accepting(self) -> bool:
        return self._agreement.takes_blocks and not self._ending.is_begun and not self._halted

    def _verify(self, submissions: tuple[bytes, ...]) -> int:
        self._verify_ticket += 1
        self._effects.append(Verify(self._verify_ticket, submissions))
        return self._verify_ticket

    # -- neighbours ---------------------------------------------------------------------------------------------

    def _hear(self, event: Received) -> None:
        if isinstance(event.frame, Status):
            self._readiness.heard(event.peer, event.frame.committed_height)
        for heard in self._exchange.hear(event):
            self._agree(heard)
            if isinstance(heard, Heard):
                self._read(self._reading.hear(heard.packet.statement))
        for evidence in filter(self._evidence.remember, self._exchange.take_evidence()):
            self._effects.append(EvidenceFound(evidence))

    def _read(self, wanted: ReadAsked | Packet | ReadReady | ReadFailed | None) -> None:
        """Take a linearizable read one step further."""
        match wanted:
            case ReadAsked():
                self._agree(wanted)
            case Packet():
                self._saying.packet(wanted, self._elapsed_ms)
            case ReadReady() | ReadFailed():
                self._effects.append(wanted)

    def _take_verified(self, event: Verified) -> None:
        self._writer.outgoing.add_detached(self._exchange.verified(event, self._leading.block_time_ms(self._now_ms)))

    # -- what is durable ----------------------------------------------------------------------------------------

    def _batches_stored(self, ticket: int) -> None:
        for written in self._writer.stored(ticket):
            self._chain.stored(written.ticket, written.outgoing.executed)
            for executed in written.outgoing.executed:
                self._effects += self._telling.executed(executed, self._now_ms, self._elapsed_ms)
            if (signed := written.outgoing.checkpoint) is not None:
                self._checkpoint_size = signed.tree_size
                self._effects.append(CheckpointPublished(signed.tree_size, signed.note))
            if blocks := written.outgoing.blocks:
                newest = blocks[-1].stored.header
                self._agree(BlocksStored(tuple(link_of(block) for block in blocks), newest.header, newest.signature))
                self._acceptance.stored(blocks)
                self._accept_stored()
            for certificate in written.outgoing.certificates:
                self._agree(CertificateHeard(certificate))

    def _accept_stored(self) -> None:
        """Let agreement acknowledge the blocks that may be."""
        try:
            while (block := self._acceptance.take_next(self._now_ms)) is not None:
                self._agree(Accepted(position_of(block)))
        except DigestMismatchError as error:
            self._effects.append(Reported(error))

    def _sign_states_saved(self, ticket: int) -> None:
        for kept in self._keeping.saved(ticket):
            if isinstance(kept, SignedCheckpoint):
                self._cosigning.hear(kept.note, self._elapsed_ms)
                self._saying.checkpoint(kept.note, self._elapsed_ms)
            else:
                self._agree(kept)

    # -- agreement ----------------------------------------------------------------------------------------------

    def _agree_and_execute(self, event: AgreementEvent) -> None:
        self._agree(event)
        self._execute_committed()

    def _agree(self, event: AgreementEvent) -> None:
        self._execute_committed()
        try:
            for effect in self._agreement.step(event, self._elapsed_ms):
                self._carry_out(effect)
        except RemoteProtocolError as error:  # Of whoever signed it: the neighbour that relayed it is innocent.
            self._report(error)

    def _carry_out(self, effect: AgreementEffect) -> None:
        match effect:
            case KeepTerm():
                self._effects.append(self._keeping.term(effect))
            case KeepVote():
                self._effects.append(self._keeping.vote(effect))
            case KeepAcknowledgement(position):
                self._effects.append(self._keeping.acknowledgement(position, self._leading.is_own(position)))
            case Broadcast() | BroadcastCertificate() | BroadcastTerm():
                self._saying.say(effect, self._elapsed_ms)
            case BecameLeader(term, election):
                self._leading.open_term(term, election, self._now_ms)
            case Propose(position, acknowledgement):
                block = self._leading.block_at(position)
                self._saying.proposal(block, self._chain.newest_certificate, acknowledgement, self._elapsed_ms)
            case Committed(block_certificate):
                self._committed.append(block_certificate)
            case ReadConfirmed(question, height):
                self._read(self._reading.confirmed(question, height))
            case ReadRefused(question):
                self._read(self._reading.refused(question))
            case StandingChanged(role, term):
                if role != Role.LEADER.value:
                    self._leading.end_term()
                self._effects.append(RoleChanged(role, term))
            case Caught(evidence):
                if self._evidence.remember(evidence):
                    self._effects.append(EvidenceFound(evidence))
                    self._saying.evidence(evidence, self._elapsed_ms)

    def _execute_committed(self) -> None:
        while self._committed:
            committed, self._committed = self._committed, []
            for certificate in committed:
                self._execute(certificate)

    def _execute(self, certificate: BlockCertificate) -> None:
        self._opened_term = certificate.term
        for executed in self._chain.execute(certificate, self._writer.next_ticket):
            self._writer.outgoing.executed.append(executed)
            self._intake.executed(executed.block)
            self._filling.executed(executed)
        if self._protocol.executed():
            self._report(self._protocol.warning)
        for voters in self._voters.executed(certificate):
            self._agree(VotersChanged(voters))
        self._accept_stored()

    def _write(self) -> None:
        if (ready := self._cosigning.take_ready()) is not None:
            self._writer.outgoing.checkpoint = ready
        if not self._halted and (batch := self._writer.flush()) is not None:
            self._effects.append(batch)
