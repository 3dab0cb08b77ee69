"""`banyan report warnings`: open cases by their deadlines with owner and age, settled ones with what was done."""

import pytest

from contracts.cases.case import Case
from tests.cli.command import Command
from tests.cli.reports.trial_node import answer_from
from tests.contracts.indices.oversight import Facts, day_ms

NOW_MS = day_ms("2026-10-10")


def case(number: int, opened: str, due: str, state: str = "open", **more: object) -> Case:
    title = {"en": f"Matter {number}", "zh": f"事项{number}"}
    return Case(
        unit="north",
        number=number,
        title=title,  # type: ignore[arg-type]
        owner="role:lead" if number < 3 else "administrator",
        state=state,
        due_ms=day_ms(due),
        basis="warning/north/dull/000001",
        height=3,
        time_ms=day_ms(opened),
        person=None,
        timer=None,
        steps=(),
        more=more,  # type: ignore[arg-type]
    )


@pytest.fixture
def facts(monkeypatch: pytest.MonkeyPatch) -> Facts:
    state = Facts(members=0)
    closing = {"account": bytes(32), "height": 9, "outcome": "held on 3 October", "time": day_ms("2026-10-03")}
    for one in (
        case(1, "2026-09-10", "2026-11-01"),
        case(2, "2026-09-01", "2026-10-01"),
        case(3, "2026-08-01", "2026-09-01", "closed", closing=closing),
    ):
        state.add("case", one.id, one.to_fields())
    answer_from(monkeypatch, state, NOW_MS)
    return state


def test_open_ones_come_by_their_deadline_and_settled_ones_say_what_was_done(banyan: Command, facts: Facts) -> None:
    document = banyan.ok("report", "warnings", "--unit", "north")
    assert [(one["number"], one["overdue"], one["age_days"]) for one in document["open"]] == [
        (2, True, 39),
        (1, False, 30),
    ]
    (settled,) = document["settled"]
    assert (settled["outcome"], settled["state"]) == ("held on 3 October", "closed")
    shown = banyan("report", "warnings", "--lang", "zh_CN")
    assert shown.status == 0, shown.err
    for text in ("事项2", "逾期", "role:lead", "held on 3 October"):
        assert text in shown.out, shown.out


def test_what_is_for_one_owner_and_what_is_not_there(banyan: Command, facts: Facts) -> None:
    mine = banyan.ok("report", "warnings", "--owner", "administrator")
    assert (mine["open"], len(mine["settled"])) == ([], 1)
    assert banyan("report", "warnings", "--unit", "south").status == 4
    facts_of_none = banyan("report", "warnings", "--owner", "role:nobody")
    assert (facts_of_none.status, "no cases" in facts_of_none.err) == (0, True)
