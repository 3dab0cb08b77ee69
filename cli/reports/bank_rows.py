"""The rows of a statement, as they are compared: a day, an amount, and the words beside it.

Owns reading them by a plan. Never judges who is meant. Invariant: a row that cannot be read is told, not left out.
"""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cli.errors import UsageError
from cli.importing.cells import Cell, CellError, is_blank, stripped, text_of
from cli.importing.csv_sheet import read_csv
from cli.importing.findings import Findings
from cli.importing.moments import date_of
from cli.importing.numbers import money_of
from cli.importing.sheet import Sheet, SheetRow
from cli.importing.xlsx_sheet import read_xlsx
from cli.reports.bank_plan import BankPlan
from contracts.calendar.dates import parse_date
from contracts.treasury.reconciliation import StatementRow
from ledger.errors import BanyanError


@dataclass(slots=True)
class Statement:
    """What was read: rows; those that cannot be read, with why; and how many the plan leaves out."""

    rows: list[StatementRow] = field(default_factory=list)
    unreadable: list[tuple[int, BanyanError]] = field(default_factory=list)
    left_out: int = 0


def read_statement(path: Path, plan: BankPlan) -> Statement:
    """The statement in a file.

    Raises:
        UsageError: it is no table, or lacks a column of the plan.
    """
    findings, source = Findings(), plan.source(path)
    sheet = read_xlsx(source, findings) if source.is_workbook else read_csv(source, findings)
    _check_columns(sheet, plan)
    statement = Statement(unreadable=[(one.place.row, one.error) for one in findings.listed()])
    for row in sheet.rows:
        if plan.only is not None and _text(sheet, row, plan.only[0]) not in plan.only[1]:
            statement.left_out += 1
            continue
        try:
            statement.rows.append(_row(sheet, row, plan))
        except CellError as error:
            statement.unreadable.append((row.number, error))
    statement.unreadable.sort(key=lambda one: one[0])
    return statement


def _check_columns(sheet: Sheet, plan: BankPlan) -> None:
    named = (plan.date, plan.amount, plan.credit, plan.debit, plan.name, plan.memo, plan.reference)
    for column in (*named, None if plan.only is None else plan.only[0]):
        if column is not None and column not in sheet.columns:
            raise UsageError(
                "the statement has no column {name}; it has {known}", name=repr(column), known=", ".join(sheet.columns)
            )


def _row(sheet: Sheet, row: SheetRow, plan: BankPlan) -> StatementRow:
    cell = _cell(sheet, row, plan.date)
    if isinstance(cell, str):
        # A time of day beside the date changes nothing.
        cell = (stripped(cell).split() or [""])[0]
    elif isinstance(cell, datetime):
        cell = cell.date()
    date = date_of(cell, plan.date_order).isoformat()
    words = (_text(sheet, row, column) for column in (plan.name, plan.memo, plan.reference))
    return StatementRow(row.number, parse_date(date), date, _amount(sheet, row, plan), *words)


def _amount(sheet: Sheet, row: SheetRow, plan: BankPlan) -> int:
    if plan.amount is not None:
        return money_of(_cell(sheet, row, plan.amount), plan.fen_per_unit)
    credit, debit = (
        0 if column is None or is_blank(cell := _cell(sheet, row, column)) else money_of(cell, plan.fen_per_unit)
        for column in (plan.credit, plan.debit)
    )
    return credit - abs(debit)


def _cell(sheet: Sheet, row: SheetRow, column: str) -> Cell:
    return row.cells[sheet.columns[column]]


def _text(sheet: Sheet, row: SheetRow, column: str | None) -> str:
    return "" if column is None else stripped(text_of(_cell(sheet, row, column)))
