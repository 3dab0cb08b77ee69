"""`banyan watch`: the network as the node sees it, again and again until Ctrl-C."""

import itertools
import time
from collections import deque
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.language import N_, _
from cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Group
    from rich.table import Table

    from cli.client import NodeClient
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
            document = _look(client)
            session.show(document, lambda printer: None)
            return
        _show_live(session, client, interval, count)


def _look(client: "NodeClient") -> dict[str, Any]:
    from cli.node_registry import read_nodes

    return {
        "status": client.get("/v1/status"),
        "nodes": [
            {"id": one.id, "name": one.name, "state": one.state, "address": one.address} for one in read_nodes(client)
        ],
        "peers": client.get("/v1/peers"),
    }


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
            yield _drawn(client, samples)
        except UnreachableError as error:
            if look == 1:
                raise
            session.note(_("{reason}; looking again").format(reason=error))
            samples.clear()
        if look == count:
            return
        time.sleep(interval_s)


def _drawn(client: "NodeClient", samples: "deque[Sample]") -> "Group":
    from rich.console import Group
    from rich.text import Text

    from cli.network_picture import Sample, node_rows, per_second
    from cli.node_registry import read_nodes
    from cli.node_watch import reason_of
    from cli.printer import printable, time_text

    status = client.get("/v1/status")
    rows = node_rows(status, read_nodes(client), client.get("/v1/peers"))
    samples.append(Sample.of(status))
    blocks, entries = per_second(samples[0], samples[-1])
    reason = reason_of(status)
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
    texts = [Text(printable(line)) for line in lines]
    texts[1].stylize("green" if reason is None else "bold red")
    return Group(*texts, Text(""), _table(rows))


def _table(rows: "tuple[NodeRow, ...]") -> "Table":
    from rich.table import Table
    from rich.text import Text

    from cli.printer import printable

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for header in (_("Node"), _("Role"), _("Connected"), _("Height"), _("Behind")):
        table.add_column(Text(header))
    for row in rows:
        connected = _("this node") if row.is_connected is None else _("yes") if row.is_connected else _("no")
        table.add_row(
            Text(printable(row.name)),
            Text(_(_ROLES.get(row.role, row.role)), style="green" if row.role == "leader" else ""),
            Text(connected),
            Text("?" if row.height is None else str(row.height), justify="right"),
            Text("?" if row.lag_blocks is None else str(row.lag_blocks), justify="right"),
        )
    return table
