"""Small ledgers in folders, and backups of them."""

import unittest.mock
from pathlib import Path

from ledger.genesis import Genesis
from storage.backup.making import MadePart, PartMaker
from storage.backup.reading_store import Moment
from storage.lmdb_store import LmdbStore
from storage.probe import read_as_a_start_does
from tests.audit.builder import LedgerBuilder, fill, make_genesis
from tests.audit.ledgers import build, make_store

MADE_MS = 1_790_000_100_000


def small(builder: LedgerBuilder) -> None:
    """Five blocks of notices, bodies among them, in two terms."""
    fill(builder, blocks=3, transactions=6)


def small_ledger(folder: Path) -> Path:
    """A folder with a small ledger, and its genesis beside it."""
    return build(folder, small)


def opened(folder: Path, genesis: Genesis | None = None) -> LmdbStore:
    """The store in a folder, for reading."""
    return LmdbStore.open(folder / "db", (genesis or make_genesis()).network_id, readonly=True)


def make_part(store: LmdbStore, target: Path, first_height: int = 1, last_height: int | None = None) -> MadePart:
    """A part of the ledger in `store`, all of it or some heights."""
    moment = Moment(*store.checked_state())
    if last_height is not None:
        following = store.header(last_height + 1)
        assert following is not None
        from ledger.block import Header

        stated = Header.decode(following.header)
        assert stated.executed_height == last_height
        moment = Moment(last_height, stated.state_digest)
    maker = PartMaker(store, target.parent, make_genesis().to_json(), "1", MADE_MS, (), lambda done, total: None)
    return maker.make(target, ".draft", first_height, moment)


def without_probe() -> "unittest.mock._patch[object]":
    """Look at databases in this process: they are sound."""
    return unittest.mock.patch("storage.probe.probe", read_as_a_start_does)


__all__ = ["build", "make_part", "make_store", "opened", "small", "small_ledger", "without_probe"]
