"""Banyan beside its peers: three nodes each, one after the other, the same sizes and numbers of writers.

What each promises is not the same, and stands in the table: who flushes on a quorum, who verifies signatures on every
node, whose links are encrypted. A round goes through all of them; the figures are medians of the rounds.

Run: `python -m benchmarks.peers [--rounds N] [--seconds S] [--writers LIST] [--folder DIR]`
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

from benchmarks.peers import etcd, nats, syncobj
from benchmarks.peers.programs import MissingPeerError
from benchmarks.peers.table import Measured, write_table
from cli.bench.run import BenchPlan, Level, run_bench
from cli.bench.signed_load import LoadKind
from cli.bench.written import Written

NODES = 3
SIZE_BYTES = 300
# More than any of them does in a second.
RATE_MAX = 30_000
RATE_ALONE_MAX = 4_000


class Running(Protocol):
    """A peer that can be written to."""

    def write(self, writers: int, seconds: float, count: int, size_bytes: int) -> Written:
        """Up to `count` entries of `size_bytes` each, for so many seconds."""


class Peer(NamedTuple):
    """What is measured, and what a write of it means."""

    name: str
    promises: str
    start: Callable[[Path, int], AbstractContextManager[Running]]


PEERS = (
    Peer(etcd.NAME, "flushed on a quorum; no signatures; plain links", etcd.running),
    Peer(nats.NAME, "flushed on a quorum; no signatures; plain links", nats.running),
    Peer(
        f"{syncobj.NAME}, signed",
        "journal flushed; verified on each node; plain links; load inside the leader",
        partial(syncobj.running, signed=True),
    ),
    Peer(
        f"{syncobj.NAME}, unsigned",
        "journal flushed; no signatures; plain links; load inside the leader",
        partial(syncobj.running, signed=False),
    ),
)
BANYAN = "Banyan, notices"
BANYAN_PROMISES = "flushed on a quorum; verified and executed on each node; TLS links; receipts"
IN_BATCHES = "as Banyan's other writes, up to 1,024 with one signature"


class Variant(NamedTuple):
    """What is written to Banyan, and how it is signed."""

    name: str
    promises: str
    kind: LoadKind
    in_batches: bool


VARIANTS = (
    Variant(BANYAN, BANYAN_PROMISES, LoadKind.NOTICE, in_batches=False),
    Variant("Banyan, notices in batches", IN_BATCHES, LoadKind.NOTICE, in_batches=True),
    Variant("Banyan, member records", "as notices; guards, effects and an office", LoadKind.MEMBER, in_batches=False),
    Variant("Banyan, member records in batches", IN_BATCHES, LoadKind.MEMBER, in_batches=True),
)


def measure_peer(peer: Peer, folder: Path, writers: tuple[int, ...], seconds: float) -> Iterator[Measured]:
    """One peer with each number of writers."""
    with tempfile.TemporaryDirectory(dir=folder) as name, peer.start(Path(name), NODES) as running:
        running.write(64, 1.0, 2000, SIZE_BYTES)
        for count in writers:
            begun_s = time.perf_counter()
            limit = int(min(RATE_MAX, RATE_ALONE_MAX * count) * seconds)
            written = running.write(count, seconds, limit, SIZE_BYTES)
            took_s = max(written.answered_s, default=begun_s) - begun_s
            yield _measured(peer.name, count, written, took_s)


def measure_banyan(variant: Variant, folder: Path, writers: tuple[int, ...], seconds: float) -> list[Measured]:
    """Banyan with each number of writers, as `banyan bench` does it."""
    plan = BenchPlan(
        NODES, is_mesh=True, kind=variant.kind, writers=writers, seconds=seconds, in_batches=variant.in_batches
    )

    def as_measured(level: Level) -> Measured:
        return Measured(variant.name, level.writers, level.rate, level.p50_ms, level.p99_ms, level.refused)

    return [as_measured(level) for level in run_bench(plan, folder, lambda _level: None)]


def _measured(name: str, writers: int, written: Written, took_s: float) -> Measured:
    latencies = sorted(written.latencies_s)
    count = len(latencies)
    if not count:
        raise MissingPeerError(f"{name} accepted nothing: {written.refused[:1]}")
    return Measured(
        name,
        writers,
        count / took_s,
        latencies[count // 2] * 1000,
        latencies[min(count - 1, count * 99 // 100)] * 1000,
        len(written.refused),
    )


@contextmanager
def _told(name: str) -> Iterator[None]:
    try:
        yield
    except MissingPeerError as error:
        print(f"{name} is left out: {error}", flush=True)


def main() -> None:
    """Measure and write `benchmarks/results/peers.{json,md}`."""
    parser = argparse.ArgumentParser(description="Banyan beside other replicated stores")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--writers", default="1,64,256")
    parser.add_argument("--folder", type=Path, default=None, help="on which disk; the temporary folder by default")
    options = parser.parse_args()
    writers = tuple(int(part) for part in options.writers.split(","))
    folder = options.folder or Path(tempfile.gettempdir())
    found: list[Measured] = []
    for number in range(options.rounds):
        print(f"round {number + 1}", flush=True)
        for peer in PEERS:
            with _told(peer.name):
                for one in measure_peer(peer, folder, writers, options.seconds):
                    print(f"  {one}", flush=True)
                    found.append(one)
        for variant in VARIANTS:
            for one in measure_banyan(variant, folder, writers, options.seconds):
                print(f"  {one}", flush=True)
                found.append(one)
    promises = {one.name: one.promises for one in (*PEERS, *VARIANTS)}
    write_table(_medians(found), promises, BANYAN, options.rounds)


def _medians(found: list[Measured]) -> list[Measured]:
    grouped: dict[tuple[str, int], list[Measured]] = {}
    for one in found:
        grouped.setdefault((one.name, one.writers), []).append(one)
    return [_median(ones) for ones in grouped.values()]


def _median(ones: list[Measured]) -> Measured:
    return Measured(
        ones[0].name,
        ones[0].writers,
        statistics.median(one.rate for one in ones),
        statistics.median(one.p50_ms for one in ones),
        statistics.median(one.p99_ms for one in ones),
        sum(one.refused for one in ones),
    )


if __name__ == "__main__":
    main()
