"""Certificates: a quorum's signatures over one statement, which prove it to anybody who knows the voters.

Owns both byte forms and their check; never asks which voter set is in force (the caller's own chain says so).
Signatures stand in ascending order of their voters, each voter once, and every one of them must be valid: one that
is not makes the whole certificate invalid, so nobody can pad a certificate. Source: docs/protocol.md, section 6.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from consensus.errors import InvalidCertificateError
from consensus.messages import Acknowledgement, Vote
from consensus.statement import SignedMessage, is_signature, verify_statement
from consensus.voters import VOTERS_MAX, VoterSet
from ledger.encoding import Value, decode, encode
from ledger.errors import RemoteProtocolError
from ledger.hashing import HASH_SIZE_BYTES, Hash, tagged_hash

# 21 votes of at most 198 bytes, each with its signature and framing, need 5.6 kB.
CERTIFICATE_SIZE_BYTES_MAX = 8 * 1024
# A certificate of a block comes by itself, and again with the next proposal; at most 2 MB.
_DECODED_MAX = 128


@dataclass(frozen=True, slots=True)
class ElectionCertificate:
    """The signed votes that elected `candidate` in `term`."""

    term: int
    candidate: Hash
    votes: tuple[SignedMessage, ...]

    def encode(self) -> bytes:
        """The canonical bytes; votes ascending by voter."""
        return encode([self.term, self.candidate, [list(vote) for vote in self.votes]])

    @property
    def hash(self) -> Hash:
        """What the header of the block that opens the term holds."""
        return tagged_hash("election-certificate", self.encode())

    @classmethod
    def decode(cls, data: bytes) -> "ElectionCertificate":
        """The certificate of which `data` are the canonical bytes; its votes are not checked yet.

        Raises:
            DecodingError: not canonical bytes.
            InvalidCertificateError: canonical, but something else.
        """
        value = decode(data, CERTIFICATE_SIZE_BYTES_MAX)
        if not isinstance(value, list) or len(value) != 3:
            raise InvalidCertificateError("an election certificate is a list of three fields")
        term, candidate, votes = value
        if not _is_count(term) or not _is_hash(candidate):
            raise InvalidCertificateError("an election certificate names a term and a candidate")
        return cls(
            cast(int, term), cast(bytes, candidate), tuple(SignedMessage(*pair) for pair in signature_pairs(votes))
        )

    def verify(self, voters: VoterSet, network_id: Hash) -> None:
        """Return if a quorum of `voters` elected the candidate, who is one of them.

        Raises:
            InvalidCertificateError: names what is wrong. Nothing else is ever raised.

        Cost: about 70 µs for each vote.
        """
        if voters.key_of(self.candidate) is None:
            raise InvalidCertificateError("the election certificate elects somebody who is not a voter")
        previous = b""
        for signed in self.votes:
            try:
                vote = Vote.decode(signed.message)
            except RemoteProtocolError as error:
                raise InvalidCertificateError(
                    "a vote in the election certificate is malformed: {reason}", reason=error
                ) from error
            check_ascending(previous, vote.voter)
            previous = vote.voter
            said = (vote.network_id, vote.voter_set_hash, vote.term, vote.candidate)
            if said != (network_id, voters.hash, self.term, self.candidate):
                raise InvalidCertificateError("a vote in the election certificate is for something else")
            key = voters.key_of(vote.voter)
            if key is None or not verify_statement(Vote, signed, key):
                raise InvalidCertificateError("a vote in the election certificate is not signed by a voter")
        check_quorum(len(self.votes), voters)


@dataclass(frozen=True, slots=True)
class BlockCertificate:
    """A quorum's acknowledgements of one block, which commit it and all its ancestors."""

    term: int
    height: int
    block_hash: Hash
    previous_hash: Hash
    voter_set_hash: Hash
    signatures: tuple[tuple[Hash, bytes], ...]

    @classmethod
    def of(cls, acknowledgement: Acknowledgement, signatures: Iterable[tuple[Hash, bytes]]) -> "BlockCertificate":
        """The certificate of the block that `acknowledgement` names, with (voter, signature) pairs in any order."""
        return cls(
            acknowledgement.term,
            acknowledgement.height,
            acknowledgement.block_hash,
            acknowledgement.previous_hash,
            acknowledgement.voter_set_hash,
            tuple(sorted(signatures)),
        )

    def encode(self) -> bytes:
        """The canonical bytes; signatures ascending by voter."""
        return encode(
            [
                self.term,
                self.height,
                self.block_hash,
                self.previous_hash,
                self.voter_set_hash,
                [list(pair) for pair in self.signatures],
            ]
        )

    @classmethod
    def decode(cls, data: bytes) -> "BlockCertificate":
        """The certificate of which `data` are the canonical bytes; its signatures are not checked yet.

        Raises:
            DecodingError: not canonical bytes.
            InvalidCertificateError: canonical, but something else.
        """
        return _decoded(data)

    def verify(self, voters: VoterSet, network_id: Hash) -> None:
        """Return if a quorum of `voters` acknowledged the block.

        Raises:
            InvalidCertificateError: names what is wrong. Nothing else is ever raised.

        Cost: about 60 µs for each signature.
        """
        if self.voter_set_hash != voters.hash:
            raise InvalidCertificateError("the block certificate is of another voter set")
        previous = b""
        for voter, signature in self.signatures:
            check_ascending(previous, voter)
            previous = voter
            key = voters.key_of(voter)
            message = Acknowledgement(
                network_id,
                self.voter_set_hash,
                self.term,
                self.height,
                self.block_hash,
                self.previous_hash,
                voter,
            ).encode()
            if key is None or not verify_statement(Acknowledgement, SignedMessage(message, signature), key):
                raise InvalidCertificateError("an acknowledgement in the certificate is not signed by a voter")
        check_quorum(len(self.signatures), voters)


@lru_cache(maxsize=_DECODED_MAX)
def _decoded(data: bytes) -> BlockCertificate:
    value = decode(data, CERTIFICATE_SIZE_BYTES_MAX)
    if not isinstance(value, list) or len(value) != 6:
        raise InvalidCertificateError("a block certificate is a list of six fields")
    term, height, block_hash, previous_hash, voter_set_hash, signatures = value
    counts, hashes = (term, height), (block_hash, previous_hash, voter_set_hash)
    if not all(_is_count(one) for one in counts) or not all(_is_hash(one) for one in hashes):
        raise InvalidCertificateError("a field of the block certificate has a wrong type or size")
    pairs = signature_pairs(signatures)
    if not all(_is_hash(voter) for voter, _ in pairs):
        raise InvalidCertificateError("a signature of the block certificate names no voter")
    return BlockCertificate(
        cast(int, term),
        cast(int, height),
        cast(bytes, block_hash),
        cast(bytes, previous_hash),
        cast(bytes, voter_set_hash),
        pairs,
    )


def signature_pairs(value: Value) -> tuple[tuple[bytes, bytes], ...]:
    """The pairs of a byte string and a signature in a decoded list.

    Raises:
        InvalidCertificateError: it is no such list, or longer than any voter set.
    """
    if not isinstance(value, list) or len(value) > VOTERS_MAX:
        raise InvalidCertificateError("a certificate holds at most {limit} signatures", limit=VOTERS_MAX)
    pairs = []
    for item in value:
        if not isinstance(item, list) or len(item) != 2 or not isinstance(item[0], bytes) or not is_signature(item[1]):
            raise InvalidCertificateError("a signature in the certificate is not a pair of byte strings")
        pairs.append((item[0], cast(bytes, item[1])))
    return tuple(pairs)


def check_ascending(previous: bytes, voter: Hash) -> None:
    """Return if `voter` comes after `previous`: ascending order is also "each once".

    Raises:
        InvalidCertificateError: it does not.
    """
    if voter <= previous:
        raise InvalidCertificateError("the voters of a certificate are not in ascending order, each once")


def check_quorum(count: int, voters: VoterSet) -> None:
    """Return if `count` different voters are a quorum of `voters`.

    Raises:
        InvalidCertificateError: they are not.
    """
    if count < voters.quorum_size:
        raise InvalidCertificateError(
            "the certificate has {count} signatures, a quorum is {quorum}", count=count, quorum=voters.quorum_size
        )


def _is_count(value: Value) -> bool:
    """Terms and heights of certificates start at 1: nobody elects or certifies the genesis."""
    return type(value) is int and value >= 1


def _is_hash(value: Value) -> bool:
    return isinstance(value, bytes) and len(value) == HASH_SIZE_BYTES
