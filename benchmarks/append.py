"""Cost of appending, from an empty store to 1,000,000 entries: it must stay flat.

Every entry goes the real way of storage: leaf hash, tree, tiles, check for duplicates, one durable write a block with
entry, result, id, subject link and records, the background work of the id index, and look-ups by id. Making the
entries is outside the clock. Afterwards: inclusion proofs, the time to open the store again, anonymous memory.

Run: `python -m benchmarks.append [--entries N] [--block N] [--units N]`
"""

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from benchmarks.report import write_report
from contracts.changes import StateChange, SubjectLink
from ledger.hashing import Hash, tagged_hash
from ledger.state_digest import StateDigest
from ledger.tree import CompactRange, inclusion_path, leaf_hash, verify_inclusion
from storage.interface import ExecutedId, StoredBlock, StoredExecution, StoredHeader, StoredResult, WriteBatch
from storage.lmdb_store import LmdbStore

ENTRY_SIZE_BYTES = 300
RESULT_SIZE_BYTES = 200
RECORD_SIZE_BYTES = 250
NETWORK_ID = sha256(b"benchmark").digest()
LANES = StateDigest.empty().lanes_bytes()
LIFETIME_MS = 3_600_000
BLOCK_INTERVAL_MS = 1_000
# One look-up by id for every so many entries, at random among all that are there.
LOOK_UP_INTERVAL = 10
START_ENTRIES = 10_000
# Each window is the last fifth before its mark.
MARKS = (100_000, 1_000_000)
# The machine is not equally fast all the time. So each window is measured in this many parts, and beside each part the
# first entries of a fresh store are: what is compared has met the same conditions.
PART_COUNT = 20
# Each window is the last fifth before its mark.
MARKS = (100_000, 1_000_000)
# At the start a run is over in a tenth of a second, and the machine is not always equally fast: the median of several
# runs, before each window and at the end, is what windows are compared with.
START_RUN_COUNT = 3
PROOF_COUNT = 2_000
PARTS = ("leaf hashes and tree", "check for duplicates", "durable write", "background work", "look-ups by id")


class Costs:
    """Seconds spent on each part."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(PARTS, 0.0)

    @contextmanager
    def of(self, part: str) -> Iterator[None]:
        """Count the time of a `with` block."""
        start = time.perf_counter()
        yield
        self.seconds[part] += time.perf_counter() - start

    def minus(self, earlier: "Costs") -> "Costs":
        """What was spent since `earlier`."""
        difference = Costs()
        difference.seconds = {part: self.seconds[part] - earlier.seconds[part] for part in PARTS}
        return difference

    def copy(self) -> "Costs":
        """The costs so far."""
        return self.minus(Costs())

    def an_entry_us(self, entries: int) -> float:
        """All parts together."""
        return sum(self.seconds.values()) / entries * 1e6


def id_of(leaf_index: int) -> Hash:
    """The id of the transaction at `leaf_index`: as random as real ones, and known without keeping it."""
    return sha256(b"transaction %d" % leaf_index).digest()


class Load:
    """Makes block after block and puts them into a store, with the clock on what a node's storage would do."""

    def __init__(self, store: LmdbStore, block_entries: int, units: int) -> None:
        self.store = store
        self.block_entries = block_entries
        self.units = units
        self.random = random.Random(units)
        self.tree = CompactRange()
        self.height = 0
        self.sequences = [0] * units
        self.costs = Costs()

    def append_block(self) -> None:
        """One block more."""
        costs, store = self.costs, self.store
        first = self.tree.size
        entries = [self.random.randbytes(ENTRY_SIZE_BYTES) for _ in range(self.block_entries)]
        indexes = range(first + 1, first + self.block_entries)
        ids = [id_of(index) for index in indexes]
        now_ms = BLOCK_INTERVAL_MS * self.height
        with costs.of("check for duplicates"):
            duplicates = store.duplicates(ids, now_ms, [now_ms + LIFETIME_MS] * len(ids))
        assert not duplicates
        with costs.of("leaf hashes and tree"):
            leaf_hashes = [leaf_hash(entry) for entry in entries]
            tile_hashes = self.tree.extend(leaf_hashes)
            self.tree.root()
        self.height += 1
        header = self.random.randbytes(360)
        block = StoredBlock(
            StoredHeader(
                self.height, 1, header, tagged_hash("header", header), bytes(64), b"", first, self.block_entries
            ),
            tuple(entries),
        )
        execution = StoredExecution(
            height=self.height,
            certificate=bytes(300),
            tree_size=first + self.block_entries,
            tile_hashes=tile_hashes,
            ids=tuple(map(ExecutedId, ids, [now_ms + LIFETIME_MS] * len(ids), indexes)),
            results=tuple(StoredResult(index, self.random.randbytes(RESULT_SIZE_BYTES)) for index in indexes),
            links=tuple(links := [self._link(index) for index in indexes]),
            changes=self._changes(links),
            digest_lanes=LANES,
            state_digest=tagged_hash("state-digest", LANES),
        )
        with costs.of("durable write"):
            store.apply([WriteBatch(blocks=(block,), executions=(execution,))])
        with costs.of("background work"):
            store.maintain()
        asked = [self._any_index() for _ in range(self.block_entries // LOOK_UP_INTERVAL)]
        wanted = [id_of(index) for index in asked]
        with costs.of("look-ups by id"):
            found = [store.index_of(one) for one in wanted]
        assert found == asked

    def _link(self, index: int) -> SubjectLink:
        unit = self.random.randrange(self.units)
        self.sequences[unit] += 1
        return SubjectLink(f"unit/{unit:05d}", self.sequences[unit], index, self.random.randbytes(32))

    def _changes(self, links: list[SubjectLink]) -> tuple[StateChange, ...]:
        """A new record for each notice, and for each unit the records of its file and of its chain."""
        changes = {}
        for link in links:
            name = link.subject.removeprefix("unit/").encode()
            number = b"%012d" % link.sequence
            changes[b"notice\0" + name + b"/" + number] = self.random.randbytes(RECORD_SIZE_BYTES)
            changes[b"notice-file\0" + name] = number
            changes[b"chain\0" + link.subject.encode()] = link.link
        return tuple(StateChange(key, None, changes[key]) for key in sorted(changes))

    def _any_index(self) -> int:
        """The log index of any transaction: not of an outcome, which opens each block."""
        block = self.random.randrange(self.height)
        return block * self.block_entries + self.random.randrange(1, self.block_entries)


@dataclass(frozen=True)
class Proofs:
    """Making an inclusion proof out of tiles."""

    mean_us: float
    slow_us: float


def make_proofs(store: LmdbStore, tree: CompactRange) -> Proofs:
    """Prove entries at random; each path is verified outside the clock."""
    chance = random.Random(2)
    root = tree.root()
    times = []
    for _ in range(PROOF_COUNT):
        index = chance.randrange(tree.size)
        start = time.perf_counter()
        path = inclusion_path(store, index, tree.size)
        times.append(time.perf_counter() - start)
        verify_inclusion(leaf_hash(store.entries(index, 1)[0]), index, tree.size, path, root)
    return Proofs(statistics.mean(times) * 1e6, statistics.quantiles(times, n=100)[-1] * 1e6)


def anonymous_memory_mb() -> float:
    """This process's `RssAnon`: memory that is not the store's file mapped."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the operating system does not tell RssAnon")


def add_start(costs: Costs, folder: Path, block_entries: int, units: int) -> None:
    """Count what the first entries of a fresh store cost."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        store = LmdbStore.create(Path(place) / "db", NETWORK_ID, {}, LANES)
        load = Load(store, block_entries, units)
        load.costs = costs
        while load.tree.size < START_ENTRIES:
            load.append_block()
        store.close()


@dataclass(frozen=True)
class Window:
    """The costs of the last entries before a mark, and beside them those of the first entries of fresh stores."""

    costs: Costs
    entries: int
    start_costs: Costs
    start_entries: int

    @property
    def us(self) -> float:
        """µs an entry."""
        return self.costs.an_entry_us(self.entries)

    @property
    def start_us(self) -> float:
        """µs an entry of the fresh stores."""
        return self.start_costs.an_entry_us(self.start_entries)


def run_window(load: Load, mark: int, folder: Path, block_entries: int, units: int) -> Window:
    """Append up to `mark` entries, and measure the last fifth of them."""
    first = mark - mark // 5
    while load.tree.size < first:
        load.append_block()
    before, first, starts = load.costs.copy(), load.tree.size, Costs()
    for part in range(1, PART_COUNT + 1):
        while load.tree.size < first + (mark - first) * part // PART_COUNT:
            load.append_block()
        add_start(starts, folder, block_entries, units)
    return Window(load.costs.minus(before), load.tree.size - first, starts, PART_COUNT * START_ENTRIES)


def measure(folder: Path, entries: int, block_entries: int, units: int) -> dict[str, object]:
    """All figures of one run."""
    store = LmdbStore.create(folder / "db", NETWORK_ID, {}, LANES)
    load = Load(store, block_entries, units)
    figures: dict[str, object] = {}
    for mark in [mark for mark in MARKS if mark < entries] + [entries]:
        window = run_window(load, mark, folder, block_entries, units)
        figures[f"µs an entry at {mark:,} entries"] = round(window.us, 1)
        figures[f"µs an entry at {START_ENTRIES:,} entries, measured beside those at {mark:,}"] = round(
            window.start_us, 1
        )
        for part in PARTS:
            at_mark = window.costs.seconds[part] / window.entries * 1e6
            at_start = window.start_costs.seconds[part] / window.start_entries * 1e6
            figures[f"of which {part}, at {mark:,} and at {START_ENTRIES:,}"] = f"{at_mark:.2f} and {at_start:.2f}"
        label = f"cost at {mark:,} over cost at {START_ENTRIES:,}" + (" (at most 1.3)" if mark == entries else "")
        figures[label] = round(window.us / window.start_us, 2)
        print(f"{mark:>9,} entries: {window.us:.1f} µs an entry, at the start {window.start_us:.1f}", flush=True)
    proofs = make_proofs(store, load.tree)
    memory_mb = anonymous_memory_mb()
    store.close()
    reopen_ms = reopen(folder / "db", load.tree)
    disk_bytes = os.stat(folder / "db" / "data.mdb").st_blocks * 512
    figures["inclusion proof, mean in µs"] = round(proofs.mean_us)
    figures["inclusion proof, slowest of a hundred in µs (at most 1,000)"] = round(proofs.slow_us)
    figures["open again with the tree's edge, in ms"] = round(reopen_ms)
    figures["anonymous memory while appending, in MB (at most 200)"] = round(memory_mb)
    figures["bytes on disk an entry"] = round(disk_bytes / load.tree.size)
    return figures


def reopen(path: Path, tree: CompactRange) -> float:
    """Milliseconds to open the store and to find the tree's edge."""
    start = time.perf_counter()
    store = LmdbStore.open(path, NETWORK_ID)
    edge = CompactRange.from_tiles(store, store.head().tree_size)
    taken_ms = (time.perf_counter() - start) * 1e3
    assert edge.root() == tree.root()
    store.close()
    return taken_ms


def main() -> None:
    """Measure and write the report."""
    parser = argparse.ArgumentParser(description="Cost of appending entries.")
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--block", type=int, default=1_000, help="entries a block")
    parser.add_argument("--units", type=int, default=16, help="subjects that the entries are spread over")
    parser.add_argument("--dry", action="store_true", help="do not write the report")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="banyan-append-", dir=os.environ.get("BANYAN_BENCH_DIR")) as folder:
        figures = measure(Path(folder), options.entries, options.block, options.units)
    for label, value in figures.items():
        print(f"{label}: {value}")
    if not options.dry:
        title = f"Appending {options.entries:,} entries of {ENTRY_SIZE_BYTES} bytes, {options.block:,} a block"
        write_report("append", title, figures)


if __name__ == "__main__":
    main()
