"""How a statement of a bank or a payment app is read: a plan of columns, and who is meant by which name.

Owns the settings and their forms. Never reads a statement. Source: docs/guide/importing.md, "Bank statements".
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from cli.errors import UsageError
from cli.importing.plan import DATE_ORDERS, FEN_BY_UNIT, SourcePlan
from cli.importing.plan_reader import ENCODINGS, HEADER_ROW_MAX, PLAN_SIZE_BYTES_MAX
from cli.importing.plan_table import PlanTable
from cli.named_file import read_text
from daemon.config import toml_fault
from ledger.errors import BanyanError


@dataclass(frozen=True, slots=True)
class BankPlan:
    """A plan. Of `amount` on the one side, and `credit` with or without `debit` on the other, one is there.

    `only`: rows are taken whose cell in a column is one of some texts. `people`: persons by name.
    """

    encoding: str
    delimiter: str
    header_row: int
    sheet: str | None
    date_order: str
    fen_per_unit: int
    money: str
    date: str
    amount: str | None
    credit: str | None
    debit: str | None
    name: str | None
    memo: str | None
    reference: str | None
    only: tuple[str, tuple[str, ...]] | None
    people: dict[str, str]

    def source(self, path: Path) -> SourcePlan:
        """The statement in a file."""
        return SourcePlan(path.stem, path, self.encoding, self.delimiter, self.sheet, self.header_row, "", None)


def read_bank_plan(path: Path) -> BankPlan:
    """The plan in a file.

    Raises:
        UsageError: unreadable, not TOML, or not a plan; with the place in it.
    """
    text = read_text(path, PLAN_SIZE_BYTES_MAX)
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            "{path} is not TOML ({reason}); correct that line", path=str(path), reason=toml_fault(error)
        ) from error
    try:
        return _plan(PlanTable(BanyanError("the plan"), document))
    except UsageError as error:
        raise UsageError("{path}: {reason}", path=str(path), reason=error) from error


def _plan(table: PlanTable) -> BankPlan:
    columns = table.table("columns")
    amount, credit, debit = (columns.optional_text(name) for name in ("amount", "credit", "debit"))
    if (amount is None) == (credit is None) or (amount is not None and debit is not None):
        raise UsageError(
            "{place}: give `amount`, with a sign for what went out, or `credit` and, if there is one, `debit`",
            place=columns.place,
        )
    plan = BankPlan(
        encoding=table.choice("encoding", ENCODINGS, "utf-8") or "utf-8",
        delimiter=table.text("delimiter", ","),
        header_row=table.whole("header", 1, 1, HEADER_ROW_MAX),
        sheet=table.optional_text("sheet"),
        date_order=table.choice("date_order", DATE_ORDERS, "ymd") or "ymd",
        fen_per_unit=FEN_BY_UNIT[table.choice("amounts_in", list(FEN_BY_UNIT), "yuan") or "yuan"],
        money=table.text("money", "bank"),
        date=columns.text("date"),
        amount=amount,
        credit=credit,
        debit=debit,
        name=columns.optional_text("name"),
        memo=columns.optional_text("memo"),
        reference=columns.optional_text("reference"),
        only=_only(table),
        people=_people(table),
    )
    if len(plan.delimiter) != 1:
        raise UsageError("{place}: `delimiter` is one character", place=table.place)
    columns.finish()
    table.finish()
    return plan


def _only(table: PlanTable) -> tuple[str, tuple[str, ...]] | None:
    if "only" not in table:
        return None
    inner = table.table("only")
    found = inner.text("column"), tuple(inner.texts("texts"))
    inner.finish()
    return found


def _people(table: PlanTable) -> dict[str, str]:
    written = table.value("people") if "people" in table else {}
    if not isinstance(written, dict) or not all(isinstance(one, str) and name for name, one in written.items()):
        raise UsageError(
            "{place}: `people` is a table of names and persons, such as {example}",
            place=table.place,
            example='"王芳" = "wang"',
        )
    return dict(written)
