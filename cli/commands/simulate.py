"""`banyan simulate`: a virtual network, with everything that can go wrong, judged by rules."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.language import N_, _
from cli.printer import Printer
from cli.session import Session

if TYPE_CHECKING:
    from simulator.faults import Fault
    from simulator.run import Report
    from simulator.scenario import Scenario

# Enough to see how it ended; the whole of it is in the report.
_TRACE_LINES_SHOWN = 20
_NO_FAULTS = "none"
_ALL_FAULTS = "all"


def simulate(
    session: Session,
    nodes: Annotated[int, typer.Option("--nodes", min=1, max=21, help=N_("How many nodes vote."))] = 5,
    observers: Annotated[
        int, typer.Option("--observers", min=0, max=1500, help=N_("How many more nodes follow without a vote."))
    ] = 0,
    seconds: Annotated[
        int, typer.Option("--seconds", min=1, max=86_400, help=N_("How many virtual seconds go by."))
    ] = 60,
    seed: Annotated[
        int, typer.Option("--seed", min=0, max=2**63 - 1, help=N_("What is drawn; the same seed does the same again."))
    ] = 1,
    faults: Annotated[
        str,
        typer.Option(
            "--faults",
            metavar="LIST",
            help=N_(
                "`all`, `none`, kinds such as kill,partition, or the JSON list that a failed run prints. Default: all,"
                " of which the seed draws some."
            ),
        ),
    ] = _ALL_FAULTS,
    liar: Annotated[
        str,
        typer.Option(
            "--liar",
            metavar="HOW",
            help=N_("How one node lies, such as double-voter; with two thirds as the quorum, so 4 nodes at least."),
        ),
    ] = "",
    reminders: Annotated[bool, typer.Option("--reminders", help=N_("Let notices set timers."))] = False,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="DIR", help=N_("Where a drawn timeline, the figures and the trace go.")),
    ] = None,
) -> int:
    """Run a virtual network with faults; the exit status says whether every rule held."""
    from cli.application import version
    from cli.source_commit import source_commit
    from daemon.collector import calm_collector
    from simulator.report import document
    from simulator.run import run
    from simulator.scenario import Scenario

    calm_collector()
    kinds, listed = _faults(faults, nodes + observers)
    scenario = Scenario(nodes=nodes, observers=observers, seconds=seconds, kinds=kinds, faults=listed)
    if liar:
        scenario = replace(_with_liar(liar, nodes, seconds), observers=observers, kinds=kinds, faults=listed)
    scenario = replace(scenario, reminders=reminders)
    with session.progress(_("Simulating, virtual seconds"), None) as advance:
        found = run(seed, scenario, source_commit(version()), advance=lambda done: advance(done, None))
    files = write_report(report, found) if report is not None else {}
    session.show(document(found) | {"files": files}, lambda printer: _render(printer, found, files))
    return 0 if found.ok else 1


def _with_liar(name: str, nodes: int, seconds: int) -> "Scenario":
    from cli.errors import UsageError
    from simulator.errors import InvalidScenarioError
    from simulator.liars.every_liar import scenario_with_liar

    try:
        return scenario_with_liar(name, seconds, nodes)
    except InvalidScenarioError as error:
        raise UsageError("the liar cannot be: {reason}", reason=error) from error


def _faults(text: str, nodes: int) -> "tuple[tuple[str, ...] | None, tuple[Fault, ...] | None]":
    """Which kinds may be drawn, or exactly which faults there are."""
    from cli.errors import UsageError
    from simulator.errors import InvalidScenarioError
    from simulator.faults import KINDS, parse_faults

    if text.strip() == _ALL_FAULTS:
        return None, None
    if text.strip() == _NO_FAULTS:
        return (), None
    if text.lstrip().startswith("["):
        try:
            return None, parse_faults(text, nodes)
        except InvalidScenarioError as error:
            raise UsageError("the faults cannot be used: {reason}", reason=error) from error
    kinds = tuple(kind.strip() for kind in text.split(","))
    for kind in kinds:
        if kind not in KINDS:
            raise UsageError(
                "there is no fault of the kind {kind}; take {all}, {none} or some of {kinds}",
                kind=kind,
                all=_ALL_FAULTS,
                none=_NO_FAULTS,
                kinds=", ".join(KINDS),
            )
    return kinds, None


def write_report(folder: Path, report: "Report") -> dict[str, str]:
    """Write page, document and trace, in place of those of an earlier run of the same seed; their paths by kind."""
    import json

    from cli.named_file import write_over
    from simulator.report import document, page

    folder.mkdir(parents=True, exist_ok=True)
    name = f"simulation-{report.setting.scenario.nodes}-{report.seed}"
    contents = {
        "page": (f"{name}.html", page(report)),
        "figures": (f"{name}.json", json.dumps(document(report), indent=2) + "\n"),
    }
    if report.trace:
        contents["trace"] = (f"{name}-trace.txt", "\n".join(report.trace) + "\n")
    for file_name, content in contents.values():
        write_over(folder / file_name, content.encode())
    return {kind: str(folder / file_name) for kind, (file_name, _content) in contents.items()}


def _render(printer: Printer, report: "Report", files: dict[str, str]) -> None:
    from simulator.report import command

    violation, figures, setting = report.violation, report.figures, report.setting
    if violation is None:
        printer.good(_("Every rule held."))
    else:
        # Rules and traces are for developers and stay English.
        printer.bad(f"{violation.rule}: {violation.text}")
    printer.fields(
        [
            (_("Seed"), report.seed),
            (_("Commit"), report.commit),
            (_("Virtual seconds"), f"{figures.ended_us / 1_000_000:.3f}"),
            (_("Neighbours"), f"{setting.overlay}, {setting.profile}"),
            (_("Blocks"), figures.blocks),
            (_("Transactions"), figures.transactions),
            (_("Terms"), figures.terms),
            (_("Starts of nodes"), figures.starts),
            (_("Frames sent"), figures.frames),
            (_("Copies of each message at a node"), f"{figures.copies_per_message:.2f}"),
            *(
                (_("{kind}: copies, hops").format(kind=one.kind), f"{one.copies:.2f}, {one.hops_highest}")
                for one in report.spread
            ),
            (_("Faults"), len(report.faults)),
            *((_("Written"), path) for path in files.values()),
        ]
    )
    if violation is not None:
        printer.line()
        printer.line(_("The faults that are enough, and the end of the trace:"))
        for fault in report.faults:
            printer.line(f"  {fault}")
        for line in report.trace[-_TRACE_LINES_SHOWN:]:
            printer.line(line)
        printer.line()
        printer.line(_("Again:"))
        printer.line(f"  {command(report)}")
