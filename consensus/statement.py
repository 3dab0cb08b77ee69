"""What all signed statements of agreement have in common: a list of fields under a domain of its own.

Owns the checks of fields and the signature's domain; never knows what a statement means. Every statement is a
canonical array of hashes (32 bytes), counts (integers from a stated minimum) and nonces (16 bytes), signed with the
agreement key of the node that it names. Source: docs/protocol.md, section 6.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple, Self, cast

from consensus.errors import InvalidMessageError
from ledger.encoding import Value, decode, encode_checked
from ledger.hashing import HASH_SIZE_BYTES, Hash, domain
from ledger.signing import SIGNATURE_SIZE_BYTES, SigningKey
from ledger.valid_signatures import ValidSignatures

STATEMENT_SIZE_BYTES_MAX = 512
NONCE_SIZE_BYTES = 16
# An acknowledgement is verified when it comes, and again inside the certificate that it became part of; gossip brings
# it twice at times. Twice so many: some minutes of a busy network of 21 voters, about 5 MB.
_SIGNATURES = ValidSignatures(4096)
# An acknowledgement comes by itself, and again with every answer to a heartbeat until the next one.
_DECODED_MAX = 1024


class Field(Enum):
    """The kinds of fields a statement is made of."""

    HASH = "hash"
    NONCE = "nonce"
    COUNT = "count"
    POSITIVE = "positive"

    def fits(self, value: Value) -> bool:
        """Whether a decoded value is of this kind."""
        if self is Field.HASH:
            return type(value) is bytes and len(value) == HASH_SIZE_BYTES
        if self is Field.NONCE:
            return type(value) is bytes and len(value) == NONCE_SIZE_BYTES
        return type(value) is int and value >= (1 if self is Field.POSITIVE else 0)


# Network id, voter-set hash and term stand in front of every statement, so that none counts where it was not meant.
_HEAD = (Field.HASH, Field.HASH, Field.POSITIVE)


class SignedMessage(NamedTuple):
    """A statement's canonical bytes and the 64-byte signature of the node that it names."""

    message: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Statement:
    """One kind of statement; a subclass adds its fields in their order on the wire.

    `NAME` is the purpose in the signature's domain and the name in errors.
    """

    NAME: ClassVar[str]
    # Of the fields after the first three.
    FIELDS: ClassVar[tuple[Field, ...]]

    network_id: Hash
    voter_set_hash: Hash
    term: int

    def encode(self) -> bytes:
        """The canonical bytes."""
        # The fields are of the kinds that `FIELDS` names, which all can be encoded.
        return encode_checked([getattr(self, name) for name in self.field_names()])

    @classmethod
    def field_names(cls) -> tuple[str, ...]:
        """The names of the fields, in their order on the wire."""
        return cls.__match_args__

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The statement of which `data` are the canonical bytes.

        Raises:
            DecodingError: not canonical bytes.
            InvalidMessageError: canonical, but something else; the message names the field.
        """
        return cast(Self, _decoded(cast(Hashable, cls), data))

    def sign(self, key: SigningKey) -> SignedMessage:
        """The statement with the signature of the node that it names; about 25 µs."""
        message = self.encode()
        return SignedMessage(message, _SIGNATURES.sign(key, domain(self.NAME) + message))


def verify_statement(kind: type[Statement], signed: SignedMessage, key: bytes) -> bool:
    """Whether the signature is by `key` over a statement of this kind; about 60 µs the first time."""
    return _SIGNATURES.verify(key, domain(kind.NAME) + signed.message, signed.signature)


@lru_cache(maxsize=_DECODED_MAX)
def _decoded(kind: type[Statement], data: bytes) -> Statement:
    values: Any = decode(data, STATEMENT_SIZE_BYTES_MAX)
    if not isinstance(values, list) or len(values) != len(kind.field_names()):
        raise InvalidMessageError(
            "the {what} is not a list of {count} fields", what=kind.NAME, count=len(kind.field_names())
        )
    for name, field, value in zip(kind.field_names(), (*_HEAD, *kind.FIELDS), values, strict=True):
        if not field.fits(value):
            raise InvalidMessageError(
                "the field `{field}` of the {what} has a wrong type or size", field=name, what=kind.NAME
            )
    return kind(*values)


def is_signature(value: Value) -> bool:
    """Whether a decoded value can be a signature: 64 bytes."""
    return isinstance(value, bytes) and len(value) == SIGNATURE_SIZE_BYTES


class Position(NamedTuple):
    """A block as agreement knows it; compared by term first, then height. The genesis is (0, 0, network id)."""

    term: int
    height: int
    hash: Hash

    @property
    def rank(self) -> tuple[int, int]:
        """What decides which of two chains is the newer one (Raft 5.4.1)."""
        return (self.term, self.height)
