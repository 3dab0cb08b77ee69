"""The rows of one step: which of them it takes, and what each asks the ledger for.

Owns the checks of a plan against columns and operations, and of rows against each other. Never submits.
"""

import difflib
from collections.abc import Iterable
from functools import cached_property

from cli.errors import UsageError
from cli.importing.cells import CellError, shown_cell
from cli.importing.findings import Findings
from cli.importing.import_row import ImportRow
from cli.importing.plan import BOOLEAN, FIRST, HASH, IDENTIFIER, INTEGER, TEXT, Condition, StepPlan
from cli.importing.row_arguments import prepare_row
from cli.importing.sheet import Sheet, SheetRow, text_in
from cli.importing.template import filled
from cli.importing.values import PROVENANCE, BadCellError, UnclearError, ValueMaker, columns_of
from cli.operation_arguments import declaration_of
from contracts.arguments import ArgumentType, Boolean, Declaration, HashValue, Identifier, Integer, ListOf
from contracts.builtin import builtin_registry
from contracts.map_arguments import Provenance
from contracts.records.contract import RECORDS
from ledger.detached import SALT_SIZE_BYTES
from ledger.encoding import Value
from ledger.errors import BanyanError


class StepReader:
    """Reads one step's rows from its sheet."""

    def __init__(self, step: StepPlan, sheet: Sheet, pseudonym_key: bytes, findings: Findings) -> None:
        """Check the step against its sheet and operations.

        Raises:
            UsageError: no such column, operation or argument; with the nearest that there is.
        """
        self._step = step
        self._sheet = sheet
        self._findings = findings
        self._maker = ValueMaker(sheet, pseudonym_key)
        self._declarations = {name: declaration_of(name) for name in step.operation.names}
        self._check_columns()
        self._check_arguments()
        # Numbers of the rows that it takes and that cannot be used.
        self.refused: set[int] = set()
        self._rows_by_key: dict[tuple[str, ...], int] = {}
        self._keys_by_case: dict[tuple[str, ...], tuple[tuple[str, ...], int]] = {}
        # What was met in the column of each condition that asks for the first row or the later ones.
        self._met: dict[Condition, set[str]] = {one: set() for one in step.conditions if one.occurrence is not None}

    def rows(self) -> Iterable[ImportRow]:
        """The rows that the step takes and that can be used, in the order of the sheet; others become findings."""
        for row in self._sheet.rows:
            try:
                if self._takes(row):
                    yield self._row(row)
            except UnclearError as fault:
                self.refused.add(row.number)
                place = self._sheet.place(row.number, fault.column, fault.value)
                self._findings.warn(place, fault.error, self._step.name, once=False)
            except BadCellError as fault:
                self.refused.add(row.number)
                self._findings.refuse(
                    self._sheet.place(row.number, fault.column, fault.value), fault.error, self._step.name
                )

    @cached_property
    def used_columns(self) -> frozenset[str]:
        """The columns that the step looks at."""
        step = self._step
        used = [*step.key, *(condition.column for condition in step.conditions)]
        used += [column for form in step.arguments.values() for column in columns_of(form)]
        used += [column for column in (step.operation.column, self._sheet.source.revision_column) if column is not None]
        return frozenset(used)

    def _check_columns(self) -> None:
        for column in sorted(self.used_columns):
            if column in self._sheet.columns:
                continue
            known = list(self._sheet.columns)
            folded = {name.casefold(): name for name in known}
            near = difflib.get_close_matches(column.casefold(), folded, n=1, cutoff=0.5)
            file = self._sheet.source.path.name
            if near:
                raise UsageError(
                    "step {step}: {file} has no column {column}; did you mean {near}?",
                    step=self._step.name,
                    file=file,
                    column=repr(column),
                    near=repr(folded[near[0]]),
                )
            raise UsageError(
                "step {step}: {file} has no column {column}; it has {known}",
                step=self._step.name,
                file=file,
                column=repr(column),
                known=", ".join(map(repr, known[:40])),
            )

    def _check_arguments(self) -> None:
        self._check_kinds()
        declared = {one.name for declaration in self._declarations.values() for one in declaration.arguments}
        for name in self._step.arguments:
            if name not in declared:
                near = difflib.get_close_matches(name, declared, n=1)
                raise UsageError(
                    "step {step}: the operation {operation} takes no argument {name}; it takes {known}",
                    step=self._step.name,
                    operation=", ".join(self._declarations),
                    name=repr(name),
                    known=", ".join(near or sorted(declared)),
                )
        for operation, declaration in self._declarations.items():
            for one in declaration.arguments:
                given = one.name in self._step.arguments or isinstance(one.type, Provenance)
                if not one.optional and not given:
                    raise UsageError(
                        "step {step}: the operation {operation} needs the argument {name}; say what it is made of",
                        step=self._step.name,
                        operation=operation,
                        name=repr(one.name),
                    )

    def _check_kinds(self) -> None:
        step = self._step
        kinds = [step.record.kind] if step.record is not None else []
        known = sorted(builtin_registry().kinds)
        if any(name.startswith(f"{RECORDS.name}.") for name in step.operation.names):
            # Which kinds there are is for the pack in force to say.
            return
        for kind in (*kinds, *(need.partition("/")[0] for need in step.needs)):
            if kind not in known:
                near = difflib.get_close_matches(kind, known, n=1)
                raise UsageError(
                    "step {step}: the ledger has no records of the kind {kind}; it has {known}",
                    step=step.name,
                    kind=repr(kind),
                    known=", ".join(near or known),
                )

    def _takes(self, row: SheetRow) -> bool:
        """Asked once for each row, in the order of the sheet."""
        return all(self._meets(row, condition) for condition in self._step.conditions)

    def _meets(self, row: SheetRow, condition: Condition) -> bool:
        text = self._text(row, condition.column)
        if condition.occurrence is None:
            return (text in condition.texts) != condition.negated
        met = self._met[condition]
        is_first = text not in met
        met.add(text)
        return is_first == (condition.occurrence == FIRST)

    def _row(self, row: SheetRow) -> ImportRow:
        step = self._step
        operation = self._operation(row)
        declaration = self._declarations[operation]
        key = self._key(row)
        by_name = {one.name: one for one in declaration.arguments}
        forms = {name: form for name, form in step.arguments.items() if name in by_name}
        targets = {name: _target(by_name[name].type) for name in forms}
        self._maker.warnings.clear()
        values = self._maker.values(forms, targets, row)
        for name, argument in by_name.items():
            # An operation that declares a provenance is told where each row comes from.
            if isinstance(argument.type, Provenance):
                values.setdefault(name, PROVENANCE)
        for column, value, error in self._maker.warnings:
            self._findings.warn(self._sheet.place(row.number, column, value), error, step.name)
        revision_column = self._sheet.source.revision_column
        revision = self._sheet.source.revision if revision_column is None else self._text(row, revision_column)
        texts = {name: str(value) for name, value in values.items()}
        texts |= {f"{name}.{entry}": str(one) for name, value in _maps(values) for entry, one in value.items()}
        made = ImportRow(
            step=step,
            sheet=self._sheet,
            number=row.number,
            operation=operation,
            key=key,
            values=values,
            revision=revision,
            makes=_record(step, texts),
            needs=tuple(need for need in (_filled(template, texts) for template in step.needs) if need),
        )
        self._check(made, declaration)
        return made

    def _operation(self, row: SheetRow) -> str:
        choice = self._step.operation
        if choice.fixed is not None:
            return choice.fixed
        column = choice.column or ""
        text = self._text(row, column)
        if text not in choice.by_text:
            raise BadCellError(
                column,
                text,
                CellError(
                    "the plan's `operation` has no such text; it has {known}",
                    known=", ".join(list(choice.by_text)[:20]),
                ),
            )
        return choice.by_text[text]

    def _key(self, row: SheetRow) -> tuple[str, ...]:
        """What tells the row from others; refuses one that an earlier row has, and warns of one that only looks so."""
        columns = self._step.key
        key = tuple(self._text(row, column) for column in columns)
        if not any(key):
            raise BadCellError(columns[0], "", CellError("the row's key is empty; fill it in"))
        shown = " / ".join(key)
        before = self._rows_by_key.setdefault(key, row.number)
        if before != row.number:
            raise BadCellError(
                columns[0],
                shown,
                CellError("row {row} has the same key; take one of them out, or add a column to `key`", row=before),
            )
        other, other_row = self._keys_by_case.setdefault(tuple(one.casefold() for one in key), (key, row.number))
        if other != key:
            error = CellError("this differs from row {row} in capital letters only; the two stay two", row=other_row)
            self._findings.warn(self._sheet.place(row.number, columns[0], shown), error, self._step.name, once=False)
        return key

    def _text(self, row: SheetRow, column: str) -> str:
        cell = row.cells[self._sheet.columns[column]]
        try:
            return text_in(cell)
        except CellError as error:
            raise BadCellError(column, shown_cell(cell), error) from error

    def _check(self, row: ImportRow, declaration: Declaration) -> None:
        try:
            prepare_row(row, lambda _name, _value: bytes(SALT_SIZE_BYTES), declaration)
        except UsageError as error:
            reason = error.params.get("reason")
            told = reason if isinstance(reason, BanyanError) else error
            argument = str(told.params.get("argument") or told.params.get("name") or "")
            form = self._step.arguments.get(argument)
            column = next(iter(columns_of(form)), "") if form is not None else ""
            value = row.values.get(argument)
            shown = str(value) if isinstance(value, str | int) else ""
            raise BadCellError(column, shown, CellError("{reason}", reason=told)) from error


def _maps(values: dict[str, Value]) -> list[tuple[str, dict[str, Value]]]:
    return [(name, value) for name, value in values.items() if isinstance(value, dict)]


def _record(step: StepPlan, texts: dict[str, str]) -> str:
    if step.record is None:
        return ""
    record_id = _filled(step.record.id_template, texts)
    return f"{step.record.kind}/{record_id}" if record_id else ""


def _filled(template: str, texts: dict[str, str]) -> str:
    """The template with a row's values; empty where one of them was left out."""
    try:
        return filled(template, texts)
    except KeyError:
        return ""


def _target(kind: ArgumentType) -> str:
    if isinstance(kind, ListOf):
        kind = kind.item
    if isinstance(kind, Integer):
        return INTEGER
    if isinstance(kind, Boolean):
        return BOOLEAN
    if isinstance(kind, HashValue):
        return HASH
    return IDENTIFIER if isinstance(kind, Identifier) else TEXT
