"""Asking a rule: whether it holds, or what value it has.

Owns the words in which a rule's answer becomes a refusal. Never decides which rules are asked. Invariant: a rule that
has no value (a division by zero, an amount beyond 64 bits, too much work) refuses the transition and never passes it.
Source: docs/reference/records.md, "Rules that hold something back".
"""

from contracts.errors import Reason
from contracts.packs.expression import Expression
from contracts.records.move import Move
from contracts.records.reasons import RULE_FAILED
from contracts.rules.errors import RuleEvaluationError
from contracts.rules.types import DATE
from ledger.encoding import Value

_NOTHING = "-"
# In the place of a rule's name, for the expressions of effects.
EFFECT = "effect"


def check_rule(move: Move, rule: str, reason: Reason) -> None:
    """Refuse the move with `reason` unless the rule holds.

    Raises:
        Refusal: `reason`, with the number of the clause from 1, the clause and its two sides; `records.rule-failed`.
    """
    try:
        not_met = move.program.compiled(move.program.definition.rules[rule].expression).check(move.scope())
    except RuleEvaluationError as error:
        raise move.refusal(RULE_FAILED, rule=rule, fault=error.code, pack=move.program.pack_hex) from error
    if not_met is None:
        return
    details = not_met.details()
    raise move.refusal(
        reason,
        rule=rule,
        clause=not_met.clause_index + 1,
        operator=not_met.operator,
        condition=not_met.condition,
        left=details.get("left", _NOTHING),
        right=details.get("right", _NOTHING),
        pack=move.program.pack_hex,
    )


def evaluate(move: Move, expression: Expression) -> Value:
    """The value of an expression of an effect.

    Raises:
        Refusal: `records.rule-failed`.
    """
    try:
        value = move.program.compiled(expression).evaluate(move.scope())
    except RuleEvaluationError as error:
        raise move.refusal(RULE_FAILED, rule=EFFECT, fault=error.code, pack=move.program.pack_hex) from error
    return list(value) if isinstance(value, list | tuple) else value  # type: ignore[return-value]


def is_date(move: Move, expression: Expression) -> bool:
    """Whether an expression of an effect is a date."""
    return move.program.compiled(expression).tree.root.type == DATE
