"""Putting a backup back: its blocks, judged as those of a neighbour are, committed by their certificates, executed.

Owns the way from the records of parts to an executed store. Believes nothing but the genesis: who may certify a block
comes from executing the blocks below it, and what executing gives is compared with what the headers state. The
signatures of transactions are not verified again, as a quorum signed that they did; `banyan audit` verifies them.

Writes in groups of up to `GROUP_ENTRIES_MAX` entries or `GROUP_SIZE_BYTES_MAX`; memory is a group, its blocks executed.
Source: docs/protocol.md, sections 5 and 6; docs/adr/0030-backup-and-restore.md.
"""

from collections.abc import Sequence

from consensus.certificates import BlockCertificate, ElectionCertificate
from consensus.messages import Vote
from consensus.voters import VoterSet
from contracts.protocols import Protocols
from daemon.block_judge import BlockJudge, ProposedBlock
from daemon.chain import Chain
from daemon.outgoing import Outgoing
from daemon.own_signatures import OwnSignatures
from daemon.policy import policy_at
from daemon.protocol_in_force import ProtocolInForce
from daemon.voters_in_force import VotersInForce
from ledger.block import Header
from ledger.checkpoint import Checkpoint
from ledger.detached import commitments_in
from ledger.errors import BanyanError
from ledger.genesis import Genesis
from ledger.note import Note
from ledger.transaction import Transaction, decode_envelope
from ledger.tree import CompactRange
from storage.backup.checking import PartCheck
from storage.backup.errors import BackupDamagedError, BackupFault, BackupMismatchError
from storage.backup.records import PartBlock, PartCheckpoint, PartEnd, PartRecord, PartStart, PartValues
from storage.errors import StoreError
from storage.interface import Store, WriteBatch

GROUP_ENTRIES_MAX = 4096
GROUP_SIZE_BYTES_MAX = 8 * 1024 * 1024


class Restoring:
    """One store that grows by the parts of a backup, in the order of their heights.

    Args:
        genesis: The network's.
        protocols: What the versions mean that its blocks follow.
        store: At the genesis state, or wherever an earlier part led to.
        own: Notes what the node of this folder has signed in these blocks.
    """

    def __init__(self, genesis: Genesis, protocols: Protocols, store: Store, own: OwnSignatures) -> None:
        self._genesis = genesis
        self._store = store
        self._own = own
        self._chain = Chain(genesis, protocols, store)
        self._voters = VotersInForce(self._chain)
        self._protocol = ProtocolInForce(genesis, self._chain, protocols)
        self._judge = BlockJudge(genesis, self._voters.at, self._protocol)
        self._name = ""
        self._check = PartCheck("")
        # Those of the newest block, for the values that follow it; none where it was there before.
        self._newest: Sequence[Transaction] = ()
        self._outgoing = Outgoing()
        self._ticket = 1
        self._entries = 0
        self._size_bytes = 0
        self.value_count = 0

    @property
    def height(self) -> int:
        """The newest executed height."""
        return self._chain.executed_height

    @property
    def voters(self) -> VoterSet:
        """The set in force after it."""
        return self._voters.current

    def begin(self, name: str) -> None:
        """A further part follows; `name` is what it is called in errors."""
        self._name = name
        self._check = PartCheck(name)

    def take(self, record: PartRecord) -> None:
        """Take in one record; what is executed already is compared and left out, inherited records are there before.

        Raises:
            BackupDamagedError: it does not hold together, or executing it gives something else.
            BackupMismatchError: it does not continue what is there.
            StoreError: the store cannot be written.
        """
        try:
            self._take(record)
        except (StoreError, BackupDamagedError, BackupMismatchError):
            raise
        except BanyanError as error:
            raise self._damaged(error) from error

    def _take(self, record: PartRecord) -> None:
        header = self._check.check(record)
        if isinstance(record, PartStart):
            self._start(record)
        elif isinstance(record, PartBlock):
            assert header is not None, "a block has a header"
            self._block(record, header)
        elif isinstance(record, PartValues):
            self._values(record)
        elif isinstance(record, PartEnd):
            self._end(record)
        elif isinstance(record, PartCheckpoint):
            self._checkpoint(record.note)

    def _start(self, start: PartStart) -> None:
        if start.network_id != self._genesis.network_id:
            raise BackupMismatchError(
                "the backup {path} is of another network than {name}; restore it into a folder of its own",
                path=self._name,
                name=self._genesis.name,
            )
        if start.first_height > self.height + 1:
            raise BackupMismatchError(
                "the backup {path} begins at block {first}, but what was restored before it ends at block {height};"
                " give the part between them too",
                path=self._name,
                first=start.first_height,
                height=self.height,
            )
        if start.first_height > 1:
            self._compare(Header.decode(start.previous_header))

    def _compare(self, header: Header) -> None:
        """A block that is executed already is this very one."""
        tip = self._chain.tip_at(header.height)
        stored = self._store.header(header.height) if tip is None else None
        known = tip.hash if tip is not None else stored.header_hash if stored is not None else None
        if known != header.hash:
            raise BackupMismatchError(
                "the backup {path} holds another block {height} than the part before it; they are not of one ledger, or"
                " it was forked: keep both for examination",
                path=self._name,
                height=header.height,
            )

    def _block(self, block: PartBlock, header: Header) -> None:
        self._newest = ()
        certificate = BlockCertificate.decode(block.certificate)
        self._note_own(block, certificate)
        if header.height <= self.height:
            # Written already or about to be: a group that is not written yet is asked of the chain.
            self._flush()
            self._compare(header)
            return
        transactions = tuple(decode_envelope(entry) for entry in block.entries[1:])
        proposed = ProposedBlock(
            header, block.header, block.signature, block.election_certificate, block.entries[0], transactions
        )
        built = self._judge.judge(proposed, self._chain.tip, lambda used: self._is_used(used, header.time_ms))
        self._chain.append(built)
        self._newest = transactions
        self._outgoing.blocks.append(built)
        self._entries += len(block.entries)
        self._size_bytes += sum(map(len, block.entries))
        if certificate.height == header.height:
            self._execute(certificate)

    def _is_used(self, transactions: Sequence[Transaction], now_ms: int) -> bool:
        expiries_ms = {one.id: one.expires_ms for one in transactions}
        if self._chain.overlay.executed(expiries_ms, now_ms):
            return True
        return any(one.id in expiries_ms for block in self._chain.blocks for one in block.transactions)

    def _execute(self, certificate: BlockCertificate) -> None:
        # The set that is in force, or the one before where nothing but an opening of a term follows the barrier: the
        # header was judged to name the right one, and the certificate is of that very header.
        sets = (self._voters.current, *self._voters.earlier[-1:])
        voters = next((one for one in sets if one.hash == certificate.voter_set_hash), None)
        if voters is None:
            raise self._damaged(BackupFault("its certificate is of other voters than those in force"))
        certificate.verify(voters, self._genesis.network_id)
        self._outgoing.executed += self._chain.execute(certificate, self._ticket)
        self._voters.executed(certificate)
        self._protocol.executed()
        if self._entries >= GROUP_ENTRIES_MAX or self._size_bytes >= GROUP_SIZE_BYTES_MAX:
            self._flush()

    def _values(self, record: PartValues) -> None:
        if not self._newest:
            # They belong to a block that was there before, and so do they.
            return
        known = {one for transaction in self._newest for one in commitments_in(transaction.arguments)}
        if not all(value.commitment in known for value in record.values):
            raise self._damaged(BackupFault("it holds a detached value that its block does not commit to"))
        self._outgoing.add_detached(record.values)
        self._size_bytes += sum(len(value.value_bytes) for value in record.values)
        self.value_count += len(record.values)

    def _checkpoint(self, data: bytes) -> None:
        self._flush()
        note = Note.parse(data)
        checkpoint = Checkpoint.parse(note.text)
        size = checkpoint.tree_size
        if size > self._store.head().tree_size:
            raise self._damaged(BackupFault("its checkpoint is of a larger log"))
        policy_at(self._store, self._genesis, size).policy.verify(note)
        if CompactRange.from_tiles(self._store, size).root() != checkpoint.root:
            raise self._damaged(BackupFault("its checkpoint is of another log"))
        self._store.apply([WriteBatch(checkpoint=data)])

    def _end(self, end: PartEnd) -> None:
        self._flush()
        if end.last_height != self.height:
            return  # an earlier part went further
        if end.state_digest != self._chain.executed_digest:
            raise self._damaged(BackupFault("executing it gives another state than the node had"))

    def _flush(self) -> None:
        """Write what was gathered; blocks that no certificate commits yet are written with their successors."""
        batch = WriteBatch(
            blocks=tuple(block.stored for block in self._outgoing.blocks),
            executions=tuple(one.stored for one in self._outgoing.executed),
            payloads=tuple(self._outgoing.payloads),
        )
        if not self._outgoing:
            return
        self._outgoing = Outgoing()
        self._entries = self._size_bytes = 0
        self._store.apply([batch])
        self._chain.overlay.stored(self._ticket)
        self._ticket += 1
        self._store.maintain()

    def _note_own(self, block: PartBlock, certificate: BlockCertificate) -> None:
        if any(voter == self._own.node_id for voter, _ in certificate.signatures):
            self._own.acknowledged(certificate.term, certificate.height)
        if block.election_certificate:
            election = ElectionCertificate.decode(block.election_certificate)
            for vote in election.votes:
                if Vote.decode(vote.message).voter == self._own.node_id:
                    self._own.voted(election.term)

    def _damaged(self, reason: object) -> BackupDamagedError:
        return BackupDamagedError(
            "{path} cannot be restored: block {height} is not what was committed ({reason}); take another copy, or an"
            " earlier backup",
            path=self._name,
            height=self._check.height,
            reason=reason,
        )
