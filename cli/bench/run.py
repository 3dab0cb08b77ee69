"""A measurement: a network of real processes on this machine, loaded by more and more writers.

Owns the order: make the network, prepare it, warm it up, load it with each number of writers, read what the processes
used. Every figure is of one run; what other programs take from the machine is in all of them.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from cli.bench.process_meter import Usage, usage_of
from cli.bench.requesting import write_requesting
from cli.bench.signed_load import LoadKind, SignedLoad
from cli.bench.streaming import write_streaming
from cli.bench.written import ANSWER_WAIT_S, Written
from cli.client import NodeClient
from cli.demo.cluster import Cluster, DemoNode
from cli.demo.network import make_network
from cli.demo.recording import PACK
from cli.demo.termination import termination_as_interruption
from cli.errors import CommandError

# A few connections, as programs keep them: what is measured is transactions, not connections.
CONNECTIONS = 4
# Python, its caches and the files are warm after it.
WARM_UP_WRITES = 500
WARM_UP_WRITERS = 64
# Signed for so many a second: more than any network here has done. What is not sent is thrown away.
RATE_MAX = 16_000
RATE_ALONE_MAX = 1_000


@dataclass(frozen=True, slots=True)
class BenchPlan:
    """What is measured. `writers`: how many at the same time, one measurement each, `seconds` long.

    `by_request`: every writer has a connection of its own, and a request for each transaction; else a few connections
    carry all of them. `at_leader`: all connections are with the node that leads, else with all nodes in turn.
    `in_batches`: transactions are signed together, up to 1,024 with one signature.
    """

    nodes: int
    is_mesh: bool
    kind: LoadKind
    writers: tuple[int, ...]
    seconds: float
    by_request: bool = False
    at_leader: bool = False
    in_batches: bool = False


@dataclass(frozen=True, slots=True)
class Level:
    """What came of one number of writers."""

    writers: int
    count: int
    rate: float
    p50_ms: float
    p99_ms: float
    refused: int
    # Of each node, in the order of their numbers, while they were loaded.
    usages: tuple[Usage, ...]

    @property
    def processor_us(self) -> float:
        """Processor time of all nodes for one transaction."""
        return sum(one.processor_s for one in self.usages) / self.count * 1_000_000

    @property
    def disk_bytes(self) -> float:
        """What one transaction makes one node write to its disk, on average."""
        return sum(one.written_bytes for one in self.usages) / len(self.usages) / self.count

    def to_json(self) -> dict[str, object]:
        """For documents."""
        return {
            "writers": self.writers,
            "count": self.count,
            "rate": round(self.rate, 1),
            "p50_ms": round(self.p50_ms, 2),
            "p99_ms": round(self.p99_ms, 2),
            "refused": self.refused,
            "processor_us": round(self.processor_us, 1),
            "disk_bytes": round(self.disk_bytes),
            "memory_mib": [round(one.anonymous_bytes / 2**20) for one in self.usages],
        }


# What surrounds a load: gets the numbers of the nodes' processes.
Loaded: TypeAlias = Callable[[list[int]], AbstractContextManager[None]]


@contextmanager
def _unwatched(_pids: list[int]) -> Iterator[None]:
    yield


def run_bench(
    plan: BenchPlan,
    folder: Path | None,
    tell: Callable[[Level], None],
    loaded: Loaded = _unwatched,
    module: str = "cli",
) -> list[Level]:
    """Carry out the plan; `tell` hears of each level when it is done.

    Args:
        plan: What is measured.
        folder: Where the nodes keep their files: their disk is what is measured. None takes the temporary folder.
        tell: Called once for each number of writers.
        loaded: What surrounds each load, for whoever looks at the processes.
        module: What runs as a node.

    Raises:
        CommandError: a node did not start or broke off, or a transaction was refused.
        KeyboardInterrupt: Ctrl-C or SIGTERM; the nodes are ended, their folder is gone.
    """
    with (
        termination_as_interruption(),
        tempfile.TemporaryDirectory(prefix="banyan-bench-", dir=folder) as name,
    ):
        _, places = make_network(Path(name), plan.nodes, PACK, is_mesh=plan.is_mesh)
        with Cluster(places, module) as cluster:
            load = SignedLoad(places[0].home, plan.kind, in_batches=plan.in_batches)
            leader = cluster.wait_for_leader().node
            _prepare(leader, load)
            nodes = [leader] if plan.at_leader else list(cluster.nodes)
            addresses = [node.http_address for node in nodes]
            write_streaming(addresses, WARM_UP_WRITERS, CONNECTIONS, load.next_ones(WARM_UP_WRITES), ANSWER_WAIT_S)
            found = []
            for writers in plan.writers:
                level = _level(plan, cluster, addresses, load, writers, loaded)
                tell(level)
                found.append(level)
            cluster.wait_until_level()
            return found


def _prepare(leader: DemoNode, load: SignedLoad) -> None:
    with NodeClient(leader.place.home) as client:
        answer = client.post("/v1/transactions", load.preparation(), "application/msgpack", wait=round(ANSWER_WAIT_S))
    if answer["status"] != "committed" or answer["result"]["code"] != "ok":
        raise CommandError("the network does not take its first transaction: {answer}", answer=str(answer))


def _level(
    plan: BenchPlan,
    cluster: Cluster,
    addresses: Sequence[tuple[str, int]],
    load: SignedLoad,
    writers: int,
    loaded: Loaded,
) -> Level:
    ones = load.next_ones(int(min(RATE_MAX, RATE_ALONE_MAX * writers) * plan.seconds))
    with loaded([node.process.pid for node in cluster.nodes if node.process.pid is not None]):
        before = _usages(cluster)
        begun_s = time.perf_counter()
        if plan.by_request:
            written = write_requesting(addresses, writers, ones, plan.seconds)
        else:
            written = write_streaming(addresses, writers, CONNECTIONS, ones, plan.seconds)
    usages = tuple(now.since(then) for now, then in zip(_usages(cluster), before, strict=True))
    return _judged(writers, written, begun_s, usages)


def _judged(writers: int, written: Written, begun_s: float, usages: tuple[Usage, ...]) -> Level:
    if not written.answered_s:
        raise CommandError(
            "no transaction of the load was accepted; the first answer is {answer}",
            answer=(written.refused or [b"none"])[0].decode("utf-8", "replace")[:500],
        )
    latencies = sorted(written.latencies_s)
    count = len(latencies)
    return Level(
        writers=writers,
        count=count,
        rate=count / (max(written.answered_s) - begun_s),
        p50_ms=latencies[count // 2] * 1000,
        p99_ms=latencies[min(count - 1, count * 99 // 100)] * 1000,
        refused=len(written.refused),
        usages=usages,
    )


def _usages(cluster: Cluster) -> list[Usage]:
    pids = [node.process.pid for node in cluster.nodes]
    return [usage_of(pid) for pid in pids if pid is not None]
