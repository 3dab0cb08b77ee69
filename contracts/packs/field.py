"""A field of a record type: what may stand in it, and for whose eyes.

Owns the declaration and its checks as far as they need nothing else. Never looks at a value (`field_value` does).
Invariant: a field that is not for everyone's eyes (`is_detached`) holds a commitment, whatever its type, so no rule can
read it. Source: docs/reference/packs.md, "Fields".
"""

import re
from dataclasses import dataclass, field
from typing import TypeAlias

from contracts.packs.fault import Faults, PackFault
from contracts.packs.field_value import check_value
from contracts.packs.form import Form
from contracts.packs.limits import (
    ENUM_VALUES_MAX,
    FIELD_TEXT_SIZE_BYTES_DEFAULT,
    FIELD_TEXT_SIZE_BYTES_MAX,
    LIST_COUNT_MAX,
    STATES_MAX,
)
from contracts.packs.names import NAME, NAME_HINT
from contracts.packs.words import Words, read_optional_title, read_title
from ledger.encoding import Value

ITEM_TYPES = ("text", "integer", "money", "date", "time", "enum", "boolean", "reference", "person", "unit", "hash")
LISTED_TYPES = ("text", "integer", "date", "person", "reference", "enum")
LIST_PREFIX = "list of "
FIELD_TYPES = (*ITEM_TYPES, *(LIST_PREFIX + name for name in LISTED_TYPES))
# What a range makes sense for: the value's own, of a text its size in bytes.
RANGED_TYPES = frozenset(("text", "integer", "money", "date", "time"))
NUMBER_TYPES = frozenset(("integer", "money"))
CLEAR_CLASSES = frozenset(("public", "ledger"))

# What the values of each type are in memory; all others are whole numbers.
ItemClass: TypeAlias = type[str] | type[bytes] | type[bool] | type[int]
_CLASSES: dict[str, ItemClass] = {
    "text": str,
    "enum": str,
    "reference": str,
    "person": str,
    "unit": str,
    "hash": bytes,
    "boolean": bool,
}

_CLASS = re.compile(r"public|ledger|members|unit|sealed|role:[a-z][a-z0-9-]{0,31}")
_CLASS_HINT = "public, ledger, members, unit, sealed or role:NAME"


def class_of_items(item_type: str) -> ItemClass:
    """What a value of a type that is no list is in memory."""
    return _CLASSES.get(item_type, int)


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `least` and `most` bound the value; of a text, its size in bytes; of a list, each item.

    `required`: there from the record's creation on. `states`: in which of them it may be amended; none: never.
    `enrolled`: a person who is known to the ledger already; without it, any pseudonym will do.

    What follows from these: `is_list`, it holds several values, each of the type `item_type`, which is an object of
    `item_class`; `is_detached`, only a commitment of the value stands on the ledger.
    """

    name: str
    type: str
    data_class: str
    required: bool
    title: Words
    unit: Words | None = None
    least: int | None = None
    most: int | None = None
    values: dict[str, Words] = field(default_factory=dict)
    kind: str | None = None
    states: tuple[str, ...] = ()
    count_max: int | None = None
    enrolled: bool = False
    is_list: bool = field(init=False, repr=False, compare=False)
    item_type: str = field(init=False, repr=False, compare=False)
    item_class: ItemClass = field(init=False, repr=False, compare=False)
    is_detached: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Asked of every value in every transaction.
        object.__setattr__(self, "is_list", self.type.startswith(LIST_PREFIX))
        object.__setattr__(self, "item_type", self.type.removeprefix(LIST_PREFIX))
        object.__setattr__(self, "item_class", class_of_items(self.item_type))
        object.__setattr__(self, "is_detached", self.data_class not in CLEAR_CLASSES)

    @property
    def size_bytes_max(self) -> int:
        """The most bytes that a text may have here."""
        return FIELD_TEXT_SIZE_BYTES_DEFAULT if self.most is None else self.most

    def check(self, value: Value) -> None:
        """Refuse a value that cannot stand in the field.

        Raises:
            Refusal: `packs.field-…`.
        """
        check_value(self, value)

    def to_value(self) -> dict[str, Value]:
        """The canonical map; what is left out has its default."""
        value: dict[str, Value] = {"class": self.data_class, "title": self.title.to_value(), "type": self.type}
        if self.required:
            value["required"] = True
        if self.enrolled:
            value["enrolled"] = True
        if self.unit is not None:
            value["unit"] = self.unit.to_value()
        for name, number in (("least", self.least), ("most", self.most), ("count_max", self.count_max)):
            if number is not None:
                value[name] = number
        if self.values:
            value["values"] = {name: words.to_value() for name, words in sorted(self.values.items())}
        if self.kind is not None:
            value["kind"] = self.kind
        if self.states:
            value["states"] = list(self.states)
        return value

    @classmethod
    def read(cls, name: str, value: Value, path: str, faults: Faults) -> "Field":
        """The field in the map `value`."""
        form = Form(value, path, faults)
        found = cls(
            name=name,
            type=form.choice("type", FIELD_TYPES),
            data_class=form.matching("class", _CLASS, _CLASS_HINT),
            required=form.boolean("required"),
            title=read_title(form),
            unit=read_optional_title(form, "unit"),
            least=form.optional_integer("least"),
            most=form.optional_integer("most"),
            values=form.table("values", NAME, NAME_HINT, ENUM_VALUES_MAX, Words.read_named),
            kind=form.matching("kind", NAME, NAME_HINT, optional=True) or None,
            states=form.names("states", NAME, NAME_HINT, STATES_MAX),
            count_max=form.optional_integer("count_max", 1, LIST_COUNT_MAX),
            enrolled=form.boolean("enrolled"),
        )
        form.close()
        if found.type:
            _check(found, form)
        return found


def _check(found: Field, form: Form) -> None:
    item = found.item_type
    if (item == "enum") != bool(found.values):
        form.refuse(
            PackFault("`values` lists what an enum can be: an enum needs it, other types do not take it"), "values"
        )
    if (item == "reference") != (found.kind is not None):
        form.refuse(
            PackFault("`kind` says what a reference leads to: a reference needs it, other types do not take it"), "kind"
        )
    if found.enrolled and item != "person":
        form.refuse(PackFault("`enrolled` is for fields of type person; leave it out here"), "enrolled")
    if found.is_list != (found.count_max is not None):
        form.refuse(PackFault("`count_max` bounds a list: a list needs it, other types do not take it"), "count_max")
    if found.unit is not None and item not in NUMBER_TYPES:
        form.refuse(PackFault("`unit` says what is counted: only integer and money take it"), "unit")
    _check_range(found, form)


def _check_range(found: Field, form: Form) -> None:
    if (found.least is not None or found.most is not None) and found.item_type not in RANGED_TYPES:
        form.refuse(PackFault("`least` and `most` bound texts, numbers, dates and times; leave them out here"))
        return
    least, most = found.least, found.most
    if found.item_type == "text":
        least = 1 if least is None else least
        most = found.size_bytes_max
        if not (least >= 1 and most <= FIELD_TEXT_SIZE_BYTES_MAX):
            form.refuse(PackFault("a text on the ledger has 1 to {limit} bytes", limit=FIELD_TEXT_SIZE_BYTES_MAX))
    if least is not None and most is not None and least > most:
        form.refuse(PackFault("`least` ({least}) is above `most` ({most})", least=least, most=most), "least")
