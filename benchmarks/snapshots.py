"""A snapshot of a large ledger, made and loaded, beside copying the database file with `cp`.

A real node fills a folder; then a snapshot of it is made as `banyan snapshot make` does, and a store is made of it in
another folder: headers with certificates, the snapshot with everything checked, then, as a node that keeps everything
goes on, all older blocks down to the first, each with entries, results, links and ids. Nothing goes over a network;
bytes are what would. Each step runs in a process of its own, whose anonymous memory is looked at a hundred times a
second.

Run: `python -m benchmarks.snapshots [--entries N] [--folder DIR] [--beside TEXT]`; a ledger in DIR is used again.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.load import anonymous_memory_mb, year_of_work
from benchmarks.report import write_report
from cli.snapshot_files import make_snapshot
from contracts.changes import SubjectLink
from contracts.result import Result
from daemon.home_files import Home
from daemon.recovery import load_result_leaves
from ledger.genesis import parse_genesis
from ledger.transaction import decode_envelope
from storage.interface import CertifiedHeader, ExecutedId, StoredPast, StoredResult, StoreReader
from storage.lmdb_loading import LmdbLoading
from storage.lmdb_store import LmdbStore
from storage.snapshot_folder import SnapshotFolder

MEMORY_MB_MAX = 300
HEADERS_IN_RANGE = 512
LOOK_SECONDS = 0.01
MB = 1_000_000


class Peak:
    """The most anonymous memory that this process held while it was looked at."""

    def __init__(self) -> None:
        self.memory_mb = anonymous_memory_mb()
        self._is_over = threading.Event()
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        while not self._is_over.wait(LOOK_SECONDS):
            self.memory_mb = max(self.memory_mb, anonymous_memory_mb())

    def end(self) -> float:
        """The most there was."""
        self._is_over.set()
        return self.memory_mb


@contextmanager
def timed(figures: dict[str, float], name: str) -> Iterator[None]:
    """Note the seconds of a `with` block."""
    begun = time.perf_counter()
    yield
    figures[name] = time.perf_counter() - begun


def make(home: Path, target: Path) -> dict[str, float]:
    """Make the snapshot."""
    figures: dict[str, float] = {}
    with timed(figures, "seconds"):
        manifest = make_snapshot(home, lambda done, total: None)
    return figures | {
        "height": manifest.height,
        "records": manifest.record_count,
        "chunks": len(manifest.chunks),
        "bytes": manifest.size_bytes + len(manifest.encode()),
    }


def load(home: Path, target: Path) -> dict[str, float]:
    """Make a store of it, ready to run a node that keeps nothing older than it must."""
    source, folder = open_source(home), SnapshotFolder(Home(home).snapshots)
    network_id = source.head().network_id
    manifest = folder.manifests()[0]
    figures: dict[str, float] = {"header bytes": 0, "past bytes": 0}
    loading = LmdbLoading.begin(target / "loading", network_id)
    with timed(figures, "headers seconds"):
        newest = source.head().executed_height
        for first in range(1, newest + 1, HEADERS_IN_RANGE):
            headers = [certified(source, one) for one in range(first, min(first + HEADERS_IN_RANGE, newest + 1))]
            figures["header bytes"] += sum(map(header_size_bytes, headers))
            loading.add_headers(headers)
    with timed(figures, "snapshot seconds"):
        loading.take(manifest, lambda chunk: folder.read_chunk(manifest.height, chunk) or b"")
    with timed(figures, "past seconds"):
        # Blocks follow one another within minutes here; a lifetime of a millisecond asks for the newest block alone.
        for height in range(manifest.height, loading.needed_from(1) - 1, -1):
            past = past_of(source, height)
            figures["past bytes"] += past_size_bytes(past)
            loading.fill([past])
    loading.finish(target / "db", 1)
    source.close()
    return figures


def fill(home: Path, target: Path) -> dict[str, float]:
    """Add everything that is older."""
    source = open_source(home)
    store = LmdbStore.open(target / "db", source.head().network_id)
    figures: dict[str, float] = {"bytes": 0}
    with timed(figures, "seconds"):
        for height in range(store.head().kept_from - 1, 0, -1):
            past = past_of(source, height)
            figures["bytes"] += past_size_bytes(past)
            store.fill([past])
            store.maintain()
    assert store.head().kept_from == 1
    store.close()
    source.close()
    return figures


STEPS: dict[str, Callable[[Path, Path], dict[str, float]]] = {"make": make, "load": load, "fill": fill}


def open_source(home: Path) -> LmdbStore:
    """The ledger that was filled."""
    genesis = parse_genesis(Home(home).genesis.read_text(encoding="utf-8"))
    return LmdbStore.open(Home(home).database, genesis.network_id, readonly=True)


def certified(source: StoreReader, height: int) -> CertifiedHeader:
    """A header as a neighbour hands it out."""
    header, certificate = source.header(height), source.certificate(height)
    assert header is not None and certificate is not None
    return CertifiedHeader(header, certificate)


def header_size_bytes(one: CertifiedHeader) -> int:
    """What it takes on the wire, but for the framing."""
    header = one.header
    return len(header.header) + len(header.signature) + len(header.election_certificate) + len(one.certificate)


def past_of(source: StoreReader, height: int) -> StoredPast:
    """Everything of a block: entries and results as a neighbour hands them out, and what follows from those."""
    header = source.header(height)
    assert header is not None
    entries = tuple(source.entries(header.first_index, header.leaf_count))
    transactions = [decode_envelope(entry) for entry in entries[1:]]
    effects = tuple(source.timer_effects(height))
    leaves = load_result_leaves(source, height)[len(effects) :]
    links = tuple(
        SubjectLink(link.subject, link.sequence, result.leaf_index, link.link)
        for result in map(Result.decode, leaves)
        for link in result.links
    )
    places = range(header.first_index + 1, header.first_index + header.leaf_count)
    return StoredPast(
        height,
        entries,
        tuple(ExecutedId(one.id, one.expires_ms, place) for place, one in zip(places, transactions, strict=True)),
        tuple(StoredResult(place, leaf) for place, leaf in zip(places, leaves, strict=True)),
        links,
        effects,
    )


def past_size_bytes(past: StoredPast) -> int:
    """What it takes on the wire: entries, results and effects; links and ids follow from them."""
    return sum(map(len, past.entries)) + sum(len(one.leaf) for one in past.results) + sum(map(len, past.effects))


def measured(step: str, home: Path, target: Path) -> dict[str, float]:
    """The figures of a step, made in a process of its own."""
    words = [sys.executable, "-m", "benchmarks.snapshots", "--step", step, "--home", str(home), "--folder", str(target)]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def copy_seconds(database: Path, target: Path) -> float:
    """Seconds that `cp` takes for the database file, until it is on disk."""
    begun = time.perf_counter()
    subprocess.run(["cp", str(database / "data.mdb"), str(target / "copy.mdb")], check=True)
    descriptor = os.open(target / "copy.mdb", os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    return time.perf_counter() - begun


def run(entries: int, folder: Path | None, target: Path) -> dict[str, object]:
    """Everything, in order."""
    home = year_of_work(folder or target, entries)
    shutil.rmtree(Home(home).snapshots, ignore_errors=True)
    database = Home(home).database
    size_bytes = (database / "data.mdb").stat().st_blocks * 512
    copied = copy_seconds(database, target)
    made, loaded, filled = (measured(step, home, target) for step in STEPS)
    seconds = loaded["headers seconds"] + loaded["snapshot seconds"] + loaded["past seconds"]
    light_bytes = made["bytes"] + loaded["header bytes"] + loaded["past bytes"]
    loaded_bytes = (target / "db" / "data.mdb").stat().st_blocks * 512
    return {
        "entries asked for": entries,
        "records in the state": int(made["records"]),
        "database file, MB": round(size_bytes / MB, 1),
        "`cp` of it until it is on disk, s": round(copied, 2),
        "snapshot, MB": round(made["bytes"] / MB, 1),
        "chunks": int(made["chunks"]),
        "making it, s": round(made["seconds"], 2),
        "making it, anonymous memory at most, MB": round(made["memory_mb"]),
        "headers and certificates, MB": round(loaded["header bytes"] / MB, 2),
        "newest block, MB": round(loaded["past bytes"] / MB, 2),
        "loading headers, snapshot and newest block, s": round(seconds, 2),
        "of that, checking and writing the snapshot, s": round(loaded["snapshot seconds"], 2),
        "loading, anonymous memory at most, MB": round(loaded["memory_mb"]),
        "bytes to fetch before it runs, times those of `cp`": round(light_bytes / size_bytes, 2),
        "time to load before it runs, times that of `cp`": round(seconds / copied, 1),
        "all older blocks, MB": round(filled["bytes"] / MB, 1),
        "adding them, s": round(filled["seconds"], 2),
        "adding them, anonymous memory at most, MB": round(filled["memory_mb"]),
        "bytes to fetch in all, times those of `cp`": round((light_bytes + filled["bytes"]) / size_bytes, 2),
        "database file afterwards, MB": round(loaded_bytes / MB, 1),
        "allowed memory, MB": MEMORY_MB_MAX,
    }


def main() -> None:
    """Measure and write the report, or make one step for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--beside", default="nothing", help="what else ran on the machine, for the report")
    parser.add_argument("--step", choices=STEPS)
    parser.add_argument("--home", type=Path)
    options = parser.parse_args()
    if options.step:
        peak = Peak()
        figures = STEPS[options.step](options.home, options.folder)
        print(json.dumps(figures | {"memory_mb": peak.end()}))
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as place:
        figures_in_all = run(options.entries, options.folder, Path(place))
    figures_in_all["beside it ran"] = options.beside
    write_report("snapshots", "Snapshots of a large ledger", figures_in_all)
    for label, value in figures_in_all.items():
        print(f"{label}: {value}")


if __name__ == "__main__":
    main()
