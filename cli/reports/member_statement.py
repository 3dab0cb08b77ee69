"""`banyan report member-statement`: what a member owed and paid, month by month.

Owns the telling; what is computed is `contracts.treasury.member_statement`. Source: docs/reference/treasury.md,
"Statements".
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.errors import EXIT_FAILED
from cli.language import N_, _
from cli.printer import Printer
from cli.session import Session

if TYPE_CHECKING:
    from contracts.treasury.member_statement import MemberStatement


def member_statement(
    session: Session,
    unit: Annotated[str, typer.Option("--unit", help=N_("The unit."))],
    person: Annotated[str, typer.Option("--person", help=N_("The member."))],
) -> int:
    """Tell a member's dues month by month, with every entry about them; exit status 1 if the records differ."""
    from cli.reports.reading import NodeRecords
    from contracts.calendar.dates import day_at
    from contracts.treasury.member_statement import member_statement as compute
    from contracts.treasury.month import month_of_day

    with NodeRecords(session.home) as records:
        records.need("books", unit)
        records.need("person", person)
        found = compute(records, unit, person, month_of_day(day_at(records.now_ms())))
        document = _document(found) | records.as_of()
    session.show(document, lambda printer: _render(printer, found))
    return 0 if found.agrees else EXIT_FAILED


def _document(found: "MemberStatement") -> dict[str, Any]:
    from contracts.treasury.month import format_month

    member = found.member
    return {
        "unit": found.unit,
        "person": found.person,
        "agrees": found.agrees,
        "due": found.total("due"),
        "paid": found.total("paid"),
        "waived": found.total("waived"),
        "open": found.total("open"),
        "advance": 0 if member is None else member.advance,
        "oldest_age_months": found.oldest_age_months,
        "standings": [] if member is None else [standing._asdict() for standing in member.standings],
        "months": [
            {
                "period": format_month(one.month),
                "category": one.line.category,
                "base": one.line.base,
                "due": one.line.due,
                "paid": one.line.paid,
                "waived": one.line.waived,
                "open": one.line.open,
                "age_months": one.age_months,
            }
            for one in found.months
        ],
        "entries": [
            {
                "entry": entry.number,
                "date": entry.date,
                "what": entry.what,
                "reversed_by": entry.more.get("reversed_by"),
                "effects": [
                    {"what": one.what, "period": format_month(one.month) if one.month else None, "amount": one.amount}
                    for one in effects
                ],
            }
            for entry, effects in found.entries
        ],
    }


def _render(printer: Printer, found: "MemberStatement") -> None:
    from contracts.rules.arithmetic import written_money
    from contracts.treasury.month import format_month

    title = _("Dues of {person} in {unit}, in yuan").format(person=found.person, unit=found.unit)
    printer.line(title, "bold")
    printer.table(
        [_("Month"), _("Category"), _("Base"), _("Due"), _("Paid"), _("Waived"), _("Open"), _("Months ago")],
        (
            [
                format_month(one.month),
                one.line.category,
                "" if one.line.base is None else written_money(one.line.base),
                *map(written_money, (one.line.due, one.line.paid, one.line.waived, one.line.open)),
                "" if one.age_months is None else one.age_months,
            ]
            for one in found.months
        ),
    )
    printer.line()
    rows: list[tuple[str, object]] = [(_("Open"), written_money(found.total("open")))]
    if found.member is not None and found.member.advance:
        rows.append((_("Paid in advance"), written_money(found.member.advance)))
    printer.fields(rows)
    printer.table(
        [_("Entry"), _("Date"), _("What"), _("Amount"), _("Reversed by")],
        (
            [
                entry.number,
                entry.date,
                entry.what,
                written_money(sum(one.amount for one in effects)),
                str(entry.more.get("reversed_by", "")),
            ]
            for entry, effects in found.entries
        ),
    )
    if found.agrees:
        printer.good(_("The journal agrees with the sheets."))
    else:
        printer.bad(_("The journal does not agree with the sheets."))
