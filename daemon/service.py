"""The node at work: one task that steps it, and everything around that carries out what it wants.

Owns the nursery, the clock readings and the order of effects; never decides anything about the ledger (the pure
`daemon.node` does). Clients, HTTP and benchmarks come in through `daemon.reception`, and read the store themselves.

    submit -> verifier (threads) -> inbox -> node.step -> effects -> disk, sign-state, neighbours, waiting clients
                                      ^------ reports: stored, saved, verified; neighbours; ticks ------'

What a message depends on is durable before the node wants it sent (`daemon.effects`), so effects are carried out at
once and in order.

Bounds: verifier queue, inbox, waiting room, open questions and the transport have theirs.
Cancellation: `run` may be cancelled at any time; what was reported committed is on disk. A clean end is `stop`.
"""

from collections.abc import Callable
from functools import partial

import trio

from consensus.settings import Role
from daemon.body_budget import BodyBudget
from daemon.disk import Disk
from daemon.disk_room import DiskLimits, DiskRoom
from daemon.effects import (
    Admitted,
    Alarm,
    BlockExecuted,
    CheckpointPublished,
    Dropped,
    Effect,
    EvidenceFound,
    OutOfDate,
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
    Worked,
)
from daemon.events import (
    HandOverRequested,
    ReadRequested,
    Received,
    RoomChanged,
    Started,
    StepTimed,
    Stopping,
    Verified,
)
from daemon.foreseen import foreseen
from daemon.inbox import Inbox
from daemon.metrics import Metrics
from daemon.node import Node
from daemon.node_errors import not_accepting
from daemon.open_questions import OpenQuestions
from daemon.peer_network import PeerNetwork
from daemon.peer_picture import PeerPicture, peer_pictures
from daemon.reception import Reception
from daemon.sign_state_file import SignStateFile
from daemon.sign_state_keeper import SignStateKeeper
from daemon.snapshot_maker import SnapshotMaker
from daemon.status import NodeStatus
from daemon.sync_desk import SyncDesk
from daemon.sync_work import AnswerSnapshots, SyncWork
from daemon.transaction_log import TransactionLog
from daemon.turns import Turns
from ledger.errors import BanyanError
from ledger.hashing import Hash
from ledger.node_keys import NodeDescription
from p2p.effects import Blame, Dial, Drop, SendFrame
from p2p.invitations import Invitation
from p2p.peer_book import Stranger
from p2p.transport_errors import InvalidInvitationError
from storage.interface import Store

# A quarter of a heartbeat (`consensus.timing`): what is due waits for that long at most.
TICK_INTERVAL_MS = 50
# How long a leader that is told to stop waits for its successor: as long as it proposes nothing, two election timeouts.
HAND_OVER_SECONDS_MAX = 2
# What is carried out by a thread, or at once: nobody else's task has to run for it.
_STAYS = (StoreBatch, SaveSignState, Verify, Worked, SendFrame)
_LEADER = Role.LEADER.value


class Service(Reception):
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
        logged_per_second: About how many transactions have lines in the log, for each event; 0: none.
        room: How much of its disk the store may take; None for a store that is not on disk.
        snapshots: Makes them, over the same `store`; None: none are made.
        syncing: What carries out syncing by snapshot and hands snapshots out; None: neither is done.
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
        logged_per_second: int = 0,
        room: DiskRoom | None = None,
        snapshots: SnapshotMaker | None = None,
        syncing: SyncDesk | None = None,
    ) -> None:
        inbox = Inbox(now_ms)
        transactions = TransactionLog(log, logged_per_second)
        disk = Disk(store, inbox, log, room or DiskRoom("", DiskLimits(), lambda: None), snapshots)
        super().__init__(store, inbox, disk, verify_threads, metrics, transactions)
        self.bodies = BodyBudget()
        self._node = node
        self._count_sent = metrics.frames.labels("sent").inc
        self._count_received = metrics.frames.labels("received").inc
        self._log = log
        self._network = network
        self.snapshots = snapshots
        self._syncing = syncing
        self._keeper = SignStateKeeper(sign_state, inbox, disk)
        self._questions = OpenQuestions(lambda question: self._inbox.post(ReadRequested, question))
        self._moved = trio.Event()
        self._ended = trio.Event()
        self._leader: Hash | None = None
        # Why the node wishes to be stopped, and that it does: its program is too old for the blocks that come.
        self.out_of_date: BanyanError | None = None
        self.wishes_to_stop = trio.Event()
        # What the newest step of the node has taken.
        self._step_seconds = 0.0
        # Whether it is to begin again, on top of the snapshot that it took.
        self.begins_again = False

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
                if self.snapshots is not None:
                    nursery.start_soon(self.snapshots.run)
                if self._syncing is not None:
                    nursery.start_soon(self._sync, self._syncing)
                # First of all: nothing else means anything to a node that has not begun.
                self._inbox.post(Started)
                await self._disk.look()
                nursery.start_soon(self._disk.watch)
                if self._network is not None:
                    await nursery.start(self._network.run, self._inbox)
                nursery.start_soon(self._tick)
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

    async def _sync(self, desk: SyncDesk) -> None:
        """Sync by snapshot, and wish to begin again when there is one to begin on."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(desk.run, self._inbox, self._send, lambda: self.status().sync)
            await desk.adopted.wait()
            self.begins_again = True
            self.wishes_to_stop.set()

    def _send(self, effect: SendFrame) -> None:
        if self._network is not None:
            self._network.carry_out(effect)
            self._network.flush()
            self._count_sent(True)

    def _end(self) -> None:
        """Leave nobody waiting for a node that takes no step any more."""
        self._dismiss()
        self._inbox.close()
        self._questions.close()
        self._moved.set()

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
                self._wake()
                self._inbox.post(Stopping)
            await self._ended.wait()
        return self._ended.is_set()

    async def _hand_over_leadership(self) -> None:
        """Let another voter lead before this one goes, and wait until that one commits.

        Until then this node passes on what the others say: messages run along a tree with the leader in its middle,
        the votes for its successor too.
        """
        status = self.status()
        if status.role != _LEADER or len(status.voters) == 1:
            return
        self.hand_over(None)
        with trio.move_on_after(HAND_OVER_SECONDS_MAX):
            while not self.has_stopped and not self._is_relieved(status.height):
                await self._moved.wait()
        self._log("handed-over" if self._is_relieved(status.height) else "not-handed-over", term=status.term)

    def _is_relieved(self, height: int) -> bool:
        """Whether another voter leads and this node has all blocks up to `height`, and one of the new term, if its
        program can follow that."""
        status = self.status()
        is_led = status.leader not in (None, status.node_id) and (status.opened or self.out_of_date is not None)
        return is_led and self.store.head().executed_height >= height

    def hand_over(self, successor: Hash | None) -> None:
        """Wish that this voter leads next, or the one that is furthest; without effect on a node that does not lead."""
        self._inbox.post(HandOverRequested, successor)

    async def _step_until_stopped(self) -> None:
        has_left, turns = False, Turns(trio.current_time())
        while not self._stopped.is_set():
            # A turn of the event loop costs as much as a small step: it takes one only for others to run.
            asked, is_idle = trio.current_time(), self._inbox.is_empty
            is_turn = is_idle or turns.is_over(asked, has_left)
            event = await self._inbox.next(at_once=not is_turn)
            started = trio.current_time()
            if is_turn:
                turns.begin(started, 0.0 if is_idle else started - asked)
            early = self._node.begin(event)
            self._step_seconds = trio.current_time() - started
            for effect in early:
                self._carry_out(effect)
            self._flush()
            started = trio.current_time()
            effects = self._node.end()
            self._step_seconds += trio.current_time() - started
            has_left = not all(isinstance(effect, _STAYS) for effect in effects)
            self._metrics.step_times.observe(self._step_seconds)
            if isinstance(event, Received):
                self._count_received()
            elif isinstance(event, Verified):
                self._transactions.received(event)
            writes = [effect for effect in effects if isinstance(effect, StoreBatch)]
            for effect in effects:
                if not isinstance(effect, StoreBatch):
                    self._carry_out(effect)
            self._flush()
            if writes and has_left and turns.are_short:
                # A write may be made here; what others wait for is not to wait for it.
                await _let_leave()
            for effect in writes:
                self._carry_out(effect)
            if isinstance(event, RoomChanged):
                self._wake()
            if self._node.leader != self._leader:
                self._leader = self._node.leader
                self._log("leader", leader=_hex(self._leader))
                self._wake()

    def _flush(self) -> None:
        """Let the frames leave."""
        if self._network is not None:
            self._network.flush()

    async def _tick(self) -> None:
        while True:
            await trio.sleep(TICK_INTERVAL_MS / 1000)
            self._inbox.tick()
            self._disk.hurry()
            self._transactions.tick()
            await self._retry()

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case StoreBatch():
                self._disk.store(effect, may_wait=not (effect.is_urgent or self._is_awaited))
                self._transactions.in_blocks(effect.built)
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
                self._transactions.dropped(effect)
            case Verify(ticket, submissions):
                self._verifier.verify_foreign(submissions, partial(self._inbox.post, Verified, ticket))
            case SyncWork() | AnswerSnapshots():
                if self._syncing is not None:
                    self._syncing.take(effect)
            case SendFrame() | Dial() | Drop():
                if self._network is not None:
                    self._network.carry_out(effect)
                    self._count_sent(isinstance(effect, SendFrame))
            case Blame(peer, offence):
                self._log("peer-blamed", peer=peer.hex(), offence=offence.value)
            case Worked(work):
                self._inbox.post(StepTimed, work, round(self._step_seconds * 1e6))
            case RegistryChanged():
                if self._network is not None:
                    self._network.registry_changed()
            case ReadReady(question) | ReadFailed(question):
                self._questions.answered(question, isinstance(effect, ReadReady))
            case Reported(error):
                self._log("reported", level="warning", code=error.code, reason=str(error))
            case EvidenceFound(evidence):
                self._log(
                    "evidence",
                    level="error",
                    offence=evidence.offence.value,
                    node=evidence.node_id.hex(),
                    term=evidence.term,
                )
            case RoleChanged(role, term):
                self._log("role", role=role, term=term)
                self._wake()
            case Alarm(error):
                raise error
            case OutOfDate(error):
                self._end_out_of_date(error)
            case Stopped():
                self._stopped.set()

    @property
    def _is_awaited(self) -> bool:
        """Whether somebody here waits for what blocks do. Else that is written with the next block, or tick."""
        is_heard = self._moved.statistics().tasks_waiting > 0
        return is_heard or not (self._waiting.is_empty and self._questions.is_empty)

    def _end_out_of_date(self, error: BanyanError) -> None:
        self._log("out-of-date", level="error", code=error.code, reason=str(error))
        self.out_of_date = error
        self.wishes_to_stop.set()

    # -- state --------------------------------------------------------------------------------------------------

    def status(self) -> NodeStatus:
        """The node's own picture of itself."""
        return self._node.status()

    def peers(self) -> tuple[PeerPicture, ...]:
        """Every peer that is connected, was, or did something wrong; those that are connected first."""
        lines = self._network.lines() if self._network is not None else ()
        return peer_pictures(self._node, lines, self.store)

    def clock_offsets_ms(self) -> tuple[int, ...]:
        """How far the clock of each neighbour that said so is ahead of this node's."""
        lines = self._network.lines() if self._network is not None else ()
        return tuple(line.sighting.clock_offset_ms for line in lines if line.sighting is not None)

    async def invite(self, guest: NodeDescription, hours: int) -> Invitation:
        """Let a node in that no registry names yet, for so many hours.

        Raises:
            InvalidInvitationError: too many are open, or nobody can join through this node.
        """
        if self._network is None:
            raise InvalidInvitationError("this node only dials out, so nobody can join through it; invite at another")
        return await self._network.invite(guest, hours)

    def strangers(self) -> tuple[Stranger, ...]:
        """Who was turned away before it was known who it is; the newest last."""
        return self._network.strangers if self._network is not None else ()

    @property
    def room(self) -> DiskRoom:
        """How much the store may still take of its disk, as of the newest look."""
        return self._disk.room

    @property
    def reason(self) -> BanyanError | None:
        """Why no transactions are taken now; None if they are."""
        reason = self._unable()
        if reason is None and not self._node.status().accepting:
            return not_accepting()
        return reason

    async def confirm_newest(self, wait_ms: int) -> None:
        """Return when everything that was reported committed before the call can be read from the store.

        Any node may be asked; one that does not lead asks the leader (docs/protocol.md, section 6, "Reads").

        Raises:
            NotLeaderError: nobody confirmed it within `wait_ms`.
            OverloadedError: too many wait for that already.
        """
        self._disk.hurry()
        await self._questions.confirm(wait_ms)

    def next_move(self) -> trio.Event:
        """Set when the next block is executed, the next checkpoint published, somebody else leads, there is
        more or less room on the disk, or the node stops.

        Ask for it before looking at the store: what happens in between is then not missed.
        """
        self._disk.hurry()
        return self._moved

    async def wait_for_move(self) -> None:
        """Wait for `next_move`; for who has nothing to look at in between."""
        await self._moved.wait()

    def _executed(self, effect: BlockExecuted) -> None:
        self._told(effect)
        count = len(effect.transactions)
        self._log("block", height=effect.height, transactions=count, tree_size=effect.tree_size, level="debug")
        self._wake()

    def _wake(self) -> None:
        moved, self._moved = self._moved, trio.Event()
        moved.set()


async def _let_leave() -> None:
    """Let the tasks run that were woken up. A turn runs them in any order: after two, each has had one."""
    await trio.lowlevel.checkpoint()
    await trio.lowlevel.checkpoint()


def _hex(node_id: Hash | None) -> str | None:
    return None if node_id is None else node_id.hex()
