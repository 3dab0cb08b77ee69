"""Checking a whole import without a node: plan, files, every row.

Owns the order of it, and what is counted. Never submits, never asks a node.
"""

from dataclasses import dataclass, field

from cli.errors import UsageError
from cli.importing.findings import Findings, Place
from cli.importing.identity import pseudonym_key
from cli.importing.import_row import ImportRow
from cli.importing.plan import ImportPlan, SourcePlan
from cli.importing.sheet import Sheet
from cli.importing.step_rows import StepReader
from cli.session import Advance


@dataclass(slots=True)
class CheckedImport:
    """What a plan comes to: the rows that can be handed in, by step, and everything that was found."""

    plan: ImportPlan
    findings: Findings
    steps: list[list[ImportRow]] = field(default_factory=list)
    # By source: columns that no step looks at, and rows that no step takes.
    unused_columns: dict[str, list[str]] = field(default_factory=dict)
    untaken_rows: dict[str, int] = field(default_factory=dict)

    @property
    def row_count(self) -> int:
        """How many rows can be handed in."""
        return sum(map(len, self.steps))


def check_import(plan: ImportPlan, secret: bytes, advance: Advance) -> CheckedImport:
    """Read all sources and check all rows.

    Raises:
        UsageError: the plan asks for a column, operation or argument that there is not.
    """
    findings = Findings()
    checked = CheckedImport(plan, findings)
    sheets: dict[str, Sheet] = {}
    for name, source in plan.sources.items():
        try:
            sheets[name] = _read(source, findings)
        except UsageError as error:
            findings.refuse(Place(source.path.name), error)
    total = sum(len(sheets[step.source].rows) for step in plan.steps if step.source in sheets)
    used: dict[str, set[str]] = {name: set() for name in sheets}
    seen: dict[str, set[int]] = {name: set() for name in sheets}
    done = 0
    for step in plan.steps:
        sheet = sheets.get(step.source)
        if sheet is None:
            checked.steps.append([])
            continue
        reader = StepReader(step, sheet, pseudonym_key(secret), findings)
        used[step.source] |= reader.used_columns
        rows: list[ImportRow] = []
        for row in reader.rows():
            rows.append(row)
            seen[step.source].add(row.number)
        seen[step.source] |= reader.refused
        done += len(sheet.rows)
        advance(done, total)
        checked.steps.append(rows)
    _tell_unused(checked, sheets, used, seen)
    return checked


def _read(source: SourcePlan, findings: Findings) -> Sheet:
    if source.is_workbook:
        from cli.importing.xlsx_sheet import read_xlsx

        return read_xlsx(source, findings)
    from cli.importing.csv_sheet import read_csv

    return read_csv(source, findings)


def _tell_unused(
    checked: CheckedImport, sheets: dict[str, Sheet], used: dict[str, set[str]], seen: dict[str, set[int]]
) -> None:
    for name, sheet in sheets.items():
        if not sheet.rows:
            checked.findings.warn(sheet.place(), UsageError("there are no rows below the names of columns"))
        checked.unused_columns[name] = [column for column in sheet.columns if column not in used[name]]
        checked.untaken_rows[name] = sum(row.number not in seen[name] for row in sheet.rows)
