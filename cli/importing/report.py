"""The report of an import: for a person, as a document, and as a file for a spreadsheet.

Owns the forms. Every finding is told in the language in use; files tell it in every language, because whoever
corrects a table may not be the one who ran the command. Never decides what is wrong.
"""

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cli.errors import UsageError
from cli.importing.checking import CheckedImport
from cli.importing.comparison import StepCount
from cli.importing.findings import ERROR, Finding
from cli.language import LANGUAGES, _, translated, translated_into
from cli.named_file import write_over
from cli.printer import Printer

# More would push the summary off the screen; the report file has all.
SHOWN_MAX = 50
VALUE_LENGTH_MAX = 60
SUFFIXES = (".json", ".csv")
_COLUMNS = ("severity", "step", "file", "sheet", "row", "column", "value", "rows")
# What a spreadsheet program takes for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def document_of(checked: CheckedImport, counts: Mapping[str, StepCount], *, is_dry: bool) -> dict[str, Any]:
    """The whole report as JSON has it; see docs/reference/import-plans.md, "The report"."""
    findings = checked.findings
    return {
        "plan": checked.plan.name,
        "dry_run": is_dry,
        "rows": checked.row_count,
        "errors": findings.error_count,
        "warnings": findings.warning_count,
        "steps": [
            {
                "name": step.name,
                "rows": len(rows),
                "errors": findings.errors_by_step[step.name],
                **({} if step.name not in counts else _count_document(counts[step.name])),
            }
            for step, rows in zip(checked.plan.steps, checked.steps, strict=True)
        ],
        "sources": [
            {
                "name": name,
                "unused_columns": checked.unused_columns.get(name, []),
                "untaken_rows": checked.untaken_rows.get(name, 0),
            }
            for name in checked.plan.sources
        ],
        "findings": [finding_document(finding) for finding in findings.listed()],
    }


def _count_document(count: StepCount) -> dict[str, int]:
    return {name: getattr(count, name) for name in StepCount.__slots__}


def finding_document(finding: Finding) -> dict[str, Any]:
    """One finding, its sentence in every language."""
    place = finding.place
    return {
        "severity": finding.severity,
        "step": finding.step,
        "file": place.file,
        "sheet": place.sheet,
        "row": place.row,
        "column": place.column,
        "value": place.value,
        "rows": finding.row_count,
        "code": finding.error.code,
        "message": {language: translated_into(language, finding.error) for language in LANGUAGES},
    }


def write_report(path: Path, document: dict[str, Any]) -> None:
    """Write the report to a file: JSON, or CSV that spreadsheet programs open.

    Raises:
        UsageError: the name has another ending, or the system refuses.
    """
    check_report_path(path)
    if path.suffix.lower() == ".json":
        content = (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode("utf-8")
    else:
        content = _csv(document["findings"]).encode("utf-8-sig")
    write_over(path, content)


def check_report_path(path: Path) -> None:
    """Refuse a name whose ending says no form of a report."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError("{path}: a report is written as .json or .csv; give it one of these endings", path=str(path))


def _csv(findings: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*_COLUMNS, *(f"message_{language}" for language in LANGUAGES)])
    for finding in findings:
        row = [finding[column] for column in _COLUMNS]
        writer.writerow([_harmless(cell) for cell in (*row, *(finding["message"][one] for one in LANGUAGES))])
    return text.getvalue()


def _harmless(cell: object) -> object:
    """A text that a spreadsheet program would run, with a quote before it, which it shows as text."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell


def print_findings(printer: Printer, checked: CheckedImport) -> None:
    """Errors and warnings, the first ones if there are many."""
    listed = checked.findings.listed()
    for finding in listed[:SHOWN_MAX]:
        text = _sentence(finding)
        if finding.severity == ERROR:
            printer.bad(text)
        else:
            printer.line(text, "yellow")
    hidden = checked.findings.error_count + checked.findings.warning_count - min(len(listed), SHOWN_MAX)
    if hidden:
        printer.line(_("… and {count} more; --report FILE.csv lists them.").format(count=hidden))


def _sentence(finding: Finding) -> str:
    place = finding.place
    parts = [place.file + (f" [{place.sheet}]" if place.sheet else "")]
    if place.row:
        parts.append(_("row {row}").format(row=place.row))
    if place.column:
        parts.append(_("column {column}").format(column=place.column))
    if place.value:
        value = place.value if len(place.value) <= VALUE_LENGTH_MAX else place.value[: VALUE_LENGTH_MAX - 1] + "…"
        parts.append(f'"{value}"')
    where, what = parts[0], translated(finding.error)
    for part in parts[1:]:
        where = _("{place}, {name}").format(place=where, name=part)
    if finding.row_count > 1:
        what += " " + _("({count} rows)").format(count=finding.row_count)
    if finding.severity == ERROR:
        return _("Error: {where}: {what}").format(where=where, what=what)
    return _("Warning: {where}: {what}").format(where=where, what=what)


def print_counts(printer: Printer, checked: CheckedImport, counts: Mapping[str, StepCount]) -> None:
    """A line for each step, and what of the sources was left aside."""
    printer.table(
        [
            _("Step"),
            _("Operation"),
            _("Rows"),
            _("Errors"),
            *([_("New"), _("On the ledger"), _("Changed")] if counts else []),
        ],
        [
            [
                step.name,
                ", ".join(step.operation.names),
                len(rows),
                checked.findings.errors_by_step[step.name],
                *_compared(counts.get(step.name)),
            ]
            for step, rows in zip(checked.plan.steps, checked.steps, strict=True)
        ],
    )
    for name, columns in checked.unused_columns.items():
        if columns:
            printer.line(
                _("Columns of {source} that no step uses: {columns}").format(source=name, columns=", ".join(columns))
            )
        if checked.untaken_rows[name]:
            printer.line(
                _("Rows of {source} that no step takes: {count}").format(source=name, count=checked.untaken_rows[name])
            )


def _compared(count: StepCount | None) -> list[int]:
    return [] if count is None else [count.new, count.already, count.changed]


def print_outcome(printer: Printer, counts: Mapping[str, StepCount]) -> None:
    """What became of what was handed in."""

    def total(name: str) -> int:
        return sum(getattr(count, name) for count in counts.values())

    printer.fields(
        [
            (_("Committed"), total("committed")),
            (_("On the ledger before"), total("already")),
            *(
                (label, total(name))
                for label, name in (
                    (_("Changed since, left alone"), "changed"),
                    (_("Refused"), "refused"),
                    (_("Held back"), "held"),
                    (_("Not decided yet"), "pending"),
                )
                if total(name)
            ),
        ]
    )
