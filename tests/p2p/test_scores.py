"""Scores: they fall with offences, recover with time, and end in back-off or ban."""

from hypothesis import given
from hypothesis import strategies as st

from p2p import scores
from p2p.offences import POINTS, Offence
from p2p.scores import (
    BACK_OFF_MS,
    BAN_MS,
    BAN_MS_MAX,
    DETAIL_LENGTH_MAX,
    FORGIVEN_AFTER_MS,
    REASONS_MAX,
    PeerScores,
    Standing,
    Work,
)

A, B = b"a" * 32, b"b" * 32


def test_a_peer_that_does_nothing_wrong_is_fine() -> None:
    made = PeerScores()
    assert made.score(A, 0) == 100
    assert made.verdict(A, 0).standing is Standing.OK
    assert made.report(0) == ()


def test_every_offence_has_a_price_and_none_is_a_ban_at_once() -> None:
    assert set(POINTS) == set(Offence)
    assert all(1 <= points < 100 for points in POINTS.values())


def test_scores_fall_and_recover_by_a_point_a_second() -> None:
    made = PeerScores()
    assert made.blame(A, Offence.INVALID_MESSAGE, 0).standing is Standing.OK
    assert made.score(A, 0) == 80
    assert made.score(A, 1000) == 81
    assert made.score(A, 1_000_000) == 100
    made.blame(A, Offence.INVALID_MESSAGE, 10_000)
    assert made.score(A, 10_000) == 70
    assert made.score(B, 0) == 100


def test_half_of_the_score_lost_is_a_back_off_that_grows() -> None:
    made = PeerScores()
    first = made.blame(A, Offence.INVALID_FRAME, 0)
    assert first == (Standing.DISCONNECT, BACK_OFF_MS)
    assert made.verdict(A, BACK_OFF_MS - 1) == first
    assert made.verdict(A, BACK_OFF_MS).standing is Standing.OK
    now_ms = 100_000
    assert made.blame(A, Offence.INVALID_FRAME, now_ms) == (Standing.DISCONNECT, now_ms + 2 * BACK_OFF_MS)


def test_all_of_the_score_lost_is_a_ban_that_grows_up_to_a_day() -> None:
    made = PeerScores()
    now_ms, spans = 0, []
    for _ in range(12):
        while (verdict := made.blame(A, Offence.INVALID_BLOCK, now_ms)).standing is not Standing.BAN:
            now_ms += 1
        spans.append(verdict.until_ms - now_ms)
        now_ms = verdict.until_ms
    assert spans[:3] == [BAN_MS, 2 * BAN_MS, 4 * BAN_MS]
    assert spans[-1] == BAN_MS_MAX


def test_a_flood_of_small_things_ends_in_a_ban_and_slow_ones_do_not() -> None:
    made = PeerScores()
    standings = [made.blame(A, Offence.BROKEN_PROMISE, 0).standing for _ in range(200)]
    assert standings[49] is Standing.OK
    assert standings[50] is Standing.DISCONNECT
    patient = [made.blame(B, Offence.BROKEN_PROMISE, now_ms).standing for now_ms in range(0, 500_000, 1000)]
    assert set(patient) == {Standing.OK}


def test_after_a_clean_day_back_offs_begin_small_again() -> None:
    made = PeerScores()
    made.blame(A, Offence.INVALID_FRAME, 0)
    now_ms = BACK_OFF_MS + FORGIVEN_AFTER_MS
    assert made.blame(A, Offence.INVALID_FRAME, now_ms).until_ms == now_ms + BACK_OFF_MS


def test_reasons_are_kept_and_bounded() -> None:
    made = PeerScores()
    for number in range(REASONS_MAX + 3):
        made.blame(A, Offence.FLOOD, number, f"{number}:" + "x" * 1000)
    (report,) = made.report(100)
    assert report.peer == A
    assert report.score == 100 - 5 * (REASONS_MAX + 3) + 0
    assert [reason.at_ms for reason in report.reasons] == list(range(3, REASONS_MAX + 3))
    assert all(len(reason.detail) == DETAIL_LENGTH_MAX for reason in report.reasons)


def test_work_is_limited_for_each_peer_and_kind() -> None:
    made = PeerScores()
    burst = scores.RATES[Work.QUESTIONS].burst
    assert sum(made.allow(A, Work.QUESTIONS, 1, 0) for _ in range(burst + 10)) == burst
    assert made.allow(B, Work.QUESTIONS, 1, 0)
    assert made.allow(A, Work.FRAMES, 1, 0)
    assert made.allow(A, Work.QUESTIONS, 1, 1000)


def test_records_are_bounded_and_the_worst_stay() -> None:
    made = PeerScores()
    made.blame(A, Offence.INVALID_BLOCK, 0)
    assert made.blame(A, Offence.INVALID_BLOCK, 0).standing is Standing.BAN
    made.blame(B, Offence.INVALID_MESSAGE, 0)
    for number in range(scores.PEERS_MAX + 10):
        made.allow(number.to_bytes(32, "big"), Work.FRAMES, 1, 0)
    assert len(made) == scores.PEERS_MAX
    assert made.verdict(A, 0).standing is Standing.BAN
    assert made.score(B, 0) == 80


@given(st.lists(st.tuples(st.sampled_from(Offence), st.integers(0, 100_000)), max_size=50))
def test_scores_stay_between_0_and_100_and_time_only_helps(offences: list[tuple[Offence, int]]) -> None:
    made, now_ms = PeerScores(), 0
    for offence, wait_ms in offences:
        now_ms += wait_ms
        before = made.score(A, now_ms)
        verdict = made.blame(A, offence, now_ms)
        assert 0 <= made.score(A, now_ms) <= 100
        assert made.score(A, now_ms) < before or verdict.standing is Standing.BAN or before == 0
        assert made.score(A, now_ms + 10_000) >= made.score(A, now_ms)
        assert verdict.standing is Standing.OK or verdict.until_ms > now_ms
