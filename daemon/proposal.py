"""A leader's proposal on its way: a block without the bodies that everybody has from gossip already. Pure.

Owns the compact form and its bytes; never judges it. Bodies are named by leaf hashes, not by ids: one transaction may
travel in several envelopes, and only one of them is in the block. The newest certificate the leader knows goes along,
so a busy network needs no message of its own for it; and the leader's own acknowledgement, which every proposal has.
Source: docs/protocol.md, section 6, "Propose".

    [header bin, signature bin, election certificate bin, outcome leaf bin, leaf hashes bin, block certificate bin,
     acknowledgement bin, as gossip carries one]
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from consensus.certificates import CERTIFICATE_SIZE_BYTES_MAX
from consensus.messages import Acknowledgement
from consensus.packets import Packet
from consensus.statement import Statement
from daemon.block_builder import BuiltBlock
from ledger.block import OUTCOME_SIZE_BYTES_MAX, Header
from ledger.encoding import decode, encode
from ledger.errors import InvalidBlockError
from ledger.hashing import HASH_SIZE_BYTES, Hash

# 16,384 leaf hashes, the most a genesis allows, with certificates and headers.
PROPOSAL_SIZE_BYTES_MAX = 16_384 * HASH_SIZE_BYTES + 2 * CERTIFICATE_SIZE_BYTES_MAX + 8 * 1024
# At most 1 MB.
_REMEMBERED_MAX = 64
_REMEMBERED_SIZE_BYTES_MAX = 8192


@dataclass(frozen=True, slots=True)
class Proposal:
    """A block without its bodies; `leaf_hashes` are those of the envelopes, without the outcome leaf's."""

    header: Header
    signature: bytes
    election_certificate: bytes
    outcome: bytes
    leaf_hashes: tuple[Hash, ...]
    newest_certificate: bytes
    acknowledgement: Packet

    @classmethod
    def of(cls, block: BuiltBlock, newest_certificate: bytes, acknowledgement: Packet) -> "Proposal":
        """The proposal of a block that this node acknowledged."""
        stored = block.stored.header
        hashes = tuple(one.leaf_hash for one in block.transactions)
        return cls(
            block.header,
            stored.signature,
            stored.election_certificate,
            block.stored.entries[0],
            hashes,
            newest_certificate,
            acknowledgement,
        )

    def encode(self) -> bytes:
        """The canonical bytes."""
        return encode(
            [
                self.header.encode(),
                self.signature,
                self.election_certificate,
                self.outcome,
                b"".join(self.leaf_hashes),
                self.newest_certificate,
                self.acknowledgement.encode(),
            ]
        )

    @classmethod
    def decode(cls, data: bytes) -> "Proposal":
        """The proposal of which `data` are the canonical bytes.

        Raises:
            DecodingError: not canonical bytes.
            InvalidMessageError: canonical, but no packet stands where the acknowledgement should.
            InvalidBlockError: canonical, but no proposal; the message names the part.
        """
        return _read(data) if len(data) > _REMEMBERED_SIZE_BYTES_MAX else _decoded(data)


# The nodes of one simulated world decode what one of them sent.
@lru_cache(maxsize=_REMEMBERED_MAX)
def _decoded(data: bytes) -> Proposal:
    return _read(data)


def _read(data: bytes) -> Proposal:
    value = decode(data, PROPOSAL_SIZE_BYTES_MAX)
    if not isinstance(value, list) or len(value) != 7 or not all(isinstance(part, bytes) for part in value):
        raise InvalidBlockError("a proposal is a list of seven byte strings")
    header_bytes, signature, election, outcome, hashes, certificate, packet = cast(list[bytes], value)
    header = Header.decode(header_bytes)
    if len(outcome) > OUTCOME_SIZE_BYTES_MAX or len(hashes) != (header.leaf_count - 1) * HASH_SIZE_BYTES:
        raise InvalidBlockError(
            "the proposal of block {height} does not name as many leaves as its header", height=header.height
        )
    leaf_hashes = tuple(hashes[at : at + HASH_SIZE_BYTES] for at in range(0, len(hashes), HASH_SIZE_BYTES))
    acknowledgement = Packet.decode(packet)
    if not _is_proposers(acknowledgement.statement, header):
        raise InvalidBlockError("the proposal of block {height} brings no acknowledgement of it", height=header.height)
    return Proposal(header, signature, election, outcome, leaf_hashes, certificate, acknowledgement)


def _is_proposers(told: Statement, header: Header) -> bool:
    """Whether the proposer of the block acknowledges it."""
    return told == Acknowledgement(
        header.network_id,
        header.voter_set_hash,
        header.term,
        header.height,
        header.hash,
        header.previous_hash,
        header.proposer,
    )
