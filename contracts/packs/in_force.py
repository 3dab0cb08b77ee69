"""What packs have in force, as read from outside of a block.

Owns finding the newest definition of each kind and the newest section of each pack. Never used in a block, where the
height decides (`contracts.packs.active`). What this version cannot read (a newer one's) is left out.
"""

from typing import NamedTuple

from contracts.packs.active import KIND_PACK, KIND_PART, KIND_SECTION, KIND_TYPE, NO_PART
from contracts.packs.fault import PackFault
from contracts.packs.manifest import Manifest
from contracts.packs.record_type import TypeDefinition
from contracts.packs.sections.known import decode_section
from contracts.packs.sections.section import Section
from contracts.record import Record
from contracts.record_source import RecordSource
from ledger.hashing import Hash


class SectionInForce(NamedTuple):
    """A section, the pack's name and the hash of its version."""

    pack: str
    hash: Hash
    section: Section


def newest_definitions(source: RecordSource) -> dict[str, TypeDefinition]:
    """The newest definition of every kind that a pack defines, by kind."""
    found = {}
    for kind, record in source.each(KIND_TYPE):
        definition = _definition(source, record)
        if definition is not None:
            found[kind] = definition
    return found


def newest_definition(source: RecordSource, kind: str) -> TypeDefinition | None:
    """The newest definition of a kind; None if no pack defines it."""
    record = source.find(KIND_TYPE, kind)
    return None if record is None else _definition(source, record)


def newest_sections(source: RecordSource, name: str) -> list[SectionInForce]:
    """The sections of this name in force; of a base and the local conventions on top of it, the latter only."""
    found: list[SectionInForce] = []
    below: set[str] = set()
    for record_id, record in source.each(KIND_SECTION):
        pack, _, section_name = record_id.partition("/")
        newest = _newest(record)
        if section_name != name or newest is None or newest[1] == NO_PART:
            continue
        manifest, section = _data(source, KIND_PACK, newest[0]), _data(source, KIND_PART, newest[1])
        if manifest is None or section is None:
            continue
        try:
            base = Manifest.decode(manifest).base
            found.append(SectionInForce(pack, newest[0], decode_section(section)))
        except PackFault:
            continue
        below |= {base.name} if base is not None else set()
    return [one for one in found if one.pack not in below]


def _definition(source: RecordSource, record: Record) -> TypeDefinition | None:
    newest = _newest(record)
    data = None if newest is None else _data(source, KIND_PART, newest[1])
    try:
        return None if data is None else TypeDefinition.decode(data)
    except PackFault:
        return None


def _newest(record: Record) -> tuple[Hash, Hash] | None:
    """The pack and the part of the newest version."""
    versions = record.fields["versions"]
    newest = versions[-1] if isinstance(versions, list) and versions else None
    if isinstance(newest, list) and isinstance(newest[1], bytes) and isinstance(newest[2], bytes):
        return newest[1], newest[2]
    return None


def _data(source: RecordSource, kind: str, wanted: Hash) -> bytes | None:
    record = source.find(kind, wanted.hex())
    data = None if record is None else record.fields["data"]
    return data if isinstance(data, bytes) else None
