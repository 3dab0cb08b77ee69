"""Warnings: found by block time, once a matter, as cases with an owner and a deadline; nothing else ever happens."""

import pytest

from contracts.calendar.dates import DAY_MS, day_at, parse_date
from contracts.calendar.recurrence import Recurrence
from contracts.indices.section import IndexSection
from contracts.indices.watch import WATCH_DUES, WATCH_TERM, WarningRule
from contracts.packs.pack import Pack
from contracts.packs.words import Words
from contracts.record import Record
from contracts.result import Event
from contracts.runtime import Execution
from contracts.warnings.matters import matter_in
from contracts.warnings.sweeping import SWEEP_MS
from ledger.encoding import Value
from ledger.transaction import Transaction
from tests.contracts.indices.oversight import CIRCLE, circle
from tests.contracts.organisation import Organisation

MONTHLY = Recurrence("months", 1)
# More matters than one run could set timers for.
MANY = 20


class WarningLedger(Organisation):
    """The circle's pack published and put in force by a decision; every block's events and runs are kept."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.events: list[Event] = []
        self.refused: list[str] = []
        self.runs = 0

    def execute(self, *transactions: Transaction) -> Execution:
        execution = super().execute(*transactions)
        self.refused += [effect.code for effect in execution.effects if not effect.ok]
        self.events += [event for effect in execution.effects for event in effect.events]
        self.runs = len(execution.effects)
        return execution

    def put_in_force(self, pack: Pack, **more: int) -> None:
        for data in pack.parts().values():
            self.code("packs.publish-part", {"data": data})
        for operation, arguments in (
            ("packs.publish", {"data": pack.manifest.encode()}),
            ("governance.pack-activate", {"pack": pack.hash, **more}),
        ):
            assert self.code(operation, arguments) == "ok"  # type: ignore[arg-type]
        self.settle()

    def settle(self) -> None:
        for _ in range(200):
            self.execute()
            if not self.runs:
                return
        raise AssertionError("timers set each other without an end")

    def pass_days(self, days: int) -> None:
        self.at(self.time_ms + days * DAY_MS)
        self.settle()

    def opened(self) -> list[dict[str, Value]]:
        """What was warned of since it was asked before."""
        found = [dict(event.fields) for event in self.events if event.name == "warnings.opened"]
        self.events.clear()
        return found

    def fields(self, kind: str, record_id: str) -> dict[str, Value]:
        record = self.record(kind, record_id)
        assert record is not None, (kind, record_id)
        return record.fields


@pytest.fixture(scope="module")
def pack() -> Pack:
    return circle()


@pytest.fixture
def ledger(pack: Pack) -> WarningLedger:
    made = WarningLedger()
    made.add_unit("north")
    for person in ("ann", "bob"):
        made.add_person(person)
    made.put_in_force(pack)
    return made


def test_a_term_that_ends_is_warned_of_once_and_again_when_another_ends(ledger: WarningLedger) -> None:
    ledger.add_office("north", "member", "ann", ledger.time_ms + 45 * DAY_MS)
    ledger.pass_days(7)
    assert ledger.opened() == []
    ledger.pass_days(14)
    (told,) = ledger.opened()
    assert (told["unit"], told["rule"], told["matter"]) == ("north", "ending", "member")
    case = ledger.fields("case", "north/000001")
    assert (case["state"], case["owner"], case["basis"]) == ("open", "administrator", "warning/north/ending/member")
    assert case["title"] == {"en": "A term ends", "zh": "任期将满"}
    due = case["due"]
    assert isinstance(due, int)
    assert due - ledger.time_ms < 20 * DAY_MS
    for _ in range(3):
        ledger.pass_days(7)
    assert ledger.opened() == [], "the matter is known, and its case is open"
    closing: dict[str, Value] = {"unit": "north", "number": 1, "outcome": "elected anew"}
    assert ledger.code("cases.close", closing) == "ok"
    ledger.pass_days(7)
    assert ledger.opened() == [], "it was dealt with"
    # The term is over, and nobody holds the office: the same matter, of which was warned. Then there is a new term.
    ledger.add_office("north", "member", "bob", ledger.time_ms + 20 * DAY_MS)
    ledger.pass_days(7)
    assert [one["case"] for one in ledger.opened()] == [2]
    assert ledger.refused == []


def test_a_plan_that_is_not_kept_is_one_matter_however_often(ledger: WarningLedger) -> None:
    since = "2026-09-01"
    assert parse_date(since) * DAY_MS < ledger.time_ms
    plan: dict[str, Value] = {"unit": "north", "title": "an evening", "recurrence": MONTHLY.encode_value()}
    assert ledger.code("schedule.plan", plan | {"since": since, "grace_days": 0}) == "ok"
    ledger.pass_days(40)
    (told,) = ledger.opened()
    assert (told["rule"], told["matter"]) == ("dull", "000001")
    assert ledger.fields("case", "north/000001")["owner"] == "role:member"
    # Half a year without blocks, worked off period by period: the case is open, and goes on.
    ledger.pass_days(180)
    assert ledger.opened() == []
    warning = ledger.fields("warning", "north/dull/000001")
    assert (warning["latest"], warning["case"]) == ("2027-03-01", 1)
    assert ledger.refused == []


def test_many_matters_take_several_runs_and_a_pause_takes_one_sweep(ledger: WarningLedger) -> None:
    until = ledger.time_ms + 10 * DAY_MS
    for number in range(MANY):
        ledger.add_unit(f"unit-{number:02}")
        ledger.add_office(f"unit-{number:02}", "member", "ann", until)
    ledger.add_unit("gone")
    ledger.add_office("gone", "member", "ann", until)
    assert ledger.code("units.dissolve", {"unit": "gone"}) == "ok"
    ledger.pass_days(70)
    assert sorted(str(one["unit"]) for one in ledger.opened()) == [f"unit-{number:02}" for number in range(MANY)]
    watch = ledger.fields("watch", "circle/ending")
    assert watch["state"] == "waiting"
    # One sweep for the ten weeks, and the next a week from now.
    assert watch["due"] == watch_time(ledger) + SWEEP_MS
    done = watch["done"]
    assert isinstance(done, dict)
    assert (done["opened"], done["looked_at"]) == (MANY, MANY + 1)


def watch_time(ledger: WarningLedger) -> int:
    """When the sweep ended: its cases were opened in blocks a second apart."""
    last = ledger.fields("case", f"unit-{MANY - 1:02}/000001")["time"]
    assert isinstance(last, int)
    return last


def test_what_a_newer_version_drops_is_looked_for_no_more(ledger: WarningLedger) -> None:
    start, end = CIRCLE.index("[warning.ending]"), CIRCLE.index("[requirement.talked]")
    ledger.put_in_force(circle((CIRCLE[:start] + CIRCLE[end:]).replace("version = 1", "version = 2")))
    ledger.add_office("north", "member", "ann", ledger.time_ms + 5 * DAY_MS)
    ledger.pass_days(8)
    names = [event.name for event in ledger.events]
    assert ("warnings.ended" in names, "warnings.opened" in names) == (True, False)
    assert ledger.record("watch", "circle/ending") is None


def test_a_pack_to_come_is_waited_for_and_a_newer_one_begins_no_second_sweep(ledger: WarningLedger) -> None:
    made = WarningLedger()
    made.add_unit("north")
    made.put_in_force(circle(), **{"from": made.height + 40})
    assert made.record("watch", "circle/ending") is None
    for _ in range(40):
        made.execute()
    made.pass_days(1)
    assert made.record("watch", "circle/ending") is not None
    ledger.put_in_force(circle(CIRCLE.replace("version = 1", "version = 2")))
    timers = [key for key, data in ledger.state.items() if key.startswith(b"timer") and b"warnings.sweep" in data]
    assert len(timers) == 1


def test_a_term_that_is_over_is_no_matter_where_others_hold_the_office() -> None:
    rule = WarningRule("ends", Words("a", "b"), WATCH_TERM, days=30, roles=("lead",), before_days=10)
    now_ms = parse_date("2026-03-15") * DAY_MS
    past, soon = now_ms - DAY_MS, now_ms + 5 * DAY_MS

    def latest(count: int, *ends: int, role: str = "lead") -> str | None:
        listed: list[Value] = [[end, 1] for end in ends]
        found = matter_in(rule, "n", Record(1, {"unit": "n", "role": role, "count": count, "ends": listed}), now_ms, 0)
        return None if found is None else found.latest

    assert latest(2, past) is None
    assert latest(1, past) == "2026-03-13"
    assert (latest(2, past, soon), latest(1, soon)) == ("2026-03-19", "2026-03-19")
    assert (latest(1), latest(1, soon, role="member"), latest(1, now_ms + 11 * DAY_MS)) == (None, None, None)


def test_dues_are_late_so_many_months_after_their_own() -> None:
    rule = WarningRule("late", Words("a", "b"), WATCH_DUES, days=30, months=3)
    time_ms = parse_date("2026-03-15") * DAY_MS
    fields: dict[str, Value] = {"unit": "north", "open": {"1": [202511, 202512, 202601], "2": [202512]}}
    found = matter_in(rule, "n", Record(1, fields), time_ms, 0)
    assert found is not None
    assert (found.unit, found.matter, found.latest) == ("north", "dues", "2025-12")
    assert matter_in(rule, "n", Record(1, fields | {"open": {"1": [202601]}}), time_ms, 0) is None
    # The month begins earlier where clocks are ahead.
    edge = parse_date("2026-03-31") * DAY_MS + 20 * 3_600_000
    assert matter_in(rule, "n", Record(1, fields | {"open": {"1": [202601]}}), edge, 480) is not None


def test_a_step_that_is_overdue_is_a_matter_each_time_that_it_waits_too_long(pack: Pack) -> None:
    rule = 'watch = "record-waiting"\nkind = "evening"\nstates = ["planned"]\nafter_days = 10\ndays = 5\n'
    waiting = f'[warning.waiting]\ntitle = {{en = "Hold it", zh = "举行"}}\n{rule}'
    made = WarningLedger()
    made.add_unit("north")
    for person in ("ann", "bob"):
        made.add_person(person)
        made.add_office("north", "member", person)
    made.put_in_force(circle(CIRCLE.replace("[requirement.talked]", f"{waiting}[requirement.talked]")))
    create: dict[str, Value] = {"type": "evening", "unit": "north", "fields": {"held_on": 20_000}}
    assert made.code("records.create", create, "ann") == "ok"
    made.pass_days(7)
    assert made.code("records.create", create, "ann") == "ok"
    act: dict[str, Value] = {"type": "evening", "id": "north/000002", "transition": "hold"}
    assert made.code("records.act", act, "ann") == "ok"
    assert made.opened() == []
    made.pass_days(7)
    (told,) = made.opened()
    assert (told["rule"], told["matter"]) == ("waiting", "000001")
    made.pass_days(30)
    assert (made.opened(), made.refused) == ([], [])


def test_a_section_of_a_pack_with_warnings_says_by_whose_clocks(pack: Pack) -> None:
    section = pack.sections["indices"]
    assert isinstance(section, IndexSection)
    assert section.offset_minutes(day_at(0, 0)) == 480
