"""`banyan invite`: let a node in that the registry does not name yet."""

from pathlib import Path
from typing import Annotated

import typer

from cli.language import N_, _
from cli.printer import Printer, time_text
from cli.session import Session

HOURS_DEFAULT = 48
HOURS_MAX = 720


def invite(
    session: Session,
    node: Annotated[
        Path, typer.Option("--node", metavar="FILE", help=N_("The node.public.json of the node that is to join."))
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help=N_("Where the invitation is written."))],
    hours: Annotated[
        int, typer.Option("--hours", min=1, max=HOURS_MAX, help=N_("For how many hours it holds."))
    ] = HOURS_DEFAULT,
) -> None:
    """Invite a node to join through this one."""
    from cli.client import NodeClient
    from cli.genesis_file import read_home_genesis, read_node_description
    from cli.invitation_file import invitation_file
    from cli.named_file import check_new, write_new

    # A node that was asked lets the guest in, whether or not the file can be written then.
    check_new(out)
    guest = read_node_description(node)
    with NodeClient(session.home) as client:
        answer = client.post("/v1/invitations", guest.to_json().encode("utf-8"), "application/json", hours=hours)
    write_new(out, invitation_file(answer["invitation"], read_home_genesis(session.home)))
    document = {"file": str(out), "node": answer["node"], "name": guest.name, "expiry_ms": answer["expiry_ms"]}

    def render(printer: Printer) -> None:
        printer.good(_("The invitation for {name} is in {path}.").format(name=guest.name, path=out))
        printer.fields([(_("Node id"), answer["node"]), (_("Expires"), time_text(answer["expiry_ms"]))])
        session.note(_("Next, with the node's folder: `banyan join --invite {path}`.").format(path=out))

    session.show(document, render)
