"""Why a guard is not met: the clause, the operator, the values on both sides, and a sentence where the pack has none.

Owns `NotMet` and the general sentences. Never decides whether something is met. Invariant: everything in a refusal's
details is a small number or text that is the same in every language; the sentences are templates of the catalogue.
Source: docs/reference/rules.md, "Explanations".
"""

from collections.abc import Mapping
from string import Formatter
from typing import NamedTuple

from contracts.errors import Reason
from contracts.rules import opcodes
from contracts.rules.printer import print_node
from contracts.rules.rendering import Titles, rendered, titled
from contracts.rules.steps import ExactFraction
from contracts.rules.tree import Node, Tree
from contracts.rules.types import RuleValue, Type

# The operator of a clause that compares nothing.
CONDITION = "condition"
_CONDITION_LENGTH_MAX = 160

AT_LEAST = Reason("rule.at-least", "needs at least {needs}, has {has}")
MORE_THAN = Reason("rule.more-than", "needs more than {needs}, has {has}")
AT_MOST = Reason("rule.at-most", "at most {needs} is allowed, it is {has}")
LESS_THAN = Reason("rule.less-than", "less than {needs} is needed, it is {has}")
EQUAL = Reason("rule.equal", "{needs} is needed, it is {has}")
NOT_EQUAL = Reason("rule.not-equal", "anything but {needs} is needed")
AMONG = Reason("rule.among", "{has} is not allowed here: {condition}")
NOT_GIVEN = Reason("rule.not-given", "something is missing: {condition}")
GIVEN = Reason("rule.given", "something is there that must not be: {condition}")
OTHER = Reason("rule.condition", "the condition {condition} is not met")

_REASONS: dict[str, Reason] = {
    ">=": AT_LEAST,
    ">": MORE_THAN,
    "<=": AT_MOST,
    "<": LESS_THAN,
    "==": EQUAL,
    "!=": NOT_EQUAL,
    opcodes.IN: AMONG,
    opcodes.NOT_IN: AMONG,
    opcodes.IS_NONE: GIVEN,
    opcodes.IS_NOT_NONE: NOT_GIVEN,
    CONDITION: OTHER,
}
_TURNED = {">=": "<=", ">": "<", "<=": ">=", "<": ">", "==": "==", "!=": "!="}
REASONS: tuple[Reason, ...] = tuple(dict.fromkeys(_REASONS.values()))


class NotMet(NamedTuple):
    """The first clause of a guard that does not hold.

    Args:
        tree: The guard.
        clause_index: Which of `tree.clauses`, from 0.
        pair_index: Which neighbours of a chain of comparisons; 0 otherwise.
        left: The value on the left of the operator; None where nothing is compared.
        right: The one on the right.
    """

    tree: Tree
    clause_index: int
    pair_index: int
    left: "RuleValue | ExactFraction"
    right: "RuleValue | ExactFraction"

    @property
    def clause(self) -> Node:
        """The clause."""
        return self.tree.clauses[self.clause_index]

    @property
    def operator(self) -> str:
        """`==` and the like, `in`, `not-in`, `is-none`, `is-not-none`; `condition` for everything else."""
        clause = self.clause
        if clause.opcode == opcodes.COMPARE:
            return str(clause.literals[self.pair_index])
        return clause.opcode if clause.opcode in _REASONS else CONDITION

    @property
    def condition(self) -> str:
        """The clause as text."""
        return print_node(self.clause, self.tree.scope)[:_CONDITION_LENGTH_MAX]

    def details(self) -> dict[str, int | str]:
        """For a refusal with the pack's own text: `clause`, `operator`, `condition`, and what is compared.

        Of two sides, that is `left` and `right`; of `in`, `left`, which is also `value`; otherwise `value` is `false`.
        """
        left, right = side_types(self.clause, self.pair_index)
        details: dict[str, int | str] = {
            "clause": self.clause_index,
            "operator": self.operator,
            "condition": self.condition,
        }
        if left is not None:
            details["left"] = rendered(self.left, left)
        if right is not None:
            details["right"] = rendered(self.right, right)
        else:
            details["value"] = details.get("left", "false")
        return details

    def reason(self) -> tuple[Reason, dict[str, int | str]]:
        """The general sentence, and the values that it needs: for `Refusal(*reason, **values)`."""
        operator, details = self.operator, self.details()
        needs, has = details.get("right", "-"), details.get("left", "-")
        # `365 <= days` is told as `days >= 365` is.
        if operator in _TURNED and _is_constant(self.clause.operands[self.pair_index]):
            operator, needs, has = _TURNED[operator], has, needs
        reason = _REASONS[operator]
        values = {"needs": needs, "has": has, "condition": self.condition}
        return reason, {name: value for name, value in values.items() if name in reason.fields}


def side_types(clause: Node, pair_index: int = 0) -> tuple[Type | None, Type | None]:
    """The types of what a clause compares; None for a side that it does not have."""
    if clause.opcode == opcodes.COMPARE:
        return clause.operands[pair_index].type, clause.operands[pair_index + 1].type
    if clause.opcode in (opcodes.IN, opcodes.NOT_IN):
        return clause.operands[0].type, None
    return None, None


def filled(text: str, details: Mapping[str, int | str], tree: Tree, titles: Titles) -> str:
    """A pack's text with the details of a refusal in it: "needs {right} days as activist, has {left}".

    Args:
        text: With fields `{left}`, `{right}`, `{value}` and the other names of `details`; unknown ones stay.
        details: As `NotMet.details` gave them, perhaps long ago, from the ledger.
        tree: The guard.
        titles: What the values of enums are called in the text's language; a value without a title stands as it is.
    """
    index = details.get("clause")
    clauses = tree.clauses
    clause = clauses[index] if isinstance(index, int) and 0 <= index < len(clauses) else None
    left, right = side_types(clause) if clause is not None else (None, None)
    types = {"left": left, "right": right, "value": left}
    shown = {name: str(titled(value, types.get(name), titles)) for name, value in details.items()}
    try:
        return "".join(
            literal + ("" if name is None else shown.get(name, f"{{{name}}}"))
            for literal, name, _, _ in Formatter().parse(text)
        )
    except ValueError:
        # A brace that is not closed: the pack was not checked, and a text is never worth a traceback.
        return text


def _is_constant(node: Node) -> bool:
    return node.opcode in opcodes.LITERALS
