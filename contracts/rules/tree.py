"""A rule as a tree: its nodes, and the one form in which it is carried on the ledger.

Owns `Node`, `Tree` and both ways between a tree and its value: a flat list of nodes, operands before what uses them,
the rule itself last, because the ledger's encoding allows a depth of 16 only. Never parses text. Invariant: a `Tree`
has been checked against a scope, wherever it came from, and `decode_tree(tree.encode_value(), …) == tree`.
Source: docs/reference/rules.md, "The tree"; docs/adr/0017-rule-language.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from contracts.rules.errors import Place, RuleProblem, RuleTreeError, SyntaxProblem
from contracts.rules.opcodes import (
    AND,
    CALL,
    DEPTH_MAX,
    GENERATORS,
    NAME,
    NODES_MAX,
    SOURCE_SIZE_BYTES_MAX,
    Shape,
    shape_of,
)
from contracts.rules.scope import Scope
from contracts.rules.types import BOOLEAN, Type
from ledger.encoding import Value

_NO_PLACE: Place = (0, None)


@dataclass(frozen=True, slots=True)
class Node:
    """One node. `type` is there once it has been checked; it and the place do not count for equality."""

    opcode: str
    literals: tuple[bool | int | str, ...] = ()
    operands: tuple["Node", ...] = ()
    place: Place = field(default=_NO_PLACE, compare=False)
    type: Type | None = field(default=None, compare=False)

    @property
    def literal(self) -> bool | int | str:
        """The first literal."""
        return self.literals[0]

    @property
    def name(self) -> str:
        """The first literal, which is a name."""
        name = self.literals[0]
        assert isinstance(name, str)
        return name

    @property
    def checked_type(self) -> Type:
        """The type, of a node in a `Tree`."""
        assert self.type is not None
        return self.type

    def typed(self, type_: Type, operands: "tuple[Node, ...] | None" = None) -> "Node":
        """This node with its type, and with its operands after their check."""
        return Node(self.opcode, self.literals, self.operands if operands is None else operands, self.place, type_)

    def walk(self) -> Iterator["Node"]:
        """This node and all below it, operands before what uses them."""
        for operand in self.operands:
            yield from operand.walk()
        yield self


@dataclass(frozen=True, slots=True)
class Tree:
    """A checked rule. Two are equal if they say the same, whatever they were made from.

    Args:
        root: Every node of it has its type.
        scope: What it was checked against.
        expected: The type that was asked for.
        source: The canonical text.
    """

    root: Node
    scope: Scope = field(compare=False, repr=False)
    expected: Type = field(compare=False)
    source: str = field(compare=False)

    @property
    def names(self) -> frozenset[str]:
        """The names of the scope that it uses."""
        return frozenset(node.name for node in self.root.walk() if node.opcode == NAME) & self.scope.names.keys()

    @property
    def calls(self) -> frozenset[str]:
        """The host functions that it calls."""
        return frozenset(node.name for node in self.root.walk() if node.opcode == CALL) & self.scope.functions.keys()

    @property
    def clauses(self) -> tuple[Node, ...]:
        """What `and` joins at the top, in order; the whole rule if it is no `and`."""
        return tuple(_clauses(self.root))

    def encode_value(self) -> Value:
        """The canonical value: `[[opcode, literal or index of an operand…], …]`."""
        written: list[Value] = []
        _write(self.root, written)
        return written


def _clauses(node: Node) -> Iterator[Node]:
    if node.opcode != AND:
        yield node
        return
    for operand in node.operands:
        yield from _clauses(operand)


def _write(node: Node, written: list[Value]) -> int:
    indexes = [_write(operand, written) for operand in node.operands]
    written.append([node.opcode, *node.literals, *indexes])
    return len(written) - 1


def checked_tree(root: Node, scope: Scope, expected: Type) -> Tree:
    """The tree of `root`, if it keeps every rule of the language.

    Raises:
        RuleProblem: with the place of the node that it is about.
    """
    from contracts.rules.checker import checked
    from contracts.rules.printer import print_node

    count = sum(1 for _ in root.walk())
    if count > NODES_MAX:
        raise SyntaxProblem(
            "the rule has {count} parts, at most {limit} are allowed: split it", count=count, limit=NODES_MAX
        ).at(root.place)
    typed = checked(root, scope, expected)
    source = print_node(typed, scope)
    size = len(source.encode())
    if size > SOURCE_SIZE_BYTES_MAX:
        raise SyntaxProblem(
            "the rule has {size} bytes, at most {limit} are allowed: split it", size=size, limit=SOURCE_SIZE_BYTES_MAX
        ).at(root.place)
    return Tree(typed, scope, expected, source)


def decode_tree(value: Value, scope: Scope, expected: Type = BOOLEAN) -> Tree:
    """The rule that `value` carries, as safe as one that was parsed: everything is checked again.

    Raises:
        RuleTreeError: not the canonical form of a tree, or not of the types of `scope` and `expected`.
    """
    root = _decoded_root(value)
    try:
        return checked_tree(root, scope, expected)
    except RuleProblem as problem:
        place = problem.place or root.place
        raise RuleTreeError("node {index} of a rule's tree: {problem}", index=place[0], problem=problem) from problem


def _decoded_root(value: Value) -> Node:
    if type(value) is not list or not 1 <= len(value) <= NODES_MAX:
        raise RuleTreeError("a rule's tree is a list of 1 to {limit} nodes", limit=NODES_MAX)
    # Operands come right before what uses them, so the nodes that nobody has used yet are a stack.
    unused: list[tuple[int, Node, int]] = []
    for index, written in enumerate(value):
        shape, opcode, literals, operands = _taken_apart(index, written)
        if not shape.operands_min <= len(operands) <= shape.operands_max or len(operands) > len(unused):
            raise _malformed(index)
        taken = unused[len(unused) - len(operands) :]
        if operands != [position for position, _, _ in taken]:
            raise RuleTreeError("the operands of node {index} of a rule's tree are not right before it", index=index)
        del unused[len(unused) - len(operands) :]
        depth = 1 + max((below for _, _, below in taken), default=0)
        if depth > DEPTH_MAX:
            raise RuleTreeError("a rule's tree is deeper than {limit} levels", limit=DEPTH_MAX)
        unused.append((index, Node(opcode, literals, tuple(node for _, node, _ in taken), (index, None)), depth))
    if len(unused) != 1:
        raise RuleTreeError("a rule's tree has nodes that belong to nothing")
    return unused[0][1]


def _taken_apart(index: int, written: Value) -> tuple[Shape, str, tuple[bool | int | str, ...], list[Value]]:
    if type(written) is not list or not written or type(written[0]) is not str:
        raise _malformed(index)
    opcode = written[0]
    shape = shape_of(opcode, len(written))
    if shape is None:
        raise _malformed(index)
    end = 1 + len(shape.literals)
    literals: list[bool | int | str] = []
    for literal, wanted in zip(written[1:end], shape.literals, strict=False):
        if type(literal) is not wanted:
            raise _malformed(index)
        assert isinstance(literal, bool | int | str)
        literals.append(literal)
    operands = written[end:]
    if len(literals) != len(shape.literals) or any(type(operand) is not int for operand in operands):
        raise _malformed(index)
    return shape, opcode, tuple(literals), operands


def _malformed(index: int) -> RuleTreeError:
    return RuleTreeError("node {index} of a rule's tree is no node", index=index)


def is_generator(node: Node) -> bool:
    """Whether the node stands for the elements of a list, one after the other."""
    return node.opcode in GENERATORS
