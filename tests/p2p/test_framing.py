"""Frames on a stream, whatever pieces it comes in. Source: docs/protocol.md, section 8."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import RemoteProtocolError
from p2p import frames
from p2p.errors import InvalidFrameError
from p2p.frame import FRAME_SIZE_BYTES_MAX, SMALL_FRAME_SIZE_BYTES_MAX, Frame
from p2p.framing import FrameReader, framed
from tests.p2p.frame_strategies import any_frame


def drained(reader: FrameReader) -> list[Frame]:
    found = []
    while (frame := reader.next_frame()) is not None:
        found.append(frame)
    return found


@given(st.lists(any_frame, max_size=6), st.data())
def test_frames_come_out_as_they_went_in(sent: list[Frame], data: st.DataObject) -> None:
    stream = b"".join(framed(frame) for frame in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    reader = FrameReader()
    found = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        reader.feed(stream[start:end])
        found += drained(reader)
    assert found == sent
    assert reader.buffered_size_bytes == 0


@pytest.mark.parametrize("size", [0, 1, FRAME_SIZE_BYTES_MAX + 1, 2**32 - 1])
def test_a_length_that_no_frame_has_is_refused_after_four_bytes(size: int) -> None:
    reader = FrameReader()
    reader.feed(size.to_bytes(4, "big"))
    with pytest.raises(InvalidFrameError):
        reader.next_frame()


def test_a_length_that_its_kind_does_not_have_is_refused_after_six_bytes() -> None:
    reader = FrameReader()
    reader.feed((SMALL_FRAME_SIZE_BYTES_MAX + 1).to_bytes(4, "big") + b"\x92")
    assert reader.next_frame() is None
    reader.feed(b"\x04")
    with pytest.raises(InvalidFrameError, match="graft"):
        reader.next_frame()


def test_a_broken_frame_ends_the_reader_after_the_frames_before_it() -> None:
    reader = FrameReader()
    reader.feed(framed(frames.Prune()) + b"\x00\x00\x00\x02\xff\xff" + framed(frames.Prune()))
    assert reader.next_frame() == frames.Prune()
    for _ in range(2):
        with pytest.raises(RemoteProtocolError):
            reader.next_frame()
    assert reader.buffered_size_bytes == 0


@given(st.binary(max_size=300))
def test_any_bytes_give_frames_or_end_the_reader(data: bytes) -> None:
    reader = FrameReader()
    reader.feed(data)
    try:
        found = drained(reader)
    except RemoteProtocolError as error:
        assert str(error)
    else:
        assert sum(len(framed(frame)) for frame in found) + reader.buffered_size_bytes == len(data)
