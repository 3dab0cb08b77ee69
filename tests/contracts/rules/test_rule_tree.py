"""Trees as they stand on the ledger: one form, and nothing that a text could not have said.

Source: docs/reference/rules.md, "The tree".
"""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.rules.errors import RuleEvaluationError, RuleTreeError
from contracts.rules.evaluator import compile_rule
from contracts.rules.parser import parse_rule
from contracts.rules.tree import decode_tree
from contracts.rules.types import BOOLEAN
from ledger.encoding import Value, decode, encode
from ledger.errors import DecodingError
from tests.contracts.rules.known_scope import ORDINARY, ORDINARY_CALLS, SCOPE, Values
from tests.examples import examples
from tests.ledger.values import values

SOURCES = (
    'stage == "activist" and days_between(member.since, today) >= 365 and wage > money("10.00")',
    'yes > fraction(1, 2, of=due) or has_role("secretary") and not open',
    "limit is not None and due - 1 < limit <= -yes",
    'count(d for s in sponsors if s.talk is not None and s.talk < date("2024-01-01") for d in s.dues) in (1, 2, 3)',
    "default(max(s.since for s in sponsors), today) < add_months(today, 1 if open else 2)",
    "all(answers) and due not in scores and due * 2 // 3 % 4 == 1",
)
TREES = tuple(parse_rule(source, SCOPE).encode_value() for source in SOURCES)


def test_a_tree_is_a_flat_list_with_operands_first() -> None:
    assert parse_rule('due - 1 < yes <= 5 and stage in ("full", "activist")', SCOPE).encode_value() == [
        ["name", "due"],
        ["integer", 1],
        ["-", 0, 1],
        ["name", "yes"],
        ["integer", 5],
        ["compare", "<", "<=", 2, 3, 4],
        ["name", "stage"],
        ["text", "full"],
        ["text", "activist"],
        ["tuple", 7, 8],
        ["in", 6, 9],
        ["and", 5, 10],
    ]


SCORES: Value = ["name", "scores"]
THREE_FOR: list[Value] = [
    SCORES,
    SCORES,
    SCORES,
    ["name", "open"],
    ["each", "z", 2, 3],
    ["each", "y", 1, 4],
    ["each", "x", 0, 5],
    ["call", "any", 6],
]
NOT: list[Value] = [["not", index] for index in range(40)]


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        "open",
        [None],
        [[]],
        [[1]],
        [["name"]],
        [["name", 1]],
        [["name", "open", 0]],
        [["nothing", "open"]],
        [["boolean", 1]],
        [["integer", True], ["integer", 1], ["compare", "==", 0, 1]],
        [["name", "open"], ["not", 1]],
        [["name", "open"], ["not", -1]],
        [["name", "open"], ["not", True]],
        [["name", "open"], ["not", False]],
        [["name", "open"], ["name", "open"], ["and", False, True]],
        [["name", "open"], ["not", "0"]],
        [["name", "open"], ["name", "open"]],
        [["name", "open"], ["not", 0], ["and", 0, 1]],
        [["name", "open"], ["and", 0, 0]],
        [["name", "open"], ["name", "open"], ["and", 1, 0]],
        [["name", "open"], ["and", 0]],
        [["name", "due"], ["name", "due"], ["compare", "~", 0, 1]],
        [["name", "due"], ["name", "due"], ["compare", 0, 1]],
        [["name", "due"], ["name", "due"], ["compare", "<", "<", 0, 1]],
        [["name", "due"], ["compare", "<", 0]],
        [["name", "due"], ["integer", 5], ["negate", 1], ["compare", "<", 0, 2]],
        [["name", "due"], ["name", "yes"], ["tuple", 1], ["in", 0, 2]],
        [["integer", 1], ["tuple", 0]],
        [["name", "scores"], ["name", "x"], ["each", "x", 0, 1]],
        [["name", "scores"], ["name", "open"], ["each", "due", 0, 1], ["call", "any", 2]],
        [["name", "scores"], ["name", "open"], ["each", "for", 0, 1], ["call", "any", 2]],
        [["name", "scores"], ["name", "open"], ["each", "X y", 0, 1], ["call", "any", 2]],
        THREE_FOR,
        [["call", "money"]],
        [["call", "nothing"]],
        [["call", "has_role"]],
        [["text", "secretary"], ["name", "unit"], ["call", "has_role", 0, 1]],
        [["name", "motto"], ["text", "\ud800"], ["compare", "==", 0, 1]],
        [["name", "today"], ["date", 2_932_897], ["compare", "==", 0, 1]],
        [["name", "due"], ["integer", 1], ["call", "fraction", 0, 1], ["compare", "==", 0, 1]],
        [["name", "open"], *NOT],
        [["name", "open"]] * 513,
        [["name", "open"]] * 65 + [["and", *range(65)]],
    ],
)
def test_what_no_text_could_have_said_is_refused(value: Any) -> None:
    with pytest.raises(RuleTreeError) as caught:
        decode_tree(value, SCOPE)
    assert str(caught.value)


def test_too_many_nodes_are_refused_before_they_are_looked_at() -> None:
    with pytest.raises(RuleTreeError, match="a list of 1 to 512 nodes"):
        decode_tree([None] * 513, SCOPE)


def test_a_tree_that_would_be_too_long_as_a_text_is_refused() -> None:
    texts: list[Value] = [["text", "x" * 256] for _ in range(20)]
    value: list[Value] = [["name", "motto"], *texts, ["tuple", *range(1, 21)], ["in", 0, 21]]
    with pytest.raises(RuleTreeError, match="bytes, at most 4096"):
        decode_tree(value, SCOPE)


def holds_one_form(value: Value) -> None:
    """Refused, or the very tree that its text gives; and it can be evaluated."""
    try:
        tree = decode_tree(value, SCOPE)
    except RuleTreeError as error:
        assert str(error)
        return
    assert tree.encode_value() == value
    assert parse_rule(tree.source, SCOPE) == tree
    try:
        result = compile_rule(tree).evaluate(Values(ORDINARY, ORDINARY_CALLS))
    except RuleEvaluationError as error:
        assert error.code.startswith("rule.")
    else:
        assert isinstance(result, bool)


@given(values)
def test_any_value_is_a_tree_or_refused(value: Value) -> None:
    holds_one_form(value)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_tree_or_refused(data: bytes) -> None:
    try:
        value = decode(data)
    except DecodingError as error:
        assert str(error)
    else:
        holds_one_form(value)


ATOMS = st.one_of(
    st.integers(-3, 30),
    st.booleans(),
    st.none(),
    st.sampled_from(
        ("name", "field", "each", "each-if", "call", "tuple", "in", "compare", "and", "if", "not", "integer", "money")
    ),
    st.sampled_from(("due", "open", "scores", "x", "s", "==", "<", "sum", "any", "fraction", "default", "since")),
)


@st.composite
def nearly_trees(draw: st.DrawFn) -> Value:
    """A tree in which a few things were changed."""
    found = decode(encode(draw(st.sampled_from(TREES))))
    assert isinstance(found, list)
    for _ in range(draw(st.integers(1, 3))):
        index = draw(st.integers(0, len(found) - 1))
        node = found[index]
        assert isinstance(node, list)
        kind = draw(st.sampled_from(("part", "part", "part", "drop", "swap", "add", "cut")))
        if kind == "part" and node:
            node[draw(st.integers(0, len(node) - 1))] = draw(ATOMS)
        elif kind == "drop" and len(found) > 1:
            del found[index]
        elif kind == "swap":
            other = draw(st.integers(0, len(found) - 1))
            found[index], found[other] = found[other], found[index]
        elif kind == "add":
            added: list[Value] = [*draw(st.lists(ATOMS, max_size=4))]
            found.insert(index, added)
        elif node:
            node.pop()
    return found


@settings(max_examples=examples(150))
@given(nearly_trees())
def test_what_is_nearly_a_tree_is_a_tree_or_refused(value: Value) -> None:
    holds_one_form(value)


def test_the_same_value_is_checked_against_the_scope_that_reads_it() -> None:
    value = parse_rule("extra > 1", SCOPE.extended({"extra": SCOPE.names["due"]})).encode_value()
    with pytest.raises(RuleTreeError, match="there is no name extra"):
        decode_tree(value, SCOPE)
    with pytest.raises(RuleTreeError, match="money is not compared"):
        decode_tree(value, SCOPE.extended({"extra": SCOPE.names["wage"]}), BOOLEAN)
