"""Rules of every shape: compiled against gone through, written against read, encoded against decoded.

Source: docs/reference/rules.md.
"""

from typing import Any

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from contracts.rules.errors import RuleEvaluationError, SyntaxProblem
from contracts.rules.evaluator import compile_rule
from contracts.rules.fuel import FUEL_MAX
from contracts.rules.parser import parse_rule
from contracts.rules.printer import print_tree
from contracts.rules.tree import Node, Tree, checked_tree, decode_tree
from contracts.rules.types import BOOLEAN, DATE, INTEGER, MONEY, Type
from ledger.encoding import decode, encode
from tests.contracts.rules.known_scope import SCOPE, Values
from tests.contracts.rules.naive_interpreter import Naive
from tests.contracts.rules.rule_trees import environments, trees
from tests.examples import examples

TYPES: tuple[Type, ...] = (BOOLEAN, INTEGER, MONEY, DATE)
typed_trees = st.sampled_from(TYPES).flatmap(lambda of: st.tuples(st.just(of), trees(of)))


def tree_of(node: Node, wanted: Type) -> Tree:
    """Well-typed as it is made; only its size may be too much."""
    try:
        return checked_tree(node, SCOPE, wanted)
    except SyntaxProblem:
        assume(False)
        raise


def outcome(evaluate: Any) -> tuple[str, Any]:
    """Value and fuel, or the kind of error."""
    try:
        return "value", evaluate()
    except RuleEvaluationError as error:
        return "error", type(error)


def naive(tree: Tree, environment: Values, fuel: int) -> tuple[str, Any]:
    def run() -> tuple[Any, int]:
        interpreter = Naive(tree, environment, fuel)
        value = interpreter.run()
        return value, fuel - interpreter.left

    return outcome(run)


@settings(max_examples=examples(150))
@given(typed_trees, environments(), st.sampled_from((FUEL_MAX, FUEL_MAX, 3, 10, 40)))
def test_a_compiled_rule_does_what_going_through_the_tree_does(
    drawn: tuple[Type, Node], environment: Values, fuel: int
) -> None:
    tree = tree_of(drawn[1], drawn[0])
    rule = compile_rule(tree)
    expected = naive(tree, environment, fuel)
    calls = list(environment.called)
    environment.called.clear()
    found = outcome(lambda: tuple(rule.run(environment, fuel)))
    event(found[0] if found[0] == "value" else found[1].__name__)
    assert found == expected
    assert environment.called == calls
    if found[0] == "value":
        value, fuel_used = found[1]
        assert 0 <= fuel_used <= fuel
        # Not a step less is enough, and not a step more is needed.
        assert outcome(lambda: rule.evaluate(environment, fuel_used)) == ("value", value)
        if fuel_used:
            assert outcome(lambda: rule.evaluate(environment, fuel_used - 1))[1].code == "rule.out-of-fuel"


@settings(max_examples=examples(80))
@given(trees(BOOLEAN), environments(), st.sampled_from((FUEL_MAX, 5, 20)))
def test_checking_a_guard_takes_the_same_steps_as_evaluating_it(node: Node, environment: Values, fuel: int) -> None:
    rule = compile_rule(tree_of(node, BOOLEAN))
    value = outcome(lambda: tuple(rule.run(environment, fuel)))
    verdict = outcome(lambda: rule.judge(environment, fuel))
    if value[0] == "error":
        assert verdict == value
        return
    not_met, fuel_used = verdict[1]
    assert (not_met is None, fuel_used) == value[1]
    if not_met is not None:
        reason, values = not_met.reason()
        assert reason.template.format(**values)
        details = not_met.details()
        assert encode(dict(details))
        assert details["clause"] == not_met.clause_index < len(rule.tree.clauses)


@settings(max_examples=examples(80))
@given(typed_trees)
def test_a_tree_is_read_back_from_its_text_and_from_its_value(drawn: tuple[Type, Node]) -> None:
    tree = tree_of(drawn[1], drawn[0])
    value = tree.encode_value()
    carried = decode_tree(decode(encode(value)), SCOPE, drawn[0])
    assert carried == tree
    assert carried.encode_value() == value
    assert parse_rule(print_tree(tree), SCOPE, drawn[0]) == tree
    assert print_tree(carried) == print_tree(tree)
