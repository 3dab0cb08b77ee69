"""One input of an index: which facts are counted, and of whom.

Owns the declaration. Never counts (`counting` does). Invariants: an input is a whole number (amounts in the smallest
unit), counted from records that anybody can name; one about persons is known as such, so that it is not shown of a few.
Source: docs/reference/indices.md, "Inputs".
"""

from dataclasses import dataclass

from contracts.calendar.recurrence import Recurrence
from contracts.packs.expression import Expression
from contracts.packs.fault import Faults, PackFault
from contracts.packs.form import Form
from contracts.packs.limits import STATES_MAX
from contracts.packs.names import FIELD_NAME, FIELD_NAME_HINT, NAME, NAME_HINT, ROLE, ROLE_HINT
from contracts.packs.period_reading import read_recurrence
from contracts.packs.words import Words, read_title
from ledger.encoding import Value

COUNT_RECORDS = "records"
COUNT_PERIODS = "periods"
COUNT_PLANS = "plans"
COUNT_HOLDERS = "holders"
COUNT_CASES = "cases"
COUNT_DUES = "dues"
COUNTS = (COUNT_CASES, COUNT_DUES, COUNT_HOLDERS, COUNT_PERIODS, COUNT_PLANS, COUNT_RECORDS)
# What of plans, cases and dues is counted.
WHATS = {
    COUNT_CASES: ("opened", "settled", "overdue"),
    COUNT_DUES: ("due", "paid", "waived", "people", "settled"),
    COUNT_PLANS: ("needed", "held", "missed"),
}


@dataclass(frozen=True, slots=True)
class Input:
    """One number about a unit and a period.

    Attributes:
        count: What is counted, one of `COUNTS`.
        what: Of plans, cases and dues, one of `WHATS`.
        kind: Of records, their type.
        states: Of records, in which states they count; none: in all.
        where: Of records, a condition on their fields.
        on: Of records, the field whose day lies in the period; empty: since when they are in their state.
        ever: Of records, whether they count whatever their day, because the condition says which.
        sum: Of records, the field that is added up; empty: the records are counted.
        distinct: Of records, the field whose different values are counted.
        role: Of holders, their office.
        every: Of periods, which ones are counted.
        people: It says something about persons, even if its type does not show it.
    """

    name: str
    title: Words
    count: str
    what: str = ""
    kind: str = ""
    states: tuple[str, ...] = ()
    where: Expression | None = None
    on: str = ""
    ever: bool = False
    sum: str = ""
    distinct: str = ""
    role: str = ""
    every: Recurrence | None = None
    people: bool = False

    def to_value(self) -> dict[str, Value]:
        """The canonical map."""
        value: dict[str, Value] = {"count": self.count, "title": self.title.to_value()}
        for name in ("what", "kind", "on", "sum", "distinct", "role"):
            if text := getattr(self, name):
                value[name] = text
        if self.states:
            value["states"] = list(self.states)
        if self.where is not None:
            value["where"] = self.where.to_value()
        if self.every is not None:
            value["every"] = self.every.encode_value()
        for name in ("ever", "people"):
            if getattr(self, name):
                value[name] = True
        return value

    @classmethod
    def read(cls, name: str, value: Value, path: str, faults: Faults) -> "Input":
        """The input in the map `value`."""
        form = Form(value, path, faults)
        count = form.choice("count", COUNTS)
        whats = WHATS.get(count)
        of_records = count == COUNT_RECORDS
        found = cls(
            name,
            read_title(form),
            count,
            what="" if whats is None else form.choice("what", whats),
            kind=form.matching("kind", NAME, NAME_HINT) if of_records else "",
            states=form.names("states", NAME, NAME_HINT, STATES_MAX) if of_records else (),
            where=_read_condition(form) if of_records else None,
            on=_read_field(form, "on") if of_records else "",
            ever=form.boolean("ever") if of_records else False,
            sum=_read_field(form, "sum") if of_records else "",
            distinct=_read_field(form, "distinct") if of_records else "",
            role=form.matching("role", ROLE, ROLE_HINT) if count == COUNT_HOLDERS else "",
            every=read_recurrence(form) if count == COUNT_PERIODS else None,
            people=form.boolean("people"),
        )
        if found.sum and found.distinct:
            form.refuse(PackFault("an input is added up or counted by its different values, not both"), "distinct")
        if found.on and found.ever:
            form.refuse(PackFault("records count by their day or whatever their day, not both"), "ever")
        form.close()
        return found


def _read_condition(form: Form) -> Expression | None:
    value = form.take("where")
    return None if "where" not in form else Expression.read(value, form.at("where"), form.faults)


def _read_field(form: Form, key: str) -> str:
    return form.matching(key, FIELD_NAME, FIELD_NAME_HINT, optional=True)
