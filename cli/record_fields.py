"""The fields of a record that a pack defines, from what a person types: dates, amounts, numbers, lists, private texts.

Owns the reading of texts by the types of the pack's fields, and the rule that a field of a class that is not for
everyone is detached without being asked for. Never judges a value otherwise: the ledger does.
Source: docs/guide/command-line.md, "Records of packs".
"""

from datetime import datetime
from difflib import get_close_matches

from cli.errors import UsageError
from cli.ledger_value import bytes_of_hex, nfc
from cli.map_settings import MapSetting, read_plain
from contracts.packs.field import Field
from contracts.packs.record_type import TypeDefinition
from contracts.rules.arithmetic import parsed_money
from contracts.rules.dates import parsed_date
from ledger.detached import is_commitment
from ledger.encoding import Value

# The operations whose argument `fields` is by the definition of the kind in `type`.
RECORD_OPERATIONS = frozenset(("records.create", "records.act"))
FIELDS = "fields"
TYPE = "type"
_TRUTH = {"true": True, "yes": True, "是": True, "false": False, "no": False, "否": False}


class RecordFields:
    """The fields of one record type."""

    def __init__(self, definition: TypeDefinition) -> None:
        self._definition = definition

    def read_part(self, one: MapSetting) -> Value:
        """The value of a part of any map argument: of `fields` by the type of the field, of a list one item.

        Raises:
            UsageError: there is no such field, or the text is not of its type's form.
        """
        if one.argument != FIELDS:
            return read_plain(one)
        field = self._field(one)
        if field.is_detached:
            return nfc(one.text, one.name)
        value = _value(field, one)
        if value is None:
            raise UsageError(
                "the field {name} is of the type {type}; write {example}, not {text}",
                name=one.part,
                type=field.type,
                example=_EXAMPLES[field.item_type],
                text=repr(one.text[:60]),
            )
        return value

    def is_list(self, one: MapSetting) -> bool:
        """Whether the part may stand several times."""
        field = self._definition.fields.get(one.part) if one.argument == FIELDS else None
        return field is not None and field.is_list

    def to_detach(self, fields: dict[str, Value]) -> frozenset[str]:
        """The names among `fields` whose values are not for everyone and not detached yet."""
        known = self._definition.fields
        return frozenset(
            name
            for name, value in fields.items()
            if name in known and known[name].is_detached and value is not None and not is_commitment(value)
        )

    def _field(self, one: MapSetting) -> Field:
        fields = self._definition.fields
        if one.part in fields:
            return fields[one.part]
        near = get_close_matches(one.part, fields, 1)
        raise UsageError(
            "the type {kind} has no field {name}; there are {known}",
            kind=self._definition.kind,
            name=one.part,
            known=", ".join((*near, *(name for name in fields if name not in near))),
        )


def _value(field: Field, one: MapSetting) -> Value:
    """The value; None if the text has not the form."""
    kind, text = field.item_type, one.text.strip()
    if kind == "date":
        return parsed_date(text)
    if kind == "money":
        return parsed_money(text)
    if kind == "time":
        return _time(text)
    if kind == "integer":
        return int(text) if text.lstrip("-").isascii() and text.lstrip("-").isdigit() and len(text) < 20 else None
    if kind == "boolean":
        return _TRUTH.get(text.lower())
    if kind == "hash":
        return bytes_of_hex(text, one.name)
    return nfc(one.text, one.name)


def _time(text: str) -> int | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    # A time without an offset means another moment in every place.
    return None if found.tzinfo is None else round(found.timestamp() * 1000)


_EXAMPLES = {
    "boolean": "yes",
    "date": "2026-08-31",
    "integer": "12",
    "money": "120.00",
    "time": "2026-08-31T19:30:00+08:00",
}
