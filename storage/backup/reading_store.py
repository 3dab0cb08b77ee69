"""The records of a part, read from a store that somebody else may be writing at the same time.

Owns which heights go into a part and which detached values belong to them. Asks the store question by question, so that
no long transaction keeps the running node from using freed pages again; executed blocks never change, so answers of
different moments agree. Holds one block and its values at a time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from consensus.voters import VoterSet
from contracts.voter_record import current_voters, voters_numbered
from ledger.block import Header
from ledger.detached import DetachedValue, commitments_in
from ledger.errors import BanyanError
from ledger.hashing import Hash
from ledger.transaction import decode_envelope
from ledger.tree import CompactRange
from storage.backup.errors import BackupMismatchError
from storage.backup.records import (
    VALUES_SIZE_BYTES_MAX,
    PartBlock,
    PartCheckpoint,
    PartStart,
    PartValues,
)
from storage.errors import StoreDamagedError
from storage.interface import StoredHeader, StoreReader

# Salt and framing of a value. With it a record of the smallest values stays below what one encoding may hold.
_VALUE_FRAME_SIZE_BYTES = 64
# How a commitment among arguments is written: a map of one entry, its key, a byte string of 32. An envelope without
# these bytes has none, and need not be decoded to see that.
_COMMITMENT_MARK = b"\x81\xa1#\xc4\x20"


class Moment(NamedTuple):
    """How far a part goes: the executed height when it was begun, and what was true there."""

    height: int
    state_digest: Hash


@dataclass(slots=True)
class ValueCount:
    """How many commitments had no value in the store."""

    missing: int = 0


def part_start(store: StoreReader, genesis: str, first_height: int, made_ms: int, version: str) -> PartStart:
    """The beginning of a part whose first block is `first_height`.

    Raises:
        StoreDamagedError, MissingTileError: what is stored below it cannot be read.
    """
    network_id = store.head().network_id
    if first_height == 1:
        return PartStart(network_id, genesis, 1, b"", (), made_ms, version)
    before = _stored(store, first_height - 1)
    edge = CompactRange.from_tiles(store, before.first_index + before.leaf_count)
    return PartStart(network_id, genesis, first_height, bytes(before.header), edge.peaks, made_ms, version)


def part_blocks(
    store: StoreReader, first_height: int, last_height: int, counted: ValueCount
) -> Iterator[PartBlock | PartValues]:
    """The blocks of these heights, each followed by the detached values that the store has.

    Raises:
        StoreDamagedError: something is missing that must be there.
    """
    for height in range(first_height, last_height + 1):
        stored = _stored(store, height)
        certificate = store.certificate(height)
        entries = tuple(bytes(one) for one in store.entries(stored.first_index, stored.leaf_count))
        if certificate is None or len(entries) != stored.leaf_count:
            raise _missing(height)
        yield PartBlock(
            bytes(stored.header),
            bytes(stored.signature),
            bytes(stored.election_certificate),
            bytes(certificate),
            entries,
        )
        yield from _values(store, entries[1:], counted)


def part_checkpoint(store: StoreReader, tree_size: int) -> PartCheckpoint | None:
    """The newest checkpoint, if it is of at most `tree_size` entries."""
    from ledger.checkpoint import Checkpoint
    from ledger.note import Note

    note = store.head().checkpoint
    if note is None:
        return None
    try:
        covered = Checkpoint.parse(Note.parse(bytes(note)).text).tree_size
    except BanyanError as error:
        raise StoreDamagedError(
            "The checkpoint in the store cannot be read ({reason}): run `banyan audit` on the node's folder.",
            reason=error,
        ) from error
    return PartCheckpoint(bytes(note)) if covered <= tree_size else None


def known_voters(store: StoreReader) -> dict[Hash, VoterSet]:
    """Every voter set that the ledger ever had, by hash: a record each."""

    class _State:
        def get(self, key: bytes) -> bytes | None:
            return store.state(key)

    state = _State()
    newest = current_voters(state)
    found = [voters_numbered(state, number) for number in range(newest.number)]
    return {one.voter_set.hash: one.voter_set for one in (*found, newest) if one is not None}


def header_at(store: StoreReader, height: int) -> Header | None:
    """The decoded header of a stored block; None where there is none."""
    stored = store.header(height)
    return None if stored is None else Header.decode(stored.header)


def check_is_of_chain(store: StoreReader, height: int, header_hash: Hash, name: str) -> None:
    """Make sure that a part that ends at `height` is of this very chain.

    Raises:
        BackupMismatchError: the store has another block there, or ends below.
    """
    stored = store.header(height)
    if stored is None or height > store.head().executed_height:
        raise BackupMismatchError(
            "the backup {path} goes on to block {height}, further than this ledger: an older database was put back"
            " here; let the node catch up first, or back up into another place",
            path=name,
            height=height,
        )
    if stored.header_hash != header_hash:
        raise BackupMismatchError(
            "the backup {path} holds another block {height} than this ledger; run `banyan audit` on the node's folder"
            " and keep both for examination",
            path=name,
            height=height,
        )


def _values(store: StoreReader, envelopes: tuple[bytes, ...], counted: ValueCount) -> Iterator[PartValues]:
    waiting: list[DetachedValue] = []
    size = 0
    for envelope in envelopes:
        if _COMMITMENT_MARK not in envelope:
            continue
        for commitment in commitments_in(decode_envelope(envelope).arguments):
            payload = store.payload(commitment)
            if payload is None:
                counted.missing += 1
                continue
            value = DetachedValue(bytes(payload.salt), bytes(payload.value))
            if value.commitment != commitment:
                raise StoreDamagedError(
                    "The detached value stored under {commitment} is another one: run `banyan audit` on the node's"
                    " folder.",
                    commitment=commitment.hex(),
                )
            added = len(value.value_bytes) + _VALUE_FRAME_SIZE_BYTES
            if waiting and size + added > VALUES_SIZE_BYTES_MAX:
                yield PartValues(tuple(waiting))
                waiting, size = [], 0
            waiting.append(value)
            size += added
    if waiting:
        yield PartValues(tuple(waiting))


def _stored(store: StoreReader, height: int) -> StoredHeader:
    stored = store.header(height)
    if stored is None:
        raise _missing(height)
    return stored


def _missing(height: int) -> StoreDamagedError:
    return StoreDamagedError(
        "Block {height} is not whole in the store: run `banyan audit` on the node's folder.", height=height
    )
