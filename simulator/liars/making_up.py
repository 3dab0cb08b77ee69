"""Liars that tell what is not so, and can be believed by nobody who checks: certificates, terms, blocks.

None of them is provable: a message that does not verify proves nothing about who wrote it.
"""

from collections.abc import Iterator
from dataclasses import replace

from consensus.certificates import BlockCertificate, ElectionCertificate
from consensus.messages import Heartbeat, VoteRequest
from consensus.packets import Packet
from consensus.term_certificates import encode_term_certificate
from daemon.proposal import Proposal
from ledger.hashing import tagged_hash
from ledger.signing import SIGNATURE_SIZE_BYTES
from p2p.frame import Frame
from p2p.frames import Gossip, PayloadKind
from simulator.liars.liar import Liar

_TERMS_AHEAD = 1_000


class ForgesCertificates(Liar):
    """Certifies, in everybody's name, a block that does not exist at the height after its own tip."""

    def added(self) -> Iterator[Frame]:
        """A certificate with a signature of each voter, none of them valid."""
        status = self.status()
        height = status.height + 1
        certificate = BlockCertificate(
            max(status.term, 1),
            height,
            tagged_hash("liar", height.to_bytes(8, "big")),
            tagged_hash("liar", (height - 1).to_bytes(8, "big")),
            self.boot.genesis.network_id,
            tuple((node_id, bytes(SIGNATURE_SIZE_BYTES)) for node_id in sorted(status.voters)),
        )
        yield Gossip.of(PayloadKind.CERTIFICATE, certificate.encode())


class InflatesTerms(Liar):
    """Says that it leads and stands in terms far ahead, with certificates that hold no votes."""

    def told(self, peer: bytes, frame: Frame) -> Iterator[Frame]:
        """The frame; heartbeats and requests for votes once more, in a far term."""
        yield frame
        if not isinstance(frame, Gossip) or not self.is_own(frame) or frame.kind is not PayloadKind.AGREEMENT:
            return
        packet = Packet.decode(frame.payload)
        if isinstance(packet.statement, Heartbeat | VoteRequest):
            term = packet.statement.term + _TERMS_AHEAD
            statement = replace(packet.statement, term=term)
            proof = encode_term_certificate(ElectionCertificate(term, self.boot.keys.node_id, ()))
            signed = statement.sign(self.boot.keys.agreement)
            far = Packet(statement, signed, (proof, *packet.attachments[1:]))
            yield Gossip.of(PayloadKind.AGREEMENT, far.encode())


class ProposesInvalidBlocks(Liar):
    """As leader proposes nothing but blocks whose state digest and tree root are made up."""

    def told(self, peer: bytes, frame: Frame) -> Iterator[Frame]:
        """The frame, or the wrong block in its place."""
        if not isinstance(frame, Gossip) or not self.is_own(frame) or frame.kind is not PayloadKind.PROPOSAL:
            yield frame
            return
        proposal = Proposal.decode(frame.payload)
        root = tagged_hash("liar", proposal.header.tree_root)
        yield self.proposed(proposal, replace(proposal.header, tree_root=root, state_digest=root))
