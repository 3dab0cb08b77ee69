"""A ledger with units and plans whose clock the test moves."""

from dataclasses import dataclass

from contracts.calendar.dates import DAY_MS, parse_date
from contracts.calendar.recurrence import Recurrence
from contracts.record import parse_record_key
from contracts.result import Event, Result
from contracts.runtime import Execution
from ledger.encoding import Value
from ledger.transaction import Transaction
from tests.contracts.trial_ledger import ADMINISTRATOR, TrialLedger

UNIT = "branch-1"
HOUR_MS = 3_600_000
# A Tuesday.
BEGIN = parse_date("2026-09-01")


@dataclass
class ScheduleLedger(TrialLedger):
    """`unit` is founded; every block's events are kept."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.events: list[Event] = []
        self.runs_per_block: list[int] = []
        self.time_ms = BEGIN * DAY_MS
        self.found(UNIT)

    def found(self, unit: str) -> None:
        result = self.result("units.create", {"unit": unit, "kind": "branch", "name": unit}, ADMINISTRATOR)
        assert result.ok, result

    def execute(self, *transactions: Transaction) -> Execution:
        execution = super().execute(*transactions)
        for effect in execution.effects:
            self.events.extend(effect.events)
        for result in execution.results:
            self.events.extend(result.events)
        assert all(effect.ok for effect in execution.effects), execution.effects
        self.runs_per_block.append(len(execution.effects))
        return execution

    def plan(self, recurrence: Recurrence, since: str = "2026-09-01", **more: Value) -> Result:
        arguments: dict[str, Value] = {"unit": UNIT, "title": "a meeting", "grace_days": 0}
        arguments |= {"recurrence": recurrence.encode_value(), "since": since}
        return self.result("schedule.plan", arguments | more, ADMINISTRATOR)

    def hold(self, number: int, at_ms: int, unit: str = UNIT) -> Result:
        return self.result("schedule.hold", {"unit": unit, "number": number, "at": at_ms}, ADMINISTRATOR)

    def move_to(self, time_ms: int) -> None:
        """One empty block at `time_ms`, which is later than now."""
        assert time_ms > self.time_ms
        self.time_ms = time_ms - 1000
        self.execute()

    def settle(self) -> None:
        """Empty blocks until no timer is due any more."""
        for _ in range(1000):
            self.execute()
            if not self.runs_per_block[-1]:
                return
        raise AssertionError("timers set each other without an end")

    def ids(self, kind: str) -> list[str]:
        """The ids of all records of a kind, in order."""
        return [one for found, one in map(parse_record_key, sorted(self.state)) if found == kind]

    def missed(self) -> list[str]:
        """The first days of the periods that were reported missed, in the order of the reports."""
        return [str(event.fields["first"]) for event in self.events if event.name == "schedule.period-missed"]
