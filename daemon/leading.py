"""What a leader does with its term: open it, put waiting transactions into blocks, run timers, close. Pure.

Owns when a block is built; never whether this node leads (agreement says so) nor when the block counts. Bound: the
window of blocks beyond the last committed one, which the block that opens a term may exceed (docs/protocol.md,
section 6, L2: a window full of inherited blocks must not keep a leader from committing them), and one block that lets
early ones of its own be committed.
"""

from collections.abc import Callable
from dataclasses import replace

from consensus.agreement import Agreement
from consensus.certificates import ElectionCertificate
from consensus.statement import Position
from contracts.voter_change import is_voter_change
from daemon.agreement_start import position_of
from daemon.block_builder import BuiltBlock, Proposer, build_block
from daemon.chain import Chain
from daemon.change_readiness import ChangeReadiness
from daemon.effects import Effect
from daemon.filling import BlockRoom, Filling
from daemon.intake import Intake
from daemon.mempool import Waiting
from daemon.node_errors import ChangeWaitsError
from daemon.outgoing import Writer
from daemon.protocol_in_force import ProtocolInForce
from ledger.genesis import Genesis
from ledger.node_keys import NodeKeys
from ledger.transaction import Transaction

# While a block with transactions is on its way, the next one waits for this many: below that, the flush would cost
# more than the wait.
BATCH_WORTH_A_BLOCK = 256


class Leading:
    """The proposer's part of a node; idle while another node leads."""

    def __init__(
        self,
        genesis: Genesis,
        keys: NodeKeys,
        chain: Chain,
        intake: Intake,
        writer: Writer,
        agreement: Agreement,
        readiness: ChangeReadiness,
        protocol: ProtocolInForce,
        filling: Filling,
    ) -> None:
        self._genesis = genesis
        self._keys = keys
        self._chain = chain
        self._intake = intake
        self._writer = writer
        self._agreement = agreement
        self._readiness = readiness
        self._protocol = protocol
        self._filling = filling
        self._proposer: Proposer | None = None
        # Whether nothing was proposed since the last tick.
        self._is_quiet = True
        # Why the oldest change of voters that waits was not put into a block when it was tried last.
        self.change_waits: ChangeWaitsError | None = None

    @property
    def is_active(self) -> bool:
        """Whether this node opened a term and still leads it."""
        return self._proposer is not None

    def is_own(self, position: Position) -> bool:
        """Whether a block of this term is this node's own proposal."""
        return self._proposer is not None and position.term == self._proposer.term

    def open_term(self, term: int, certificate: ElectionCertificate, now_ms: int) -> None:
        """Raft 5.4.2: nothing of earlier terms is committed by counting, so a leader begins with a block of its own.

        One that is too old for the version of that block opens nothing; it is about to end.
        """
        protocol = self._protocol.next_protocol()
        if protocol is None:
            return
        self._proposer = Proposer(
            self._genesis.network_id,
            self._keys.agreement,
            self._keys.node_id,
            term,
            self._agreement.voters.hash,
            protocol.version,
        )
        self._build([], now_ms, election_certificate=certificate.encode())

    def end_term(self) -> None:
        """Another term, or another leader: nothing more is proposed."""
        self._proposer = None
        self.change_waits = None

    def propose(self, now_ms: int) -> list[Effect]:
        """Build blocks while the window has room and waiting is not the better choice; who is told that it is late."""
        effects: list[Effect] = []
        if self._proposer is None:
            return effects
        if not len(self._intake):
            self.change_waits = None
        while self._may_propose and len(self._intake):
            under_way = self._chain.tip.height - self._agreement.committed_height
            if under_way >= self._genesis.parameters.window_blocks_max:
                break
            if self._is_company_coming and len(self._intake) < BATCH_WORTH_A_BLOCK:
                break
            room = self._filling.room(self._chain.blocks)
            if room is None:
                break
            taken, late = self._intake.take(self.block_time_ms(now_ms), self._choosing(room))
            effects += late
            if taken:
                self._is_quiet = False
                self._filling.built(self._build(taken, now_ms), room)
            elif not late:
                break
        return effects

    def _choosing(self, room: BlockRoom) -> Callable[[Transaction], bool]:
        """What may go into the next block: what its work has room for, and one change of voters, when it is safe."""
        changes: list[Transaction] = []
        self.change_waits = None

        protocol = self._protocol.next_protocol()

        def may_take(transaction: Transaction) -> bool:
            if protocol is None or not protocol.admits(transaction):
                return False
            work = room.work_of(transaction)
            if work is None or (is_voter_change(transaction) and not is_ready(transaction)):
                return False
            room.used += work
            return True

        def is_ready(transaction: Transaction) -> bool:
            lag_blocks_max = self._genesis.parameters.window_blocks_max
            if changes:
                return False
            reason = self._readiness.why_waiting(transaction, lag_blocks_max)
            if reason is not None:
                self.change_waits = self.change_waits or reason
                return False
            changes.append(transaction)
            return True

        return may_take

    def run_timers(self, now_ms: int) -> None:
        """Begin a block where a timer is due and nothing else brings one: asked with every event.

        One at a time, and none on top of a block that is not executed: it may run the very timer, and what is due after
        it is known only then. More than one block's worth of timers is worked off block by block.
        """
        if not self._may_propose or self._chain.unexecuted_count:
            return
        due_ms = self._chain.next_timer_ms
        if due_ms is not None and due_ms <= self.block_time_ms(now_ms):
            self._build([], now_ms)

    def close(self, now_ms: int, at_once: bool = False) -> None:
        """Put executed effects into a header when nothing else will: asked on a tick, so a run of writes shares it.

        A closing block costs all voters as much as one with a write, and cosignatures: unless it has to be `at_once`,
        it waits until nobody has written between two ticks.
        """
        was_quiet, self._is_quiet = self._is_quiet, True
        idle = not self._intake.ready_count and not self._chain.unexecuted_count and not len(self._writer)
        is_over = idle and not self._writer.outgoing and (was_quiet or at_once)
        if self._may_propose and is_over and self._chain.has_unstated_effects:
            self._build([], now_ms, closing=True)
        elif self._may_propose and self._is_held_up(now_ms):
            # Its time is a millisecond after its parent's by the rule, so it may be acknowledged and commits both.
            self._build([], now_ms)

    def block_time_ms(self, now_ms: int) -> int:
        """The least time that the next block can have."""
        return max(now_ms, self._chain.tip.time_ms + 1)

    def block_at(self, position: Position) -> BuiltBlock | None:
        """The block of the chain at this position, while it is not executed."""
        return next((block for block in self._chain.blocks if position_of(block) == position), None)

    def _is_held_up(self, now_ms: int) -> bool:
        """Whether the newest block is this leader's own, of a clock that was ahead and was set right: the others wait.

        They would elect somebody else, unless too few of them are there to do it without this one's pre-vote.
        """
        tip = self._chain.tip
        if tip.header is None or tip.header.proposer != self._keys.node_id or not self.is_active:
            return False
        parent = self._chain.tip_at(tip.height - 1)
        is_early = tip.time_ms > now_ms + self._genesis.parameters.clock_skew_ms_max
        return is_early and parent is not None and tip.time_ms != parent.time_ms + 1

    @property
    def _is_company_coming(self) -> bool:
        """Whether a block with transactions is on its way: their senders write again when it is through. An empty one
        brings nobody, and a write would wait for it in vain."""
        return any(block.transactions for block in self._chain.blocks)

    @property
    def _may_propose(self) -> bool:
        """While a barrier is not executed only blocks that open a term may follow it."""
        is_barred = self._chain.tip.barrier_height > self._chain.executed_height
        may_propose = self._proposer is not None and self._agreement.may_propose and not is_barred
        return may_propose and self._protocol.next_protocol() is not None

    def _build(
        self, waiting: list[Waiting], now_ms: int, closing: bool = False, election_certificate: bytes = b""
    ) -> BuiltBlock:
        assert self._proposer is not None, "only a leader builds blocks"
        protocol = self._protocol.next_protocol()
        assert protocol is not None, "who is too old for the next block builds none"
        # Since the term was opened other voters, or another version, may have come into force.
        proposer = replace(
            self._proposer, voter_set_hash=self._agreement.voters.hash, protocol_version=protocol.version
        )
        block = build_block(
            proposer,
            self._chain.tip,
            [one.transaction for one in waiting],
            now_ms,
            self._chain.executed_point(),
            closing,
            election_certificate,
        )
        self._chain.append(block)
        self._writer.outgoing.blocks.append(block)
        self._writer.outgoing.add_detached(self._intake.appended(block, waiting).values)
        return block
