"""What somebody owes for a month: computed from the table of dues, exact until it is rounded once, at the end.

Pure arithmetic; knows no records. Source: docs/reference/treasury.md, "What is owed".
"""

from contracts.packs.sections.dues import RATE_MILLIONTHS_MAX, Category, Rates
from contracts.rules.arithmetic import share


def due_amount(category: Category, rates: Rates, base: int | None, rounding: str) -> int | None:
    """The dues of one month in fen.

    Args:
        category: Of the member.
        rates: What holds in the month.
        base: In fen; the sum of `average_months` months where the category says so, the amount that was agreed on where
            the rates leave a range; None where nothing is known.
        rounding: As `contracts.rules.arithmetic.share` has it.

    Returns:
        None if there are bands and no base.
    """
    if not rates.bands:
        # Agreed on under other rates, perhaps: the nearest that these allow.
        return rates.least if base is None else min(max(base, rates.least), rates.most)
    if base is None:
        return None
    months = category.average_months
    for band in rates.bands:
        # The average as it is, not rounded, decides on the band.
        if band.up_to is None or base <= band.up_to * months:
            return share(base, band.rate, RATE_MILLIONTHS_MAX * months, rounding)
    raise AssertionError("the last band has no bound")
