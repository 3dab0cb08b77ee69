"""`banyan report reconcile`: a statement of a bank or a payment app against what is owed and entered.

Owns the telling, and the file of payments that can be handed in. Never writes to the ledger. Source:
docs/reference/treasury.md, "Statements"; docs/guide/importing.md, "Bank statements".
"""

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.errors import EXIT_FAILED, UsageError
from cli.language import N_, _, translated
from cli.printer import Printer
from cli.session import Session

if TYPE_CHECKING:
    from cli.reports.bank_plan import BankPlan
    from cli.reports.bank_rows import Statement
    from contracts.treasury.reconciliation import Outcome, Reconciliation

_REASONS = {
    "entered": N_("is in the journal"),
    "named": N_("names one member"),
    "named-old": N_("names one member, for a month of long ago: enter it with `basis`"),
    "nobody": N_("names nobody, and nobody owes this amount"),
    "outgoing": N_("went out, and is not in the journal"),
    "several": N_("it is not certain who is meant"),
    "amount-only": N_("names nobody; the amount fits"),
    "reference-amount": N_("is in the journal with another amount"),
    "reference-twice": N_("the reference stands in the statement already"),
}


def reconcile(
    session: Session,
    unit: Annotated[str, typer.Option("--unit", help=N_("The unit."))],
    file: Annotated[Path, typer.Option("--file", metavar="FILE.csv", help=N_("The statement."))],
    plan: Annotated[Path, typer.Option("--plan", metavar="PLAN.toml", help=N_("How the statement is read."))],
    batch: Annotated[
        Path | None,
        typer.Option(
            "--batch", metavar="FILE.jsonl", help=N_("Write the new payments to this file, for `banyan submit-batch`.")
        ),
    ] = None,
) -> int:
    """Compare a statement with what is owed; exit status 1 unless every row is matched."""
    from cli.reports.bank_plan import read_bank_plan
    from cli.reports.bank_rows import read_statement
    from cli.reports.reading import NodeRecords
    from contracts.treasury.obligations import obligations_of
    from contracts.treasury.reconciliation import reconcile as compare

    read = read_bank_plan(plan)
    statement = read_statement(file, read)
    with NodeRecords(session.home) as records:
        records.need("unit", unit)
        obligations = obligations_of(records, unit)
        if obligations is None:
            raise UsageError("the unit {unit} keeps no books; `treasury.open` opens them", unit=unit)
        found = compare(statement.rows, obligations, read.people, read.money)
        document = _document(unit, found, statement) | records.as_of()
    if batch is not None:
        lines = batch_lines(unit, read, found)
        _write(batch, lines)
        document["batch"] = {"file": str(batch), "transactions": len(lines)}
    session.show(document, lambda printer: _render(printer, document))
    counts = document["counts"]
    return 0 if counts["matched"] == sum(counts.values()) else EXIT_FAILED


def batch_lines(unit: str, plan: "BankPlan", found: "Reconciliation") -> list[dict[str, Any]]:
    """The payments that are certain and not entered yet, as transactions: by day, nobody twice in one."""
    from contracts.treasury.reconciliation import NAMED
    from contracts.treasury.roll import MEMBERS_MAX

    batches: dict[str, list[list[list[Any]]]] = {}
    for one in found.outcomes:
        if one.reason != NAMED:
            continue
        line: list[Any] = [one.person, one.row.amount, *([one.row.reference] if one.row.reference else [])]
        of_day = batches.setdefault(one.row.date, [])
        room = [
            lines for lines in of_day if len(lines) < MEMBERS_MAX and all(person != one.person for person, *_ in lines)
        ]
        if room:
            room[0].append(line)
        else:
            of_day.append([line])
    return [
        {"op": "treasury.pay-batch", "args": {"date": date, "lines": lines, "money": plan.money, "unit": unit}}
        for date, of_day in batches.items()
        for lines in of_day
    ]


def _write(path: Path, lines: list[dict[str, Any]]) -> None:
    text = "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            "{path} cannot be written: {reason}", path=str(path), reason=error.strerror or str(error)
        ) from error


def _document(unit: str, found: "Reconciliation", statement: "Statement") -> dict[str, Any]:
    from contracts.treasury.month import format_month

    counts = Counter(one.outcome for one in found.outcomes)
    return {
        "unit": unit,
        "counts": {name: counts[name] for name in ("matched", "unmatched", "ambiguous")}
        | {"unreadable": len(statement.unreadable)},
        "left_out": statement.left_out,
        "rows": [_describe(one) for one in found.outcomes],
        "unreadable": [{"row": number, "problem": translated(error)} for number, error in statement.unreadable],
        "still_open": [
            {
                "person": person,
                "months": [{"period": format_month(month), "amount": amount} for month, amount in months],
            }
            for person, months in sorted(found.still_open.items())
        ],
    }


def _describe(one: "Outcome") -> dict[str, Any]:
    from contracts.treasury.month import format_month

    return {
        "row": one.row.number,
        "date": one.row.date,
        "amount": one.row.amount,
        "name": one.row.name,
        "memo": one.row.memo,
        "reference": one.row.reference,
        "outcome": one.outcome,
        "reason": one.reason,
        "person": one.person or None,
        "months": [{"period": format_month(month), "amount": amount} for month, amount in one.months],
        "advance": one.advance,
        "candidates": list(one.candidates),
        "entry": one.entry or None,
    }


def _render(printer: Printer, document: dict[str, Any]) -> None:
    from contracts.rules.arithmetic import written_money

    headings = {"matched": _("Matched"), "unmatched": _("Unmatched"), "ambiguous": _("Ambiguous")}
    for outcome, heading in headings.items():
        rows = [one for one in document["rows"] if one["outcome"] == outcome]
        if not rows:
            continue
        printer.line(f"{heading}: {len(rows)}", "bold")
        printer.table(
            [_("Row"), _("Date"), _("Yuan"), _("Name"), _("Who"), _("Why")],
            (
                [
                    one["row"],
                    one["date"],
                    written_money(one["amount"]),
                    one["name"],
                    one["person"] or ", ".join(one["candidates"]),
                    _(_REASONS[one["reason"]]) + (f" ({one['entry']})" if one["entry"] else ""),
                ]
                for one in rows
            ),
        )
        printer.line()
    for one in document["unreadable"]:
        printer.bad(_("Row {row}: {problem}").format(row=one["row"], problem=one["problem"]))
    if document["still_open"]:
        printer.line(_("Still open afterwards"), "bold")
        printer.table(
            [_("Who"), _("Yuan"), _("Months")],
            (
                [
                    one["person"],
                    written_money(sum(month["amount"] for month in one["months"])),
                    ", ".join(month["period"] for month in one["months"]),
                ]
                for one in document["still_open"]
            ),
        )
    if "batch" in document:
        printer.good(
            _("{count} transactions are in {file}; `banyan submit-batch` hands them in.").format(
                count=document["batch"]["transactions"], file=document["batch"]["file"]
            )
        )
