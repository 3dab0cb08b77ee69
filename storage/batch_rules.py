"""What a write must keep to, whichever store it goes into. Pure; never writes anything.

Owns the check of a batch against where the store stands: no gap, no executed block replaced, no execution of what
is not stored, no digest that does not belong to its lanes. A breach is our own mistake, never a peer's: peers' blocks
are judged long before. Source: docs/reference/storage.md.
"""

from collections.abc import Callable
from typing import NamedTuple

from ledger.errors import LocalError
from ledger.hashing import Hash, tagged_hash
from ledger.tree import TILE_HEIGHT
from storage.interface import StoredBlock, StoredExecution, StoredHeader, WriteBatch
from storage.layout import TILE_LEVEL_MAX, Standing

HeaderAt = Callable[[int], StoredHeader | None]


class Advance(NamedTuple):
    """What a checked batch does: the standing after it, and from where stored blocks go away (None: nowhere).

    `drop_from_index` is the log index of the first entry that goes.
    """

    standing: Standing
    drop_from_height: int | None
    drop_from_index: int


def genesis_standing(network_id: Hash, digest_lanes: bytes) -> Standing:
    """The standing of a store without blocks."""
    return Standing(0, 0, network_id, 0, 0, 0, tagged_hash("state-digest", digest_lanes))


def advance(standing: Standing, batch: WriteBatch, header_at: HeaderAt, network_id: Hash) -> Advance:
    """The standing after `batch`.

    Args:
        standing: Before the batch.
        batch: Any batch.
        header_at: Finds a stored block by height; asked only about stored blocks.
        network_id: The hash that height 1 follows.

    Raises:
        LocalError: the batch contradicts what is stored; the message names the height.

    Cost: one hash for each header and execution.
    """
    after, drop_from = _after_drop(standing, batch.drop_blocks_from, header_at, network_id)
    drop_index = after.next_index
    fresh: dict[int, StoredHeader] = {}
    for block in batch.blocks:
        after = _after_block(after, block)
        fresh[block.header.height] = block.header
    for execution in batch.executions:
        header = fresh.get(execution.height)
        if header is None and execution.height <= min(after.tip_height, standing.tip_height):
            header = header_at(execution.height)
        after = _after_execution(after, execution, header)
    return Advance(after, drop_from, drop_index)


def _after_drop(
    standing: Standing, height: int | None, header_at: HeaderAt, network_id: Hash
) -> tuple[Standing, int | None]:
    if height is None or height > standing.tip_height:
        return standing, None
    if height <= standing.executed_height:
        raise LocalError("The executed block {height} cannot be dropped.", height=height)
    if height == 1:
        return standing._replace(tip_height=0, tip_term=0, tip_hash=network_id, next_index=0), height
    below = header_at(height - 1)
    if below is None:
        raise LocalError("The block {height} below the dropped ones is not stored.", height=height - 1)
    after = standing._replace(
        tip_height=below.height,
        tip_term=below.term,
        tip_hash=below.header_hash,
        next_index=below.first_index + below.leaf_count,
    )
    return after, height


def _after_block(standing: Standing, block: StoredBlock) -> Standing:
    header = block.header
    follows = header.height == standing.tip_height + 1 and header.first_index == standing.next_index
    if not follows or header.leaf_count != len(block.entries):
        raise LocalError(
            "The block {height} with {count} entries from {first} does not follow the stored block {tip}.",
            height=header.height,
            count=len(block.entries),
            first=header.first_index,
            tip=standing.tip_height,
        )
    if tagged_hash("header", header.header) != header.header_hash:
        raise LocalError("The block {height} is not stored under the hash of its header.", height=header.height)
    return standing._replace(
        tip_height=header.height,
        tip_term=header.term,
        tip_hash=header.header_hash,
        next_index=header.first_index + header.leaf_count,
    )


def _after_execution(standing: Standing, execution: StoredExecution, header: StoredHeader | None) -> Standing:
    if header is None or execution.height != standing.executed_height + 1:
        raise LocalError(
            "The execution of block {height} does not follow the executed block {executed}.",
            height=execution.height,
            executed=standing.executed_height,
        )
    if execution.tree_size != header.first_index + header.leaf_count:
        raise LocalError(
            "The execution of block {height} ends at tree size {size}, its block does not.",
            height=execution.height,
            size=execution.tree_size,
        )
    if tagged_hash("state-digest", execution.digest_lanes) != execution.state_digest:
        raise LocalError("The lanes of block {height} do not give its state digest.", height=execution.height)
    _check_tiles(standing.tree_size, execution)
    _check_links(execution)
    return standing._replace(
        executed_height=execution.height, tree_size=execution.tree_size, state_digest=execution.state_digest
    )


def _check_tiles(size_before: int, execution: StoredExecution) -> None:
    expected = []
    for level in range(TILE_LEVEL_MAX + 1):
        start, stop = size_before >> TILE_HEIGHT * level, execution.tree_size >> TILE_HEIGHT * level
        if stop > start:
            expected.append((level, start, stop - start))
    if [(one.level, one.start, len(one.hashes)) for one in execution.tile_hashes] != expected:
        raise LocalError("The tiles of block {height} do not continue those before it.", height=execution.height)


def _check_links(execution: StoredExecution) -> None:
    newest: dict[str, int] = {}
    for link in execution.links:
        before = newest.get(link.subject, link.sequence - 1)
        if link.sequence != before + 1 or link.sequence < 1:
            raise LocalError(
                "The chain of {subject} has a gap before link {sequence}.", subject=link.subject, sequence=link.sequence
            )
        newest[link.subject] = link.sequence
