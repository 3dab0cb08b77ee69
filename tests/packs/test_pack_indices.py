"""The indices of the packs that come with the program: what a good, a middling and a small unit gets, and why."""

import pytest

from contracts.calendar.dates import parse_date
from contracts.indices import counted
from contracts.indices.evaluation import IndexEvaluation, UnitIndex
from contracts.indices.period import period_with
from contracts.indices.watch import WATCHES
from contracts.packs.pack import Pack
from contracts.treasury.sheet import Line, Sheet
from tests.contracts.indices.oversight import UNIT, Facts, day_ms, section_of
from tests.contracts.state_records import StateRecords
from tests.packs.shipped_pack import ShippedPack, compiled

NOW_MS = day_ms("2027-01-10")


@pytest.fixture(scope="module")
def branch() -> Pack:
    return compiled(ShippedPack("party-branch").written())


def index_of(pack: Pack, name: str, facts: Facts, date: str) -> UnitIndex:
    section = section_of(pack)
    index = section.indices[name]
    period = period_with(index.every, parse_date(date), 480)
    return IndexEvaluation(section, index, pack.types, StateRecords(facts, NOW_MS)).of(UNIT, period)


def scores(found: UnitIndex) -> dict[str, int | None]:
    return {one.term.name: one.score for one in found.terms}


def meeting(facts: Facts, sort: str, date: str, state: str = "minuted", came: int = 9, expected: int = 12) -> None:
    number = len(facts)
    values = {"sort": sort, "held_on": parse_date(date), "came": came, "expected": expected}
    facts.record("party-meeting", number, state, date, **values)  # type: ignore[arg-type]


def a_quarter(members: int) -> Facts:
    """One assembly, three theme days, two meetings of the committee, dues of all but one."""
    facts = Facts(members)
    facts.record("meeting-duty", 1, "kept", "2026-01-01", sort="committee")
    meeting(facts, "assembly", "2026-07-10")
    for month in ("07", "08", "09"):
        meeting(facts, "theme-day", f"2026-{month}-01", "minuted" if month != "09" else "held")
    for month in ("07", "08"):
        meeting(facts, "committee", f"2026-{month}-05")
    lines = {f"p{number:02}": Line("wage", 1, 100, 100 if number else 0, 0, 1) for number in range(members)}
    sheet = Sheet(UNIT, 202608, 1, lines)
    facts.add("dues-sheet", sheet.id, sheet.to_fields())
    return facts


def test_a_branch_of_twelve_in_a_quarter(branch: Pack) -> None:
    found = index_of(branch, "running", a_quarter(12), "2026-08-01")
    assert scores(found) == {
        "assembly": 100,
        "attendance": 75,
        "cases": 100,
        "committee": 66,
        "dues": 91,
        # It has no groups, so nothing is asked of them.
        "group": None,
        "minutes": 83,
        "theme-day": 100,
    }
    assert (found.weight_counted, found.weight_whole) == (90, 100)
    # 20*100 + 10*75 + 5*100 + 15*66 + 15*91 + 10*83 + 15*100 = 7935, by 90.
    assert found.value == 8817


def test_of_a_branch_of_three_nothing_about_persons_is_told(branch: Pack) -> None:
    found = index_of(branch, "running", a_quarter(3), "2026-08-01")
    told = {name for name, one in found.inputs.items() if one.missing and one.missing.reason == counted.TOO_FEW}
    assert told == {"came", "expected", "dues_lines", "dues_settled"}
    assert found.weight_counted == 65
    nothing = index_of(branch, "running", Facts(3), "2026-08-01")
    assert scores(nothing)["assembly"] == 0, "none was held, and one could have been"


def test_a_year_of_a_branch(branch: Pack) -> None:
    facts = Facts(12)
    meeting(facts, "study-class", "2026-05-01")
    meeting(facts, "life", "2026-12-20")
    meeting(facts, "review", "2026-12-20")
    for number in range(9):
        values = {"person": f"p{number:02}", "year": 2026}
        facts.record("member-review", number, "graded", "2027-01-05", **values)  # type: ignore[arg-type]
        facts.record("study-year", number, "complete" if number < 6 else "short", "2027-01-05", **values)  # type: ignore[arg-type]
    found = index_of(branch, "year", facts, "2026-01-01")
    assert scores(found) == {"life": 100, "review": 87, "study": 50, "study-class": 50}
    assert found.value == 7110


def test_an_association_in_a_year() -> None:
    pack = compiled(ShippedPack("association").written())
    facts = Facts(12)
    facts.record("general-assembly", 1, "held", "2026-03-01", held_on=parse_date("2026-03-01"))
    for number in range(4):
        fee = {"person": f"p{number:02}", "year": 2026}
        facts.record("member-fee", number, ("paid", "paid", "overdue", "waived")[number], "2027-01-02", **fee)  # type: ignore[arg-type]
    found = index_of(pack, "running", facts, "2026-01-01")
    assert scores(found) == {"assembly": 100, "cases": 100, "fees": 66, "minutes": 0}
    assert found.value == 6980


@pytest.mark.parametrize("name", ["association", "party-branch"])
def test_every_warning_cites_and_every_requirement_is_of_those_it_names(name: str, branch: Pack) -> None:
    section = section_of(branch if name == "party-branch" else compiled(ShippedPack(name).written()))
    assert {one.watch for one in section.warnings.values()} <= set(WATCHES)
    assert all(one.article for one in section.warnings.values())
    assert all(one.article for index in section.indices.values() for one in index.terms.values())
