"""What waits for a peer: the order across classes, what is dropped, what ends the connection, and the bounds."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p2p.chunks import CHUNK_SIZE_BYTES_MAX, TRANSPORT_CHANNEL, Chunk, ChunkReader
from p2p.effects import SendClass
from p2p.frame import FRAME_SIZE_BYTES_MAX
from p2p.send_queues import AHEAD_SIZE_BYTES_MAX, QUEUE_SIZE_BYTES_MAX, RECORD_SIZE_BYTES_MAX, SendQueues

LOSSY = (SendClass.PROPOSAL, SendClass.TRANSACTIONS, SendClass.BULK)


def chunks_of(queues: SendQueues, count_max: int = 1_000_000) -> list[Chunk]:
    reader = ChunkReader()
    found: list[Chunk] = []
    while len(found) < count_max and (data := queues.next_record()) is not None:
        assert len(data) <= RECORD_SIZE_BYTES_MAX
        reader.feed(data)
        chunks = list(iter(reader.next_chunk, None))
        assert chunks and reader.buffered_size_bytes == 0
        found += chunks
    return found


def test_a_lower_class_goes_first_and_interrupts_after_one_chunk() -> None:
    queues = SendQueues()
    assert queues.put(b"b" * 100_000, SendClass.BULK)
    first = chunks_of(queues, 1)
    assert queues.put(b"t" * 20_000, SendClass.TRANSACTIONS) and queues.put(b"vote", SendClass.AGREEMENT)
    queues.put_message(b"m")
    rest = chunks_of(queues)
    assert [chunk.channel for chunk in first + rest[:4]] == [4, TRANSPORT_CHANNEL, 0, 3, 3]
    assert {chunk.channel for chunk in rest[4:]} == {SendClass.BULK}
    assert b"".join(chunk.data for chunk in first + rest if chunk.channel == SendClass.BULK) == b"b" * 100_000


def test_small_frames_leave_together() -> None:
    queues = SendQueues()
    for index in range(100):
        assert queues.put(bytes([index]) * 10, SendClass.CONTROL)
    (chunk,) = chunks_of(queues)
    assert chunk.data == b"".join(bytes([index]) * 10 for index in range(100))


def test_small_frames_of_all_classes_leave_in_one_record_the_urgent_first() -> None:
    queues = SendQueues()
    for send_class in reversed(SendClass):
        assert queues.put(b"x" * 700, send_class)
    queues.put_message(b"m")
    data = queues.next_record()
    assert data is not None and queues.next_record() is None
    reader = ChunkReader()
    reader.feed(data)
    channels = [chunk.channel for chunk in iter(reader.next_chunk, None)]
    assert channels == [TRANSPORT_CHANNEL, *(one for one in SendClass if one not in LOSSY), 3, 2, 4]


def test_what_is_large_fills_a_record_and_goes_on_in_the_next() -> None:
    queues = SendQueues()
    assert queues.put(b"v" * 100, SendClass.AGREEMENT) and queues.put(b"b" * 40_000, SendClass.BULK)
    records = list(iter(queues.next_record, None))
    assert [len(record) for record in records[:-1]] == [RECORD_SIZE_BYTES_MAX] * 2
    assert queues.put(b"b" * CHUNK_SIZE_BYTES_MAX, SendClass.BULK) and queues.put(b"p", SendClass.PROPOSAL)
    assert queues.put(b"t", SendClass.TRANSACTIONS)
    nearly_full, rest = iter(queues.next_record, None)
    assert len(nearly_full) == RECORD_SIZE_BYTES_MAX, "what is urgent, and as much of the large one as there is room"
    assert nearly_full.startswith(b"\x02\x00\x01p") and len(rest) < 200


def test_a_proposal_lets_transactions_go_first_that_were_there_before() -> None:
    queues = SendQueues()
    for data, send_class in (
        (b"t1", SendClass.TRANSACTIONS),
        (b"p1", SendClass.PROPOSAL),
        (b"t2", SendClass.TRANSACTIONS),
    ):
        assert queues.put(data, send_class)
    queues.put_message(b"m")
    assert queues.put(b"vote", SendClass.AGREEMENT)
    sent = [(chunk.channel, chunk.data) for chunk in chunks_of(queues)]
    assert sent == [(TRANSPORT_CHANNEL, b"m"), (0, b"vote"), (3, b"t1t2"), (2, b"p1")]
    # Nothing was before this one.
    assert queues.put(b"p2", SendClass.PROPOSAL) and queues.put(b"t3", SendClass.TRANSACTIONS)
    assert [chunk.channel for chunk in chunks_of(queues)] == [2, 3]


def test_a_flood_of_transactions_holds_a_proposal_up_for_one_batch_only() -> None:
    queues = SendQueues()
    for _ in range(30):
        assert queues.put(b"t" * 100_000, SendClass.TRANSACTIONS)
    assert queues.put(b"p", SendClass.PROPOSAL)
    channels = [chunk.channel for chunk in chunks_of(queues)]
    before = channels.index(SendClass.PROPOSAL) * CHUNK_SIZE_BYTES_MAX
    assert AHEAD_SIZE_BYTES_MAX - CHUNK_SIZE_BYTES_MAX <= before <= AHEAD_SIZE_BYTES_MAX + CHUNK_SIZE_BYTES_MAX


@pytest.mark.parametrize("send_class", [SendClass.AGREEMENT, SendClass.CONTROL])
def test_what_is_told_once_is_never_dropped(send_class: SendClass) -> None:
    queues = SendQueues()
    while queues.put(b"x" * 1000, send_class):
        assert queues.size_bytes <= QUEUE_SIZE_BYTES_MAX[send_class]
    assert queues.dropped_count == 0
    sent = b"".join(chunk.data for chunk in chunks_of(queues))
    assert len(sent) // 1000 == QUEUE_SIZE_BYTES_MAX[send_class] // 1064


@pytest.mark.parametrize("send_class", LOSSY)
def test_the_oldest_that_has_not_begun_makes_room(send_class: SendClass) -> None:
    queues = SendQueues()
    frames = [bytes([index]) * 500_000 for index in range(40)]
    assert queues.put(frames[0], send_class)
    begun = chunks_of(queues, 1)
    for frame in frames[1:]:
        assert queues.put(frame, send_class)
        assert queues.size_bytes <= QUEUE_SIZE_BYTES_MAX[send_class]
    sent = b"".join(chunk.data for chunk in begun + chunks_of(queues))
    came = [sent[place] for place in range(0, len(sent), 500_000)]
    # The one that had begun is whole, and the newest are there, without a gap.
    assert sent[:500_000] == frames[0]
    assert came[0] == 0 and came[-1] == 39 and queues.dropped_count == 40 - len(came)
    assert all(one + 1 == other for one, other in pairwise(came[1:]))
    assert len(sent) % 500_000 == 0


@pytest.mark.parametrize("send_class", LOSSY)
def test_the_largest_frame_always_fits(send_class: SendClass) -> None:
    queues = SendQueues()
    for _ in range(5):
        assert queues.put(bytes(FRAME_SIZE_BYTES_MAX), send_class)
        chunks_of(queues, 1)
    assert queues.size_bytes <= QUEUE_SIZE_BYTES_MAX[send_class] + FRAME_SIZE_BYTES_MAX + 2 * 64


@given(
    st.lists(
        st.one_of(
            st.tuples(st.sampled_from(SendClass), st.binary(min_size=1, max_size=40_000)),
            st.integers(1, 5),
        ),
        max_size=20,
    )
)
def test_nothing_is_lost_or_mixed_up_below_the_bounds(steps: list[tuple[SendClass, bytes] | int]) -> None:
    queues = SendQueues()
    wanted: dict[int, bytes] = dict.fromkeys(SendClass, b"")
    chunks: list[Chunk] = []
    for step in steps:
        if isinstance(step, int):
            chunks += chunks_of(queues, step)
        else:
            send_class, data = step
            assert queues.put(data, send_class)
            wanted[send_class] += data
    chunks += chunks_of(queues)
    for send_class in SendClass:
        assert b"".join(chunk.data for chunk in chunks if chunk.channel == send_class) == wanted[send_class]
    assert queues.size_bytes == 0
