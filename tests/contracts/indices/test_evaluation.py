"""Indices: what is counted, what is missing and shown as missing, what is not shown of a few, and the arithmetic."""

import pytest

from contracts.calendar.dates import DAY_MS, parse_date
from contracts.calendar.recurrence import Recurrence
from contracts.indices import counted
from contracts.indices.evaluation import IndexEvaluation, UnitIndex
from contracts.indices.period import Period, last_complete, period_with
from contracts.indices.unit_count import count_cases, count_dues, count_plans, holders_at, months_in
from contracts.packs.pack import Pack
from contracts.record import Record, record_key
from contracts.treasury.sheet import Line, Sheet
from ledger.encoding import Value
from tests.contracts.indices.oversight import UNIT, Facts, circle, day_ms, section_of
from tests.contracts.schedule.schedule_ledger import BEGIN, ScheduleLedger
from tests.contracts.state_records import StateRecords

NOW_MS = day_ms("2026-10-10")


@pytest.fixture(scope="module")
def pack() -> Pack:
    return circle()


def period_of(date: str, pack: Pack) -> Period:
    return period_with(section_of(pack).indices["lively"].every, parse_date(date), 480)


def index_of(pack: Pack, facts: Facts, date: str = "2026-08-01", source: StateRecords | None = None) -> UnitIndex:
    section = section_of(pack)
    records = StateRecords(facts, NOW_MS) if source is None else source
    return IndexEvaluation(section, section.indices["lively"], pack.types, records).of(UNIT, period_of(date, pack))


def missing_of(one: counted.Counted) -> str:
    assert one.value is None
    assert one.missing is not None
    assert one.missing.reason.fields <= one.missing.values.keys()
    return one.missing.reason.code


def test_an_index_is_its_terms_by_their_weights_with_every_record_it_was_counted_from(pack: Pack) -> None:
    facts = Facts()
    facts.evening(1, "2026-07-01")
    facts.evening(2, "2026-09-30", guests=7)
    facts.evening(3, "2026-10-01")
    facts.evening(4, "2026-08-05", "planned")
    facts.evening(5, "2026-08-06", room="cellar")
    # Of a unit whose id goes on where this one's ends.
    facts.record("evening", 1, "held", "2026-08-01", unit=f"{UNIT}/east", held_on=parse_date("2026-08-01"), guests=1)
    for number in range(3):
        facts.record("talk", number + 1, "held", "2026-08-20", person=f"p{number:02}")
    # Its creation waits for approvals.
    facts.record("talk", 9, "", "2026-08-20", person="p09")
    found = index_of(pack, facts)
    assert [cited.id for cited in found.inputs["evenings"].cited] == ["north/000001", "north/000002"]
    assert (found.inputs["guests"].value, found.inputs["months"].value) == (17, 3)
    assert {one.term.name: (one.weight, one.score) for one in found.terms} == {"evenings": (2, 66), "talks": (3, 25)}
    # (2 * 66 + 3 * 25) / 5 = 41.4, the weight of talks is that of the period.
    assert (found.value, found.weight_counted, found.weight_whole) == (4140, 5, 5)
    earlier = index_of(pack, facts, "2026-05-01")
    assert {one.term.name: one.weight for one in earlier.terms} == {"evenings": 2, "talks": 1}


def test_what_cannot_be_counted_is_missing_and_weighs_nothing(pack: Pack) -> None:
    facts = Facts()
    facts.evening(1, "2026-07-01", guests=None)
    found = index_of(pack, facts)
    assert missing_of(found.inputs["guests"]) == counted.VALUE_MISSING.code
    # No term asks for the guests, so nothing follows from it.
    assert found.weight_counted == 5
    gone = Facts(members=0)
    gone.hold("member", "ann", "2025-01-01", state="ended", time=day_ms("2026-02-01"))
    gone.evening(1, "2026-07-01")
    lonely = index_of(pack, gone)
    assert lonely.inputs["members"].value == 0
    (talks,) = [one for one in lonely.terms if one.term.name == "talks"]
    assert talks.score is None
    assert talks.missing is not None
    assert talks.missing.reason == counted.INPUT_MISSING
    # A third of an evening a month is all that there is: 33, and it says that it rests on 2 of 5.
    assert (lonely.value, lonely.weight_counted, lonely.weight_whole) == (3300, 2, 5)


def test_a_unit_of_another_kind_gets_no_zeros(pack: Pack) -> None:
    other = Facts(members=0)
    other.hold("registrar", "ann", "2025-01-01")
    found = index_of(pack, other)
    assert (found.is_concerned, found.value, found.weight_counted, found.weight_whole) == (False, None, 0, 5)
    assert {missing_of(one) for one in found.inputs.values()} == {counted.NOT_CONCERNED.code}
    assert {one.score for one in found.terms} == {None}


def test_nothing_is_zero_before_it_could_be_anything(pack: Pack) -> None:
    facts = Facts()
    early = index_of(pack, facts, "2024-05-01")
    assert missing_of(early.inputs["evenings"]) == counted.UNIT_LATER.code
    assert early.value is None
    versions = [[50, pack.hash, pack.manifest.parts["evening"]]]
    facts[record_key("record-type", "evening")] = Record(1, {"versions": versions}).encode()  # type: ignore[dict-item]
    assert missing_of(index_of(pack, facts, "2026-08-01").inputs["evenings"]) == counted.KIND_LATER.code
    # What was brought in from before counts.
    facts.evening(1, "2026-07-01")
    assert index_of(pack, facts, "2026-08-01").inputs["evenings"].value == 1


def test_nothing_about_persons_is_shown_of_fewer_than_ten(pack: Pack) -> None:
    for members, shown in ((9, False), (10, True)):
        facts = Facts(members)
        facts.record("talk", 1, "held", "2026-08-20", person="p01")
        found = index_of(pack, facts)
        assert (found.inputs["talks"].value == 1) is shown
        assert bool(found.inputs["talks"].cited) is shown
    # Ten today, nine at the end of the period.
    facts = Facts(9)
    facts.hold("member", "late", "2026-10-02")
    assert missing_of(index_of(pack, facts).inputs["talks"]) == counted.TOO_FEW.code


def test_an_index_of_one_unit_reads_nothing_of_others(pack: Pack) -> None:
    facts = Facts()
    alone = StateRecords(facts, NOW_MS)
    index_of(pack, facts, source=alone)
    for number in range(200):
        facts.record("evening", number, "held", "2026-08-01", unit=f"other-{number}", held_on=1, guests=1)
    crowded = StateRecords(facts, NOW_MS)
    index_of(pack, facts, source=crowded)
    assert crowded.asked == alone.asked
    # Each record once, though two inputs count evenings and three ask who is a member.
    assert alone.asked < len(Facts()) + 10


def test_periods_begin_and_end_by_the_organisations_clocks(pack: Pack) -> None:
    third = period_of("2026-09-30", pack)
    assert third.text == "2026-07-01/2026-09-30"
    assert last_complete(section_of(pack).indices["lively"].every, NOW_MS, 480) == third
    # Half past midnight on 1 October in Beijing is still September in London.
    assert not third.has_time(parse_date("2026-10-01") * 86_400_000 - 7 * 3_600_000)
    assert third.has_time(parse_date("2026-10-01") * 86_400_000 - 9 * 3_600_000)
    assert months_in(third.first, third.last) == ["2026-07", "2026-08", "2026-09"]
    assert months_in(third.first + 1, third.last) == ["2026-08", "2026-09"]


def test_what_is_done_twice_in_one_month_does_not_make_up_for_another(pack: Pack) -> None:
    ledger = ScheduleLedger()
    assert ledger.plan(Recurrence("months", 1)).ok
    for day in (1, 2, 62):
        ledger.move_to((BEGIN + day) * DAY_MS)
        assert ledger.hold(1, ledger.time_ms).ok
    source = StateRecords(ledger.state, ledger.time_ms)
    fourth = Period(parse_date("2026-09-01"), parse_date("2026-11-30"))
    counts = {what: count_plans(source, "branch-1", fourth, what) for what in ("needed", "held", "missed")}
    assert {what: found.value for what, found in counts.items()} == {"needed": 3, "held": 2, "missed": 1}
    assert [one.kind for one in counts["held"].cited] == ["plan-period", "plan", "plan-period"]


def test_offices_cases_and_dues_of_a_period(pack: Pack) -> None:
    facts, third = Facts(members=0), period_of("2026-08-01", pack)
    facts.hold("lead", "ann", "2026-01-01", until=day_ms("2026-08-01"))
    facts.hold("lead", "bob", "2026-09-01")
    facts.hold("lead", "cai", "2026-01-01", state="ended", time=day_ms("2026-10-05"))
    facts.hold("lead", "dan", "2026-01-01", state="ended", time=day_ms("2026-09-05"))
    facts.hold("lead", "eve", "2026-01-01", delegated_by="bob")
    case: dict[str, Value] = {"state": "open", "time": day_ms("2026-07-02"), "due": day_ms("2026-08-02")}
    facts.add("case", "north/000001", {**case, "overdue": True})
    closing: Value = {"time": day_ms("2026-09-02"), "outcome": "moot"}
    facts.add("case", "north/000002", {**case, "state": "closed", "closing": closing, "time": day_ms("2026-01-02")})
    lines = {"a": Line("x", None, 100, 50, 50, 1), "b": Line("x", 1, 200, 100, 0, 1)}
    for month in (202608, 202610):
        sheet = Sheet(UNIT, month, 1, lines)
        facts.add("dues-sheet", sheet.id, sheet.to_fields())
    source = StateRecords(facts, NOW_MS)
    leads = holders_at(source, UNIT, "lead", third.end_ms - 1)
    assert [one.id for one in leads.cited] == ["north/lead/bob", "north/lead/cai"]
    cases = {what: count_cases(source, UNIT, third, what).value for what in ("opened", "settled", "overdue")}
    assert cases == {"opened": 1, "settled": 1, "overdue": 1}
    dues = {what: count_dues(source, UNIT, third, what).value for what in ("due", "paid", "waived", "people")}
    assert dues == {"due": 300, "paid": 150, "waived": 50, "people": 2}
    assert count_dues(source, UNIT, third, "settled").value == 1
    assert missing_of(count_dues(source, UNIT, period_of("2026-02-01", pack), "due")) == counted.NO_SHEET.code
    assert missing_of(count_plans(source, UNIT, third, "held")) == counted.NO_PLAN.code
