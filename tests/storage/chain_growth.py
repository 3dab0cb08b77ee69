"""Batches that a node could have written: blocks with entries, and executions that go with them."""

from dataclasses import dataclass, field
from hashlib import sha256

from contracts.changes import StateChange, SubjectLink
from ledger.hashing import Hash, tagged_hash
from ledger.state_digest import StateDigest
from ledger.tree import CompactRange, leaf_hash
from storage.interface import ExecutedId, StoredBlock, StoredExecution, StoredHeader, StoredResult

NETWORK_ID = sha256(b"a network").digest()
OTHER_NETWORK_ID = sha256(b"another network").digest()
GENESIS_RECORDS = {b"unit\0root": b"the first record", b"unit\0branch": b"the second record"}


def digest_of(records: dict[bytes, bytes]) -> StateDigest:
    digest = StateDigest.empty()
    for key, value in records.items():
        digest.add(key, value)
    return digest


GENESIS_LANES = digest_of(GENESIS_RECORDS).lanes_bytes()


def transaction_id(entry: bytes) -> Hash:
    return sha256(b"id of " + entry).digest()


def expiry_ms(height: int) -> int:
    return 1_000_000 + height * 1_000


def make_block(
    height: int, first_index: int, entries: tuple[bytes, ...], term: int = 1, certificate: bytes = b""
) -> StoredBlock:
    header = b"header of %d in %d:" % (height, term) + sha256(b"".join(entries)).digest()
    return StoredBlock(
        StoredHeader(
            height=height,
            term=term,
            header=header,
            header_hash=tagged_hash("header", header),
            signature=b"s" * 64,
            election_certificate=certificate,
            first_index=first_index,
            leaf_count=len(entries),
        ),
        entries,
    )


@dataclass
class Growth:
    """A chain under way: makes the next block, and the next execution of a block that it made."""

    blocks: list[StoredBlock] = field(default_factory=list)
    executed: int = 0
    records: dict[bytes, bytes] = field(default_factory=lambda: dict(GENESIS_RECORDS))
    digest: StateDigest = field(default_factory=lambda: digest_of(GENESIS_RECORDS))
    tree: CompactRange = field(default_factory=CompactRange)
    chains: dict[str, list[SubjectLink]] = field(default_factory=dict)
    serial: int = 0

    @property
    def next_index(self) -> int:
        return self.blocks[-1].header.first_index + self.blocks[-1].header.leaf_count if self.blocks else 0

    def block(self, entry_count: int = 3, term: int = 1, size_bytes: int = 40) -> StoredBlock:
        """The next block: an outcome leaf and `entry_count` - 1 envelopes, none like any made before."""
        entries = []
        for _ in range(entry_count):
            self.serial += 1
            entries.append(b"entry %d;" % self.serial + b"." * size_bytes)
        block = make_block(len(self.blocks) + 1, self.next_index, tuple(entries), term)
        self.blocks.append(block)
        return block

    def drop(self, height: int) -> None:
        """Forget the blocks from `height` on."""
        del self.blocks[height - 1 :]

    def execution(
        self,
        subjects: tuple[str, ...] = ("unit/root",),
        removed: tuple[bytes, ...] = (),
        effects: tuple[bytes, ...] = (),
    ) -> StoredExecution:
        """What executing the next block brings: an id, a result and a link an envelope, a record a subject."""
        block = self.blocks[self.executed]
        self.executed += 1
        height, first = block.header.height, block.header.first_index
        leaf_hashes = [leaf_hash(entry) for entry in block.entries]
        tile_hashes = self.tree.extend(leaf_hashes)
        placed = list(enumerate(block.entries, first))[1:]
        links = [self._link(subjects[index % len(subjects)], index, leaf_hashes[index - first]) for index, _ in placed]
        changes = self._changes(height, subjects, removed)
        return StoredExecution(
            height=height,
            certificate=b"certificate of %d" % height,
            tree_size=first + len(block.entries),
            tile_hashes=tile_hashes,
            ids=tuple(ExecutedId(transaction_id(entry), expiry_ms(height), index) for index, entry in placed),
            results=tuple(StoredResult(index, b"result of " + entry) for index, entry in placed),
            links=tuple(links),
            changes=changes,
            digest_lanes=self.digest.lanes_bytes(),
            state_digest=self.digest.digest(),
            effects=effects,
        )

    def _link(self, subject: str, index: int, leaf: Hash) -> SubjectLink:
        chain = self.chains.setdefault(subject, [])
        previous = chain[-1].link if chain else bytes(32)
        link = SubjectLink(subject, len(chain) + 1, index, tagged_hash("link", previous, leaf))
        chain.append(link)
        return link

    def _changes(self, height: int, subjects: tuple[str, ...], removed: tuple[bytes, ...]) -> tuple[StateChange, ...]:
        fresh: dict[bytes, bytes | None] = {b"unit\0" + one.encode(): b"as of %d" % height for one in subjects}
        fresh |= dict.fromkeys(removed)
        changes = tuple(StateChange(key, self.records.get(key), fresh[key]) for key in sorted(fresh))
        changes = tuple(change for change in changes if change.old is not None or change.new is not None)
        self.digest.apply(changes)
        for key, _, new in changes:
            self.records.pop(key, None)
            if new is not None:
                self.records[key] = new
        return changes
