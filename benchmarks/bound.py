"""What three nodes could do if they had nothing to do but the ledger's own work, beside what they do.

Three processes at once, each with a store of its own on the same disk and cores, take the same signed transactions
through what no node can leave out: decode, verify, build the block and its tree, execute, digest, store durably. One
thread each, blocks of a thousand, handed in as bytes in memory: no sockets, TLS, gossip, agreement, pool, admission,
answers, nor a second look at anything. All of it is the product's own code. The network's figure of the same run stands
beside it; what separates the two is the network.

Run: `python -m benchmarks.bound [--rounds N] [--seconds S] [--count N] [--folder DISK]`
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path

from benchmarks.report import write_report
from cli.bench.run import BenchPlan, run_bench
from cli.bench.signed_load import LoadKind, SignedLoad
from cli.demo.network import make_network
from cli.demo.recording import PACK
from consensus.certificates import BlockCertificate
from contracts.protocols import builtin_protocols
from daemon.block_builder import Proposer, build_block
from daemon.chain import Chain
from daemon.collector import calm_collector
from daemon.home import OpenHome, open_home
from daemon.outgoing import Writer
from daemon.protocol_in_force import ProtocolInForce
from ledger.submission import decode_submission
from ledger.transaction import Transaction, decode_envelope, verify_signatures
from ledger.valid_batches import ValidBatches

NODES, BLOCK_TRANSACTIONS, WRITERS = 3, 1000, 256
# Where members of batches are verified, a client with many under way fills whole blocks with them.
BATCH_WRITERS = 1024
STAGES = ("decode and verify", "block and tree", "execution and digest", "storage")
LOADS = tuple((kind, in_batches) for kind in LoadKind for in_batches in (False, True))
DEADLINE_S = 600


@dataclass(frozen=True, slots=True)
class Work:
    """What one process did: when by the machine's clock, and its processor seconds by stage."""

    began_s: float
    ended_s: float
    stages_s: dict[str, float]


@dataclass(slots=True)
class Bare:
    """A ledger without a network around it. Certificates are made up: nobody here looks at them."""

    home: OpenHome
    stages_s: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))

    def run(self, ones: Sequence[bytes]) -> None:
        """Take all of these through, in blocks; each has to be executed and do what it asks for."""
        protocols, genesis, keys = builtin_protocols(), self.home.genesis, self.home.keys
        chain, writer, batches = Chain(genesis, protocols, self.home.store), Writer(), ValidBatches()
        protocol = ProtocolInForce(genesis, chain, protocols).next_protocol()
        assert protocol is not None
        proposer = Proposer(genesis.network_id, keys.agreement, keys.node_id, 1, bytes(32), protocol.version)
        for start in range(0, len(ones), BLOCK_TRANSACTIONS):
            clock_s = time.process_time()
            transactions = _verified(ones[start : start + BLOCK_TRANSACTIONS], batches)
            clock_s = self._end("decode and verify", clock_s)
            now_ms = time.time_ns() // 1_000_000
            block = build_block(proposer, chain.tip, transactions, now_ms, chain.executed_point())
            chain.append(block)
            writer.outgoing.blocks.append(block)
            clock_s = self._end("block and tree", clock_s)
            self._store(chain, writer)
            clock_s = self._end("storage", clock_s)
            certificate = BlockCertificate(1, block.header.height, block.header.hash, bytes(32), bytes(32), ())
            executed = chain.execute(certificate, writer.next_ticket)
            assert all(result.ok for one in executed for result in one.results), executed[0].results[0]
            writer.outgoing.executed += executed
            self._end("execution and digest", clock_s)
        clock_s = time.process_time()
        self._store(chain, writer)
        self._end("storage", clock_s)

    def _store(self, chain: Chain, writer: Writer) -> None:
        batch = writer.flush()
        assert batch is not None
        self.home.store.apply([batch.batch])
        for durable in writer.stored(batch.ticket):
            chain.stored(batch.ticket, durable.outgoing.executed)
        while self.home.store.is_maintenance_due:
            self.home.store.maintain()

    def _end(self, stage: str, began_s: float) -> float:
        now_s = time.process_time()
        self.stages_s[stage] += now_s - began_s
        return now_s


def _verified(ones: Sequence[bytes], batches: ValidBatches) -> list[Transaction]:
    transactions = [decode_envelope(decode_submission(one)[0]) for one in ones]
    assert all(verify_signatures(one, batches) for one in transactions)
    return transactions


def _work(home: Path, ones: Sequence[bytes], begin: Barrier, results: "SimpleQueue[Work]") -> None:
    """In a process of its own."""
    opened = open_home(home)
    try:
        bare = Bare(opened)
        # The unit first, and warm: the same as a network that is measured.
        bare.run(ones[:BLOCK_TRANSACTIONS])
        bare.stages_s = dict.fromkeys(STAGES, 0.0)
        calm_collector()
        begin.wait(DEADLINE_S)
        began_s = time.monotonic()
        bare.run(ones[BLOCK_TRANSACTIONS:])
        results.put(Work(began_s, time.monotonic(), bare.stages_s))
    finally:
        opened.close()


def bound(folder: Path, kind: LoadKind, in_batches: bool, count: int) -> tuple[float, dict[str, float]]:
    """Transactions a second that all three took in, and what one costs all of them by stage in µs."""
    _, places = make_network(folder, NODES, PACK, is_mesh=True)
    load = SignedLoad(places[0].home, kind, in_batches=in_batches)
    ones = [load.preparation(), *load.next_ones(BLOCK_TRANSACTIONS - 1 + count)]
    context = get_context("spawn")
    begin, results = context.Barrier(NODES), context.SimpleQueue()
    processes = [context.Process(target=_work, args=(place.home, ones, begin, results)) for place in places]
    for process in processes:
        process.start()
    try:
        for process in processes:
            process.join(DEADLINE_S)
            if process.exitcode != 0:
                raise RuntimeError(f"a process of the benchmark ended with {process.exitcode}")
    finally:
        for process in processes:
            process.kill()
    works = [results.get() for _ in processes]
    elapsed_s = max(one.ended_s for one in works) - min(one.began_s for one in works)
    stages = {stage: sum(one.stages_s[stage] for one in works) / count * 1_000_000 for stage in STAGES}
    return count / elapsed_s, stages


def network(folder: Path, kind: LoadKind, in_batches: bool, seconds: float) -> tuple[float, float]:
    """What three whole nodes do with the same: transactions a second, and µs of all nodes for each."""
    writers = BATCH_WRITERS if in_batches else WRITERS
    plan = BenchPlan(NODES, is_mesh=True, kind=kind, writers=(writers,), seconds=seconds, in_batches=in_batches)
    (level,) = run_bench(plan, folder, lambda _level: None)
    return level.rate, level.processor_us


def main() -> None:
    """Measure in rounds, and write `benchmarks/results/bound.{json,md}`."""
    parser = argparse.ArgumentParser(description="three nodes beside the work that no node can leave out")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="on which disk")
    options = parser.parse_args()
    figures: dict[str, object] = {"rounds, the median counts": options.rounds}
    for kind, in_batches in LOADS:
        name = f"{kind.value}{', signed in batches' if in_batches else ''}"
        bounds, networks, shares = [], [], []
        for _ in range(options.rounds):
            with tempfile.TemporaryDirectory(prefix="banyan-bound-", dir=options.folder) as folder:
                bounds.append(bound(Path(folder), kind, in_batches, options.count))
            networks.append(network(options.folder, kind, in_batches, options.seconds))
            shares.append(networks[-1][0] / bounds[-1][0])
            print(name, [round(one) for one in (bounds[-1][0], *networks[-1])], round(shares[-1], 2), flush=True)
        figures[f"{name}: bound, transactions/s"] = round(statistics.median(one for one, _ in bounds))
        for stage in STAGES:
            middle = statistics.median(stages[stage] for _, stages in bounds)
            figures[f"{name}: bound, {stage}, µs of all three"] = round(middle)
        figures[f"{name}: network, transactions/s"] = round(statistics.median(rate for rate, _ in networks))
        figures[f"{name}: network, µs of all three"] = round(statistics.median(cost for _, cost in networks))
        figures[f"{name}: network, share of the bound"] = round(statistics.median(shares), 2)
    write_report("bound", "Three nodes beside the work that none can leave out", figures)


if __name__ == "__main__":
    main()
