"""`banyan report warnings`: what people have to deal with, until when, whose it is; and what was done about the rest.

Owns the list and its order. Whatever opened a case (a warning, a record of a pack, somebody by hand), it is here.
Source: docs/reference/indices.md, "Warnings".
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.language import N_, _
from cli.printer import Printer, time_text
from cli.session import Session

if TYPE_CHECKING:
    from contracts.cases.case import Case

# Settled ones that people are shown; the JSON document has all of them.
SETTLED_SHOWN_MAX = 20
_DAY_MS = 86_400_000


def warnings(
    session: Session,
    unit: Annotated[str | None, typer.Option("--unit", help=N_("Only this unit. Default: all."))] = None,
    owner: Annotated[str | None, typer.Option("--owner", help=N_("Only what is for this actor to deal with."))] = None,
) -> None:
    """List open cases with their deadlines, and settled ones with what was done."""
    from cli.reports.reading import NodeRecords
    from contracts.cases.case import KIND_CASE, STATE_OPEN, Case
    from contracts.record_source import within
    from contracts.units.tree import KIND_UNIT

    with NodeRecords(session.home) as records, session.progress(_("Reading"), None) as advance:
        if unit is not None:
            records.need(KIND_UNIT, unit)
        cases = []
        for found in within(records, KIND_CASE, unit):
            case = Case.from_fields(found.record.fields)
            if owner is None or case.owner == owner:
                cases.append(case)
            advance(len(cases), None)
        now_ms = records.now_ms()
        opened = sorted((case for case in cases if case.state == STATE_OPEN), key=lambda case: (case.due_ms, case.id))
        settled = sorted((_described(case, now_ms) for case in cases if case.state != STATE_OPEN), key=_newest_first)
        document: dict[str, Any] = {
            "unit": unit,
            "now_ms": now_ms,
            "open": [_described(case, now_ms) for case in opened],
            "settled": settled,
        }
        document |= records.as_of()
    session.show(document, lambda printer: _render(session, printer, document))


def _described(case: "Case", now_ms: int) -> dict[str, Any]:
    described: dict[str, Any] = {
        "unit": case.unit,
        "number": case.number,
        "title": case.title,
        "owner": case.owner,
        "state": case.state,
        "opened_ms": case.time_ms,
        "due_ms": case.due_ms,
        "basis": case.basis,
        "person": case.person,
        "steps": len(case.steps),
    }
    told = case.more.get("decision", case.more.get("closing"))
    if isinstance(told, dict):
        return described | {"outcome": told["outcome"], "settled_ms": told["time"]}
    age_days = max(0, now_ms - case.time_ms) // _DAY_MS
    return described | {"overdue": case.due_ms < now_ms, "age_days": age_days}


def _newest_first(one: dict[str, Any]) -> tuple[int, str, int]:
    return (-one["settled_ms"], one["unit"], one["number"])


def _render(session: Session, printer: Printer, document: dict[str, Any]) -> None:
    opened, settled = document["open"], document["settled"]
    if not opened and not settled:
        session.note(_("There are no cases."))
        return
    printer.line(_("Open: {count}").format(count=len(opened)), "bold")
    if opened:
        printer.table(
            [_("Due"), "", _("Case"), _("What"), _("Owner"), _("Days open")],
            (
                [
                    _day_text(one["due_ms"]),
                    _("overdue") if one["overdue"] else "",
                    f"{one['unit']}/{one['number']}",
                    _title(one),
                    one["owner"],
                    one["age_days"],
                ]
                for one in opened
            ),
        )
    printer.line()
    printer.line(_("Settled: {count}").format(count=len(settled)), "bold")
    if settled:
        printer.table(
            [_("Settled"), _("Case"), _("What"), _("What was done")],
            (
                [_day_text(one["settled_ms"]), f"{one['unit']}/{one['number']}", _title(one), one["outcome"]]
                for one in settled[:SETTLED_SHOWN_MAX]
            ),
        )
    if len(settled) > SETTLED_SHOWN_MAX:
        more = len(settled) - SETTLED_SHOWN_MAX
        printer.line(_("and {count} more: `--json` has them all").format(count=more))


def _title(one: dict[str, Any]) -> str:
    from cli.reports.words import said
    from contracts.packs.words import Words

    title = one["title"]
    return said(Words(str(title.get("en", "")), str(title.get("zh", ""))))


def _day_text(time_ms: int) -> str:
    return time_text(time_ms)[:10]
