"""Four times what a network can do: how much of it is done, how long that takes, and what becomes of the rest.

The peak, before and after: writers that each wait for their answer, at all three nodes. Between, a load that waits for
nobody hands in four times as many transactions a second, each as a request of its own: by fewer clients than may wait,
by many more than are answered at once, and by more than nodes take connections. What is refused with 429 comes again
after the time that `Retry-After` says, before anything new. A connection that is idle may be closed for another client;
what is sent on it then comes again at once, on another one. At the end the load ends, and what was refused is handed in
until all of it is committed. Nodes and load share the machine, so what the load costs is missing in the throughput;
what each of them took of the processor is told beside.

Run: `python -m benchmarks.overload [--seconds S] [--times N]`
"""

import argparse
import re
import selectors
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from benchmarks.report import write_report
from cli.bench.process_meter import usage_of
from cli.bench.requesting import SUBMISSION, Asker, write_requesting
from cli.bench.signed_load import LoadKind, SignedLoad
from cli.bench.written import ANSWER_WAIT_S, is_accepted
from cli.demo.cluster import Cluster, DemoNode
from cli.demo.network import make_network
from cli.demo.recording import PACK
from cli.errors import CommandError

# A node answers 128 requests at a time, and takes 1,024 connections, which wait for three seconds.
NODES, PEAK_WRITERS = 3, 384
CLIENTS_A_NODE = (240, 512, 1200)
LOOK_SECONDS = 0.002
_LATER = re.compile(rb"\r\nretry-after: *([0-9]+)")
_TOO_MUCH = b"http/1.1 429"


@dataclass(eq=False)
class Client:
    """One that has a transaction under way, or none; its connection is opened when it is needed."""

    address: tuple[str, int]
    asker: Asker | None = None
    submission: bytes = b""


@dataclass
class Overload:
    """An open load: what is due, what is under way, what was refused, and what came of it."""

    addresses: Sequence[tuple[str, int]]
    clients_a_node: int
    sent_count: int = 0
    # For these no client was free.
    unsent_count: int = 0
    refused_count: int = 0
    broken_count: int = 0
    connected_count: int = 0
    committed_s: list[float] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)
    # Of all that were refused once: how many times each was handed in.
    tries: dict[bytes, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._waiting = selectors.DefaultSelector()
        self._idle = deque(Client(address) for _ in range(self.clients_a_node) for address in self.addresses)
        self._again: deque[tuple[float, bytes]] = deque()
        self._under_way_count = 0

    def offer(self, load: Iterator[bytes], rate: float, seconds: float) -> None:
        """Let so many a second be due for so long."""
        began_s = time.perf_counter()
        while (now_s := time.perf_counter()) < began_s + seconds:
            for _ in range(round((now_s - began_s) * rate) - self.sent_count - self.unsent_count):
                if self._idle:
                    self._send(self._next(now_s) or next(load))
                else:
                    self.unsent_count += 1
            # What came meanwhile is taken together: to look for each answer costs the nodes their processor.
            time.sleep(LOOK_SECONDS)
            self._take(0)

    def drain(self) -> None:
        """Hand in what was refused until all is committed."""
        until_s = time.perf_counter() + ANSWER_WAIT_S
        while self._again or self._under_way_count:
            assert time.perf_counter() < until_s, f"{len(self._again)} are still refused"
            while self._idle and (one := self._next(time.perf_counter())) is not None:
                self._send(one)
            self._take(0.01)

    def close(self) -> None:
        """Close all connections."""
        for client in self._idle:
            if client.asker is not None:
                client.asker.connection.close()
        self._waiting.close()

    def _next(self, now_s: float) -> bytes | None:
        """The next one that was refused, if its time has come."""
        return self._again.popleft()[1] if self._again and self._again[0][0] <= now_s else None

    def _send(self, submission: bytes) -> None:
        # Whoever was answered last has an open connection most likely.
        client = self._idle.pop()
        client.submission = submission
        self.sent_count += 1
        self._under_way_count += 1
        try:
            if client.asker is None:
                client.asker = Asker(client.address, SUBMISSION)
                self.connected_count += 1
                self._waiting.register(client.asker.connection, selectors.EVENT_READ, client)
            client.asker.send(submission)
        except OSError:
            self._broken(client)

    def _take(self, wait_s: float) -> None:
        for key, _ in self._waiting.select(wait_s):
            client = key.data
            try:
                answer = client.asker.receive()
            except (OSError, CommandError):
                self._broken(client)
                continue
            if answer is not None and client.submission:
                self._judge(client, answer)

    def _judge(self, client: Client, answer: bytes) -> None:
        now_s, asker = time.perf_counter(), client.asker
        assert asker is not None
        if is_accepted(answer):
            self.committed_s.append(now_s)
            self.latencies_ms.append((now_s - asker.sent_s) * 1000)
            if asker.is_told_to_go:
                self._hang_up(client)
            self._free(client)
            return
        assert asker.head.startswith(_TOO_MUCH), (asker.head[:200], answer[:300])
        later = _LATER.search(asker.head)
        assert later is not None, "whoever is refused for now is told when to come again"
        self.refused_count += 1
        if asker.is_told_to_go:
            self._hang_up(client)
        self._once_more(client, now_s + int(later[1]))

    def _broken(self, client: Client) -> None:
        """The node had closed the connection, idle until then, for somebody else: as every client of HTTP, try anew."""
        self._hang_up(client)
        if client.submission:
            self.broken_count += 1
            self._once_more(client, time.perf_counter())

    def _hang_up(self, client: Client) -> None:
        if client.asker is not None:
            self._waiting.unregister(client.asker.connection)
            client.asker.connection.close()
            client.asker = None

    def _once_more(self, client: Client, at_s: float) -> None:
        self.tries[client.submission] = self.tries.get(client.submission, 1) + 1
        self._again.append((at_s, client.submission))
        self._free(client)

    def _free(self, client: Client) -> None:
        client.submission = b""
        self._under_way_count -= 1
        self._idle.append(client)


class Burden:
    """What nodes and load take of the processor from now on."""

    def __init__(self, nodes: Sequence[DemoNode]) -> None:
        self._pids = [_pid(node) for node in nodes]
        self._began = self._seconds()

    def of(self, count: int) -> str:
        """Microseconds for one of `count`: of all nodes, and of the load."""
        return " and ".join(
            f"{(now_s - was_s) / count * 1_000_000:.0f}"
            for now_s, was_s in zip(self._seconds(), self._began, strict=True)
        )

    def _seconds(self) -> tuple[float, float]:
        return sum(usage_of(pid).processor_s for pid in self._pids), time.process_time()


class Peak(NamedTuple):
    """Writes a second, and what one of them cost."""

    rate: float
    burden: str


def measure(folder: Path, times: int, seconds: float) -> dict[str, object]:
    """All figures."""
    _, places = make_network(folder, NODES, PACK, is_mesh=True)
    figures: dict[str, object] = {"nodes": NODES, "due a second, of the peak": times}
    with Cluster(places) as cluster:
        cluster.wait_for_leader()
        addresses = [node.http_address for node in cluster.nodes]
        load = SignedLoad(places[0].home, LoadKind.NOTICE)
        write_requesting(addresses, PEAK_WRITERS, load.next_ones(2_000), ANSWER_WAIT_S)
        for count in CLIENTS_A_NODE:
            before = _peak(cluster.nodes, load, seconds)
            label = f"{count * NODES} clients"
            memory = [_memory_mib(node) for node in cluster.nodes]
            overload = Overload(addresses, count)
            ones = iter(load.next_ones(int(times * before.rate * seconds * 1.1)))
            burden = Burden(cluster.nodes)
            began_s = time.perf_counter()
            try:
                overload.offer(ones, times * before.rate, seconds)
                ended_s = time.perf_counter()
                sent_count, under_load = overload.sent_count, burden.of(len(overload.committed_s))
                grown = [_memory_mib(node) - was for node, was in zip(cluster.nodes, memory, strict=True)]
                overload.drain()
            finally:
                overload.close()
            # The machine is not equally fast all the time.
            after = _peak(cluster.nodes, load, seconds)
            peak = (before.rate + after.rate) / 2
            figures[f"{label}: peak before and after, {PEAK_WRITERS} writers with a connection each, writes/s"] = (
                f"{before.rate:.0f}, {after.rate:.0f}"
            )
            figures[f"{label}: µs of all nodes, and of the load, for one, at the peak"] = (
                f"{before.burden}, {after.burden}"
            )
            figures[f"{label}: the same in between"] = under_load
            done = sum(one <= ended_s for one in overload.committed_s) / (ended_s - began_s)
            told = _told(overload) | {
                "handed in a second, of the peak; for the rest no client was free": sent_count / seconds / peak,
                "committed a second meanwhile, of the peak": done / peak,
                "last one committed after the end of the load, s": max(overload.committed_s) - ended_s,
            }
            figures |= {f"{label}: {name}": round(value, 2) for name, value in told.items()}
            figures[f"{label}: memory more than at the peak, MiB, each node"] = ", ".join(
                f"{one:+.1f}" for one in grown
            )
    return figures


def _peak(nodes: Sequence[DemoNode], load: SignedLoad, seconds: float) -> Peak:
    """Writes a second of writers that wait for their answers, and what these cost."""
    ones = load.next_ones(int(2_000 * seconds))
    burden = Burden(nodes)
    began_s = time.perf_counter()
    found = write_requesting([node.http_address for node in nodes], PEAK_WRITERS, ones, seconds)
    count = len(found.answered_s)
    return Peak(count / (max(found.answered_s) - began_s), burden.of(count))


def _told(overload: Overload) -> dict[str, float]:
    latencies_ms = sorted(overload.latencies_ms)
    return {
        "answers 429": overload.refused_count,
        "sent on a connection that was closed meanwhile": overload.broken_count,
        "transactions that were refused at least once, all committed in the end": len(overload.tries),
        "connections opened": overload.connected_count,
        "most times that one was handed in": max(overload.tries.values(), default=1),
        "accepted, median, ms": latencies_ms[len(latencies_ms) // 2],
        "accepted, 99th percentile, ms": latencies_ms[len(latencies_ms) * 99 // 100],
        "accepted, slowest, ms": latencies_ms[-1],
    }


def _memory_mib(node: DemoNode) -> float:
    return usage_of(_pid(node)).anonymous_bytes / 2**20


def _pid(node: DemoNode) -> int:
    assert node.process.pid is not None
    return node.process.pid


def main() -> None:
    """Measure and write `benchmarks/results/overload.{json,md}`."""
    parser = argparse.ArgumentParser(description="more than a network can do")
    parser.add_argument("--times", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--beside", default="nothing", help="what else ran on the machine, for the report")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="banyan-overload-") as name:
        figures = measure(Path(name), options.times, options.seconds)
    figures["beside it ran"] = options.beside
    write_report("overload", "Four times what a network of three can do", figures)
    for label, value in figures.items():
        print(f"{label}: {value}")


if __name__ == "__main__":
    main()
