"""Ledgers in folders, and audits of them."""

from collections.abc import Callable
from pathlib import Path

from cli.audit import run
from cli.audit.folder_source import FolderSource, database_folder
from cli.audit.report import AuditReport
from cli.genesis_file import read_genesis
from contracts.genesis_state import genesis_records
from contracts.protocols import Protocols, builtin_protocols
from ledger.genesis import Genesis
from storage.id_merge import IdIndexSizes
from storage.lmdb_store import LmdbStore, StoreSizes
from tests.audit.builder import LedgerBuilder, genesis_lanes, make_genesis


def make_store(folder: Path, genesis: Genesis, id_sizes: IdIndexSizes | None = None) -> LmdbStore:
    """An empty store at `folder`/db, with the genesis beside it, as a node's folder has them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "genesis.json").write_text(genesis.to_json(), encoding="utf-8")
    return LmdbStore.create(
        folder / "db",
        genesis.network_id,
        genesis_records(genesis),
        genesis_lanes(genesis),
        sizes=StoreSizes(ids=id_sizes or IdIndexSizes()),
    )


def build(
    folder: Path,
    write: Callable[[LedgerBuilder], None],
    genesis: Genesis | None = None,
    protocols: Protocols | None = None,
) -> Path:
    """A folder with the ledger that `write` makes, by a program that knows `protocols`."""
    genesis = genesis or make_genesis()
    store = make_store(folder, genesis)
    try:
        write(LedgerBuilder(genesis, store, protocols=protocols or builtin_protocols()))
    finally:
        store.close()
    return folder


def audit(folder: Path, genesis: Path | None = None) -> AuditReport:
    """The audit of a node's folder against its own genesis, or another, without the probe in another process."""
    source = FolderSource(database_folder(folder))
    try:
        return run.audit(read_genesis(genesis or folder / "genesis.json"), source, lambda phase, done, total: None)
    finally:
        source.close()
