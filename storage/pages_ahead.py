"""The leaf pages of a table, asked for from the disk some hundreds at a time before a walk through its rows meets them.

A walk through a table that is not in memory waits for each of its pages in turn, where a disk brings many at once in
nearly the same time. The branches of the table name its leaf pages in the order of their keys; the system is told of
them (posix_fadvise(2), `WILLNEED`) before LMDB is asked. Owns which pages are named and when. Only a hint: where the
file is not understood the walk is as right, and as slow, as without. Never writes. Values with pages of their own
(above some 2,000 bytes) are not asked for. Made for a process that does nothing else: each page costs a system call.

Source: LMDB 0.9, `mdb.c`: `MDB_page`, `MDB_node`, `MDB_db`.
"""

import os
import struct
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from struct import Struct
from typing import NamedTuple

from storage.data_file import DATA_FILE_NAME, PAGE_HEADER_SIZE_BYTES, root_at
from storage.layout import MalformedRecordError

# So many leaf pages are asked for together, and so many are under way while those before are read: 1 MiB each.
TOGETHER_COUNT = 256
# A tree of LMDB is as deep at most; one of 2^40 pages is half of that.
_DEPTH_MAX = 32
_IS_BRANCH, _IS_LEAF = 0x01, 0x02
_IS_TABLE = 0x02
# The page's own number, flags, end of the offsets of its nodes; the rest of the header is of no use here.
_PAGE = Struct("=Q2xHH2x")
# Of a branch: a page's number, its upper 16 bits last, and the size of the key. Of a leaf the first two fields are the
# size of the value, the third is flags.
_NODE = Struct("=HHHH")
# Of a table: depth and root.
_TABLE = Struct("=6xH32xQ")


# The last: the number of a page that no file can have.
_NOT_UNDERSTOOD = (OSError, MalformedRecordError, struct.error, OverflowError)


class _Table(NamedTuple):
    """How many levels a table's tree has, and the page that it begins with."""

    depth: int
    root: int


class _Span(NamedTuple):
    """Leaf pages that follow each other, and the least key that can be in them."""

    key: bytes
    pages: Sequence[int]


class _Child(NamedTuple):
    """A page below a branch, and the least key that can be in it; empty for the first."""

    key: bytes
    page: int


class PagesAhead:
    """The leaf pages of a table at the moment of a reading transaction, which must outlast this.

    Args:
        folder: The environment's.
        transaction: The transaction's number.
        table: The table's name.

    A file that is not there or not understood has none. `close` it.
    """

    def __init__(self, folder: Path, transaction: int, table: bytes) -> None:
        self._file = -1
        self._page_size_bytes = 1
        self._spans: Iterator[_Span] = iter(())
        try:
            self._file = os.open(folder / DATA_FILE_NAME, os.O_RDONLY | os.O_CLOEXEC)
            found = root_at(self._file, transaction)
            if found is not None:
                self._page_size_bytes = found.page_size_bytes
                self._spans = self._together(self._table(found.page, table))
        except _NOT_UNDERSTOOD:
            self.close()

    def close(self) -> None:
        """Let go of the file. May be called twice."""
        self._spans = iter(())
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def before(self, rows: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
        """The rows, by ascending key; while some are read, the pages of the next are under way."""
        self._ask_next()
        turn = self._ask_next()
        for row in rows:
            if turn is not None and row[0] >= turn:
                turn = self._ask_next()
            yield row

    def _ask_next(self) -> bytes | None:
        """Ask for the next pages; the least key that can be in them, None where there are no more."""
        try:
            span = next(self._spans, None)
            if span is not None:
                self._ask(span.pages)
                return span.key
        except _NOT_UNDERSTOOD:
            self.close()
        return None

    def _ask(self, pages: Sequence[int]) -> None:
        size = self._page_size_bytes
        for page in sorted(pages):
            os.posix_fadvise(self._file, page * size, size, os.POSIX_FADV_WILLNEED)

    # -- the tree -----------------------------------------------------------------------------------------------------

    def _table(self, root: int, name: bytes) -> _Table:
        """A table, out of the environment's main one, which is one page."""
        page = self._page(root, _IS_LEAF)
        for offset in _offsets(page):
            _, _, flags, key_size = _NODE.unpack_from(page, offset)
            at = offset + _NODE.size
            if flags & _IS_TABLE and page[at : at + key_size] == name:
                return _Table._make(_TABLE.unpack_from(page, at + key_size))
        raise MalformedRecordError(f"the table {name!r} is not in the main one")

    def _together(self, table: _Table) -> Iterator[_Span]:
        """The leaf pages by ascending key, many at a time."""
        leaves = self._below(table.root, table.depth, b"")
        while together := list(islice(leaves, TOGETHER_COUNT)):
            yield _Span(together[0].key, [one.page for one in together])

    def _below(self, page: int, depth: int, key: bytes) -> Iterator[_Child]:
        """The leaf pages of a tree so deep, whose least key is `key`."""
        if not 2 <= depth <= _DEPTH_MAX:
            # A table of one page, or none.
            return
        children = self._children(page, key)
        if depth == 2:
            yield from children
            return
        self._ask([child.page for child in children])
        for child in children:
            yield from self._below(child.page, depth - 1, child.key)

    def _children(self, number: int, key: bytes) -> list[_Child]:
        page = self._page(number, _IS_BRANCH)
        children: list[_Child] = []
        for offset in _offsets(page):
            low, middle, high, key_size = _NODE.unpack_from(page, offset)
            at = offset + _NODE.size
            # The first child of a branch has no key of its own.
            least = page[at : at + key_size] if children else key
            children.append(_Child(least, low | middle << 16 | high << 32))
        return children

    def _page(self, number: int, kind: int) -> bytes:
        page = os.pread(self._file, self._page_size_bytes, number * self._page_size_bytes)
        own_number, flags, _ = _PAGE.unpack_from(page)
        if own_number != number or not flags & kind:
            raise MalformedRecordError(f"page {number} is not what its number says")
        return page


def _offsets(page: bytes) -> Iterator[int]:
    """Where the nodes of a page begin, in the order of their keys."""
    end = _PAGE.unpack_from(page)[2]
    for (offset,) in struct.iter_unpack("=H", page[PAGE_HEADER_SIZE_BYTES:end]):
        yield offset
