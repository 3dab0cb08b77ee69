"""The seen-cache: the newest are always known, and never more than two generations are held."""

from hypothesis import given
from hypothesis import strategies as st

from p2p.seen import SeenCache

numbers = st.lists(st.integers(0, 30), max_size=200)


@given(numbers, st.integers(1, 8))
def test_the_newest_are_known_and_the_bound_holds(added: list[int], capacity: int) -> None:
    cache = SeenCache(capacity)
    newest: dict[bytes, None] = {}
    for number in added:
        id = bytes([number]) * 32
        known = id in cache
        assert cache.add(id) is not known
        newest.pop(id, None)
        newest[id] = None
        assert all(one in cache for one in list(newest)[-capacity:])
        assert len(cache) <= 2 * capacity


def test_what_is_forgotten_is_new_again() -> None:
    cache = SeenCache(2)
    for number in range(5):
        assert cache.add(bytes([number]) * 32)
    assert bytes(32) not in cache
    assert cache.add(bytes(32))
    cache.forget(bytes(32))
    assert bytes(32) not in cache
