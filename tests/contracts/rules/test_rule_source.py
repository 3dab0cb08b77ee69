"""What the parser takes, what it refuses, where, and what it says instead.

Source: docs/reference/rules.md, "Grammar".
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.rules.errors import RuleSourceError
from contracts.rules.parser import parse_rule
from contracts.rules.types import BOOLEAN, INTEGER, MONEY, Type
from tests.contracts.rules.known_scope import SCOPE
from tests.examples import examples


def refused(source: str, expected: Type = BOOLEAN) -> RuleSourceError:
    with pytest.raises(RuleSourceError) as caught:
        parse_rule(source, SCOPE, expected)
    return caught.value


@pytest.mark.parametrize(
    ("source", "column", "words"),
    [
        ("due / 2 > 1", 1, "write `//`"),
        ("due ** 2 > 1", 1, "write the multiplication out"),
        ("due @ 2 > 1", 1, "the operators are"),
        ("due << 2 > 1", 1, "the operators are"),
        ("due >> 2 > 1", 1, "the operators are"),
        ("open | open", 1, "write `or`"),
        ("open & open", 1, "write `and`"),
        ("open ^ open", 1, "write `!=`"),
        ("~open", 1, "write `not`"),
        ("+due > 1", 1, "leave it out"),
        ("due > 1.5", 7, "write whole numbers"),
        ("due > 1e5", 7, "followed by a letter"),
        ("due > 0x10", 7, "followed by a letter"),
        ("due > 1j", 7, "followed by a letter"),
        ("(lambda: open)()", 1, "only functions are called"),
        ("lambda: open", 1, "a lambda is not allowed"),
        ("scores[0] > 1", 7, "[ is not allowed"),
        ("due in {1, 2}", 8, "{ is not allowed"),
        ("due, yes", 1, "only allowed to the right of `in`"),
        ("any(x) for x in scores", 1, "`for` is only allowed"),
        ("f'{due}' == motto", 1, "letters or digits before a quote"),
        ("b'x' == form", 1, "letters or digits before a quote"),
        ("'''x''' == motto", 1, "triple quotes"),
        ("'x' 'y' == motto", 5, "cannot be joined"),
        ("motto == 'x\\n'", 10, "does not end on its line"),
        ("motto == 'x", 10, "does not end on its line"),
        ("(x := due) > 1", 2, "`:=` is not allowed"),
        ("has_role(*units)", 10, "`*` before an argument"),
        ("has_role(**units)", 1, "has_role(role)"),
        ("motto.upper() == motto", 1, "only functions are called"),
        ("await open", 1, "`await` is not allowed"),
        ("yield open", 1, "`yield` is not allowed"),
        ("due > 9223372036854775808", 7, "64 bits"),
        ("limit == None", 10, "`x is None`"),
        ("due is 5", 1, "write `==`"),
        ("1 < due in scores", 1, "joined by `and`"),
        ("due > 1)", 8, "take it out"),
        ("(due > 1", 9, "write the missing )"),
        (")(", 1, "take it out"),
        ("due > 1; open", 8, "no expression"),
        ("open = True", 1, "no expression"),
        ("import os", 1, "no expression"),
        ("due >", 6, "no expression"),
        ("", 1, "only allowed to the right of `in`"),
        ("due \N{FULLWIDTH GREATER-THAN SIGN} 1", 5, "outside of quotes"),
        ("motto == \N{LEFT DOUBLE QUOTATION MARK}x\N{RIGHT DOUBLE QUOTATION MARK}", 10, "outside of quotes"),
        ("count(x for x in scores if x > 1 if x > 2) > 1", 37, "join the conditions"),
        ("count(a for a in scores for b in scores for c in scores) > 1", 6, "more than two `for`"),
        ("count(a for a, b in scores) > 1", 13, "stands one name"),
        ("money(3000) < wage", 1, 'write money("3000.00")'),
        ('money("3000") < wage', 1, 'write money("3000.00")'),
        ('date("2023-02-29") < today', 1, 'write date("2024-07-01")'),
        ("days_between(today) > 1", 1, "days_between(start, end)"),
        ("days_between(today, today, today) > 1", 1, "days_between(start, end)"),
        ("yes > fraction(1, 2, due)", 7, "fraction(numerator, denominator, of=…)"),
        ("yes > fraction(1, 2, of=due, at=1)", 7, "fraction(numerator, denominator, of=…)"),
        ("share(wage, 1, 2, numerator=3) > wage", 1, "share(amount, numerator, denominator, rounding)"),
        ("length(scores) > 1", 1, "there is no function length"),
        ("count(scores, key=due) > 1", 1, "takes no arguments by name"),
    ],
)
def test_what_is_left_out_is_refused_with_its_place_and_a_remedy(source: str, column: int, words: str) -> None:
    error = refused(source)
    assert words in str(error)
    assert (error.line, error.column) == (1, column)


def test_a_rule_may_go_over_several_lines_and_hold_comments() -> None:
    source = "open  # while it is open\nand due > 1\n   and yes > 1\n"
    assert parse_rule(source, SCOPE).source == "open and due > 1 and yes > 1"


def test_places_count_characters_and_lines() -> None:
    error = refused("motto == '党员' and\n  '支部' == mottto")
    assert (error.line, error.column) == (2, 11)
    error = refused("motto == '党员' and mottto == 'x'")
    assert (error.line, error.column) == (1, 19)


def test_deep_and_long_texts_are_refused_before_they_cost_anything() -> None:
    sources = [
        "not " * 1_000 + "open",
        "-" * 4_000 + "due",
        "due" + "+due" * 1_000,
        "due" + ".x" * 1_900,
        "open if open else " * 220 + "open",
        "(" * 41 + "open" + ")" * 41,
        "due < " * 600 + "due",
        "open and " * 400 + "open",
        "count(" * 40 + "scores" + ")" * 40,
        "open" + " " * 5_000,
        "sum(x for x in " * 38 + "scores" + ")" * 38,
        "min(due, " * 33 + "due" + ")" * 33,
    ]
    for source in sources:
        assert any(
            word in str(refused(source)) for word in ("deeper", "split", "at most", "parentheses", "no expression")
        )


def test_thirty_two_levels_are_the_bound_for_texts_as_for_trees() -> None:
    assert parse_rule("not " * 31 + "open", SCOPE).source == "not " * 31 + "open"
    assert "deeper than 32" in str(refused("not " * 32 + "open"))


def test_numbers_texts_and_arguments_have_one_form() -> None:
    assert parse_rule("1_000", SCOPE, INTEGER).source == "1000"
    assert parse_rule("-9223372036854775808", SCOPE, INTEGER).source == "-9223372036854775808"
    assert parse_rule("- (5)", SCOPE, INTEGER).source == "-5"
    assert parse_rule("motto == 'it\\'s \"x\"'", SCOPE).source == 'motto == "it\'s \\"x\\""'
    assert parse_rule("share(wage, 1, 2)", SCOPE, MONEY).source == 'share(wage, 1, 2, "half-up")'
    assert parse_rule("last_talk(before=today, member=member) is None", SCOPE).source == (
        "last_talk(member, before=today) is None"
    )
    assert parse_rule("count(members_of(unit)) > 0", SCOPE).source == "count(members_of(unit, 1)) > 0"


def test_parentheses_stand_where_they_are_needed() -> None:
    for source in (
        "not (open or open) and open",
        "(open and open) and open",
        "(due - 1) - (yes - 1) == due - (1 - yes)",
        "(due if open else yes) + 1 > 2",
        "(open if open else open) if open else open if open else open",
        "-(due + 1) * -yes > --due",
        "(due > 1) == (yes > 1)",
        "not due > 1",
        "not due in scores",
        "due not in scores",
        'stage in ("full",)',
        "count(x for x in (scores if open else scores) if (open if open else open)) > 0",
        "sum(x if open else y for x in scores if x > 1 for y in scores) > 0",
    ):
        written = parse_rule(source, SCOPE).source
        assert parse_rule(written, SCOPE) == parse_rule(source, SCOPE)
        assert written.count("(") <= source.count("(")


SIGNS = (
    "open due yes motto stage limit scores sponsors x for in if else and or not is None ( ) , . + - * // % < == > "
    '"full" 1 -1 count( sum( min( default( fraction( share( money( "3.00" date( "2024-01-01" of= has_role( "secretary" '
    "lambda [ ] { } : := ** / ' \" \\ # \n await yield * f'' 1.5 0x1 \x00 \u515a \ud800 $ ? `"
)
PIECES = SIGNS.split(" ")


@settings(max_examples=examples(200))
@given(
    st.one_of(
        st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join),
        st.text(max_size=60),
        st.lists(st.sampled_from(PIECES), max_size=9).map("".join),
    )
)
def test_any_text_is_a_rule_or_refused_in_words(source: str) -> None:
    try:
        tree = parse_rule(source, SCOPE)
    except RuleSourceError as error:
        assert error.line >= 1 <= error.column
        assert str(error)
    else:
        assert parse_rule(tree.source, SCOPE) == tree
