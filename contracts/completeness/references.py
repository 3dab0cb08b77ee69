"""What the records of packs point to: other records, units, persons, and what their type requires of them.

Owns this check, by the definitions that are in force. Never looks at values that are not on the ledger. Source:
docs/reference/reports.md, "completeness".
"""

from contracts.completeness.survey import Inspection, Survey
from contracts.errors import Reason
from contracts.members.person import KIND_PERSON
from contracts.packs.field import Field
from contracts.packs.in_force import newest_definitions
from contracts.packs.record_type import TypeDefinition
from contracts.records.move import NOT_THERE
from contracts.units.tree import KIND_UNIT

REFERENCE_GONE = Reason(
    "completeness.reference", "the field {field} of {kind} {id} leads to {target_kind} {target}, which is not there"
)
REQUIRED_GONE = Reason("completeness.required", "{kind} {id} lacks its field {field}, which its type requires")
STATE_GONE = Reason("completeness.state", "{kind} {id} is in the state {state}, which its type does not have")


def check_references(inspection: Inspection) -> Survey:
    """Whatever a record of a pack names is there, and it has what its type requires."""
    survey = Survey()
    for kind, definition in newest_definitions(inspection.source).items():
        for record_id, fields in inspection.records(kind):
            survey.looked_at += 1
            values = fields.get("values")
            if isinstance(values, dict) and fields["state"] != NOT_THERE:
                _check_record(inspection, survey, definition, record_id, str(fields["state"]), values)
    return survey


def _check_record(
    inspection: Inspection,
    survey: Survey,
    definition: TypeDefinition,
    record_id: str,
    state: str,
    values: dict[str, object],
) -> None:
    kind = definition.kind
    # The state of an older version is carried over when the record is touched.
    if state not in definition.states and state not in definition.migration:
        survey.miss(STATE_GONE, kind, record_id, kind=kind, id=record_id, state=state)
    for field in definition.fields.values():
        value = values.get(field.name)
        if value is None:
            if field.required:
                survey.miss(REQUIRED_GONE, kind, record_id, kind=kind, id=record_id, field=field.name)
            continue
        target_kind = _target_kind(field)
        if target_kind is None:
            continue
        for target in value if isinstance(value, list) else [value]:
            if isinstance(target, str) and not inspection.presence.has(target_kind, target):
                told = {"kind": kind, "id": record_id, "field": field.name}
                survey.miss(REFERENCE_GONE, kind, record_id, target_kind=target_kind, target=target, **told)


def _target_kind(field: Field) -> str | None:
    if field.is_detached:
        return None
    if field.item_type == "reference":
        return field.kind
    if field.item_type == "unit":
        return KIND_UNIT
    return KIND_PERSON if field.item_type == "person" and field.enrolled else None
