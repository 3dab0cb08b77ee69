"""The kinds of nodes that a rule's tree is made of, and the bounds on trees.

Owns the names that stand on the ledger and the shape of each node: how many literals, how many operands. Never judges
types. Invariant: a node is written `[opcode, literals…, operands…]` and its shape alone says which is which.
Source: docs/reference/rules.md, "The tree".
"""

from typing import NamedTuple

# As text, one kilobyte fills a screen: a longer rule is several rules. It also bounds what Python's parser is given.
SOURCE_SIZE_BYTES_MAX = 4_096
# More than fit into the text, but for the shortest names.
NODES_MAX = 512
# Each level is one level of Python's own stack in the parser, the checker and the evaluator.
DEPTH_MAX = 32
TEXT_SIZE_BYTES_MAX = 256
OPERANDS_MAX = 64

BOOLEAN_LITERAL = "boolean"
INTEGER_LITERAL = "integer"
MONEY_LITERAL = "money"
DATE_LITERAL = "date"
TEXT_LITERAL = "text"
NAME = "name"
FIELD = "field"
NOT = "not"
AND = "and"
OR = "or"
NEGATE = "negate"
ADD = "+"
SUBTRACT = "-"
MULTIPLY = "*"
DIVIDE = "//"
REMAINDER = "%"
# Literals are the operators between the operands: `["compare", "<", "<=", a, b, c]` is `a < b <= c`.
COMPARE = "compare"
IN = "in"
NOT_IN = "not-in"
# Literal values in parentheses, to the right of `in`.
TUPLE = "tuple"
IS_NONE = "is-none"
IS_NOT_NONE = "is-not-none"
# Condition, value if it holds, value if not: the order of evaluation.
IF = "if"
CALL = "call"
# `element for name in list` and `element for name in list if condition`, only as what a function goes through. The
# element may be one more of the same.
EACH = "each"
EACH_IF = "each-if"

LITERALS = frozenset((BOOLEAN_LITERAL, INTEGER_LITERAL, MONEY_LITERAL, DATE_LITERAL, TEXT_LITERAL))
GENERATORS = frozenset((EACH, EACH_IF))
ARITHMETIC = frozenset((ADD, SUBTRACT, MULTIPLY, DIVIDE, REMAINDER))
EQUALITIES = ("==", "!=")
COMPARISONS = frozenset((*EQUALITIES, "<", "<=", ">", ">="))


class Shape(NamedTuple):
    """Types of the literals, and the least and largest number of operands."""

    literals: tuple[type, ...]
    operands_min: int
    operands_max: int


_BINARY = Shape((), 2, 2)
_UNARY = Shape((), 1, 1)

# Those of `compare` depend on its length.
SHAPES: dict[str, Shape] = {
    BOOLEAN_LITERAL: Shape((bool,), 0, 0),
    INTEGER_LITERAL: Shape((int,), 0, 0),
    MONEY_LITERAL: Shape((int,), 0, 0),
    DATE_LITERAL: Shape((int,), 0, 0),
    TEXT_LITERAL: Shape((str,), 0, 0),
    NAME: Shape((str,), 0, 0),
    FIELD: Shape((str,), 1, 1),
    NOT: _UNARY,
    AND: Shape((), 2, OPERANDS_MAX),
    OR: Shape((), 2, OPERANDS_MAX),
    NEGATE: _UNARY,
    ADD: _BINARY,
    SUBTRACT: _BINARY,
    MULTIPLY: _BINARY,
    DIVIDE: _BINARY,
    REMAINDER: _BINARY,
    IN: _BINARY,
    NOT_IN: _BINARY,
    TUPLE: Shape((), 1, OPERANDS_MAX),
    IS_NONE: _UNARY,
    IS_NOT_NONE: _UNARY,
    IF: Shape((), 3, 3),
    CALL: Shape((str,), 0, OPERANDS_MAX),
    EACH: Shape((str,), 2, 2),
    EACH_IF: Shape((str,), 3, 3),
}


def shape_of(opcode: str, length: int) -> Shape | None:
    """The shape of a node written as a list of `length`; None if there is no such node."""
    if opcode != COMPARE:
        return SHAPES.get(opcode)
    operators = length // 2 - 1
    if length % 2 or not 1 <= operators < OPERANDS_MAX:
        return None
    return Shape((str,) * operators, operators + 1, operators + 1)
