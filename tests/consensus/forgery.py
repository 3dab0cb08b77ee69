"""What somebody without a quorum can say: it must not move an honest node. Events for `Agreement.step`.

A liar here has one voter's key, at most; what it signs twice would be evidence, so it signs only what proves nothing.
"""

from random import Random

from consensus.agreement import Agreement
from consensus.certificates import BlockCertificate, ElectionCertificate
from consensus.events import CertificateHeard, Event, Heard, TermCertificateHeard
from consensus.messages import Acknowledgement, Heartbeat, PreVote, PreVoteRequest, Vote
from consensus.packets import Packet
from consensus.statement import SignedMessage
from consensus.term_certificates import PreVoteCertificate
from tests.consensus.cluster import NETWORK, keys_of

STRANGER = keys_of(19)


def forged(random: Random, core: Agreement) -> Event:
    """Something that this node must take for nothing."""
    term = core.term + random.randrange(3)
    height = core.committed_height + 1
    block_hash = random.randbytes(32)
    voters = core.voters
    someone = random.choice(voters.voters).node_id
    nonce = random.randbytes(16)
    match random.randrange(6):
        case 0:
            granted = PreVote(NETWORK, voters.hash, term + 1, someone, nonce, STRANGER.node_id)
            pairs = [(STRANGER.node_id, granted.sign(STRANGER.agreement).signature)]
            return TermCertificateHeard(PreVoteCertificate.of(granted, pairs))
        case 1:
            told = Acknowledgement(NETWORK, voters.hash, term + 1, height, block_hash, nonce * 2, STRANGER.node_id)
            pairs = [(STRANGER.node_id, told.sign(STRANGER.agreement).signature)]
            return CertificateHeard(BlockCertificate.of(told, pairs))
        case 2:
            return TermCertificateHeard(ElectionCertificate(term + 1, someone, ()))
        case 3:
            beat = Heartbeat(NETWORK, voters.hash, max(term, 1), someone, 2**40, term, height, block_hash, 0)
            return Heard(_signed(beat, b""))
        case 4:
            told = Acknowledgement(
                NETWORK, voters.hash, max(core.tip.term, 1), max(core.tip.height, 1), core.tip.hash, nonce * 2, someone
            )
            return Heard(_signed(told))
        case _:
            asked = PreVoteRequest(NETWORK, voters.hash, term + 1, someone, nonce, *core.tip)
            return Heard(_signed(asked, b"", b"", b"", b"", b""))


def _signed(statement: Vote | Heartbeat | Acknowledgement | PreVoteRequest, *attachments: bytes) -> Packet:
    signed: SignedMessage = statement.sign(STRANGER.agreement)
    return Packet(statement, signed, attachments)
