"""Checks the calls in a rule: arguments against parameters, and what goes through a list.

Owns the types of calls; half of the checker, which it gets from its subclass. Never evaluates.
Source: docs/reference/rules.md, "Functions".
"""

from abc import ABC, abstractmethod

from contracts.rules import functions
from contracts.rules.errors import TypeProblem
from contracts.rules.narrowing import Judged, Known, path_of
from contracts.rules.printer import print_node
from contracts.rules.scope import Parameter, Scope
from contracts.rules.tree import Node, is_generator
from contracts.rules.types import (
    BOOLEAN,
    INTEGER,
    NUMBERS,
    ORDERED,
    FractionType,
    ListType,
    LiteralType,
    OptionalType,
    Type,
    fits,
    has_equality,
    joined,
)

_SHOWN_LENGTH_MAX = 200


class CallChecks(ABC):
    """The calls of one rule."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    @abstractmethod
    def judge(self, node: Node, known: Known, hint: Type | None = None) -> Judged:
        """`node` with its type."""

    @abstractmethod
    def each(self, node: Node, known: Known, *, inside: bool = False) -> Node:
        """A generator with the type of its elements."""

    def shown(self, node: Node) -> str:
        """The text of a node for a message."""
        return print_node(node, self.scope)[:_SHOWN_LENGTH_MAX]

    def present(self, node: Node) -> Node:
        """`node`, if it cannot be missing.

        Raises:
            TypeProblem
        """
        if isinstance(node.type, OptionalType):
            raise TypeProblem(
                "{expression} may be missing: test it before with `is not None`, or write default({expression}, …)",
                expression=self.shown(node),
            ).at(node.place)
        return node

    def declared(self, node: Node, known: Known) -> Node:
        """`node` as it is declared, though it may be known to be there: asking twice is allowed."""
        path = path_of(node)
        return self.judge(node, known - {path} if path is not None else known).node

    def value(self, node: Node, known: Known, hint: Type | None = None) -> Node:
        """`node`, which has to be a value of its own and there.

        Raises:
            TypeProblem
        """
        typed = self.present(self.judge(node, known, hint).node)
        if isinstance(typed.type, FractionType):
            raise TypeProblem("a fraction is only compared: write it beside a comparison's sign").at(node.place)
        return typed

    def call(self, node: Node, known: Known, hint: Type | None) -> Judged:
        """A call of any function."""
        name = node.name
        if name == functions.FRACTION:
            return Judged(self._fraction(node, known))
        if name == functions.DEFAULT:
            return Judged(self._default(node, known, hint))
        if name in functions.AGGREGATES:
            return Judged(self._aggregate(node, known))
        signature = functions.FIXED.get(name) or self.scope.functions.get(name)
        if signature is None:
            raise TypeProblem("there is no function {name}", name=name[:_SHOWN_LENGTH_MAX])
        arguments = self._arguments(node, signature.parameters, known)
        return Judged(node.typed(signature.result, arguments))

    def _arguments(self, node: Node, parameters: tuple[Parameter, ...], known: Known) -> tuple[Node, ...]:
        _check_count(node, len(parameters), len(parameters))
        typed = []
        for operand, parameter in zip(node.operands, parameters, strict=True):
            argument = self.value(operand, known, parameter.type)
            if not fits(argument.checked_type, parameter.type):
                if isinstance(parameter.type, LiteralType):
                    raise TypeProblem(
                        "the argument {name} of {function} has to be written out: {wanted}",
                        name=parameter.name,
                        function=node.name,
                        wanted=str(parameter.type),
                    ).at(operand.place)
                raise TypeProblem(
                    "the argument {name} of {function} is {found}, where {wanted} is needed",
                    name=parameter.name,
                    function=node.name,
                    found=str(argument.type),
                    wanted=str(parameter.type),
                ).at(operand.place)
            typed.append(argument)
        return tuple(typed)

    def _fraction(self, node: Node, known: Known) -> Node:
        _check_count(node, 3, 3)
        numerator, denominator, whole = (self.value(operand, known) for operand in node.operands)
        if (numerator.type, denominator.type) != (INTEGER, INTEGER) or whole.type not in NUMBERS:
            raise TypeProblem("fraction takes two integers, and integer or money: write fraction(1, 2, of=…)")
        return node.typed(FractionType(whole.checked_type), (numerator, denominator, whole))

    def _default(self, node: Node, known: Known, hint: Type | None) -> Node:
        _check_count(node, 2, 2)
        value = self.declared(node.operands[0], known)
        if not isinstance(value.type, OptionalType):
            raise TypeProblem(
                "{expression} is always there: leave `default` out", expression=self.shown(node.operands[0])
            )
        instead = self.value(node.operands[1], known, value.type.item)
        type_ = joined(value.type.item, instead.checked_type)
        if type_ is None:
            raise TypeProblem(
                "default gives {one} or {other}: both have to be of one type",
                one=str(value.type.item),
                other=str(instead.type),
            )
        return node.typed(type_, (value, instead))

    def _aggregate(self, node: Node, known: Known) -> Node:
        name = node.name
        if name in (functions.MIN, functions.MAX) and len(node.operands) > 1:
            return self._extreme_of_several(node, known)
        _check_count(node, 1, 1)
        operand = node.operands[0]
        generated = is_generator(operand)
        typed = self.each(operand, known) if generated else self.value(operand, known)
        item = typed.checked_type
        if not generated:
            if not isinstance(item, ListType):
                raise TypeProblem(
                    "{function} goes through a list, not {found}: write {function}(x for x in list)",
                    function=name,
                    found=str(item),
                ).at(operand.place)
            item = item.item
        return node.typed(_aggregate_type(name, item, generated=generated), (typed,))

    def _extreme_of_several(self, node: Node, known: Known) -> Node:
        typed = tuple(self.value(operand, known) for operand in node.operands)
        types = {one.type for one in typed}
        if len(types) > 1 or not types <= ORDERED:
            raise TypeProblem("{function} takes values of one type: integer, money, date or time", function=node.name)
        return node.typed(typed[0].checked_type, typed)


def _aggregate_type(name: str, item: Type, *, generated: bool) -> Type:
    if name in (functions.ALL, functions.ANY):
        if item != BOOLEAN:
            raise TypeProblem("{function} takes conditions, not {found}", function=name, found=str(item))
        return BOOLEAN
    if name == functions.COUNT:
        if generated and item == BOOLEAN:
            raise TypeProblem("count counts every element, true or not: write count(x for x in list if condition)")
        return INTEGER
    if name == functions.SUM:
        if item not in NUMBERS:
            raise TypeProblem("sum adds integers or money, not {found}", found=str(item))
        return item
    if name == functions.DISTINCT_COUNT:
        if not has_equality(item):
            raise TypeProblem("distinct_count cannot tell values of the type {found} apart", found=str(item))
        return INTEGER
    if item not in ORDERED:
        raise TypeProblem(
            "{function} takes integers, money, dates or times, not {found}", function=name, found=str(item)
        )
    return OptionalType(item)


def _check_count(node: Node, least: int, most: int) -> None:
    if not least <= len(node.operands) <= most:
        raise TypeProblem(
            "{function} takes {count} arguments, not {found}",
            function=node.name,
            count=most,
            found=len(node.operands),
        )
