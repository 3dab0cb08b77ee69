"""Entries a second through one node in one process, everything on, beside what Ed25519 alone takes.

The whole way but HTTP: decode, verify on threads, admit, build the block, tree, store durably, sign, execute, digest,
store durably, tell. The load is signed beforehand. In the same run one core does nothing but verify the same
signatures: that is the bound which the figure is put beside.

Run: `python -m benchmarks.pipeline [--entries N] [--senders S]`
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import trio

from benchmarks.load import HOUR_MS, Load, anonymous_memory_mb, make_folder
from benchmarks.report import write_report
from contracts.protocols import builtin_protocols
from daemon.collector import calm_collector
from daemon.home import open_home
from daemon.metrics import Metrics
from daemon.node import Node
from daemon.pending import Pending, SubmissionStatus
from daemon.service import Service
from daemon.system_chance import SystemChance
from ledger.transaction import decode_envelope, verify_signatures

# What one client has under way, as in a batch over HTTP: outcomes are looked at and let go.
UNDER_WAY_MAX = 8192


@dataclass(frozen=True)
class Figures:
    """One run's figures; rates in entries a second."""

    entries: int
    pipeline_rate: float
    verify_rate: float
    anonymous_memory_mb: float

    @property
    def share(self) -> float:
        """The pipeline's rate as a share of what one core can verify."""
        return self.pipeline_rate / self.verify_rate


def now_ms() -> int:
    """The machine's clock."""
    return time.time_ns() // 1_000_000


def verify_rate(load: list[bytes]) -> float:
    """Signatures one core verifies in a second: the median of five rounds."""
    transactions = [decode_envelope(envelope) for envelope in load[:2000]]
    rounds = []
    for _ in range(5):
        start = time.perf_counter()
        assert all(verify_signatures(transaction) for transaction in transactions)
        rounds.append(len(transactions) / (time.perf_counter() - start))
    return statistics.median(rounds)


async def check_next(under_way: deque[Pending]) -> None:
    """Wait for the oldest: it is in the log, executed and did what it asked for."""
    outcome = await under_way.popleft().wait()
    assert outcome.status is SubmissionStatus.COMMITTED, outcome
    assert outcome.result is not None, outcome
    assert outcome.result.ok, outcome


async def pipeline_rate(service: Service, load: list[bytes]) -> float:
    """Entries a second from the first submission to the last report."""
    async with trio.open_nursery() as nursery:
        await nursery.start(service.run)
        with trio.fail_after(30):
            while not service.status().opened:
                await service.next_move().wait()
        start = time.perf_counter()
        under_way: deque[Pending] = deque()
        for raw in load:
            if len(under_way) == UNDER_WAY_MAX:
                await check_next(under_way)
            under_way.append(await service.start_submission(raw))
        while under_way:
            await check_next(under_way)
        elapsed = time.perf_counter() - start
        await service.stop(60_000)
    return len(load) / elapsed


def measure(folder: Path, entries: int, sender_count: int) -> Figures:
    """Make a node in `folder`, load it, and measure."""
    made = Load(make_folder(folder, sender_count, now_ms() - 1000))
    expires_ms = now_ms() + 6 * HOUR_MS
    load = [made.notice(number, expires_ms).envelope for number in range(entries)]
    home = open_home(folder)
    before = verify_rate(load)
    try:
        node = Node(
            home.keys,
            home.genesis,
            builtin_protocols(),
            home.store,
            home.sign_state.state,
            home.sign_state.certificate,
            SystemChance(),
        )
        service = Service(
            node, home.store, home.sign_state, now_ms, os.cpu_count() or 1, Metrics(), lambda *_, **__: None
        )
        calm_collector()
        rate = trio.run(pipeline_rate, service, load)
        memory = anonymous_memory_mb()
    finally:
        home.close()
    return Figures(entries, rate, statistics.mean([before, verify_rate(load)]), memory)


def main() -> None:
    """Measure and write `benchmarks/results/pipeline.{json,md}`."""
    parser = argparse.ArgumentParser(description="entries a second through one node in one process")
    parser.add_argument("--entries", type=int, default=50_000)
    parser.add_argument("--senders", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rounds = []
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            figures = measure(Path(folder) / "node", options.entries, options.senders)
        rounds.append(figures)
        print(
            json.dumps(
                {
                    "pipeline/s": round(figures.pipeline_rate),
                    "Ed25519/s": round(figures.verify_rate),
                    "share": round(figures.share, 3),
                    "RssAnon MB": round(figures.anonymous_memory_mb),
                }
            )
        )
    middle = sorted(rounds, key=lambda one: one.share)[len(rounds) // 2]
    write_report(
        "pipeline",
        "One node in one process, everything on",
        {
            "entries": middle.entries,
            "entries per second through the node": round(middle.pipeline_rate),
            "Ed25519 verifications per second on one core, same run": round(middle.verify_rate),
            "share of that bound": round(middle.share, 3),
            "required share": 0.333,
            "anonymous memory at the end, MB (the load itself included)": round(middle.anonymous_memory_mb),
        },
    )


if __name__ == "__main__":
    main()
