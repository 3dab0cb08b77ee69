"""The row of `results` at the place of an outcome leaf: the effects of the timers that ran in its block. Pure.

Owns how it is told from a result leaf: it is a chunk of leaves inside a chunk, so it begins with a zero byte (see
`storage.chunks`; a block runs a few hundred timers at most), and no leaf does, as each is an encoded array. A block
without timers has no such row: its store is the same, byte for byte, as before there were timers.
Source: docs/reference/storage.md.
"""

from collections.abc import Sequence

from storage.chunks import pack_rows, row_count, unpack_rows
from storage.layout import MalformedRecordError

_FIRST_BYTE = b"\0"


def pack_effects(leaves: Sequence[bytes]) -> bytes:
    """The row of a block's effect leaves, of which there is at least one."""
    row = pack_rows(leaves)
    assert row.startswith(_FIRST_BYTE), "a chunk of fewer than 2**24 rows begins with a zero byte"
    return row


def is_effects(row: bytes) -> bool:
    """Whether a row of `results` holds effects rather than one result leaf."""
    return row.startswith(_FIRST_BYTE)


def unpack_effects(row: bytes) -> list[bytes]:
    """The effect leaves of a row.

    Raises:
        MalformedRecordError: not such a row.
    """
    if not is_effects(row):
        raise MalformedRecordError("a result stands in the place of an outcome leaf")
    return unpack_rows(row, 0, row_count(row))
