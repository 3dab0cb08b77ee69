"""What policy packs express: quorums, minimum stays, sponsors, dues, arrears, at their exact limits.

The figures are those of a branch's rules: docs/reference/rules.md, "Examples".
"""

from typing import Any

import pytest

from contracts.rules.dates import parsed_date
from contracts.rules.evaluator import compile_rule
from contracts.rules.explanation import filled
from contracts.rules.parser import parse_rule
from contracts.rules.scope import Scope
from contracts.rules.types import (
    BOOLEAN,
    DATE,
    INTEGER,
    MONEY,
    TEXT,
    EnumType,
    ListType,
    OptionalType,
    Type,
    record_type,
)
from tests.contracts.rules.known_scope import Values

GRADE = EnumType("grade", ("excellent", "qualified", "basic", "unqualified"))
SPONSOR = record_type("sponsor", {"stage": EnumType("stage", ("probationary", "full")), "company": TEXT})
SCOPE = Scope(
    {
        "yes": INTEGER,
        "due": INTEGER,
        "present": INTEGER,
        "today": DATE,
        "activist_since": DATE,
        "paid_until": DATE,
        "applied": DATE,
        "talk": OptionalType(DATE),
        "wage": MONEY,
        "sponsors": ListType(SPONSOR, 8),
        "grades": ListType(GRADE, 200),
        "training_days": INTEGER,
        "training_hours": INTEGER,
    }
)


def day(text: str) -> int:
    found = parsed_date(text)
    assert found is not None
    return found


def value(source: str, expected: Type = BOOLEAN, **values: Any) -> Any:
    return compile_rule(parse_rule(source, SCOPE, expected)).evaluate(Values(values))


@pytest.mark.parametrize(
    ("yes", "due", "passes"),
    [(45, 90, False), (46, 90, True), (45, 89, True), (44, 89, False), (1, 1, True), (0, 0, False)],
)
def test_more_than_half_of_those_due_is_exact(yes: int, due: int, passes: bool) -> None:
    assert value("yes > fraction(1, 2, of=due)", yes=yes, due=due) is passes


@pytest.mark.parametrize(("present", "due", "enough"), [(4, 5, True), (3, 5, False), (73, 91, True), (72, 91, False)])
def test_four_fifths_have_to_be_present(present: int, due: int, enough: bool) -> None:
    assert value("present >= fraction(4, 5, of=due)", present=present, due=due) is enough
    assert enough is (5 * present >= 4 * due)


DUES = """share(wage,
      5 if wage <= money("3000.00")  # 0.5 %, on the whole base
      else 10 if wage <= money("5000.00")
      else 15 if wage <= money("10000.00")
      else 20, 1000)"""


@pytest.mark.parametrize(
    ("wage", "dues"),
    [
        (300_000, 1_500),
        (300_100, 3_001),
        (500_000, 5_000),
        (500_100, 7_502),  # 75.015, half up
        (1_000_000, 15_000),
        (1_000_100, 20_002),
    ],
)
def test_monthly_dues_at_the_limits_of_the_table(wage: int, dues: int) -> None:
    assert value(DUES, MONEY, wage=wage) == dues


def test_rounding_is_a_parameter() -> None:
    for rounding, expected in (("half-up", 7_502), ("half-even", 7_502), ("down", 7_501), ("up", 7_502)):
        assert value(f'share(wage, 15, 1000, "{rounding}")', MONEY, wage=500_100) == expected
    assert value('share(wage, 1, 2, "half-even")', MONEY, wage=5) == 2
    assert value("share(wage, 1, 2)", MONEY, wage=-5) == -3
    assert value("share(wage, 1, -2)", MONEY, wage=5) == -3
    assert value("share(wage, 1, -2)", MONEY, wage=-5) == 3
    assert value('share(wage, -1, -2, "down")', MONEY, wage=5) == 2


@pytest.mark.parametrize(("today", "may"), [("2025-02-28", True), ("2025-02-27", False)])
def test_a_year_from_the_29th_of_february(today: str, may: bool) -> None:
    source = "years_between(activist_since, today) >= 1"
    assert value(source, activist_since=day("2024-02-29"), today=day(today)) is may


@pytest.mark.parametrize(("today", "opens"), [("2024-09-29", False), ("2024-09-30", True)])
def test_six_months_of_arrears(today: str, opens: bool) -> None:
    assert value("months_between(paid_until, today) >= 6", paid_until=day("2024-03-31"), today=day(today)) is opens


def test_the_talk_within_a_month_of_the_application() -> None:
    source = "talk is not None and talk <= add_months(applied, 1)"
    assert value(source, applied=day("2024-01-31"), talk=day("2024-02-29")) is True
    assert value(source, applied=day("2024-01-31"), talk=day("2024-03-01")) is False
    assert value(source, applied=day("2024-01-31"), talk=None) is False


def test_two_sponsors_who_are_full_members_of_different_companies() -> None:
    source = 'distinct_count(one.company for one in sponsors if one.stage == "full") >= 2'
    one, other, third = (
        {"stage": "full", "company": "a"},
        {"stage": "full", "company": "b"},
        {"stage": "probationary", "company": "c"},
    )
    assert value(source, sponsors=[one, other]) is True
    assert value(source, sponsors=[one, one, third]) is False


def test_at_most_a_third_is_excellent_and_training_has_two_measures() -> None:
    source = 'count(g for g in grades if g == "excellent") <= fraction(1, 3, of=count(grades))'
    assert value(source, grades=["excellent", "basic", "basic"]) is True
    assert value(source, grades=["excellent", "excellent", "basic", "basic", "basic"]) is False
    source = "training_days >= 3 or training_hours >= 24"
    assert value(source, training_days=0, training_hours=24) is True


def test_a_guard_that_is_not_met_tells_which_clause_and_by_how_much() -> None:
    source = 'count(sponsors) >= 2 and days_between(activist_since, today) >= 365 and wage > money("1.00")'
    tree = parse_rule(source, SCOPE)
    rule = compile_rule(tree)
    values = {"sponsors": [{}, {}], "activist_since": 19_000, "today": 19_212, "wage": 100}
    not_met = rule.check(Values(values))
    assert not_met is not None
    details = not_met.details()
    assert details == {
        "clause": 1,
        "operator": ">=",
        "condition": "days_between(activist_since, today) >= 365",
        "left": 212,
        "right": 365,
    }
    texts = ("needs {right} days as activist, has {left}", "需担任积极分子满 {right} 天，现为 {left} 天")
    assert [filled(text, details, tree, {}) for text in texts] == [
        "needs 365 days as activist, has 212",
        "需担任积极分子满 365 天，现为 212 天",
    ]
    values["today"] = 19_365
    not_met = rule.check(Values(values))
    assert not_met is not None
    assert (not_met.clause_index, not_met.details()["left"]) == (2, "1.00")
    assert rule.check(Values(values | {"wage": 101})) is None
