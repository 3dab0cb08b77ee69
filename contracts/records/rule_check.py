"""Asking a rule: whether it holds, or what value it has.

Owns the words in which a rule's answer becomes a refusal. Never decides which rules are asked. Invariant: a rule that
has no value (a division by zero, an amount beyond 64 bits, too much work) refuses the transition and never passes it.
Source: docs/reference/records.md, "Rules that hold something back".
"""

from contracts.errors import Reason, Refusal
from contracts.limits import RULE_STEPS_MAX, TOO_MANY_STEPS
from contracts.packs.expression import Expression
from contracts.records.move import Move
from contracts.records.reasons import RULE_FAILED
from contracts.records.rule_scope import RecordScope
from contracts.rules.errors import OutOfFuelError, RuleEvaluationError
from contracts.rules.fuel import FUEL_MAX
from contracts.rules.types import DATE
from ledger.encoding import Value

_NOTHING = "-"
# In the place of a rule's name, for the expressions of effects.
EFFECT = "effect"


def check_rule(move: Move, rule: str, reason: Reason) -> None:
    """Refuse the move with `reason` unless the rule holds.

    Raises:
        Refusal: `reason`, with the number of the clause from 1, the clause and its two sides; `records.rule-failed`;
            `limits.rule-steps`.
    """
    compiled, steps = move.program.rule(rule), _steps(move)
    try:
        not_met, used = compiled.judge(RecordScope(move), steps)
    except RuleEvaluationError as error:
        raise _failed(move, rule, error, steps) from error
    move.context.rule_steps_left -= used
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
        Refusal: `records.rule-failed` or `limits.rule-steps`.
    """
    compiled = move.program.compiled(expression)
    if compiled.is_literal:
        # Takes no steps and looks at nothing.
        return compiled.tree.root.literal
    steps = _steps(move)
    try:
        value, used = compiled.run(RecordScope(move), steps)
    except RuleEvaluationError as error:
        raise _failed(move, EFFECT, error, steps) from error
    move.context.rule_steps_left -= used
    return list(value) if isinstance(value, (list, tuple)) else value  # type: ignore[return-value]


def is_date(move: Move, expression: Expression) -> bool:
    """Whether an expression of an effect is a date."""
    return move.program.compiled(expression).tree.root.type == DATE


def _steps(move: Move) -> int:
    """How many steps the next rule may take: its own bound, or what is left of the run."""
    left = move.context.rule_steps_left
    return left if left < FUEL_MAX else FUEL_MAX


def _failed(move: Move, rule: str, error: RuleEvaluationError, steps: int) -> Refusal:
    """What becomes of a rule without a value; what it took is taken off the run, which may go on with other records."""
    move.context.rule_steps_left -= error.fuel_used
    if isinstance(error, OutOfFuelError) and steps < FUEL_MAX:
        return Refusal(*TOO_MANY_STEPS, limit=RULE_STEPS_MAX)
    return move.refusal(RULE_FAILED, rule=rule, fault=error.code, pack=move.program.pack_hex)
