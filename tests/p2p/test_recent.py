"""Messages to hand out: bounded by count, bytes and age, oldest gone first."""

from hypothesis import given
from hypothesis import strategies as st

from p2p.frames import Gossip, PayloadKind
from p2p.recent import AGE_MS_MAX, NEWEST_COUNT, PASSING_AGE_MS_MAX, RecentMessage, RecentMessages


def message(number: int, size: int = 1, at_ms: int = 0, kind: PayloadKind = PayloadKind.CHECKPOINT) -> RecentMessage:
    frame = Gossip.of(kind, number.to_bytes(2, "big") + bytes(size - 1), number % 9)
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
    assert [one.id for one in recent.news(2, 4000)] == [one.frame.id for one in messages[3:]]
    assert [one.round for one in recent.news(9, 4000)] == [0, 1, 2, 3, 4]
    recent.expire(AGE_MS_MAX + 1000)
    assert [one.id for one in recent.news(9, AGE_MS_MAX + 1000)] == [one.frame.id for one in messages[2:]]
    recent.forget(messages[3].frame.id)
    recent.forget(messages[3].frame.id)
    assert len(recent) == 2
    assert recent.size_bytes == sum(len(messages[at].frame.payload) for at in (2, 4))


def test_what_is_found_otherwise_is_news_for_half_a_second() -> None:
    """Old statements of a busy network do not crowd out the one checkpoint that nobody says again."""
    recent = RecentMessages()
    for number, kind in enumerate(PayloadKind):
        recent.add(message(number, kind=kind))
    assert len(recent.news(999, AGE_MS_MAX)) == len(PayloadKind), "few are all told, however old"
    busy = [message(number, at_ms=1, kind=PayloadKind.AGREEMENT) for number in range(100, 1000)]
    for one in busy:
        recent.add(one)
    assert len(recent.news(999, PASSING_AGE_MS_MAX)) == len(busy) + 3
    later = recent.news(999, PASSING_AGE_MS_MAX + 1)
    assert [one.id for one in later[3:]] == [one.frame.id for one in busy[-NEWEST_COUNT:]]
    lasting = (PayloadKind.EVIDENCE, PayloadKind.TERM, PayloadKind.CHECKPOINT)
    assert [one.id for one in later[:3]] == [message(kind - 1, kind=kind).frame.id for kind in lasting]
