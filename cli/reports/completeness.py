"""`banyan report completeness`: nobody missed, nothing missing, no broken link.

Owns which checks are made, and how their findings are told. What is looked at and found is
`contracts.completeness`; chains are verified here, because they are not part of the state.
Source: docs/reference/reports.md, "completeness".
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.errors import EXIT_FAILED
from cli.language import N_, _, translated_template
from cli.printer import Printer
from cli.session import Advance, Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.reports.reading import NodeRecords
    from contracts.completeness.survey import Gap, Inspection, Survey

# What people are told of each check; the JSON document has them all.
GAPS_SHOWN_MAX = 50

_TITLES = {
    "units": N_("Units and what they are under"),
    "offices": N_("Offices, their holders and counts"),
    "periods": N_("Periods of plans"),
    "numbers": N_("Numbers of records"),
    "references": N_("Fields and what they refer to"),
    "dues": N_("Months of dues"),
    "requirements": N_("What packs require of office holders"),
    "chains": N_("Chains, link by link"),
}


def completeness(
    session: Session,
    unit: Annotated[str | None, typer.Option("--unit", help=N_("Only this unit. Default: all."))] = None,
    chains: Annotated[
        bool, typer.Option("--chains/--no-chains", help=N_("Verify every link of every chain; it takes the longest."))
    ] = True,
) -> int:
    """Tell what is missing; exit status 1 if anything is."""
    from cli.reports.reading import NodeRecords
    from contracts.completeness.survey import Inspection

    with NodeRecords(session.home) as records, session.progress(_("Looking"), None) as advance:
        if unit is not None:
            # A mistyped unit has nothing missing; say rather that it is not there.
            records.need("unit", unit)
        parts = surveys(Inspection.of(records, unit), advance)
        if chains:
            parts["chains"] = _check_chains(records, unit, advance)
        document = _document(unit, parts) | records.as_of()
    session.show(document, lambda printer: _render(session, printer, document))
    return 0 if document["complete"] else EXIT_FAILED


def surveys(inspection: "Inspection", advance: Advance) -> "dict[str, Survey]":
    """What the checks of the state looked at and found, by the name of the check."""
    from contracts.completeness.dues import check_dues
    from contracts.completeness.numbers import check_numbers
    from contracts.completeness.periods import check_periods
    from contracts.completeness.references import check_references
    from contracts.completeness.requirements import check_requirements
    from contracts.completeness.tree import check_offices, check_units

    checks: dict[str, Callable[[Inspection], Survey]] = {
        "units": check_units,
        "offices": check_offices,
        "periods": check_periods,
        "numbers": check_numbers,
        "references": check_references,
        "dues": check_dues,
        "requirements": check_requirements,
    }
    found: dict[str, Survey] = {}
    for name, check in checks.items():
        found[name] = check(inspection)
        advance(sum(one.looked_at for one in found.values()), None)
    return found


def _check_chains(records: "NodeRecords", unit: str | None, advance: Advance) -> "Survey":
    """Every link of every chain; of a unit, the chains of the unit itself and of what its ids begin with."""
    from cli.chain_reading import verified_chain
    from cli.errors import VerificationError
    from cli.language import translated
    from contracts.chain import CHAIN_KIND
    from contracts.completeness.survey import LINK_BROKEN, Survey

    survey = Survey()
    links = 0
    for subject in _subjects(records, unit):
        survey.looked_at += 1
        try:
            links += verified_chain(records.client, subject).count
        except VerificationError as error:
            survey.miss(LINK_BROKEN, CHAIN_KIND, subject, subject=subject, reason=translated(error))
        advance(links, None)
    return survey


def _subjects(records: "NodeRecords", unit: str | None) -> list[str]:
    from contracts.chain import CHAIN_KIND
    from contracts.packs.in_force import newest_definitions
    from contracts.units.office import KIND_OFFICE, person_subject
    from contracts.units.tree import unit_subject

    if unit is None:
        return [found.id for found in records.each(CHAIN_KIND)]
    persons = {str(found.record.fields["person"]) for found in records.of_unit(KIND_OFFICE, unit)}
    found = [unit_subject(unit), *(person_subject(person) for person in sorted(persons))]
    for kind in newest_definitions(records):
        found += [one.id for one in records.each(CHAIN_KIND, prefix=f"record/{kind}/{unit}/")]
    return found


def _document(unit: str | None, parts: "dict[str, Survey]") -> dict[str, Any]:
    return {
        "unit": unit,
        "complete": not any(part.gaps for part in parts.values()),
        "checks": [
            {
                "check": name,
                "looked_at": part.looked_at,
                "explained": part.explained,
                "missing": [_describe(gap) for gap in part.gaps],
            }
            for name, part in parts.items()
        ],
    }


def _describe(gap: "Gap") -> dict[str, Any]:
    return {
        "code": gap.reason.code,
        "message": translated_template(gap.reason.template, gap.values),
        "record": {"kind": gap.kind, "id": gap.id},
        "values": gap.values,
    }


def _render(session: Session, printer: Printer, document: dict[str, Any]) -> None:
    printer.table(
        [_("Check"), _("Looked at"), _("Explained"), _("Missing")],
        (
            [_(_TITLES[one["check"]]), one["looked_at"], one["explained"], len(one["missing"])]
            for one in document["checks"]
        ),
    )
    for one in document["checks"]:
        if not one["missing"]:
            continue
        printer.line()
        printer.bad(_(_TITLES[one["check"]]))
        for gap in one["missing"][:GAPS_SHOWN_MAX]:
            printer.line(f"  {gap['message']} ({gap['record']['kind']} {gap['record']['id']})")
        if len(one["missing"]) > GAPS_SHOWN_MAX:
            more = len(one["missing"]) - GAPS_SHOWN_MAX
            printer.line("  " + _("and {count} more: `--json` has them all").format(count=more))
    printer.line()
    if document["complete"]:
        printer.good(_("Nothing is missing, as of block {height}.").format(height=document["executed_height"]))
    if document["changed_while_reading"]:
        session.note(_("The ledger grew while it was read: look again at what seems to be missing."))
