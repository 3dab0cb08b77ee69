"""The table of dues as its authors write it, as the ledger has it: dates, amounts and rates that are texts.

Owns how these are written. What is written otherwise is taken over as it is, so that reading the map tells what is
wrong with it.
"""

import re
from collections.abc import Mapping
from typing import Any

from contracts.packs.fault import Faults, PackFault
from contracts.packs.sections.dues_parameters import DUES_PARAMETERS
from contracts.packs.sections.section import SectionSurroundings
from contracts.rules.arithmetic import parsed_money
from contracts.rules.dates import parsed_date

# A percentage with up to four decimals is a whole number of millionths.
_RATE = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,4}))?%")
_DECIMALS = 4


def lower_dues(
    tables: Mapping[str, dict[str, Any]], surroundings: SectionSurroundings, faults: Faults
) -> dict[str, Any]:
    """The map of the section; the parameters are the pack's own."""
    written = dict(tables["dues"])
    if "parameter" in written:
        faults.add(PackFault("parameters of dues are declared as all others: [parameter.NAME]"), "dues.parameter")
    categories = written.get("category")
    if isinstance(categories, dict):
        written["category"] = {
            name: _lower_category(one, f"dues.category.{name}", faults) for name, one in categories.items()
        }
    parameters = {
        name: one.to_value() for name, one in surroundings.manifest.parameters.items() if name in DUES_PARAMETERS
    }
    written.pop("parameter", None)
    return written | {"parameter": parameters} if parameters else written


def parsed_rate(text: str) -> int | None:
    """The millionths that a rate such as `0.5%` is; None if it is none."""
    found = _RATE.fullmatch(text)
    return None if found is None else int(found[1] + (found[2] or "").ljust(_DECIMALS, "0"))


def _lower_category(written: object, path: str, faults: Faults) -> object:
    if not isinstance(written, dict):
        return written
    entries = written.get("rates")
    if not isinstance(entries, list):
        return written
    lowered = [_lower_rates(entry, f"{path}.rates[{index}]", faults) for index, entry in enumerate(entries)]
    return written | {"rates": lowered}


def _lower_rates(written: object, path: str, faults: Faults) -> object:
    """One entry: `bands`, `range` or `amount`."""
    if not isinstance(written, dict):
        return written
    value = dict(written)
    value["from"] = _day(value.get("from"), f"{path}.from", faults)
    if len(value.keys() & {"bands", "range", "amount"}) != 1:
        faults.add(PackFault("one of `bands`, `range` and `amount` is wanted here, and no more than one"), path)
    bands = value.get("bands")
    if isinstance(bands, list):
        value["bands"] = [_lower_band(band, f"{path}.bands[{index}]", faults) for index, band in enumerate(bands)]
    amounts = value.pop("range", None)
    if "amount" in value:
        amounts = [value["amount"]] * 2
        del value["amount"]
    if isinstance(amounts, list) and len(amounts) == 2:
        value["least"], value["most"] = (_money(amount, path, faults) for amount in amounts)
    return value


def _lower_band(written: object, path: str, faults: Faults) -> object:
    if not isinstance(written, dict):
        return written
    unknown = sorted(set(written) - {"up_to", "rate"})
    if unknown:
        faults.add(PackFault("there is no key {key} here; there are `up_to` and `rate`", key=repr(unknown[0])), path)
    up_to = _money(written["up_to"], f"{path}.up_to", faults) if "up_to" in written else None
    return [up_to, _rate(written.get("rate"), f"{path}.rate", faults)]


def _money(value: object, path: str, faults: Faults) -> object:
    found = parsed_money(value) if isinstance(value, str) else None
    if found is None:
        faults.add(PackFault("an amount is wanted here, as a text with two decimals such as 3000.00"), path)
    return found or 0


def _rate(value: object, path: str, faults: Faults) -> object:
    found = parsed_rate(value) if isinstance(value, str) else None
    if found is None:
        faults.add(PackFault("a rate is wanted here, as a text such as {example}", example='"0.5%"'), path)
    return found or 0


def _day(value: object, path: str, faults: Faults) -> object:
    found = parsed_date(value) if isinstance(value, str) else None
    if found is None:
        faults.add(PackFault("`from` is the date from which the value holds, such as 2026-01-01"), path)
    return found or 0
