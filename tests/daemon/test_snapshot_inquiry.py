"""How often neighbours are asked for their snapshots. Source: `daemon.snapshot_inquiry`."""

from daemon.snapshot_inquiry import AGAIN_MS, EVERY_MS, GONE_MAX, SnapshotInquiry
from ledger.hashing import Hash
from p2p.snapshot_frames import WantSnapshots

ONE, OTHER = bytes(32), bytes([1]) * 32


def asked(inquiry: SnapshotInquiry, now_ms: int) -> list[Hash]:
    questions = inquiry.ask([ONE, OTHER], now_ms)
    assert all(isinstance(one.frame, WantSnapshots) for one in questions)
    return [one.peer for one in questions]


def test_everybody_is_asked_at_once_and_then_seldom() -> None:
    inquiry = SnapshotInquiry()
    assert asked(inquiry, 0) == [ONE, OTHER]
    assert asked(inquiry, EVERY_MS - 1) == []
    inquiry.lost(ONE)
    assert asked(inquiry, EVERY_MS - 1) == [ONE], "who comes back may have another one"
    assert asked(inquiry, EVERY_MS) == [OTHER]


def test_who_has_another_one_now_is_asked_anew_a_few_times() -> None:
    inquiry = SnapshotInquiry()
    now_ms = 0
    assert asked(inquiry, now_ms) == [ONE, OTHER]
    for _ in range(GONE_MAX):
        inquiry.is_gone(ONE)
        assert asked(inquiry, now_ms + AGAIN_MS - 1) == []
        now_ms += AGAIN_MS
        assert asked(inquiry, now_ms) == [ONE]
    inquiry.is_gone(ONE)
    assert asked(inquiry, now_ms + AGAIN_MS) == [], "it never has what it offers"
    inquiry.got_on()
    inquiry.is_gone(ONE)
    assert asked(inquiry, now_ms + AGAIN_MS) == [ONE]
