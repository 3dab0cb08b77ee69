"""What a store keeps and how it is asked: the interface that pure code sees.

Owns the shapes of a write (`WriteBatch`) and of the questions (`StoreReader`). Never touches a disk, so
the pure packages and the simulator may import it. Invariants that every store keeps:

- a batch is applied whole or not at all, and batches are applied in the order they were handed in;
- blocks above the executed height may be replaced; executed blocks never;
- state, results, tiles, ids, subject links, executed height and digest of one execution become visible
  together;
- what a reader saw once for an executed height it sees for ever.

Source: docs/reference/storage.md.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from contracts.changes import StateChange, SubjectLink
from contracts.state import OrderedState
from ledger.hashing import Hash
from ledger.tree import TileHashes

__all__ = [
    "CertifiedHeader",
    "ExecutedId",
    "OrderedState",
    "StateChange",
    "Store",
    "StoreHead",
    "StoreReader",
    "StoredBlock",
    "StoredExecution",
    "StoredHeader",
    "StoredPast",
    "StoredPayload",
    "StoredResult",
    "SubjectLink",
    "WriteBatch",
]


class ExecutedId(NamedTuple):
    """A transaction id that was used up: accepted once, findable for ever, a duplicate until `expires_ms`."""

    id: Hash
    expires_ms: int
    leaf_index: int


class StoredResult(NamedTuple):
    """The result leaf of the transaction at `leaf_index`."""

    leaf_index: int
    leaf: bytes


class StoredPayload(NamedTuple):
    """A detached value under its commitment: 32 bytes, 32 bytes, canonical bytes of the value."""

    commitment: Hash
    salt: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class StoredHeader:
    """A block without its entries.

    `signature` is the proposer's over the header; `election_certificate` is empty unless the block opens a term.
    `first_index` is the log index of the outcome leaf; `leaf_count` entries follow from there, itself included.
    """

    height: int
    term: int
    header: bytes
    header_hash: Hash
    signature: bytes
    election_certificate: bytes
    first_index: int
    leaf_count: int


@dataclass(frozen=True, slots=True)
class StoredBlock:
    """A block as it is stored before it is known to be committed."""

    header: StoredHeader
    entries: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class StoredExecution:
    """Everything that executing one committed block adds; applied together.

    `tile_hashes` are this block's new hashes for each tile level (see `ledger.tree.TileHashes`);
    `digest_lanes` are the 2,048 bytes of the state digest after it; `tree_size` the log's size after it; `effects` are
    the effect leaves of the timers that ran in it, in order. `unstated_digests` are the state digests after the heights
    just below, ascending, as far as no header up to this block's states them: later headers may, and a node that starts
    again has to know whether they tell the truth.
    """

    height: int
    certificate: bytes
    tree_size: int
    tile_hashes: tuple[TileHashes, ...]
    ids: tuple[ExecutedId, ...]
    results: tuple[StoredResult, ...]
    links: tuple[SubjectLink, ...]
    changes: tuple[StateChange, ...]
    digest_lanes: bytes
    state_digest: Hash
    effects: tuple[bytes, ...] = ()
    unstated_digests: tuple[Hash, ...] = ()


class CertifiedHeader(NamedTuple):
    """A header with what committed its block: what a store that begins with a snapshot has of every block."""

    header: StoredHeader
    certificate: bytes


@dataclass(frozen=True, slots=True)
class StoredPast:
    """Everything of one executed block that a store, which began with a snapshot above it, has not.

    `entries` are all of the block; `results` those of all its transactions; the rest as in `StoredExecution`.
    """

    height: int
    entries: tuple[bytes, ...]
    ids: tuple[ExecutedId, ...]
    results: tuple[StoredResult, ...]
    links: tuple[SubjectLink, ...]
    effects: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class WriteBatch:
    """One all-or-nothing write, applied in the order of the fields.

    `drop_blocks_from` removes stored blocks at and above that height, never an executed one.
    """

    drop_blocks_from: int | None = None
    blocks: tuple[StoredBlock, ...] = ()
    executions: tuple[StoredExecution, ...] = ()
    payloads: tuple[StoredPayload, ...] = ()
    checkpoint: bytes | None = None


@dataclass(frozen=True, slots=True)
class StoreHead:
    """Where the store stands. `tip_*` is the newest stored block, `executed_*` the newest executed one.

    Before the first block: heights 0, tip hash = network id, `tree_size` 0, and the digest of the genesis state.
    `tree_size` counts the entries of executed blocks. `checkpoint` is the newest signed note, or None. `kept_from` is
    the lowest height of which the store has more than header and certificate: 1 for all, see `storage.kept`.
    """

    network_id: Hash
    tip_height: int
    tip_term: int
    tip_hash: Hash
    executed_height: int
    tree_size: int
    digest_lanes: bytes
    state_digest: Hash
    checkpoint: bytes | None
    kept_from: int = 1


class StoreReader(Protocol):
    """Questions to a store; every answer is of one moment, cheap (microseconds), and never waits for a writer.

    Raises `storage.errors.StoreDamagedError` where stored bytes are not what was written. A store that began with a
    snapshot raises `storage.errors.NotKeptError` where an answer would need entries, results, effects or links of a
    block below `StoreHead.kept_from`; ids of such blocks it does not find.
    """

    def head(self) -> StoreHead: ...

    def header(self, height: int) -> StoredHeader | None:
        """The block's header part, also of a stored block that is not executed yet."""

    def height_of(self, leaf_index: int) -> int | None:
        """The height whose block holds the entry; O(log n)."""

    def entries(self, first_index: int, count: int) -> Sequence[bytes]:
        """Up to `count` entries from `first_index`; fewer at the end of what is stored."""

    def certificate(self, height: int) -> bytes | None: ...

    def result(self, leaf_index: int) -> bytes | None:
        """The result leaf, or None for outcome leaves and what is not executed."""

    def results(self, first_index: int, count: int) -> Sequence[bytes]:
        """Up to `count` result leaves from `first_index`, all of one block; fewer where it is not executed."""

    def timer_effects(self, height: int) -> Sequence[bytes]:
        """The effect leaves of the timers that ran in an executed block, in order; mostly none."""

    def unstated_digests(self) -> Mapping[int, Hash]:
        """State digests after executed heights, by height, as the newest execution that had any came with them."""

    def tile(self, level: int, index: int) -> bytes:
        """1 to 256 hashes, concatenated; raises `ledger.tree.MissingTileError` where there is none."""

    def duplicates(self, ids: Sequence[Hash], now_ms: int, expiries_ms: Sequence[int] | None = None) -> set[Hash]:
        """Those of `ids` that were used up and have not expired at `now_ms`. Asked in batches: flat cost.

        An id fixes its transaction's expiry. Whoever knows the expiries hands them over in the order of `ids`, and
        only ids that were used up with about the same expiry are looked at.
        """

    def index_of(self, transaction_id: Hash) -> int | None:
        """The permanent look-up: the log index of an executed transaction."""

    def state(self, key: bytes) -> bytes | None:
        """The bytes of one record as of the executed height."""

    def next_state_key(self, prefix: bytes, after: bytes = b"") -> bytes | None:
        """The smallest key of a record that starts with `prefix` and is strictly above `after`; O(log n)."""

    def states(self) -> AbstractContextManager[OrderedState]:
        """The records for many questions in a row, cheaper; not to be kept open while anything waits.

        Each answer has every write that was reported before the first question, and may have newer ones.
        """

    def scan_state(self, prefix: bytes, after: bytes | None = None) -> Iterator[tuple[bytes, bytes]]:
        """Records whose key starts with `prefix`, ascending, from strictly after the key `after`."""

    def subject_links(self, subject: str, after_sequence: int = 0, limit: int = 1000) -> Sequence[SubjectLink]:
        """A subject's chain, ascending from `after_sequence` + 1."""

    def payload(self, commitment: Hash) -> StoredPayload | None: ...


class Store(StoreReader, Protocol):
    """A store that can also be written."""

    def apply(self, batches: Sequence[WriteBatch]) -> None:
        """Apply whole batches in order, durably in one transaction; when it returns, all of it is on disk.

        Raises:
            StoreFullError: nothing was written; room is needed.
            LocalError: a batch contradicts what is stored (a gap, an executed block replaced).
        """

    def fill(self, past: Sequence[StoredPast]) -> None:
        """Add what is missing of the blocks below `StoreHead.kept_from`, downwards, durably in one transaction.

        Args:
            past: The block below `kept_from` first, then the one below it, and so on; a few MB, since it is one
                transaction. Results, effects and links are checked by the caller.

        Raises:
            StoreFullError: nothing was written; room is needed.
            LocalError: another block, or its entries are not those that the tree has; nothing was written.
        """

    @property
    def is_held(self) -> bool:
        """Whether another thread writes at the moment, so that a write would wait for it."""

    @property
    def is_maintenance_due(self) -> bool:
        """Whether `maintain` would find something to do; about 5 µs."""

    def maintain(self) -> bool:
        """One bounded step of background work, if any is due; whether there was. Called between writes."""

    def close(self) -> None: ...
