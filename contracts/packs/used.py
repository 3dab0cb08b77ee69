"""What the rules of one record type take from elsewhere in the pack: roles, counters, and fields of other types.

Owns the list that stands in the definition, so that its rules can be checked without the rest of the pack. That the
list is true is checked where the whole pack is there (`pack`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts.packs.fault import Faults
from contracts.packs.field import FIELD_TYPES, Field
from contracts.packs.form import Form
from contracts.packs.limits import ENUM_VALUES_MAX, FIELDS_MAX, LIST_COUNT_MAX, ROLES_MAX, USES_MAX
from contracts.packs.names import FIELD_NAME, FIELD_NAME_HINT, NAME, NAME_HINT, ROLE, ROLE_HINT
from ledger.encoding import Value

# Counters that the rules of one type look at.
COUNTERS_MAX = 32


@dataclass(frozen=True, slots=True)
class UsedField:
    """A field of another type as far as rules need it: its type, the values of an enum, the kind of a reference."""

    type: str
    values: tuple[str, ...] = ()
    kind: str | None = None
    count_max: int | None = None

    @classmethod
    def of(cls, found: Field) -> "UsedField":
        """What rules need of a field."""
        return cls(found.type, tuple(sorted(found.values)), found.kind, found.count_max)

    def to_value(self) -> dict[str, Value]:
        """The canonical map."""
        value: dict[str, Value] = {"type": self.type}
        if self.values:
            value["values"] = list(self.values)
        if self.kind is not None:
            value["kind"] = self.kind
        return value if self.count_max is None else value | {"count_max": self.count_max}

    @classmethod
    def read(cls, _name: str, value: Value, path: str, faults: Faults) -> "UsedField":
        """The field in the map `value`."""
        form = Form(value, path, faults)
        used = cls(
            form.choice("type", FIELD_TYPES),
            form.names("values", NAME, NAME_HINT, ENUM_VALUES_MAX),
            form.matching("kind", NAME, NAME_HINT, optional=True) or None,
            form.optional_integer("count_max", 1, LIST_COUNT_MAX),
        )
        form.close()
        return used


@dataclass(frozen=True, slots=True)
class Uses:
    """Roles and counters that rules name; of other types the fields that they look into, perhaps none but the state."""

    roles: tuple[str, ...] = ()
    counters: tuple[str, ...] = ()
    types: Mapping[str, Mapping[str, UsedField]] = field(default_factory=dict)

    def to_value(self) -> dict[str, Value]:
        """The canonical map; empty if nothing is used."""
        value: dict[str, Value] = {}
        if self.roles:
            value["roles"] = list(self.roles)
        if self.counters:
            value["counters"] = list(self.counters)
        if self.types:
            value["types"] = {
                kind: {name: one.to_value() for name, one in fields.items()} for kind, fields in self.types.items()
            }
        return value

    @classmethod
    def read(cls, form: Form | None) -> "Uses":
        """What a table says; nothing where there is none."""
        if form is None:
            return cls()
        uses = cls(
            form.names("roles", ROLE, ROLE_HINT, ROLES_MAX),
            form.names("counters", NAME, NAME_HINT, COUNTERS_MAX),
            form.table("types", NAME, NAME_HINT, USES_MAX, _read_type),
        )
        form.close()
        return uses


def _read_type(_kind: str, value: Value, path: str, faults: Faults) -> dict[str, UsedField]:
    form = Form({"fields": value}, path, faults)
    return form.table("fields", FIELD_NAME, FIELD_NAME_HINT, FIELDS_MAX, UsedField.read)
