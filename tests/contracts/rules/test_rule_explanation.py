"""What people are told where a guard is not met. Source: docs/reference/rules.md, "Explanations"."""

from typing import Any

import pytest

from contracts.errors import Refusal, check_reason
from contracts.rules.evaluator import compile_rule
from contracts.rules.explanation import REASONS, NotMet, filled
from contracts.rules.parser import parse_rule
from contracts.rules.rendering import rendered
from contracts.rules.types import BOOLEAN, DATE, HASH, INTEGER, MONEY, TIME, ListType, OptionalType, RuleValue, Type
from tests.contracts.rules.known_scope import ORDINARY, ORDINARY_CALLS, SCOPE, Values

TITLES = {"stage": {"activist": "入党积极分子", "full": "正式党员"}}


def not_met(source: str, **changes: Any) -> NotMet:
    found = compile_rule(parse_rule(source, SCOPE)).check(Values({**ORDINARY, **changes}, ORDINARY_CALLS))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("due >= 100", "needs at least 100, has 90"),
        ("100 <= due", "needs at least 100, has 90"),
        ("due > 90", "needs more than 90, has 90"),
        ("90 < due", "needs more than 90, has 90"),
        ("due <= 80", "at most 80 is allowed, it is 90"),
        ("due < yes", "less than 46 is needed, it is 90"),
        ("due == 80", "80 is needed, it is 90"),
        ("80 == due", "80 is needed, it is 90"),
        ('stage != "activist"', "anything but activist is needed"),
        ("yes > fraction(2, 3, of=due)", "needs more than 2/3 × 90, has 46"),
        ('wage < money("3000.00")', "less than 3000.00 is needed, it is 5001.00"),
        ('today < date("2023-01-01")', "less than 2023-01-01 is needed, it is 2023-02-12"),
        ("10 < due < 50 < yes", "less than 50 is needed, it is 90"),
        ('stage in ("full", "candidate")', 'activist is not allowed here: stage in ("full", "candidate")'),
        ("due not in (90,)", "90 is not allowed here: due not in (90,)"),
        ("limit is not None", "something is missing: limit is not None"),
        ("paid is None", "something is there that must not be: paid is None"),
        ('open and not has_role("secretary")', 'the condition not has_role("secretary") is not met'),
        ("not open or due > 100", "the condition not open or due > 100 is not met"),
    ],
)
def test_the_general_sentence(source: str, sentence: str) -> None:
    reason, values = not_met(source).reason()
    refusal = Refusal(*reason, **values)
    assert str(refusal) == sentence
    assert refusal.details == values


def test_every_general_reason_can_be_declared() -> None:
    for reason in REASONS:
        check_reason(reason, "rule")
    assert len({reason.code for reason in REASONS}) == len(REASONS)


def test_clauses_are_counted_through_nested_ands() -> None:
    found = not_met("(open and due > 1) and (yes > 1 and due > 1000)")
    assert (found.clause_index, found.condition) == (3, "due > 1000")


def test_a_packs_text_is_filled_with_titles_of_the_readers_language() -> None:
    found = not_met('stage == "full"')
    details = found.details()
    assert details["left"] == "activist"
    text = "现为{left}\uff0c应为{right}"
    assert filled(text, details, found.tree, TITLES) == "现为入党积极分子\uff0c应为正式党员"
    assert filled("{left} {{x}} {other}", details, found.tree, {}) == "activist {x} {other}"
    assert filled("{left", details, found.tree, {}) == "{left"
    found = not_met('stage in ("full",)')
    assert filled("{value}", found.details(), found.tree, TITLES) == "入党积极分子"
    assert filled("{value}", not_met("not open").details(), found.tree, TITLES) == "false"
    assert filled("{left}", {"clause": 99, "left": "activist"}, found.tree, TITLES) == "activist"
    assert filled("{left}", {"left": "{right}", "right": "x"}, found.tree, {}) == "{right}"


@pytest.mark.parametrize(
    ("value", "of", "shown"),
    [
        (True, BOOLEAN, "true"),
        (5, INTEGER, 5),
        (-5, MONEY, "-0.05"),
        (1_234_567, MONEY, "12345.67"),
        (19_400, DATE, "2023-02-12"),
        (9_999_999, DATE, "day 9999999"),
        (1_700_000_000_000, TIME, "2023-11-14 22:13 UTC"),
        (2**62, TIME, "4611686018427387904 ms"),
        (b"\x01" * 32, HASH, "01" * 32),
        ([1, 2], ListType(INTEGER, 3), 2),
        (None, OptionalType(INTEGER), "-"),
        (5, OptionalType(INTEGER), 5),
    ],
)
def test_values_are_shown_by_their_types(value: RuleValue, of: Type, shown: int | str) -> None:
    assert rendered(value, of) == shown


def test_long_texts_are_cut() -> None:
    found = not_met('motto == "x"', motto="y" * 500)
    assert found.details()["left"] == "y" * 100
    long = " or ".join(["due > 1000"] * 60)
    assert len(str(not_met(long).details()["condition"])) == 160
