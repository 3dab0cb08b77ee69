"""Reading records beside etcd: `local` reads of one node, and etcd's serializable ones, over HTTP and JSON both.

Each reader has a connection of its own and one question under way. One node of three is asked, nothing is written
meanwhile, and the records are drawn from those that were written before. etcd answers its gateway's
`POST /v3/kv/range`, Banyan `GET /v1/records/notice/ID`. Beside that: reads that are linearizable.

Run: `python -m benchmarks.reads [--rounds N] [--seconds S] [--readers LIST]`
"""

import argparse
import base64
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from benchmarks.peers import etcd
from benchmarks.peers.programs import MissingPeerError
from benchmarks.report import write_report
from cli.bench.requesting import Form, ReadingForm, RequestForm, write_requesting
from cli.bench.signed_load import LoadKind, SignedLoad
from cli.bench.streaming import write_streaming
from cli.bench.written import ANSWER_WAIT_S
from cli.client import NodeClient
from cli.demo.cluster import Cluster
from cli.demo.network import make_network
from cli.demo.recording import PACK

NODES, RECORDS, VALUE_SIZE_BYTES = 3, 2_000, 300
# More than anything here answers in a second.
RATE_MAX = 30_000
Measured = tuple[float, float, float]


def measure(address: tuple[str, int], form: Form, questions: Sequence[bytes], readers: int, seconds: float) -> Measured:
    """Answers a second, and the median and the 99th percentile of their times in milliseconds."""
    began_s = time.perf_counter()
    found = write_requesting([address], readers, questions, seconds, form)
    assert not found.refused, found.refused[0]
    latencies_ms = sorted(one * 1000 for one in found.latencies_s)
    rate = len(latencies_ms) / (max(found.answered_s) - began_s)
    return rate, latencies_ms[len(latencies_ms) // 2], latencies_ms[len(latencies_ms) * 99 // 100]


def drawn(ones: Sequence[bytes], seconds: float) -> list[bytes]:
    """More questions than can be answered in that time."""
    return Random(1).choices(ones, k=int(RATE_MAX * seconds))


def of_banyan(folder: Path, readers: Sequence[int], seconds: float) -> dict[str, Measured]:
    """Both kinds of reads, at a node that does not lead."""
    found: dict[str, Measured] = {}
    _, places = make_network(folder, NODES, PACK, is_mesh=True)
    with Cluster(places) as cluster:
        leader = cluster.wait_for_leader().node
        load = SignedLoad(places[0].home, LoadKind.NOTICE)
        write_streaming([leader.http_address], 64, 4, load.next_ones(RECORDS), ANSWER_WAIT_S)
        cluster.wait_until_level()
        asked = next(node for node in cluster.nodes if node is not leader)
        with NodeClient(asked.place.home) as client:
            ids = [one["id"] for one in client.get("/v1/records/notice", limit=1000, ids="true")["records"]]
        address = asked.http_address
        form = ReadingForm(lambda answer: b'"version"' in answer)
        targets = [f"/v1/records/notice/{one}" for one in ids]
        for count in readers:
            questions = drawn([one.encode() for one in targets], seconds)
            found[f"Banyan, local, {count}"] = measure(address, form, questions, count, seconds)
            questions = drawn([f"{one}?linearizable=true".encode() for one in targets], seconds)
            found[f"Banyan, linearizable, {count}"] = measure(address, form, questions, count, seconds)
    return found


def of_etcd(folder: Path, readers: Sequence[int], seconds: float) -> dict[str, Measured]:
    """Serializable reads; nothing where there is no etcd."""
    found: dict[str, Measured] = {}
    form = RequestForm("/v3/kv/range", "application/json", lambda answer: b'"kvs"' in answer)
    try:
        with etcd.running(folder, NODES) as cluster:
            cluster.write(64, ANSWER_WAIT_S, RECORDS, VALUE_SIZE_BYTES)
            keys = [base64.b64encode(b"notice/%d" % number).decode() for number in range(RECORDS)]
            for kind, serializable in (("serializable", True), ("linearizable", False)):
                ones = [json.dumps({"key": key, "serializable": serializable}).encode() for key in keys]
                for count in readers:
                    measured = measure(cluster.addresses[0], form, drawn(ones, seconds), count, seconds)
                    found[f"etcd, {kind}, {count}"] = measured
    except MissingPeerError:
        return {}
    return found


def main() -> None:
    """Measure and write `benchmarks/results/reads.{json,md}`."""
    parser = argparse.ArgumentParser(description="record reads beside etcd")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--readers", type=lambda text: [int(one) for one in text.split(",")], default=[1, 64])
    parser.add_argument("--beside", default="nothing", help="what else ran on the machine, for the report")
    options = parser.parse_args()
    rounds: dict[str, list[Measured]] = {}
    both: tuple[Callable[[Path, Sequence[int], float], dict[str, Measured]], ...] = (of_etcd, of_banyan)
    for _ in range(options.rounds):
        for measure_it in both:
            with tempfile.TemporaryDirectory(prefix="banyan-reads-") as name:
                for label, measured in measure_it(Path(name), options.readers, options.seconds).items():
                    rounds.setdefault(label, []).append(measured)
    figures: dict[str, object] = {"nodes": NODES, "rounds": options.rounds}
    for label, several in rounds.items():
        rate, p50_ms, p99_ms = (statistics.median(one[place] for one in several) for place in range(3))
        figures[f"{label} readers: reads/s, p50 and p99 ms"] = f"{rate:,.0f}, {p50_ms:.2f}, {p99_ms:.2f}"
        print(label, figures[f"{label} readers: reads/s, p50 and p99 ms"])
    figures["beside it ran"] = options.beside
    write_report("reads", "Reading records beside etcd, one node of three asked", figures)


if __name__ == "__main__":
    main()
