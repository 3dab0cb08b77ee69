"""The contracts that every network has, whatever its packs."""

from contracts.attendance.contract import ATTENDANCE
from contracts.ballots.contract import BALLOTS
from contracts.cases.contract import CASES
from contracts.governance import GOVERNANCE
from contracts.members.contract import MEMBERS
from contracts.notice import NOTICE
from contracts.packs.publishing import PACKS
from contracts.records.contract import RECORDS
from contracts.registry import Registry
from contracts.schedule.contract import SCHEDULE
from contracts.treasury.contract import TREASURY
from contracts.units.contract import UNITS
from contracts.warnings.contract import WARNINGS


def builtin_registry() -> Registry:
    """A registry of the built-in contracts."""
    return Registry(
        (ATTENDANCE, BALLOTS, CASES, GOVERNANCE, MEMBERS, NOTICE, PACKS, RECORDS, SCHEDULE, TREASURY, UNITS, WARNINGS)
    )
