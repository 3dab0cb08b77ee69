"""Rows of consecutive log indexes packed into chunks: how entries and results lie on disk. Pure.

Owns the byte form of a chunk. A chunk's key is the index of its first row; the rows after it follow without a gap.
Packing a hundred entries into one value makes a write of a block a handful of calls instead of thousands, which
matters because each call into LMDB lets go of the interpreter lock. Never spans two blocks, so that dropping a block
drops whole chunks. Source: docs/reference/storage.md.

A chunk: row count (4 bytes), the end of each row counted from the first row's start (4 bytes each), the rows.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from struct import Struct, unpack_from

from storage.layout import MalformedRecordError

# Eight pages of 4,096 bytes less the page header that LMDB puts before a large value: no page is begun in vain.
CHUNK_SIZE_BYTES_MAX = 8 * 4096 - 16
_COUNT = Struct(">I")
_NUMBER_SIZE_BYTES = 4


def pack_chunks(rows: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """Chunks with the index of their first row, in order.

    Args:
        rows: Log index and bytes, indexes ascending; a gap begins a new chunk.

    A row that is larger than a chunk gets one of its own, larger than `CHUNK_SIZE_BYTES_MAX`.
    """
    gathered: list[bytes] = []
    first = size = 0
    for index, row in rows:
        needed = _NUMBER_SIZE_BYTES + len(row)
        if gathered and (index != first + len(gathered) or size + needed > CHUNK_SIZE_BYTES_MAX):
            yield first, pack_rows(gathered)
            gathered = []
        if not gathered:
            first, size = index, _COUNT.size
        gathered.append(row)
        size += needed
    if gathered:
        yield first, pack_rows(gathered)


def pack_rows(rows: Sequence[bytes]) -> bytes:
    """One chunk of these rows, however large it becomes."""
    ends = []
    end = 0
    for row in rows:
        end += len(row)
        ends.append(end.to_bytes(_NUMBER_SIZE_BYTES))
    return b"".join((_COUNT.pack(len(rows)), *ends, *rows))


def row_count(chunk: bytes | memoryview) -> int:
    """How many rows the chunk holds.

    Raises:
        MalformedRecordError: not a chunk.
    """
    if len(chunk) < _COUNT.size:
        raise MalformedRecordError("a chunk is too short")
    count = int.from_bytes(chunk[: _COUNT.size])
    if count == 0 or _COUNT.size + count * _NUMBER_SIZE_BYTES > len(chunk):
        raise MalformedRecordError("a chunk is too short")
    return count


def unpack_rows(chunk: bytes | memoryview, start: int, count: int) -> list[bytes]:
    """Copies of up to `count` rows from row number `start`; fewer at the chunk's end.

    Raises:
        MalformedRecordError: not a chunk.

    Cost: proportional to the rows that are asked for.
    """
    total = row_count(chunk)
    stop = min(start + count, total)
    if start >= stop:
        return []
    rows_start = _COUNT.size + total * _NUMBER_SIZE_BYTES
    # The end of the row before is where the first one begins; before row 0 that is the rows' start itself.
    before = max(start - 1, 0)
    ends = list(unpack_from(f">{stop - before}I", chunk, _COUNT.size + before * _NUMBER_SIZE_BYTES))
    if start == 0:
        ends.insert(0, 0)
    if rows_start + ends[-1] > len(chunk) or any(end < begin for begin, end in pairwise(ends)):
        raise MalformedRecordError("the rows of a chunk do not fit into it")
    return [bytes(chunk[rows_start + ends[i] : rows_start + ends[i + 1]]) for i in range(len(ends) - 1)]
