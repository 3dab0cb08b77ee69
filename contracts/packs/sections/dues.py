"""The section `dues`: what members of each category owe a month, from which day on.

Owns the table's form and which entry of it holds on a day; computing what somebody owes is the treasury's
(`contracts.treasury.due_amount`). Invariants: a rate applies to the whole base, not to the part above a band's lower
bound; the bands of an entry ascend and the last has no upper bound; every number is a whole number (fen, millionths),
so nothing is rounded before the end. Source: docs/reference/packs.md, "Dues".
"""

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from contracts.calendar.dates import DAY_MAX, DAY_MIN
from contracts.packs.fault import Faults, PackFault
from contracts.packs.form import Form
from contracts.packs.limits import ARTICLE_SIZE_BYTES_MAX, PARAMETERS_MAX
from contracts.packs.names import NAME, NAME_HINT
from contracts.packs.parameter import Parameter
from contracts.packs.sections.dues_parameters import DUES_PARAMETERS, check_dues_parameter
from contracts.packs.sections.lowering_dues import lower_dues
from contracts.packs.sections.section import SectionKind
from contracts.packs.words import Words, read_title
from ledger.encoding import Value

if TYPE_CHECKING:
    from contracts.packs.pack import Pack

SECTION_DUES = "dues"
# A table that people look themselves up in has fewer.
CATEGORIES_MAX = 16
# An entry that changes every other year for sixty years.
ENTRIES_MAX = 32
BANDS_MAX = 16
# A hundred million yuan a month: above it, somebody mistyped.
AMOUNT_MAX = 10**10
# Rates are in millionths; the whole base is the most that anybody could owe.
RATE_MILLIONTHS_MAX = 1_000_000
# A year of irregular income.
AVERAGE_MONTHS_MAX = 12


@dataclass(frozen=True, slots=True)
class Band:
    """Who has a base of at most `up_to` (fen; None: any) owes the share `rate` of it, in millionths."""

    up_to: int | None
    rate: int


@dataclass(frozen=True, slots=True)
class Rates:
    """What holds from a day on: bands on a base, or an amount from `least` to `most` (fen) that does not need one."""

    from_day: int
    bands: tuple[Band, ...] = ()
    least: int = 0
    most: int = 0

    @property
    def is_fixed(self) -> bool:
        """Whether everybody of the category owes the same."""
        return not self.bands and self.least == self.most

    def to_value(self) -> dict[str, Value]:
        """The canonical map."""
        if self.bands:
            return {"bands": [[band.up_to, band.rate] for band in self.bands], "from": self.from_day}
        return {"from": self.from_day, "least": self.least, "most": self.most}

    @classmethod
    def read(cls, value: Value, path: str, faults: Faults) -> "Rates":
        """The entry in the map `value`."""
        form = Form(value, path, faults)
        from_day = form.integer("from", DAY_MIN, DAY_MAX)
        if "bands" in form:
            bands = tuple(_read_band(one, where, faults) for one, where in form.items("bands", BANDS_MAX))
            form.close()
            _check_bands(bands, form)
            return cls(from_day, bands)
        least = form.integer("least", 0, AMOUNT_MAX)
        most = form.integer("most", 0, AMOUNT_MAX)
        form.close()
        if most < least:
            form.refuse(PackFault("the range ends below its beginning"))
        return cls(from_day, (), least, most)


@dataclass(frozen=True, slots=True)
class Category:
    """Members who owe by the same rule. `average_months`: how many months' income their base is the average of."""

    name: str
    title: Words
    rates: tuple[Rates, ...]
    average_months: int = 1
    article: str = ""

    def rates_on(self, day: int) -> Rates | None:
        """What holds on `day`; None before the first entry."""
        index = bisect_right(self.rates, day, key=lambda entry: entry.from_day)
        return self.rates[index - 1] if index else None

    def to_value(self) -> dict[str, Value]:
        """The canonical map."""
        value: dict[str, Value] = {
            "rates": [entry.to_value() for entry in self.rates],
            "title": self.title.to_value(),
        }
        if self.average_months != 1:
            value["average_months"] = self.average_months
        return value | {"article": self.article} if self.article else value

    @classmethod
    def read(cls, name: str, value: Value, path: str, faults: Faults) -> "Category":
        """The category in the map `value`."""
        form = Form(value, path, faults)
        months = form.optional_integer("average_months", 2, AVERAGE_MONTHS_MAX)
        category = cls(
            name,
            read_title(form),
            tuple(Rates.read(one, where, faults) for one, where in form.items("rates", ENTRIES_MAX)),
            1 if months is None else months,
            form.text("article", ARTICLE_SIZE_BYTES_MAX, optional=True),
        )
        form.close()
        days = [entry.from_day for entry in category.rates]
        if not days:
            form.refuse(PackFault("the category has no rates; give at least one entry, with the date it holds from"))
        if days != sorted(set(days)):
            form.refuse(PackFault("the dates do not ascend; put the entries in the order of their dates"), "rates")
        if category.average_months != 1 and any(not entry.bands for entry in category.rates):
            form.refuse(PackFault("an average is taken of a base, so each entry needs `bands`"), "average_months")
        return category


@dataclass(frozen=True, slots=True)
class DuesTable:
    """The section: categories by name, and those parameters of the pack that the treasury goes by."""

    categories: dict[str, Category]
    parameters: dict[str, Parameter]
    replaceable: bool = False

    name: ClassVar[str] = SECTION_DUES

    def to_value(self) -> dict[str, Value]:
        """The canonical map."""
        value: dict[str, Value] = {"category": {name: one.to_value() for name, one in self.categories.items()}}
        if self.parameters:
            value["parameter"] = {name: one.to_value() for name, one in self.parameters.items()}
        return value | {"replaceable": True} if self.replaceable else value

    @classmethod
    def read(cls, form: Form) -> "DuesTable":
        """The section in a map; its name was taken."""
        table = cls(
            form.table("category", NAME, NAME_HINT, CATEGORIES_MAX, Category.read, least=1),
            form.table("parameter", NAME, NAME_HINT, PARAMETERS_MAX, Parameter.read),
            form.boolean("replaceable"),
        )
        for name, parameter in table.parameters.items():
            check_dues_parameter(parameter, form.at(f"parameter.{name}"), form.faults)
        return table


def _read_band(value: Value, path: str, faults: Faults) -> Band:
    if isinstance(value, list) and len(value) == 2:
        up_to, rate = value
        if type(rate) is int and 0 <= rate <= RATE_MILLIONTHS_MAX and (up_to is None or type(up_to) is int):
            return Band(up_to if type(up_to) is int else None, rate)
    faults.add(
        PackFault("a band has a `rate` of at most the whole base, and an amount `up_to` unless it is the last"),
        path,
    )
    return Band(None, 0)


def _check_bands(bands: tuple[Band, ...], form: Form) -> None:
    bounds = [band.up_to for band in bands[:-1]]
    if not bands or bands[-1].up_to is not None:
        form.refuse(PackFault("the last band has no `up_to`: it is for whoever has more"), "bands")
    elif any(bound is None or not 0 < bound <= AMOUNT_MAX for bound in bounds) or bounds != sorted(set(bounds)):  # type: ignore[type-var]
        form.refuse(PackFault("the bands do not ascend; each but the last says up to which base it is for"), "bands")


def _check(table: DuesTable, pack: "Pack", faults: Faults) -> None:
    wanted = {name: one for name, one in pack.manifest.parameters.items() if name in DUES_PARAMETERS}
    if table.parameters != wanted:
        faults.add(PackFault("the parameters are not as the manifest has them"), "dues.parameter")


def _is_weakened(base: DuesTable, above: DuesTable) -> bool:
    """Parameters have bounds of their own that local conventions keep to; the table stays as it is."""
    return above.categories != base.categories or above.replaceable


DUES = SectionKind(SECTION_DUES, ("dues",), lower_dues, DuesTable.read, _check, _is_weakened)
