"""What a store derives from the log for looking things up: tiles, ids, subject links.

Owns the comparison of what is stored with what the log gives, block by block, in memory that does not grow. Never
says anything about rows that the log does not account for until `finish`, which compares counts.
Source: docs/reference/storage.md; C2SP tlog-tiles.
"""

from cli.audit.entry_check import CheckedBlock
from cli.audit.finding import AuditFinding
from cli.audit.id_table_check import IdTableCheck
from cli.audit.source import LedgerSource, LocalTables, SourceHead
from contracts.changes import SubjectLink
from contracts.runtime import Execution
from ledger.hashing import HASH_SIZE_BYTES
from ledger.tree import TILE_WIDTH, TileHashes


class TileCheck:
    """Tiles of every level, compared when they are full, the last ones at the end."""

    def __init__(self, source: LedgerSource) -> None:
        self._source = source
        # For each level the index of the tile under way and its hashes so far; a level for each factor of 256.
        self._under_way: list[tuple[int, bytearray]] = []

    def add(self, gained: TileHashes) -> None:
        """Take in new hashes of one level."""
        while len(self._under_way) <= gained.level:
            self._under_way.append((0, bytearray()))
        index, tile = self._under_way[gained.level]
        for one in gained.hashes:
            tile += one
            if len(tile) == TILE_WIDTH * HASH_SIZE_BYTES:
                self._compare(gained.level, index, bytes(tile))
                index, tile = index + 1, bytearray()
        self._under_way[gained.level] = (index, tile)

    def finish(self) -> None:
        """Compare the tiles that are not full."""
        for level, (index, tile) in enumerate(self._under_way):
            if tile:
                self._compare(level, index, bytes(tile))

    def _compare(self, level: int, index: int, expected: bytes) -> None:
        found = self._source.tile(level, index, len(expected) // HASH_SIZE_BYTES)
        if found == expected:
            return
        key = f"{level}/{index}"
        if found is None:
            raise AuditFinding("audit.tile-missing", "the tile {key} (level/index) is missing or too short", key=key)
        end = HASH_SIZE_BYTES
        starts = range(0, len(expected), end)
        place = next((at for at in starts if found[at : at + end] != expected[at : at + end]), None)
        if place is None:
            raise AuditFinding(
                "audit.tile-changed",
                "the tile {key} (level/index) holds more hashes than the log has",
                key=key,
                expected=len(expected) // HASH_SIZE_BYTES,
                found=len(found) // HASH_SIZE_BYTES,
            )
        position = index * TILE_WIDTH + place // HASH_SIZE_BYTES
        raise AuditFinding(
            "audit.tile-changed",
            "hash {position} of tile level {level} (tile {key}) is not what the entries give",
            key=key,
            index=position if level == 0 else None,
            expected=expected[place : place + HASH_SIZE_BYTES],
            found=found[place : place + HASH_SIZE_BYTES],
            level=level,
            position=position,
        )


class LookUpCheck:
    """The ids, results and subjects' chains of a store; `close` removes a temporary file."""

    def __init__(self, tables: LocalTables) -> None:
        self._tables = tables
        self._ids = IdTableCheck()
        self._links = 0
        self._result_rows = 0

    def close(self) -> None:
        """Remove what was put on disk meanwhile."""
        self._ids.close()

    def check(self, block: CheckedBlock, execution: Execution) -> None:
        """Every link that the block added to a subject's chain is stored as computed; its ids are remembered."""
        links = execution.links
        self._ids.expect(block)
        self._links += len(links)
        # One for each transaction, and one for all timers together, if any ran.
        self._result_rows += len(execution.results) + bool(execution.effects)
        chains: dict[str, list[SubjectLink]] = {}
        for link in links:
            chains.setdefault(link.subject, []).append(link)
        for subject, expected in chains.items():
            found = self._tables.subject_links(subject, expected[0].sequence, len(expected))
            if list(found) != expected:
                raise _link_difference(block, expected, {one.sequence: one for one in found})

    def finish(self, head: SourceHead) -> None:
        """The ids are found where they belong, and no row is there that the log does not account for."""
        tables = self._tables
        self._ids.compare(tables.id_rows())
        _check_count("audit.result-surplus", "results", self._result_rows, tables.result_count())
        _check_count("audit.subject-link-surplus", "subject links", self._links, tables.subject_link_count())
        for name, (expected, found) in tables.block_counts(head).items():
            _check_count("audit.block-surplus", name, expected, found)


def _check_count(code: str, what: str, expected: int, found: int) -> None:
    if found != expected:
        raise AuditFinding(
            code,
            "the store holds {found} {what}, the log accounts for {expected}",
            expected=expected,
            found=found,
            what=what,
        )


def _link_difference(block: CheckedBlock, links: list[SubjectLink], stored: dict[int, SubjectLink]) -> AuditFinding:
    expected = next(one for one in links if stored.get(one.sequence) != one)
    found = stored.get(expected.sequence)
    if found is None:
        return AuditFinding(
            "audit.subject-link-missing",
            "link {sequence} of the chain of {key}, which entry {index} added, is missing",
            height=block.header.height,
            index=expected.leaf_index,
            key=expected.subject,
            expected=expected.link,
            sequence=expected.sequence,
        )
    return AuditFinding(
        "audit.subject-link-changed",
        "link {sequence} of the chain of {key} is not the one that entry {index} gives",
        height=block.header.height,
        index=expected.leaf_index,
        key=expected.subject,
        expected=f"{expected.leaf_index} {expected.link.hex()}",
        found=f"{found.leaf_index} {found.link.hex()}",
        sequence=expected.sequence,
    )
