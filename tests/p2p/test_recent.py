"""Messages to hand out: bounded by count, bytes and age, oldest gone first."""

from hypothesis import given
from hypothesis import strategies as st

from p2p.frames import Gossip, PayloadKind
from p2p.recent import AGE_MS_MAX, RecentMessage, RecentMessages


def message(number: int, size: int = 1, at_ms: int = 0) -> RecentMessage:
    frame = Gossip.of(PayloadKind.AGREEMENT, number.to_bytes(2, "big") + bytes(size - 1), number % 9)
    return RecentMessage(frame, None, True, at_ms)


@given(st.lists(st.integers(1, 40), max_size=60))
def test_bounds_hold_and_the_newest_are_kept(sizes: list[int]) -> None:
    recent = RecentMessages(count_max=5, size_bytes_max=100)
    added = []
    for number, size in enumerate(sizes):
        added.append(message(number, size))
        recent.add(added[-1])
        kept = [one for one in added if recent.get(one.frame.id) is one]
        assert kept == added[len(added) - len(kept) :]
        assert len(recent) == len(kept) <= 5
        assert recent.size_bytes == sum(len(one.frame.payload) for one in kept) <= 100


def test_the_old_are_forgotten_and_the_newest_announced_oldest_first() -> None:
    recent = RecentMessages()
    messages = [message(number, at_ms=number * 1000) for number in range(5)]
    for one in messages:
        recent.add(one)
    assert [one.id for one in recent.newest(2)] == [one.frame.id for one in messages[3:]]
    assert [one.round for one in recent.newest(9)] == [0, 1, 2, 3, 4]
    recent.expire(AGE_MS_MAX + 1000)
    assert [one.id for one in recent.newest(9)] == [one.frame.id for one in messages[2:]]
    recent.forget(messages[3].frame.id)
    recent.forget(messages[3].frame.id)
    assert len(recent) == 2
    assert recent.size_bytes == sum(len(messages[at].frame.payload) for at in (2, 4))
