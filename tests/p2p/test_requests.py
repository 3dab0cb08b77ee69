"""Questions under way: answered once, by whom they were put to, in time."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from p2p.requests import LATE_MAX, WAIT_MS, WAIT_MS_MAX, Answered, Expired, Requests

A, B = b"a" * 32, b"b" * 32


def test_an_answer_counts_once_and_only_from_the_peer_that_was_asked() -> None:
    requests: Requests[str] = Requests(4, 2)
    number = requests.open(A, "x", 0)
    assert requests.close(B, number) == (Answered.UNASKED, None)
    assert requests.close(A, number + 1) == (Answered.UNASKED, None)
    assert requests.close(A, number) == (Answered.ASKED, "x")
    assert requests.close(A, number) == (Answered.UNASKED, None)


def test_what_comes_late_is_not_unasked() -> None:
    requests: Requests[str] = Requests(4, 2)
    number = requests.open(A, "x", 0)
    assert requests.expire(WAIT_MS - 1) == []
    assert requests.expire(WAIT_MS) == [Expired(A, "x")]
    assert requests.close(A, number) == (Answered.LATE, None)
    assert requests.close(A, number) == (Answered.UNASKED, None)


def test_a_slow_peer_is_given_more_time_and_less_again_when_it_answers() -> None:
    requests: Requests[str] = Requests(4, 2)
    now_ms, waits = 0, []
    for _ in range(6):
        requests.open(A, "x", now_ms)
        start_ms = now_ms
        while not requests.expire(now_ms):
            now_ms += 1000
        waits.append(now_ms - start_ms)
    assert waits == [WAIT_MS, 2 * WAIT_MS, 4 * WAIT_MS, 8 * WAIT_MS, WAIT_MS_MAX, WAIT_MS_MAX]
    for _ in range(20):
        requests.close(A, requests.open(A, "x", now_ms))
    requests.open(A, "x", now_ms)
    assert requests.expire(now_ms + WAIT_MS) == [Expired(A, "x")]


@pytest.mark.parametrize("break_ms", [1_000, 6_000, 16_000, 26_000, 40_000])
def test_after_a_break_nobody_waits_longer_than_it_lasted_and_one_first_wait(break_ms: int) -> None:
    """Several questions at a time, all of them lost until the break is over.

    Guard: p2p/requests.py, `expire`, `2 * question.wait_ms`.
    """
    requests: Requests[str] = Requests(8, 2)
    now_ms, asked_ms = 0, 0
    while now_ms < break_ms or asked_ms < break_ms:
        for expired in requests.expire(now_ms):
            assert expired.peer == A
        while requests.has_room(A):
            requests.open(A, "x", now_ms)
            asked_ms = now_ms
        now_ms += 100
    assert asked_ms <= 2 * break_ms + WAIT_MS


def test_a_lost_peer_gives_its_questions_back() -> None:
    requests: Requests[str] = Requests(4, 2)
    requests.open(A, "x", 0)
    requests.open(B, "y", 0)
    requests.open(A, "z", 0)
    assert requests.cancel(A) == ["x", "z"]
    assert requests.subjects == ("y",)


class RequestsMachine(RuleBasedStateMachine):
    """Against a plain dictionary."""

    peers = st.sampled_from((A, B, b"c" * 32))

    def __init__(self) -> None:
        super().__init__()
        self.requests: Requests[int] = Requests(4, 2)
        self.open_ones: dict[int, tuple[bytes, int]] = {}
        self.now_ms = self.count = 0

    @rule(peer=peers)
    def ask(self, peer: bytes) -> None:
        mine = sum(other == peer for other, _ in self.open_ones.values())
        assert self.requests.under_way(peer) == mine
        assert self.requests.has_room(peer) == (len(self.open_ones) < 4 and mine < 2)
        if self.requests.has_room(peer):
            self.count += 1
            number = self.requests.open(peer, self.count, self.now_ms)
            assert number not in self.open_ones
            self.open_ones[number] = (peer, self.count)

    @rule(peer=peers, number=st.integers(0, 50))
    def answer(self, peer: bytes, number: int) -> None:
        answered, subject = self.requests.close(peer, number)
        if self.open_ones.get(number, (None, 0))[0] == peer:
            assert (answered, subject) == (Answered.ASKED, self.open_ones.pop(number)[1])
        else:
            assert subject is None
            assert answered is not Answered.ASKED

    @rule(wait_ms=st.integers(0, 20_000))
    def wait(self, wait_ms: int) -> None:
        self.now_ms += wait_ms
        gone = {one.subject for one in self.requests.expire(self.now_ms)}
        self.open_ones = {number: one for number, one in self.open_ones.items() if one[1] not in gone}

    @rule()
    def abandon(self) -> None:
        self.requests.abandon()
        self.open_ones.clear()

    @invariant()
    def bounds_hold(self) -> None:
        assert len(self.requests) == len(self.open_ones) <= 4
        assert len(self.requests._late) <= LATE_MAX


RequestsMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestRequestsMachine = RequestsMachine.TestCase
