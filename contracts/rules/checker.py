"""Checks a rule against a scope: every name, every type, every value that may be missing.

Owns the type of each kind of node but calls (those are in `calls.py`). Never evaluates. Invariant: what passes has a
value of its type, or one of the errors of evaluation, for all values of the declared types; it makes no difference
whether the nodes came from a text or from the ledger. Source: docs/reference/rules.md, "Types".
"""

from collections.abc import Callable

from contracts.rules import opcodes
from contracts.rules.calls import CallChecks
from contracts.rules.dates import is_date
from contracts.rules.errors import RuleProblem, TypeProblem
from contracts.rules.narrowing import NOTHING, Judged, Known, Sequence, either, path_of
from contracts.rules.printer import quoted
from contracts.rules.scope import Scope
from contracts.rules.tree import Node, is_generator
from contracts.rules.types import (
    BOOLEAN,
    DATE,
    INTEGER,
    MONEY,
    NUMBERS,
    ORDERED,
    TEXT,
    EnumType,
    FractionType,
    ListType,
    LiteralType,
    OptionalType,
    RecordType,
    ReferenceType,
    Type,
    can_equal,
    fits,
    is_rule_name,
    joined,
)

_LITERAL_TYPES: dict[str, Type] = {
    opcodes.BOOLEAN_LITERAL: BOOLEAN,
    opcodes.INTEGER_LITERAL: INTEGER,
    opcodes.MONEY_LITERAL: MONEY,
}
# A name or field's text in a message.
_SHOWN_LENGTH_MAX = 200


def checked(root: Node, scope: Scope, expected: Type) -> Node:
    """`root` with the types of all nodes.

    Raises:
        RuleProblem: with a place.
    """
    checker = _Checker(scope)
    node = checker.judge(root, NOTHING, expected).node
    if not fits(node.checked_type, expected):
        if isinstance(node.type, OptionalType):
            checker.present(node)
        raise TypeProblem(
            "the rule gives {found}, where {expected} is needed", found=str(node.type), expected=str(expected)
        ).at(root.place)
    return node


class _Checker(CallChecks):
    """Judges the nodes of one rule."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self._variables: dict[str, Type] = {}

    def judge(self, node: Node, known: Known, hint: Type | None = None) -> Judged:
        """`node` with its type, where `known` is there; a literal takes the type `hint` if it can."""
        try:
            return _JUDGES[node.opcode](self, node, known, hint)
        except RuleProblem as problem:
            raise problem.at(node.place) from None

    def condition(self, node: Node, known: Known) -> Judged:
        """`node`, which has to be a boolean."""
        judged = self.judge(node, known)
        self.present(judged.node)
        if judged.node.type != BOOLEAN:
            raise TypeProblem(
                "a condition is needed here, and {expression} is {found}: compare it with something",
                expression=self.shown(node),
                found=str(judged.node.type),
            ).at(node.place)
        return judged

    # Literals and names

    def _literal(self, node: Node, known: Known, hint: Type | None) -> Judged:
        return Judged(node.typed(_LITERAL_TYPES[node.opcode]))

    def _date(self, node: Node, known: Known, hint: Type | None) -> Judged:
        value = node.literal
        if not isinstance(value, int) or not is_date(value):
            raise TypeProblem("a date lies before the year 1 or after the year 9999: write another one")
        return Judged(node.typed(DATE))

    def _text(self, node: Node, known: Known, hint: Type | None) -> Judged:
        text = node.name
        try:
            size = len(text.encode())
        except UnicodeEncodeError:
            raise TypeProblem("a text holds half of a surrogate pair, which is not valid UTF-8") from None
        if size > opcodes.TEXT_SIZE_BYTES_MAX or any(ord(one) < 32 or 127 <= ord(one) < 160 for one in text):
            raise TypeProblem(
                "a text has more than {limit} bytes, or holds a control character: write a shorter or plainer one",
                limit=opcodes.TEXT_SIZE_BYTES_MAX,
            )
        wanted = hint.item if isinstance(hint, OptionalType) else hint
        if isinstance(wanted, EnumType | LiteralType) and text not in wanted.values:
            values = ", ".join(sorted(quoted(value) for value in wanted.values))
            raise TypeProblem("{text} is none of the known values: {values}", text=quoted(text), values=values)
        return Judged(node.typed(wanted if isinstance(wanted, EnumType | LiteralType | ReferenceType) else TEXT))

    def _name(self, node: Node, known: Known, hint: Type | None) -> Judged:
        found = self._variables.get(node.name) or self.scope.names.get(node.name)
        if found is None:
            names = ", ".join(sorted(self.scope.names.keys() | self._variables.keys()))
            raise TypeProblem("there is no name {name} here: there are {known}", name=_cut(node.name), known=names)
        return Judged(node.typed(_narrowed(node, found, known)))

    def _field(self, node: Node, known: Known, hint: Type | None) -> Judged:
        base = self.value(node.operands[0], known)
        if not isinstance(base.type, RecordType):
            raise TypeProblem(
                "{expression} is {found}, which has no fields",
                expression=self.shown(node.operands[0]),
                found=str(base.type),
            )
        found = base.type.field(node.name)
        if found is None:
            raise TypeProblem(
                "{record} has no field {name}: there are {known}",
                record=str(base.type),
                name=_cut(node.name),
                known=", ".join(name for name, _ in base.type.fields),
            )
        return Judged(node.typed(_narrowed(node, found, known), (base,)))

    # Conditions

    def _not(self, node: Node, known: Known, hint: Type | None) -> Judged:
        operand = self.condition(node.operands[0], known)
        return Judged(node.typed(BOOLEAN, (operand.node,)), operand.when_false, operand.when_true)

    def _sequence(self, node: Node, known: Known, hint: Type | None) -> Judged:
        sequence = Sequence(node.opcode, known)
        operands = []
        for operand in node.operands:
            judged = self.condition(operand, sequence.known)
            sequence.add(judged)
            operands.append(judged.node)
        return sequence.judged(node.typed(BOOLEAN, tuple(operands)))

    def _is_none(self, node: Node, known: Known, hint: Type | None) -> Judged:
        operand = node.operands[0]
        path = path_of(operand)
        judged = self.declared(operand, known)
        if not isinstance(judged.type, OptionalType):
            raise TypeProblem(
                "{expression} is always there: leave the comparison with None out", expression=self.shown(operand)
            )
        there = frozenset((path,)) if path is not None else NOTHING
        typed = node.typed(BOOLEAN, (judged,))
        return Judged(typed, NOTHING, there) if node.opcode == opcodes.IS_NONE else Judged(typed, there, NOTHING)

    def _if(self, node: Node, known: Known, hint: Type | None) -> Judged:
        condition = self.condition(node.operands[0], known)
        yes = Branch(node.operands[1], known | condition.when_true)
        no = Branch(node.operands[2], known | condition.when_false)
        # The one that says of which enum it is tells the other.
        first, second = (no, yes) if _takes_hint(yes.node) else (yes, no)
        first.judged = self.judge(first.node, first.known, hint)
        self.present(first.judged.node)
        second.judged = self.judge(second.node, second.known, hint or first.judged.node.type)
        self.present(second.judged.node)
        both = (yes.judged.node.checked_type, no.judged.node.checked_type)
        type_ = joined(*both)
        if type_ is None or isinstance(type_, FractionType):
            raise TypeProblem(
                "a conditional gives {one} or {other}: both have to be of one type",
                one=str(both[0]),
                other=str(both[1]),
            )
        typed = node.typed(type_, (condition.node, yes.judged.node, no.judged.node))
        return either(condition, yes.judged, no.judged, typed)

    # Comparisons

    def _compare(self, node: Node, known: Known, hint: Type | None) -> Judged:
        if not opcodes.COMPARISONS.issuperset(node.literals):
            raise TypeProblem("a comparison has an unknown operator")
        typed: dict[int, Node] = {}
        # Texts come last: what they are compared with says whether they are values of an enum.
        for index in sorted(range(len(node.operands)), key=lambda one: _takes_hint(node.operands[one])):
            neighbours = [typed[one].type for one in (index - 1, index + 1) if one in typed]
            judged = self.judge(node.operands[index], known, neighbours[0] if neighbours else None).node
            typed[index] = self.present(judged)
        operands = tuple(typed[index] for index in range(len(node.operands)))
        for operator, left, right in zip(node.literals, operands, operands[1:], strict=False):
            if not _can_compare(str(operator), left.checked_type, right.checked_type):
                raise _incomparable(str(operator), left.checked_type, right.checked_type).at(right.place)
        return Judged(node.typed(BOOLEAN, operands))

    def _in(self, node: Node, known: Known, hint: Type | None) -> Judged:
        left, right = node.operands
        if right.opcode == opcodes.TUPLE:
            one = self.value(left, known)
            values = self._tuple(right, one.checked_type)
        else:
            values = self.value(right, known)
            if not isinstance(values.type, ListType):
                raise TypeProblem(
                    "{expression} is {found}, not a list: to the right of `in` stands a list, or values in parentheses",
                    expression=self.shown(right),
                    found=str(values.type),
                )
            one = self.value(left, known, values.type.item)
        assert isinstance(values.type, ListType)
        if not can_equal(one.checked_type, values.type.item):
            raise _incomparable("==", one.checked_type, values.type.item)
        return Judged(node.typed(BOOLEAN, (one, values)))

    def _tuple(self, node: Node, hint: Type) -> Node:
        for item in node.operands:
            if item.opcode not in opcodes.LITERALS:
                raise TypeProblem("in the parentheses after `in` stand literals only: write `==` and `or`").at(
                    item.place
                )
        items = tuple(self.judge(item, NOTHING, hint).node for item in node.operands)
        for item in items:
            if not can_equal(hint, item.checked_type):
                raise _incomparable("==", hint, item.checked_type).at(item.place)
        return node.typed(ListType(items[0].checked_type, len(items)), items)

    def _misplaced(self, node: Node, known: Known, hint: Type | None) -> Judged:
        raise TypeProblem("values in parentheses stand after `in` only, and `for` in functions that go through a list")

    # Arithmetic

    def _negate(self, node: Node, known: Known, hint: Type | None) -> Judged:
        if node.operands[0].opcode == opcodes.INTEGER_LITERAL and int(node.operands[0].literal) >= 0:
            raise TypeProblem("the negative of a number that is written out is that number with a minus")
        operand = self.value(node.operands[0], known)
        if operand.type not in NUMBERS:
            raise TypeProblem("a minus stands before integer or money, not before {found}", found=str(operand.type))
        return Judged(node.typed(operand.type, (operand,)))

    def _arithmetic(self, node: Node, known: Known, hint: Type | None) -> Judged:
        left, right = (self.value(operand, known) for operand in node.operands)
        type_ = _arithmetic_type(node.opcode, left.checked_type, right.checked_type)
        return Judged(node.typed(type_, (left, right)))

    # Elements of lists

    def each(self, node: Node, known: Known, *, inside: bool = False) -> Node:
        """A generator; its type is that of its elements."""
        if node.name in self._variables or node.name in self.scope.names or not is_rule_name(node.name):
            raise TypeProblem(
                "{name} is a name already, or cannot be one: write another one after `for`", name=_cut(node.name)
            ).at(node.place)
        values = self.value(node.operands[0], known)
        if not isinstance(values.type, ListType):
            raise TypeProblem(
                "{expression} is {found}, not a list: after `for … in` stands a list",
                expression=self.shown(node.operands[0]),
                found=str(values.type),
            ).at(node.place)
        self._variables[node.name] = values.type.item
        operands = [values]
        if node.opcode == opcodes.EACH_IF:
            condition = self.condition(node.operands[1], known)
            operands.append(condition.node)
            known |= condition.when_true
        element = node.operands[-1]
        if is_generator(element):
            if inside:
                raise TypeProblem("more than two `for` are not allowed: split the rule").at(node.place)
            operands.append(self.each(element, known, inside=True))
        else:
            operands.append(self.value(element, known))
        del self._variables[node.name]
        return node.typed(operands[-1].checked_type, tuple(operands))


class Branch:
    """One of the two values of a conditional, and what is known where it is looked at."""

    def __init__(self, node: Node, known: Known) -> None:
        self.node = node
        self.known = known
        self.judged = Judged(node)


_JUDGES: dict[str, Callable[[_Checker, Node, Known, Type | None], Judged]] = {
    **dict.fromkeys(_LITERAL_TYPES, _Checker._literal),
    opcodes.DATE_LITERAL: _Checker._date,
    opcodes.TEXT_LITERAL: _Checker._text,
    opcodes.NAME: _Checker._name,
    opcodes.FIELD: _Checker._field,
    opcodes.NOT: _Checker._not,
    opcodes.AND: _Checker._sequence,
    opcodes.OR: _Checker._sequence,
    opcodes.NEGATE: _Checker._negate,
    **dict.fromkeys(opcodes.ARITHMETIC, _Checker._arithmetic),
    opcodes.COMPARE: _Checker._compare,
    opcodes.IN: _Checker._in,
    opcodes.NOT_IN: _Checker._in,
    opcodes.TUPLE: _Checker._misplaced,
    opcodes.EACH: _Checker._misplaced,
    opcodes.EACH_IF: _Checker._misplaced,
    opcodes.IS_NONE: _Checker._is_none,
    opcodes.IS_NOT_NONE: _Checker._is_none,
    opcodes.IF: _Checker._if,
    opcodes.CALL: _Checker.call,
}


def _narrowed(node: Node, found: Type, known: Known) -> Type:
    return found.item if isinstance(found, OptionalType) and path_of(node) in known else found


def _takes_hint(node: Node) -> bool:
    """Whether the node's type is open until it is known what it is for."""
    if node.opcode == opcodes.IF:
        return _takes_hint(node.operands[1]) and _takes_hint(node.operands[2])
    return node.opcode == opcodes.TEXT_LITERAL


def _can_compare(operator: str, left: Type, right: Type) -> bool:
    for one, other in ((left, right), (right, left)):
        if isinstance(one, FractionType):
            return one.of == other
    if operator in opcodes.EQUALITIES:
        return can_equal(left, right)
    return left == right and left in ORDERED


def _incomparable(operator: str, left: Type, right: Type) -> TypeProblem:
    if {left, right} == NUMBERS:
        return TypeProblem('money is not compared with an integer: write an amount as money("3000.00")')
    if left == right:
        return TypeProblem("{operator} does not compare values of the type {found}", operator=operator, found=str(left))
    return TypeProblem("{left} is not compared with {right}", left=str(left), right=str(right))


def _arithmetic_type(opcode: str, left: Type, right: Type) -> Type:
    if left == right == INTEGER:
        return INTEGER
    if left == right == MONEY and opcode in (opcodes.ADD, opcodes.SUBTRACT):
        return MONEY
    if {left, right} == NUMBERS and opcode == opcodes.MULTIPLY:
        return MONEY
    if DATE in (left, right):
        raise TypeProblem("dates are not added: write add_days(date, count) or days_between(start, end)")
    if MONEY in (left, right):
        raise TypeProblem(
            "{left} {operator} {right} is not allowed: money is added to money, multiplied with integers, and divided"
            " by share(amount, numerator, denominator)",
            left=str(left),
            operator=opcode,
            right=str(right),
        )
    raise TypeProblem(
        "{left} {operator} {right} is not allowed: the operator takes two integers",
        left=str(left),
        operator=opcode,
        right=str(right),
    )


def _cut(text: str) -> str:
    return text[:_SHOWN_LENGTH_MAX]
