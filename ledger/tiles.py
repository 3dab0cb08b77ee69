"""Tiles and entry bundles as they are served: their paths and the bytes of a bundle.

Owns the mapping between (level, index, width) and the path of a tile, and the length-prefixed form of entries.
Never hashes and never reads a store. Invariants: a path that parses is the only path of its tile, a bundle that
decodes is the only one of its entries.

Source: C2SP tlog-tiles, sections "Merkle Tree", "Partial Tiles" and "Log entries".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.errors import DecodingError, LocalError
from ledger.tree import TILE_HEIGHT, TILE_WIDTH

LEVEL_MAX = 63
ENTRY_SIZE_BYTES_MAX = (1 << 16) - 1
# A bundle's worst case: 256 entries of the largest size, each with its two bytes of length.
ENTRY_BUNDLE_SIZE_BYTES_MAX = TILE_WIDTH * (ENTRY_SIZE_BYTES_MAX + 2)

_INDEX_MAX = (1 << 63) - 1
_LENGTH_SIZE_BYTES = 2
# Seven groups of three digits hold any index up to 2**63 - 1.
_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<index>(?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class TilePath:
    """One resource: `level` 0 to 63, or None for entries; `width` 1 to 256, where 256 is a full tile."""

    level: int | None
    index: int
    width: int


def tile_path(level: int | None, index: int, width: int = TILE_WIDTH) -> str:
    """The path of a tile (`level` 0 to 63) or an entry bundle (`level` None), without a leading slash.

    Raises LocalError if level, index or width is out of range.
    """
    if (level is not None and not 0 <= level <= LEVEL_MAX) or not 0 <= index <= _INDEX_MAX:
        raise LocalError("there is no tile {index} at level {level}", index=index, level=level)
    if not 1 <= width <= TILE_WIDTH:
        raise LocalError("a tile cannot be {width} hashes wide", width=width)
    rest, last = divmod(index, 1000)
    elements = [f"{last:03}"]
    while rest:
        rest, element = divmod(rest, 1000)
        elements.append(f"x{element:03}")
    suffix = "" if width == TILE_WIDTH else f".p/{width}"
    return f"tile/{'entries' if level is None else level}/{'/'.join(reversed(elements))}{suffix}"


def parse_tile_path(path: str) -> TilePath:
    """The resource that `path` (without a leading slash) names.

    Raises DecodingError, and nothing else, for any path that `tile_path` would not write.
    """
    match = _PATH.fullmatch(path)
    if match:
        level = None if match["level"] == "entries" else int(match["level"])
        index = int(match["index"].replace("x", "").replace("/", ""))
        width = int(match["width"] or TILE_WIDTH)
        in_range = (level or 0) <= LEVEL_MAX and index <= _INDEX_MAX and width <= TILE_WIDTH
        if in_range and tile_path(level, index, width) == path:
            return TilePath(level, index, width)
    raise DecodingError("{path!r} is not the path of a tile", path=path[:200])


def tile_width(size: int, level: int | None, index: int) -> int:
    """How many hashes (or entries, `level` None) tile `index` of `level` has in a tree of `size`: 0 to 256."""
    count = size >> TILE_HEIGHT * (level or 0)
    return max(0, min(TILE_WIDTH, count - index * TILE_WIDTH))


def encode_entry_bundle(entries: Sequence[bytes]) -> bytes:
    """Entries as they are served: each after its length in two bytes, big-endian.

    Raises LocalError unless there are 1 to 256 entries of at most 65,535 bytes.
    """
    if not 1 <= len(entries) <= TILE_WIDTH:
        raise LocalError("an entry bundle holds 1 to {max} entries, not {count}", max=TILE_WIDTH, count=len(entries))
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > ENTRY_SIZE_BYTES_MAX:
            raise LocalError("an entry of {size} bytes does not fit into a bundle", size=len(entry))
        parts += (len(entry).to_bytes(_LENGTH_SIZE_BYTES, "big"), entry)
    return b"".join(parts)


def decode_entry_bundle(data: bytes) -> tuple[bytes, ...]:
    """The 1 to 256 entries in a bundle; raises DecodingError, and nothing else, if `data` is none."""
    entries: list[bytes] = []
    at = 0
    while at < len(data) and len(entries) < TILE_WIDTH:
        start = at + _LENGTH_SIZE_BYTES
        end = start + int.from_bytes(data[at:start], "big")
        if start > len(data) or end > len(data):
            raise DecodingError("the entry bundle is cut off within entry {number}", number=len(entries))
        entries.append(data[start:end])
        at = end
    if at != len(data) or not entries:
        raise DecodingError("an entry bundle holds 1 to {max} entries; this one does not", max=TILE_WIDTH)
    return tuple(entries)
