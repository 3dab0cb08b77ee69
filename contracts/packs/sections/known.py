"""The sections that packs can have, and reading one from the bytes of a part.

Owns the list. Invariant: what was decoded gives the very same bytes again.
"""

from contracts.indices.section import INDICES
from contracts.packs.fault import Faults, PackFault
from contracts.packs.form import Form
from contracts.packs.limits import PART_SIZE_BYTES_MAX
from contracts.packs.record_type import TypeDefinition
from contracts.packs.sections.dues import DUES
from contracts.packs.sections.section import SECTION_KEY, Section, SectionKind, part_name
from ledger.encoding import decode, encode
from ledger.errors import DecodingError, EncodingError

SECTION_KINDS: dict[str, SectionKind] = {kind.name: kind for kind in (DUES, INDICES)}
# The tables in a pack's files that sections are made of.
SECTION_TABLES = tuple(sorted(table for kind in SECTION_KINDS.values() for table in kind.tables))


def encode_section(section: Section) -> bytes:
    """The canonical bytes of the section's part.

    Raises:
        PackFault: they would be more than a part may have.
    """
    try:
        data = encode({SECTION_KEY: section.name, **section.to_value()})
    except EncodingError as error:
        raise PackFault("the section has no canonical form: {reason}", reason=error) from None
    if len(data) > PART_SIZE_BYTES_MAX:
        raise PackFault(
            "the section {name} has {size} bytes, allowed are {limit}; shorten its texts",
            name=section.name,
            size=len(data),
            limit=PART_SIZE_BYTES_MAX,
        )
    return data


def decode_section(data: bytes) -> Section:
    """The section in the bytes of a part; consistent in itself.

    Raises:
        PackFault: the first thing that is wrong. Nothing else is ever raised.
    """
    try:
        value = decode(data, PART_SIZE_BYTES_MAX)
    except DecodingError as error:
        raise PackFault("the bytes are no part of a pack: {reason}", reason=error) from None
    form = Form(value, "", Faults(strict=True))
    section = SECTION_KINDS[form.choice(SECTION_KEY, tuple(SECTION_KINDS))].read(form)
    form.close()
    found: Section = section
    if encode_section(found) != data:
        raise PackFault("the part is not in its one canonical form")
    return found


def decode_part(data: bytes) -> tuple[str, TypeDefinition | Section]:
    """Any part of a pack, with the name that it has among the pack's parts.

    Raises:
        PackFault: the first thing that is wrong. Nothing else is ever raised.
    """
    try:
        value = decode(data, PART_SIZE_BYTES_MAX)
    except DecodingError as error:
        raise PackFault("the bytes are no part of a pack: {reason}", reason=error) from None
    if isinstance(value, dict) and SECTION_KEY in value:
        section = decode_section(data)
        return part_name(section.name), section
    definition = TypeDefinition.decode(data)
    return definition.kind, definition
