"""The tree of units and their offices: parents that are there, holders whom somebody enrolled, counts that are right.

Owns these checks. Never judges who should hold an office. Source: docs/reference/reports.md, "completeness".
"""

from collections import Counter

from contracts.completeness.survey import Inspection, Survey
from contracts.errors import Reason
from contracts.members.person import KIND_PERSON
from contracts.units.office import KIND_OFFICE, runs
from contracts.units.role_count import KIND_ROLE_COUNT
from contracts.units.tree import KIND_UNIT, STATE_ACTIVE
from ledger.encoding import Value

PARENT_GONE = Reason("completeness.parent", "the unit {unit} is under {parent}, which is not there")
PARENT_OVER = Reason("completeness.parent-over", "the unit {unit} is active under {parent}, which is {state}")
SUCCESSOR_GONE = Reason("completeness.successor", "the unit {unit} was merged into {successor}, which is not there")
CHILDREN_WRONG = Reason(
    "completeness.children", "{count} active units are under {unit}, and its record counts {counted}"
)
HOLDER_UNKNOWN = Reason("completeness.holder", "{person} is {role} of {unit}, and nobody enrolled {person}")
UNIT_GONE = Reason("completeness.office-unit", "{person} is {role} of {unit}, which is not there")
COUNT_WRONG = Reason(
    "completeness.role-count", "{count} hold the office {role} of {unit}, and its count says {counted}"
)


def check_units(inspection: Inspection) -> Survey:
    """Every unit hangs on one that is there, and counts the active ones under it rightly."""
    survey, source = Survey(), inspection.source
    units = _units(inspection)
    children: Counter[object] = Counter()
    for unit, fields in units.items():
        survey.looked_at += 1
        parent, successor = fields.get("parent"), fields.get("successor")
        active = fields["state"] == STATE_ACTIVE
        if isinstance(parent, str):
            children[parent] += active
            above = units.get(parent)
            if above is None and inspection.unit is not None:
                record = source.find(KIND_UNIT, parent)
                above = None if record is None else record.fields
            if above is None:
                survey.miss(PARENT_GONE, KIND_UNIT, unit, unit=unit, parent=parent)
            elif active and above["state"] != STATE_ACTIVE:
                survey.miss(PARENT_OVER, KIND_UNIT, unit, unit=unit, parent=parent, state=above["state"])
        if isinstance(successor, str) and not inspection.presence.has(KIND_UNIT, successor):
            survey.miss(SUCCESSOR_GONE, KIND_UNIT, unit, unit=unit, successor=successor)
    if inspection.unit is None:
        for unit, fields in units.items():
            if fields["state"] == STATE_ACTIVE and fields["children"] != children[unit]:
                counted = fields["children"]
                survey.miss(CHILDREN_WRONG, KIND_UNIT, unit, unit=unit, count=children[unit], counted=counted)
    return survey


def check_offices(inspection: Inspection) -> Survey:
    """Everybody who holds an office was enrolled, its unit is there, and those who hold one are counted rightly."""
    survey = Survey()
    held: Counter[str] = Counter()
    for found in (
        inspection.source.each(KIND_OFFICE)
        if inspection.unit is None
        else inspection.source.of_unit(KIND_OFFICE, inspection.unit)
    ):
        survey.looked_at += 1
        if not runs(found.record, inspection.now_ms):
            continue
        unit, role, person = (str(found.record.fields[name]) for name in ("unit", "role", "person"))
        if "delegated_by" not in found.record.fields:
            held[f"{unit}/{role}"] += 1
        if not inspection.presence.has(KIND_PERSON, person):
            survey.miss(HOLDER_UNKNOWN, KIND_OFFICE, found.id, person=person, role=role, unit=unit)
        if not inspection.presence.has(KIND_UNIT, unit):
            survey.miss(UNIT_GONE, KIND_OFFICE, found.id, person=person, role=role, unit=unit)
    counted = {}
    for record_id, fields in inspection.records(KIND_ROLE_COUNT):
        counted[record_id] = _running(fields, inspection.now_ms)
    for record_id in sorted(held.keys() | counted.keys()):
        if held[record_id] != counted.get(record_id, 0):
            unit, _, role = record_id.rpartition("/")
            values = {"unit": unit, "role": role, "count": held[record_id], "counted": counted.get(record_id, 0)}
            survey.miss(COUNT_WRONG, KIND_ROLE_COUNT, record_id, **values)
    return survey


def _units(inspection: Inspection) -> dict[str, dict[str, Value]]:
    if inspection.unit is None:
        return {found.id: found.record.fields for found in inspection.source.each(KIND_UNIT)}
    record = inspection.source.find(KIND_UNIT, inspection.unit)
    return {} if record is None else {inspection.unit: record.fields}


def _running(fields: dict[str, object], now_ms: int) -> int:
    count, ends = fields["count"], fields["ends"]
    assert isinstance(count, int) and isinstance(ends, list), "the form of a role's count"
    over: int = sum(number for end, number in ends if end <= now_ms)
    return count - over
