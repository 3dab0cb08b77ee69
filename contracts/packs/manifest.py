"""The manifest of a pack: what it is called, what all its record types share, and the hashes of its parts.

Owns the manifest's canonical bytes, whose hash is the pack's. Invariant: two packs of one hash are the same in every
part. Source: docs/reference/packs.md, "The pack itself".
"""

from dataclasses import dataclass, field

from contracts.packs.fault import Faults, PackFault
from contracts.packs.form import Form, kind_of
from contracts.packs.limits import (
    ACTORS_MAX,
    PARAMETERS_MAX,
    PART_SIZE_BYTES_MAX,
    PERMISSIONS_MAX,
    ROLES_MAX,
    SECTIONS_MAX,
    TYPES_MAX,
    VERSION_MAX,
)
from contracts.packs.names import ACTOR, ACTOR_HINT, NAME, NAME_HINT, OPERATION, OPERATION_HINT, ROLE, ROLE_HINT
from contracts.packs.parameter import Parameter
from contracts.packs.words import Words, read_paragraph, read_title
from ledger.encoding import Value, decode, encode
from ledger.errors import DecodingError, EncodingError
from ledger.hashing import HASH_SIZE_BYTES, Hash, tagged_hash


@dataclass(frozen=True, slots=True)
class Role:
    """An office that persons hold in units; `of` is the pack that it is borrowed from, None for one of its own."""

    title: Words
    summary: Words
    of: str | None = None

    def to_value(self) -> dict[str, Value]:
        """The canonical map."""
        value: dict[str, Value] = {"summary": self.summary.to_value(), "title": self.title.to_value()}
        return value if self.of is None else value | {"of": self.of}

    @classmethod
    def read(cls, _name: str, value: Value, path: str, faults: Faults) -> "Role":
        """The role in the map `value`."""
        form = Form(value, path, faults)
        of = form.matching("of", NAME, NAME_HINT, optional=True) or None
        role = cls(read_title(form), read_paragraph(form, "summary"), of)
        form.close()
        return role


@dataclass(frozen=True, slots=True)
class Base:
    """The pack that this one puts local conventions on top of."""

    name: str
    hash: Hash

    def to_value(self) -> dict[str, Value]:
        """The canonical map."""
        return {"hash": self.hash, "name": self.name}

    @classmethod
    def read(cls, form: Form) -> "Base":
        """The base in a table."""
        base = cls(form.matching("name", NAME, NAME_HINT), _hash(form.take("hash"), form.at("hash"), form.faults))
        form.close()
        return base


@dataclass(frozen=True, slots=True)
class Manifest:
    """A pack as a whole. `version` counts up from 1. `parts` are the hashes of the record types, by kind, `sections`
    those of what it declares beside them, by the section's name.

    `permissions` adds actors to those who may ask for an operation of a native contract.
    """

    name: str
    version: int
    title: Words
    summary: Words
    parts: dict[str, Hash]
    roles: dict[str, Role] = field(default_factory=dict)
    parameters: dict[str, Parameter] = field(default_factory=dict)
    permissions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    base: Base | None = None
    sections: dict[str, Hash] = field(default_factory=dict)

    @property
    def hash(self) -> Hash:
        """The pack's hash."""
        return tagged_hash("pack", self.encode())

    @property
    def own_roles(self) -> frozenset[str]:
        """The roles that are not borrowed: the pack's transitions give and end them."""
        return frozenset(name for name, role in self.roles.items() if role.of is None)

    def to_value(self) -> dict[str, Value]:
        """The canonical map."""
        value: dict[str, Value] = {
            "name": self.name,
            "part": dict(self.parts),
            "summary": self.summary.to_value(),
            "title": self.title.to_value(),
            "version": self.version,
        }
        if self.roles:
            value["role"] = {name: one.to_value() for name, one in self.roles.items()}
        if self.parameters:
            value["parameter"] = {name: one.to_value() for name, one in self.parameters.items()}
        if self.permissions:
            value["permission"] = {name: list(actors) for name, actors in self.permissions.items()}
        if self.sections:
            value["section"] = dict(self.sections)
        return value if self.base is None else value | {"base": self.base.to_value()}

    def encode(self) -> bytes:
        """The canonical bytes.

        Raises:
            PackFault: they would be more than a part may have.
        """
        try:
            data = encode(self.to_value())
        except EncodingError as error:
            raise PackFault("the manifest has no canonical form: {reason}", reason=error) from None
        if len(data) > PART_SIZE_BYTES_MAX:
            raise PackFault(
                "the manifest has {size} bytes, allowed are {limit}; shorten its texts, or make two packs of it",
                size=len(data),
                limit=PART_SIZE_BYTES_MAX,
            ).at("pack")
        return data

    @classmethod
    def read(cls, value: Value, path: str, faults: Faults) -> "Manifest":
        """The manifest in the map `value`."""
        form = Form(value, path, faults)
        base = form.form("base")
        found = cls(
            name=form.matching("name", NAME, NAME_HINT),
            version=form.integer("version", 1, VERSION_MAX),
            title=read_title(form),
            summary=read_paragraph(form, "summary"),
            parts=form.table("part", NAME, NAME_HINT, TYPES_MAX, _read_hash),
            roles=form.table("role", ROLE, ROLE_HINT, ROLES_MAX, Role.read),
            parameters=form.table("parameter", NAME, NAME_HINT, PARAMETERS_MAX, Parameter.read),
            permissions=form.table("permission", OPERATION, OPERATION_HINT, PERMISSIONS_MAX, _read_actors),
            base=None if base is None else Base.read(base),
            sections=form.table("section", NAME, NAME_HINT, SECTIONS_MAX, _read_hash),
        )
        form.close()
        return found

    @classmethod
    def decode(cls, data: bytes) -> "Manifest":
        """The manifest in these bytes.

        Raises:
            PackFault: the first thing that is wrong. Nothing else is ever raised.
        """
        try:
            value = decode(data, PART_SIZE_BYTES_MAX)
        except DecodingError as error:
            raise PackFault("the bytes are no manifest of a pack: {reason}", reason=error) from None
        manifest = cls.read(value, "", Faults(strict=True))
        if manifest.encode() != data:
            raise PackFault("the manifest is not in its one canonical form")
        return manifest


def _hash(value: Value, path: str, faults: Faults) -> Hash:
    if isinstance(value, bytes) and len(value) == HASH_SIZE_BYTES:
        return value
    faults.add(PackFault("a hash of 32 bytes is wanted here, not {found}", found=kind_of(value)), path)
    return bytes(HASH_SIZE_BYTES)


def _read_hash(_name: str, value: Value, path: str, faults: Faults) -> Hash:
    return _hash(value, path, faults)


def _read_actors(name: str, value: Value, path: str, faults: Faults) -> tuple[str, ...]:
    form = Form({name: value}, path.removesuffix(f".{name}"), faults)
    return form.names(name, ACTOR, ACTOR_HINT, ACTORS_MAX, least=1)
