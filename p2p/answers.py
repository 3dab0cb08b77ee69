"""What a node answers to its neighbours' questions: what it has, as much as an answer may hold.

Owns the size of answers; reads through the functions that it is handed. An answer holds the first thing that was asked
for and is there, whatever its size, and then as many more as fit into `ANSWER_SIZE_BYTES_MAX`: whoever asks gets on.
Bounds: one answer in memory, less than a frame. Source: docs/protocol.md, section 8.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from ledger.hashing import Hash
from p2p.frames import (
    Blocks,
    CarriedBlock,
    Entries,
    IndexedEntry,
    Transactions,
    WantBlocks,
    WantEntries,
    WantTransactions,
)
from p2p.snapshot_frames import (
    CARRIED_SETS_MAX,
    PAST_ROWS_MAX,
    CarriedHeader,
    Headers,
    Past,
    PastBlock,
    PastRow,
    WantHeaders,
    WantPast,
)

# A tenth of a second of a line of 100 Mbit/s, which votes may have to wait for. The largest block alone makes three
# times as much.
ANSWER_SIZE_BYTES_MAX = 1024 * 1024
# What the encoding adds to an entry at most: its length and its place.
_FRAMING_SIZE_BYTES = 8

Item = TypeVar("Item")


def answer_blocks(asked: WantBlocks, read: Callable[[int], CarriedBlock | None]) -> Blocks:
    """The blocks from the height that was asked for; `read` gives the block of a height, None above the newest."""

    def found() -> Iterator[CarriedBlock]:
        for height in range(asked.first_height, asked.first_height + asked.count):
            block = read(height)
            if block is None:
                return
            yield block if asked.with_entries else block._replace(entries=())

    return Blocks(asked.request, _as_fit(found(), _block_size_bytes))


def answer_entries(asked: WantEntries, read: Callable[[Hash], Sequence[bytes] | None]) -> Entries:
    """The entries of the block that was asked for; `read` gives all entries of a block, None if it is not known."""
    entries = read(asked.block_hash) or ()
    found = (IndexedEntry(place, entries[place]) for place in asked.indexes if place < len(entries))
    return Entries(asked.request, _as_fit(found, lambda one: len(one.entry) + _FRAMING_SIZE_BYTES))


def answer_transactions(asked: WantTransactions, read: Callable[[Hash], bytes | None]) -> Transactions:
    """The submissions that were asked for; `read` gives that of an id, None if it does not wait any more."""
    found = (submission for submission in map(read, asked.ids) if submission is not None)
    return Transactions(asked.request, _as_fit(found, lambda one: len(one) + _FRAMING_SIZE_BYTES))


def answer_headers(
    asked: WantHeaders,
    read: Callable[[int], CarriedHeader | None],
    sets: Callable[[Sequence[CarriedHeader]], list[bytes]],
) -> Headers:
    """The headers from the height that was asked for.

    Args:
        asked: The question.
        read: Gives the header of a height; None above the newest executed one.
        sets: Gives the sets of voters that whoever takes these headers has to know; more than fit are left out.
    """

    def found() -> Iterator[CarriedHeader]:
        for height in range(asked.first_height, asked.first_height + asked.count):
            header = read(height)
            if header is None:
                return
            yield header

    headers = _as_fit(found(), lambda one: sum(map(len, one)) + 4 * _FRAMING_SIZE_BYTES)
    return Headers(asked.request, headers, tuple(sets(headers)[:CARRIED_SETS_MAX]))


def answer_past(asked: WantPast, read: Callable[[int], Sequence[PastRow] | None]) -> Past:
    """The blocks from the height that was asked for downwards; `read` gives the rows of a block that is kept."""
    blocks: list[PastBlock] = []
    room, rows_left = ANSWER_SIZE_BYTES_MAX, PAST_ROWS_MAX
    place = asked.place
    for height in range(asked.height, max(asked.height - asked.count, 0), -1):
        rows = read(height)
        if rows is None:
            break
        taken: list[PastRow] = []
        for row in rows[place:]:
            room -= len(row.entry) + len(row.result) + 2 * _FRAMING_SIZE_BYTES
            if rows_left == 0 or (room < 0 and (taken or blocks)):
                break
            taken.append(row)
            rows_left -= 1
        if not taken:
            break
        blocks.append(PastBlock(height, place, tuple(taken)))
        if place + len(taken) < len(rows):
            break
        place = 0
    return Past(asked.request, tuple(blocks))


def _block_size_bytes(block: CarriedBlock) -> int:
    size = len(block.header) + len(block.signature) + len(block.election_certificate) + len(block.certificate)
    return size + sum(len(entry) + _FRAMING_SIZE_BYTES for entry in block.entries)


def _as_fit(items: Iterable[Item], size_bytes_of: Callable[[Item], int]) -> tuple[Item, ...]:
    taken: list[Item] = []
    room = ANSWER_SIZE_BYTES_MAX
    for item in items:
        room -= size_bytes_of(item)
        if taken and room < 0:
            break
        taken.append(item)
    return tuple(taken)
