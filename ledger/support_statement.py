"""What a node says of its own program: which versions of the protocol it can follow, signed by the node.

Owns the byte form, the signature and their bounds; never decides what is done with it (`contracts.protocol_support`
does). The node's own key signs, so nobody can claim for a node that it was upgraded; anybody may hand it in. A later
statement of a node takes the place of an earlier one, which is why it carries the time. Source: docs/protocol.md,
section 5, "Versions of the protocol".
"""

from dataclasses import dataclass
from typing import NamedTuple, Self

from ledger.encoding import encode
from ledger.hashing import Hash, domain
from ledger.signing import SCHEME_ED25519, SigningKey, verify

# Versions are counted from 1; the field of a header holds no more.
VERSION_MAX = 65_535
# A program knows the versions that blocks of its ledger were made by: one is added in a year or so.
VERSIONS_MAX = 64
_SUPPORT = domain("protocol-support")


@dataclass(frozen=True, slots=True)
class SupportStatement:
    """`versions` ascend; `time_ms` is the node's clock when its program said so."""

    network_id: Hash
    node_id: Hash
    time_ms: int
    versions: tuple[int, ...]

    @property
    def message(self) -> bytes:
        """What the node's agreement key signs."""
        return _SUPPORT + encode([self.network_id, self.node_id, self.time_ms, list(self.versions)])

    def sign(self, key: SigningKey) -> bytes:
        """The signature of the node, by its agreement key."""
        return key.sign(self.message)

    def is_signed(self, public_key: bytes, signature: bytes) -> bool:
        """Whether it is the node's, whose agreement key this is; costs one verification."""
        return verify(SCHEME_ED25519, public_key, self.message, signature)


class SignedSupport(NamedTuple):
    """A statement with the signature of its node."""

    statement: SupportStatement
    signature: bytes

    @classmethod
    def of(cls, network_id: Hash, node_id: Hash, key: SigningKey, time_ms: int, versions: tuple[int, ...]) -> Self:
        """What the node whose agreement key this is says at `time_ms`."""
        statement = SupportStatement(network_id, node_id, time_ms, versions)
        return cls(statement, statement.sign(key))
