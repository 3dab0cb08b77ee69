"""What a section of a pack is, and what each kind of section says about itself.

Owns the form that all of them share: one canonical map with the section's name in it, in one part of the pack. Never
knows what a section means. Invariant: a section is complete in itself, so that who uses it reads one part. Source:
docs/reference/packs.md, "Sections".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from contracts.packs.fault import Faults
from contracts.packs.form import Form
from ledger.encoding import Value

if TYPE_CHECKING:
    from contracts.packs.manifest import Manifest
    from contracts.packs.pack import Pack
    from contracts.packs.parsing import Surroundings
    from contracts.packs.record_type import TypeDefinition

# The key of a section's map that says which section it is; a record type has none.
SECTION_KEY = "section"


class Section(Protocol):
    """A section that was read."""

    @property
    def name(self) -> str:
        """Which section it is, such as `dues`."""

    @property
    def replaceable(self) -> bool:
        """Whether local conventions on top of the pack may put one of their own in its place."""

    def to_value(self) -> dict[str, Value]:
        """The canonical map, without the section's name."""


@dataclass(frozen=True, slots=True)
class SectionSurroundings:
    """What the author of a section can name: the pack's types, roles, parameters, and all that its rules can."""

    types: "Mapping[str, TypeDefinition]"
    manifest: "Manifest"
    named: "Surroundings"


# The maps of the section's tables as their authors wrote them, to the canonical map that `read` takes.
Lower = Callable[[Mapping[str, dict[str, Any]], SectionSurroundings, Faults], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class SectionKind:
    """One kind of section: its name, the tables in a pack's files that belong to it, and how it is read.

    `read` gives a section that is consistent in itself; `check` notes what does not fit the rest of the pack;
    `weakened` tells whether a section asks for less than the one of the base. A section of a base stays as it is where
    that is left out, unless the base calls it replaceable.
    """

    name: str
    tables: tuple[str, ...]
    lower: Lower
    read: Callable[[Form], Any]
    check: "Callable[[Any, Pack, Faults], None]"
    weakened: Callable[[Any, Any], bool] | None = None

    @property
    def path(self) -> str:
        """Where the section's map stands in the eyes of its authors: its table, or nowhere if it has several."""
        return self.tables[0] if len(self.tables) == 1 else ""

    def is_weakened(self, base: Section, above: Section) -> bool:
        """Whether `above` may not stand in the place of `base`."""
        if base.replaceable:
            return False
        return self.weakened(base, above) if self.weakened is not None else above.to_value() != base.to_value()


def part_name(section: str) -> str:
    """What the part of a section is called among the parts of a pack; no record type has such a name."""
    return f"{SECTION_KEY}.{section}"
