"""Signatures of transactions: how they stand in an envelope, which schemes there are, how they are made and verified.

Owns the list beside the body and the table of schemes; never decodes a body. A scheme is a way of signing, not a kind
of key: `ed25519` and `ed25519-batch` sign with the same keys, which members register as `ed25519` ones.

Invariant: 1 to 16 signatures by distinct keys, each of the form of its scheme. Source: docs/protocol.md, section 4.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ledger.batch_signature import (
    BATCH_SIGNATURE_SIZE_BYTES_MAX,
    BATCH_SIZE_MAX,
    SCHEME_ED25519_BATCH,
    has_batch_form,
    sign_members,
)
from ledger.encoding import Value
from ledger.errors import InvalidTransactionError
from ledger.hashing import Hash, domain, tagged_hash
from ledger.signing import PUBLIC_KEY_SIZE_BYTES, SCHEME_ED25519, SIGNATURE_SIZE_BYTES, SigningKey, verify_ed25519
from ledger.valid_batches import ValidBatches

SIGNATURES_MAX = 16
# What a signature takes more in an envelope where it is of a batch: its bytes, the name of the scheme, and a byte
# because its length is written in two.
BATCH_GROWTH_SIZE_BYTES_MAX = (
    BATCH_SIGNATURE_SIZE_BYTES_MAX - SIGNATURE_SIZE_BYTES + len(SCHEME_ED25519_BATCH) - len(SCHEME_ED25519) + 1
)
_SIGNED = domain("transaction-signature")


class TransactionScheme(NamedTuple):
    """A way of signing: the kind of key that members register for it, and the form of key and signature."""

    key_scheme: str
    public_key_size_bytes: int
    has_form: Callable[[bytes], bool]


# Further schemes are added here and in `verify_all`; a name that is not in the table is refused.
TRANSACTION_SCHEMES: dict[str, TransactionScheme] = {
    SCHEME_ED25519: TransactionScheme(
        SCHEME_ED25519, PUBLIC_KEY_SIZE_BYTES, lambda signature: len(signature) == SIGNATURE_SIZE_BYTES
    ),
    SCHEME_ED25519_BATCH: TransactionScheme(SCHEME_ED25519, PUBLIC_KEY_SIZE_BYTES, has_batch_form),
}


class Signature(NamedTuple):
    """One signature of an envelope: scheme name, public key, signature bytes."""

    scheme: str
    key: bytes
    signature: bytes

    @property
    def registered_key(self) -> tuple[str, bytes]:
        """The key as a member's record names it: the same for every way of signing with it."""
        return TRANSACTION_SCHEMES[self.scheme].key_scheme, self.key


def decode_signatures(value: Value) -> tuple[Signature, ...]:
    """The signatures of an envelope, each of the form of its scheme and none verified.

    Raises:
        InvalidTransactionError: they are none; the message says why.
    """
    if type(value) is not list or not 1 <= len(value) <= SIGNATURES_MAX:
        raise InvalidTransactionError("an envelope carries a list of 1 to {limit} signatures", limit=SIGNATURES_MAX)
    found = tuple(map(_signature, value))
    if len(found) > 1 and len({one.registered_key for one in found}) != len(found):
        raise InvalidTransactionError("one key signed the envelope twice; each signer signs once")
    return found


def _signature(item: Value) -> Signature:
    if type(item) is not list or len(item) != 3:
        raise InvalidTransactionError("a signature is a list of scheme, key and signature")
    scheme, key, signature = item
    if type(scheme) is not str or type(key) is not bytes or type(signature) is not bytes:
        raise InvalidTransactionError("a signature is a list of scheme, key and signature")
    found = Signature(scheme, key, signature)
    check_form(found)
    return found


def check_form(found: Signature) -> None:
    """Refuse what cannot be a signature of its scheme; it is not verified.

    Raises:
        InvalidTransactionError: the message says why.
    """
    scheme, key, signature = found
    known = TRANSACTION_SCHEMES.get(scheme)
    if known is None:
        raise InvalidTransactionError(
            "the signature scheme {scheme!r} is not known here; known: {known}",
            scheme=scheme[:64],
            known=", ".join(sorted(TRANSACTION_SCHEMES)),
        )
    if len(key) != known.public_key_size_bytes or not known.has_form(signature):
        raise InvalidTransactionError(
            "a key or signature has a wrong size or form for the scheme {scheme}", scheme=scheme
        )


def verify_all(
    signatures: Sequence[Signature], transaction_id: Hash, body: bytes, batches: ValidBatches | None
) -> bool:
    """Whether every one is a valid signature of this transaction; `batches` remembers those that others share."""
    for scheme, key, signature in signatures:
        if scheme == SCHEME_ED25519_BATCH:
            if not (ValidBatches() if batches is None else batches).verify(key, body, signature):
                return False
        elif not verify_ed25519(key, _SIGNED + transaction_id, signature):
            return False
    return True


def sign_body(body: bytes, key: SigningKey) -> Signature:
    """The signature of one transaction."""
    message = _SIGNED + tagged_hash("transaction", body)
    return Signature(SCHEME_ED25519, key.public, key.sign(message))


def sign_batch(bodies: Sequence[bytes], key: SigningKey) -> list[Signature]:
    """The signatures of several transactions by one key, in their order; one alone is signed as such.

    Raises:
        LocalError: no bodies, or more than a batch may have (1,024).

    Cost: about 20 µs, and 5 µs a body.
    """
    if len(bodies) == 1:
        return [sign_body(bodies[0], key)]
    return [Signature(SCHEME_ED25519_BATCH, key.public, one) for one in sign_members(bodies, key)]


def sign_batches(bodies: Sequence[bytes], key: SigningKey) -> list[Signature]:
    """`sign_batch` for any number of transactions, none included: as few batches as there can be."""
    starts = range(0, len(bodies), BATCH_SIZE_MAX)
    return [one for at in starts for one in sign_batch(bodies[at : at + BATCH_SIZE_MAX], key)]
