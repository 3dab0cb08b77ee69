"""`banyan protocol show|statement|announce|set|cancel`: from which block on the network follows a newer version.

Owns how operators bring a network to a newer version of the protocol: each node's program says what it can follow, that
is announced on the ledger, and the administrators decide on a height. Source: docs/guide/upgrading.md.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.governing import govern
from cli.language import N_, _
from cli.printer import Printer
from cli.session import Session

if TYPE_CHECKING:
    from cli.client import NodeClient
    from ledger.encoding import Value

# A statement has less than 1 kB; what is much longer is another file.
STATEMENT_SIZE_BYTES_MAX = 16 * 1024
_FIELDS = {"node": str, "versions": list, "time_ms": int, "signature": str}

_Key = Annotated[
    Path | None,
    typer.Option("--key", metavar="FILE", help=N_("Key to sign with. Default: $BANYAN_KEY, then admin.key in --home.")),
]


def protocol_show(session: Session) -> None:
    """Show the version of the protocol, what is scheduled, and what the nodes can follow."""
    from cli.client import NodeClient
    from cli.node_registry import read_nodes

    with NodeClient(session.home) as client:
        answer = client.get("/v1/protocol")
        status = client.get("/v1/status")
        announced = _announced(client)
        nodes = [
            {"id": one.id, "name": one.name, "state": one.state, "versions": announced.get(one.id, [1])}
            for one in read_nodes(client)
        ]
    document: dict[str, Any] = {name: answer[name] for name in ("version", "known", "scheduled")}
    document |= {"height": status["height"], "nodes": nodes}
    session.show(document, lambda printer: _render(printer, document))


def _announced(client: "NodeClient") -> dict[str, list[int]]:
    """The versions that nodes announced, by node; who announced nothing follows version 1."""
    from cli.node_registry import NODES_MAX, read_all

    return {one["id"]: one["fields"]["versions"] for one in read_all(client, "node-protocol", NODES_MAX)}


def _render(printer: Printer, document: dict[str, Any]) -> None:
    scheduled = document["scheduled"]
    coming = _("none")
    if scheduled is not None:
        coming = _("version {version} from block {height} on, {count} blocks ahead").format(
            version=scheduled["version"],
            height=scheduled["height"],
            count=max(scheduled["height"] - document["height"], 0),
        )
    printer.fields(
        [
            (_("Version in force"), document["version"]),
            (_("Scheduled"), coming),
            (_("This program knows"), _numbers(document["known"])),
        ]
    )
    printer.line()
    states = {"voter": _("voter"), "observer": _("observer")}
    printer.table(
        [_("Name"), _("State"), _("Can follow"), _("Id")],
        (
            [one["name"], states.get(one["state"], one["state"]), _numbers(one["versions"]), one["id"]]
            for one in document["nodes"]
        ),
    )


def _numbers(versions: list[int]) -> str:
    return ", ".join(map(str, versions))


def protocol_statement(session: Session) -> None:
    """Print what the running node says that it can follow, for an administrator to announce."""
    from cli.client import NodeClient

    with NodeClient(session.home) as client:
        statement = client.get("/v1/protocol")["statement"]
    session.show(statement, lambda printer: printer.line(json.dumps(statement)))


def protocol_announce(
    session: Session,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]...", help=N_("What `protocol statement` printed; of this node if left out.")),
    ] = None,
    key: _Key = None,
) -> int:
    """Announce on the ledger what nodes say that they can follow."""
    if files:
        statements = [_read_statement(path) for path in files]
    else:
        from cli.client import NodeClient

        with NodeClient(session.home) as client:
            statements = [client.get("/v1/protocol")["statement"]]
    for statement in statements:
        arguments: dict[str, Value] = {
            "node": bytes.fromhex(statement["node"]),
            "versions": statement["versions"],
            "time_ms": statement["time_ms"],
            "signature": bytes.fromhex(statement["signature"]),
        }
        govern(session, "governance.node-protocol", arguments, key)
    return 0


def _read_statement(path: Path) -> dict[str, Any]:
    from cli.errors import UsageError
    from cli.named_file import read_text

    text = read_text(path, STATEMENT_SIZE_BYTES_MAX)
    try:
        found = json.loads(text)
        if set(found) != set(_FIELDS) or any(type(found[name]) is not kind for name, kind in _FIELDS.items()):
            raise ValueError("other fields")
        bytes.fromhex(found["node"] + found["signature"])
    except (ValueError, TypeError) as error:
        raise UsageError(
            "{path} is not what `banyan protocol statement` printed; let the node's operator print it again",
            path=str(path),
        ) from error
    return dict(found)


def protocol_set(
    session: Session,
    version: Annotated[int, typer.Argument(metavar="VERSION", help=N_("The version that blocks are to follow."))],
    height: Annotated[int, typer.Option("--height", metavar="HEIGHT", help=N_("The first block of that version."))],
    force: Annotated[
        bool, typer.Option("--force", help=N_("Let a quorum of the voters be enough; else all have to support it."))
    ] = False,
    key: _Key = None,
) -> int:
    """Let blocks follow a newer version of the protocol from a height on."""
    arguments: dict[str, Value] = {"version": version, "height": height}
    if force:
        arguments["force"] = True
    govern(session, "governance.protocol-set", arguments, key)
    return 0


def protocol_cancel(session: Session, key: _Key = None) -> int:
    """Take back the version of the protocol that is scheduled and not in force yet."""
    govern(session, "governance.protocol-cancel", {}, key)
    return 0
