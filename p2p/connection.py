"""One connection with a peer: frames over a stream of bytes, the urgent ones first, with limits on time and memory.

Owns the stream, what waits to be sent and what is received in part; never decides who the peer is or whether to keep
it. `run` ends when the stream breaks, the peer leaves or breaks a rule, or `close` was called; then `reason` says why.
Works over any `trio.abc.Stream`. Source: docs/reference/transport.md.
"""

import math
from collections import deque
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import trio

from ledger.errors import RemoteProtocolError
from p2p.carried import Carried
from p2p.chunks import TRANSPORT_CHANNEL, chunk_bytes
from p2p.close_reasons import CloseReason
from p2p.effects import SendClass
from p2p.frame import Frame
from p2p.frames import encode_frame
from p2p.inbound import Inbound
from p2p.secure_stream import SecureStream
from p2p.send_queues import SendQueues
from p2p.transport_errors import PeerRefusedError
from p2p.transport_messages import Alive, Goodbye, Hello, Sight

_READ_SIZE_BYTES = 64 * 1024
# What one `flush` sends: four records. More is the writer's, which lets others run in between.
_AT_ONCE_SIZE_BYTES_MAX = 64 * 1024
_BROKEN = (trio.BrokenResourceError, trio.ClosedResourceError)


class TimeLimits(NamedTuple):
    """How long to wait for a peer, in seconds."""

    # Five times the way there and back between continents, with a slow machine at one end.
    handshake_s: float = 5.0
    # A connection on which nothing else is sent is not taken for dead, nor one that is dead for alive.
    alive_every_s: float = 5.0
    silent_s: float = 16.0
    # The largest frame at 70 kB a second; whatever is more urgent passes it and takes its time too.
    frame_s: float = 60.0
    # One TLS record, after which the peer reads nothing any more.
    chunk_s: float = 16.0
    # A goodbye is worth no more.
    goodbye_s: float = 2.0


class Connection:
    """One stream; `greet` or `hear_hello` first, then `run` once.

    Args:
        stream: Secured already; closed when `run` or `abandon` returns.
        limits: How long to wait for what.
        carried: What all connections of the node have carried; counted on.
    """

    def __init__(
        self, stream: trio.abc.Stream, limits: TimeLimits | None = None, carried: Carried | None = None
    ) -> None:
        self._stream = stream
        self._carried = carried or Carried()
        self._limits = limits or TimeLimits()
        self._inbound = Inbound()
        self._early: deque[Frame] = deque()
        self._queues = SendQueues()
        self._wake = trio.Event()
        self._has_read = trio.Event()
        # `_watch` ends what takes too long; None while nothing is read or sent.
        self._reading = trio.CancelScope()
        self._sending = trio.CancelScope()
        self._reading_since_s: float | None = None
        self._sending_since_s: float | None = None
        self._sent_at_s = 0.0
        # Whether the writer waits for something to do; and whether the stream keeps the rest of a record.
        self._is_idle = self._has_rest = False
        self.reason: CloseReason | None = None
        self.is_told = False
        self.detail = ""
        # Called with each sight that the peer sends; nobody looks until somebody sets it.
        self.on_sight: Callable[[Sight], None] | None = None
        self.sent_size_bytes = 0
        self.received_size_bytes = 0

    # The greeting, before `run`.

    async def say(self, message: Frame) -> None:
        """Send one message of the transport; the caller limits the time.

        Raises:
            PeerRefusedError: the stream is broken.
        """
        await self._send(chunk_bytes(TRANSPORT_CHANNEL, encode_frame(message)))

    async def hear_hello(self) -> Hello:
        """The peer's hello; the caller limits the time.

        Raises:
            PeerRefusedError: it said goodbye or something else, or the stream broke.
        """
        while not self._early:
            self._early += await self._read_once()
        message = self._early.popleft()
        if isinstance(message, Goodbye):
            raise PeerRefusedError("{reason}: the peer refuses to talk", message.reason, told=True)
        if not isinstance(message, Hello):
            raise PeerRefusedError("{reason}: the peer does not greet", CloseReason.INVALID_FRAME)
        return message

    async def abandon(self, reason: CloseReason | None = None) -> None:
        """Close a connection that was never run, with a goodbye if there is a reason to tell; `goodbye_s` at most."""
        with trio.move_on_after(self._limits.goodbye_s, shield=True):
            if reason is not None:
                try:
                    await self.say(Goodbye(reason))
                    # A socket that is closed with unread bytes in it takes back what it sent.
                    while await self._stream.receive_some(_READ_SIZE_BYTES):
                        pass
                except (PeerRefusedError, *_BROKEN):
                    pass
        await trio.aclose_forcefully(self._stream)

    # The connection as such.

    @property
    def queued_size_bytes(self) -> int:
        """What waits to be sent."""
        return self._queues.size_bytes

    @property
    def dropped_count(self) -> int:
        """Frames that made room for newer ones."""
        return self._queues.dropped_count

    def queue(self, data: bytes, send_class: SendClass) -> None:
        """Queue a frame with its length in front, to leave with the next `flush`; a peer too far behind is left."""
        if self.reason is None and not self._queues.put(data, send_class):
            self.close(CloseReason.OVERFULL)

    def flush(self) -> None:
        """Let what is queued leave: at once what the stream takes at once, the rest as fast as it does; never waits."""
        if self.reason is not None or not self._is_idle:
            return
        if isinstance(self._stream, SecureStream):
            self._send_now(self._stream)
        if self._has_rest or self._queues.has_waiting:
            self._wake.set()

    def _send_now(self, stream: SecureStream) -> None:
        sent = 0
        while not self._has_rest and sent < _AT_ONCE_SIZE_BYTES_MAX and (record := self._queues.next_record()):
            try:
                self._has_rest = not stream.send_now(record)
            except _BROKEN:
                self._end(CloseReason.LOST)
                return
            sent += len(record)
        if sent:
            self._count_sent(sent)
            self._sent_at_s = trio.current_time()

    def tell(self, sight: Sight) -> None:
        """Send a sight before everything else that waits; never waits."""
        if self.reason is None:
            self._queues.put_message(encode_frame(sight))
            self._wake.set()

    def close(self, reason: CloseReason, detail: str = "") -> None:
        """End the connection after the record that is being sent, and tell the peer why; the first reason counts."""
        if self.reason is not None:
            return
        self.reason = reason
        self.detail = detail
        self._sending.deadline = min(self._sending.deadline, trio.current_time() + self._limits.goodbye_s)
        self._wake.set()

    def cut(self, reason: CloseReason) -> None:
        """End a connection on which nobody listens any more, without a goodbye and without waiting."""
        if self.reason is None:
            self.reason = reason
        self.is_told = True
        self._sending.deadline = trio.current_time()
        self._wake.set()

    async def run(self, take: Callable[[Frame], Awaitable[None]]) -> None:
        """Send what is queued and hand what comes to `take`, one after the other, until the connection ends.

        A slow `take` makes the peer wait. Cancelled, it closes the stream without a goodbye.
        """
        try:
            self._sent_at_s = trio.current_time()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._read, take, nursery.cancel_scope)
                nursery.start_soon(self._watch)
                await self._write()
                nursery.cancel_scope.cancel()
        finally:
            self.reason = CloseReason.LOST if self.reason is None else self.reason
            await trio.aclose_forcefully(self._stream)

    async def _watch(self) -> None:
        """Look after the time until there is a reason to close.

        One sleeper for all: a deadline of its own would cost each read and each send as much again.
        """
        step_s = min(self._limits.alive_every_s, self._limits.chunk_s, self._limits.silent_s, self._limits.frame_s)
        while self.reason is None:
            # What begins after this was looked at ends no sooner than a step later.
            due_s = (self._sending_due_s, self._reading_due_s, self._alive_due_s, trio.current_time() + step_s)
            await trio.sleep_until(min(due_s))
            began = self._sending_since_s, self._reading_since_s
            # Where the node itself stood still, what came meanwhile is taken first.
            await trio.lowlevel.checkpoint()
            now_s = trio.current_time()
            if now_s >= self._sending_due_s and began[0] == self._sending_since_s:
                self._sending.cancel()
            if now_s >= self._reading_due_s and began[1] == self._reading_since_s:
                self._reading.cancel()
            if now_s >= self._alive_due_s:
                self._sent_at_s = now_s
                self._queues.put_message(encode_frame(Alive()))
                self._wake.set()

    @property
    def _sending_due_s(self) -> float:
        """When what is being sent has to be gone; never, if that is nothing."""
        return math.inf if self._sending_since_s is None else self._sending_since_s + self._limits.chunk_s

    @property
    def _alive_due_s(self) -> float:
        """When the peer has to hear something; it does while something is being sent."""
        return self._sent_at_s + self._limits.alive_every_s if self._sending_since_s is None else math.inf

    @property
    def _reading_due_s(self) -> float:
        """When something has to come; never, while this side does not listen."""
        if self._reading_since_s is None:
            return math.inf
        silent_s, began_s = self._reading_since_s + self._limits.silent_s, self._inbound.unfinished_since_s
        return silent_s if began_s is None else min(silent_s, began_s + self._limits.frame_s)

    async def _write(self) -> None:
        """Send until the connection ends; then say goodbye and wait for the peer to close."""
        with self._sending:
            await self._send_all()
        if self._sending.cancelled_caught:
            self._break_off()
        if self.is_told or self.reason in (None, CloseReason.LOST):
            return
        goodbye = chunk_bytes(TRANSPORT_CHANNEL, encode_frame(Goodbye(self.reason)))
        if await self._say_goodbye(goodbye):
            with trio.move_on_after(self._limits.goodbye_s):
                await self._has_read.wait()

    async def _send_all(self) -> None:
        """Send what is queued until there is a reason to close."""
        while self.reason is None:
            record = b"" if self._has_rest else self._queues.next_record()
            if record is None:
                self._wake, self._is_idle = trio.Event(), True
                await self._wake.wait()
                self._is_idle = False
                continue
            self._sending_since_s = trio.current_time()
            try:
                await self._send(record)
                self._has_rest = False
            except PeerRefusedError:
                self._end(CloseReason.LOST)
            self._sent_at_s, self._sending_since_s = trio.current_time(), None

    async def _say_goodbye(self, goodbye: bytes) -> bool:
        # `cut` ends this, too.
        with trio.move_on_after(self._limits.goodbye_s) as self._sending:
            try:
                await self._send(goodbye)
                return True
            except PeerRefusedError:
                self._end(CloseReason.LOST)
                return False
        self._break_off()
        return False

    def _break_off(self) -> None:
        """A stream that was interrupted in the middle cannot be written any more."""
        self._end(CloseReason.TOO_SLOW)
        self.is_told = True

    async def _send(self, data: bytes) -> None:
        try:
            await self._stream.send_all(data)
        except _BROKEN as error:
            raise PeerRefusedError("{reason}: the connection broke", CloseReason.LOST) from error
        self._count_sent(len(data))

    def _count_sent(self, size_bytes: int) -> None:
        self.sent_size_bytes += size_bytes
        self._carried.sent_size_bytes += size_bytes

    async def _read(self, take: Callable[[Frame], Awaitable[None]], scope: trio.CancelScope) -> None:
        """Read until the peer leaves; what comes after a reason to close is read and thrown away."""
        try:
            with self._reading:
                await self._read_all(take)
            began_s = self._inbound.unfinished_since_s
            is_silent = began_s is None or trio.current_time() < began_s + self._limits.frame_s
            self.close(CloseReason.SILENT if is_silent else CloseReason.TOO_SLOW)
            return
        except PeerRefusedError as error:
            self._end(error.reason)
        except RemoteProtocolError as error:
            self.close(CloseReason.INVALID_FRAME, str(error))
            await self._discard()
        finally:
            self._has_read.set()
        if self.is_told or self.reason is CloseReason.LOST:
            scope.cancel()

    async def _read_all(self, take: Callable[[Frame], Awaitable[None]]) -> None:
        """Hand on what comes, until it is cancelled."""
        await self._hand_on(self._early, take)
        while True:
            self._reading_since_s = trio.current_time()
            frames = await self._read_once()
            self._reading_since_s = None
            await self._hand_on(deque(frames), take)

    async def _hand_on(self, frames: deque[Frame], take: Callable[[Frame], Awaitable[None]]) -> None:
        began_s = trio.current_time()
        while frames:
            frame = frames.popleft()
            if isinstance(frame, Goodbye):
                self.is_told = True
                raise PeerRefusedError("{reason}: the peer leaves", frame.reason, told=True)
            if isinstance(frame, Sight):
                if self.on_sight is not None:
                    self.on_sight(frame)
            elif self.reason is None and not isinstance(frame, Alive):
                await take(frame)
        self._inbound.postpone(trio.current_time() - began_s)

    async def _read_once(self) -> list[Frame]:
        try:
            data = await self._stream.receive_some(_READ_SIZE_BYTES)
        except _BROKEN as error:
            raise PeerRefusedError("{reason}: the connection broke", CloseReason.LOST) from error
        if not data:
            raise PeerRefusedError("{reason}: the peer closed the connection", CloseReason.LOST)
        self.received_size_bytes += len(data)
        self._carried.received_size_bytes += len(data)
        return self._inbound.take(bytes(data), trio.current_time()) if self.reason is None else []

    async def _discard(self) -> None:
        """Read on without looking, so that the goodbye is not taken back; `_write` limits the time."""
        try:
            while await self._stream.receive_some(_READ_SIZE_BYTES):
                pass
        except _BROKEN:
            return

    def _end(self, reason: CloseReason) -> None:
        """The stream is of no use any more."""
        if self.reason is None:
            self.reason = reason
        self._wake.set()
