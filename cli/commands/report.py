"""`banyan report NAME`: the table of reports.

Owns which reports there are. Each is a function of a module in `cli/reports/`, with options of its own like any
command; a further report is a module there and a row here. Source: docs/reference/reports.md.
"""

from collections.abc import Callable
from typing import NamedTuple

from cli.declaration import Command
from cli.language import N_
from cli.reports.attendance import attendance
from cli.reports.ballot import ballot
from cli.reports.completeness import completeness
from cli.reports.election import election
from cli.reports.index import index
from cli.reports.member_statement import member_statement
from cli.reports.reconcile import reconcile
from cli.reports.unit_statement import unit_statement
from cli.reports.warnings import warnings


class Report(NamedTuple):
    """A report: its name, its function, one sentence of help."""

    name: str
    function: Callable[..., int | None]
    help: str


REPORTS = (
    Report("attendance", attendance, N_("Show who was on an attendance list, and who was not.")),
    Report("ballot", ballot, N_("Count a ballot again, from its roll and its votes.")),
    Report(
        "completeness", completeness, N_("Show what is missing: records, periods, links, numbers, holders of offices.")
    ),
    Report("election", election, N_("Count ranked ballots that somebody has published.")),
    Report("index", index, N_("Compute how well units run, by the formulas that their packs publish.")),
    Report("member-statement", member_statement, N_("Show what a member owed and paid, month by month.")),
    Report("reconcile", reconcile, N_("Compare a statement of a bank or a payment app with the dues of a unit.")),
    Report("unit-statement", unit_statement, N_("Show the accounts of a unit over a year.")),
    Report(
        "warnings", warnings, N_("List what people have to deal with, until when, and what was done about the rest.")
    ),
)


def report_commands(panel: str) -> tuple[Command, ...]:
    """The reports as commands, for the overview's panel of this name."""
    return tuple(Command(f"report {one.name}", one.function, one.help, panel) for one in REPORTS)
