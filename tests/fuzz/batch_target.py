"""Signatures of batches, by a node that remembers some: valid exactly where the reference says so."""

from functools import lru_cache

from ledger.batch_signature import has_batch_form, sign_members
from ledger.signing import SigningKey
from ledger.valid_batches import ValidBatches
from tests.fuzz.target import Target
from tests.ledger import batch_reference as reference

_KEY = SigningKey.from_seed(reference.SEED)
# An input is a body, a byte that ends it, and its signature.
_END = b"\xff"
_BODIES = reference.bodies_of(33)


@lru_cache(maxsize=1)
def _samples() -> tuple[bytes, ...]:
    """All members of batches of many shapes; the last one has the longest paths that are short enough to try often."""
    return tuple(
        body + _END + signature
        for size in (1, 2, 3, 6, 7, 16, 33)
        for body, signature in zip(_BODIES, sign_members(_BODIES[:size], _KEY), strict=False)
    )


@lru_cache(maxsize=1)
def _known() -> ValidBatches:
    """A memory of all samples; small, so that inputs push some of it out."""
    known = ValidBatches(64)
    assert all(_is_valid(one, known) for one in _samples())
    return known


def _is_valid(data: bytes, batches: ValidBatches) -> bool:
    body, _, signature = data.partition(_END)
    return has_batch_form(signature) and batches.verify(_KEY.public, body, signature)


def _check(data: bytes) -> None:
    body, _, signature = data.partition(_END)
    expected = reference.verify(_KEY.public, body, signature)
    assert _is_valid(data, _known()) is expected
    assert _is_valid(data, ValidBatches()) is expected


BATCH_TARGET = Target("batch-signature", _samples, _check)
