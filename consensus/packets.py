"""Statements of agreement on their way: the signed bytes, and what has to be seen together with them.

Owns the byte form that gossip carries; never checks a signature or counts anything. A packet is the canonical array

    [name str, statement bin, signature bin, [attachment bin, …]]

with as many attachments as its kind has; an empty one is absent. Source: docs/protocol.md, section 6, "Formats".
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from consensus.certificates import CERTIFICATE_SIZE_BYTES_MAX
from consensus.errors import InvalidMessageError
from consensus.messages import (
    Acknowledgement,
    Heartbeat,
    HeartbeatAnswer,
    PreVote,
    PreVoteRequest,
    ReadAnswer,
    ReadQuestion,
    Transfer,
    Vote,
    VoteRequest,
)
from consensus.statement import SignedMessage, Statement, is_signature
from ledger.encoding import Value, decode, encode

# The largest one is a request for pre-votes of 21 voters: a certificate, a header, and some statements.
PACKET_SIZE_BYTES_MAX = CERTIFICATE_SIZE_BYTES_MAX + 4 * 1024

# At most 6 MB.
_DECODED_MAX = 512

# What each kind carries beside its statement, by position.
PROOF = 0
HEADER, HEADER_SIGNATURE = 1, 2
PERMIT, PERMIT_SIGNATURE = 3, 4
ACKNOWLEDGED, ACKNOWLEDGED_SIGNATURE = 0, 1

_KINDS: dict[str, tuple[type[Statement], int]] = {
    # The certificate of the asker's own term; header and signature of its last block; the leader's wish to hand over.
    PreVoteRequest.NAME: (PreVoteRequest, 5),
    PreVote.NAME: (PreVote, 0),
    # The certificate of the term it stands in; header and signature of its last block.
    VoteRequest.NAME: (VoteRequest, 3),
    Vote.NAME: (Vote, 0),
    Acknowledgement.NAME: (Acknowledgement, 0),
    # The certificate of the leader's election.
    Heartbeat.NAME: (Heartbeat, 1),
    # The voter's newest acknowledgement and its signature.
    HeartbeatAnswer.NAME: (HeartbeatAnswer, 2),
    Transfer.NAME: (Transfer, 0),
    ReadQuestion.NAME: (ReadQuestion, 0),
    ReadAnswer.NAME: (ReadAnswer, 0),
}


@dataclass(frozen=True, slots=True)
class Packet:
    """A decoded statement with its signed bytes and attachments; neither is verified yet."""

    statement: Statement
    signed: SignedMessage
    attachments: tuple[bytes, ...] = ()

    def encode(self) -> bytes:
        """The canonical bytes, as gossip carries them."""
        return encode([self.statement.NAME, self.signed.message, self.signed.signature, list(self.attachments)])

    @classmethod
    def decode(cls, data: bytes) -> "Packet":
        """The packet of which `data` are the canonical bytes.

        Raises:
            DecodingError: not canonical bytes.
            InvalidMessageError: canonical, but no packet of a known kind.
        """
        return _decoded(data)


# The nodes of one simulated world decode what one of them sent; a node alone only what comes twice.
@lru_cache(maxsize=_DECODED_MAX)
def _decoded(data: bytes) -> Packet:
    value = decode(data, PACKET_SIZE_BYTES_MAX)
    if not isinstance(value, list) or len(value) != 4 or not isinstance(value[0], str):
        raise InvalidMessageError("a packet of agreement is a list of name, statement, signature and attachments")
    name, message, signature, attachments = value
    kind, count = _KINDS.get(cast(str, name), (None, 0))
    if kind is None:
        raise InvalidMessageError("no statement of agreement has the name {name!r}", name=cast(str, name)[:64])
    if not isinstance(message, bytes) or not is_signature(signature) or not _are_bytes(attachments, count):
        raise InvalidMessageError("a part of the {what} has a wrong type or size", what=kind.NAME)
    return Packet(
        kind.decode(message),
        SignedMessage(message, cast(bytes, signature)),
        tuple(cast(list[bytes], attachments)),
    )


def _are_bytes(value: Value, count: int) -> bool:
    return isinstance(value, list) and len(value) == count and all(isinstance(item, bytes) for item in value)
