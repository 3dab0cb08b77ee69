"""What is remembered of signatures is what verifying them would tell."""

from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from ledger.signing import SigningKey, verify_ed25519
from ledger.valid_signatures import ValidSignatures

KEYS = [SigningKey.from_seed(bytes([number]) * 32) for number in range(3)]
MESSAGES = [b"", b"one", b"another"]
VERIFYING = "ledger.valid_signatures.verify_ed25519"


def test_the_same_bytes_are_verified_once() -> None:
    known = ValidSignatures(4)
    signature = KEYS[0].sign(b"one")
    with patch(VERIFYING, side_effect=verify_ed25519) as verifying:
        assert known.verify(KEYS[0].public, b"one", signature)
        assert known.verify(KEYS[0].public, b"one", signature)
    assert verifying.call_count == 1


def test_what_was_signed_here_is_not_verified() -> None:
    known = ValidSignatures(4)
    signature = known.sign(KEYS[0], b"one")
    assert signature == KEYS[0].sign(b"one")
    with patch(VERIFYING, side_effect=verify_ed25519) as verifying:
        assert known.verify(KEYS[0].public, b"one", signature)
    assert verifying.call_count == 0


def test_rubbish_pushes_nothing_out() -> None:
    known = ValidSignatures(4)
    signature = known.sign(KEYS[0], b"one")
    for number in range(100):
        assert not known.verify(KEYS[0].public, b"one", bytes([number]) + signature[1:])
    assert len(known) == 1


@given(
    st.integers(1, 4),
    st.lists(st.tuples(st.booleans(), *[st.integers(0, 2)] * 4), max_size=60),
)
def test_it_tells_what_verifying_tells_and_stays_within_its_bound(
    generation_max: int, calls: list[tuple[bool, int, int, int, int]]
) -> None:
    known = ValidSignatures(generation_max)
    for signs, signer, signed, key, message in calls:
        if signs:
            known.sign(KEYS[signer], MESSAGES[signed])
        signature = KEYS[signer].sign(MESSAGES[signed])
        told = known.verify(KEYS[key].public, MESSAGES[message], signature)
        assert told == verify_ed25519(KEYS[key].public, MESSAGES[message], signature)
        assert len(known) <= 2 * generation_max


def test_what_is_still_asked_for_stays() -> None:
    known = ValidSignatures(2)
    signature = known.sign(KEYS[0], b"one")
    with patch(VERIFYING, side_effect=verify_ed25519) as verifying:
        for number in range(20):
            known.sign(KEYS[1], bytes([number]))
            assert known.verify(KEYS[0].public, b"one", signature)
    assert verifying.call_count == 0
