"""What a periodic check over many members costs each block that it is spread over, state digest included.

Members of a pack stand in a state in memory; one in a hundred owes six months. The check's timer falls due, and empty
blocks are executed until it is done. Time is that of the processor: what other programs take from a shared machine is
not the engine's.

Run: `python -m benchmarks.sweep [--members N]`
"""

import argparse
import gc
import time
from bisect import bisect_right, insort

from benchmarks.report import write_report
from contracts.calendar.dates import day_of
from contracts.record import Record, record_key
from ledger.encoding import Value
from ledger.state_digest import StateDigest
from tests.contracts.dict_state import DictState
from tests.contracts.organisation import Organisation
from tests.contracts.records.dues import DUES, UNIT, begin, first_moment
from tests.contracts.records.packs import compiled, fields_of, put_in_force

# A block that takes longer keeps a voter from answering the leader's heartbeats in time.
REQUIRED_MS = 100
LATE_EVERY = 100


class SortedState(DictState):
    """A state that finds the next key by bisection, as a store does."""

    def __init__(self, records: dict[bytes, bytes]) -> None:
        super().__init__(records)
        self._keys = sorted(records)

    def __setitem__(self, key: bytes, value: bytes) -> None:
        if key not in self:
            insort(self._keys, key)
        super().__setitem__(key, value)

    def __delitem__(self, key: bytes) -> None:
        super().__delitem__(key)
        del self._keys[bisect_right(self._keys, key) - 1]

    def pop(self, key: bytes, *default: bytes) -> bytes:  # type: ignore[override]
        """Remove a record."""
        found = self[key] if key in self or not default else default[0]
        if key in self:
            del self[key]
        return found

    def next_key(self, prefix: bytes, after: bytes = b"") -> bytes | None:
        """The smallest key with this prefix above `after`."""
        at = bisect_right(self._keys, after) if after >= prefix else bisect_right(self._keys, prefix)
        found = self._keys[at] if at < len(self._keys) else None
        return found if found is not None and found.startswith(prefix) else None


def prepared(members: int) -> Organisation:
    """A branch whose members pay dues, every hundredth of them not."""
    ledger = Organisation()
    ledger.at(first_moment(1))
    ledger.add_unit(UNIT)
    put_in_force(ledger, compiled(DUES))
    begin(ledger)
    pattern = Record(1, fields_of_one(ledger)).fields
    for number in range(members):
        person = f"p{number:06d}"
        paid = day_of(2025, 1, 1) if number % LATE_EVERY == 0 else day_of(2027, 1, 1)
        fields = pattern | {"values": {"paid_until": paid, "person": person}}
        ledger.state[record_key("payer", f"{UNIT}/{person}")] = Record(1, fields).encode()
    ledger.state = SortedState(dict(ledger.state))
    return ledger


def fields_of_one(ledger: Organisation) -> dict[str, Value]:
    """What the engine writes for one member."""
    values: dict[str, Value] = {"person": "pattern", "paid_until": day_of(2027, 1, 1)}
    assert ledger.code("records.create", {"type": "payer", "unit": UNIT, "fields": values}) == "ok"
    return fields_of(ledger, "payer", f"{UNIT}/pattern")


def main() -> None:
    """Measure and write `benchmarks/results/sweep.{json,md}`."""
    parser = argparse.ArgumentParser(description="the cost of a periodic check, block by block")
    parser.add_argument("--members", type=int, default=100_000)
    options = parser.parse_args()
    ledger = prepared(options.members)
    digest = StateDigest.empty()
    ledger.at(first_moment(2))
    gc.collect()
    gc.freeze()
    blocks_ms: list[float] = []
    while True:
        started = time.process_time()
        executed = ledger.execute()
        digest.apply(executed.changes)
        if not any(one.purpose.startswith("records.") for one in executed.effects):
            break
        blocks_ms.append((time.process_time() - started) * 1000)
    done = fields_of(ledger, "check", "payer/arrears")["done"]
    assert isinstance(done, dict)
    assert (done["looked_at"], done["found"]) == (options.members + 1, -(-options.members // LATE_EVERY)), done
    print(f"{len(blocks_ms)} blocks, the longest {max(blocks_ms):.1f} ms, together {sum(blocks_ms) / 1000:.1f} s")
    write_report(
        "sweep",
        f"A periodic check over {options.members:,} members, spread over blocks",
        {
            "members looked at, each once": done["looked_at"],
            "of these found, each with a case opened": done["found"],
            "blocks": len(blocks_ms),
            f"ms of the longest block, state digest included (at most {REQUIRED_MS} wanted)": round(max(blocks_ms), 1),
            "ms of a block, on average": round(sum(blocks_ms) / len(blocks_ms), 2),
            "µs a member": round(sum(blocks_ms) * 1000 / options.members, 1),
        },
    )


if __name__ == "__main__":
    main()
