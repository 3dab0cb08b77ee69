"""What a transaction of the record engine costs, state digest included, beside one Ed25519 verification.

A clerk takes a transition of a record of a pack: an office is looked up, a guard of three clauses holds, the record and
a counter are written, three chains are lengthened. Blocks of 1,000 are executed on a state in memory and their changes
put into the state digest. In the same run one core verifies the signatures of the same transactions. Time is that of
the processor: what other programs take from a shared machine is not the engine's.

Run: `python -m benchmarks.records [--transactions N] [--rounds N]`
"""

import argparse
import gc
import os
import time
from dataclasses import dataclass

from benchmarks.report import write_report
from contracts.runtime import execute_block
from daemon.collector import calm_collector
from ledger.state_digest import StateDigest
from ledger.transaction import Transaction, decode_envelope, verify_signatures
from tests.contracts.organisation import Organisation, key_of
from tests.contracts.records.packs import compiled, put_in_force

REQUIRED_US = 60
BLOCK_SIZE = 1000
CLERKS = 4
PACK = """
[pack]
name = "tasks"
version = 1
title = { en = "Tasks", zh = "任务" }
summary = { en = "Tasks.", zh = "任务。" }
[role.clerk]
title = { en = "Clerk", zh = "干事" }
summary = { en = "Works.", zh = "做事。" }
[type.task]
title = { en = "Task", zh = "任务" }
id = "number"
[type.task.field.title]
type = "text"
class = "ledger"
required = true
title = { en = "Title", zh = "标题" }
[type.task.field.points]
type = "integer"
class = "ledger"
title = { en = "Points", zh = "分数" }
[type.task.field.level]
type = "enum"
class = "ledger"
title = { en = "Level", zh = "级别" }
values.full = { en = "Full", zh = "完整" }
values.part = { en = "Part", zh = "部分" }
[type.task.state.open]
title = { en = "Open", zh = "待办" }
[type.task.state.done]
title = { en = "Done", zh = "完成" }
final = true
[type.task.transition.plan]
from = ""
to = "open"
title = { en = "Plan", zh = "计划" }
by = ["role:clerk"]
sets = ["title", "level"]
[type.task.transition.finish]
from = "open"
to = "done"
title = { en = "Finish", zh = "完成" }
by = ["role:clerk"]
sets = ["points"]
requires = ["points", "level"]
guards = ["good"]
effects = [{ do = "count", counter = "finished", by = "1" }]
[type.task.rule.good]
expression = "points >= 60 and level == \\"full\\" and since_days <= 365"
text = { en = "needs {right}, has {left}", zh = "需要{right}，现有{left}" }
"""


@dataclass(frozen=True)
class Figures:
    """Microseconds a transaction, of one round."""

    execution_us: float
    digest_us: float
    verification_us: float

    @property
    def total_us(self) -> float:
        """Execution and the transaction's share of the state digest."""
        return self.execution_us + self.digest_us

    @property
    def ratio(self) -> float:
        """How many verifications one transaction costs."""
        return self.total_us / self.verification_us


def prepared(count: int) -> tuple[Organisation, list[Transaction]]:
    """A unit with so many open tasks, and the transactions that finish them."""
    ledger = Organisation()
    ledger.add_unit("branch-1")
    clerks = [f"clerk-{number}" for number in range(CLERKS)]
    for clerk in clerks:
        ledger.add_person(clerk)
        ledger.add_office("branch-1", "clerk", clerk)
    put_in_force(ledger, compiled(PACK))
    planned = [
        ledger.transaction(
            "records.create",
            {"type": "task", "unit": "branch-1", "fields": {"title": f"task {number}", "level": "full"}},
            key_of(clerks[number % CLERKS]),
        )
        for number in range(count)
    ]
    assert all(result.ok for result in ledger.execute(*planned).results)
    finishing = [
        ledger.transaction(
            "records.act",
            {
                "type": "task",
                "id": f"branch-1/{number + 1:06d}",
                "transition": "finish",
                "fields": {"points": 60 + number % 40},
            },
            key_of(clerks[number % CLERKS]),
        )
        for number in range(count)
    ]
    return ledger, [decode_envelope(one.envelope) for one in finishing]


def measure(count: int) -> Figures:
    """One round on a new state."""
    ledger, transactions = prepared(count)
    started = time.process_time()
    assert all(verify_signatures(one) for one in transactions)
    verification = time.process_time() - started
    digest = StateDigest.empty()
    # As in a node.
    calm_collector()
    execution = digesting = 0.0
    for first in range(0, count, BLOCK_SIZE):
        part = transactions[first : first + BLOCK_SIZE]
        block = ledger.block(part)
        started = time.process_time()
        executed = execute_block(ledger.registry, ledger.state, block)
        execution += time.process_time() - started
        assert all(result.ok for result in executed.results)
        ledger.execute(*part)
        started = time.process_time()
        digest.apply(executed.changes)
        digesting += time.process_time() - started
    gc.unfreeze()
    return Figures(*(seconds / count * 1e6 for seconds in (execution, digesting, verification)))


def main() -> None:
    """Measure and write `benchmarks/results/records.{json,md}`."""
    parser = argparse.ArgumentParser(description="the cost of a transaction of the record engine")
    parser.add_argument("--transactions", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    rounds = [measure(options.transactions) for _ in range(options.rounds)]
    for one in rounds:
        print(f"{one.total_us:.1f} µs, of which digest {one.digest_us:.1f}; Ed25519 {one.verification_us:.1f}")
    middle = sorted(rounds, key=lambda one: one.ratio)[len(rounds) // 2]
    write_report(
        "records",
        f"One transaction of the record engine, in blocks of {BLOCK_SIZE:,}",
        {
            f"µs a transaction, state digest included (at most {REQUIRED_US} wanted)": round(middle.total_us, 1),
            "of which execution": round(middle.execution_us, 1),
            "of which state digest": round(middle.digest_us, 1),
            "µs for one Ed25519 verification, beside it": round(middle.verification_us, 1),
            "verifications that a transaction costs": round(middle.ratio, 2),
            "best round, µs": round(min(one.total_us for one in rounds), 1),
            "worst round, µs": round(max(one.total_us for one in rounds), 1),
            "programs that wanted the two cores meanwhile (load average)": round(os.getloadavg()[0], 1),
        },
    )


if __name__ == "__main__":
    main()
