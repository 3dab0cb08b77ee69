"""The register of ids against a plain dictionary."""

import random
from hashlib import sha256

from hypothesis import given, settings
from hypothesis import strategies as st

from cli.audit.id_register import IdRegister

HOUR_MS = 3_600_000


def id_of(number: int) -> bytes:
    """An id as random as real ones."""
    return sha256(b"%d" % number).digest()


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 3)), max_size=12), max_size=12),
)
def test_as_a_dictionary(blocks: list[list[tuple[int, int]]]) -> None:
    register = IdRegister()
    known: dict[tuple[int, int], int] = {}
    index = 0
    for block in blocks:
        ids = [id_of(number) + bytes([hour]) for number, hour in block]
        # An id fixes its expiry: the hour is part of what makes it.
        ids = [sha256(one).digest() for one in ids]
        expected: tuple[int, int] | None = None
        for offset, item in enumerate(block):
            if item in known and expected is None:
                expected = (index + offset, known[item])
            known.setdefault(item, index + offset)
        found = register.add(ids, [hour * HOUR_MS for _, hour in block], range(index, index + len(block)))
        assert found == expected
        if found is not None:
            return
        index += len(block)


def test_runs_are_merged_and_searched() -> None:
    register = IdRegister()
    count, batch = 60_000, 500
    for start in range(0, count, batch):
        numbers = range(start, start + batch)
        assert register.add([id_of(one) for one in numbers], [HOUR_MS] * batch, numbers) is None
    chance = random.Random(1)
    for _ in range(50):
        earlier = chance.randrange(count)
        assert register.add([id_of(earlier)], [HOUR_MS], [count + 1]) == (count + 1, earlier)


def test_what_has_expired_is_forgotten() -> None:
    register = IdRegister()
    assert register.add([id_of(1), id_of(2)], [HOUR_MS, 3 * HOUR_MS], [1, 2]) is None
    register.forget_before(2 * HOUR_MS)
    assert register.add([id_of(1)], [HOUR_MS], [3]) is None
    assert register.add([id_of(2)], [3 * HOUR_MS], [4]) == (4, 2)
