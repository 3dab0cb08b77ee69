"""What waits to be sent to one peer: a bounded queue for each send class, served in chunks, the most urgent first.

Owns encoded frames until they are sent; never writes a stream. A frame that has begun is interrupted by anything more
urgent after at most one chunk, and goes on where it was. Frames of one class leave in the order in which they came.

What happens when a queue is full depends on what is lost with a frame. Votes and the shape of the tree are told once:
a peer that takes none of them for so long has to connect anew and compare. Proposals, transactions and answers are
asked for again, so the oldest that has not begun makes room.
"""

from collections import deque
from dataclasses import dataclass, field

from p2p.chunks import CHUNK_SIZE_BYTES_MAX, HEADER_SIZE_BYTES, TRANSPORT_CHANNEL, chunk_bytes
from p2p.effects import SendClass
from p2p.frame import FRAME_SIZE_BYTES_MAX
from p2p.transport_messages import MESSAGE_SIZE_BYTES_MAX

_MIB = 1024 * 1024
QUEUE_SIZE_BYTES_MAX: dict[SendClass, int] = {
    # Seconds of the busiest network's votes.
    SendClass.AGREEMENT: _MIB,
    SendClass.CONTROL: _MIB,
    # Two of the largest blocks' entries.
    SendClass.PROPOSAL: 2 * FRAME_SIZE_BYTES_MAX,
    SendClass.TRANSACTIONS: 4 * _MIB,
    # As many answers as a peer has questions under way.
    SendClass.BULK: 2 * FRAME_SIZE_BYTES_MAX,
}
# A proposal lets transactions go first that were queued before it: it is likely to be about them, and who lacks them
# asks, which takes longer. One full batch, 10 ms on a line of 100 Mbit/s; not what a flood of them has queued.
AHEAD_SIZE_BYTES_MAX = 128 * 1024
# What a queued frame costs beside its bytes: frames of a few bytes must not fill the memory either.
_COST_SIZE_BYTES = 64
_LOSSY = frozenset((SendClass.PROPOSAL, SendClass.TRANSACTIONS, SendClass.BULK))
RECORD_SIZE_BYTES_MAX = CHUNK_SIZE_BYTES_MAX + HEADER_SIZE_BYTES
# Room for less than the largest message of the transport, with its header, is left empty.
_ROOM_SIZE_BYTES_MIN = MESSAGE_SIZE_BYTES_MAX + HEADER_SIZE_BYTES
_FULL_SIZE_BYTES = RECORD_SIZE_BYTES_MAX - _ROOM_SIZE_BYTES_MIN
# Hello, goodbye, and an alive or two.
_MESSAGES_MAX = 8


@dataclass(slots=True)
class _Queue:
    """`sent_size_bytes` of the first frame have left already."""

    size_bytes_max: int
    frames: deque[bytes] = field(default_factory=deque)
    size_bytes: int = 0
    sent_size_bytes: int = 0

    def put(self, data: bytes) -> None:
        self.frames.append(data)
        self.size_bytes += len(data) + _COST_SIZE_BYTES

    def has_room(self, data: bytes) -> bool:
        return not self.frames or self.size_bytes + len(data) + _COST_SIZE_BYTES <= self.size_bytes_max

    def drop_oldest(self) -> bool:
        """Drop the oldest frame of which nothing has left; False if there is none."""
        place = 1 if self.sent_size_bytes else 0
        if len(self.frames) <= place:
            return False
        self.size_bytes -= len(self.frames[place]) + _COST_SIZE_BYTES
        del self.frames[place]
        return True

    def take(self, room: int) -> bytes:
        """The next bytes of this queue's stream, up to so many; small frames leave together."""
        parts: list[memoryview | bytes] = []
        while self.frames and room:
            first = self.frames[0]
            part = memoryview(first)[self.sent_size_bytes : self.sent_size_bytes + room]
            parts.append(part)
            room -= len(part)
            self.sent_size_bytes += len(part)
            if self.sent_size_bytes == len(first):
                self.frames.popleft()
                self.size_bytes -= len(first) + _COST_SIZE_BYTES
                self.sent_size_bytes = 0
        return b"".join(parts)


class SendQueues:
    """All that waits for one peer."""

    def __init__(self) -> None:
        self._messages: deque[bytes] = deque()
        self._queues = {one: _Queue(QUEUE_SIZE_BYTES_MAX[one]) for one in SendClass}
        self.dropped_count = 0
        # How much of the transactions goes before the proposals that wait.
        self._ahead_size_bytes = 0

    @property
    def size_bytes(self) -> int:
        """What waits, with what it costs to keep it."""
        return sum(queue.size_bytes for queue in self._queues.values())

    @property
    def has_waiting(self) -> bool:
        """Whether there is a next record."""
        return bool(self._messages) or any(queue.frames for queue in self._queues.values())

    def put_message(self, data: bytes) -> None:
        """Queue a message of the transport, before everything else; dropped if too many wait."""
        if len(self._messages) < _MESSAGES_MAX:
            self._messages.append(data)

    def put(self, data: bytes, send_class: SendClass) -> bool:
        """Queue a frame with its length in front.

        Returns:
            False if there is no room and nothing may be dropped for it: the connection is to be closed.
        """
        queue = self._queues[send_class]
        while not queue.has_room(data):
            if send_class not in _LOSSY:
                return False
            if not queue.drop_oldest():
                break
            self.dropped_count += 1
        if send_class is SendClass.PROPOSAL:
            waiting = self._queues[SendClass.TRANSACTIONS].size_bytes
            self._ahead_size_bytes = min(waiting, AHEAD_SIZE_BYTES_MAX)
        queue.put(data)
        return True

    def next_record(self) -> bytes | None:
        """The chunks to send next, as many as one TLS record takes; None if nothing waits. They count as sent.

        A record costs as much as some kilobytes of it: what is small leaves together, whatever its class.
        """
        first = self._next_chunk(RECORD_SIZE_BYTES_MAX)
        if first is None or len(first) > _FULL_SIZE_BYTES:
            return first
        chunks = [first]
        room = RECORD_SIZE_BYTES_MAX - len(first)
        while room >= _ROOM_SIZE_BYTES_MIN and (chunk := self._next_chunk(room)) is not None:
            chunks.append(chunk)
            room -= len(chunk)
        return b"".join(chunks)

    def _next_chunk(self, room: int) -> bytes | None:
        """The most urgent chunk of at most so many bytes; a message of the transport takes no more than the least."""
        if self._messages:
            return chunk_bytes(TRANSPORT_CHANNEL, self._messages.popleft())
        for send_class, queue in self._queues.items():
            if queue.frames:
                ahead = self._transactions_ahead(room) if send_class is SendClass.PROPOSAL else None
                return ahead or chunk_bytes(send_class, queue.take(room - HEADER_SIZE_BYTES))
        return None

    def _transactions_ahead(self, room: int) -> bytes | None:
        """The next of those that go before a proposal; None where they are gone, or gave way to newer ones."""
        queue = self._queues[SendClass.TRANSACTIONS]
        if self._ahead_size_bytes <= 0 or not queue.frames:
            self._ahead_size_bytes = 0
            return None
        chunk = chunk_bytes(SendClass.TRANSACTIONS, queue.take(room - HEADER_SIZE_BYTES))
        self._ahead_size_bytes -= len(chunk)
        return chunk
