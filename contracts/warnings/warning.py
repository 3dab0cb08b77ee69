"""A warning: one matter of a unit, and the case that was opened for it.

Owns the record `warning/<unit>/<rule>/<matter>` and that each matter is warned of once. Never finds a matter, and never
decides one. Invariants: `latest` only grows, so what was warned of is never warned of again, whatever became of its
case; while a case is open, what comes up of the same matter is noted there and opens no second one. Source:
docs/reference/indices.md, "Warnings".
"""

from contracts.cases.case import KIND_CASE, NUMBERS_FULL, STATE_OPEN, case_id, open_case
from contracts.errors import Refusal
from contracts.indices.watch import WarningRule
from contracts.run_context import RunContext
from contracts.warnings.names import EVENT_OPENED, KIND_WARNING
from ledger.encoding import Value


def warn(context: RunContext, rule: WarningRule, unit: str, matter: str, latest: str) -> bool:
    """Open a case for a matter, unless it is known; whether one was opened.

    Args:
        context: Of a timer of this contract.
        rule: Which of a pack's warnings it is.
        unit: Is there.
        matter: Part of an id: the number of a plan, a role, `dues`.
        latest: Up to when the matter goes, a text that ascends with time such as `2026-08-31`.

    Cost: three reads, four writes, a timer.
    """
    record_id = f"{unit}/{rule.name}/{matter}"
    record = context.read(KIND_WARNING, record_id)
    if record is not None:
        known = record.fields["latest"]
        assert isinstance(known, str), "this module wrote it"
        if known >= latest:
            return False
        number = record.fields["case"]
        assert isinstance(number, int), "this module wrote it"
        case = context.read(KIND_CASE, case_id(unit, number))
        if case is not None and case.fields["state"] == STATE_OPEN:
            context.put(KIND_WARNING, record_id, record.fields | {"latest": latest})
            return False
    return _open(context, rule, unit, matter, latest)


def _open(context: RunContext, rule: WarningRule, unit: str, matter: str, latest: str) -> bool:
    record_id = f"{unit}/{rule.name}/{matter}"
    title: dict[str, Value] = {"en": rule.title.en, "zh": rule.title.zh}
    try:
        case = open_case(context, unit, title, rule.days, None, f"{KIND_WARNING}/{record_id}", rule.owner)
    except Refusal as refusal:
        if refusal.code != NUMBERS_FULL.code:
            raise
        # A unit with a million cases has other worries; nothing was written.
        return False
    fields: dict[str, Value] = {
        "article": rule.article,
        "case": case.number,
        "height": context.height,
        "latest": latest,
        "matter": matter,
        "rule": rule.name,
        "time": context.time_ms,
        "unit": unit,
        "watch": rule.watch,
    }
    context.put(KIND_WARNING, record_id, fields)
    context.emit(EVENT_OPENED, {"case": case.number, "matter": matter, "rule": rule.name, "unit": unit})
    return True
