"""The fields that a pack gave a record, as people read them: dates as dates, amounts with their point, enums by title.

Owns the look-up of a record's type through the node, and the words. Never changes what `--json` gives. A type that
cannot be read (a newer version's) leaves the values as they stand.
"""

from typing import Any

from cli.client import NodeClient, path_of
from cli.language import language
from cli.printer import time_text
from contracts.calendar.dates import format_date
from contracts.packs.active import KIND_PART, KIND_TYPE
from contracts.packs.fault import PackFault
from contracts.packs.field import Field
from contracts.packs.record_type import TypeDefinition
from contracts.packs.words import Words

# Where the engine keeps the fields that a pack gave a record, and what tells such a record from others.
VALUES = "values"
_OF_PACKS = frozenset((VALUES, "pack", "transition", "unit", "state"))


def values_of_pack(fields: dict[str, Any]) -> dict[str, Any] | None:
    """The fields that a pack gave a record; None for a record that no pack defines."""
    values = fields.get(VALUES)
    return values if isinstance(values, dict) and fields.keys() >= _OF_PACKS else None


def find_definition(client: NodeClient, kind: str) -> TypeDefinition | None:
    """The newest definition of a kind that a pack defines; None where this version cannot read it."""
    versions = client.get(path_of("v1/records", KIND_TYPE, kind))["fields"]["versions"]
    part = client.get(path_of("v1/records", KIND_PART, versions[-1][2]["$hex"]))
    try:
        return TypeDefinition.decode(bytes.fromhex(part["fields"]["data"]["$hex"]))
    except PackFault:
        return None


def titled_values(definition: TypeDefinition | None, values: dict[str, Any]) -> dict[str, Any]:
    """The values by the titles of their fields, in the language in use."""
    if definition is None:
        return values
    shown: dict[str, Any] = {}
    for name, value in values.items():
        field = definition.fields.get(name)
        if field is None:
            shown[name] = value
            continue
        shown[f"{_said(field.title)} ({name})"] = (
            [_item(field, one) for one in value] if isinstance(value, list) else _item(field, value)
        )
    return shown


def _item(field: Field, value: Any) -> Any:
    kind = field.item_type
    if isinstance(value, int) and not isinstance(value, bool):
        if kind == "date":
            return format_date(value)
        if kind == "time":
            return time_text(value)
        if kind == "money":
            sign = "-" if value < 0 else ""
            return f"{sign}{abs(value) // 100}.{abs(value) % 100:02d}"
    if kind == "enum" and value in field.values:
        return _said(field.values[value])
    return value


def _said(words: Words) -> str:
    return words.zh if language() == "zh_CN" else words.en
