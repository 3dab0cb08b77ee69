"""Decoding and verifying what clients and neighbours hand in: once, in batches, on worker threads; a few at once.

Owns the queue between requests and node, and the threads. Never looks at state: format and signatures only. Batches of
clients leave in the order in which they came, so one client's transactions stay in order; those of neighbours
(`daemon.foreign_batches`) when they are done. Each kind has a bounded number of batches at the threads, so neither
keeps the other waiting for more than those.

Bounds: `COUNT_MAX` and `SIZE_BYTES_MAX` in the queue (beyond: refused, or the sender waits), `BATCH_MAX` and
`BATCH_SIZE_BYTES_MAX` in a batch, `AHEAD_PER_THREAD` batches for each thread and two more. Cost of a submission: about
12 µs with and 60 µs without the interpreter lock; about 20 µs with it if it was signed in a batch.
"""

import sys
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import trio

from daemon.errors import OverloadedError
from daemon.foreign_batches import ForeignBatches, FoundSubmissions, Piece
from daemon.pending import Pending
from daemon.worker_threads import WorkerThreads
from ledger.detached import check_detached
from ledger.errors import BanyanError, InvalidTransactionError
from ledger.submission import decode_submission
from ledger.transaction import decode_envelope, verify_signatures
from ledger.valid_batches import ValidBatches

THREAD_NAME = "verify"
BATCH_MAX = 512
# Submissions with large detached values make smaller batches, so that a handful of batches stays small.
BATCH_SIZE_BYTES_MAX = 4 * 1024 * 1024
# How long the first of a batch waits for others: far below a block's time, enough to fill batches under load.
GATHER_SECONDS = 0.0002
# One that is verified and one that waits: the threads have work for as long as the node takes to execute a block.
AHEAD_PER_THREAD = 2
# One that is so small is verified where it comes in: a thread that has to be woken, and to wake the event loop when it
# is through, takes longer than its signature. At most five fit into this. And not more often than this: what many send,
# or one who means no good, is for the threads.
AT_ONCE_SIZE_BYTES_MAX = 768
AT_ONCE_EVERY_SECONDS = 0.002
# About a second of work.
COUNT_MAX = 8192
SIZE_BYTES_MAX = 64 * 1024 * 1024
# libsodium lets go of the interpreter lock for each signature, and a thread that wants it back waits for as long as
# this while another computes. Python's 5 ms slow the threads down where there are few of them; a tenth of this, and the
# node spends a fifth of its time on handing the lock over.
SWITCH_INTERVAL_SECONDS = 0.002


class _Batch:
    """Submissions that are verified; `errors` are there, one for each, when `verified` is set."""

    __slots__ = ("_batches", "errors", "submissions", "verified")

    def __init__(self, submissions: list[Pending], batches: ValidBatches) -> None:
        self.submissions = submissions
        self._batches = batches
        self.errors: Sequence[BanyanError | None] = ()
        self.verified = trio.Event()

    def work(self) -> None:
        """On a thread, or at once: decode and verify."""
        self.errors = _verify_batch(self.submissions, self._batches)

    def finish(self) -> None:
        """In the event loop, when the work is done."""
        self.verified.set()


class Verifier:
    """The queue and its threads; `deliver` gets what was verified, and may make it wait."""

    def __init__(self, deliver: Callable[[Sequence[Pending]], Awaitable[None]], thread_count: int) -> None:
        self._deliver = deliver
        self._thread_count = thread_count
        # What they have under way is bounded by the channel that the same batches go through. Whoever cancels does not
        # wait for them.
        self._threads: WorkerThreads[_Batch | Piece] = WorkerThreads(THREAD_NAME, thread_count, must_finish=False)
        # What clients sign in one batch may come from them and from neighbours, in any pieces.
        self._batches = ValidBatches()
        ahead_max = AHEAD_PER_THREAD * thread_count
        self._foreign = ForeignBatches(self._threads.put, ahead_max, self._batches, self._is_small)
        self._at_once_again_seconds = 0.0
        self._queue: deque[Pending] = deque()
        self._size_bytes = 0
        self._arrived = trio.Event()
        self._has_room = trio.lowlevel.ParkingLot()

    @property
    def waiting_count(self) -> int:
        """Submissions in the queue."""
        return len(self._queue)

    def put_nowait(self, pending: Pending) -> None:
        """Queue a submission.

        Raises:
            OverloadedError: the queue is full.
        """
        if self._is_full:
            raise OverloadedError(
                "{count} submissions wait to be verified already; send it again in a moment", count=len(self._queue)
            )
        self._add(pending)

    async def put(self, pending: Pending) -> None:
        """Queue a submission; waits while the queue is full."""
        while self._is_full:
            await self._has_room.park()
        self._add(pending)

    def verify_foreign(self, submissions: Sequence[bytes], report: Callable[[FoundSubmissions], None]) -> None:
        """Verify what came from neighbours; `report` is called once, in the event loop, perhaps by this call."""
        self._foreign.add(submissions, report)

    def _is_small(self, count: int, size_bytes: int) -> bool:
        now = trio.current_time()
        if count > 1 or size_bytes > AT_ONCE_SIZE_BYTES_MAX or now < self._at_once_again_seconds:
            return False
        self._at_once_again_seconds = now + AT_ONCE_EVERY_SECONDS
        return True

    @property
    def _is_full(self) -> bool:
        return len(self._queue) >= COUNT_MAX or self._size_bytes >= SIZE_BYTES_MAX

    def _add(self, pending: Pending) -> None:
        self._queue.append(pending)
        self._size_bytes += pending.size_bytes
        self._arrived.set()

    async def run(self) -> None:
        """Verify until cancelled; a process-wide setting is changed for as long (`SWITCH_INTERVAL_SECONDS`)."""
        before = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_INTERVAL_SECONDS)
        send, receive = trio.open_memory_channel[_Batch](AHEAD_PER_THREAD * self._thread_count)
        gathers = False
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._threads.run)
                nursery.start_soon(self._deliver_in_order, receive)
                while True:
                    batch = _Batch(await self._next_batch(gathers), self._batches)
                    # A client that writes alone waits for no others; where there were several, there will be.
                    gathers = len(batch.submissions) > 1
                    if self._is_small(len(batch.submissions), sum(one.size_bytes for one in batch.submissions)):
                        batch.work()
                        batch.finish()
                    else:
                        self._threads.put(batch)
                    try:
                        send.send_nowait(batch)
                    except trio.WouldBlock:
                        await send.send(batch)
        finally:
            sys.setswitchinterval(before)

    async def _deliver_in_order(self, batches: "trio.MemoryReceiveChannel[_Batch]") -> None:
        async for batch in batches:
            await batch.verified.wait()
            verified = []
            for pending, error in zip(batch.submissions, batch.errors, strict=True):
                if error is None:
                    verified.append(pending)
                else:
                    pending.refuse(error)
            if verified:
                await self._deliver(verified)

    async def _next_batch(self, gathers: bool) -> list[Pending]:
        """What is verified next; always a checkpoint, and `gathers` says whether to wait for others."""
        if self._queue and not gathers:
            await trio.lowlevel.checkpoint()
        while not self._queue:
            self._arrived = trio.Event()
            await self._arrived.wait()
        if gathers and len(self._queue) < BATCH_MAX:
            await trio.sleep(GATHER_SECONDS)
        batch: list[Pending] = []
        size = 0
        while self._queue and len(batch) < BATCH_MAX and size < BATCH_SIZE_BYTES_MAX:
            batch.append(self._queue.popleft())
            size += batch[-1].size_bytes
        self._size_bytes -= size
        self._has_room.unpark_all()
        return batch


def _verify_batch(batch: list[Pending], batches: ValidBatches) -> list[BanyanError | None]:
    """Decode all, then verify all: threads that alternate between the two wait for each other at every step."""
    errors: list[BanyanError | None] = []
    for pending in batch:
        try:
            _decode(pending)
        except BanyanError as error:
            errors.append(error)
        else:
            errors.append(None)
    for position, pending in enumerate(batch):
        transaction = pending.transaction
        if errors[position] is None and transaction is not None and not verify_signatures(transaction, batches):
            errors[position] = InvalidTransactionError(
                "a signature of transaction {id} does not verify; sign it again", id=transaction.id.hex()
            )
    return errors


def _decode(pending: Pending) -> None:
    envelope = pending.raw
    if pending.detached is None:
        envelope, pending.detached = decode_submission(pending.raw)
    else:
        check_detached(pending.detached)
    pending.transaction = decode_envelope(envelope)
    pending.transaction_id = pending.transaction.id
    # The transaction keeps the envelope; the wire form is not needed again.
    pending.raw = b""
