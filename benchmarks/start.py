"""How long a node takes to start on a large ledger, and what it needs then.

A real `banyan run` process on a folder with the asked number of entries: time from the call to `READY`, anonymous
memory, the time for a receipt's inclusion proof, and the time of single writes one after the other.

Run: `python -m benchmarks.start [--entries N] [--folder DIR]`
"""

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.load import anonymous_memory_mb, fill_folder
from benchmarks.report import write_report
from cli.demo.node_process import NodeProcess
from daemon.home import Home
from ledger.genesis import parse_genesis
from ledger.tree import inclusion_path
from storage.lmdb_store import LmdbStore

CREATED_MS = 1_790_000_000_000
ROUNDS = 5
PROOFS = 2000


def start_seconds(folder: Path) -> tuple[float, float]:
    """Seconds from the call to READY, and anonymous memory in MB right after."""
    node = NodeProcess(folder)
    begun = time.perf_counter()
    node.start()
    elapsed = time.perf_counter() - begun
    try:
        assert node.pid is not None
        return elapsed, anonymous_memory_mb(node.pid)
    finally:
        node.stop()


def proof_milliseconds(folder: Path) -> list[float]:
    """Times of inclusion proofs of random entries in the whole tree, tiles read from the store."""
    home = Home(folder)
    genesis = parse_genesis(home.genesis.read_text(encoding="utf-8"))
    store = LmdbStore.open(home.database, genesis.network_id, readonly=True)
    choose = random.Random(1)
    try:
        size = store.head().tree_size
        times = []
        for _ in range(PROOFS):
            index = choose.randrange(size)
            begun = time.perf_counter()
            inclusion_path(store, index, size)
            times.append((time.perf_counter() - begun) * 1000)
        return times
    finally:
        store.close()


def measure(folder: Path, entries: int) -> None:
    """Make the ledger if it is not there, measure, write `benchmarks/results/start.{json,md}`."""
    if not folder.exists():
        fill_folder(folder, entries, CREATED_MS)
    empty = [bare_python_seconds() for _ in range(ROUNDS)]
    rounds = [start_seconds(folder) for _ in range(ROUNDS)]
    proofs = sorted(proof_milliseconds(folder))
    write_report(
        "start",
        "Starting on a large ledger",
        {
            "entries asked for": entries,
            "seconds to READY, median": round(statistics.median(seconds for seconds, _ in rounds), 2),
            "seconds to READY, slowest of five": round(max(seconds for seconds, _ in rounds), 2),
            "required seconds": 2,
            "times as long as an empty Python program": round(
                statistics.median(seconds for seconds, _ in rounds) / statistics.median(empty), 1
            ),
            "anonymous memory after the start, MB": round(max(memory for _, memory in rounds)),
            "allowed MB": 200,
            "inclusion proof, median ms": round(statistics.median(proofs), 3),
            "inclusion proof, 99th percentile ms": round(proofs[int(len(proofs) * 0.99)], 3),
            "required ms": 1,
        },
    )


def bare_python_seconds() -> float:
    """What the interpreter alone needs: the measure for this machine at this moment."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - begun


def main() -> None:
    """Parse the options and measure."""
    parser = argparse.ArgumentParser(description="how long a node takes to start on a large ledger")
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the node's folder is kept, or is already")
    options = parser.parse_args()
    if options.folder is not None:
        measure(options.folder, options.entries)
    else:
        with tempfile.TemporaryDirectory(prefix="banyan-benchmark-") as folder:
            measure(Path(folder) / "node", options.entries)


if __name__ == "__main__":
    main()
