"""The section `indices` of a pack: its indices, what it warns of, what everybody in an office has to have.

Owns the section's form and its checks against the rest of the pack. Never evaluates anything. Invariants: it holds the
parameters that its formulas use, so that who evaluates it needs this part and the types that are counted; local
conventions may add to it, and change nothing but parameters. Source: docs/reference/packs.md, "Indices".
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from contracts.indices.checking import check_index, check_requirement, check_warning
from contracts.indices.index import Index
from contracts.indices.limits import INDICES_MAX, REQUIREMENTS_MAX, WARNINGS_MAX
from contracts.indices.lowering import lower_indices
from contracts.indices.watch import Requirement, WarningRule
from contracts.packs.fault import Faults, PackFault
from contracts.packs.form import Form
from contracts.packs.limits import PARAMETERS_MAX
from contracts.packs.names import NAME, NAME_HINT
from contracts.packs.parameter import Parameter
from contracts.packs.rule_names import PARAMETER_UTC_OFFSET
from contracts.packs.sections.section import SectionKind
from ledger.encoding import Value

if TYPE_CHECKING:
    from contracts.packs.pack import Pack

SECTION_INDICES = "indices"


@dataclass(frozen=True, slots=True)
class IndexSection:
    """Indices, warnings and requirements by name, and the parameters that they use."""

    indices: dict[str, Index]
    warnings: dict[str, WarningRule]
    requirements: dict[str, Requirement]
    parameters: dict[str, Parameter]

    name: ClassVar[str] = SECTION_INDICES
    replaceable: ClassVar[bool] = False

    def to_value(self) -> dict[str, Value]:
        """The canonical map."""
        tables = {
            "index": self.indices,
            "parameter": self.parameters,
            "requirement": self.requirements,
            "warning": self.warnings,
        }
        return {
            name: {key: one.to_value() for key, one in entries.items()}  # type: ignore[attr-defined]
            for name, entries in tables.items()
            if entries
        }

    @classmethod
    def read(cls, form: Form) -> "IndexSection":
        """The section in a map; its name was taken."""
        return cls(
            form.table("index", NAME, NAME_HINT, INDICES_MAX, Index.read),
            form.table("warning", NAME, NAME_HINT, WARNINGS_MAX, WarningRule.read),
            form.table("requirement", NAME, NAME_HINT, REQUIREMENTS_MAX, Requirement.read),
            form.table("parameter", NAME, NAME_HINT, PARAMETERS_MAX, Parameter.read),
        )

    def offset_minutes(self, day: int) -> int:
        """How far the organisation's clocks are ahead of UTC on a day."""
        parameter = self.parameters.get(PARAMETER_UTC_OFFSET)
        value = 0 if parameter is None else parameter.value_on(day)
        assert isinstance(value, int), "a parameter of this name is an integer"
        return value


def _check(section: IndexSection, pack: "Pack", faults: Faults) -> None:
    for name, parameter in section.parameters.items():
        if pack.manifest.parameters.get(name) != parameter:
            faults.add(PackFault("the parameter {name} is not as the manifest has it", name=name), f"parameter.{name}")
    for name, index in section.indices.items():
        check_index(index, section.parameters, pack, f"index.{name}", faults)
    for name, warning in section.warnings.items():
        check_warning(warning, pack, f"warning.{name}", faults)
    for name, requirement in section.requirements.items():
        check_requirement(requirement, pack, f"requirement.{name}", faults)


def _is_weakened(base: IndexSection, above: IndexSection) -> bool:
    """Whether something of the base is gone or another one."""
    mine, theirs = above.to_value(), base.to_value()
    for table in ("index", "requirement", "warning"):
        there, wanted = mine.get(table, {}), theirs.get(table, {})
        assert isinstance(there, dict) and isinstance(wanted, dict), "tables of entries"
        if any(there.get(name) != one for name, one in wanted.items()):
            return True
    return False


INDICES = SectionKind(
    SECTION_INDICES, ("index", "requirement", "warning"), lower_indices, IndexSection.read, _check, _is_weakened
)
