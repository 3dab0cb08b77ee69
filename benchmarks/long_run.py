"""Whether three nodes are as fast after an hour as in the beginning: the same writers all the while.

Rounds of a minute: their transactions are signed, and then handed in as fast as they are taken, each acknowledged on
its own. The first ten rounds are compared with the last ten (with fewer rounds: the first sixth with the last); memory
and the database's size are told beside. What is signed between rounds is not in the figures; the nodes rest then, so
its speed tells how fast the machine is at that moment: shared ones vary by a factor of two within an hour.
An hour takes some 30 GB in the folder: not one in memory, where the system ends a node for want of it.

Run: `python -m benchmarks.long_run [--rounds N] [--seconds S] [--writers W] [--folder DIR]`
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.load import anonymous_memory_mb
from benchmarks.report import write_report
from cli.bench.signed_load import LoadKind, SignedLoad
from cli.bench.streaming import write_streaming
from cli.bench.written import ANSWER_WAIT_S
from cli.demo.cluster import Cluster, DemoNode
from cli.demo.network import make_network
from cli.demo.recording import PACK

NODES, CONNECTIONS, WARM_UP_WRITES = 3, 6, 2_000
# More than they do in a second, and no more to be signed than that.
RATE_MAX = 3_000
COMPARED_SHARE = 6
MIB = 1024 * 1024


class Round(NamedTuple):
    """One minute: writes a second, how long they took, what the nodes have afterwards, and how fast the machine was.

    `signed` is transactions that were signed a second just before, while the nodes rested: always the same work.
    """

    rate: float
    p50_ms: float
    p99_ms: float
    memory_mib: float
    database_mib: float
    signed: float


def run_rounds(folder: Path, rounds: int, seconds: float, writers: int) -> list[Round]:
    """All rounds, each told when it is over."""
    _, places = make_network(folder, NODES, PACK, is_mesh=True)
    found: list[Round] = []
    with Cluster(places) as cluster:
        cluster.wait_for_leader()
        addresses = [node.http_address for node in cluster.nodes]
        load = SignedLoad(places[0].home, LoadKind.NOTICE)
        write_streaming(addresses, writers, CONNECTIONS, load.next_ones(WARM_UP_WRITES), ANSWER_WAIT_S)
        rate = float(RATE_MAX)
        for _ in range(rounds):
            began_s = time.perf_counter()
            ones = load.next_ones(int(min(rate * 1.3, RATE_MAX) * seconds))
            signed = len(ones) / (time.perf_counter() - began_s)
            began_s = time.perf_counter()
            written = write_streaming(addresses, writers, CONNECTIONS, ones, seconds)
            assert not written.refused, written.refused[0]
            rate = len(written.answered_s) / (max(written.answered_s) - began_s)
            latencies_ms = sorted(one * 1000 for one in written.latencies_s)
            found.append(
                Round(
                    rate,
                    latencies_ms[len(latencies_ms) // 2],
                    latencies_ms[len(latencies_ms) * 99 // 100],
                    max(anonymous_memory_mb(node.process.pid) for node in cluster.nodes),
                    max(map(_database_mib, cluster.nodes)),
                    signed,
                )
            )
            print(len(found), *(f"{value:,.1f}" for value in found[-1]), flush=True)
        cluster.wait_until_level()
    return found


def _database_mib(node: DemoNode) -> float:
    return sum(one.stat().st_blocks * 512 for one in os.scandir(node.place.home / "db")) / MIB


def main() -> None:
    """Measure and write `benchmarks/results/long-run.{json,md}`."""
    parser = argparse.ArgumentParser(description="an hour of writing")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--writers", type=int, default=256)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="on which disk")
    parser.add_argument("--beside", default="nothing", help="what else ran on the machine, for the report")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="banyan-long-", dir=options.folder) as name:
        found = run_rounds(Path(name), options.rounds, options.seconds, options.writers)
    compared = max(1, len(found) // COMPARED_SHARE)
    parts = found[:compared], found[-compared:]
    first, last = (statistics.mean(one.rate for one in part) for part in parts)
    first_beside, last_beside = (statistics.mean(one.rate / one.signed for one in part) for part in parts)
    figures: dict[str, object] = {
        "nodes, writers": f"{NODES}, {options.writers}",
        "rounds, seconds each": f"{len(found)}, {options.seconds:g}",
        "rounds compared": compared,
        "first rounds, notices/s": round(first),
        "last rounds, notices/s": round(last),
        "last of first": round(last / first, 2),
        "the same, beside what the machine signed a second just before": round(last_beside / first_beside, 2),
        "wanted": 0.9,
        "p99 ms, first and last round": f"{found[0].p99_ms:.0f}, {found[-1].p99_ms:.0f}",
        "most anonymous memory of a node, MiB, after the first and the last round": (
            f"{found[0].memory_mib:.0f}, {found[-1].memory_mib:.0f}"
        ),
        "database of a node at the end, MiB": round(found[-1].database_mib),
        "notices/s, round by round": ", ".join(f"{one.rate:.0f}" for one in found),
        "signed a second, round by round": ", ".join(f"{one.signed:.0f}" for one in found),
        "beside it ran": options.beside,
    }
    write_report("long-run", "Three nodes, written to for a long time", figures)
    for label, value in figures.items():
        print(f"{label}: {value}")


if __name__ == "__main__":
    main()
