"""What an import plan says: sources, steps, and what each argument is made of.

Owns the shapes and their defaults. Never reads a file; a plan that exists is well formed, whether or not its columns
and operations exist. Source: docs/reference/import-plans.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias
from zoneinfo import ZoneInfo

from ledger.encoding import Value

# The kinds of value that a cell can be turned into.
TEXT = "text"
IDENTIFIER = "identifier"
INTEGER = "integer"
BOOLEAN = "boolean"
MONEY = "money"
DATE = "date"
TIME = "time"
PSEUDONYM = "pseudonym"
HASH = "hash"
RECURRENCE = "recurrence"
TARGETS = (TEXT, IDENTIFIER, INTEGER, BOOLEAN, MONEY, DATE, TIME, PSEUDONYM, HASH, RECURRENCE)
# Those that a `prefix` can be put before.
TARGETS_WITH_PREFIX = (None, TEXT, IDENTIFIER, PSEUDONYM)

# The smallest unit of money is the fen, a hundredth of a yuan.
FEN_BY_UNIT = {"yuan": 100, "jiao": 10, "fen": 1}
# In which order day, month and year stand; `ymd` is what ISO 8601 and Chinese dates have.
DATE_ORDERS = ("ymd", "dmy", "mdy")
CASES = ("lower", "upper")
# What the ledger has to hold of the record that a row writes when the row is executed.
EXPECT_NEW = "new"
EXPECT_NEXT = "next"
EXPECT_ANY = "any"
EXPECTATIONS = (EXPECT_ANY, EXPECT_NEW, EXPECT_NEXT)
# Which of the rows with the same text in a column.
FIRST = "first"
LATER = "later"
OCCURRENCES = (FIRST, LATER)


@dataclass(frozen=True, slots=True)
class SourcePlan:
    """A file of rows.

    `origin` says whence it is, `revision` of which state: a text, or what stands in `revision_column`.
    """

    name: str
    path: Path
    encoding: str
    delimiter: str
    sheet: str | None
    header_row: int
    revision: str
    revision_column: str | None
    origin: str = ""

    @property
    def is_workbook(self) -> bool:
        """Whether it is read as XLSX."""
        return self.path.suffix.lower() in (".xlsx", ".xlsm")


@dataclass(frozen=True, slots=True)
class Constant:
    """The same value for every row."""

    value: Value


@dataclass(frozen=True, slots=True)
class ProvenanceForm:
    """Where the row comes from."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """How a text becomes a value. `target` None leaves it to what the operation declares.

    `day_column` and `since` are what words about a recurrence are read with: the cell that says on which day, and the
    date from which it is to be checked.
    """

    target: str | None = None
    trim: bool = True
    case: str | None = None
    replace: tuple[tuple[str, str], ...] = ()
    fen_per_unit: int = 100
    date_order: str = "ymd"
    zone: ZoneInfo | None = None
    split: str | None = None
    prefix: str = ""
    day_column: str | None = None
    since: str = ""


@dataclass(frozen=True, slots=True)
class FromCell:
    """A value made of one column's cell, or of a template of several.

    Exactly one of `column` and `template` is set. `mapping` replaces whole texts before the conversion; a text that is
    not in it is refused. `default` stands for an empty cell; an `optional` one that is empty leaves the value out.
    `is_detached` puts the value beside the ledger, and its commitment on it.
    """

    column: str | None
    template: str | None
    conversion: Conversion
    mapping: Mapping[str, Value] | None = None
    optional: bool = False
    default: Value = None
    is_detached: bool = False


@dataclass(frozen=True, slots=True)
class MapForm:
    """A map of values; entries whose value is left out are not in it."""

    entries: Mapping[str, "ValueForm"]


@dataclass(frozen=True, slots=True)
class ListForm:
    """A list of values; those that are left out are not in it."""

    items: tuple["ValueForm", ...]


ValueForm: TypeAlias = Constant | ProvenanceForm | FromCell | MapForm | ListForm


@dataclass(frozen=True, slots=True)
class Condition:
    """Which rows a step takes: the trimmed text of a cell is among `texts`, or is not if `negated`.

    `occurrence` takes the place of both: the `first` row with its text in the column, or the `later` ones, among the
    rows that the conditions before this one take.
    """

    column: str
    texts: frozenset[str] = frozenset()
    negated: bool = False
    occurrence: str | None = None


@dataclass(frozen=True, slots=True)
class OperationChoice:
    """The operation of a step's rows: always `fixed`, or by the text in a column."""

    fixed: str | None
    column: str | None = None
    by_text: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Every operation that it can be, each once."""
        return (self.fixed,) if self.fixed is not None else tuple(dict.fromkeys(self.by_text.values()))


@dataclass(frozen=True, slots=True)
class RecordPlan:
    """The record that a row writes; `id_template` has names of arguments in braces."""

    kind: str
    id_template: str
    expect: str


@dataclass(frozen=True, slots=True)
class StepPlan:
    """What becomes of the rows of one source. Steps run one after the other."""

    name: str
    source: str
    operation: OperationChoice
    key: tuple[str, ...]
    conditions: tuple[Condition, ...]
    arguments: Mapping[str, ValueForm]
    record: RecordPlan | None
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """A whole plan; `secret_path` is the file that the identities of its rows hang on."""

    path: Path
    name: str
    secret_path: Path
    sources: Mapping[str, SourcePlan]
    steps: tuple[StepPlan, ...]
