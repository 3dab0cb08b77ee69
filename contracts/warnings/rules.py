"""Which warnings the packs in force declare.

Owns finding them in a block. Never judges a matter. Invariant: of packs and local conventions on top of them, which
declare the same warning, it is found twice; the record of the warning is one, so a matter is warned of once.
"""

from contracts.indices.section import SECTION_INDICES, IndexSection
from contracts.indices.watch import WarningRule
from contracts.packs.active import KIND_SECTION, find_section
from contracts.run_context import RunContext

# Sections that are looked at: those of more packs than a network has. Each takes three reads at most.
SECTIONS_MAX = 32


def find_rule(context: RunContext, pack: str, name: str) -> tuple[IndexSection, WarningRule] | None:
    """A warning of a pack in force, with its section; None if there is no such warning any more. Two reads."""
    found = find_section(context, pack, SECTION_INDICES)
    if found is None:
        return None
    section = found.section
    assert isinstance(section, IndexSection), "the section of this name is of this kind"
    rule = section.warnings.get(name)
    return None if rule is None else (section, rule)


def rules_for(context: RunContext, watch: str) -> list[WarningRule]:
    """The warnings of all packs in force that watch over this; of one name, one."""
    found: dict[str, WarningRule] = {}
    section_id = context.next_id(KIND_SECTION)
    for _ in range(SECTIONS_MAX):
        if section_id is None:
            break
        pack, _, name = section_id.partition("/")
        if name == SECTION_INDICES:
            active = find_section(context, pack, SECTION_INDICES)
            if active is not None:
                assert isinstance(active.section, IndexSection), "the section of this name is of this kind"
                found |= {one.name: one for one in active.section.warnings.values() if one.watch == watch}
        section_id = context.next_id(KIND_SECTION, section_id)
    return list(found.values())
