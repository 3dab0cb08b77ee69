"""How one checked batch goes into LMDB's tables.

Owns the order and the form of the puts inside a caller's write transaction; checks nothing that `storage.batch_rules`
has checked. Each call into LMDB lets go of the interpreter lock, and getting it back from a busy thread can take
milliseconds: so rows are packed, and many puts go in one `putmulti`. Source: docs/reference/storage.md.
"""

from collections.abc import Iterable

from ledger.hashing import HASH_SIZE_BYTES
from ledger.tree import TILE_WIDTH, TileHashes
from storage.batch_rules import Advance
from storage.chunks import pack_chunks
from storage.effects import pack_effects
from storage.environment import Table, Write
from storage.interface import StoredBlock, StoredExecution, StoredHeader, StoredPast, WriteBatch
from storage.kept import WHOLE, Kept
from storage.layout import (
    META_CHECKPOINT,
    META_KEPT,
    META_LANES,
    META_UNSTATED,
    MalformedRecordError,
    number_key,
    pack_header,
    pack_kept,
    pack_payload,
    pack_unstated,
    tile_key,
    unpack_header,
)
from storage.links import chain_rows, keyed

Tables = dict[str, Table]


def write_batch(transaction: Write, tables: Tables, batch: WriteBatch, step: Advance) -> None:
    """Write everything of a batch except its ids, its links, its records and the `head` record.

    Args:
        transaction: Anything put here is undone if it is not committed.
        tables: All tables by name.
        batch: Checked by `advance`, which returned `step`.
        step: What the batch does to the standing.

    Raises:
        MalformedRecordError, lmdb.Error: for the caller to translate.
    """
    if step.drop_from_height is not None:
        _drop(transaction, tables, step.drop_from_height, step.drop_from_index)
    for block in batch.blocks:
        _write_block(transaction, tables, block)
    for execution in batch.executions:
        _write_execution(transaction, tables, execution)
    if batch.payloads:
        rows = sorted((payload.commitment, pack_payload(payload)) for payload in batch.payloads)
        put_all(transaction, tables["payloads"], rows)
    if batch.checkpoint is not None:
        transaction.put(META_CHECKPOINT, batch.checkpoint, db=tables["meta"])


def write_past(transaction: Write, tables: Tables, header: StoredHeader, past: StoredPast) -> None:
    """Write everything of a block below the newest that came without it, except its ids and the edge of what is kept.

    Results that were there already, since outcome leaves above state them, are written again as they are.
    """
    entries = pack_chunks(enumerate(past.entries, header.first_index))
    put_all(transaction, tables["entries"], ((number_key(index), chunk) for index, chunk in entries))
    effects = [(header.first_index, pack_effects(past.effects))] if past.effects else []
    write_results(transaction, tables, [*effects, *past.results])
    put_all(transaction, tables["links"], chain_rows(keyed(past.links)))


def write_results(transaction: Write, tables: Tables, rows: Iterable[tuple[int, bytes]]) -> None:
    """Write rows of results below the newest, of one block, by log index."""
    put_all(transaction, tables["results"], ((number_key(index), chunk) for index, chunk in pack_chunks(rows)))


def write_kept(transaction: Write, tables: Tables, kept: Kept) -> None:
    """Write the edge of what is kept; a store that is whole has none."""
    if kept == WHOLE:
        transaction.delete(META_KEPT, db=tables["meta"])
    else:
        transaction.put(META_KEPT, pack_kept(kept), db=tables["meta"])


def drop_headers(transaction: Write, tables: Tables, height: int, first_index: int) -> None:
    """Delete headers with their certificates from `height` on, of blocks that have no entries here."""
    _delete_from(transaction, tables, (("headers", height), ("starts", first_index), ("certificates", height)))


def _drop(transaction: Write, tables: Tables, height: int, first_index: int) -> None:
    _delete_from(transaction, tables, (("headers", height), ("starts", first_index), ("entries", first_index)))


def _delete_from(transaction: Write, tables: Tables, starts: Iterable[tuple[str, int]]) -> None:
    for name, start in starts:
        with transaction.cursor(tables[name]) as cursor:
            found = cursor.set_range(number_key(start))
            while found:
                # Moves on to the next row, or to none.
                cursor.delete()
                found = bool(cursor.key())


def write_header(transaction: Write, tables: Tables, header: StoredHeader) -> None:
    """Write the header of a block above all that are there."""
    height, first = number_key(header.height), number_key(header.first_index)
    transaction.put(height, pack_header(header), append=True, db=tables["headers"])
    transaction.put(first, height, append=True, db=tables["starts"])


def _write_block(transaction: Write, tables: Tables, block: StoredBlock) -> None:
    header = block.header
    write_header(transaction, tables, header)
    chunks = pack_chunks(enumerate(block.entries, header.first_index))
    put_all(transaction, tables["entries"], ((number_key(index), chunk) for index, chunk in chunks), append=True)


def _write_execution(transaction: Write, tables: Tables, execution: StoredExecution) -> None:
    transaction.put(number_key(execution.height), execution.certificate, append=True, db=tables["certificates"])
    chunks = pack_chunks([*_effects(transaction, tables, execution), *execution.results])
    put_all(transaction, tables["results"], ((number_key(index), chunk) for index, chunk in chunks), append=True)
    for gained in execution.tile_hashes:
        extend_tiles(transaction, tables["tiles"], gained)
    transaction.put(META_LANES, execution.digest_lanes, db=tables["meta"])
    if execution.unstated_digests:
        # Else the old ones stay: what is known of an executed height never changes.
        record = pack_unstated(execution.height, execution.unstated_digests)
        transaction.put(META_UNSTATED, record, db=tables["meta"])


def _effects(transaction: Write, tables: Tables, execution: StoredExecution) -> list[tuple[int, bytes]]:
    """The row of the block's timers, if any ran: at the place of its outcome leaf."""
    if not execution.effects:
        return []
    row = transaction.get(number_key(execution.height), db=tables["headers"])
    assert row is not None, "what is executed was stored before, or is in the same batch"
    return [(unpack_header(execution.height, bytes(row)).first_index, pack_effects(execution.effects))]


def extend_tiles(transaction: Write, table: Table, gained: TileHashes) -> None:
    """Add hashes at the end of a tile level: the newest tile is filled up, then new ones are begun."""
    position, taken = gained.start, 0
    while taken < len(gained.hashes):
        index, filled = divmod(position, TILE_WIDTH)
        key = tile_key(gained.level, index)
        before = bytes(transaction.get(key, b"", db=table)) if filled else b""
        if len(before) != filled * HASH_SIZE_BYTES:
            raise MalformedRecordError(f"tile {index} of level {gained.level} has another size")
        count = TILE_WIDTH - filled
        transaction.put(key, before + b"".join(gained.hashes[taken : taken + count]), db=table)
        taken += count
        position += count


def put_all(transaction: Write, table: Table, rows: Iterable[tuple[bytes, bytes]], append: bool = False) -> None:
    """Put rows in one call; `append` for keys that are ascending and above all that are there."""
    with transaction.cursor(table) as cursor:
        cursor.putmulti(rows, append=append)
