"""A ledger with real headers, outcome leaves and results, as a snapshot needs them; the entries mean nothing."""

from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256

from contracts.chain import ChainHead, chain_record_key
from contracts.changes import StateChange, SubjectLink
from contracts.result import Result
from contracts.timer_effect import TimerEffect
from ledger.block import Header, Outcome
from ledger.hashing import ZERO_HASH, Hash
from ledger.state_digest import StateDigest
from ledger.tree import CompactRange, leaf_hash, root_of
from storage.interface import (
    ExecutedId,
    Store,
    StoredBlock,
    StoredExecution,
    StoredPast,
    StoredResult,
    WriteBatch,
)
from storage.loading import certified
from storage.memory import MemoryStore
from tests.storage.chain_growth import GENESIS_LANES, GENESIS_RECORDS, NETWORK_ID, digest_of, transaction_id

BLOCK_MS = 1_000
SUBJECT = "unit/root"


@dataclass
class Ledger:
    """Blocks one after the other, each executed at once; block `n` states what was executed `lag` blocks before.

    `batches` made the store; `past` has what a store that begins with a snapshot lacks, by height.
    """

    lag: int = 2
    every: int = 1
    timers_every: int = 5
    network_id: Hash = NETWORK_ID
    headers: list[Header] = field(default_factory=list)
    batches: list[WriteBatch] = field(default_factory=list)
    past: dict[int, StoredPast] = field(default_factory=dict)
    records: dict[bytes, bytes] = field(default_factory=lambda: dict(GENESIS_RECORDS))
    digest: StateDigest = field(default_factory=partial(digest_of, GENESIS_RECORDS))
    digests: list[Hash] = field(default_factory=list)
    leaves: dict[int, list[bytes]] = field(default_factory=dict)
    tree: CompactRange = field(default_factory=CompactRange)
    chain: list[SubjectLink] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.digests.append(self.digest.digest())

    def grow(self, count: int, entries: int = 3, size_bytes: int = 30, records: int = 2) -> "Ledger":
        """Add blocks of `entries` transactions, which write `records` records each block."""
        for _ in range(count):
            self._add(entries, size_bytes, records)
        return self

    def store(self) -> MemoryStore:
        """A whole store in memory."""
        store = MemoryStore.create(self.network_id, GENESIS_RECORDS, GENESIS_LANES)
        store.apply(self.batches)
        return store

    def fill(self, store: Store, down_to: int) -> None:
        """Give a store what it lacks, down to a height."""
        for height in range(store.head().kept_from - 1, down_to - 1, -1):
            store.fill([self.past[height]])

    def _add(self, entries: int, size_bytes: int, records: int) -> None:
        height, first_index = len(self.headers) + 1, self.tree.size
        parent = self.headers[-1] if self.headers else None
        parent_hash = parent.hash if parent else self.network_id
        stated_before = parent.executed_height if parent else 0
        stated = max(stated_before, (height - self.lag) // self.every * self.every, 0)
        covered = [leaf for one in range(stated_before + 1, stated + 1) for leaf in self.leaves[one]]
        outcome = Outcome(
            parent_hash,
            height,
            height * BLOCK_MS,
            stated,
            self.digests[stated],
            root_of([leaf_hash(leaf) for leaf in covered]),
            len(covered),
        )
        bodies = tuple(b"entry %d of %d;" % (number, height) + b"." * size_bytes for number in range(entries))
        all_entries = (outcome.encode(), *bodies)
        tile_hashes = self.tree.extend([leaf_hash(one) for one in all_entries])
        header = Header(
            network_id=self.network_id,
            height=height,
            term=1,
            previous_hash=parent_hash,
            time_ms=height * BLOCK_MS,
            proposer=sha256(b"proposer").digest(),
            leaf_count=len(all_entries),
            tree_size=self.tree.size,
            tree_root=self.tree.root(),
            voter_set_hash=sha256(b"voters").digest(),
            election_certificate_hash=ZERO_HASH if parent else sha256(b"election").digest(),
            executed_height=stated,
            state_digest=self.digests[stated],
            checkpoint=False,
        )
        self.headers.append(header)
        stored = certified(header, b"s" * 64, b"" if parent else b"election", b"certificate of %d" % height)
        execution = self._execute(height, first_index, bodies, records)
        self.past[height] = StoredPast(
            height, all_entries, execution.ids, execution.results, execution.links, execution.effects
        )
        whole = StoredExecution(
            **{name: getattr(execution, name) for name in execution.__slots__}
            | {"certificate": stored.certificate, "tree_size": self.tree.size, "tile_hashes": tile_hashes}
        )
        self.batches.append(WriteBatch(blocks=(StoredBlock(stored.header, all_entries),), executions=(whole,)))

    def _execute(self, height: int, first_index: int, bodies: tuple[bytes, ...], records: int) -> StoredExecution:
        placed = list(enumerate(bodies, first_index + 1))
        effects = self._effects(height)
        results = tuple(
            StoredResult(index, Result(height, index, transaction_id(body), "ok", {}, (), (), ()).encode())
            for index, body in placed
        )
        self.leaves[height] = [*effects, *(one.leaf for one in results)]
        links = tuple(self._link(index, body) for index, body in placed)
        changes = self._changes(height, records)
        return StoredExecution(
            height=height,
            certificate=b"",
            tree_size=0,
            tile_hashes=(),
            ids=tuple(ExecutedId(transaction_id(body), (height + 50) * BLOCK_MS, index) for index, body in placed),
            results=results,
            links=links,
            changes=changes,
            digest_lanes=self.digest.lanes_bytes(),
            state_digest=self.digest.digest(),
            effects=effects,
        )

    def _effects(self, height: int) -> tuple[bytes, ...]:
        if height % self.timers_every:
            return ()
        return tuple(
            TimerEffect(height, number, f"timer-{number}", "test", "ok", {}, (), (), ()).encode() for number in (1, 2)
        )

    def _link(self, index: int, body: bytes) -> SubjectLink:
        link = SubjectLink(SUBJECT, len(self.chain) + 1, index, sha256(b"link" + body).digest())
        self.chain.append(link)
        return link

    def _changes(self, height: int, records: int) -> tuple[StateChange, ...]:
        fresh = {b"unit\0unit-%d-%d" % (height % 7, number): b"as of %d" % height for number in range(records)}
        if self.chain:
            fresh[chain_record_key(SUBJECT)] = ChainHead(self.chain[-1].sequence, self.chain[-1].link).encode()
        changes = tuple(StateChange(key, self.records.get(key), fresh[key]) for key in sorted(fresh))
        self.records.update(fresh)
        self.digest.apply(changes)
        self.digests.append(self.digest.digest())
        return changes
