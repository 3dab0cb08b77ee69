"""Where an audit reads a ledger from: the questions that a node's folder and a node's HTTP API both answer.

Owns the shapes. Never judges what it hands out: everything that comes from a source is a claim. A source names
what it cannot show by None, so that a check which needs it is left out instead of guessed; what it tries to show
and cannot read raises `AuditFinding` with the code `audit.unreadable`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ledger.errors import BanyanError
from ledger.hashing import Hash
from storage.errors import NotKeptError
from storage.interface import StoredHeader, StoredPayload, SubjectLink


@dataclass(frozen=True, slots=True)
class SourceHead:
    """Where the ledger claims to stand at one moment.

    `tip_height` is the newest stored block, `executed_height` the newest executed one; `tree_size` counts the
    entries up to the latter, None where the source does not say. `digest_lanes` (2,048 bytes) and `state_digest`
    are those of the executed height, None where the source does not show them. `checkpoint` is the newest signed
    note, None before the first.
    """

    network_id: Hash
    tip_height: int
    tip_hash: Hash | None
    executed_height: int
    tree_size: int | None
    digest_lanes: bytes | None
    state_digest: Hash | None
    checkpoint: bytes | None


@dataclass(frozen=True, slots=True)
class SourceBlock:
    """A block as it is stored.

    `entries` are the outcome leaf and the envelopes, fewer where some are missing. `results` are the result leaves
    of the envelopes, in the same order, None for one that is missing, and `effects` those of the timers that ran in the
    block; each None as a whole where the source does not show them, or the block is not executed.
    `certificate` is None for a block that is not executed, or where it is missing.
    """

    header: StoredHeader
    entries: Sequence[bytes]
    results: Sequence[bytes | None] | None
    certificate: bytes | None
    effects: Sequence[bytes] | None = None


class IdRows(NamedTuple):
    """Some rows of the permanent look-up of transaction ids, as columns of equal length.

    `ids`: (n, 32) bytes; `expiries_ms` and `indices`: n unsigned 64-bit numbers. `place` says where they lie.
    `misplaced` is the number of a row that a look-up would not find, because it stands in a wrong place; None if all
    would be found.
    """

    place: str
    ids: "NDArray[np.uint8]"
    expiries_ms: "NDArray[np.uint64]"
    indices: "NDArray[np.uint64]"
    misplaced: int | None


def check_whole(kept_from: int) -> None:
    """Refuse a ledger of which only headers are there below the height `kept_from`.

    Raises:
        NotKeptError: an audit derives everything anew from the first block on.
    """
    if kept_from > 1:
        raise NotKeptError(
            "this ledger began with a snapshot and has of the blocks below {height} the headers alone, so that it"
            " cannot be derived anew; audit a node that keeps all blocks",
            height=kept_from,
        )


class LocalTables(Protocol):
    """What only the store itself can show: the look-ups that follow from the log, and the payloads.

    All answers are of the moment of the newest `LedgerSource.head`.
    """

    def id_rows(self) -> Iterator[IdRows]:
        """The permanent look-up of ids, whole, in batches that fit into memory."""

    def subject_links(self, subject: str, first_sequence: int, count: int) -> Sequence[SubjectLink]:
        """Up to `count` links of a subject's chain from `first_sequence` on."""

    def subject_link_count(self) -> int:
        """How many links the store holds, over all subjects."""

    def result_count(self) -> int:
        """How many result leaves the store holds."""

    def block_counts(self, head: SourceHead) -> dict[str, tuple[int, int]]:
        """What the store counts by blocks: for each such thing how many `head` makes one expect, and how many are."""

    def payloads(self) -> Iterator[StoredPayload]:
        """All payloads, each under the commitment that it is stored by."""


class LedgerMovedError(BanyanError):
    """The ledger grew while the source was read, and it cannot show its earlier state any more; ask again."""

    code = "audit-moved"


class LedgerSource(Protocol):
    """One ledger, as one place shows it."""

    def head(self) -> SourceHead:
        """Where the ledger stands now; all other answers are of this moment until the next call."""

    def block(self, height: int) -> SourceBlock | None:
        """The block, or None where there is none; `height` <= the head's `tip_height`."""

    def tile(self, level: int, index: int, width: int) -> bytes | None:
        """The hashes of a tile, 32 bytes each; None where there are fewer than `width`.

        Args:
            width: How many are wanted, 1 to 256; a source that keeps only the newest form of a tile gives all it has.
        """

    def records(self, kinds: Sequence[str]) -> Iterator[tuple[bytes, bytes]] | None:
        """The state as of the head's executed height, ascending by key; None if it cannot all be read.

        Args:
            kinds: The kinds that there must be, ascending; a source that can only be asked for one kind at a time
                asks for these, and shows no others.

        Raises:
            LedgerMovedError: while it is read; the state of that height is gone.
        """

    def has_moved(self) -> bool:
        """Whether what `records` gave may be of a later moment than `head`."""

    def tables(self) -> LocalTables | None:
        """The store's own look-ups; None for a source that is not the store."""

    def close(self) -> None: ...
