"""Votes and acknowledgements: what voters sign.

Owns the byte forms and their signatures; never counts (`consensus.certificates` and `consensus.core` do). Both
cover network id, voter-set hash and term, so that none can be counted where it was not meant.
Source: docs/protocol.md, section 6.
"""

from dataclasses import dataclass
from typing import NamedTuple

from consensus.errors import InvalidMessageError
from ledger.encoding import Value, decode, encode
from ledger.hashing import HASH_SIZE_BYTES, Hash, domain
from ledger.signing import SIGNATURE_SIZE_BYTES, SigningKey, verify_ed25519

MESSAGE_SIZE_BYTES_MAX = 512
_VOTE = domain("vote")
_ACKNOWLEDGEMENT = domain("acknowledgement")
# The fields in their order on the wire; all byte strings are hashes of 32 bytes, all integers at least the number.
_VOTE_FIELDS: dict[str, type[bytes] | int] = {
    "network_id": bytes,
    "voter_set_hash": bytes,
    "term": 1,
    "candidate": bytes,
    "voter": bytes,
    "last_term": 0,
    "last_height": 0,
    "last_hash": bytes,
}
_ACKNOWLEDGEMENT_FIELDS: dict[str, type[bytes] | int] = {
    "network_id": bytes,
    "voter_set_hash": bytes,
    "term": 1,
    "height": 1,
    "block_hash": bytes,
    "previous_hash": bytes,
    "voter": bytes,
}


class SignedMessage(NamedTuple):
    """A message's canonical bytes and the 64-byte signature of its voter."""

    message: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Vote:
    """A vote for `candidate` in `term`; the `last_*` are the voter's own newest stored block."""

    network_id: Hash
    voter_set_hash: Hash
    term: int
    candidate: Hash
    voter: Hash
    last_term: int
    last_height: int
    last_hash: Hash

    def encode(self) -> bytes:
        """The canonical bytes."""
        return encode(
            [
                self.network_id,
                self.voter_set_hash,
                self.term,
                self.candidate,
                self.voter,
                self.last_term,
                self.last_height,
                self.last_hash,
            ]
        )

    @classmethod
    def decode(cls, data: bytes) -> "Vote":
        """The vote of which `data` are the canonical bytes.

        Raises:
            DecodingError: not canonical bytes.
            InvalidMessageError: canonical, but something else; the message names the field.
        """
        return cls(*_fields(data, _VOTE_FIELDS, "vote"))  # type: ignore[arg-type]

    def sign(self, key: SigningKey) -> SignedMessage:
        """The vote with its voter's signature."""
        message = self.encode()
        return SignedMessage(message, key.sign(_VOTE + message))


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """A voter has checked and durably stored the block with this hash, and all its ancestors."""

    network_id: Hash
    voter_set_hash: Hash
    term: int
    height: int
    block_hash: Hash
    previous_hash: Hash
    voter: Hash

    def encode(self) -> bytes:
        """The canonical bytes."""
        return encode(
            [
                self.network_id,
                self.voter_set_hash,
                self.term,
                self.height,
                self.block_hash,
                self.previous_hash,
                self.voter,
            ]
        )

    @classmethod
    def decode(cls, data: bytes) -> "Acknowledgement":
        """The acknowledgement of which `data` are the canonical bytes.

        Raises:
            DecodingError: not canonical bytes.
            InvalidMessageError: canonical, but something else; the message names the field.
        """
        return cls(*_fields(data, _ACKNOWLEDGEMENT_FIELDS, "acknowledgement"))  # type: ignore[arg-type]

    def sign(self, key: SigningKey) -> SignedMessage:
        """The acknowledgement with its voter's signature."""
        message = self.encode()
        return SignedMessage(message, key.sign(_ACKNOWLEDGEMENT + message))


def verify_vote(signed: SignedMessage, key: bytes) -> bool:
    """Whether the vote's signature is by `key`."""
    return verify_ed25519(key, _VOTE + signed.message, signed.signature)


def verify_acknowledgement(signed: SignedMessage, key: bytes) -> bool:
    """Whether the acknowledgement's signature is by `key`."""
    return verify_ed25519(key, _ACKNOWLEDGEMENT + signed.message, signed.signature)


def _fields(data: bytes, expected: dict[str, type[bytes] | int], what: str) -> list[Value]:
    values = decode(data, MESSAGE_SIZE_BYTES_MAX)
    if not isinstance(values, list) or len(values) != len(expected):
        raise InvalidMessageError("the {what} is not a list of {count} fields", what=what, count=len(expected))
    for (name, kind), value in zip(expected.items(), values, strict=True):
        if isinstance(kind, int):
            fits = type(value) is int and value >= kind
        else:
            fits = isinstance(value, bytes) and len(value) == HASH_SIZE_BYTES
        if not fits:
            raise InvalidMessageError(
                "the field `{field}` of the {what} has a wrong type or size", field=name, what=what
            )
    return values


def is_signature(value: Value) -> bool:
    """Whether a decoded value can be a signature: 64 bytes."""
    return isinstance(value, bytes) and len(value) == SIGNATURE_SIZE_BYTES
