"""Frames: one byte form each, strict, bounded. Source: docs/protocol.md, section 8; docs/reference/gossip.md."""

import pytest
from hypothesis import given

from ledger.encoding import Value, encode
from ledger.errors import DecodingError, RemoteProtocolError
from p2p import frames
from p2p.errors import FrameTooLargeError, InvalidFrameError
from p2p.frame import Frame
from p2p.frames import (
    KINDS,
    PAYLOAD_SIZE_BYTES_MAX,
    Blocks,
    CarriedBlock,
    Gossip,
    PayloadKind,
    decode_frame,
    encode_frame,
)
from tests.ledger.byte_forms import assert_one_form, changed
from tests.p2p.frame_strategies import EXAMPLES, any_frame

H: Value = b"h" * 32
STATUS: list[Value] = [6, 9, H, 2, 11, H, 3, [1, [H] * 16]]
TOO_FEW_BUCKETS: Value = [1, [H] * 15]
NEGATIVE_COUNT: Value = [-1, [H] * 16]
BLOCK: list[Value] = [b"header", b"s" * 64, b"", [b"entry"], b""]


@given(any_frame)
def test_what_is_written_is_read_back(frame: Frame) -> None:
    assert decode_frame(encode_frame(frame)) == frame


@given(changed(tuple(encode_frame(frame) for frame in EXAMPLES)))
def test_bytes_close_to_a_frame_are_one_form_or_refused(data: bytes) -> None:
    assert_one_form(decode_frame, encode_frame, data)


def test_every_kind_has_an_example_and_a_tag_of_its_own() -> None:
    assert {type(frame) for frame in EXAMPLES} == set(KINDS.values())
    assert set(KINDS) == set(range(2, 24)), "tag 1 is kept for the greeting"
    assert len({kind.NAME for kind in KINDS.values()}) == len(KINDS)


@pytest.mark.parametrize("frame", EXAMPLES, ids=lambda frame: frame.NAME)
def test_frames_begin_with_the_two_bytes_that_name_their_kind(frame: Frame) -> None:
    data = encode_frame(frame)
    assert frames.kind_of(data) is type(frame)
    with pytest.raises(InvalidFrameError):
        decode_frame(bytes((data[0] + 1,)) + data[1:])
    with pytest.raises(RemoteProtocolError):
        decode_frame(data + b"\x00")


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ([2, 0, 0, b""], "kind"),
        ([2, max(PayloadKind) + 1, 0, b""], "kind"),
        ([2, True, 0, b""], "kind"),
        ([2, 1, -1, b""], "round"),
        ([2, 1, frames.ROUND_MAX + 1, b""], "round"),
        ([2, 1, 0, "text"], "payload"),
        ([2, 3, 0, bytes(PAYLOAD_SIZE_BYTES_MAX[PayloadKind.AGREEMENT] + 1)], "payload"),
        ([3, []], "announcements"),
        ([3, [[H]]], "announcements"),
        ([3, [[b"short", 1]]], "announcements"),
        ([3, [[H, 1]] * (frames.ANNOUNCEMENTS_MAX + 1)], "announcements"),
        ([4, [H] * (frames.GRAFTS_MAX + 1)], "ids"),
        ([4, H], "ids"),
        ([*STATUS[:1], -1, *STATUS[2:]], "committed_height"),
        ([*STATUS[:2], b"", *STATUS[3:]], "committed_hash"),
        ([*STATUS[:4], None, *STATUS[5:]], "tip_height"),
        ([*STATUS[:7], TOO_FEW_BUCKETS], "pending"),
        ([*STATUS[:7], NEGATIVE_COUNT], "pending"),
        ([7, []], "ids"),
        ([7, [H] * (frames.PENDING_IDS_MAX + 1)], "ids"),
        ([8, 2**32, [H]], "request"),
        ([8, 1, []], "ids"),
        ([8, 1, [H] * (frames.WANTED_TRANSACTIONS_MAX + 1)], "ids"),
        ([9, 1, [b""]], "submissions"),
        ([10, 1, 0, 1, True], "first_height"),
        ([10, 1, 1, 0, True], "count"),
        ([10, 1, 1, frames.WANTED_BLOCKS_MAX + 1, True], "count"),
        ([10, 1, 1, 1, 1], "with_entries"),
        ([11, 1, [BLOCK[:4]]], "blocks"),
        ([11, 1, [[b"", *BLOCK[1:]]]], "blocks"),
        ([11, 1, [[BLOCK[0], b"s" * 63, *BLOCK[2:]]]], "blocks"),
        ([11, 1, [[*BLOCK[:3], [b""], b""]]], "blocks"),
        ([11, 1, [BLOCK] * (frames.WANTED_BLOCKS_MAX + 1)], "blocks"),
        ([12, 1, H, []], "indexes"),
        ([12, 1, H, [2, 1]], "indexes"),
        ([12, 1, H, [1, 1]], "indexes"),
        ([12, 1, H, [frames.BLOCK_ENTRIES_MAX]], "indexes"),
        ([13, 1, [[2, b"e"], [1, b"e"]]], "entries"),
        ([13, 1, [[1, b"e"], [1, b"f"]]], "entries"),
        ([14, b""], "certificate"),
        ([15, b""], "note"),
        ([15, bytes(frames.CHECKPOINT_SIZE_BYTES_MAX + 1)], "note"),
    ],
)
def test_the_field_that_is_wrong_is_named(value: Value, field: str) -> None:
    with pytest.raises(InvalidFrameError) as caught:
        decode_frame(encode(value))
    assert caught.value.params["field"] == field
    assert f"`{field}`" in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"\x91", b"\x91\x01", b"\x91\x10", b"\xdc\x00\x01", b"\x92\x05\x00"])
def test_what_does_not_begin_like_a_frame_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidFrameError):
        decode_frame(data)


def test_longer_forms_are_refused() -> None:
    data = encode_frame(frames.Graft(()))
    assert data == b"\x92\x04\x90"
    with pytest.raises(DecodingError):
        decode_frame(b"\x92\x04\xdc\x00\x00")


def test_the_same_kind_and_bytes_are_the_same_message_whatever_way_they_came() -> None:
    one = Gossip.of(PayloadKind.PROPOSAL, b"bytes", 1)
    assert decode_frame(encode_frame(one)) == one
    assert Gossip.of(PayloadKind.PROPOSAL, b"bytes", 9).id == one.id
    assert Gossip.of(PayloadKind.EVIDENCE, b"bytes", 1).id != one.id


def test_the_largest_block_fits_into_a_frame() -> None:
    """3 MiB of envelopes in 16,384 transactions is what a genesis may allow at most."""
    largest = CarriedBlock(bytes(1024), bytes(64), bytes(8192), (bytes(1024), *[bytes(192)] * 16_384), bytes(8192))
    assert sum(len(entry) for entry in largest.entries) > 3 * 1024 * 1024
    frame = Blocks(1, (largest,))
    assert decode_frame(encode_frame(frame)) == frame


def test_our_own_frames_are_not_sent_too_large() -> None:
    with pytest.raises(FrameTooLargeError, match="blocks"):
        encode_frame(Blocks(1, (CarriedBlock(b"h", bytes(64), b"", (bytes(65_535),) * 65, b""),)))


def test_small_kinds_have_room_for_what_they_may_hold() -> None:
    hashes = [bytes((first, second)) * 16 for first in range(16) for second in range(256)]
    largest = (
        frames.IHave(tuple(frames.Announcement(one, frames.ROUND_MAX) for one in hashes[: frames.ANNOUNCEMENTS_MAX])),
        frames.Graft(tuple(hashes[: frames.GRAFTS_MAX])),
        frames.PendingIds(tuple(hashes[: frames.PENDING_IDS_MAX])),
        frames.WantTransactions(2**32 - 1, tuple(hashes[: frames.WANTED_TRANSACTIONS_MAX])),
        frames.WantEntries(2**32 - 1, hashes[0], tuple(range(frames.BLOCK_ENTRIES_MAX))),
        frames.TermCertificate(bytes(8192 + 64)),
        frames.CheckpointNote(bytes(frames.CHECKPOINT_SIZE_BYTES_MAX)),
        *(Gossip.of(kind, bytes(size), frames.ROUND_MAX) for kind, size in PAYLOAD_SIZE_BYTES_MAX.items()),
    )
    for frame in largest:
        assert decode_frame(encode_frame(frame)) == frame
