"""What a unit's treasury goes by on a day: the table of dues of its pack, and the pack's parameters.

Owns reading them; a parameter that a pack does not have is what `dues_parameters` says. Never writes.
"""

from dataclasses import dataclass

from contracts.calendar.dates import Day, day_at
from contracts.errors import Refusal
from contracts.packs.active import find_section
from contracts.packs.rule_names import PARAMETER_UTC_OFFSET
from contracts.packs.sections import dues_parameters as names
from contracts.packs.sections.dues import SECTION_DUES, Category, DuesTable, Rates
from contracts.run_context import RunContext
from contracts.treasury.due_amount import due_amount
from contracts.treasury.month import Month, first_day, written
from contracts.treasury.reasons import BASE_WANTED, CATEGORY_UNKNOWN, PACK_UNKNOWN


@dataclass(frozen=True, slots=True)
class Terms:
    """A table of dues, asked by day."""

    table: DuesTable

    def number(self, name: str, day: Day) -> int:
        """The value of a number among the parameters on a day."""
        parameter = self.table.parameters.get(name)
        value = names.DUES_PARAMETERS[name].default if parameter is None else parameter.value_on(day)
        assert isinstance(value, int), name
        return value

    def rounding(self, day: Day) -> str:
        """How dues are rounded to whole fen."""
        parameter = self.table.parameters.get(names.ROUNDING)
        value = names.DUES_PARAMETERS[names.ROUNDING].default if parameter is None else parameter.value_on(day)
        assert isinstance(value, str)
        return value

    def today(self, time_ms: int) -> Day:
        """The day on which a moment falls where the organisation's clocks are."""
        # The offset is asked of the day in UTC: what it was changed to the day before matters to nobody.
        return day_at(time_ms, self.number(PARAMETER_UTC_OFFSET, day_at(time_ms)))

    def category(self, name: str, day: Day) -> tuple[Category, Rates]:
        """A category and its rates on a day.

        Raises:
            Refusal: `treasury.category-unknown`.
        """
        category = self.table.categories.get(name)
        rates = None if category is None else category.rates_on(day)
        if category is None or rates is None:
            known = ", ".join(self.table.categories)
            raise Refusal(*CATEGORY_UNKNOWN, category=name, date=written(day), known=known)
        return category, rates

    def due(self, person: str, category: str, base: int | None, month: Month) -> int:
        """What somebody owes for a month.

        Raises:
            Refusal: `treasury.category-unknown`, `treasury.base-wanted`.
        """
        day = first_day(month)
        amount = due_amount(*self.category(category, day), base, self.rounding(day))
        if amount is None:
            raise Refusal(*BASE_WANTED, person=person, category=category)
        return amount


def find_terms(context: RunContext, pack: str) -> Terms:
    """The terms of the pack `pack` that are in force; two reads.

    Raises:
        Refusal: `treasury.pack-unknown`.
    """
    found = find_section(context, pack, SECTION_DUES)
    if found is None or not isinstance(found.section, DuesTable):
        raise Refusal(*PACK_UNKNOWN, pack=pack)
    return Terms(found.section)
