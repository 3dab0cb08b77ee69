"""Ed25519 keys and the registry of signature schemes.

Owns signing and verifying bytes; never says what the bytes mean (each caller puts its domain in front). A
signature is valid if libsodium says so: all nodes must agree on the edge cases.

Source: RFC 8032; docs/adr/0003-ed25519-as-libsodium.md.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from nacl import bindings
from nacl.exceptions import BadSignatureError

from ledger.errors import LocalError

SEED_SIZE_BYTES = 32
PUBLIC_KEY_SIZE_BYTES = 32
SIGNATURE_SIZE_BYTES = 64
SCHEME_ED25519 = "ed25519"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 key pair; the secret part never shows in `repr`."""

    public: bytes
    _secret: bytes = field(repr=False)

    @classmethod
    def from_seed(cls, seed: bytes) -> "SigningKey":
        """The key pair of a 32-byte seed (RFC 8032, section 5.1.5)."""
        if len(seed) != SEED_SIZE_BYTES:
            raise LocalError("a seed has {expected} bytes, not {size}", expected=SEED_SIZE_BYTES, size=len(seed))
        public, secret = bindings.crypto_sign_seed_keypair(seed)
        return cls(public, secret)

    @property
    def seed(self) -> bytes:
        """The secret itself, for the one library that signs with it on its own: TLS."""
        return self._secret[:SEED_SIZE_BYTES]

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature over `message`; deterministic, about 20 µs."""
        return bindings.crypto_sign(message, self._secret)[:SIGNATURE_SIZE_BYTES]


def verify_ed25519(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether libsodium accepts the signature; false, never an error, for wrong lengths. About 55 µs, GIL released."""
    if len(public_key) != PUBLIC_KEY_SIZE_BYTES or len(signature) != SIGNATURE_SIZE_BYTES:
        return False
    try:
        bindings.crypto_sign_open(signature + message, public_key)
    except BadSignatureError:
        return False
    return True


def is_usable_public_key(public_key: bytes) -> bool:
    """Whether the key is a canonical point of the large subgroup: for keys that a network will rely on. About 60 µs.

    Verifying does not ask for as much: a member's key that fails this can still only sign for that member.
    """
    return len(public_key) == PUBLIC_KEY_SIZE_BYTES and bool(bindings.crypto_core_ed25519_is_valid_point(public_key))


# How bytes are signed, by `(public key, message, signature)`; a name that is not in the table is refused. Transactions
# can be signed in more ways (`ledger.transaction_signature`).
SCHEMES: dict[str, Callable[[bytes, bytes, bytes], bool]] = {SCHEME_ED25519: verify_ed25519}


def verify(scheme: str, public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` is valid under `scheme`; false for an unknown scheme."""
    verifies = SCHEMES.get(scheme)
    return verifies is not None and verifies(public_key, message, signature)
