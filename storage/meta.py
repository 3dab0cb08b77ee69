"""Reading and checking the records of the `meta` table inside a transaction.

Owns what a store must keep to be opened at all. Never writes. Source: docs/reference/storage.md.
"""

from pathlib import Path

from ledger.hashing import Hash, tagged_hash
from storage.environment import AnyRead, Environment, Read, Table, stored_format
from storage.errors import StoreMismatchError, StoreVersionError
from storage.kept import WHOLE, Kept
from storage.layout import (
    FORMAT_VERSION,
    META_FORMAT,
    META_HEAD,
    META_KEPT,
    META_LANES,
    MalformedRecordError,
    Standing,
    number_key,
    unpack_format,
    unpack_header,
    unpack_kept,
    unpack_standing,
)
from storage.migration import is_outdated


def read_standing(transaction: AnyRead, meta: Table) -> Standing:
    """The `head` record that a transaction sees.

    Raises:
        MalformedRecordError: it is missing or damaged.
    """
    record = transaction.get(META_HEAD, db=meta)
    if record is None:
        raise MalformedRecordError("the head record is missing")
    return unpack_standing(bytes(record))


def read_kept(transaction: AnyRead, meta: Table) -> Kept:
    """What a transaction sees of what is kept; `WHOLE` where there is no such record.

    Raises:
        MalformedRecordError: it is damaged.
    """
    record = transaction.get(META_KEPT, db=meta)
    return WHOLE if record is None else unpack_kept(bytes(record))


def check_format(environment: Environment, transaction: Read, network_id: Hash) -> int:
    """The store's format; one that this program does not read is refused, and so is a store of another network.

    Raises:
        StoreVersionError, StoreMismatchError, MalformedRecordError.
    """
    record = transaction.get(META_FORMAT, db=environment.tables["meta"])
    if record is None:
        raise MalformedRecordError("the format record is missing")
    version, found = unpack_format(record)
    if version > FORMAT_VERSION:
        raise StoreVersionError(
            "The store {path} has format {found}, this program knows formats up to {known}: install a newer Banyan.",
            path=environment.path,
            found=version,
            known=FORMAT_VERSION,
        )
    _refuse_outdated(environment.path, version)
    if found != network_id:
        raise StoreMismatchError(
            "The store {path} belongs to the network {found}, not to {expected}: use this network's own folder.",
            path=environment.path,
            found=found.hex(),
            expected=network_id.hex(),
        )
    return version


def check_outdated(path: Path) -> None:
    """Refuse a store of a format that has to be brought forward first, whatever tables it has.

    Raises:
        StoreVersionError: it is of such a format.
        StoreError: it cannot be read.
    """
    record = stored_format(path)
    if record is not None:
        _refuse_outdated(path, unpack_format(record)[0])


def _refuse_outdated(path: Path, version: int) -> None:
    if is_outdated(version):
        raise StoreVersionError(
            "The store {path} has format {found}, which this program brings forward when the node starts: start it once"
            " with `banyan run`.",
            path=path,
            found=version,
        )


def check_head(environment: Environment, transaction: Read, network_id: Hash) -> Standing:
    """The standing, once it agrees with the tip's header, the digest's lanes and the last entry.

    Raises:
        MalformedRecordError: it does not.
    """
    tables = environment.tables
    standing = read_standing(transaction, tables["meta"])
    lanes = transaction.get(META_LANES, db=tables["meta"])
    if lanes is None or tagged_hash("state-digest", lanes) != standing.state_digest:
        raise MalformedRecordError("the lanes of the state digest do not give the digest")
    if standing.tip_height == 0:
        if standing.tip_hash != network_id or standing.next_index:
            raise MalformedRecordError("the head record contradicts itself")
        return standing
    row = transaction.get(number_key(standing.tip_height), db=tables["headers"])
    if row is None:
        raise MalformedRecordError(f"the header of the newest block {standing.tip_height} is missing")
    tip = unpack_header(standing.tip_height, row)
    end = tip.first_index + tip.leaf_count
    if tagged_hash("header", tip.header) != standing.tip_hash or end != standing.next_index:
        raise MalformedRecordError(f"the header of the newest block {standing.tip_height} is not the one stored")
    return standing
