"""One row of an import, ready to become a transaction.

Owns what a row asks for and where it comes from. Never checks it, and never submits.
"""

from dataclasses import dataclass

from cli.importing.plan import EXPECT_ANY, StepPlan
from cli.importing.sheet import Sheet
from cli.importing.values import with_provenance
from ledger.encoding import Value


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One row that asks for one transaction; `values` have `PROVENANCE` where that is to stand."""

    step: StepPlan
    sheet: Sheet
    number: int
    operation: str
    key: tuple[str, ...]
    values: dict[str, Value]
    revision: str
    # The record it writes, as `kind/id`, and the records that have to be there before; empty where the plan says none.
    makes: str
    needs: tuple[str, ...]

    @property
    def expects(self) -> str:
        """What the ledger has to hold of the record when the row is executed."""
        return EXPECT_ANY if self.step.record is None or not self.makes else self.step.record.expect

    def provenance(self) -> dict[str, Value]:
        """Where the row comes from, in the form that stands in records; see docs/reference/import-plans.md."""
        source, sheet = self.sheet.source, self.sheet.name
        found: dict[str, Value] = {
            "file": f"{source.path.name}#{sheet}" if sheet else source.path.name,
            "hash": self.sheet.sha256,
            "row": self.number,
        }
        if self.revision:
            found["revision"] = self.revision
        if source.origin:
            found["source"] = source.origin
        return found

    def arguments(self) -> dict[str, Value]:
        """The arguments as they are asked for, provenance included."""
        provenance = self.provenance()
        return {name: with_provenance(value, provenance) for name, value in self.values.items()}
