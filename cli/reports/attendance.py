"""`banyan report attendance`: who was on a list, by code or by paper, and who of those expected was not.

Owns how it is told. What is compared is `contracts.attendance.roll`. Source: docs/reference/reports.md, "attendance".
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.language import N_, _
from cli.printer import Printer, time_text
from cli.session import Session

if TYPE_CHECKING:
    from contracts.attendance.roll import Roll


def attendance(
    session: Session,
    unit: Annotated[str, typer.Argument(metavar="UNIT", help=N_("The unit whose list it is."))],
    number: Annotated[int, typer.Argument(metavar="NUMBER", min=1, help=N_("The number of the list."))],
) -> None:
    """Show who was on a list, and who was not."""
    from cli.errors import UsageError
    from cli.reports.reading import NodeRecords
    from contracts.attendance.roll import roll_of

    with NodeRecords(session.home) as records:
        roll = roll_of(records, unit, number)
        if roll is None:
            raise UsageError(
                "the unit {unit} has no attendance list {number}; `banyan list attendance --unit {unit}` shows what it"
                " has",
                unit=unit,
                number=number,
            )
        document = _document(roll) | records.as_of()
    session.show(document, lambda printer: _render(printer, document))


def _document(roll: "Roll") -> dict[str, Any]:
    from contracts.attendance.page import PAPER

    return {
        "unit": roll.session.unit,
        "number": roll.session.number,
        "title": roll.session.title,
        "state": roll.session.state,
        "starts_ms": roll.session.starts_ms,
        "ends_ms": roll.session.ends_ms,
        "roles": [
            {
                "role": role,
                "signed_in": sum(one.role == role and one.window != PAPER for one in roll.entries),
                "on_paper": sum(one.role == role and one.window == PAPER for one in roll.entries),
                "missing": list(roll.missing[role]),
            }
            for role in roll.session.roles
        ],
        "names": [
            {
                "person": one.person,
                "role": one.role,
                "time_ms": one.time_ms,
                "window": None if one.window == PAPER else one.window + 1,
            }
            for one in roll.entries
        ],
    }


def _render(printer: Printer, document: dict[str, Any]) -> None:
    printer.fields(
        [
            (_("List"), f"{document['unit']} {document['number']}: {document['title']}"),
            (_("Begins"), time_text(document["starts_ms"])),
            (_("State"), document["state"]),
        ]
    )
    printer.line()
    headers = [_("Office"), _("By code"), _("On paper"), _("Missing"), _("Who is missing")]
    printer.table(
        headers,
        (
            [one["role"], one["signed_in"], one["on_paper"], len(one["missing"]), ", ".join(one["missing"])]
            for one in document["roles"]
        ),
    )
    printer.line()
    printer.table(
        [_("Person"), _("Office"), _("Window"), _("Time")],
        (
            [one["person"], one["role"], one["window"] or _("paper"), time_text(one["time_ms"])]
            for one in document["names"]
        ),
    )
