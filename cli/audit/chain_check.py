"""Headers, and everything that is signed about them.

Owns the walk along the chain: each header against its parent, its proposer's signature, the election that let the
proposer propose, and the certificate that committed the block. Never looks at entries (`entry_check`) or at what
executing gives (`replay`). Trusts the genesis alone: voters are those it names and whom execution put in their place.

A stored certificate may be of a later block: it commits all ancestors. It is kept until the walk comes to the
block it names. Source: docs/protocol.md, sections 5 and 6.
"""

from cli.audit.audited_voters import AuditedVoters
from cli.audit.finding import AuditFinding
from cli.audit.source import SourceBlock
from cli.errors import CommandError
from consensus.certificates import BlockCertificate, ElectionCertificate
from contracts.protocols import Protocols
from ledger.block import Header, check_first_header, check_header_follows, verify_proposal
from ledger.errors import InvalidBlockError, RemoteProtocolError
from ledger.genesis import Genesis
from ledger.hashing import ZERO_HASH, Hash, tagged_hash

# The fields whose breach has a code of its own; all others are `audit.header-rule-broken`.
_RULE_CODES = {
    "network_id": "audit.genesis-differs",
    "previous_hash": "audit.link-broken",
    "term": "audit.term-wrong",
    "election_certificate_hash": "audit.election-forged",
    "state_digest": "audit.digest-wrong",
}


class ChainCheck:
    """The chain up to the newest block that was checked; every block goes through `check` once, in order."""

    def __init__(self, genesis: Genesis, voters: AuditedVoters, protocols: Protocols) -> None:
        """`voters` are as of the block before each that is checked, as far as they changed below it."""
        self._genesis = genesis
        self._in_force = voters
        self._protocols = protocols
        # Whom the block that is being checked names.
        self._voters = voters.current
        self._parent: Header | None = None
        self._leader: Hash = ZERO_HASH
        # Certificates of blocks that the walk has not reached, by height; bounded by the window of the network.
        self._awaited: dict[int, BlockCertificate] = {}
        self._newest_certificate: tuple[bytes, int] = (b"", 0)

    def check(self, block: SourceBlock, height: int, committed: bool) -> Header:
        """The decoded header of the block at `height`, after every check that it alone and its ancestors allow.

        Args:
            committed: The block is executed, so it must have a certificate.

        Raises:
            AuditFinding: the first thing that is wrong.
        """
        header = _decoded(block, height)
        self._check_known(header)
        self._check_rules(header)
        self._check_proposer(header, block)
        self._check_election(header, block)
        if committed:
            self._check_certificate(header, block)
        self._check_awaited(header)
        self._parent = header
        return header

    def finish(self) -> None:
        """Say that the newest block was reached: a certificate of a block that is not there proves nothing."""
        if self._awaited:
            height = min(self._awaited)
            raise AuditFinding(
                "audit.block-missing",
                "a certificate commits block {height}, which is not stored: the end of the ledger is missing; fetch"
                " it from another node",
                height=height,
                expected=self._awaited[height].block_hash,
            )

    def _check_known(self, header: Header) -> None:
        """What a block of another version means, this program cannot tell; whether it may be, `replay` does."""
        if self._protocols.find(header.protocol_version) is None:
            raise CommandError(
                "block {height} follows version {version} of the protocol, and this program knows versions up to"
                " {known}; audit with a newer Banyan",
                height=header.height,
                version=header.protocol_version,
                known=self._protocols.newest.version,
            )

    def _check_rules(self, header: Header) -> None:
        try:
            if self._parent is None:
                check_first_header(header, self._genesis.network_id, self._genesis.created_ms)
            else:
                check_header_follows(self._parent, header)
        except InvalidBlockError as error:
            field = str(error.params["field"])
            raise AuditFinding(
                _RULE_CODES.get(field, "audit.header-rule-broken"),
                "the header of block {height} breaks the rule for `{field}`: it does not follow from the block before",
                height=header.height,
                expected=self._expected(field),
                found=getattr(header, field),
                field=field,
            ) from error
        self._voters = self._in_force.at(self._parent, header)
        if header.voter_set_hash != self._voters.hash:
            raise AuditFinding(
                "audit.voter-set-wrong",
                "block {height} names another voter set than the one in force",
                height=header.height,
                expected=self._voters.hash,
                found=header.voter_set_hash,
            )

    def _expected(self, field: str) -> object:
        if field == "network_id":
            return self._genesis.network_id
        if field == "previous_hash":
            return self._genesis.network_id if self._parent is None else self._parent.hash
        return None

    def _check_proposer(self, header: Header, block: SourceBlock) -> None:
        key = self._voters.key_of(header.proposer)
        if key is None:
            raise AuditFinding(
                "audit.proposer-wrong",
                "block {height} was proposed by {proposer}, who is not a voter",
                height=header.height,
                found=header.proposer,
                proposer=header.proposer.hex(),
            )
        if not verify_proposal(header, key, block.header.signature):
            raise AuditFinding(
                "audit.proposal-forged",
                "the header of block {height} is not signed by the proposer it names",
                height=header.height,
                found=block.header.signature,
            )

    def _check_election(self, header: Header, block: SourceBlock) -> None:
        stored = block.header.election_certificate
        claimed = header.election_certificate_hash
        opens = header.term > (self._parent.term if self._parent is not None else 0)
        if opens == (claimed == ZERO_HASH):
            raise AuditFinding(
                "audit.election-forged",
                "block {height} opens a term without naming an election, or names one without opening a term",
                height=header.height,
                found=claimed,
            )
        held = tagged_hash("election-certificate", stored) if stored else ZERO_HASH
        if held != claimed:
            raise AuditFinding(
                "audit.election-changed",
                "the election certificate stored with block {height} is not the one that its header names",
                height=header.height,
                expected=claimed,
                found=held,
            )
        if opens:
            self._leader = self._elected(header, stored)
        if header.proposer != self._leader:
            raise AuditFinding(
                "audit.proposer-wrong",
                "block {height} was proposed by {proposer}, who was not elected in term {term}",
                height=header.height,
                expected=self._leader,
                found=header.proposer,
                proposer=header.proposer.hex(),
                term=header.term,
            )

    def _elected(self, header: Header, stored: bytes) -> Hash:
        try:
            certificate = ElectionCertificate.decode(stored)
            certificate.verify(self._voters, self._genesis.network_id)
        except RemoteProtocolError as error:
            raise AuditFinding(
                "audit.election-forged",
                "the election certificate of block {height} does not prove an election: {reason}",
                height=header.height,
                reason=error,
            ) from error
        if certificate.term != header.term:
            raise AuditFinding(
                "audit.election-forged",
                "block {height} opens term {term} with the election of another term",
                height=header.height,
                expected=header.term,
                found=certificate.term,
                term=header.term,
            )
        return certificate.candidate

    def _check_certificate(self, header: Header, block: SourceBlock) -> None:
        stored = block.certificate
        if stored is None:
            raise AuditFinding(
                "audit.certificate-missing",
                "block {height} is executed, but its certificate is missing; fetch it from another node",
                height=header.height,
            )
        newest, newest_height = self._newest_certificate
        if stored == newest and header.height <= newest_height:
            return  # one certificate commits several blocks: it was verified with the first of them
        try:
            certificate = BlockCertificate.decode(stored)
            # A block of the set in force may commit one that opened a term under the set before.
            is_newer = certificate.voter_set_hash == self._in_force.current.hash
            certificate.verify(self._in_force.current if is_newer else self._voters, self._genesis.network_id)
        except RemoteProtocolError as error:
            raise AuditFinding(
                "audit.certificate-forged",
                "the certificate of block {height} does not prove that a quorum committed it: {reason}",
                height=header.height,
                reason=error,
            ) from error
        if certificate.height < header.height:
            raise AuditFinding(
                "audit.certificate-forged",
                "the certificate stored with block {height} is of the earlier block {other}",
                height=header.height,
                expected=header.height,
                found=certificate.height,
                other=certificate.height,
            )
        self._newest_certificate = (stored, certificate.height)
        self._awaited.setdefault(certificate.height, certificate)
        if self._awaited[certificate.height].block_hash != certificate.block_hash:
            raise AuditFinding(
                "audit.certificate-forged",
                "two certificates commit different blocks at height {height}: the voters signed both",
                height=certificate.height,
                expected=self._awaited[certificate.height].block_hash,
                found=certificate.block_hash,
            )

    def _check_awaited(self, header: Header) -> None:
        certificate = self._awaited.pop(header.height, None)
        if certificate is None:
            return
        said = (certificate.term, certificate.block_hash, certificate.previous_hash, certificate.voter_set_hash)
        if said != (header.term, header.hash, header.previous_hash, header.voter_set_hash):
            raise AuditFinding(
                "audit.certificate-forged",
                "what a quorum committed at height {height} is another block than the one shown",
                height=header.height,
                expected=certificate.block_hash,
                found=header.hash,
            )


def _decoded(block: SourceBlock, height: int) -> Header:
    """The header, after the store's own notes about it were compared with it."""
    stored = block.header
    try:
        header = Header.decode(stored.header)
    except RemoteProtocolError as error:
        if tagged_hash("header", stored.header) == stored.header_hash:
            raise AuditFinding(
                "audit.header-malformed",
                "the header of block {height} is not one that could be signed: {reason}",
                height=height,
                reason=error,
            ) from error
        raise _header_changed(height, stored.header_hash, tagged_hash("header", stored.header)) from error
    if header.hash != stored.header_hash:
        raise _header_changed(height, stored.header_hash, header.hash)
    noted = (stored.height, stored.term, stored.leaf_count, stored.first_index)
    said = (header.height, header.term, header.leaf_count, header.tree_size - header.leaf_count)
    if noted != said or header.height != height:
        raise _header_changed(height, said, noted)
    return header


def _header_changed(height: int, expected: object, found: object) -> AuditFinding:
    return AuditFinding(
        "audit.header-changed",
        "the stored header of block {height} is not the one that was stored: its bytes and what is noted beside"
        " them differ; fetch the block from another node",
        height=height,
        expected=expected,
        found=found,
    )
