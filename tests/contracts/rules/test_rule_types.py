"""What the checker takes and refuses, and what it knows about values that may be missing.

Source: docs/reference/rules.md, "Types" and "Values that may be missing".
"""

import pytest

from contracts.rules.errors import RuleDeclarationError, RuleSourceError
from contracts.rules.parser import parse_rule
from contracts.rules.scope import Parameter, Scope, Signature
from contracts.rules.types import (
    BOOLEAN,
    DATE,
    HASH,
    INTEGER,
    MONEY,
    TEXT,
    TIME,
    EnumType,
    FractionType,
    ListType,
    LiteralType,
    OptionalType,
    ReferenceType,
    Type,
    conforms,
    fits,
    joined,
    record_type,
)
from tests.contracts.rules.known_scope import MEMBER, ORDINARY, SCOPE, STAGE


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("due + 1 - yes * 2 // 3 % 4", INTEGER),
        ("wage + wage - wage", MONEY),
        ("2 * wage * due", MONEY),
        ("-wage", MONEY),
        ("sum(d for s in sponsors for d in s.dues)", MONEY),
        ("sum(scores)", INTEGER),
        ("min(due, yes, 3)", INTEGER),
        ("max(today, member.since)", DATE),
        ("max(s.since for s in sponsors)", OptionalType(DATE)),
        ("default(max(scores), 0)", INTEGER),
        ("default(until, today)", DATE),
        ("limit", OptionalType(INTEGER)),
        ("due", OptionalType(INTEGER)),
        ('"full" if open else "activist"', STAGE),
        ('stage if open else "full"', STAGE),
        ('stage in ("full", "activist")', BOOLEAN),
        ('stage == ("full" if open else "activist")', BOOLEAN),
        ('"full" == stage != "activist"', BOOLEAN),
        ("unit == member.unit", BOOLEAN),
        ('unit == "district/branch-1"', BOOLEAN),
        ("unit == motto", BOOLEAN),
        ('starts_with(unit, "district/")', BOOLEAN),
        ('"district" in units', BOOLEAN),
        ("form == form", BOOLEAN),
        ("open == (due > 1)", BOOLEAN),
        ("today < add_months(member.since, 12) <= date_of(now)", BOOLEAN),
        ("fraction(1, 3, of=due) <= yes < fraction(2, 3, of=due)", BOOLEAN),
        ("wage > fraction(1, 3, of=wage * 2)", BOOLEAN),
        ("all(answers) or any(x > 1 for x in scores if open)", BOOLEAN),
        ("distinct_count(s.stage for s in sponsors) == count(sponsors)", BOOLEAN),
        ("members_of(unit)", ListType(MEMBER, 6)),
        ("members_of(unit) if open else sponsors", ListType(MEMBER, 8)),
        ("(sponsor if sponsor is not None else member).since", DATE),
        ("count(x for x in scores) + count(x for x in scores)", INTEGER),
    ],
)
def test_well_typed(source: str, expected: Type) -> None:
    tree = parse_rule(source, SCOPE, expected)
    assert fits(tree.root.checked_type, expected)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("due", "the rule gives integer, where boolean is needed"),
        ("due and open", "a condition is needed here"),
        ("not due", "a condition is needed here"),
        ("open if due else open", "a condition is needed here"),
        ("wage > 3000", 'money("3000.00")'),
        ("wage + 1 > wage", "money is added to money"),
        ("wage // 2 > wage", "share(amount, numerator, denominator)"),
        ("wage * wage > wage", "money is added to money"),
        ("today - member.since > 365", "days_between(start, end)"),
        ("open + 1 > 1", "takes two integers"),
        ("-open", "a minus stands before"),
        ("motto < motto", "< does not compare values of the type text"),
        ("open < open", "< does not compare"),
        ("stage < stage", "< does not compare"),
        ("member == member", "== does not compare"),
        ("scores == scores", "== does not compare"),
        ("today == now", "date is not compared with time"),
        ("motto == 1", "text is not compared with integer"),
        ("stage == motto", "enum stage is not compared with text"),
        ('stage == "ful"', "none of the known values"),
        ('stage in ("full", "ful")', "none of the known values"),
        ('has_role("sekretary")', "none of the known values"),
        ("has_role(motto)", "has to be written out"),
        ("depth_of(motto) > 1", "is text, where reference to unit is needed"),
        ("due in (1, yes)", "literals only"),
        ("due in (1, open)", "literals only"),
        ('due in (1, "x")', "integer is not compared with text"),
        ("motto in scores", "text is not compared with integer"),
        ("due in yes", "not a list"),
        ("foo > 1", "there is no name foo here"),
        ("member.age > 1", "record member has no field age"),
        ("due.x > 1", "which has no fields"),
        ("any(x for x in due)", "not a list"),
        ("any(due for due in scores)", "is a name already"),
        ("any(any(x > y for x in scores) for x in scores)", "is a name already"),
        ("any(x for x in scores) and x > 1", "takes conditions"),
        ("any(x > 1 for x in scores) and x > 1", "there is no name x here"),
        ("all(scores)", "takes conditions"),
        ("count(x > 1 for x in scores) > 1", "counts every element"),
        ("count(due) > 1", "goes through a list"),
        ("sum(units) > 1", "adds integers or money"),
        ("default(max(units), 1) > 1", "takes integers, money, dates or times"),
        ("distinct_count(sponsors) > 1", "cannot tell values"),
        ("min(due, wage) > 1", "values of one type"),
        ("min(motto, motto) == motto", "values of one type"),
        ("min() > 1", "takes 1 arguments"),
        ("max(scores) > 1", "may be missing"),
        ("limit > 1", "may be missing"),
        ("limit", "may be missing"),
        ("last_talk(member, before=today) > today", "may be missing"),
        ("sponsor.since > today", "may be missing"),
        ("any(limit > x for x in scores)", "may be missing"),
        ("sum(default(limit, limit) for x in scores) > 1", "may be missing"),
        ("due is None", "is always there"),
        ("default(due, 1) > 1", "leave `default` out"),
        ("default(limit, wage) > 1", "both have to be of one type"),
        ("(due if open else wage) > 1", "both have to be of one type"),
        ("(fraction(1, 2, of=due) if open else fraction(1, 3, of=due)) > 1", "both have to be of one type"),
        ("fraction(1, 2, of=due)", "where boolean is needed"),
        ("fraction(1, 2, of=due) + 1 > 1", "a fraction is only compared"),
        ("fraction(1, 2, of=due) > fraction(1, 3, of=due)", "> does not compare"),
        ("wage > fraction(1, 2, of=due)", "is not compared with"),
        ("due in (1, 2) in (3, 4)", "in a chain of comparisons"),
        ("fraction(1, 2, of=motto) > 1", "fraction takes two integers"),
        ('motto == "' + "x" * 257 + '"', "more than 256 bytes"),
        ('motto == "\t"', "control character"),
    ],
)
def test_badly_typed(source: str, words: str) -> None:
    with pytest.raises(RuleSourceError) as caught:
        parse_rule(source, SCOPE)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "source",
    [
        "limit is not None and limit > 1",
        "limit is None or limit > 1",
        "not (limit is None) and limit > 1",
        "not (limit is None or limit < 1)",
        "not (limit is not None and limit < 1) or limit > 5",
        "not (limit is None or open) and limit > 1",
        "(limit is None or open) or limit > 1",
        "limit > 1 if limit is not None else open",
        "open if limit is None else limit > 1",
        "limit is not None and (open or limit > 1)",
        "(limit is not None and open) and limit > 1",
        "(limit is not None if open else limit is not None) and limit > 1",
        "(False if limit is None else open) and limit is not None and limit > 1",
        "member.talk is not None and member.talk < today",
        "member.company is not None and member.company.founded is not None and member.company.founded < today",
        "sponsor is not None and sponsor.company is not None and sponsor.company.name == motto",
        "all(s.talk is not None and s.talk < today for s in sponsors)",
        "all(s.talk < today for s in sponsors if s.talk is not None)",
        "limit is not None and any(x > limit for x in scores if limit > 1)",
        "any(x > 1 for s in sponsors if s.company is not None for x in scores if s.company.name == motto)",
        "(limit is not None or open) and limit is not None and limit > 1",
        "limit is not None and limit is not None and default(limit, 1) > limit",
    ],
)
def test_a_test_before_makes_a_value_usable(source: str) -> None:
    assert parse_rule(source, SCOPE).names


@pytest.mark.parametrize(
    "source",
    [
        "limit is not None or limit > 1",
        "limit is None and limit > 1",
        "limit > 1 and limit is not None",
        "(limit is None or open) and limit > 1",
        "not (limit is not None and open) and limit > 1",
        "(limit is not None or open) and limit > 1",
        "(limit is not None if open else open) and limit > 1",
        "open if limit is not None else limit > 1",
        "paid is not None and limit > 1",
        "not (limit is None and open) and limit > 1",
        "any(limit is not None for x in scores) and limit > 1",
        "sponsor is not None and sponsor.talk < today",
        "all(s.talk is not None for s in sponsors) and all(s.talk < today for s in sponsors)",
        "member.talk is not None and all(s.talk < today for s in sponsors)",
        "last_talk(member, before=today) is not None and last_talk(member, before=today) < today",
        "(limit is not None) == open and limit > 1",
    ],
)
def test_what_was_not_tested_on_every_way_stays_optional(source: str) -> None:
    with pytest.raises(RuleSourceError, match="may be missing"):
        parse_rule(source, SCOPE)


def test_names_and_calls_say_what_a_rule_depends_on() -> None:
    tree = parse_rule("any(s.since < today for s in sponsors) and count(members_of(unit)) > 0", SCOPE)
    assert tree.names == {"sponsors", "today", "unit"}
    assert tree.calls == {"members_of"}
    assert [clause.opcode for clause in tree.clauses] == ["call", "compare"]
    assert SCOPE.extended({"extra": INTEGER}).names.keys() == SCOPE.names.keys() | {"extra"}


def test_declarations_that_cannot_work_are_refused() -> None:
    parameter = Parameter("x", INTEGER)
    for declare in (
        lambda: Scope({"from": INTEGER}),
        lambda: Scope({"Due": INTEGER}),
        lambda: Scope({"p\u00e4rt": INTEGER}),
        lambda: Scope({}, [Signature("sum", (), INTEGER)]),
        lambda: Scope({}, [Signature("f", (), INTEGER), Signature("f", (), TEXT)]),
        lambda: Signature("f", (parameter, parameter), INTEGER),
        lambda: Signature("f", (Parameter("y", INTEGER, keyword=True), parameter), INTEGER),
        lambda: Signature("f", (), INTEGER, fuel=5_001),
        lambda: EnumType("e", ()),
        lambda: EnumType("e", ("a", "a")),
        lambda: ListType(INTEGER, 0),
        lambda: ListType(OptionalType(INTEGER), 3),
        lambda: OptionalType(OptionalType(INTEGER)),
        lambda: record_type("r", {"class": INTEGER}),
        lambda: Scope({"x": FractionType(INTEGER)}),
        lambda: Scope({"x": ListType(LiteralType(frozenset("a")), 3)}),
        lambda: Scope({"x": record_type("r", {"y": OptionalType(FractionType(MONEY))})}),
        lambda: Scope({}, [Signature("f", (), FractionType(INTEGER))]),
        lambda: Parameter("x", FractionType(INTEGER)),
    ):
        with pytest.raises(RuleDeclarationError):
            declare()


def test_fitting_and_joining() -> None:
    unit, other = ReferenceType("unit"), ReferenceType("person")
    assert fits(unit, TEXT) and not fits(TEXT, unit) and not fits(unit, other)
    assert fits(LiteralType(frozenset("a")), TEXT) and not fits(STAGE, TEXT)
    assert fits(ListType(unit, 3), ListType(TEXT, 4)) and not fits(ListType(unit, 5), ListType(TEXT, 4))
    assert joined(unit, TEXT) == joined(unit, other) == TEXT
    assert joined(ListType(unit, 3), ListType(TEXT, 4)) == ListType(TEXT, 4)
    assert joined(INTEGER, MONEY) is None


def test_values_of_an_environment_can_be_checked() -> None:
    assert all(conforms(ORDINARY[name], of) for name, of in SCOPE.names.items())
    for value, of in (
        (True, INTEGER),
        (1, BOOLEAN),
        (2**63, INTEGER),
        (None, TEXT),
        ("x", HASH),
        ("ful", STAGE),
        ([1] * 9, SCOPE.names["scores"]),
        ([None], SCOPE.names["scores"]),
        ({}, MEMBER),
        (1.5, TIME),
    ):
        assert not conforms(value, of)
