"""How long `banyan audit` takes for a large ledger, and how much memory.

The ledger is made by the real pure node on the real store, in virtual time; making it is outside the clock. With
`--folder` it is kept there and used again. The audit then runs in a process of its own, so that the memory is its own.

Run: `python -m benchmarks.audit [--entries N] [--folder DIR]`
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import deque
from pathlib import Path

from benchmarks.report import write_report
from contracts.builtin import builtin_registry
from contracts.genesis_state import genesis_records
from daemon.effects import Alarm, Effect, Refused, SaveSignState, StoreBatch
from daemon.events import BatchStored, Event, SignStateSaved, Started, Stopping, Submission, Submitted, Ticked
from daemon.node import Node
from daemon.sign_state import SignState
from ledger.genesis import Genesis, Parameters, member_id
from ledger.node_keys import NodeDescription, NodeKeys
from ledger.signing import SigningKey
from ledger.state_digest import StateDigest
from ledger.transaction import Transaction, build_transaction
from ledger.verifier_key import KEY_TYPE_MEMBER, VerifierKey
from storage.lmdb_store import LmdbStore

START_MS = 1_790_000_000_000
BLOCK_INTERVAL_MS = 400
HOUR_MS = 3_600_000
UNITS = 1000
SENDERS = 16
KEYS = NodeKeys.from_seed(b"\x07" * 32)


def make_genesis(senders: list[SigningKey]) -> Genesis:
    """A network of one voter whose administrators are the senders."""
    node = NodeDescription(
        "alpha",
        "127.0.0.1:7001",
        KEYS.agreement.public,
        KEYS.log.public,
        KEYS.cosigner.public,
        KEYS.transport.public,
    )
    return Genesis(
        name="benchmark.example/ledger",
        created_ms=START_MS - 1000,
        visibility="public",
        quorum="majority",
        parameters=Parameters(),
        voters=(node,),
        administrators=tuple(
            VerifierKey(f"sender-{number}", KEY_TYPE_MEMBER, key.public) for number, key in enumerate(senders)
        ),
    )


class Maker:
    """A node without a shell: effects are carried out at once."""

    def __init__(self, folder: Path, genesis: Genesis) -> None:
        digest = StateDigest.empty()
        records = genesis_records(genesis)
        for key, value in records.items():
            digest.add(key, value)
        self.genesis = genesis
        self.store = LmdbStore.create(folder / "db", genesis.network_id, records, digest.lanes_bytes())
        self.node = Node(KEYS, genesis, builtin_registry(), self.store, SignState())
        self.now_ms = START_MS

    def run(self, event: Event) -> None:
        """Feed an event, and what follows from it."""
        waiting: deque[Event] = deque([event])
        while waiting:
            for effect in self.node.step(waiting.popleft()):
                followed = self._carry_out(effect)
                if followed is not None:
                    waiting.append(followed)

    def _carry_out(self, effect: Effect) -> Event | None:
        match effect:
            case StoreBatch(ticket, batch):
                self.store.apply([batch])
                return BatchStored(self.now_ms, ticket)
            case SaveSignState(ticket, _, _):
                return SignStateSaved(self.now_ms, ticket)
            case Refused(_, _, error, _) | Alarm(error):
                raise error
        return None


def make_ledger(folder: Path, entries: int) -> None:
    """A ledger of notices in `folder`, at least `entries` long."""
    senders = [SigningKey.from_seed(bytes([2, number]) * 16) for number in range(SENDERS)]
    genesis = make_genesis(senders)
    folder.mkdir(parents=True, exist_ok=True)
    maker = Maker(folder, genesis)
    members = [(key, member_id(genesis.network_id, key.public)) for key in senders]
    maker.run(Started(maker.now_ms))
    number = 0
    while maker.node.status().tree_size < entries:
        maker.now_ms += BLOCK_INTERVAL_MS
        batch = []
        for _ in range(genesis.parameters.block_transactions_max):
            key, member = members[number % SENDERS]
            batch.append(Submission(number, notice(genesis, key, member, number, maker.now_ms + HOUR_MS), ()))
            number += 1
        maker.run(Submitted(maker.now_ms, tuple(batch)))
        maker.store.maintain()
    maker.run(Ticked(maker.now_ms + 1000))
    maker.run(Stopping(maker.now_ms + 2000))
    while maker.store.maintain():
        pass
    maker.store.close()
    (folder / "genesis.json").write_text(genesis.to_json(), encoding="utf-8")


def notice(genesis: Genesis, key: SigningKey, member: bytes, number: int, expires_ms: int) -> Transaction:
    """One notice of about 300 bytes."""
    return build_transaction(
        genesis.network_id,
        member,
        "notice.post",
        {"unit": f"branch-{number % UNITS}", "title": f"notice {number} of the benchmark"},
        number.to_bytes(16, "big"),
        expires_ms,
        [key],
    )


def audit(folder: Path) -> dict[str, object]:
    """Audit the ledger in a process of its own; its report, with the most anonymous memory it had."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.audit", "--folder", str(folder), "--audit-only"],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    report: dict[str, object] = json.loads(done.stdout)
    return report


def audit_here(folder: Path) -> None:
    """Audit and print the report as JSON; progress goes to stderr."""
    from cli.audit.run import run_audit

    peak_mb = 0.0

    def progress(phase: str, done: int, total: int) -> None:
        nonlocal peak_mb
        peak_mb = max(peak_mb, anonymous_memory_mb())
        print(f"\r{phase}: {done:,} of {total:,}", end="", file=sys.stderr)

    report = run_audit(str(folder), folder / "genesis.json", progress)
    print(file=sys.stderr)
    print(json.dumps(report.to_json() | {"memory_mb": round(max(peak_mb, anonymous_memory_mb()))}))


def anonymous_memory_mb() -> float:
    """`RssAnon` of this process: what it holds itself, without the database's pages."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the operating system does not tell RssAnon")


def measure(folder: Path, entries: int) -> None:
    """Make the ledger if it is not there, audit it, write `benchmarks/results/audit.{json,md}`."""
    if not (folder / "genesis.json").exists():
        started = time.monotonic()
        make_ledger(folder, entries)
        print(f"made the ledger in {time.monotonic() - started:.0f} s", file=sys.stderr)
    report = audit(folder)
    assert report["ok"], report["finding"]
    checked, seconds = report["entries"], report["seconds"]
    assert isinstance(checked, int) and isinstance(seconds, float)
    write_report(
        "audit",
        "Auditing a large ledger",
        {
            "entries": checked,
            "blocks": report["blocks"],
            "seconds": round(seconds, 1),
            "seconds for 1,000,000 entries": round(seconds / checked * 1e6, 1),
            "required seconds for 1,000,000 entries": 300,
            "entries per second": round(checked / seconds),
            "most anonymous memory, MB": report["memory_mb"],
        },
    )


def main() -> None:
    """Parse the options and measure."""
    parser = argparse.ArgumentParser(description="how long an audit takes")
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the ledger is kept, or is already")
    parser.add_argument("--audit-only", action="store_true", help="audit the ledger in --folder in this process")
    options = parser.parse_args()
    if options.audit_only:
        audit_here(options.folder)
    elif options.folder is not None:
        measure(options.folder, options.entries)
    else:
        with tempfile.TemporaryDirectory(prefix="banyan-benchmark-") as folder:
            measure(Path(folder), options.entries)


if __name__ == "__main__":
    main()
