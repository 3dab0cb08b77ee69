"""Reads the text of a rule: Python's expression syntax, of which most is refused.

Owns the way from a text to a checked tree. Only imported where packs are built: nodes that execute rules decode trees.
Never evaluates, never looks into a type (the checker does). Invariant: whatever the text, the answer is a `Tree` or a
`RuleSourceError`, within bounds on size and depth that are checked before Python's own parser starts.
Source: docs/reference/rules.md, "Grammar".
"""

import ast

from contracts.rules import opcodes
from contracts.rules.arithmetic import parsed_money
from contracts.rules.dates import parsed_date
from contracts.rules.errors import Place, RuleProblem, RuleSourceError, SyntaxProblem, source_error
from contracts.rules.functions import AGGREGATES, BUILTIN_NAMES, LITERAL_MAKERS, signature_of
from contracts.rules.refusals import not_an_expression, refusal_of
from contracts.rules.scope import Scope, Signature
from contracts.rules.source import check_source
from contracts.rules.tree import Node, Tree, checked_tree
from contracts.rules.types import BOOLEAN, Type
from ledger.encoding import INTEGER_MAX, INTEGER_MIN

_BINARY: dict[type[ast.AST], str] = {
    ast.Add: opcodes.ADD,
    ast.Sub: opcodes.SUBTRACT,
    ast.Mult: opcodes.MULTIPLY,
    ast.FloorDiv: opcodes.DIVIDE,
    ast.Mod: opcodes.REMAINDER,
}
_COMPARISONS: dict[type[ast.AST], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_MEMBERSHIPS: dict[type[ast.AST], str] = {ast.In: opcodes.IN, ast.NotIn: opcodes.NOT_IN}
_IDENTITIES: dict[type[ast.AST], str] = {ast.Is: opcodes.IS_NONE, ast.IsNot: opcodes.IS_NOT_NONE}


def parse_rule(source: str, scope: Scope, expected: Type = BOOLEAN) -> Tree:
    """The rule that `source` writes, checked against the names and functions of `scope`.

    Args:
        source: An expression, at most 4,096 bytes; it may go over several lines and hold comments (`# …`).
        scope: What it may speak of.
        expected: The type of its value: `BOOLEAN` for a guard.

    Raises:
        RuleSourceError: what is wrong, at which line and column, and what to write instead.

    Cost: about 150 µs for each 100 characters.
    """
    check_source(source)
    wrapped = f"({source}\n)"
    try:
        parsed = ast.parse(wrapped, mode="eval").body
    except SyntaxError as error:
        raise _python_refused(source, error) from None
    except (RecursionError, MemoryError, ValueError):
        raise source_error(1, 1, _too_deep()) from None
    lines = wrapped.split("\n")
    try:
        return checked_tree(_Reader(scope, lines).read(parsed, 1), scope, expected)
    except RuleProblem as problem:
        line, column = problem.place or (1, 1)
        raise source_error(line, column or 1, problem) from problem


def _python_refused(source: str, error: SyntaxError) -> RuleSourceError:
    """The place is Python's, the words are ours: Python's change with its versions."""
    line, column = error.lineno or 1, error.offset or 1
    lines = source.split("\n")
    if line > len(lines):
        # At the parenthesis that was put behind it: something is missing at the end.
        line, column = len(lines), len(lines[-1]) + 1 + (len(lines) == 1)
    column = max(column - (line == 1), 1)
    return source_error(line, column, not_an_expression())


def _too_deep() -> SyntaxProblem:
    return SyntaxProblem("the rule is nested deeper than {limit} levels: split it", limit=opcodes.DEPTH_MAX)


class _Reader:
    """Makes nodes of Python's."""

    def __init__(self, scope: Scope, lines: list[str]) -> None:
        self._scope = scope
        self._lines = lines

    def read(self, python: ast.expr, depth: int) -> Node:
        """The node of `python`, which stands on level `depth`.

        Raises:
            SyntaxProblem
        """
        try:
            if depth > opcodes.DEPTH_MAX:
                raise _too_deep()
            return self._read(python, depth + 1)
        except SyntaxProblem as problem:
            raise problem.at(self._place(python)) from None

    def _place(self, python: ast.expr) -> Place:
        line = python.lineno
        written = self._lines[line - 1].encode()[: python.col_offset].decode(errors="replace")
        # The parenthesis that was put before the first line does not count.
        return line, len(written) + (line > 1)

    def _node(
        self, python: ast.expr, opcode: str, *operands: Node, literals: tuple[bool | int | str, ...] = ()
    ) -> Node:
        return Node(opcode, literals, operands, self._place(python))

    def _read(self, python: ast.expr, depth: int) -> Node:
        match python:
            case ast.Constant():
                return self._constant(python)
            case ast.Name(id=name):
                return self._node(python, opcodes.NAME, literals=(name,))
            case ast.Attribute(value=value, attr=field):
                return self._node(python, opcodes.FIELD, self.read(value, depth), literals=(field,))
            case ast.BoolOp(op=operator, values=values):
                opcode = opcodes.AND if isinstance(operator, ast.And) else opcodes.OR
                return self._node(python, opcode, *self._several(values, depth))
            case ast.UnaryOp():
                return self._unary(python, depth)
            case ast.BinOp(op=operator) if type(operator) in _BINARY:
                opcode = _BINARY[type(operator)]
                return self._node(python, opcode, self.read(python.left, depth), self.read(python.right, depth))
            case ast.BinOp(op=operator):
                raise refusal_of(operator)
            case ast.Compare():
                return self._compare(python, depth)
            case ast.IfExp(test=test, body=body, orelse=otherwise):
                return self._node(python, opcodes.IF, *(self.read(one, depth) for one in (test, body, otherwise)))
            case ast.Call():
                return self._call(python, depth)
        raise refusal_of(python)

    def _several(self, pythons: list[ast.expr], depth: int) -> list[Node]:
        if len(pythons) > opcodes.OPERANDS_MAX:
            raise SyntaxProblem(
                "{count} values stand side by side, at most {limit} are allowed: split the rule",
                count=len(pythons),
                limit=opcodes.OPERANDS_MAX,
            )
        return [self.read(one, depth) for one in pythons]

    def _constant(self, python: ast.Constant, *, negative: bool = False) -> Node:
        value = python.value
        if isinstance(value, bool):
            return self._node(python, opcodes.BOOLEAN_LITERAL, literals=(value,))
        if isinstance(value, str):
            return self._node(python, opcodes.TEXT_LITERAL, literals=(value,))
        if isinstance(value, int):
            value = -value if negative else value
            if not INTEGER_MIN <= value <= INTEGER_MAX:
                raise SyntaxProblem("a number does not fit into 64 bits: write a smaller one")
            return self._node(python, opcodes.INTEGER_LITERAL, literals=(value,))
        if value is None:
            raise SyntaxProblem("None is only allowed in `x is None` and `x is not None`")
        if isinstance(value, float):
            raise SyntaxProblem(
                'a decimal fraction is not allowed: write whole numbers, money("3000.00"), or fraction(1, 2, of=…)'
            )
        raise not_an_expression()

    def _unary(self, python: ast.UnaryOp, depth: int) -> Node:
        if isinstance(python.op, ast.Not):
            return self._node(python, opcodes.NOT, self.read(python.operand, depth))
        if not isinstance(python.op, ast.USub):
            raise refusal_of(python.op)
        operand = python.operand
        if isinstance(operand, ast.Constant) and type(operand.value) is int:
            return self._constant(operand, negative=True)
        return self._node(python, opcodes.NEGATE, self.read(operand, depth))

    def _compare(self, python: ast.Compare, depth: int) -> Node:
        kinds = [type(operator) for operator in python.ops]
        if all(kind in _COMPARISONS for kind in kinds):
            operands = self._several([python.left, *python.comparators], depth)
            return self._node(python, opcodes.COMPARE, *operands, literals=tuple(_COMPARISONS[kind] for kind in kinds))
        if len(kinds) > 1:
            raise SyntaxProblem("`in` and `is` are not allowed in a chain of comparisons: write two, joined by `and`")
        right = python.comparators[0]
        left = self.read(python.left, depth)
        if kinds[0] in _IDENTITIES:
            if not isinstance(right, ast.Constant) or right.value is not None:
                raise SyntaxProblem("`is` is only allowed before None: write `==` or `!=`")
            return self._node(python, _IDENTITIES[kinds[0]], left)
        if isinstance(right, ast.Tuple) and right.elts:
            values = self._node(right, opcodes.TUPLE, *self._several(right.elts, depth + 1))
        else:
            values = self.read(right, depth)
        return self._node(python, _MEMBERSHIPS[kinds[0]], left, values)

    def _call(self, python: ast.Call, depth: int) -> Node:
        if not isinstance(python.func, ast.Name):
            raise SyntaxProblem("only functions are called, by their names: nothing is called on a value")
        name = python.func.id
        if name in LITERAL_MAKERS:
            return self._made_literal(python, name)
        signature = signature_of(name, self._scope)
        if signature is not None:
            return self._node(python, opcodes.CALL, *self._placed(python, signature, depth), literals=(name,))
        if name not in BUILTIN_NAMES:
            known = ", ".join(sorted(BUILTIN_NAMES | self._scope.functions.keys()))
            raise SyntaxProblem("there is no function {name}: there are {known}", name=name, known=known)
        if python.keywords:
            raise SyntaxProblem("{name} takes no arguments by name: write them by place", name=name)
        if name in AGGREGATES and len(python.args) == 1 and isinstance(python.args[0], ast.GeneratorExp):
            generator = self._generator(python.args[0], python.args[0].generators, depth)
            return self._node(python, opcodes.CALL, generator, literals=(name,))
        return self._node(python, opcodes.CALL, *self._several(python.args, depth), literals=(name,))

    def _made_literal(self, python: ast.Call, name: str) -> Node:
        argument = python.args[0] if len(python.args) == 1 and not python.keywords else None
        text = argument.value if isinstance(argument, ast.Constant) else None
        if name == "money":
            value = parsed_money(text) if isinstance(text, str) else None
            if value is None:
                raise SyntaxProblem('money takes one text, an amount with two decimals: write money("3000.00")')
            return self._node(python, opcodes.MONEY_LITERAL, literals=(value,))
        value = parsed_date(text) if isinstance(text, str) else None
        if value is None:
            raise SyntaxProblem('date takes one text, a day that exists: write date("2024-07-01")')
        return self._node(python, opcodes.DATE_LITERAL, literals=(value,))

    def _placed(self, python: ast.Call, signature: Signature, depth: int) -> list[Node]:
        """The arguments in the order of the parameters, with defaults where one was left out."""
        by_place = [one for one in signature.parameters if not one.keyword]
        if len(python.args) > len(by_place):
            raise _unfitting(signature)
        given: dict[str, ast.expr] = {one.name: argument for one, argument in zip(by_place, python.args, strict=False)}
        for keyword in python.keywords:
            if keyword.arg is None or keyword.arg in given:
                raise _unfitting(signature)
            given[keyword.arg] = keyword.value
        placed = []
        for parameter in signature.parameters:
            argument = given.pop(parameter.name, None)
            if argument is None and parameter.default is None:
                raise _unfitting(signature)
            if argument is None:
                argument = ast.copy_location(ast.Constant(parameter.default), python)
            placed.append(self.read(argument, depth))
        if given:
            raise _unfitting(signature)
        return placed

    def _generator(self, python: ast.GeneratorExp, clauses: list[ast.comprehension], depth: int) -> Node:
        """`clauses` are those that are left: the first is this node's."""
        clause = clauses[0]
        if len(clauses) > 2:
            raise SyntaxProblem("more than two `for` are not allowed: split the rule").at(self._place(python))
        if not isinstance(clause.target, ast.Name) or clause.is_async:
            raise SyntaxProblem("after `for` stands one name").at(self._place(clause.target))
        if len(clause.ifs) > 1:
            raise SyntaxProblem("a `for` has one `if` at most: join the conditions with `and`").at(
                self._place(clause.ifs[1])
            )
        if depth > opcodes.DEPTH_MAX:
            raise _too_deep()
        first = [self.read(one, depth + 1) for one in (clause.iter, *clause.ifs)]
        if len(clauses) > 1:
            element = self._generator(python, clauses[1:], depth + 1)
        else:
            element = self.read(python.elt, depth + 1)
        opcode = opcodes.EACH_IF if clause.ifs else opcodes.EACH
        return self._node(python, opcode, *first, element, literals=(clause.target.id,))


def _unfitting(signature: Signature) -> SyntaxProblem:
    parameters = [f"{one.name}=…" if one.keyword else one.name for one in signature.parameters]
    return SyntaxProblem("the arguments do not fit: write {call}", call=f"{signature.name}({', '.join(parameters)})")
