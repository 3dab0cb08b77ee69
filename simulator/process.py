"""One simulated node process on its machine: it starts, takes events, carries out effects, and ends in many ways.

Owns the node between start and end, its inbox, its ticks and its clients' desk. The machine's disk and clock outlive
it. Does what the shell does (`daemon.service`), in the same order, without threads: an unflushed sign-state is kept at
once, everything else takes virtual time.

Faults hold a process down or paused by counting, so that they may overlap: it starts, or goes on, when the last of them
lets go. A paused process hears nothing and does nothing; what comes for it waits, `HELD_MAX` events at most.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from daemon.sign_state import SignState
from ledger.hashing import Hash
from ledger.submission import encode_submission
from p2p.effects import send
from simulator.adapter import (
    TICK_INTERVAL_MS,
    Admitted,
    AdoptSnapshot,
    Alarm,
    AnswerSnapshots,
    BatchStored,
    BlockExecuted,
    Boot,
    Dial,
    Drop,
    Dropped,
    Effect,
    Event,
    EvidenceFound,
    HandOverRequested,
    NodeStatus,
    OutOfDate,
    PeerConnected,
    PeerGone,
    ProtocolTooOldError,
    ReadFailed,
    ReadReady,
    ReadRequested,
    Received,
    Refused,
    RoleChanged,
    RoomChanged,
    SaveSignState,
    SendFrame,
    SignStateSaved,
    StaleDatabaseError,
    Started,
    SteppedNode,
    Stopped,
    Stopping,
    StoreBatch,
    Submission,
    Submitted,
    SyncDone,
    SyncSettings,
    SyncWork,
    Ticked,
    Verified,
    Verify,
)
from simulator.chance import Chance
from simulator.clock import Clock
from simulator.desk import LATER, WAITING_MAX, Desk, Reply
from simulator.disk import Disk, DiskReports
from simulator.errors import SimulationError
from simulator.network import Parcel
from simulator.observation import (
    BatchDurable,
    BlockTold,
    DatabaseReplaced,
    EvidenceShown,
    NodeBroke,
    NodeEnded,
    NodePaused,
    NodeStarted,
    RoleTaken,
    StateSigned,
)
from simulator.schedule import MILLISECOND_US, SECOND_US
from simulator.surroundings import Surroundings
from storage.interface import WriteBatch

# What the kernel's buffers hold for a stopped process: beyond, frames are lost as with a connection that breaks.
HELD_MAX = 20_000
# As the shell's threads take for a batch: handing over, and each signature.
_VERIFY_US, _VERIFY_EACH_US = 200, 60
# A work of syncing by snapshot: some megabytes to a disk; and a start on top of one.
_SYNC_US = 20_000

KILLED = "killed"
POWER_LOSS = "power-loss"
STOPPED = "stopped"
DAMAGED = "damaged"
REFUSED = "refused"
TOO_OLD = "too-old"
# As long as the shell waits for a successor, and how often it looks.
_HAND_OVER_US, _LOOK_US = 2 * SECOND_US, 50 * MILLISECOND_US


class Process:
    """A node's process, its disk and its clock.

    Args:
        number: The node's number in the world.
        around: What the world lends it.
        disk: The machine's.
        clock: The machine's.
    """

    def __init__(self, number: int, around: Surroundings, disk: Disk, clock: Clock) -> None:
        self.number = number
        self.disk = disk
        self.clock = clock
        self.keys = around.identities.nodes[number]
        self.node: SteppedNode | None = None
        self.starts = 0
        self.is_paused = False
        self._around = around
        self._schedule = around.schedule
        self._tell = around.stream.tell
        self._desk = Desk(disk.database.store)
        self._inbox: deque[Event] = deque()
        self._is_stepping = False
        self._held: deque[tuple[Callable[..., Event], tuple[Any, ...]]] = deque()
        # States that are being kept, by ticket: once one is reported, the node may have signed what it says.
        self._keeping: dict[int, SignState] = {}
        self._downs = 0
        self._pauses = 0
        self._carry: dict[type, Callable[[Any], None]] = {
            StoreBatch: disk.store,
            SyncWork: self._sync,
            AnswerSnapshots: self._answer,
            SaveSignState: self._save,
            SendFrame: self._send,
            Verify: self._verify,
            BlockExecuted: self._executed,
            RoleChanged: self._role_changed,
            Admitted: self._desk.admitted,
            Refused: self._desk.refused,
            Dropped: self._desk.dropped,
            ReadReady: self._desk.ready,
            ReadFailed: self._desk.failed,
            EvidenceFound: self._evidence,
            Alarm: self._alarm,
            Dial: self._dial,
            Drop: self._drop,
            OutOfDate: lambda effect: self.retire(),
            Stopped: lambda effect: self._end(STOPPED, silently=False),
        }

    # -- life ---------------------------------------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        """Whether the process is there and not paused."""
        return self.node is not None and not self.is_paused

    def start(self) -> None:
        """Begin with what is on the disk, unless a fault holds the process down or it runs already."""
        if self.node is not None or self._downs:
            return
        if self.disk.take_over():
            self._tell(DatabaseReplaced(self._schedule.now_us, self.number, False))
        image = self.disk.open()
        if image is None:
            self._tell(NodeEnded(self._schedule.now_us, self.number, DAMAGED))
            return
        self.starts += 1
        around, store = self._around, image.database.store
        head = store.head()
        self._tell(NodeStarted(self._schedule.now_us, self.number, head.executed_height, head.tip_height))
        self.disk.reports = DiskReports(self._stored, self._saved, self._applied, self._break, self._has_room)
        self._desk.open(store)
        boot = Boot(
            self.keys,
            around.identities.genesis,
            around.protocols,
            store,
            image.state,
            image.certificate,
            Chance(around.seed, f"node/{self.number}/{self.starts}"),
            around.timing,
            around.neighbours[self.number],
            self.disk.snapshots.settings(store) if self.disk.snapshots is not None else SyncSettings(),
        )
        try:
            self.node = around.factories[self.number](boot)
        except Exception as error:
            self._break(error)
            return
        # Machines do not tick together.
        phase_us = Chance(around.seed, f"phase/{self.number}/{self.starts}").below(TICK_INTERVAL_MS * MILLISECOND_US)
        self._schedule.after(phase_us, self._tick, self.starts)
        around.connections.started(self.number)
        self._post(Started)
        self.disk.look()
        if self._pauses:
            self._set_paused(True)

    def hold_down(self, power: bool = False, torn: bool = False) -> None:
        """End the process, with its machine if `power`, and keep it down until `let_up` is called as often."""
        self._downs += 1
        if self.node is None and power:
            self.disk.power_lost(torn)
        self._end(POWER_LOSS if power else KILLED, silently=power, torn=torn)

    def let_up(self) -> None:
        """One holder lets go; with the last one the process starts."""
        self._downs -= 1
        assert self._downs >= 0, "who lets go held before"
        self.start()

    def stop(self) -> None:
        """Ask the node to end in good order."""
        if self.node is not None:
            self._post(Stopping)

    def retire(self) -> None:
        """Let another node lead, then end in good order, as an operator's signal makes the shell do."""
        if self.node is not None:
            self._post(HandOverRequested, None)
            self._stop_when_relieved(self.starts, self._schedule.now_us + _HAND_OVER_US)

    def _stop_when_relieved(self, start: int, deadline_us: int) -> None:
        status = self.status()
        if status is None or self.starts != start:
            return
        if status.leader not in (None, status.node_id) or self._schedule.now_us >= deadline_us:
            self.stop()
        else:
            self._schedule.after(_LOOK_US, self._stop_when_relieved, start, deadline_us)

    def pause(self) -> None:
        """Stop the process as SIGSTOP does."""
        self._pauses += 1
        if self._pauses == 1:
            self._set_paused(True)

    def resume(self) -> None:
        """One pause is over; with the last one the process goes on, and gets what came meanwhile."""
        self._pauses -= 1
        assert self._pauses >= 0, "who goes on was paused before"
        if not self._pauses:
            self._set_paused(False)

    def _set_paused(self, paused: bool) -> None:
        if self.node is None or paused == self.is_paused:
            return
        self.is_paused = paused
        self._tell(NodePaused(self._schedule.now_us, self.number, paused))
        self._around.connections.changed(self.number)
        if paused:
            self.disk.freeze()
            return
        self.disk.thaw()
        held, self._held = self._held, deque()
        for make, arguments in held:
            self._post(make, *arguments)

    def _end(self, reason: str, silently: bool, torn: bool = False) -> None:
        if self.node is None:
            return
        self.node = None
        self.is_paused = False
        self._inbox.clear()
        self._held.clear()
        self._keeping.clear()
        if silently:
            self.disk.power_lost(torn)
        else:
            self.disk.process_ended()
        self._tell(NodeEnded(self._schedule.now_us, self.number, reason))
        self._around.connections.ended(self.number, silently)
        self._desk.close()

    def _break(self, error: BaseException) -> None:
        """The node ended by itself: an alarm, or an error nobody foresaw."""
        if isinstance(error, ProtocolTooOldError):
            self._end(TOO_OLD, silently=False)
            return
        # First of all why: the end alone says no more than that the node refused.
        if not isinstance(error, StaleDatabaseError):
            self._tell(NodeBroke(self._schedule.now_us, self.number, f"{type(error).__name__}: {error}"))
        self._end(REFUSED, silently=False)

    # -- events -------------------------------------------------------------------------------------------------

    def now_ms(self) -> int:
        """What the machine's clock shows."""
        return self.clock.now_ms(self._schedule.now_us)

    def _post(self, make: Callable[..., Event], *arguments: Any) -> None:
        """Let the node take an event, with the time of its machine first; a paused one takes it later."""
        if self.is_paused:
            if len(self._held) < HELD_MAX:
                self._held.append((make, arguments))
            return
        self._inbox.append(make(self.clock.now_ms(self._schedule.now_us), *arguments))
        if not self._is_stepping:
            self._step()

    def _step(self) -> None:
        inbox, carry = self._inbox, self._carry
        self._is_stepping = True
        try:
            while inbox and self.node is not None:
                event = inbox.popleft()
                effects: Sequence[Effect] = self.node.step(event)
                self._around.trace.step(self._schedule.now_us, self.number, event, effects)
                for effect in effects:
                    handler = carry.get(type(effect))
                    if handler is not None:
                        handler(effect)
                        if self.node is None:
                            break
        except SimulationError:
            raise
        except Exception as error:
            self._break(error)
        finally:
            self._is_stepping = False

    def _tick(self, start: int) -> None:
        if self.node is None or start != self.starts:
            return
        if not self.is_paused:
            self._post(Ticked)
        self._schedule.after(self.clock.span_us(TICK_INTERVAL_MS * MILLISECOND_US), self._tick, start)

    def deliver(self, sender: Hash, parcel: Parcel) -> None:
        """A frame arrived."""
        if self.node is not None:
            self._post(Received, sender, parcel.content)

    def neighbour(self, peer: Hash, there: bool) -> None:
        """A connection was made, or ended."""
        if self.node is not None:
            self._post(PeerConnected if there else PeerGone, peer)

    def _stored(self, ticket: int) -> None:
        self._post(BatchStored, ticket)

    def _saved(self, ticket: int) -> None:
        self._tell(StateSigned(self._schedule.now_us, self.number, self._keeping.pop(ticket)))
        self._post(SignStateSaved, ticket)

    def _has_room(self, has_room: bool) -> None:
        self._post(RoomChanged, has_room)

    def _applied(self, batches: Sequence[WriteBatch]) -> None:
        for batch in batches:
            self._tell(BatchDurable(self._schedule.now_us, self.number, batch))

    # -- clients ------------------------------------------------------------------------------------------------

    def submit(self, envelope: bytes, reply: Reply) -> None:
        """A client hands in a transaction; a process that cannot take it says so at once."""
        if not self.is_running or self.disk.is_known_full or len(self._desk) >= WAITING_MAX:
            reply(LATER)
            return
        found = self._around.verification.found(encode_submission(envelope, ()))
        assert found is not None, "simulated clients sign what they send"
        self._post(Submitted, (Submission(self._desk.enter(reply), found[0], ()),))

    def read(self, key: bytes, question: bytes, reply: Reply) -> None:
        """A client asks for the newest value of a record: what was acknowledged before the question is in it."""
        if not self.is_running or len(self._desk) >= WAITING_MAX:
            reply(LATER)
            return
        self._desk.ask(question, key, reply)
        self._post(ReadRequested, question)

    def status(self) -> NodeStatus | None:
        """What the node says of itself; None while there is no process."""
        return self.node.status() if self.node is not None else None

    @property
    def window(self) -> int:
        """How many blocks may be proposed beyond the last committed one."""
        return self._around.identities.genesis.parameters.window_blocks_max

    @property
    def queue_sizes(self) -> tuple[tuple[str, int, int], ...]:
        """Name, size and bound of the queues around the node."""
        return (
            ("clients", len(self._desk), WAITING_MAX),
            ("held events", len(self._held), HELD_MAX),
        )

    # -- effects ------------------------------------------------------------------------------------------------

    def _save(self, effect: SaveSignState) -> None:
        self._keeping[effect.ticket] = effect.state
        self.disk.save(effect)

    def _send(self, effect: SendFrame) -> None:
        receiver = self._around.numbers.get(effect.peer)
        if receiver is None:
            return
        parcel = self._around.parcels.parcel(effect.frame)
        self._around.network.send(self.number, receiver, parcel, effect.send_class)

    def _verify(self, effect: Verify) -> None:
        delay_us = _VERIFY_US + _VERIFY_EACH_US * len(effect.submissions)
        self._schedule.after(delay_us, self._verified, self.starts, effect)

    def _verified(self, start: int, effect: Verify) -> None:
        if self.node is not None and start == self.starts:
            found = self._around.verification.found
            self._post(Verified, effect.ticket, tuple(found(one) for one in effect.submissions))

    def _sync(self, effect: SyncWork) -> None:
        self._schedule.after(_SYNC_US, self._synced, self.starts, effect)

    def _synced(self, start: int, effect: SyncWork) -> None:
        """A work is done, unless the process has ended meanwhile: then nothing of it was."""
        if self.node is None or start != self.starts or self.disk.snapshots is None:
            return
        failed = self.disk.snapshots.do(effect.work)
        if failed is None and isinstance(effect.work, AdoptSnapshot):
            self._end(STOPPED, silently=False)
            self._schedule.after(_SYNC_US, self.start)
        else:
            self._post(SyncDone, effect.ticket, failed)

    def _answer(self, effect: AnswerSnapshots) -> None:
        if self.disk.snapshots is not None:
            self._send(send(effect.peer, self.disk.snapshots.answer(effect.asked)))

    def _executed(self, effect: BlockExecuted) -> None:
        self._tell(BlockTold(self._schedule.now_us, self.number, effect.height, effect.tree_size, effect.transactions))
        self._desk.executed(effect)

    def _role_changed(self, effect: RoleChanged) -> None:
        self._tell(RoleTaken(self._schedule.now_us, self.number, effect.role, effect.term))

    def _evidence(self, effect: EvidenceFound) -> None:
        found = effect.evidence
        self._tell(EvidenceShown(self._schedule.now_us, self.number, found.node_id, found.offence.value))

    def _dial(self, effect: Dial) -> None:
        receiver = self._around.numbers.get(effect.peer)
        if receiver is not None:
            self._around.connections.want(self.number, receiver)

    def _drop(self, effect: Drop) -> None:
        receiver = self._around.numbers.get(effect.peer)
        if receiver is not None:
            self._around.connections.give_up(self.number, receiver)

    def _alarm(self, effect: Alarm) -> None:
        self._break(effect.error)
