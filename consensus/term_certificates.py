"""Why a node may be in its term: a quorum said so, in one of three ways.

Owns the certificate of a pre-vote quorum, and the choice between it, an election and a certified block. Never says
which voter sets there were (the caller's own chain does). A term is adopted only with one of these, so nobody inflates
it alone. Source: docs/protocol.md, section 6, "Terms".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, cast

from consensus.certificates import (
    CERTIFICATE_SIZE_BYTES_MAX,
    BlockCertificate,
    ElectionCertificate,
    check_ascending,
    check_quorum,
    signature_pairs,
)
from consensus.errors import InvalidCertificateError
from consensus.messages import PreVote, Vote
from consensus.statement import Field, SignedMessage, verify_statement
from consensus.voters import VoterSet
from ledger.encoding import Value, decode, encode
from ledger.errors import RemoteProtocolError
from ledger.hashing import Hash

_FIELDS = (Field.POSITIVE, Field.HASH, Field.NONCE, Field.HASH)


@dataclass(frozen=True, slots=True)
class PreVoteCertificate:
    """A quorum's signatures that `asker` may stand in `term`."""

    term: int
    asker: Hash
    round: bytes
    voter_set_hash: Hash
    signatures: tuple[tuple[Hash, bytes], ...]

    @classmethod
    def of(cls, granted: PreVote, signatures: Iterable[tuple[Hash, bytes]]) -> "PreVoteCertificate":
        """The certificate of what `granted` grants, with (voter, signature) pairs in any order."""
        return cls(granted.term, granted.asker, granted.round, granted.voter_set_hash, tuple(sorted(signatures)))

    def encode(self) -> bytes:
        """The canonical bytes; signatures ascending by voter."""
        head: list[Value] = [self.term, self.asker, self.round, self.voter_set_hash]
        return encode([*head, [list(pair) for pair in self.signatures]])

    @classmethod
    def decode(cls, data: bytes) -> "PreVoteCertificate":
        """The certificate of which `data` are the canonical bytes; its signatures are not checked yet.

        Raises:
            DecodingError: not canonical bytes.
            InvalidCertificateError: canonical, but something else.
        """
        value = decode(data, CERTIFICATE_SIZE_BYTES_MAX)
        if not isinstance(value, list) or len(value) != 5:
            raise InvalidCertificateError("a certificate of pre-votes is a list of five fields")
        if not all(field.fits(item) for field, item in zip(_FIELDS, value, strict=False)):
            raise InvalidCertificateError("a field of the certificate of pre-votes has a wrong type or size")
        term, asker, round_token, voter_set_hash, signatures = value
        return cls(
            cast(int, term),
            cast(bytes, asker),
            cast(bytes, round_token),
            cast(bytes, voter_set_hash),
            signature_pairs(signatures),
        )

    def verify(self, voters: VoterSet, network_id: Hash) -> None:
        """Return if a quorum of `voters` granted the pre-vote.

        Raises:
            InvalidCertificateError: names what is wrong. Nothing else is ever raised.

        Cost: about 60 µs for each signature.
        """
        if self.voter_set_hash != voters.hash:
            raise InvalidCertificateError("the certificate of pre-votes is of another voter set")
        previous = b""
        for voter, signature in self.signatures:
            check_ascending(previous, voter)
            previous = voter
            granted = PreVote(network_id, self.voter_set_hash, self.term, self.asker, self.round, voter)
            key = voters.key_of(voter)
            if key is None or not verify_statement(PreVote, SignedMessage(granted.encode(), signature), key):
                raise InvalidCertificateError("a pre-vote in the certificate is not signed by a voter")
        check_quorum(len(self.signatures), voters)


TermCertificate: TypeAlias = PreVoteCertificate | ElectionCertificate | BlockCertificate

_NAMES: dict[str, type[PreVoteCertificate] | type[ElectionCertificate] | type[BlockCertificate]] = {
    "pre-votes": PreVoteCertificate,
    "election": ElectionCertificate,
    "block": BlockCertificate,
}
_KIND_NAMES = {kind: name for name, kind in _NAMES.items()}


def encode_term_certificate(certificate: TermCertificate) -> bytes:
    """The canonical bytes: `[name, certificate]`."""
    return encode([_KIND_NAMES[type(certificate)], certificate.encode()])


def decode_term_certificate(data: bytes) -> TermCertificate:
    """The certificate of which `data` are the canonical bytes; nothing of it is checked yet.

    Raises:
        DecodingError: not canonical bytes.
        InvalidCertificateError: canonical, but something else.
    """
    value = decode(data, CERTIFICATE_SIZE_BYTES_MAX + 64)
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], bytes):
        kind = _NAMES.get(value[0])
        if kind is not None:
            return kind.decode(value[1])
    raise InvalidCertificateError("a certificate of a term is a list of its kind and its bytes")


def verify_term_certificate(certificate: TermCertificate, sets: Mapping[Hash, VoterSet], network_id: Hash) -> None:
    """Return if a quorum of one of `sets`, by their hashes, certifies the term.

    Raises:
        InvalidCertificateError: names what is wrong. Nothing else is ever raised.

    Cost: about 60 µs for each signature.
    """
    voters = sets.get(voter_set_hash_of(certificate))
    if voters is None:
        raise InvalidCertificateError(
            "the certificate of term {term} is of a voter set not known here", term=certificate.term
        )
    certificate.verify(voters, network_id)


def voter_set_hash_of(certificate: TermCertificate) -> Hash:
    """The voter set that a certificate says it is of; empty where it does not say.

    An election certificate says it in each of its votes; the first one counts, `verify` compares the others.
    """
    if not isinstance(certificate, ElectionCertificate):
        return certificate.voter_set_hash
    if not certificate.votes:
        return b""
    try:
        return Vote.decode(certificate.votes[0].message).voter_set_hash
    except RemoteProtocolError:
        return b""
