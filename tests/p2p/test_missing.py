"""Announced messages: waited for, then asked for, each announcer in turn. Source: Plumtree, section 3.7."""

from ledger.hashing import Hash
from p2p import missing
from p2p.missing import ANNOUNCED_MAX, FIRST_WAIT_MS_MAX, FIRST_WAIT_MS_MIN, MissingMessages, Question

A, B, C = (bytes([number]) * 32 for number in b"abc")
M, N, L = b"m" * 32, b"n" * 32, b"l" * 32


class NoJitter:
    def below(self, limit: int) -> int:
        return 0


def questions(messages: MissingMessages, now_ms: int) -> tuple[Question, ...]:
    due = messages.due(now_ms)
    assert due.broken == ()
    return due.questions


def test_it_is_waited_for_and_then_each_announcer_is_asked_in_turn() -> None:
    messages = MissingMessages(NoJitter())
    messages.announced(M, A, 3, 0)
    messages.announced(M, B, 4, 10)
    assert questions(messages, FIRST_WAIT_MS_MIN - 1) == ()
    asked: list[Hash] = []
    now_ms, answer_ms = FIRST_WAIT_MS_MIN, missing.ANSWER_WAIT_MS
    for wait_ms in (answer_ms, answer_ms, 2 * answer_ms, 2 * answer_ms):
        asked += [question.peer for question in questions(messages, now_ms)]
        assert questions(messages, now_ms + wait_ms - 1) == ()
        now_ms += wait_ms
    assert asked == [A, B, A, B]
    assert messages.due(now_ms) == ((), (A, B))
    assert len(messages) == 0


def test_what_arrives_is_not_asked_for() -> None:
    messages = MissingMessages(NoJitter())
    messages.announced(M, A, 3, 0)
    messages.announced(M, B, 4, 0)
    assert messages.arrived(M, C, 20) == {A: 3, B: 4}
    assert messages.arrived(N, C, 20) == {}
    assert messages.due(10_000) == ((), ())


def test_what_the_way_itself_announced_is_asked_for_at_once_and_there_first() -> None:
    messages = MissingMessages(NoJitter())
    messages.announced(M, A, 1, 0)
    messages.announced(M, B, 1, 0)
    messages.announced(N, A, 1, 0)
    messages.way_is(B, 20)
    assert questions(messages, 20) == (Question(M, B),)
    # It is asked for: another hint does not make it two questions at a time.
    messages.way_is(B, 30)
    messages.announced(M, C, 1, 30, is_way=True)
    assert questions(messages, 30) == ()
    assert questions(messages, FIRST_WAIT_MS_MIN) == (Question(N, A),)
    assert questions(messages, 20 + missing.ANSWER_WAIT_MS) == (Question(M, A),)
    messages.announced(L, A, 1, 1000)
    messages.announced(L, C, 1, 1010, is_way=True)
    assert questions(messages, 1010)[-1] == Question(L, C)


def test_what_there_was_no_room_for_is_not_asked_for_at_once() -> None:
    messages = MissingMessages(NoJitter())
    messages.turned_away(M, A, 1, 0)
    messages.way_is(A, 1)
    assert questions(messages, 1) == ()
    assert questions(messages, FIRST_WAIT_MS_MIN) == (Question(M, A),)


def test_a_lost_peer_is_neither_asked_nor_blamed() -> None:
    messages = MissingMessages(NoJitter())
    for peer in (A, B):
        messages.announced(M, peer, 1, 0)
    messages.announced(N, A, 1, 0)
    messages.lost(A)
    assert len(messages) == 1
    assert questions(messages, 1000) == (Question(M, B),)
    messages.lost(B)
    assert messages.due(10_000) == ((), ())


def test_one_peer_cannot_announce_more_than_its_share() -> None:
    messages = MissingMessages(NoJitter())
    for number in range(ANNOUNCED_MAX + 10):
        messages.announced(number.to_bytes(32, "big"), A, 1, 0)
    assert len(messages) == ANNOUNCED_MAX
    messages.announced(M, B, 1, 0)
    assert len(messages) == ANNOUNCED_MAX + 1
    messages.arrived(bytes(32), B, 0)
    messages.announced(N, A, 1, 0)
    assert len(messages) == ANNOUNCED_MAX + 1


def test_slow_ways_are_given_more_time_and_fast_ones_less_again() -> None:
    messages = MissingMessages(NoJitter())
    messages.announced(M, A, 1, 0)
    messages.arrived(M, B, 300)
    assert messages.first_wait_ms == 450
    messages.announced(M, A, 1, 300 + missing.SLOWEST_HALVES_MS)
    assert messages.first_wait_ms == 225
    messages.arrived(M, B, 20_000)
    assert messages.first_wait_ms == FIRST_WAIT_MS_MAX
    messages.announced(M, A, 1, 10_000_000)
    assert messages.first_wait_ms == FIRST_WAIT_MS_MIN


def test_an_answer_says_nothing_of_the_way_along_the_tree() -> None:
    messages = MissingMessages(NoJitter())
    messages.announced(M, A, 1, 0)
    assert questions(messages, 5000) == (Question(M, A),)
    messages.arrived(M, A, 5100)
    assert messages.first_wait_ms == FIRST_WAIT_MS_MIN
