"""Counts for people: a matrix of comparisons, the stages of a transferable vote, a ranking.

Owns how these are told. Never counts. Source: docs/reference/reports.md.
"""

from collections.abc import Sequence
from typing import Any

from cli.language import N_, _
from cli.printer import Printer

# Wider tables are for `--json`.
MATRIX_SHOWN_MAX = 12

_STAGES = {
    "first": N_("first preferences"),
    "surplus": N_("surplus of {option}"),
    "exclusion": N_("{option} is excluded"),
    "last": N_("nobody is left to compete with"),
}


def show_ranking(printer: Printer, ranking: Sequence[Sequence[str]], elected: Sequence[str]) -> None:
    """Places, best first; equals share one."""
    place = 1
    rows: list[list[object]] = []
    for tier in ranking:
        rows += [[place, name, _("elected") if name in elected else ""] for name in tier]
        place += len(tier)
    printer.table([_("Place"), _("Candidate"), ""], rows)


def show_matrix(printer: Printer, matrix: Sequence[Sequence[int]], names: Sequence[str]) -> None:
    """How many votes rank the one of the row above the one of the column."""
    printer.line()
    if len(names) > MATRIX_SHOWN_MAX:
        printer.line(_("The matrix of comparisons has {count} columns: `--json` has it.").format(count=len(names)))
        return
    printer.line(_("Votes that rank the row's candidate above the column's:"))
    rows = ([f"{one + 1} {name}", *matrix[one]] for one, name in enumerate(names))
    printer.table(["", *(str(one + 1) for one in range(len(names)))], rows)


def show_stages(printer: Printer, counted: dict[str, Any], names: Sequence[str]) -> None:
    """What happened in each stage, and the votes at its end."""
    printer.line()
    printer.line(_("Quota: {quota}").format(quota=counted["quota"]))
    unit = counted["votes_unit"]
    for number, stage in enumerate(counted["stages"], 1):
        what = _(_STAGES[stage["what"]]).format(option=stage["option"])
        lot = " " + _("(equal at every stage: by the order of options)") if stage["by_lot"] else ""
        printer.line(f"{number}. {what}{lot}")
        votes = [f"{name} {_decimal(found, unit)}" for name, found in zip(names, stage["votes"], strict=True) if found]
        printer.line(
            "   " + ", ".join([*votes, _("exhausted {votes}").format(votes=_decimal(stage["exhausted"], unit))])
        )
        if stage["elected"]:
            printer.line("   " + _("elected: {names}").format(names=", ".join(stage["elected"])))


def _decimal(votes: int, unit: int) -> str:
    """Votes in units of `1/unit`, written out."""
    whole, rest = divmod(votes, unit)
    return f"{whole}.{rest:05d}" if rest else str(whole)
