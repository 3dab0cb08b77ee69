"""The node at work: one task that steps it, and everything around that carries out what it wants.

Owns the nursery, the clock readings and the order of effects; never decides anything about the ledger (the pure
`daemon.node` does). Clients, HTTP and benchmarks come in through `submit` and `submit_many`, and read the store
themselves.

    submit -> verifier (threads) -> inbox -> node.step -> effects -> disk, sign-state, neighbours, waiting clients
                                      ^------ reports: stored, saved, verified; neighbours; ticks ------'

What a message depends on is durable before the node wants it sent (`daemon.effects`), so effects are carried out at
once and in order.

Bounds: verifier queue, inbox, waiting room, open questions and the transport have theirs.
Cancellation: `run` may be cancelled at any time; what was reported committed is on disk. A clean end is `stop`.
"""

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

import trio

from consensus.settings import Role
from daemon.body_budget import BodyBudget
from daemon.disk import Disk
from daemon.effects import (
    Admitted,
    Alarm,
    BlockExecuted,
    CheckpointPublished,
    Dropped,
    Effect,
    EvidenceFound,
    ReadFailed,
    ReadReady,
    Refused,
    RegistryChanged,
    Reported,
    RoleChanged,
    SaveSignState,
    Stopped,
    StoreBatch,
    Verify,
)
from daemon.errors import OverloadedError, StoppingError
from daemon.events import HandOverRequested, ReadRequested, Started, Stopping, Submission, Verified
from daemon.foreseen import foreseen
from daemon.inbox import Inbox
from daemon.lookup import find_transaction
from daemon.mempool import MempoolFullError
from daemon.metrics import Metrics
from daemon.node import Node
from daemon.node_errors import NotAcceptingError
from daemon.open_questions import OpenQuestions
from daemon.peer_network import PeerNetwork
from daemon.pending import Pending, SubmissionOutcome, SubmissionStatus
from daemon.sign_state_file import SignStateFile
from daemon.sign_state_keeper import SignStateKeeper
from daemon.status import NodeStatus
from daemon.verifier import Verifier
from daemon.waiting_room import RETRY_AFTER_STOP_MS, WaitingRoom
from ledger.detached import DetachedValue
from ledger.errors import BanyanError
from ledger.hashing import Hash
from p2p.effects import Blame, Dial, Drop, SendFrame
from storage.interface import Store

# Half of a heartbeat (`consensus.timing`): what is due waits for half of one at most.
TICK_INTERVAL_MS = 50
# How long a leader that is told to stop waits for its successor: as long as it proposes nothing, two election timeouts.
HAND_OVER_SECONDS_MAX = 2
# How long `submit` waits for the execution unless told otherwise: what the HTTP API allows at most.
WAIT_MS_MAX = 60_000
RETRY_AFTER_MS = 1000
_LEADER = Role.LEADER.value


class Service:
    """One running node; start `run` in a nursery, then use the rest.

    Args:
        node: Not stepped yet, over the same `store`.
        store: Read by everybody, written by nobody else.
        sign_state: Beside the node's seed.
        now_ms: The clock, milliseconds since 1970 UTC.
        verify_threads: At least 1.
        metrics: Where to count.
        log: Called with a name, fields and perhaps `level` for what an operator should know (`daemon.logs.log_event`).
        network: The connections with neighbours; None for a node that has none.
    """

    def __init__(
        self,
        node: Node,
        store: Store,
        sign_state: SignStateFile,
        now_ms: Callable[[], int],
        verify_threads: int,
        metrics: Metrics,
        log: Callable[..., None],
        network: PeerNetwork | None = None,
    ) -> None:
        self.store = store
        self.bodies = BodyBudget()
        self._node = node
        self._metrics = metrics
        self._count_new = metrics.admitted.labels("new").inc
        self._count_known = metrics.admitted.labels("known").inc
        self._log = log
        self._network = network
        self._inbox = Inbox(now_ms)
        self._disk = Disk(store, self._inbox, log)
        self._keeper = SignStateKeeper(sign_state, self._inbox)
        self._verifier = Verifier(self._hand_over, verify_threads)
        self._waiting = WaitingRoom()
        self._questions = OpenQuestions(lambda question: self._inbox.post(ReadRequested, question))
        self._retries: deque[Pending] = deque()
        self._pool_has_room = trio.Event()
        self._pool_has_room.set()
        self._moved = trio.Event()
        self._stopped = trio.Event()
        self._ended = trio.Event()
        self._leader: Hash | None = None
        self.stopping = trio.Event()

    # -- running ------------------------------------------------------------------------------------------------

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run the node until it has stopped; `started` at once: `reason` says when it takes transactions.

        Raises:
            BanyanError: an alarm, or a disk that cannot be written: the node must not go on; the message says why.
        """
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._disk.run)
                nursery.start_soon(self._keeper.run)
                nursery.start_soon(self._verifier.run)
                if self._network is not None:
                    await nursery.start(self._network.run, self._inbox)
                nursery.start_soon(self._tick)
                self._inbox.post(Started)
                task_status.started()
                await self._step_until_stopped()
                self._end()
                if self._network is not None:
                    await self._network.leave()
                nursery.cancel_scope.cancel()
        except BaseExceptionGroup as group:
            raise (foreseen(group) or group) from None
        finally:
            self._end()
            self._ended.set()

    def _end(self) -> None:
        """Leave nobody waiting for a node that takes no step any more."""
        self.stopping.set()
        self._stopped.set()
        self._inbox.close()
        self._waiting.close()
        self._questions.close()
        self._moved.set()
        self._pool_has_room.set()

    async def stop(self, timeout_ms: int) -> bool:
        """Hand over what the node leads, let it finish what it proposed, leave the neighbours, and end.

        Nothing new is taken once another node leads. A node that does not finish (a full disk) may simply be cancelled:
        what it reported is on disk.

        Returns:
            Whether it ended within `timeout_ms`.
        """
        with trio.move_on_after(timeout_ms / 1000):
            if not self.stopping.is_set():
                await self._hand_over_leadership()
                self.stopping.set()
                self._inbox.post(Stopping)
            await self._ended.wait()
        return self._ended.is_set()

    async def _hand_over_leadership(self) -> None:
        """Let another voter lead before this one goes, and wait until it has committed what this one proposed."""
        status = self.status()
        if status.role != _LEADER or len(status.voters) == 1:
            return
        self.hand_over(None)
        with trio.move_on_after(HAND_OVER_SECONDS_MAX):
            while not self.has_stopped and (
                self.status().role == _LEADER or self.store.head().executed_height < status.height
            ):
                await self._moved.wait()
        self._log("handed-over" if self.status().role != _LEADER else "not-handed-over", term=status.term)

    def hand_over(self, successor: Hash | None) -> None:
        """Wish that this voter leads next, or the one that is furthest; without effect on a node that does not lead."""
        self._inbox.post(HandOverRequested, successor)

    async def _step_until_stopped(self) -> None:
        while not self._stopped.is_set():
            event = await self._inbox.next()
            with self._metrics.step_seconds.time():
                effects = self._node.step(event)
            for effect in effects:
                self._carry_out(effect)
            if self._node.leader != self._leader:
                self._leader = self._node.leader
                self._log("leader", leader=None if self._leader is None else self._leader.hex())
                self._wake()

    async def _tick(self) -> None:
        while True:
            await trio.sleep(TICK_INTERVAL_MS / 1000)
            self._inbox.tick()
            if self._retries:
                batch = list(self._retries)
                self._retries.clear()
                await self._hand_over(batch)
            else:
                self._pool_has_room.set()

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case StoreBatch():
                self._disk.store(effect)
            case SaveSignState():
                self._keeper.save(effect)
            case Admitted():
                self._admitted(effect)
            case Refused():
                self._refused(effect)
            case BlockExecuted():
                self._executed(effect)
            case CheckpointPublished(tree_size):
                self._log("checkpoint", tree_size=tree_size, level="debug")
                self._wake()
            case Dropped():
                self._waiting.dropped(effect)
            case Verify(ticket, submissions):
                self._verifier.verify_foreign(submissions, partial(self._inbox.post, Verified, ticket))
            case SendFrame() | Dial() | Drop():
                if self._network is not None:
                    self._network.carry_out(effect)
            case Blame(peer, offence):
                self._log("peer-blamed", peer=peer.hex(), offence=offence.value)
            case RegistryChanged():
                if self._network is not None:
                    self._network.registry_changed()
            case ReadReady(question):
                self._questions.answered(question, True)
            case ReadFailed(question):
                self._questions.answered(question, False)
            case Reported(error):
                self._log("reported", level="warning", code=error.code, reason=str(error))
            case EvidenceFound(evidence):
                node_id = evidence.node_id.hex()
                self._log("evidence", level="error", offence=evidence.offence.value, node=node_id, term=evidence.term)
            case RoleChanged(role, term):
                self._log("role", role=role, term=term)
                self._wake()
            case Alarm(error):
                raise error
            case Stopped():
                self._stopped.set()

    # -- submissions --------------------------------------------------------------------------------------------

    async def submit(
        self,
        raw: bytes,
        *,
        detached: tuple[DetachedValue, ...] | None = None,
        wait_ms: int = WAIT_MS_MAX,
    ) -> SubmissionOutcome:
        """Hand in one submission and wait for what becomes of it.

        Args:
            raw: As on the wire (`ledger.submission`), or the envelope alone if `detached` is given.
            detached: The values beside the envelope; None if they are in `raw`.
            wait_ms: 0: until it is admitted; else at most so long until it is executed.

        Raises nothing of the ledger's: refusals are outcomes. Cancellation leaves the transaction where it is.
        """
        pending = self.hand_in(raw, detached, until_executed=wait_ms > 0)
        return await self.outcome_of(pending, wait_ms)

    def hand_in(
        self,
        raw: bytes,
        detached: tuple[DetachedValue, ...] | None,
        *,
        until_executed: bool,
        on_let_go: Callable[[], None] | None = None,
    ) -> Pending:
        """The first half of `submit`, for a caller that keeps nothing of the submission while it waits.

        Its `outcome_of` must be asked for. `on_let_go` is called when the node has refused it, or holds it as a
        transaction.
        """
        pending = self._waiting.submission(
            raw, detached, until_executed=until_executed, patient=False, on_let_go=on_let_go
        )
        error = self._unable()
        if error is not None:
            pending.refuse(error, self._retry_after_ms)
            return pending
        try:
            self._verifier.put_nowait(pending)
        except OverloadedError as overloaded:
            self._metrics.refused.labels(overloaded.code).inc()
            pending.refuse(overloaded, RETRY_AFTER_MS)
        return pending

    async def start_submission(self, raw: bytes, detached: tuple[DetachedValue, ...] | None = None) -> Pending:
        """Hand in one of many: waits for room instead of refusing, and waits out a full pool or a start.

        The caller waits on the result itself, and bounds how many it has under way (a few thousand).
        """
        if not self._pool_has_room.is_set():
            # Somebody waits for room in the pool already: what comes now would only be held here.
            await self._pool_has_room.wait()
        pending = self._waiting.submission(raw, detached, until_executed=True, patient=True)
        error = self._unable()
        if error is not None:
            pending.refuse(error, self._retry_after_ms)
        else:
            await self._verifier.put(pending)
        return pending

    async def submit_many(self, raws: Sequence[bytes]) -> list[SubmissionOutcome]:
        """Hand in many submissions and wait until each is executed or refused; outcomes in the same order.

        Memory: the caller's list and one small object each; what waits in the node is bounded all the same.
        """
        pendings = [await self.start_submission(raw) for raw in raws]
        return [await pending.wait() for pending in pendings]

    async def wait_for_transaction(self, transaction_id: Hash, wait_ms: int) -> bool:
        """Wait at most `wait_ms` until the transaction is executed; whether it is in the store now."""
        if self.store.index_of(transaction_id) is not None:
            return True
        if wait_ms <= 0 or self._waiting.is_full or self._stopped.is_set():
            return False
        outcome = await self.outcome_of(self._waiting.question(transaction_id), wait_ms)
        return outcome.status is SubmissionStatus.COMMITTED

    async def outcome_of(self, pending: Pending, wait_ms: int) -> SubmissionOutcome:
        """The second half of `submit`: what became of what was handed in, after at most `wait_ms` (0: 60 seconds)."""
        try:
            with trio.move_on_after((wait_ms or WAIT_MS_MAX) / 1000):
                return await pending.wait()
        finally:
            # Its time is over, or the caller was cancelled: nobody waits, so nobody may be kept.
            self._waiting.leave(pending)
        if pending.request or pending.admitted:
            pending.leave_pending()
        else:
            # It waits for the verifier still, which passes on nothing that was given up.
            pending.give_up(
                OverloadedError("the node has not come to verify it in this time; send it again in a moment"),
                RETRY_AFTER_MS,
            )
        return await pending.wait()

    async def _hand_over(self, verified: Sequence[Pending]) -> None:
        submissions = []
        for pending in verified:
            if pending.is_refused:
                pending.let_go()
                continue
            assert pending.transaction is not None and pending.detached is not None, "the verifier set them"
            submissions.append(Submission(self._waiting.enter(pending), pending.transaction, pending.detached))
        if submissions:
            await self._inbox.submit(tuple(submissions))

    def _admitted(self, effect: Admitted) -> None:
        (self._count_known if effect.known else self._count_new)()
        pending = self._waiting.take(effect)
        if pending is None:
            return
        # The node has it in its pool now, or in the log.
        pending.let_go()
        if pending.outcome is not None:
            return
        pending.admitted = True
        pending.known = effect.known
        if effect.known and self._decide_from_store(pending, effect.transaction_id):
            return
        if pending.until_executed:
            self._waiting.wait_for_execution(pending)
        else:
            pending.leave_pending()

    def _decide_from_store(self, pending: Pending, transaction_id: Hash) -> bool:
        found = find_transaction(self.store, transaction_id)
        if found is None:
            return False
        pending.decide(
            SubmissionOutcome(
                status=SubmissionStatus.COMMITTED,
                transaction_id=transaction_id,
                known=True,
                height=found.height,
                leaf_index=found.leaf_index,
                time_ms=found.time_ms,
                result=found.result,
            )
        )
        return True

    def _refused(self, effect: Refused) -> None:
        pending = self._waiting.take(effect)
        if pending is None:
            return
        passing = isinstance(effect.error, MempoolFullError | NotAcceptingError)
        if pending.patient and passing and not self.stopping.is_set():
            self._retries.append(pending)
            self._pool_has_room = trio.Event() if self._pool_has_room.is_set() else self._pool_has_room
            return
        self._metrics.refused.labels(effect.error.code).inc()
        pending.refuse(effect.error, effect.retry_after_ms)

    # -- state --------------------------------------------------------------------------------------------------

    def status(self) -> NodeStatus:
        """The node's own picture of itself."""
        return self._node.status()

    @property
    def reason(self) -> BanyanError | None:
        """Why no transactions are taken now; None if they are."""
        reason = self._unable()
        if reason is None and not self._node.status().accepting:
            return NotAcceptingError(
                "the node takes no transactions now: it is starting or stopping; send it again later"
            )
        return reason

    async def confirm_newest(self, wait_ms: int) -> None:
        """Return when everything that was reported committed before the call can be read from the store.

        Any node may be asked; one that does not lead asks the leader (docs/protocol.md, section 6, "Reads").

        Raises:
            NotLeaderError: nobody confirmed it within `wait_ms`.
            OverloadedError: too many wait for that already.
        """
        await self._questions.confirm(wait_ms)

    @property
    def has_stopped(self) -> bool:
        """Whether the node has ended: nothing moves any more."""
        return self._stopped.is_set()

    def next_move(self) -> trio.Event:
        """Set when the next block is executed, the next checkpoint published, somebody else leads, or the node stops.

        Ask for it before looking at the store: what happens in between is then not missed.
        """
        return self._moved

    async def wait_for_move(self) -> None:
        """Wait for `next_move`; for who has nothing to look at in between."""
        await self._moved.wait()

    def _executed(self, effect: BlockExecuted) -> None:
        self._metrics.executed.inc(len(effect.transactions))
        self._waiting.executed(effect)
        count = len(effect.transactions)
        self._log("block", height=effect.height, transactions=count, tree_size=effect.tree_size, level="debug")
        self._wake()

    def _wake(self) -> None:
        moved, self._moved = self._moved, trio.Event()
        moved.set()

    def _unable(self) -> BanyanError | None:
        if self.stopping.is_set():
            return StoppingError("the node is stopping; send it again when it runs")
        if self._disk.full is not None:
            return self._disk.full
        if self._waiting.is_full:
            return OverloadedError("too many clients wait for their transactions; send it again in a moment")
        return None

    @property
    def _retry_after_ms(self) -> int:
        return RETRY_AFTER_STOP_MS if self.stopping.is_set() else RETRY_AFTER_MS
