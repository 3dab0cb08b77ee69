"""Does a part of a backup hold together? Everything that its own bytes can tell. Pure.

Owns the walk along a part's headers: each follows from the one before, its entries give the root of the log that it
states, its certificate commits it or a block above it. Whether a quorum signed a certificate is asked of whoever knows
the voters: `signers` on the way out, execution on the way in (`daemon.restoring`), which also tells what blocks do.

Bound: the headers whose certificate is of a later block, at most a window of them.
Source: docs/protocol.md, sections 4 to 6; docs/reference/backups.md.
"""

from collections.abc import Callable

from consensus.certificates import BlockCertificate
from consensus.voters import VoterSet
from ledger.block import Header, verify_proposal
from ledger.errors import LocalError, RemoteProtocolError
from ledger.hashing import ZERO_HASH, Hash, tagged_hash
from ledger.tree import CompactRange, leaf_hash
from storage.backup.errors import BackupDamagedError, BackupFault, BackupMismatchError
from storage.backup.records import PartBlock, PartEnd, PartInherited, PartRecord, PartStart, PartValues

# The voter set of a hash, where the state knows one; None: nobody signed for it.
Signers = Callable[[Hash], VoterSet | None]


class PartCheck:
    """One part; each record goes through `check` once, in order.

    Args:
        name: What the bytes are called in errors.
        signers: Whose signatures headers and certificates must have; None leaves signatures to somebody else.
    """

    def __init__(self, name: str, signers: Signers | None = None) -> None:
        self._name = name
        self._signers = signers
        self._network_id: Hash = b""
        self._tree = CompactRange()
        self._previous: Hash = b""
        self._certified: dict[int, Hash] = {}
        # The newest certificate: one may come with several blocks, and is verified once.
        self._verified = b""
        self.height = 0
        self.block_count = 0
        self.entry_count = 0
        self.value_count = 0

    @property
    def tree_size(self) -> int:
        """Entries of the log up to the newest block."""
        return self._tree.size

    @property
    def tree_root(self) -> Hash:
        """The root over them."""
        return self._tree.root()

    @property
    def header_hash(self) -> Hash:
        """The newest block's hash."""
        return self._previous

    def check(self, record: PartRecord) -> Header | None:
        """Check a record; the decoded header where it is a block.

        Raises:
            BackupDamagedError: it contradicts itself or what came before; names the height.
        """
        if isinstance(record, PartStart):
            self._begin(record)
        elif isinstance(record, PartBlock):
            return self._block(record)
        elif isinstance(record, PartEnd):
            self._end(record)
        elif isinstance(record, PartInherited):
            # What they are the genesis tells, by their digest.
            self._expect(self.height == 0, BackupFault("a ledger inherits records at its beginning only"))
        elif isinstance(record, PartValues):
            self.value_count += len(record.values)
        return None

    def _begin(self, start: PartStart) -> None:
        self._network_id = start.network_id
        self.height = start.first_height - 1
        if self.height == 0:
            self._expect(
                not start.previous_header and not start.peaks, BackupFault("the beginning names what was before it")
            )
            self._previous = start.network_id
            return
        header = self._decoded(start.previous_header)
        self._expect(header.height == self.height, BackupFault("the header before it is of another height"))
        try:
            self._tree = CompactRange.from_peaks(header.tree_size, start.peaks)
        except LocalError as error:
            raise self._damaged(error) from error
        self._expect(
            self._tree.root() == header.tree_root, BackupFault("the log before it is not what its header states")
        )
        self._previous = header.hash

    def _block(self, block: PartBlock) -> Header:
        header = self._decoded(block.header)
        self.height += 1
        self._expect(header.height == self.height, BackupFault("the heights have a gap"))
        self._expect(header.previous_hash == self._previous, BackupFault("the header does not follow the one before"))
        self._expect(header.leaf_count == len(block.entries), BackupFault("entries are missing"))
        self._tree.extend([leaf_hash(entry) for entry in block.entries])
        stated = (header.tree_size, header.tree_root)
        self._expect(
            stated == (self._tree.size, self._tree.root()), BackupFault("the entries are not those that were signed")
        )
        held = block.election_certificate
        election = tagged_hash("election-certificate", held) if held else ZERO_HASH
        self._expect(
            election == header.election_certificate_hash, BackupFault("the election certificate is another one")
        )
        self._certificate(block, header)
        self._previous = header.hash
        self.block_count += 1
        self.entry_count += len(block.entries)
        return header

    def _certificate(self, block: PartBlock, header: Header) -> None:
        awaited = self._certified.pop(header.height, None)
        self._expect(awaited in (None, header.hash), BackupFault("another block was committed at this height"))
        try:
            certificate = BlockCertificate.decode(block.certificate)
            if self._signers is not None:
                self._check_signatures(block, header, certificate)
        except RemoteProtocolError as error:
            raise self._damaged(error) from error
        if certificate.height == header.height:
            said = (certificate.term, certificate.block_hash, certificate.previous_hash, certificate.voter_set_hash)
            stated = (header.term, header.hash, header.previous_hash, header.voter_set_hash)
            self._expect(said == stated, BackupFault("the certificate is of another block"))
        else:
            self._expect(certificate.height > header.height, BackupFault("the certificate is of an earlier block"))
            self._certified.setdefault(certificate.height, certificate.block_hash)

    def _check_signatures(self, block: PartBlock, header: Header, certificate: BlockCertificate) -> None:
        assert self._signers is not None, "asked only where the voters are known"
        voters = self._signers(header.voter_set_hash)
        key = voters.key_of(header.proposer) if voters is not None else None
        proposed = key is not None and verify_proposal(header, key, block.signature)
        self._expect(proposed, BackupFault("the header is not signed by a voter"))
        if block.certificate == self._verified:
            return
        certifying = self._signers(certificate.voter_set_hash)
        if certifying is None:
            raise self._damaged(BackupFault("its certificate is of unknown voters"))
        certificate.verify(certifying, self._network_id)
        self._verified = block.certificate

    def _end(self, end: PartEnd) -> None:
        self._expect(not self._certified, BackupFault("a certificate is of a block that is not there"))
        found = (self.height, self._previous, self._tree.size, self._tree.root())
        stated = (end.last_height, end.header_hash, end.tree_size, end.tree_root)
        self._expect(found == stated, BackupFault("its end is not where its blocks lead to"))
        counts = (end.block_count, end.entry_count, end.value_count)
        self._expect(
            counts == (self.block_count, self.entry_count, self.value_count),
            BackupFault("it holds another number of things"),
        )

    def _decoded(self, data: bytes) -> Header:
        try:
            header = Header.decode(data)
        except RemoteProtocolError as error:
            raise self._damaged(error) from error
        if header.network_id != self._network_id:
            raise BackupMismatchError(
                "{path} holds blocks of different networks; it is no backup of one ledger", path=self._name
            )
        return header

    def _expect(self, holds: bool, reason: BackupFault) -> None:
        if not holds:
            raise self._damaged(reason)

    def _damaged(self, reason: object) -> BackupDamagedError:
        return BackupDamagedError(
            "{path} does not hold together at block {height} ({reason}); take another copy or an earlier backup",
            path=self._name,
            height=self.height,
            reason=reason,
        )
