"""Values, errors and fuel at their exact limits. Source: docs/reference/rules.md, "Evaluation" and "Fuel"."""

from typing import Any

import pytest

from contracts.errors import Refusal
from contracts.rules.errors import (
    DateOutOfRangeError,
    DivisionByZeroError,
    IntegerOverflowError,
    ListTooLongError,
    MissingValueError,
    OutOfFuelError,
    RuleEvaluationError,
)
from contracts.rules.evaluator import compile_rule
from contracts.rules.fuel import FUEL_MAX
from contracts.rules.parser import parse_rule
from contracts.rules.types import BOOLEAN, DATE, INTEGER, MONEY, Type
from tests.contracts.rules.known_scope import ORDINARY, ORDINARY_CALLS, SCOPE, Values, members


def run(source: str, expected: Type = BOOLEAN, fuel: int = FUEL_MAX, **changes: Any) -> tuple[Any, int]:
    environment = Values({**ORDINARY, **changes}, ORDINARY_CALLS)
    value, used = compile_rule(parse_rule(source, SCOPE, expected)).run(environment, fuel)
    return value, used


@pytest.mark.parametrize(
    ("source", "expected", "fuel"),
    [
        ("True", True, 0),
        ("open", True, 1),
        ("not open", False, 2),
        ("due > 1", True, 2),
        ("1 < due < 10 < yes", False, 2),
        ("yes < due > 1000 > yes", False, 3),
        ("open or due // 0 > 1", True, 2),
        ("not open and due // 0 > 1", False, 3),
        ("due in (1, 2, 90)", True, 5),
        ("due in scores", False, 6),
        ("count(scores) == 3", True, 6),
        # all of one element: compare 1, call 1, each 1, the list 1, its elements 3, three names and comparisons 6
        ("all(x > 0 for x in scores)", True, 12),
        # it stops at the second
        ("all(x > 1 for x in scores)", False, 9),
        ("any(x > 1 for x in scores)", True, 6),
        ("count(x for x in scores if x > 1) == 2", True, 15),
        ('has_role("secretary")', True, 21),
        ("depth_of(unit) == 2", True, 10),
        ("year_of(today) == 2023", True, 13),
        ("share(wage, 1, 2) > wage", False, 9),
        ("default(limit, due) == 90", True, 4),
        ("default(paid, wage) > wage", False, 4),
        ("yes > fraction(1, 2, of=due)", True, 4),
        ('sum(d for s in sponsors for d in s.dues) == money("60.00")', True, 20),
    ],
)
def test_values_and_what_they_cost(source: str, expected: bool, fuel: int) -> None:
    assert run(source) == (expected, fuel)
    assert run(source, fuel=fuel) == (expected, fuel)
    if fuel:
        with pytest.raises(OutOfFuelError):
            run(source, fuel=fuel - 1)


LARGE = 2**63 - 1


@pytest.mark.parametrize(
    ("source", "expected", "changes", "error"),
    [
        ("due + 1", INTEGER, {"due": LARGE}, IntegerOverflowError),
        ("-due", INTEGER, {"due": -(2**63)}, IntegerOverflowError),
        ("due * due", INTEGER, {"due": 2**32}, IntegerOverflowError),
        ("due // -1", INTEGER, {"due": -(2**63)}, IntegerOverflowError),
        ("sum(scores)", INTEGER, {"scores": [LARGE, 1, -5]}, IntegerOverflowError),
        ("share(wage, due, 1)", MONEY, {"wage": LARGE, "due": 2}, IntegerOverflowError),
        (
            "days_between(today, member.since)",
            INTEGER,
            {"today": LARGE, "member": members(since=-5)},
            IntegerOverflowError,
        ),
        ("due // yes", INTEGER, {"yes": 0}, DivisionByZeroError),
        ("due % yes", INTEGER, {"yes": 0}, DivisionByZeroError),
        ("share(wage, 1, yes)", MONEY, {"yes": 0}, DivisionByZeroError),
        ("due > fraction(1, yes, of=due)", BOOLEAN, {"yes": 0}, DivisionByZeroError),
        ("add_days(today, due)", DATE, {"due": 2_913_497}, DateOutOfRangeError),
        ("add_months(today, due)", DATE, {"due": LARGE}, DateOutOfRangeError),
        ("year_of(today)", INTEGER, {"today": -719_163}, DateOutOfRangeError),
        ("months_between(today, member.since)", INTEGER, {"today": LARGE}, DateOutOfRangeError),
        ("date_of(now)", DATE, {"now": LARGE}, DateOutOfRangeError),
        ("count(scores)", INTEGER, {"scores": [1] * 9}, ListTooLongError),
        ("any(x > 1 for x in scores)", BOOLEAN, {"scores": [5] * 9}, ListTooLongError),
        ("due in scores", BOOLEAN, {"scores": [90] * 9}, ListTooLongError),
        ("due > 1", BOOLEAN, {"due": None}, MissingValueError),
        ("member.since > today", BOOLEAN, {"member": {}}, MissingValueError),
    ],
)
def test_what_has_no_value_is_an_error_of_the_language(
    source: str, expected: Type, changes: dict[str, Any], error: type[RuleEvaluationError]
) -> None:
    with pytest.raises(error) as caught:
        run(source, expected, **changes)
    refusal = Refusal(caught.value.code, caught.value.template, **_plain(caught.value.params))
    assert str(refusal) == str(caught.value)
    assert caught.value.code.startswith("rule.")


def _plain(params: dict[str, object]) -> dict[str, int | str]:
    return {name: value for name, value in params.items() if isinstance(value, int | str)}


def test_a_denominator_below_zero_turns_both_signs() -> None:
    assert run("due > fraction(1, -2, of=yes)", due=-22, yes=46)[0] is True
    assert run("due > fraction(1, -2, of=yes)", due=-23, yes=46)[0] is False


def test_fractions_of_large_numbers_are_exact() -> None:
    source = "yes > fraction(9223372036854775806, 9223372036854775807, of=due)"
    assert run(source, yes=LARGE - 1, due=LARGE)[0] is False
    assert run(source, yes=LARGE, due=LARGE)[0] is True


def test_division_rounds_towards_minus_infinity() -> None:
    assert run("due // 2 * 10 + due % 2", INTEGER, due=-3)[0] == -19


def test_least_and_greatest_of_nothing_is_nothing() -> None:
    assert run("default(min(scores), 7)", INTEGER, scores=[])[0] == 7
    assert run("max(x for x in scores if x > 5) is None")[0] is True


def test_only_what_is_needed_is_asked_for() -> None:
    environment = Values({"open": False}, {})
    rule = compile_rule(parse_rule('open and has_role("secretary") and due > 1', SCOPE))
    assert rule.check(environment) is not None
    assert environment.called == []


def test_what_the_engine_raises_passes_through() -> None:
    class Refusing(Values):
        def call(self, name: str, arguments: tuple[Any, ...]) -> Any:
            raise Refusal("limits.reads", "too many")

    rule = compile_rule(parse_rule('has_role("secretary")', SCOPE))
    with pytest.raises(Refusal, match="too many"):
        rule.evaluate(Refusing(ORDINARY))


def test_host_functions_get_all_arguments_in_order() -> None:
    environment = Values(ORDINARY, ORDINARY_CALLS)
    compile_rule(
        parse_rule("last_talk(before=today, member=member) is None and count(members_of(unit)) > 0", SCOPE)
    ).check(environment)
    assert environment.called == [
        ("last_talk", (ORDINARY["member"], 19_400)),
        ("members_of", ("district/branch-1", 1)),
    ]


def test_the_local_date_depends_on_the_offset() -> None:
    rule = compile_rule(parse_rule("date_of(now)", SCOPE, DATE))
    evening = {"now": 19_400 * 86_400_000 - 8 * 3_600_000}
    assert rule.evaluate(Values(evening, utc_offset_minutes=480)) == 19_400
    assert rule.evaluate(Values(evening, utc_offset_minutes=479)) == 19_399


def test_an_error_knows_its_clause() -> None:
    rule = compile_rule(parse_rule("open and (due > 1 and yes // 0 > 1)", SCOPE))
    with pytest.raises(DivisionByZeroError) as caught:
        rule.check(Values(ORDINARY))
    assert caught.value.clause_index == 2


@pytest.mark.parametrize(
    "source", ["open and (open and due > 1) and yes > 1", "(open and (open and due > 999)) and open"]
)
def test_checking_pays_for_every_and_it_enters(source: str) -> None:
    environment = Values(ORDINARY, ORDINARY_CALLS)
    rule = compile_rule(parse_rule(source, SCOPE))
    value, fuel_used = rule.run(environment)
    verdict = rule.judge(environment)
    assert (verdict.not_met is None, verdict.fuel_used) == (value, fuel_used)


def test_each_for_has_a_value_of_its_own() -> None:
    assert run("sum(x * 10 + y for x in scores for y in scores)", INTEGER, scores=[1, 2])[0] == 66
    assert run("all(any(y == 1 for y in scores) and x > 1 for x in scores if x > 1)")[0] is True
    assert run("count(x for x in scores if sum(y for y in scores if y < x) >= 3)", INTEGER)[0] == 1
