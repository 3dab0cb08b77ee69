"""What came out of a scenario, told as its author writes: refusals in sentences, values as in the file.

Owns the words. Never compares. Source: docs/reference/packs.md, "Scenarios".
"""

from cli.pack_trial import PackTrial
from cli.refusal_text import refusal_of
from contracts.packs.field import Field
from contracts.records.explaining import explain_with_pack
from contracts.result import Result
from contracts.rules.arithmetic import written_money
from contracts.rules.dates import written_date

# So many ids help to find the one that was meant; more are a list that nobody reads.
_IDS_TOLD_MAX = 5


def refused_by(result: Result) -> str:
    """What a scenario writes after `refused` for this refusal: the rule where there is one, else the code."""
    return str(result.details.get("rule", result.code))


def reason_of(result: Result, trial: PackTrial) -> object:
    """Why it was refused: the pack's own sentence where it has one, else the ledger's (an error, to be translated)."""
    words = explain_with_pack(result, trial.state.get)
    own = None if words is None else {"en": words.en, "zh": words.zh, "article": words.article}
    return refusal_of(result.code, result.details, own).params["reason"]


def written(value: object, field: Field | None) -> object:
    """A value of the ledger as a scenario writes it."""
    if value is None:
        return "nothing"
    if isinstance(value, list):
        return ", ".join(str(written(one, field)) for one in value)
    item = None if field is None else field.item_type
    if type(value) is int and item == "money":
        return written_money(value)
    if type(value) is int and item == "date":
        return written_date(value)
    return value.hex() if isinstance(value, bytes) else value


def known_ids(trial: PackTrial, kind: str) -> str:
    """The records of a kind that there are, as a scenario names them; of many, the first ones."""
    ids = [f"{kind}/{record_id}" for record_id in trial.ids(kind)]
    return ", ".join(ids[:_IDS_TOLD_MAX]) + (", …" if len(ids) > _IDS_TOLD_MAX else "")
