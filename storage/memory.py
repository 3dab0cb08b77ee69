"""The store in memory: the twin that tests and the simulator use, held to the same contract as the one on disk.

Owns plain dictionaries and lists; never touches a disk, so "durable" here means that `apply` returned. Invariants:
those of `storage.interface`.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

from contracts.changes import SubjectLink
from contracts.ordered_keys import first_key
from ledger.errors import LocalError
from ledger.hashing import Hash
from ledger.state_digest import StateDigest
from ledger.tree import TILE_WIDTH, MissingTileError, TileHashes
from storage.batch_rules import advance
from storage.interface import (
    CertifiedHeader,
    ExecutedId,
    OrderedState,
    StoredExecution,
    StoredHeader,
    StoredPast,
    StoredPayload,
    StoreHead,
    WriteBatch,
)
from storage.kept import WHOLE, Kept, check_past, misses_links
from storage.layout import Standing


class LoadedParts(NamedTuple):
    """What a store is made of that begins with a snapshot; results and effects by height."""

    headers: Sequence[CertifiedHeader]
    tiles: Sequence[TileHashes]
    records: dict[bytes, bytes]
    results: Mapping[int, Sequence[bytes]]
    effects: Mapping[int, Sequence[bytes]]
    kept: Kept


class MemoryStore:
    """A `storage.interface.Store` that forgets everything when it goes."""

    def __init__(self, network_id: Hash, genesis_records: dict[bytes, bytes], digest_lanes: bytes) -> None:
        self._network_id = network_id
        self._headers: list[StoredHeader] = []
        # From the log index `_kept.first_index` on.
        self._entries: list[bytes] = []
        self._kept = WHOLE
        self._certificates: dict[int, bytes] = {}
        self._results: dict[int, bytes] = {}
        self._effects: dict[int, tuple[bytes, ...]] = {}
        self._tiles: dict[tuple[int, int], bytes] = {}
        self._ids: dict[Hash, ExecutedId] = {}
        self._links: dict[str, list[SubjectLink]] = {}
        self._payloads: dict[Hash, StoredPayload] = {}
        self._state: dict[bytes, bytes] = dict(genesis_records)
        self._keys: list[bytes] = sorted(genesis_records)
        self._executed_height = 0
        self._tree_size = 0
        self._digest_lanes = digest_lanes
        self._state_digest = StateDigest.from_lanes(digest_lanes).digest()
        self._unstated_digests: dict[int, Hash] = {}
        self._checkpoint: bytes | None = None

    @classmethod
    def create(cls, network_id: Hash, genesis_records: dict[bytes, bytes], digest_lanes: bytes) -> "MemoryStore":
        """An empty store of a network, at its genesis state."""
        return cls(network_id, genesis_records, digest_lanes)

    @classmethod
    def loaded(cls, network_id: Hash, parts: LoadedParts, digest_lanes: bytes) -> "MemoryStore":
        """A store that stands at a snapshot, of which everything was checked."""
        store = cls(network_id, parts.records, digest_lanes)
        store._kept = parts.kept
        store._headers = [one.header for one in parts.headers]
        store._certificates = {one.header.height: one.certificate for one in parts.headers}
        store._executed_height = len(parts.headers)
        store._tree_size = parts.kept.first_index
        for gained in parts.tiles:
            store._extend_tiles(gained)
        for height, leaves in parts.results.items():
            store._results.update(enumerate(leaves, store._headers[height - 1].first_index + 1))
        store._effects = {height: tuple(effects) for height, effects in parts.effects.items()}
        return store

    def head(self) -> StoreHead:
        """Where the store stands."""
        tip = self._headers[-1] if self._headers else None
        return StoreHead(
            network_id=self._network_id,
            tip_height=tip.height if tip else 0,
            tip_term=tip.term if tip else 0,
            tip_hash=tip.header_hash if tip else self._network_id,
            executed_height=self._executed_height,
            tree_size=self._tree_size,
            digest_lanes=self._digest_lanes,
            state_digest=self._state_digest,
            checkpoint=self._checkpoint,
            kept_from=self._kept.height,
        )

    def header(self, height: int) -> StoredHeader | None:
        """The block's header part."""
        return self._headers[height - 1] if 1 <= height <= len(self._headers) else None

    def height_of(self, leaf_index: int) -> int | None:
        """The height whose block holds the entry; O(log n)."""
        if not 0 <= leaf_index < self._next_index:
            return None
        return bisect_right(self._headers, leaf_index, key=lambda header: header.first_index)

    def entries(self, first_index: int, count: int) -> Sequence[bytes]:
        """Up to `count` entries from `first_index`."""
        if first_index < 0 or count <= 0:
            return []
        if first_index < self._kept.first_index:
            raise self._kept.missing()
        start = first_index - self._kept.first_index
        return self._entries[start : start + count]

    def certificate(self, height: int) -> bytes | None:
        """The certificate that committed the block."""
        return self._certificates.get(height)

    def result(self, leaf_index: int) -> bytes | None:
        """The result leaf of an executed transaction."""
        leaf = self._results.get(leaf_index)
        if leaf is None and 0 <= leaf_index < self._kept.results_index:
            raise self._kept.missing()
        return leaf

    def results(self, first_index: int, count: int) -> Sequence[bytes]:
        """Up to `count` result leaves of one block."""
        leaves = [self.result(index) for index in range(first_index, first_index + max(count, 0))]
        return [leaf for leaf in leaves if leaf is not None]

    def timer_effects(self, height: int) -> Sequence[bytes]:
        """The effect leaves of the block's timers."""
        if 1 <= height < self._kept.results_height and height not in self._effects:
            raise self._kept.missing()
        return self._effects.get(height, ())

    def unstated_digests(self) -> Mapping[int, Hash]:
        """State digests of executed heights that headers were late to state."""
        return dict(self._unstated_digests)

    def tile(self, level: int, index: int) -> bytes:
        """The hashes of a tile, as many as there are."""
        tile = self._tiles.get((level, index))
        if tile is None:
            raise MissingTileError("tile {index} of level {level} is not there yet", index=index, level=level)
        return tile

    def duplicates(self, ids: Sequence[Hash], now_ms: int, expiries_ms: Sequence[int] | None = None) -> set[Hash]:
        """Those of `ids` that were used up and have not expired; a dictionary needs no help from `expiries_ms`."""
        return {one for one in ids if one in self._ids and self._ids[one].expires_ms >= now_ms}

    def index_of(self, transaction_id: Hash) -> int | None:
        """The log index of an executed transaction."""
        found = self._ids.get(transaction_id)
        return found.leaf_index if found else None

    def state(self, key: bytes) -> bytes | None:
        """The bytes of one record."""
        return self._state.get(key)

    def next_state_key(self, prefix: bytes, after: bytes = b"") -> bytes | None:
        """The smallest key that starts with `prefix` and is above `after`."""
        return first_key(self._keys, prefix, after)

    def states(self) -> AbstractContextManager[OrderedState]:
        """The records, for many questions in a row."""
        return nullcontext(_Records(self))

    def scan_state(self, prefix: bytes, after: bytes | None = None) -> Iterator[tuple[bytes, bytes]]:
        """Records by key, ascending, from after `after`."""
        skip = after is not None and after >= prefix
        position = bisect_right(self._keys, after) if skip and after is not None else bisect_left(self._keys, prefix)
        for key in self._keys[position:]:
            if not key.startswith(prefix):
                return
            yield key, self._state[key]

    def subject_links(self, subject: str, after_sequence: int = 0, limit: int = 1000) -> Sequence[SubjectLink]:
        """A subject's chain from `after_sequence` + 1."""
        chain, wanted = self._links.get(subject, []), max(after_sequence, 0) + 1
        start = bisect_left(chain, wanted, key=lambda link: link.sequence)
        links = chain[start : start + max(limit, 0)]
        if self._kept != WHOLE and limit > 0 and misses_links(subject, wanted, links, self.state):
            raise self._kept.missing()
        return links

    def payload(self, commitment: Hash) -> StoredPayload | None:
        """A detached value."""
        return self._payloads.get(commitment)

    def apply(self, batches: Sequence[WriteBatch]) -> None:
        """Apply whole batches in order; if one contradicts what is stored, none of them."""
        drops = self._check(batches)
        for batch, drop_from in zip(batches, drops, strict=True):
            self._drop(drop_from)
            for block in batch.blocks:
                self._headers.append(block.header)
                self._entries.extend(block.entries)
            for execution in batch.executions:
                self._execute(execution)
            for payload in batch.payloads:
                self._payloads[payload.commitment] = payload
            if batch.checkpoint is not None:
                self._checkpoint = batch.checkpoint

    def fill(self, past: Sequence[StoredPast]) -> None:
        """Add what is missing below `kept_from`, downwards; if one of them does not fit, none."""
        kept = self._kept
        for one in past:
            check_past(kept, one, header := self.header(one.height), self)
            assert header is not None, "it was checked"
            kept = kept.below(header)
        for one in past:
            self._fill(one)
        self._kept = kept

    def _fill(self, past: StoredPast) -> None:
        self._entries[:0] = past.entries
        self._results.update((one.leaf_index, one.leaf) for one in past.results)
        if past.effects:
            self._effects[past.height] = past.effects
        self._ids.update((one.id, one) for one in past.ids)
        for link in past.links:
            insort(self._links.setdefault(link.subject, []), link)

    @property
    def is_held(self) -> bool:
        """Never: nobody writes beside the one thread."""
        return False

    @property
    def is_maintenance_due(self) -> bool:
        """There is no background work."""
        return False

    def maintain(self) -> bool:
        """There is no background work."""
        return False

    def close(self) -> None:
        """Nothing to close."""

    def _check(self, batches: Sequence[WriteBatch]) -> list[int | None]:
        """From which height on each batch drops blocks."""
        fresh: dict[int, StoredHeader] = {}
        ids: set[Hash] = set()
        drops = []
        standing = self._standing()
        for batch in batches:
            step = advance(standing, batch, lambda height: fresh.get(height) or self.header(height), self._network_id)
            standing = step.standing
            drops.append(step.drop_from_height)
            fresh.update((block.header.height, block.header) for block in batch.blocks)
            for one in (one.id for execution in batch.executions for one in execution.ids):
                if one in ids or one in self._ids:
                    raise LocalError("The transaction {id} is executed twice.", id=one.hex())
                ids.add(one)
        return drops

    def _standing(self) -> Standing:
        head = self.head()
        return Standing(
            head.tip_height,
            head.tip_term,
            head.tip_hash,
            self._next_index,
            head.executed_height,
            head.tree_size,
            head.state_digest,
        )

    @property
    def _next_index(self) -> int:
        return self._kept.first_index + len(self._entries)

    def _drop(self, height: int | None) -> None:
        if height is not None:
            del self._entries[self._headers[height - 1].first_index - self._kept.first_index :]
            del self._headers[height - 1 :]

    def _execute(self, execution: StoredExecution) -> None:
        self._executed_height = execution.height
        self._tree_size = execution.tree_size
        self._digest_lanes = execution.digest_lanes
        self._state_digest = execution.state_digest
        if execution.unstated_digests:
            first = execution.height - len(execution.unstated_digests)
            self._unstated_digests = dict(enumerate(execution.unstated_digests, first))
        self._certificates[execution.height] = execution.certificate
        self._results.update((one.leaf_index, one.leaf) for one in execution.results)
        if execution.effects:
            self._effects[execution.height] = execution.effects
        self._ids.update((one.id, one) for one in execution.ids)
        for link in execution.links:
            self._links.setdefault(link.subject, []).append(link)
        for key, _, new in execution.changes:
            self._change(key, new)
        for gained in execution.tile_hashes:
            self._extend_tiles(gained)

    def _change(self, key: bytes, new: bytes | None) -> None:
        if new is None:
            if self._state.pop(key, None) is not None:
                self._keys.remove(key)
            return
        if key not in self._state:
            insort(self._keys, key)
        self._state[key] = new

    def _extend_tiles(self, gained: TileHashes) -> None:
        for position, one in enumerate(gained.hashes, gained.start):
            key = (gained.level, position // TILE_WIDTH)
            self._tiles[key] = self._tiles.get(key, b"") + one


class _Records:
    """A memory store's records, as `contracts` reads them."""

    __slots__ = ("get", "next_key")

    def __init__(self, store: MemoryStore) -> None:
        self.get = store.state
        self.next_key = store.next_state_key
