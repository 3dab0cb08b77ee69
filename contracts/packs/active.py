"""Which version of a record type or section is in force at a height, and its definition.

Owns the records `pack/<hash>`, `pack-part/<hash>`, `record-type/<kind>`, `pack-section/<pack>/<section>` and
`active-pack/<name>`: their form and reading them. Never writes (`publishing` and `activation` do). Invariants: parts
and manifests are kept under their own hashes and never change or go, so what was decoded of one may be remembered by
its hash; the versions of a type ascend by height. Source: docs/reference/packs.md, "On the ledger".
"""

from functools import lru_cache
from typing import NamedTuple

from contracts.packs.limits import PART_SIZE_BYTES_MAX
from contracts.packs.manifest import Manifest
from contracts.packs.record_type import TypeDefinition
from contracts.packs.sections.known import decode_section
from contracts.packs.sections.section import Section
from contracts.record import Record
from contracts.run_context import RunContext
from ledger.encoding import Value, decode
from ledger.errors import DecodingError
from ledger.hashing import Hash

KIND_PACK = "pack"
KIND_PART = "pack-part"
KIND_TYPE = "record-type"
KIND_ACTIVE = "active-pack"
KIND_SECTION = "pack-section"
PACK_KINDS = frozenset((KIND_PACK, KIND_PART, KIND_TYPE, KIND_ACTIVE, KIND_SECTION))
# In the place of a part's hash: from this version on the pack has no such section.
NO_PART = b""

# The oldest make room: that they were in force stays in the log. 32 types with so many keep within what one
# transaction may write.
VERSIONS_MAX = 32


class TypeVersion(NamedTuple):
    """From the block `from_height` on, records of a kind follow the part of the hash `part`, of the pack `pack`."""

    from_height: int
    pack: Hash
    part: Hash


class PackVersion(NamedTuple):
    """From the block `from_height` on, the pack of the hash `pack` is in force; `version` is the manifest's."""

    from_height: int
    pack: Hash
    version: int


class ActiveType(NamedTuple):
    """A definition in force, and the pack that it is of."""

    pack: Hash
    definition: TypeDefinition


def find_type(context: RunContext, kind: str) -> ActiveType | None:
    """The definition of `kind` that is in force in this block; None if no pack defines it. Two reads.

    Raises:
        Refusal: `limits.reads`.

    Cost: about 5 µs once the definition was decoded; the first time, 3 ms for each kilobyte of it.
    """
    return type_in_force(context, context.content(KIND_TYPE, kind))


def type_in_force(context: RunContext, versions: bytes | None) -> ActiveType | None:
    """As `find_type`, for who has read the record of the type's versions already; one read."""
    for version in reversed(() if versions is None else _type_versions(versions)):
        if version.from_height <= context.height:
            return ActiveType(version.pack, _definition(context, version.part))
    return None


class ActiveSection(NamedTuple):
    """A section in force, and the pack that it is of."""

    pack: Hash
    section: Section


def section_id(pack_name: str, section: str) -> str:
    """The id of the record with the versions of a pack's section."""
    return f"{pack_name}/{section}"


def section_versions(context: RunContext, pack_name: str, section: str) -> tuple[TypeVersion, ...]:
    """The versions of a pack's section, those to come included, ascending; `part` may be `NO_PART`. One read."""
    content = context.content(KIND_SECTION, section_id(pack_name, section))
    return () if content is None else _type_versions(content)


def find_section(context: RunContext, pack_name: str, section: str) -> ActiveSection | None:
    """The section of the pack `pack_name` that is in force in this block; None if it has none. Two reads.

    Raises:
        Refusal: `limits.reads`.

    Cost: some microseconds once the section was decoded.
    """
    found: TypeVersion | None = None
    for version in section_versions(context, pack_name, section):
        if version.from_height <= context.height:
            found = version
    if found is None or found.part == NO_PART:
        return None
    content = context.content(KIND_PART, found.part.hex())
    decoded = _sections.get(found.part) if content is not None else None
    if decoded is None:
        decoded = _sections[found.part] = decode_section(_data(content, "part of a pack", found.part))
        _bound(_sections)
    return ActiveSection(found.pack, decoded)


def find_type_of(context: RunContext, pack: Hash, kind: str) -> TypeDefinition:
    """The definition of `kind` in a pack that was in force some time; two reads.

    Raises:
        Refusal: `limits.reads`.
        DecodingError: the ledger has no such pack, or it does not define the kind.
    """
    part = find_manifest(context, pack).parts.get(kind)
    if part is None:
        raise DecodingError("the pack {pack} does not define {kind}", pack=pack.hex(), kind=kind)
    return _definition(context, part)


def id_of_part(context: RunContext, part: Hash) -> tuple[str, ...]:
    """What the ids of a published type's records are made of; one read, and 0.2 ms, as nothing else of it is looked at.

    Raises:
        Refusal: `limits.reads`.
        DecodingError: the ledger has no such part.
    """
    value = decode(_data(context.content(KIND_PART, part.hex()), "part of a pack", part), PART_SIZE_BYTES_MAX)
    named = value.get("id") if isinstance(value, dict) else None
    if not isinstance(named, list):
        raise DecodingError("the part {hash} of a pack defines no record type", hash=part.hex())
    return tuple(map(str, named))


def find_manifest(context: RunContext, pack: Hash) -> Manifest:
    """The manifest of a pack that is published; one read.

    Raises:
        Refusal: `limits.reads`.
        DecodingError: the ledger has no such pack.
    """
    content = context.content(KIND_PACK, pack.hex())
    found = _manifests.get(pack) if content is not None else None
    if found is None:
        found = _manifests[pack] = Manifest.decode(_data(content, "pack", pack))
        _bound(_manifests)
    return found


def versions_of(context: RunContext, kind: str) -> tuple[TypeVersion, ...]:
    """The versions of a record type, those to come included, ascending; empty if no pack defines it. One read."""
    content = context.content(KIND_TYPE, kind)
    return () if content is None else _type_versions(content)


def pack_versions(context: RunContext, name: str) -> tuple[PackVersion, ...]:
    """The versions of the pack `name`, those to come included, ascending; empty if it never was in force. One read."""
    record = context.read(KIND_ACTIVE, name)
    if record is None:
        return ()
    rows = [(height, pack, version) for height, pack, version in _rows(record.fields) if isinstance(version, int)]
    return tuple(PackVersion(*row) for row in rows)


def versions_fields(versions: tuple[TypeVersion, ...] | tuple[PackVersion, ...]) -> dict[str, Value]:
    """The fields of a record that keeps versions."""
    rows: list[Value] = [list(version) for version in versions[-VERSIONS_MAX:]]
    return {"versions": rows}


def extended(versions: tuple[TypeVersion, ...], version: TypeVersion) -> tuple[TypeVersion, ...]:
    """`versions` with one more; those that were to begin at its height or later give way to it."""
    return (*(one for one in versions if one.from_height < version.from_height), version)


# What was decoded, by hash. More than any network has in force at a time; the oldest go first.
_REMEMBERED_MAX = 512
_definitions: dict[Hash, TypeDefinition] = {}
_manifests: dict[Hash, Manifest] = {}
_sections: dict[Hash, Section] = {}


def _definition(context: RunContext, part: Hash) -> TypeDefinition:
    found = _definitions.get(part)
    if found is not None:
        # Parts never go, so it is there; whether it was looked up must not show in what is counted.
        context.count_read()
        return found
    found = TypeDefinition.decode(_data(context.content(KIND_PART, part.hex()), "part of a pack", part))
    _definitions[part] = found
    _bound(_definitions)
    return found


def _bound(remembered: dict[Hash, TypeDefinition] | dict[Hash, Manifest] | dict[Hash, Section]) -> None:
    if len(remembered) > _REMEMBERED_MAX:
        remembered.pop(next(iter(remembered)))


def _data(content: bytes | None, what: str, wanted: Hash) -> bytes:
    data = None if content is None else Record.decode(content).fields.get("data")
    if not isinstance(data, bytes):
        raise DecodingError("the state has no {what} of the hash {hash}", what=what, hash=wanted.hex())
    return data


# The types of one network's packs, each with the bytes that it has between two activations.
@lru_cache(maxsize=256)
def _type_versions(content: bytes) -> tuple[TypeVersion, ...]:
    rows = _rows(Record.decode(content).fields)
    return tuple(TypeVersion(height, pack, part) for height, pack, part in rows if isinstance(part, bytes))


def _rows(fields: dict[str, Value]) -> list[tuple[int, Hash, int | Hash]]:
    rows = fields.get("versions")
    found = []
    for row in rows if isinstance(rows, list) else [None]:
        height, pack, last = row if isinstance(row, list) and len(row) == 3 else (None, None, None)
        if not isinstance(height, int) or not isinstance(pack, bytes) or not isinstance(last, int | bytes):
            raise DecodingError("the record of a pack's versions is damaged")
        found.append((height, pack, last))
    return found
