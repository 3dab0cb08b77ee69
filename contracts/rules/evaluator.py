"""Evaluates a rule: a value, or which clause of a guard is not met and with which values.

Owns the compiled rule. Never catches what the engine raises. Invariant: `evaluate`, `check` and `run` depend on what
the environment answers and on nothing else, take the same fuel, and raise `RuleEvaluationError` only, on every node at
the same step.
Source: docs/reference/rules.md, "Evaluation".
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from contracts.rules import opcodes, steps
from contracts.rules.compiler import Compiler
from contracts.rules.errors import RuleEvaluationError
from contracts.rules.explanation import NotMet
from contracts.rules.fuel import FUEL_MAX, Frame, Step, out_of_fuel, take
from contracts.rules.scope import Environment
from contracts.rules.tree import Node, Tree
from contracts.rules.types import BOOLEAN, RuleValue

# Which pair of a comparison does not hold (0 but in a chain), and both values; None if the clause holds.
Failure: TypeAlias = tuple[int, "RuleValue | steps.ExactFraction", "RuleValue | steps.ExactFraction"]
# Makes a named tuple of its items in half the time that its own constructor takes, which is written in Python.
_made = tuple.__new__
Test: TypeAlias = Callable[[Frame], Failure | None]


class Outcome(NamedTuple):
    """What came out, and what it took."""

    value: RuleValue
    fuel_used: int


class Verdict(NamedTuple):
    """Whether a guard is met (then None), and what it took."""

    not_met: NotMet | None
    fuel_used: int


class CompiledRule:
    """A rule ready to be evaluated, many times; keep it for as long as its pack is in force.

    Cost: about 0.1 µs for each node that is evaluated, and what the environment takes.
    """

    __slots__ = ("_clauses", "_slot_count", "_step", "is_literal", "tree")

    def __init__(self, tree: Tree) -> None:
        compiler = Compiler(tree.scope)
        self.tree = tree
        self._step = compiler.compiled(tree.root)
        self._clauses = tuple(_tested_clauses(compiler, tree.root)) if tree.root.type == BOOLEAN else ()
        self._slot_count = compiler.slot_count
        # Takes no fuel, looks at nothing: such as the 1 by which an effect counts.
        self.is_literal = tree.root.opcode in opcodes.LITERALS

    def evaluate(self, environment: Environment, fuel: int = FUEL_MAX) -> RuleValue:
        """The value of the rule.

        Raises:
            RuleEvaluationError
        """
        return self._step(Frame(environment, fuel, self._slot_count))  # type: ignore[no-any-return]

    def run(self, environment: Environment, fuel: int = FUEL_MAX) -> Outcome:
        """The value of the rule, and the fuel that it took.

        Raises:
            RuleEvaluationError
        """
        if self.is_literal:
            return _made(Outcome, (self.tree.root.literal, 0))
        frame = Frame(environment, fuel, self._slot_count)
        try:
            value = self._step(frame)
            return _made(Outcome, (value, fuel - frame.fuel))
        except RuleEvaluationError as error:
            error.fuel_used = fuel - frame.fuel
            raise

    def check(self, environment: Environment, fuel: int = FUEL_MAX) -> NotMet | None:
        """Which clause of the guard is not met first, and why; None if it is met.

        Raises:
            RuleEvaluationError: with `clause_index`, the clause that could not be evaluated.
        """
        return self.judge(environment, fuel).not_met

    def judge(self, environment: Environment, fuel: int = FUEL_MAX) -> Verdict:
        """As `check`, and the fuel that it took: the same as `run` takes.

        Raises:
            RuleEvaluationError: with `clause_index`, the clause that could not be evaluated.
        """
        assert self._clauses, "only a guard is checked: the rule gives no boolean"
        frame = Frame(environment, fuel, self._slot_count)
        for index, (entered, test) in enumerate(self._clauses):
            try:
                if entered:
                    take(frame, entered)
                failure = test(frame)
            except RuleEvaluationError as error:
                error.clause_index = index
                error.fuel_used = fuel - frame.fuel
                raise
            if failure is not None:
                pair, left, right = failure
                return Verdict(NotMet(self.tree, index, pair, left, right), fuel - frame.fuel)
        return _made(Verdict, (None, fuel - frame.fuel))


def compile_rule(tree: Tree) -> CompiledRule:
    """A rule ready to be evaluated. Cost: about 2 µs for each node."""
    return CompiledRule(tree)


def _tested_clauses(compiler: Compiler, root: Node) -> list[tuple[int, Test]]:
    """The test of each clause, and how many `and` are entered right before it, each of which takes 1."""
    if root.opcode != opcodes.AND:
        return [(0, _test(compiler, root))]
    found = [clause for operand in root.operands for clause in _tested_clauses(compiler, operand)]
    entered, test = found[0]
    return [(entered + 1, test), *found[1:]]


def _test(compiler: Compiler, node: Node) -> Test:
    if node.opcode == opcodes.COMPARE:
        return _comparison_test(compiler, node)
    if node.opcode in (opcodes.IN, opcodes.NOT_IN):
        return _membership_test(compiler, node)
    step = compiler.compiled(node)

    def test(frame: Frame) -> Failure | None:
        return None if step(frame) else (0, None, None)

    return test


def _comparison_test(compiler: Compiler, node: Node) -> Test:
    first, *others = compiler.several(node.operands)
    if len(others) == 1:
        compare, right = compiler.comparisons(node)[0], node.operands[1]
        if right.opcode in opcodes.LITERALS:
            return _literal_test(compare, first, right.literal)
        return _pair_test(compare, first, others[0])
    pairs = tuple(enumerate(zip(compiler.comparisons(node), others, strict=True)))

    def test(frame: Frame) -> Failure | None:
        take(frame, 1)
        left = first(frame)
        for index, (compare, operand) in pairs:
            right = operand(frame)
            if not compare(left, right):
                return index, left, right
            left = right
        return None

    return test


def _pair_test(compare: steps.Comparison, first: Step, second: Step) -> Test:
    """Of the usual comparison, that is no chain."""

    def test(frame: Frame) -> Failure | None:
        if frame.fuel < 1:
            raise out_of_fuel()
        frame.fuel -= 1
        left = first(frame)
        right = second(frame)
        return None if compare(left, right) else (0, left, right)

    return test


def _literal_test(compare: steps.Comparison, first: Step, literal: Any) -> Test:
    """As `_pair_test`, with a literal on the right, as in most clauses: it takes nothing."""

    def test(frame: Frame) -> Failure | None:
        if frame.fuel < 1:
            raise out_of_fuel()
        frame.fuel -= 1
        left = first(frame)
        return None if compare(left, literal) else (0, left, literal)

    return test


def _membership_test(compiler: Compiler, node: Node) -> Test:
    value, values = compiler.membership_operands(node)
    wanted = node.opcode == opcodes.IN

    def test(frame: Frame) -> Failure | None:
        take(frame, 1)
        one = value(frame)
        several = values(frame)
        take(frame, len(several))
        return None if (one in several) == wanted else (0, one, None)

    return test
