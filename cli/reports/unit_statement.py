"""`banyan report unit-statement`: the books of a unit over a year, computed afresh from its journal.

Owns the telling; what is computed is `contracts.treasury.unit_statement`. Source: docs/reference/treasury.md,
"Statements".
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.errors import EXIT_FAILED, UsageError
from cli.language import N_, _
from cli.printer import Printer
from cli.session import Session

if TYPE_CHECKING:
    from contracts.treasury.unit_statement import UnitStatement


def unit_statement(
    session: Session,
    unit: Annotated[str, typer.Option("--unit", help=N_("The unit."))],
    year: Annotated[
        int | None, typer.Option("--year", min=1900, max=9998, help=N_("The year. Default: that of the newest block."))
    ] = None,
) -> int:
    """Add up a unit's journal for a year, and compare it with its books; exit status 1 if they differ."""
    from cli.reports.reading import NodeRecords
    from contracts.calendar.dates import date_of, day_at
    from contracts.treasury.unit_statement import unit_statement as compute

    with NodeRecords(session.home) as records:
        records.need("unit", unit)
        about = date_of(day_at(records.now_ms())).year if year is None else year
        found = compute(records, unit, about)
        if found is None:
            raise UsageError("the unit {unit} keeps no books; `treasury.open` opens them", unit=unit)
        document = _document(found) | records.as_of()
    session.show(document, lambda printer: _render(printer, found))
    return 0 if found.agrees else EXIT_FAILED


def _document(found: "UnitStatement") -> dict[str, Any]:
    return {
        "unit": found.unit,
        "year": found.year,
        "closed": found.closed,
        "agrees": found.agrees,
        "entries": found.entries,
        "reversed": found.reversed,
        "surplus": found.surplus,
        "accounts": [
            {
                "account": one.code,
                "type": one.account.type,
                "before": one.before,
                "moved": one.moved,
                "after": one.after,
            }
            for one in found.accounts
        ],
        "dues": {"due": found.due, "paid": found.paid, "waived": found.waived, "open": found.open},
        "categories": [{"category": one.category, "people": one.people, "due": one.due} for one in found.categories],
    }


def _render(printer: Printer, found: "UnitStatement") -> None:
    from cli.reports.words import said
    from contracts.rules.arithmetic import written_money
    from contracts.treasury.accounts import TITLES

    state = _("year closed") if found.closed else _("year not closed")
    printer.line(
        _("Statement of {unit} for {year} ({state}), in yuan").format(unit=found.unit, year=found.year, state=state),
        "bold",
    )
    rows = []
    for one in found.accounts:
        title = one.account.title or TITLES.get(one.code)
        name = one.code if title is None else f"{said(title)} ({one.code})"
        rows.append([name, *map(written_money, (one.before, one.moved, one.after))])
    printer.table([_("Account of the books"), _("Before"), _("In the year"), _("After")], rows)
    printer.line()
    printer.fields(
        [
            (_("Result of the year"), written_money(found.surplus)),
            (_("Dues of the year's months"), written_money(found.due)),
            (_("Paid"), written_money(found.paid)),
            (_("Waived"), written_money(found.waived)),
            (_("Open"), written_money(found.open)),
            (_("Entries, and those reversed"), f"{found.entries}, {found.reversed}"),
        ]
    )
    _render_categories(printer, found)
    if found.agrees:
        printer.good(_("The journal adds up to the books."))
    else:
        printer.bad(_("The journal does not add up to the books."))


def _render_categories(printer: Printer, found: "UnitStatement") -> None:
    from contracts.rules.arithmetic import written_money
    from contracts.treasury.unit_statement import PEOPLE_LEAST

    if any(one.people is None for one in found.categories):
        printer.line(
            _("Categories are not told: one of them has fewer than {count} people.").format(count=PEOPLE_LEAST)
        )
    elif found.categories:
        printer.table(
            [_("Category"), _("People"), _("Due")],
            ([one.category, one.people or 0, written_money(one.due or 0)] for one in found.categories),
        )
