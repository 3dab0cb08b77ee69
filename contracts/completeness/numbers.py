"""Numbers in ids: counted from 1, and one that is not there has a reason.

Owns this check. A record whose creation was withdrawn leaves a gap, and its chain says so. Source:
docs/reference/reports.md, "completeness".
"""

from collections import defaultdict
from collections.abc import Callable

from contracts.ballots.ballot import KIND_BALLOT, KIND_BALLOT_COUNT, ballot_id
from contracts.cases.case import KIND_CASE, KIND_CASE_COUNT, case_id
from contracts.chain import CHAIN_KIND
from contracts.completeness.survey import Inspection, Survey
from contracts.errors import Reason
from contracts.records.identity import KIND_RECORD_COUNT, NUMBER_DIGITS, record_subject
from contracts.schedule.contract import KIND_COUNT as KIND_PLAN_COUNT
from contracts.schedule.plan import KIND_PLAN, plan_id

NUMBER_GONE = Reason("completeness.number", "{count} numbers were given, and there is no {kind} {id}")
NUMBER_BEYOND = Reason("completeness.number-beyond", "the {kind} {id} has a number beyond the {count} that were given")


# What contracts number themselves, and nobody withdraws.
_NATIVE: tuple[tuple[str, str, Callable[[str, int], str]], ...] = (
    (KIND_BALLOT, KIND_BALLOT_COUNT, ballot_id),
    (KIND_CASE, KIND_CASE_COUNT, case_id),
    (KIND_PLAN, KIND_PLAN_COUNT, plan_id),
)


def check_numbers(inspection: Inspection) -> Survey:
    """Every number that was given stands in the id of a record, or of one that was withdrawn."""
    survey = Survey()
    counts: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for _, fields in inspection.records(KIND_RECORD_COUNT):
        counts[str(fields["kind"])].append((str(fields["unit"]), _number(fields["count"])))
    for kind, units in counts.items():
        _check(inspection, survey, kind, units, lambda unit, number: f"{unit}/{number:0{NUMBER_DIGITS}d}")
    for kind, count_kind, make_id in _NATIVE:
        _check(inspection, survey, kind, _counts(inspection, count_kind), make_id)
    return survey


def _counts(inspection: Inspection, kind: str) -> list[tuple[str, int]]:
    # The id of these is the unit's own, so that there is nothing under it.
    if inspection.unit is None:
        found = [(one.id, one.record) for one in inspection.source.each(kind)]
    else:
        record = inspection.source.find(kind, inspection.unit)
        found = [] if record is None else [(inspection.unit, record)]
    return [(unit, _number(record.fields["count"])) for unit, record in found]


def _check(
    inspection: Inspection,
    survey: Survey,
    kind: str,
    counts: list[tuple[str, int]],
    make_id: Callable[[str, int], str],
) -> None:
    if not counts:
        return
    prefix = "" if inspection.unit is None else f"{inspection.unit}/"
    there = set(inspection.source.ids(kind, prefix))
    for unit, count in counts:
        for number in range(1, count + 1):
            survey.looked_at += 1
            record_id = make_id(unit, number)
            if record_id in there:
                continue
            if inspection.source.find(CHAIN_KIND, record_subject(kind, record_id)) is not None:
                survey.explained += 1
            else:
                survey.miss(NUMBER_GONE, kind, record_id, kind=kind, id=record_id, count=count)
        beyond = make_id(unit, count + 1)
        if beyond in there:
            survey.miss(NUMBER_BEYOND, kind, beyond, kind=kind, id=beyond, count=count)


def _number(value: object) -> int:
    assert isinstance(value, int), "counts are numbers"
    return value
