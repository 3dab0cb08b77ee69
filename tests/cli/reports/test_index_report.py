"""`banyan report index`: the value, what it rests on, and with `--explain` every input with its records."""

import pytest

from cli.errors import UsageError
from cli.reports.period_words import first_day
from contracts.calendar.dates import format_date
from tests.cli.command import Command
from tests.cli.reports.trial_node import answer_from
from tests.contracts.indices.oversight import UNIT, Facts, circle, day_ms, publish

NOW_MS = day_ms("2026-10-10")


@pytest.fixture(scope="module")
def facts() -> Facts:
    state = Facts(members=9)
    publish(state, circle())
    state.evening(1, "2026-07-01")
    state.evening(2, "2026-09-30")
    state.record("talk", 1, "held", "2026-08-20", person="p01")
    return state


def test_an_index_is_explained_down_to_its_records(
    banyan: Command, monkeypatch: pytest.MonkeyPatch, facts: Facts
) -> None:
    answer_from(monkeypatch, facts, NOW_MS)
    (found,) = banyan.ok("report", "index", "--unit", UNIT, "--explain")["indices"]
    assert (found["index"], found["pack"]["name"], found["article"]) == ("lively", "circle", "3")
    assert found["period"] == {"first": "2026-07-01", "last": "2026-09-30"}
    (unit,) = found["units"]
    assert (unit["value"], unit["weight_counted"], unit["weight_whole"]) == ("66.00", 2, 5)
    inputs = {one["input"]: one for one in unit["inputs"]}
    assert inputs["evenings"]["records"] == [
        {"kind": "evening", "id": "north/000001", "amount": 1},
        {"kind": "evening", "id": "north/000002", "amount": 1},
    ]
    assert (inputs["talks"]["value"], inputs["talks"]["missing"]["code"]) == (None, "indices.too-few")
    assert {one["term"]: one["formula"] for one in unit["terms"]}["talks"] == "talks * 100 // members"
    shown = banyan("report", "index", "lively", "--unit", UNIT, "--explain", "--lang", "zh_CN")
    assert shown.status == 0, shown.err
    for text in ("活跃度", "每月一次聚会", "evening north/000002", "缺", "66.00"):
        assert text in shown.out, shown.out


def test_all_units_stand_below_each_other(banyan: Command, monkeypatch: pytest.MonkeyPatch, facts: Facts) -> None:
    answer_from(monkeypatch, facts, NOW_MS)
    shown = banyan("report", "index", "--period", "2026-Q2")
    assert shown.status == 0, shown.err
    # One unit only: its terms are shown right away. No evening in that quarter is none, and counts.
    assert "0.00, resting on 2 of 3 of the weight" in shown.out
    wrong = banyan("report", "index", "lovely")
    assert (wrong.status, "there are: lively" in wrong.err) == (2, True)


def test_periods_are_written_as_people_do() -> None:
    texts = {"2026": "2026-01-01", "2026-q3": "2026-07-01", "2026-08": "2026-08-01", " 2026-08-31 ": "2026-08-31"}
    assert {text: format_date(first_day(text)) for text in texts} == texts
    for text in ("0000", "0000-Q1", "0000-01", "2026-Q5", "2026-13", "2026-02-30", "", "soon"):
        with pytest.raises(UsageError):
            first_day(text)


def test_units_that_it_is_not_about_stand_in_no_table(banyan: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    state = Facts(members=0)
    publish(state, circle())
    answer_from(monkeypatch, state, NOW_MS)
    (found,) = banyan.ok("report", "index")["indices"]
    assert found["units"] == []
    shown = banyan("report", "index")
    assert (shown.status, "about none of the units" in shown.out) == (0, True)
    (asked,) = banyan.ok("report", "index", "--unit", UNIT)["indices"][0]["units"]
    assert asked["value"] is None
    assert {one["missing"]["code"] for one in asked["terms"]} == {"indices.not-concerned"}
