"""The record types that packs define, as read from outside of a block.

Owns finding the newest definition of each kind. What this version cannot read (a newer one's) is left out.
"""

from contracts.packs.active import KIND_PART, KIND_TYPE
from contracts.packs.fault import PackFault
from contracts.packs.record_type import TypeDefinition
from contracts.record_source import RecordSource


def newest_definitions(source: RecordSource) -> dict[str, TypeDefinition]:
    """The newest definition of every kind that a pack defines, by kind."""
    found: dict[str, TypeDefinition] = {}
    for kind, record in source.each(KIND_TYPE):
        versions = record.fields["versions"]
        part = versions[-1][2] if isinstance(versions, list) and isinstance(versions[-1], list) else None
        stored = source.find(KIND_PART, part.hex()) if isinstance(part, bytes) else None
        data = None if stored is None else stored.fields["data"]
        if isinstance(data, bytes):
            try:
                found[kind] = TypeDefinition.decode(data)
            except PackFault:
                continue
    return found
