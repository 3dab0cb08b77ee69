"""`banyan bench`: what a network of real nodes takes on this machine."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.errors import UsageError
from cli.language import N_, _
from cli.printer import Printer
from cli.session import Session

if TYPE_CHECKING:
    from cli.bench.run import Level

WRITERS_DEFAULT = "1,16,64,256,1024"
WRITERS_MAX = 4096
LEVELS_MAX = 16
_NOTICE, _MEMBER = "notice", "member"


def bench(
    session: Session,
    nodes: Annotated[int, typer.Option("--nodes", min=1, max=21, help=N_("How many nodes vote."))] = 3,
    ring: Annotated[
        bool, typer.Option("--ring", help=N_("Each node has two neighbours only; else everybody is everybody's."))
    ] = False,
    writers: Annotated[
        str, typer.Option("--writers", metavar="LIST", help=N_("How many write at the same time, one after another."))
    ] = WRITERS_DEFAULT,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0.5, max=3600, help=N_("How long each number of writers writes."))
    ] = 5.0,
    write: Annotated[
        str, typer.Option("--write", metavar="WHAT", help=N_("`notice`, or `member`: a record by a pack's rules."))
    ] = _NOTICE,
    by_request: Annotated[
        bool, typer.Option("--by-request", help=N_("One request for each transaction, on a connection per writer."))
    ] = False,
    at_leader: Annotated[
        bool, typer.Option("--at-leader", help=N_("Hand in at the node that leads; else at all nodes."))
    ] = False,
    in_batches: Annotated[
        bool, typer.Option("--in-batches", help=N_("Sign up to 1,024 transactions together, as `submit-batch` does."))
    ] = False,
    directory: Annotated[
        Path | None, typer.Option("--dir", metavar="DIR", help=N_("Where the nodes keep their files: on which disk."))
    ] = None,
) -> int:
    """Measure a network of real nodes on this machine: writes a second, and how long each takes."""
    levels = _levels(writers)
    if write not in (_NOTICE, _MEMBER):
        raise UsageError(
            "--write takes {notice} or {member}, not {given!r}", notice=_NOTICE, member=_MEMBER, given=write
        )
    if directory is not None and not directory.is_dir():
        raise UsageError("--dir names no folder: {path}; make it, or name another", path=str(directory))
    from cli.bench.run import BenchPlan, run_bench
    from cli.bench.signed_load import LoadKind

    plan = BenchPlan(nodes, not ring, LoadKind(write), levels, seconds, by_request, at_leader, in_batches)
    with session.progress(_("Measuring"), len(levels)) as advance:
        told = 0

        def tell(_level: "Level") -> None:
            nonlocal told
            told += 1
            advance(told, None)

        found = run_bench(plan, directory, tell)
    document = {
        "nodes": nodes,
        "ring": ring,
        "write": write,
        "by_request": by_request,
        "at_leader": at_leader,
        "in_batches": in_batches,
        "seconds": seconds,
        "levels": [one.to_json() for one in found],
    }
    session.show(document, lambda printer: _show(printer, found))
    return 0


def _levels(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if not 1 <= len(parts) <= LEVELS_MAX or not all(part.isascii() and part.isdigit() for part in parts):
        raise UsageError("--writers takes up to {count} whole numbers with commas, such as 1,64", count=LEVELS_MAX)
    found = tuple(int(part) for part in parts)
    if not all(1 <= one <= WRITERS_MAX for one in found):
        raise UsageError("--writers takes numbers from 1 to {limit}", limit=WRITERS_MAX)
    return found


def _show(printer: Printer, levels: "list[Level]") -> None:
    rows = [
        (
            one.writers,
            f"{one.rate:,.0f}",
            f"{one.p50_ms:.1f}",
            f"{one.p99_ms:.1f}",
            f"{one.processor_us:,.0f}",
            f"{one.disk_bytes:,.0f}",
            f"{max(usage.anonymous_bytes for usage in one.usages) / 2**20:.0f}",
            one.refused,
        )
        for one in levels
    ]
    head = (
        _("Writers"),
        _("Writes/s"),
        _("p50 ms"),
        _("p99 ms"),
        _("Processor µs, all nodes"),
        _("Disk bytes per node"),
        _("Memory MiB"),
        _("Refused"),
    )
    printer.table(head, rows)
