"""`banyan watch`: the network as the node sees it, again and again until Ctrl-C."""

import itertools
import time
from collections import deque
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.language import N_, _
from cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import Group
    from rich.table import Table

    from cli.client import NodeClient
    from cli.doctor.finding import Finding
    from cli.doctor.look import Online
    from cli.network_picture import NodeRow, Sample

_ROLES = {
    "leader": N_("leader"),
    "voter": N_("voter"),
    "observer": N_("observer"),
    "guest": N_("guest"),
}
# What throughput is the mean of; long enough to be calm, short enough to show a change.
SAMPLES_MAX = 5
INTERVAL_S_DEFAULT = 1.0
# The table of nodes stays in sight; `banyan doctor` tells all.
WARNINGS_MAX = 4


def watch(
    session: Session,
    interval: Annotated[
        float, typer.Option("--interval", min=0.2, max=3600, metavar="S", help=N_("Seconds between two looks."))
    ] = INTERVAL_S_DEFAULT,
    count: Annotated[
        int | None, typer.Option("--count", min=1, metavar="N", help=N_("End after so many looks; else at Ctrl-C."))
    ] = None,
) -> None:
    """Show nodes, roles, heights, lag and throughput until Ctrl-C; with --json, once."""
    from cli.client import NodeClient

    with NodeClient(session.home) as client:
        if session.json:
            document = _look(session, client)
            session.show(document, lambda printer: None)
            return
        _show_live(session, client, interval, count)


def _look(session: Session, client: "NodeClient") -> dict[str, Any]:
    from cli.doctor.look import ask
    from cli.node_registry import node_entries

    online = ask(client)
    return {
        "status": online.status,
        "nodes": [
            {"id": one.id, "name": one.name, "state": one.state, "address": one.address}
            for one in node_entries(online.nodes)
        ],
        "peers": online.peers,
        "findings": [one.to_json() for one in _findings(session, online)],
    }


def _findings(session: Session, online: "Online") -> "list[Finding]":
    """What is wrong by what the node says; a note is for `banyan doctor`."""
    from cli.application import version
    from cli.doctor.examination import examine_answers
    from cli.doctor.finding import Severity
    from cli.doctor.look import look_online

    findings = examine_answers(look_online(session.home, online), version())
    return [one for one in findings if one.kind.severity is not Severity.INFO]


def _show_live(session: Session, client: "NodeClient", interval_s: float, count: int | None) -> None:
    """Draw over what was drawn before; where that cannot be, in a pipe, one look below the other."""
    import sys

    from rich.console import Console
    from rich.live import Live

    console = Console(file=sys.stdout, markup=False, highlight=False, emoji=False)
    drawings = _looks(session, client, interval_s, count)
    if not console.is_terminal:
        for drawing in drawings:
            console.print(drawing, "", soft_wrap=True)
            sys.stdout.flush()
        return
    with Live(console=console, auto_refresh=False) as live:
        for drawing in drawings:
            live.update(drawing, refresh=True)


def _looks(session: Session, client: "NodeClient", interval_s: float, count: int | None) -> "Iterator[Group]":
    """What there is to see, so many times; the time between is spent in here.

    Raises:
        UnreachableError: the node does not answer the first time. Later it is waited for: it may be started again.
    """
    from cli.errors import UnreachableError

    samples: deque[Sample] = deque(maxlen=SAMPLES_MAX)
    for look in itertools.count(1):
        try:
            yield _drawn(session, client, samples)
        except UnreachableError as error:
            if look == 1:
                raise
            session.note(_("{reason}; looking again").format(reason=error))
            samples.clear()
        if look == count:
            return
        time.sleep(interval_s)


def _drawn(session: Session, client: "NodeClient", samples: "deque[Sample]") -> "Group":
    from rich.console import Group
    from rich.text import Text

    from cli.doctor.look import ask
    from cli.network_picture import Sample, node_rows
    from cli.node_registry import node_entries
    from cli.node_watch import reason_of
    from cli.printer import printable

    online = ask(client)
    rows = node_rows(online.status, node_entries(online.nodes), online.peers)
    samples.append(Sample.of(online.status))
    reason = reason_of(online.status)
    texts = [Text(printable(line)) for line in _lines(online.status, reason, samples)]
    texts[1].stylize("green" if reason is None else "bold red")
    warnings = [Text(printable(line), style="yellow") for line in _warnings(_findings(session, online))]
    return Group(*texts, *warnings, Text(""), _table(rows))


def _lines(status: "Mapping[str, Any]", reason: str | None, samples: "deque[Sample]") -> list[str]:
    """What there is to say of the node itself; the second line is its state."""
    from cli.network_picture import per_second, seconds_of_stage, seconds_to_go
    from cli.printer import time_text
    from cli.size_text import size_text
    from cli.sync_text import sync_text

    blocks, entries = per_second(samples[0], samples[-1])
    state = _("takes transactions") if reason is None else _("takes no transactions: {reason}").format(reason=reason)
    lines = [
        f"{status['network']['name']} · {status['node']['name']} · {time_text(status['clock_ms'])}",
        state,
        _("term {term} · height {height} · {entries} log entries · {waiting} waiting").format(
            term=status["term"],
            height=status["executed_height"],
            entries=status["tree_size"],
            waiting=status["mempool"]["count"],
        ),
        _("{blocks:.1f} blocks/s · {entries:.1f} entries/s").format(blocks=blocks, entries=entries),
    ]
    lines.append(
        _("ledger {used} · {free} free on its disk").format(
            used=size_text(status["disk"]["used_bytes"]), free=size_text(status["disk"]["free_bytes"])
        )
    )
    doing = sync_text(status["sync"])
    if doing is not None:
        left_s = seconds_of_stage(samples[0], samples[-1], status["sync"])
        lines.append(
            doing if left_s is None else _("{behind} · about {seconds} s to go").format(behind=doing, seconds=left_s)
        )
    elif status["lag_blocks"]:
        left_s = seconds_to_go(samples[0], samples[-1], status["lag_blocks"])
        behind = _("{count} blocks behind").format(count=status["lag_blocks"])
        lines.append(
            behind if left_s is None else _("{behind} · about {seconds} s to go").format(behind=behind, seconds=left_s)
        )
    return lines


def _warnings(findings: "list[Finding]") -> list[str]:
    """The worst of what is wrong, one line each."""
    lines = [f"! {one.kind.code}: {one.text}" for one in findings[:WARNINGS_MAX]]
    if findings:
        lines.append(_("`banyan doctor` tells what to do ({count} findings)").format(count=len(findings)))
    return lines


def _table(rows: "tuple[NodeRow, ...]") -> "Table":
    from rich.table import Table
    from rich.text import Text

    from cli.printer import printable

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for header in (_("Node"), _("Role"), _("Connected"), _("Height"), _("Behind"), _("Heard"), _("Clock")):
        table.add_column(Text(header))
    for row in rows:
        connected = _("this node") if row.is_connected is None else _("yes") if row.is_connected else _("no")
        table.add_row(
            Text(printable(row.name)),
            Text(_(_ROLES.get(row.role, row.role)), style="green" if row.role == "leader" else ""),
            Text(connected),
            Text("?" if row.height is None else str(row.height), justify="right"),
            Text("?" if row.lag_blocks is None else str(row.lag_blocks), justify="right"),
            Text("" if row.heard_ms is None else f"{row.heard_ms / 1000:.0f} s", justify="right"),
            Text("" if row.clock_offset_ms is None else f"{row.clock_offset_ms / 1000:+.1f} s", justify="right"),
        )
    return table
