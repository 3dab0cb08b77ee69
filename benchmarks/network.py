"""Four real node processes in a ring on loopback: a single write, a dead leader, many writes at once.

Each write is timed from handing it in at a node (over its control socket) until that node has it on disk and executed.
A figure beside each is that of a durable write of the same machine, in the same run: what a commit of LMDB takes.

Run: `python -m benchmarks.network [--writes N] [--deaths N] [--entries N]`
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

from benchmarks.report import write_report
from cli.client import NodeClient
from cli.demo.cluster import Cluster
from cli.demo.network import make_network
from cli.demo.recording import PACK
from cli.genesis_file import read_home_genesis
from cli.member_key import read_key_file
from cli.operation_arguments import PreparedArguments
from cli.submission_maker import SubmissionMaker

NODES = 4
WAIT_S = 60
P50_MS_REQUIRED, P99_MS_REQUIRED, RESUME_S_REQUIRED, IMPORT_S_REQUIRED = 40, 150, 3, 60
# So that no write of the one before is still on its way: an idle network.
PAUSE_S = 0.05
FLUSHES = 50
SUBMITTERS = 64


class Writer:
    """Makes transactions and hands them in."""

    def __init__(self, home: Path) -> None:
        self._maker = SubmissionMaker.of(read_home_genesis(home), read_key_file(home / "admin.key").open(None))
        self._numbers: Iterator[int] = count(1)

    def submission(self) -> bytes:
        """The next notice, as bytes for a node."""
        number = next(self._numbers)
        arguments = PreparedArguments({"unit": f"unit-{number % 16}", "title": f"notice {number}"}, ())
        expires_ms = time.time_ns() // 1_000_000 + self._maker.lifetime_ms
        return self._maker.make("notice.post", arguments, number.to_bytes(16, "big"), expires_ms)[1]

    def write(self, client: NodeClient) -> float:
        """One write at the node of `client`; milliseconds until it is committed."""
        submission = self.submission()
        begun = time.perf_counter()
        answer = client.post("/v1/transactions", submission, "application/msgpack", wait=WAIT_S)
        elapsed_ms = (time.perf_counter() - begun) * 1000
        assert answer["status"] == "committed" and answer["result"]["code"] == "ok", answer
        return elapsed_ms


def single_writes(cluster: Cluster, writer: Writer, count_: int) -> list[float]:
    """Milliseconds of single writes on an idle network, at each node in turn."""
    times = []
    clients = [NodeClient(node.place.home) for node in cluster.nodes]
    for number in range(count_):
        time.sleep(PAUSE_S)
        times.append(writer.write(clients[number % len(clients)]))
    return times


def resumption_seconds(cluster: Cluster, writer: Writer) -> float:
    """Seconds from `kill -9` of the leader until a write that was handed in right then is committed elsewhere."""
    leader = cluster.wait_for_leader().node
    other = next(node for node in cluster.nodes if node is not leader)
    with NodeClient(other.place.home) as client:
        client.get("/v1/status")
        leader.process.kill()
        elapsed_ms = writer.write(client)
    leader.process.start()
    cluster.wait_until_level()
    return elapsed_ms / 1000


def import_seconds(cluster: Cluster, writer: Writer, entries: int) -> float:
    """Seconds until so many writes are committed, each acknowledged on its own, from clients at all nodes."""
    submissions = [writer.submission() for _ in range(entries)]

    def share(number: int) -> None:
        with NodeClient(cluster.nodes[number % NODES].place.home) as client:
            for submission in submissions[number::SUBMITTERS]:
                answer = client.post("/v1/transactions", submission, "application/msgpack", wait=WAIT_S)
                assert answer["status"] == "committed", answer

    begun = time.perf_counter()
    with ThreadPoolExecutor(SUBMITTERS) as pool:
        list(pool.map(share, range(SUBMITTERS)))
    return time.perf_counter() - begun


def flush_ms(folder: Path) -> float:
    """What a small write and its flush take on this disk, median."""
    times = []
    with (folder / "flushed").open("ab", buffering=0) as file:
        for _ in range(FLUSHES):
            begun = time.perf_counter()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


def main() -> None:
    """Measure and write `benchmarks/results/network.{json,md}`."""
    parser = argparse.ArgumentParser(description="four real nodes in a ring")
    parser.add_argument("--writes", type=int, default=400)
    parser.add_argument("--deaths", type=int, default=6)
    parser.add_argument("--entries", type=int, default=3833)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="banyan-network-") as name:
        folder = Path(name)
        flush = flush_ms(folder)
        _, places = make_network(folder, NODES, PACK)
        with Cluster(places) as cluster:
            cluster.wait_for_leader()
            writer = Writer(places[0].home)
            single_writes(cluster, writer, 20)
            times = sorted(single_writes(cluster, writer, options.writes))
            seconds = import_seconds(cluster, writer, options.entries)
            resumed = [resumption_seconds(cluster, writer) for _ in range(options.deaths)]
    p50, p99 = statistics.median(times), times[int(len(times) * 0.99)]
    figures: dict[str, object] = {
        "nodes": NODES,
        "a flush of the disk, median, ms": round(flush, 2),
        "single write, idle, p50, ms": round(p50, 1),
        "single write, idle, p50, in flushes": round(p50 / flush, 1),
        "required p50, ms": P50_MS_REQUIRED,
        "single write, idle, p99, ms": round(p99, 1),
        "required p99, ms": P99_MS_REQUIRED,
        f"{options.entries} writes, each acknowledged, {SUBMITTERS} clients, s": round(seconds, 1),
        "required, s": IMPORT_S_REQUIRED,
        f"writes resume after kill -9 of the leader, slowest of {options.deaths}, s": round(max(resumed), 2),
        "the same, median, s": round(statistics.median(resumed), 2),
        "required to resume, s": RESUME_S_REQUIRED,
    }
    write_report("network", "Four nodes in a ring, real processes, disks and sockets", figures)
    for label, value in figures.items():
        print(f"{label}: {value}")


if __name__ == "__main__":
    main()
