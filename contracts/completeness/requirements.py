"""What packs require of everybody in an office: a record about them, perhaps one in every period.

Owns this check: nobody is missed. Which records those are is the pack's to say (its section `indices`). Source:
docs/reference/indices.md, "Requirements".
"""

from collections import defaultdict

from contracts.calendar.dates import day_at
from contracts.completeness.survey import Inspection, Survey
from contracts.errors import Reason
from contracts.indices.period import Period, last_complete
from contracts.indices.section import SECTION_INDICES, IndexSection
from contracts.indices.watch import Requirement
from contracts.packs.in_force import newest_definition, newest_sections
from contracts.packs.record_type import TypeDefinition
from contracts.units.office import KIND_OFFICE, runs

# The persons of units, by the unit.
_ByUnit = dict[str, set[str]]

NO_RECORD = Reason("completeness.requirement", "{person}, {role} of {unit}, has no {kind} ({requirement})")
NO_RECORD_THEN = Reason(
    "completeness.requirement-period",
    "{person}, {role} of {unit}, has no {kind} from {first} to {last} ({requirement})",
)


def check_requirements(inspection: Inspection) -> Survey:
    """Everybody who holds an office has the records that a pack in force requires of them."""
    survey = Survey()
    for found in newest_sections(inspection.source, SECTION_INDICES):
        section = found.section
        assert isinstance(section, IndexSection), "the section of this name is of this kind"
        offset_minutes = section.offset_minutes(day_at(inspection.now_ms, 0))
        for requirement in section.requirements.values():
            definition = newest_definition(inspection.source, requirement.kind)
            if definition is not None:
                _check(inspection, survey, requirement, definition, offset_minutes)
    return survey


def _check(
    inspection: Inspection, survey: Survey, requirement: Requirement, definition: TypeDefinition, offset_minutes: int
) -> None:
    every = requirement.every
    period = None if every is None else last_complete(every, inspection.now_ms, offset_minutes)
    having = _persons_with(inspection, requirement, definition, period)
    for unit, persons in sorted(_holders(inspection, requirement.role, period).items()):
        for person in sorted(persons):
            survey.looked_at += 1
            if person in having[unit]:
                continue
            told = {"person": person, "role": requirement.role, "unit": unit, "kind": requirement.kind}
            told["requirement"] = requirement.name
            office = f"{unit}/{requirement.role}/{person}"
            if period is None:
                survey.miss(NO_RECORD, KIND_OFFICE, office, **told)
            else:
                first, _, last = period.text.partition("/")
                survey.miss(NO_RECORD_THEN, KIND_OFFICE, office, **told, first=first, last=last)


def _holders(inspection: Inspection, role: str, period: Period | None) -> _ByUnit:
    """Who holds the office now; of a period, those who held it before it began."""
    found: _ByUnit = defaultdict(set)
    source, unit = inspection.source, inspection.unit
    offices = source.each(KIND_OFFICE) if unit is None else source.each(KIND_OFFICE, f"{unit}/{role}/", unit)
    for _, record in offices:
        fields = record.fields
        if fields["role"] != role or not runs(record, inspection.now_ms) or "delegated_by" in fields:
            continue
        since = fields["since"]
        if not inspection.is_active(str(fields["unit"])):
            continue
        if period is None or (isinstance(since, int) and since < period.begin_ms):
            found[str(fields["unit"])].add(str(fields["person"]))
    return found


def _persons_with(
    inspection: Inspection, requirement: Requirement, definition: TypeDefinition, period: Period | None
) -> _ByUnit:
    found: _ByUnit = defaultdict(set)
    for _, fields in inspection.records(definition.kind):
        values = fields.get("values")
        if not isinstance(values, dict) or (requirement.states and fields["state"] not in requirement.states):
            continue
        when = values.get(requirement.on)
        if period is not None:
            is_day = definition.fields[requirement.on].type == "date"
            if not isinstance(when, int) or not (period.has_day(when) if is_day else period.has_time(when)):
                continue
        found[str(fields["unit"])].add(str(values.get(definition.subject or "")))
    return found
