"""From the cells of a row to the value of an argument.

Owns the order: trim, default, map, replace, case, split, convert. Never asks whether an operation takes the value.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Final

from cli.importing.cells import Cell, CellError, shown_cell, stripped, text_of
from cli.importing.moments import date_of, time_ms_of
from cli.importing.numbers import boolean_of, hash_of, integer_of, money_of
from cli.importing.plan import (
    BOOLEAN,
    DATE,
    HASH,
    IDENTIFIER,
    INTEGER,
    MONEY,
    PSEUDONYM,
    RECURRENCE,
    TEXT,
    TIME,
    Constant,
    Conversion,
    FromCell,
    ListForm,
    MapForm,
    ProvenanceForm,
    ValueForm,
)
from cli.importing.sheet import Sheet, SheetRow
from cli.importing.template import filled, names_in
from contracts.calendar.dates import parse_date
from contracts.calendar.words import NotUnderstood, understand
from ledger.encoding import Value

# Stands for a row's provenance until it is put in; it is told by being this very object.
PROVENANCE: Final[dict[str, Value]] = {"provenance": True}
PSEUDONYM_SIZE_BYTES = 16

_SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+)?[eE]\+[0-9]{1,3}", re.ASCII)
_NUMBER_AS_NAME = CellError(
    "the cell is a number and is used as a name: zeros before it are lost; format the column as text"
)
_SHORTENED = CellError(
    "a spreadsheet program has shortened this number; format the column as text and type the number again"
)


class BadCellError(Exception):
    """A value could not be made; which column's cell is to blame, and why."""

    def __init__(self, column: str, value: str, error: CellError) -> None:
        super().__init__(column)
        self.column, self.value, self.error = column, value, error


class UnclearError(BadCellError):
    """Words that people understand and that no rule can be made of: the row is left out, and told."""


class LeftOutError(Exception):
    """An optional value has an empty cell."""


class ValueMaker:
    """Makes the values of one step's rows.

    `warnings` are those of the row in hand: column, cell, sentence; whoever asks for a row's values empties it.
    """

    def __init__(self, sheet: Sheet, pseudonym_key: bytes) -> None:
        self._columns = sheet.columns
        self._pseudonym_key = pseudonym_key
        self.warnings: list[tuple[str, str, CellError]] = []

    def values(self, forms: Mapping[str, ValueForm], targets: Mapping[str, str], row: SheetRow) -> dict[str, Value]:
        """The arguments of a row.

        Args:
            forms: By the argument's name.
            targets: What each becomes where its form does not say it.
            row: Its cells.

        Raises:
            BadCellError: the first one that cannot be made.
        """
        found: dict[str, Value] = {}
        for name, form in forms.items():
            try:
                found[name] = self._value(form, targets.get(name, TEXT), row)
            except LeftOutError:
                continue
        return found

    def _value(self, form: ValueForm, target: str, row: SheetRow) -> Value:
        if isinstance(form, Constant):
            return form.value
        if isinstance(form, FromCell):
            return self._from_cell(form, target, row)
        if isinstance(form, ProvenanceForm):
            return PROVENANCE
        if isinstance(form, MapForm):
            return dict(self.values(form.entries, {}, row))
        return self._list(form, target, row)

    def _list(self, form: ListForm, target: str, row: SheetRow) -> Value:
        found: list[Value] = []
        for item in form.items:
            try:
                found.append(self._value(item, target, row))
            except LeftOutError:
                continue
        return found

    def _from_cell(self, form: FromCell, target: str, row: SheetRow) -> Value:
        cell: Cell
        if form.column is not None:
            column, cell = form.column, row.cells[self._columns[form.column]]
        else:
            column, cell = self._filled(form.template or "", row)
        try:
            if form.conversion.target == RECURRENCE:
                return self._recurrence(form, column, cell, row)
            return self._converted(form, form.conversion.target or target, column, cell)
        except CellError as error:
            raise BadCellError(column, shown_cell(cell), error) from error

    def _recurrence(self, form: FromCell, column: str, cell: Cell, row: SheetRow) -> Value:
        """The rule behind words such as `every two weeks` and, from the column of the day, `Tuesday`."""
        conversion = form.conversion
        words = stripped(text_of(cell))
        if not words:
            return _empty(form)
        name = conversion.day_column
        day = "" if name is None else stripped(text_of(row.cells[self._columns[name]]))
        found = understand(words, day, parse_date(conversion.since))
        if isinstance(found, NotUnderstood):
            error = CellError("this cannot be checked, and no plan is made of it: {reason}", reason=found.reason)
            raise UnclearError(column, words, error)
        return found.recurrence.encode_value()

    def _filled(self, template: str, row: SheetRow) -> tuple[str, str]:
        """The first column of a template, and its text; empty where one of its cells is."""
        texts = {}
        names = names_in(template)
        for name in names:
            cell = row.cells[self._columns[name]]
            try:
                texts[name] = stripped(text_of(cell))
            except CellError as error:
                raise BadCellError(name, shown_cell(cell), error) from error
        empty = not all(texts.values())
        return next(iter(names), ""), "" if empty else filled(template, texts)

    def _converted(self, form: FromCell, target: str, column: str, cell: Cell) -> Value:
        conversion = form.conversion
        plain = form.mapping is None and not conversion.replace and conversion.split is None
        if plain and cell is not None and not isinstance(cell, str) and target not in (TEXT, IDENTIFIER, PSEUDONYM):
            return self._convert(target, cell, conversion)
        text = text_of(cell)
        if conversion.trim:
            text = stripped(text)
        if not text:
            return _empty(form)
        if form.mapping is not None:
            if text not in form.mapping:
                raise CellError(
                    "the plan's `map` has no such text; it has {known}", known=", ".join(list(form.mapping)[:20])
                )
            return form.mapping[text]
        for old, new in conversion.replace:
            text = text.replace(old, new)
        if conversion.case is not None:
            text = text.lower() if conversion.case == "lower" else text.upper()
        self._warn(target, column, cell, text)
        if conversion.split is None:
            return self._convert(target, text, conversion)
        parts = map(stripped, text.split(conversion.split))
        return [self._convert(target, part, conversion) for part in parts if part]

    def _convert(self, target: str, cell: Cell, conversion: Conversion) -> Value:
        if target == INTEGER:
            return integer_of(cell)
        if target == BOOLEAN:
            return boolean_of(cell)
        if target == MONEY:
            return money_of(cell, conversion.fen_per_unit)
        if target == DATE:
            return date_of(cell, conversion.date_order).isoformat()
        if target == TIME:
            return time_ms_of(cell, conversion.date_order, conversion.zone)
        if target == HASH:
            return hash_of(cell)
        text = text_of(cell)
        if target == PSEUDONYM:
            text = pseudonym(self._pseudonym_key, text)
        return conversion.prefix + text

    def _warn(self, target: str, column: str, cell: Cell, text: str) -> None:
        if target in (IDENTIFIER, PSEUDONYM) and isinstance(cell, int | float) and not isinstance(cell, bool):
            self.warnings.append((column, text, _NUMBER_AS_NAME))
        elif target in (TEXT, IDENTIFIER, PSEUDONYM) and _SCIENTIFIC.fullmatch(text):
            if target != TEXT:
                raise _SHORTENED
            self.warnings.append((column, text, _SHORTENED))


def _empty(form: FromCell) -> Value:
    if form.default is not None:
        return form.default
    if form.optional:
        raise LeftOutError
    raise CellError("the cell is empty; fill it in, or say `optional` or `default` in the plan")


def pseudonym(key: bytes, text: str) -> str:
    """A name for `text` that says nothing to whoever lacks the key: 32 hexadecimal digits, the same every time."""
    return hashlib.blake2b(
        text.encode("utf-8"), key=key, digest_size=PSEUDONYM_SIZE_BYTES, person=b"pseudonym"
    ).hexdigest()


def with_provenance(value: Value, provenance: Value) -> Value:
    """`value` with `provenance` wherever a plan asked for it."""
    if value is PROVENANCE:
        return provenance
    if isinstance(value, dict):
        return {name: with_provenance(item, provenance) for name, item in value.items()}
    if isinstance(value, list):
        return [with_provenance(item, provenance) for item in value]
    return value


def columns_of(form: ValueForm) -> tuple[str, ...]:
    """The columns that a value is made of, in their order."""
    if isinstance(form, FromCell):
        own = (form.column,) if form.column is not None else names_in(form.template or "")
        day = form.conversion.day_column
        return own if day is None else (*own, day)
    if isinstance(form, MapForm):
        return tuple(column for entry in form.entries.values() for column in columns_of(entry))
    if isinstance(form, ListForm):
        return tuple(column for item in form.items for column in columns_of(item))
    return ()
