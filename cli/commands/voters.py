"""`banyan voters list|add|promote|remove|approve|transfer`: who belongs to the network as a node, and who votes.

Each change is one operation of the contract `governance`; with several administrators it becomes a proposal that the
others approve. Source: docs/reference/contracts.md, "governance".
"""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.governing import govern
from cli.language import N_, _
from cli.printer import Printer, time_text
from cli.session import Session

if TYPE_CHECKING:
    from cli.client import NodeClient
    from cli.node_registry import NodeEntry
    from ledger.encoding import Value

_STATES = {"voter": N_("voter"), "observer": N_("observer")}
_QUORUMS = {"majority": N_("majority"), "two-thirds": N_("two-thirds")}
_VOTER_METHODS = ("voter-add", "voter-remove")
# A transfer takes an election; the leader gives up after as long.
TRANSFER_S_MAX = 15
_POLL_S = 0.1

_Key = Annotated[
    Path | None,
    typer.Option("--key", metavar="FILE", help=N_("Key to sign with. Default: $BANYAN_KEY, then admin.key in --home.")),
]
_Node = Annotated[str, typer.Argument(metavar="NODE", help=N_("The node's name, or the beginning of its id."))]
_Force = Annotated[
    bool,
    typer.Option("--force", help=N_("Do not wait until the change is safe: it may leave no quorum within reach.")),
]


def voters_list(session: Session) -> None:
    """Show the nodes, who of them votes, and what administrators have proposed."""
    from cli.client import NodeClient
    from cli.node_registry import PROPOSALS_MAX, read_all, read_nodes

    with NodeClient(session.home) as client:
        status = client.get("/v1/status")
        voters = client.get("/v1/records/voters/current")["fields"]
        nodes = read_nodes(client)
        proposals = read_all(client, "proposal", PROPOSALS_MAX)
    document = {
        "number": voters["number"],
        "quorum": voters["quorum"],
        "barrier_height": voters["barrier_height"],
        "nodes": [
            {
                "id": one.id,
                "name": one.name,
                "state": one.state,
                "address": one.address,
                "leader": one.id == status["leader"],
            }
            for one in nodes
        ],
        "proposals": [_proposal(one) for one in proposals],
    }
    session.show(document, lambda printer: _render_list(printer, document))


def _proposal(record: dict[str, Any]) -> dict[str, Any]:
    fields = record["fields"]
    return {
        "id": record["id"],
        "method": fields["method"],
        "subject": fields["subject"],
        "approvals": len(fields["approvals"]),
        "expires_ms": fields["expires"],
    }


def _render_list(printer: Printer, document: dict[str, Any]) -> None:
    nodes = document["nodes"]
    voters = sum(one["state"] == "voter" for one in nodes)
    printer.fields(
        [
            (
                _("Voter set"),
                _("{number}, since block {height}").format(
                    number=document["number"], height=document["barrier_height"]
                ),
            ),
            (_("Voters"), voters),
            (_("Quorum"), _(_QUORUMS.get(document["quorum"], document["quorum"]))),
        ]
    )
    printer.line()
    printer.table(
        [_("Name"), _("State"), _("Leads"), _("Address"), _("Id")],
        (
            [
                one["name"],
                _(_STATES.get(one["state"], one["state"])),
                _("yes") if one["leader"] else "",
                one["address"] or _("dials out only"),
                one["id"],
            ]
            for one in nodes
        ),
    )
    if document["proposals"]:
        names = {f"node/{one['id']}": one["name"] for one in nodes}
        printer.line()
        printer.table(
            [_("Proposal"), _("What"), _("About"), _("Approvals"), _("Expires")],
            (
                [
                    one["id"],
                    one["method"],
                    names.get(one["subject"], one["subject"]),
                    one["approvals"],
                    time_text(one["expires_ms"]),
                ]
                for one in document["proposals"]
            ),
        )


def voters_add(
    session: Session,
    description: Annotated[
        Path, typer.Argument(metavar="FILE", help=N_("The node.public.json that `banyan init` made."))
    ],
    key: _Key = None,
) -> int:
    """Take a node into the registry; it follows without a vote until it is promoted."""
    import json

    from cli.genesis_file import read_node_description

    node = read_node_description(description)
    done = govern(session, "governance.node-register", json.loads(node.to_json()), key)
    if done:
        session.note(_("Next, once it runs and has caught up: `banyan voters promote {name}`.").format(name=node.name))
    return 0


def voters_promote(session: Session, node: _Node, force: _Force = False, key: _Key = None) -> int:
    """Make a voter of a node that follows; the leader waits until it has caught up."""
    found = _find(session, node)
    govern(session, "governance.voter-add", _voter_arguments(found, force), key)
    return 0


def voters_remove(
    session: Session,
    node: _Node,
    leave: Annotated[
        bool, typer.Option("--leave", help=N_("Take the node out of the registry too: nobody talks to it any more."))
    ] = False,
    force: _Force = False,
    key: _Key = None,
) -> int:
    """Take a voter's vote away; it goes on following, unless it is to leave."""
    from cli.errors import UsageError
    from cli.node_registry import STATE_VOTER

    found = _find(session, node)
    if found.state != STATE_VOTER and not leave:
        raise UsageError("{name} has no vote; with --leave it leaves the registry", name=found.name)
    if found.state == STATE_VOTER and not govern(
        session, "governance.voter-remove", _voter_arguments(found, force), key, shows=not leave
    ):
        if leave:
            session.note(_("{name} can leave once it has no vote: run this again then.").format(name=found.name))
        return 0
    if leave:
        govern(session, "governance.node-remove", {"node": bytes.fromhex(found.id)}, key)
    return 0


def voters_approve(
    session: Session,
    proposal: Annotated[str, typer.Argument(metavar="PROPOSAL", help=N_("The id that `voters list` shows."))],
    force: _Force = False,
    key: _Key = None,
) -> int:
    """Approve what another administrator has proposed; the last approval does it."""
    from cli.client import NodeClient
    from cli.errors import UsageError
    from cli.identifier import transaction_id

    identifier = transaction_id(proposal)
    with NodeClient(session.home) as client:
        method = client.get(f"/v1/records/proposal/{identifier}")["fields"]["method"]
    arguments: dict[str, Value] = {"proposal": bytes.fromhex(identifier)}
    is_of_voters = method in _VOTER_METHODS
    if force and not is_of_voters:
        raise UsageError("only a change of voters waits; leave out --force for a {method}", method=method)
    if force:
        arguments["force"] = True
    govern(session, f"governance.{'voter-approve' if is_of_voters else 'approve'}", arguments, key)
    return 0


def voters_transfer(
    session: Session,
    node: Annotated[
        str | None,
        typer.Argument(metavar="[NODE]", help=N_("Who shall lead; the voter that is furthest if left out.")),
    ] = None,
) -> int:
    """Let another voter lead; no write is lost meanwhile."""
    from cli.client import NodeClient
    from cli.errors import UsageError
    from cli.node_registry import STATE_VOTER, find_node, read_nodes

    with NodeClient(session.home) as client:
        nodes = read_nodes(client)
        wanted = find_node(nodes, node) if node is not None else None
        if wanted is not None and wanted.state != STATE_VOTER:
            raise UsageError("{name} has no vote, so it cannot lead; promote it first", name=wanted.name)
        before = client.get("/v1/status")["leader"]
        after = before
        if wanted is None or wanted.id != before:
            query = {} if wanted is None else {"successor": wanted.id}
            client.post("/v1/leadership:transfer", b"", "application/json", **query)
            after = _wait_for_leader(client, before, wanted)
    name = next((one.name for one in nodes if one.id == after), after)
    session.show({"leader": after}, lambda printer: printer.good(_("{name} leads.").format(name=name)))
    return 0


def _wait_for_leader(client: "NodeClient", before: str | None, wanted: "NodeEntry | None") -> str:
    from cli.errors import CommandError

    deadline = time.monotonic() + TRANSFER_S_MAX
    while time.monotonic() < deadline:
        leader = client.get("/v1/status")["leader"]
        if leader is not None and (leader == wanted.id if wanted is not None else leader != before):
            return str(leader)
        time.sleep(_POLL_S)
    raise CommandError(
        "nobody else leads after {seconds} s; `banyan status` and `banyan peers` tell who is in reach, then try again",
        seconds=TRANSFER_S_MAX,
    )


def _find(session: Session, text: str) -> "NodeEntry":
    from cli.client import NodeClient
    from cli.node_registry import find_node, read_nodes

    with NodeClient(session.home) as client:
        return find_node(read_nodes(client), text)


def _voter_arguments(node: "NodeEntry", force: bool) -> "dict[str, Value]":
    return {"node": bytes.fromhex(node.id)} | ({"force": True} if force else {})
