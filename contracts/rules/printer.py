"""The canonical text of a rule, for explanations, documents and error messages.

Owns the one way in which a tree is written. Never checks it. Invariant: what is written is read back as the same tree:
parentheses stand where the grammar needs them, and nowhere else. Source: docs/reference/rules.md, "Grammar".
"""

from contracts.rules import opcodes
from contracts.rules.arithmetic import written_money
from contracts.rules.dates import written_date
from contracts.rules.functions import signature_of
from contracts.rules.scope import Scope
from contracts.rules.tree import Node, Tree, is_generator

# How tightly things bind: an operand in parentheses binds loosest of all.
_IF, _OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _SIGN, _ATOM = range(9)

_BINARY = {
    opcodes.ADD: (_SUM, "+"),
    opcodes.SUBTRACT: (_SUM, "-"),
    opcodes.MULTIPLY: (_PRODUCT, "*"),
    opcodes.DIVIDE: (_PRODUCT, "//"),
    opcodes.REMAINDER: (_PRODUCT, "%"),
}
_IN = {opcodes.IN: "in", opcodes.NOT_IN: "not in"}
_IS = {opcodes.IS_NONE: "is None", opcodes.IS_NOT_NONE: "is not None"}


def print_tree(tree: Tree) -> str:
    """The canonical text: `parse_rule(print_tree(tree), …) == tree`."""
    return tree.source


def print_node(node: Node, scope: Scope) -> str:
    """The text of a node and all below it; `scope` knows which arguments of its functions are given by name."""
    return _Printer(scope).printed(node)[1]


def quoted(text: str) -> str:
    """A text as a literal."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class _Printer:
    """Writes the nodes of one rule."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def _within(self, node: Node, binding: int) -> str:
        """The text of an operand, in parentheses if it binds less tightly than `binding`."""
        found, text = self.printed(node)
        return text if found >= binding else f"({text})"

    def printed(self, node: Node) -> tuple[int, str]:
        """How tightly the node binds, and its text."""
        opcode = node.opcode
        if opcode in opcodes.LITERALS:
            return self._literal(node)
        if opcode == opcodes.NAME:
            return _ATOM, node.name
        if opcode == opcodes.FIELD:
            return _ATOM, f"{self._within(node.operands[0], _ATOM)}.{node.name}"
        if opcode == opcodes.CALL:
            return _ATOM, self._call(node)
        if opcode == opcodes.TUPLE:
            items = ", ".join(self.printed(item)[1] for item in node.operands)
            return _ATOM, f"({items},)" if len(node.operands) == 1 else f"({items})"
        if is_generator(node):
            return _IF, self._generator(node)
        return self._operation(node)

    def _literal(self, node: Node) -> tuple[int, str]:
        value = node.literal
        if isinstance(value, str):
            return _ATOM, quoted(value)
        if node.opcode == opcodes.MONEY_LITERAL:
            return _ATOM, f'money("{written_money(value)}")'
        if node.opcode == opcodes.DATE_LITERAL:
            return _ATOM, f'date("{written_date(value)}")'
        return _SIGN if value < 0 else _ATOM, str(value)

    def _operation(self, node: Node) -> tuple[int, str]:
        opcode, operands = node.opcode, node.operands
        if opcode in _BINARY:
            binding, sign = _BINARY[opcode]
            return binding, f"{self._within(operands[0], binding)} {sign} {self._within(operands[1], binding + 1)}"
        if opcode == opcodes.NEGATE:
            return _SIGN, f"-{self._within(operands[0], _SIGN)}"
        if opcode == opcodes.AND:
            return _AND, " and ".join(self._within(operand, _NOT) for operand in operands)
        if opcode == opcodes.OR:
            return _OR, " or ".join(self._within(operand, _AND) for operand in operands)
        if opcode == opcodes.NOT:
            return _NOT, f"not {self._within(operands[0], _NOT)}"
        if opcode == opcodes.IF:
            condition, yes, no = operands
            return _IF, f"{self._within(yes, _OR)} if {self._within(condition, _OR)} else {self._within(no, _IF)}"
        if opcode in _IS:
            return _COMPARE, f"{self._within(operands[0], _SUM)} {_IS[opcode]}"
        if opcode in _IN:
            return _COMPARE, f"{self._within(operands[0], _SUM)} {_IN[opcode]} {self._within(operands[1], _SUM)}"
        assert opcode == opcodes.COMPARE
        parts = [self._within(operands[0], _SUM)]
        for operator, operand in zip(node.literals, operands[1:], strict=True):
            parts += [str(operator), self._within(operand, _SUM)]
        return _COMPARE, " ".join(parts)

    def _generator(self, node: Node) -> str:
        clauses = ""
        while is_generator(node):
            clauses += f" for {node.name} in {self._within(node.operands[0], _OR)}"
            if node.opcode == opcodes.EACH_IF:
                clauses += f" if {self._within(node.operands[1], _OR)}"
            node = node.operands[-1]
        return self.printed(node)[1] + clauses

    def _call(self, node: Node) -> str:
        arguments = [self.printed(operand)[1] for operand in node.operands]
        signature = signature_of(node.name, self._scope)
        if signature is not None:
            for index, parameter in enumerate(signature.parameters[: len(arguments)]):
                if parameter.keyword:
                    arguments[index] = f"{parameter.name}={arguments[index]}"
        return f"{node.name}({', '.join(arguments)})"
