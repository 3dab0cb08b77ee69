"""What is remembered of batches is what verifying them would tell, and one verification is enough."""

from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.batch_signature import has_batch_form, sign_members
from ledger.signing import SigningKey, verify_ed25519
from ledger.valid_batches import ValidBatches
from tests.examples import examples

KEYS = [SigningKey.from_seed(bytes([number]) * 32) for number in (1, 2)]
BODIES = [b"body %d" % number for number in range(9)]
# Batches that share members and, the last two, size and root: only key or bodies tell them apart.
BATCHES = [sign_members(BODIES[:size], key) for size, key in ((9, KEYS[0]), (8, KEYS[0]), (5, KEYS[0]), (5, KEYS[1]))]
VERIFYING = "ledger.valid_batches.verify_ed25519"


def test_a_batch_is_verified_once() -> None:
    known = ValidBatches()
    with patch(VERIFYING, side_effect=verify_ed25519) as verifying:
        for _ in range(2):
            assert all(known.verify(KEYS[0].public, *one) for one in zip(BODIES, BATCHES[0], strict=True))
    assert verifying.call_count == 1


def test_a_wrong_signature_is_never_remembered() -> None:
    known = ValidBatches()
    forged = [one[:4] + bytes(64) + one[68:] for one in BATCHES[0]]
    for _ in range(2):
        assert not any(known.verify(KEYS[0].public, *one) for one in zip(BODIES, forged, strict=True))
    assert len(known) == 0
    assert known.verify(KEYS[0].public, BODIES[0], BATCHES[0][0])
    assert not any(known.verify(KEYS[0].public, *one) for one in zip(BODIES, forged, strict=True))


def test_rubbish_pushes_nothing_out() -> None:
    known = ValidBatches(2)
    assert known.verify(KEYS[0].public, BODIES[0], BATCHES[0][0])
    for number in range(100):
        assert not known.verify(KEYS[0].public, b"rubbish %d" % number, BATCHES[0][0])
    assert len(known) == 2
    with patch(VERIFYING, side_effect=verify_ed25519) as verifying:
        assert known.verify(KEYS[0].public, BODIES[0], BATCHES[0][0])
    assert verifying.call_count == 0


# Which body, whose signature, by which key, and a byte to be changed.
_CALLS = st.tuples(
    st.integers(0, 8), st.integers(0, 3), st.integers(0, 8), st.integers(0, 1), st.none() | st.integers(0, 163)
)


@given(st.integers(1, 6), st.lists(_CALLS, max_size=40))
@settings(max_examples=examples(60))
def test_it_tells_what_verifying_tells_and_stays_within_its_bound(
    generation_max: int, calls: list[tuple[int, int, int, int, int | None]]
) -> None:
    known = ValidBatches(generation_max)
    for body, batch, member, key, at in calls:
        signature = BATCHES[batch][member % len(BATCHES[batch])]
        if at is not None:
            signature = signature[:at] + bytes([signature[at % len(signature)] ^ 1]) + signature[at + 1 :]
        if has_batch_form(signature):
            told = known.verify(KEYS[key].public, BODIES[body], signature)
            assert told is ValidBatches().verify(KEYS[key].public, BODIES[body], signature)
            is_own = body == member % len(BATCHES[batch]) and key == (batch == 3) and at is None
            assert told is is_own
        assert len(known) <= 2 * generation_max


def test_threads_share_it() -> None:
    known = ValidBatches(3)

    def verify_all(number: int) -> bool:
        signer, batch = KEYS[number % 4 == 3], BATCHES[number % 4]
        good = all(known.verify(signer.public, *one) for one in zip(BODIES, batch, strict=False))
        return good and not any(known.verify(signer.public, b"x", one) for one in batch)

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(verify_all, range(40)))
    assert len(known) <= 6
