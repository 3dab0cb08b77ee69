"""Batches: bounded by count, size and age; nothing lost, nothing reordered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.encoding import Value, encode
from ledger.submission import SUBMISSION_SIZE_BYTES_MAX
from p2p.batching import COUNT_MAX, Batcher, decode_batch, encode_batch
from p2p.errors import InvalidBatchError
from p2p.frames import Gossip, PayloadKind, decode_frame, encode_frame
from tests.ledger.byte_forms import assert_one_form, changed

submissions = st.lists(st.binary(min_size=1, max_size=50), min_size=1, max_size=30)


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=60), st.integers(0, 15)), max_size=60))
def test_everything_leaves_in_order_and_within_the_bounds(added: list[tuple[bytes, int]]) -> None:
    batcher = Batcher(count_max=5, size_bytes_max=100, age_ms_max=20)
    now_ms = 0
    batches: list[bytes] = []
    waiting_since: dict[int, int] = {}
    for submission, wait_ms in added:
        for _ in range(wait_ms):
            now_ms += 1
            batches += [batch for batch in (batcher.due(now_ms),) if batch is not None]
        batches += batcher.add(submission, now_ms)
        waiting_since[len(waiting_since)] = now_ms
        sent = sum(len(decode_batch(batch)) for batch in batches)
        assert all(now_ms - since < 20 for number, since in waiting_since.items() if number >= sent)
    batches += [batch for batch in (batcher.due(now_ms + 20),) if batch is not None]
    assert [one for batch in batches for one in decode_batch(batch)] == [one for one, _ in added]
    for batch in batches:
        found = decode_batch(batch)
        assert len(found) <= 5
        assert sum(map(len, found)) <= 100 or len(found) == 1
    assert batcher.due_ms is None


def test_a_batch_is_due_by_the_age_of_its_first_one() -> None:
    batcher = Batcher()
    batcher.add(b"one", 100)
    batcher.add(b"other", 115)
    assert batcher.due_ms == 120
    assert batcher.due(119) is None
    assert batcher.due(120) == encode_batch([b"one", b"other"])
    assert batcher.due(1000) is None


def test_the_largest_submission_goes_alone_and_fits_into_a_message() -> None:
    batcher = Batcher()
    assert batcher.add(b"small", 0) == []
    largest = bytes(SUBMISSION_SIZE_BYTES_MAX)
    batches = batcher.add(largest, 0)
    assert [decode_batch(batch) for batch in batches] == [(b"small",), (largest,)]
    frame = Gossip.of(PayloadKind.TRANSACTIONS, batches[1])
    assert decode_frame(encode_frame(frame)) == frame


def test_a_full_batch_of_the_largest_kind_fits_into_a_message() -> None:
    batcher = Batcher()
    batches = [batch for number in range(3000) for batch in batcher.add(bytes(600), number // 200)]
    assert len(batches) > 10
    for batch in batches:
        frame = Gossip.of(PayloadKind.TRANSACTIONS, batch)
        assert decode_frame(encode_frame(frame)) == frame


@pytest.mark.parametrize("value", [[], {}, [b""], ["text"], [b"a", 1], [b"a"] * (COUNT_MAX + 1)])
def test_what_is_no_batch_is_refused(value: Value) -> None:
    with pytest.raises(InvalidBatchError):
        decode_batch(encode(value))


@given(changed((encode_batch([b"one", b"other"]), encode_batch([bytes(300)]))))
def test_bytes_close_to_a_batch_are_one_form_or_refused(data: bytes) -> None:
    assert_one_form(decode_batch, encode_batch, data)
