"""A number that was counted, with the records that it was counted from; or why it could not be.

Owns the form, and the reasons for which something is missing. Source: docs/reference/indices.md, "Missing".
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from contracts.errors import Reason

UNIT_LATER = Reason("indices.unit-later", "the unit was founded after the period")
KIND_LATER = Reason("indices.kind-later", "no records of {kind} could be made before the end of the period")
VALUE_MISSING = Reason("indices.value-missing", "{kind} {id} has no value in the field {field}")
CONDITION_FAILED = Reason("indices.condition", "the condition has no value for {kind} {id}: {fault}")
NO_PLAN = Reason("indices.no-plan", "the unit had no plan in the period")
NO_SHEET = Reason("indices.no-dues", "no dues were assessed in the unit for the period")
NO_HOLDER_EVER = Reason("indices.no-holder", "nobody in the unit ever held the office {role}")
NOT_CONCERNED = Reason(
    "indices.not-concerned", "nobody in the unit ever held the office {role}, whom the index is about"
)
TOO_FEW = Reason("indices.too-few", "it is about fewer than {least} people and is not shown")
INPUT_MISSING = Reason("indices.input-missing", "the input {input} is missing")
NO_SCORE = Reason("indices.no-score", "the formula has no value: {fault}")
NO_WEIGHT = Reason("indices.no-weight", "its weight is 0 in this period")


class Cited(NamedTuple):
    """A record that was counted, and what it adds."""

    kind: str
    id: str
    amount: int


@dataclass(frozen=True, slots=True)
class Missing:
    """Why there is no number: `reason` with its `values`."""

    reason: Reason
    values: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Counted:
    """What an input came to: a `value` with the records `cited`, or, without one, what is `missing`."""

    value: int | None
    cited: tuple[Cited, ...] = ()
    missing: Missing | None = None

    @classmethod
    def none(cls, reason: Reason, **values: object) -> "Counted":
        """Nothing could be counted."""
        return cls(None, (), Missing(reason, values))


def total(cited: list[Cited]) -> Counted:
    """The sum of what the records add."""
    return Counted(sum(one.amount for one in cited), tuple(cited))
