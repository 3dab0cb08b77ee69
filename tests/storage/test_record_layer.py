"""What lies over the table of records: questions in order, and all of them at once, as of one sorted map."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from storage.record_layer import NOTHING, RecordLayer, Span, laid_over

KEYS = [f"{kind}\0{number}".encode() for kind in ("notice", "timer") for number in range(6)]
PREFIXES = [b"notice\0", b"timer\0", b"timer\0" + b"3", b"unit\0"]
Changes = dict[bytes, bytes | None]
changes = st.dictionaries(st.sampled_from(KEYS), st.one_of(st.none(), st.binary(max_size=3)), max_size=6)


def next_of(records: Mapping[bytes, object], prefix: bytes, after: bytes) -> bytes | None:
    return min((key for key in records if key.startswith(prefix) and key > after), default=None)


def lay(layer: RecordLayer, height: int, newest: Changes, known: Mapping[bytes, bytes]) -> None:
    layer.lay(height, newest, [key for key, value in newest.items() if value is not None and key not in known])


@given(st.dictionaries(st.sampled_from(KEYS), st.binary(max_size=3)), st.lists(changes, max_size=6))
def test_it_answers_like_one_map(below: dict[bytes, bytes], blocks: list[Changes]) -> None:
    layer, records = RecordLayer(), dict(below)
    for height, newest in enumerate(blocks, 1):
        lay(layer, height, newest, records)
        for key, value in newest.items():
            if value is None:
                records.pop(key, None)
            else:
                records[key] = value
        for prefix in PREFIXES:
            for after in (b"", *KEYS):
                asked = layer.next_key(lambda prefix, after: next_of(below, prefix, after), prefix, after)
                assert asked == next_of(records, prefix, after), (prefix, after)
        assert list(laid_over(sorted(below.items()), layer.newest)) == sorted(records.items())
        assert layer.changes_at(Span(1, height)) == layer.newest
    assert {key: layer.newest.get(key, below.get(key)) for key in KEYS} == {key: records.get(key) for key in KEYS}


def test_what_it_says_of_a_moment_does_not_change_with_it() -> None:
    layer = RecordLayer()
    assert layer.changes_at(NOTHING) == {}
    layer.lay(7, {b"unit\0a": b"1"}, [b"unit\0a"])
    then = layer.changes_at(Span(7, 7))
    layer.lay(9, {b"unit\0a": b"2"}, [])
    assert then == {b"unit\0a": b"1"}
    assert layer.changes_at(Span(7, 7)) is None
    assert layer.changes_at(Span(7, 9)) == {b"unit\0a": b"2"}


def test_keys_that_the_state_below_has_may_be_called_created() -> None:
    """So a journal is read again: its rows do not tell what there was before."""
    below = {b"unit\0a": b"old"}
    layer = RecordLayer()
    layer.lay(1, {b"unit\0a": b"new"}, [b"unit\0a"])
    assert layer.next_key(lambda prefix, after: next_of(below, prefix, after), b"unit\0") == b"unit\0a"
    layer.lay(2, {b"unit\0a": None}, [])
    assert layer.next_key(lambda prefix, after: next_of(below, prefix, after), b"unit\0") is None
