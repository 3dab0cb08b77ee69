"""Whether nodes are as fast with a million entries as with ten thousand: the same writers on both, in turn.

Real `banyan run` processes, one alone or three voters, on ledgers of a year that were made beforehand; writers of
notices on a few connections to all nodes, each transaction signed and acknowledged on its own. Rounds go from one
ledger to the other, and each round's ratio is of its own time.

Run: `python -m benchmarks.large_ledger [--nodes 1|3] [--rounds N] [--seconds S] [--folder DIR]`
Ledgers in DIR are used again.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from itertools import count
from pathlib import Path

from benchmarks.grown_network import grown_network
from benchmarks.load import HOUR_MS, Load, year_of_work
from benchmarks.report import write_report
from benchmarks.state_sync import set_settings
from cli.bench.streaming import write_streaming
from cli.demo.cluster import Cluster
from cli.demo.network import NodePlace
from cli.genesis_file import read_home_genesis
from tests.free_ports import free_address

ENTRIES = (10_000, 1_000_000)
CONNECTIONS, RATE_MAX = 4, 8_000
WARM_UP_SECONDS = 2.0
# Numbers above those of every ledger that was made beforehand.
_numbers = count(100_000_000)


def rate_of(
    places: list[NodePlace],
    writers: int,
    seconds: float,
    starting: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> float:
    """Writes a second at nodes that were just started, within `starting`, after a moment to warm up."""
    load = Load(read_home_genesis(places[0].home))
    expires_ms = time.time_ns() // 1_000_000 + HOUR_MS
    with ExitStack() as running:
        with starting():
            cluster = running.enter_context(Cluster(places))
        cluster.wait_for_leader()
        targets = [node.http_address for node in cluster.nodes]
        for span in (WARM_UP_SECONDS, seconds):
            ones = [load.notice(next(_numbers), expires_ms).envelope for _ in range(int(RATE_MAX * span))]
            began_s = time.perf_counter()
            written = write_streaming(targets, writers, CONNECTIONS, ones, span)
            assert not written.refused, written.refused[0]
            rate = len(written.answered_s) / (max(written.answered_s) - began_s)
    return rate


def network_of(folder: Path, entries: int, nodes: int) -> list[NodePlace]:
    """The nodes of a network with so many entries, stopped."""
    home = year_of_work(folder, entries)
    if nodes > 1:
        return grown_network(folder)
    set_settings(home, http=f'"{free_address()}"')
    return [NodePlace(home.name, home, ())]


def main() -> None:
    """Measure and write `benchmarks/results/large-ledger.{json,md}`."""
    parser = argparse.ArgumentParser(description="a small ledger and a large one")
    parser.add_argument("--nodes", type=int, choices=(1, 3), default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--writers", type=int, default=256)
    parser.add_argument("--folder", type=Path, help="where the ledgers are kept, or are already")
    parser.add_argument("--beside", default="nothing", help="what else ran on the machine, for the report")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="banyan-large-") as name:
        folder = options.folder or Path(name)
        networks = [network_of(folder / f"{entries}-{options.nodes}", entries, options.nodes) for entries in ENTRIES]
        rounds = [[rate_of(one, options.writers, options.seconds) for one in networks] for _ in range(options.rounds)]
    figures: dict[str, object] = {"nodes": options.nodes, "writers": options.writers, "rounds": options.rounds}
    for place, entries in enumerate(ENTRIES):
        figures[f"{entries:,} entries, notices/s, median"] = round(statistics.median(one[place] for one in rounds))
    ratios = [large / small for small, large in rounds]
    figures["large of small, each round"] = ", ".join(f"{one:.2f}" for one in ratios)
    figures["large of small, median"] = round(statistics.median(ratios), 2)
    figures["wanted"] = 0.85
    figures["beside it ran"] = options.beside
    write_report("large-ledger", "A ledger of a million entries beside one of ten thousand", figures)
    for label, value in figures.items():
        print(f"{label}: {value}")


if __name__ == "__main__":
    main()
