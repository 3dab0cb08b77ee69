"""The parameters of a pack that the treasury goes by: their names, types and what holds where a pack has none.

Owns the list; they are ordinary parameters of the pack, with dates, articles, and bounds for local conventions. Source:
docs/reference/packs.md, "Dues".
"""

from typing import NamedTuple

from contracts.packs.fault import Faults, PackFault
from contracts.packs.parameter import Parameter
from contracts.packs.rule_names import PARAMETER_UTC_OFFSET
from contracts.rules.arithmetic import HALF_UP, ROUNDINGS
from ledger.encoding import Value

ROUNDING = "dues-rounding"
ARREARS_MONTHS_MAX = "dues-arrears-months-max"
WHOLE_FIRST_MONTH = "dues-whole-first-month"
REMITTED_PERCENT = "dues-remitted-percent"
REDUCTION_APPROVALS = "dues-reduction-approvals"
REFUND_APPROVALS = "dues-refund-approvals"
GIFT_TO_ROOT_ABOVE = "gift-to-root-above"
SPENDING_APPROVALS = "spending-approvals"
SPENDING_LARGE_ABOVE = "spending-large-above"
SPENDING_LARGE_APPROVALS = "spending-large-approvals"

# More people who approve one payment are a meeting.
_APPROVALS_MAX = 8
_MONEY_MAX = 10**13


class DuesParameter(NamedTuple):
    """The type of a parameter, the least and most of a number, and what holds where a pack does not have it."""

    type: str
    default: Value
    least: int = 0
    most: int = 0


DUES_PARAMETERS: dict[str, DuesParameter] = {
    ROUNDING: DuesParameter("text", HALF_UP),
    # Dues of a month that ended so long ago are taken on a decision of the unit only.
    ARREARS_MONTHS_MAX: DuesParameter("integer", 6, 0, 600),
    # Who begins within a month owes for all of it; otherwise from the next month on.
    WHOLE_FIRST_MONTH: DuesParameter("boolean", True),
    REMITTED_PERCENT: DuesParameter("integer", 0, 0, 100),
    REDUCTION_APPROVALS: DuesParameter("integer", 1, 1, _APPROVALS_MAX),
    REFUND_APPROVALS: DuesParameter("integer", 1, 1, _APPROVALS_MAX),
    GIFT_TO_ROOT_ABOVE: DuesParameter("money", 100_000, 0, _MONEY_MAX),
    SPENDING_APPROVALS: DuesParameter("integer", 1, 1, _APPROVALS_MAX),
    # Nothing is large where a pack says nothing.
    SPENDING_LARGE_ABOVE: DuesParameter("money", _MONEY_MAX, 0, _MONEY_MAX),
    SPENDING_LARGE_APPROVALS: DuesParameter("integer", 2, 1, _APPROVALS_MAX),
    PARAMETER_UTC_OFFSET: DuesParameter("integer", 0, -720, 840),
}


def check_dues_parameter(parameter: Parameter, path: str, faults: Faults) -> None:
    """Note what the treasury could not work with."""
    wanted = DUES_PARAMETERS.get(parameter.name)
    if wanted is None:
        faults.add(PackFault("the treasury does not know the parameter {name}", name=parameter.name), path)
        return
    if parameter.type != wanted.type:
        faults.add(PackFault("{name} is a parameter of type {type}", name=parameter.name, type=wanted.type), path)
        return
    for index, (_day, value) in enumerate(parameter.values):
        where = f"{path}.values[{index}]"
        if parameter.name == ROUNDING and value not in ROUNDINGS:
            faults.add(PackFault("the roundings are {known}", known=", ".join(sorted(ROUNDINGS))), where)
        if type(value) is int and wanted.type != "boolean" and not wanted.least <= value <= wanted.most:
            faults.add(
                PackFault(
                    "{value} is outside of what is allowed: {least} to {most}",
                    value=value,
                    least=wanted.least,
                    most=wanted.most,
                ),
                where,
            )
