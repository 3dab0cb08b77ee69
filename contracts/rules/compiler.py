"""Makes steps of a rule's tree, once, so that evaluating it costs little each time.

Owns the choice of the step for each node. Never evaluates, never checks. Invariant: a compiled rule gives the same
value, takes the same fuel and fails with the same error as going through the tree node by node; tests compare it with
an interpreter that does. Source: docs/adr/0017-rule-language.md.
"""

from collections.abc import Callable
from typing import Any

from contracts.rules import dates, functions, loops, opcodes, steps
from contracts.rules.arithmetic import share
from contracts.rules.fuel import Step
from contracts.rules.loops import Elements
from contracts.rules.scope import Scope
from contracts.rules.tree import Node, is_generator
from contracts.rules.types import ListType, OptionalType

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "days_between": dates.days_between,
    "months_between": dates.months_between,
    "years_between": dates.years_between,
    "add_days": dates.add_days,
    "add_months": dates.add_months,
    "year_of": dates.year_of,
    "month_of": dates.month_of,
    "day_of": dates.day_of,
    "starts_with": str.startswith,
    functions.SHARE: share,
}


class Compiler:
    """Compiles the nodes of one rule; `slot_count` is how many `for` names are alive at once."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._variables: dict[str, int] = {}
        self.slot_count = 0

    def compiled(self, node: Node) -> Step:
        """The step of a node and all below it."""
        opcode = node.opcode
        if opcode in opcodes.LITERALS:
            return steps.literal(node.literal)
        if opcode == opcodes.NAME:
            slot = self._variables.get(node.name)
            return steps.name(node.name, optional=_is_optional(node)) if slot is None else steps.variable(slot)
        if opcode == opcodes.FIELD:
            return steps.field(self.compiled(node.operands[0]), node.name, optional=_is_optional(node))
        if opcode == opcodes.CALL:
            return self._call(node)
        if opcode == opcodes.TUPLE:
            values = tuple(item.literal for item in node.operands)
            return steps.literal(values)
        if opcode in (opcodes.IN, opcodes.NOT_IN):
            return steps.membership(*self.membership_operands(node), wanted=opcode == opcodes.IN)
        return self._operation(node)

    def _operation(self, node: Node) -> Step:
        opcode = node.opcode
        operands = self.several(node.operands)
        if opcode == opcodes.COMPARE:
            compares = self.comparisons(node)
            return steps.comparison(compares[0], *operands) if len(compares) == 1 else steps.chain(compares, operands)
        if opcode in steps.ARITHMETIC:
            return steps.function(steps.ARITHMETIC[opcode], operands)
        if opcode == opcodes.AND:
            return steps.conjunction(operands)
        if opcode == opcodes.OR:
            return steps.disjunction(operands)
        if opcode == opcodes.IF:
            return steps.conditional(*operands)
        (operand,) = operands
        if opcode == opcodes.NOT:
            return steps.negation(operand)
        if opcode == opcodes.NEGATE:
            return steps.negative(operand)
        return steps.is_none(operand) if opcode == opcodes.IS_NONE else steps.is_not_none(operand)

    def several(self, nodes: tuple[Node, ...]) -> tuple[Step, ...]:
        """The steps of several nodes."""
        return tuple(self.compiled(node) for node in nodes)

    def membership_operands(self, node: Node) -> tuple[Step, Step]:
        """The value and the list of an `in`."""
        return self.compiled(node.operands[0]), self._list(node.operands[1])

    def comparisons(self, node: Node) -> tuple[steps.Comparison, ...]:
        """How each neighbours among the operands of a comparison are compared."""
        types = [operand.checked_type for operand in node.operands]
        pairs = zip(node.literals, types, types[1:], strict=False)
        return tuple(steps.comparison_of(str(sign), left, right) for sign, left, right in pairs)

    def _call(self, node: Node) -> Step:
        name = node.name
        if name in functions.AGGREGATES:
            return self._aggregate(node)
        arguments = self.several(node.operands)
        if name == functions.FRACTION:
            return steps.fraction(*arguments)
        if name == functions.DEFAULT:
            return steps.default(*arguments)
        if name in functions.FIXED:
            return _fixed(name, arguments)
        signature = self._scope.functions[name]
        return steps.host_call(name, arguments, signature.fuel, optional=isinstance(signature.result, OptionalType))

    def _aggregate(self, node: Node) -> Step:
        if len(node.operands) > 1:
            compute = loops.least_of if node.name == functions.MIN else loops.greatest_of
            return steps.function(compute, self.several(node.operands))
        operand = node.operands[0]
        if is_generator(operand):
            return loops.over_elements(node.name, self._elements(operand))
        return loops.over_list(node.name, self._list(operand))

    def _list(self, node: Node) -> Step:
        type_ = node.checked_type
        assert isinstance(type_, ListType)
        values = self.compiled(node)
        return values if node.opcode == opcodes.TUPLE else loops.bounded(values, type_.count_max)

    def _elements(self, node: Node) -> Elements:
        values = self._list(node.operands[0])
        slot = len(self._variables)
        self._variables[node.name] = slot
        self.slot_count = max(self.slot_count, slot + 1)
        condition = self.compiled(node.operands[1]) if node.opcode == opcodes.EACH_IF else None
        element = node.operands[-1]
        elements: Elements
        if is_generator(element):
            elements = loops.each_of_each(values, slot, condition, self._elements(element))
        else:
            elements = loops.each(values, slot, condition, self.compiled(element))
        del self._variables[node.name]
        return elements


def _fixed(name: str, arguments: tuple[Step, ...]) -> Step:
    fuel = functions.FIXED[name].fuel
    if name == functions.DATE_OF:
        return steps.local_date(dates.date_of, arguments[0], fuel)
    compute = _FUNCTIONS[name]
    return steps.costly_function(compute, arguments, fuel) if fuel else steps.function(compute, arguments)


def _is_optional(node: Node) -> bool:
    return isinstance(node.type, OptionalType)
