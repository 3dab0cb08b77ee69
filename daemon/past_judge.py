"""Blocks below a snapshot as a neighbour sent them: are they of this chain, and what does a store keep of them. Pure.

Owns the proof of each part against what the store has already: entries by the tree of the log, results and effects of
timers by the outcome leaf of the first block above that states them, ids and links by the entries and results that they
follow from. Blocks come downwards in whole *groups*: the heights whose results one outcome leaf states together.

Never asks for a block and never writes one. Runs on a thread: decoding a megabyte takes tens of milliseconds.
Bound: one answer of a neighbour, and a group. Source: docs/protocol.md, sections 4 and 10.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.changes import SubjectLink
from contracts.result import Result
from contracts.timer_effect import TimerEffect
from daemon.lookup import decoded_header, stored_header
from daemon.receipts import covering_height
from daemon.recovery import load_result_leaves
from ledger.block import Outcome
from ledger.errors import InvalidBlockError
from ledger.hashing import HASH_SIZE_BYTES, Hash
from ledger.transaction import decode_envelope
from ledger.tree import TILE_WIDTH, leaf_hash, root_of
from p2p.snapshot_frames import PastRow
from storage.interface import ExecutedId, StoredHeader, StoredPast, StoredResult, StoreReader


@dataclass(frozen=True, slots=True)
class WholePast:
    """All rows of the block of `height`, as somebody sent them."""

    height: int
    rows: tuple[PastRow, ...]

    @property
    def effects(self) -> tuple[bytes, ...]:
        """The effect leaves of its timers: the rows before the first entry."""
        count = next((at for at, row in enumerate(self.rows) if row.entry), len(self.rows))
        return tuple(row.result for row in self.rows[:count])

    @property
    def entries(self) -> tuple[bytes, ...]:
        """The entries, the outcome leaf first."""
        return tuple(row.entry for row in self.rows if row.entry)

    @property
    def result_leaves(self) -> tuple[bytes, ...]:
        """What the block added to the tree of results: effects of timers, then results."""
        return tuple(row.result for row in self.rows if row.result)


def group_floor(reader: StoreReader, height: int) -> int:
    """The lowest height whose results are stated together with those of the executed block `height`."""
    covering = covering_height(reader, height)
    if covering is None:
        return decoded_header(reader, reader.head().executed_height).executed_height + 1
    return decoded_header(reader, covering - 1).executed_height + 1 if covering > 1 else 1


def judged_past(reader: StoreReader, blocks: Sequence[WholePast]) -> list[StoredPast]:
    """What a store keeps of these blocks, in their order.

    Args:
        reader: Has the headers and the tree of all of them, and everything of the blocks above the first.
        blocks: Downwards without gaps, in whole groups.

    Raises:
        RemoteProtocolError: something in them is not of this chain.

    Cost: about 50 µs a transaction.
    """
    came = {block.height: block for block in blocks}
    stored = []
    for block in blocks:
        header = stored_header(reader, block.height)
        _check_entries(reader, block, header)
        stored.append(_stored(block, header))
    height, floor = (blocks[0].height, min(came)) if blocks else (0, 1)
    while height >= floor:
        lowest = group_floor(reader, height)
        _check_results(reader, came, height, lowest)
        height = lowest - 1
    return stored


def _check_entries(reader: StoreReader, block: WholePast, header: StoredHeader) -> None:
    effect_count = len(block.effects)
    in_order = all(row.entry for row in block.rows[effect_count:])
    if not in_order or len(block.rows) - effect_count != header.leaf_count:
        raise _wrong(block.height, "entries")
    if list(map(leaf_hash, block.entries)) != _leaf_hashes(reader, header.first_index, header.leaf_count):
        raise _wrong(block.height, "entries")
    # The outcome leaf is nobody's transaction, and everything else has a result.
    has_result = [bool(row.result) for row in block.rows[effect_count:]]
    if has_result != [False] + [True] * (header.leaf_count - 1):
        raise _wrong(block.height, "results")


def _leaf_hashes(reader: StoreReader, first_index: int, count: int) -> list[Hash]:
    first_tile, stop = first_index // TILE_WIDTH, first_index + count
    hashes = b"".join(reader.tile(0, index) for index in range(first_tile, -(-stop // TILE_WIDTH)))
    start = (first_index - first_tile * TILE_WIDTH) * HASH_SIZE_BYTES
    return [hashes[at : at + HASH_SIZE_BYTES] for at in range(start, start + count * HASH_SIZE_BYTES, HASH_SIZE_BYTES)]


def _check_results(reader: StoreReader, came: dict[int, WholePast], height: int, lowest: int) -> None:
    """Compare the results of a group, of which `height` is the highest that came, with what states them."""
    covering = covering_height(reader, height)
    if covering is None:
        # No block up to the newest executed one states them: the snapshot brought them, and its header proves it.
        for one in range(lowest, height + 1):
            if came[one].result_leaves != load_result_leaves(reader, one):
                raise _wrong(one, "results")
        return
    if covering in came:
        stated = came[covering].entries[0]
    else:
        stated = bytes(reader.entries(stored_header(reader, covering).first_index, 1)[0])
    outcome = Outcome.decode(stated)
    leaves = [
        leaf
        for one in range(lowest, outcome.executed_height + 1)
        for leaf in (came[one].result_leaves if one in came else load_result_leaves(reader, one))
    ]
    if root_of([leaf_hash(leaf) for leaf in leaves]) != outcome.results_root:
        raise _wrong(height, "results")


def _stored(block: WholePast, header: StoredHeader) -> StoredPast:
    first_index = header.first_index
    links: list[SubjectLink] = []
    for leaf in block.effects:
        effect = TimerEffect.decode(leaf)
        if effect.height != block.height:
            raise _wrong(block.height, "effects")
        links += [SubjectLink(subject, sequence, first_index, link) for subject, sequence, link in effect.links]
    ids: list[ExecutedId] = []
    results: list[StoredResult] = []
    rows = block.rows[len(block.effects) + 1 :]
    for leaf_index, row in enumerate(rows, first_index + 1):
        transaction = decode_envelope(row.entry)
        result = Result.decode(row.result)
        if (result.leaf_index, result.transaction_id) != (leaf_index, transaction.id):
            raise _wrong(block.height, "results")
        ids.append(ExecutedId(transaction.id, transaction.expires_ms, leaf_index))
        results.append(StoredResult(leaf_index, row.result))
        links += [SubjectLink(subject, sequence, leaf_index, link) for subject, sequence, link in result.links]
    return StoredPast(block.height, block.entries, tuple(ids), tuple(results), tuple(links), block.effects)


def _wrong(height: int, part: str) -> InvalidBlockError:
    return InvalidBlockError(
        "what came of the past block {height} is not of this chain: its {part}", height=height, part=part
    )
