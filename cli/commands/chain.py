"""`banyan tx`, `banyan block`, `banyan status`: what the chain holds and where it stands."""

from typing import Annotated, Any

import typer

from cli.commands.records import value_text
from cli.language import N_, _
from cli.printer import Printer, time_text
from cli.session import Session
from cli.size_text import size_text

_ROLES = {
    "leader": N_("leader"),
    "follower": N_("follower"),
    "candidate": N_("candidate"),
    "observer": N_("observer"),
}


def status(session: Session) -> None:
    """Show how the node is."""
    from cli.client import NodeClient

    with NodeClient(session.home) as client:
        document = client.get("/v1/status")
    session.show(document, lambda printer: _render_status(printer, document))


def _render_status(printer: Printer, document: dict[str, Any]) -> None:
    disk, pool, network, node = document["disk"], document["mempool"], document["network"], document["node"]
    from cli.client import problem_error
    from cli.disk_warning import disk_warning
    from cli.language import translated
    from cli.node_watch import reason_of
    from cli.sync_text import sync_text

    if document["accepting"]:
        printer.good(_("The node takes transactions."))
    else:
        printer.bad(_("The node takes no transactions: {reason}").format(reason=reason_of(document) or "?"))
    if document["accepting"] and document["leader"] is None:
        printer.bad(_("Nobody leads, as far as it hears: what it takes waits. `banyan doctor` tells why."))
    scarce = disk_warning(document)
    if scarce is not None:
        printer.bad(scarce)
    # Only of a node that began with a snapshot: everybody else keeps everything.
    kept = [(_("Keeps blocks from"), document["kept_from"])] if document.get("kept_from", 1) > 1 else []
    doing = sync_text(document["sync"])
    syncing = [(_("Syncing"), doing)] if doing is not None else []
    waiting = document["change_waits"]
    if waiting is not None:
        printer.bad(
            _("A change of voters waits: {reason}").format(reason=translated(problem_error(waiting["problem"])))
        )
    _warn_of_keys(printer, document)
    printer.fields(
        [
            (_("Network"), f"{network['name']} {network['id']}"),
            (_("Node"), f"{node['name']} {node['id']} {node['address']}"),
            *_key_fields(document),
            (_("Role"), _(_ROLES.get(document["role"], document["role"]))),
            (_("Term"), document["term"]),
            (_("Leader"), document["leader"] or _("none")),
            (_("Voters"), ", ".join(document["voters"])),
            (_("Voters confirmed"), _("yes") if document["voters_confirmed"] else _("no")),
            (_("Neighbours"), document["peers"]["count"]),
            (_("Blocks behind"), document["lag_blocks"]),
            *syncing,
            (_("Height"), document["height"]),
            (_("Committed height"), document["committed_height"]),
            (_("Executed height"), document["executed_height"]),
            *kept,
            (_("Log entries"), document["tree_size"]),
            (_("Log root"), document["tree_root"]),
            (_("State digest"), document["state_digest"]),
            (_("Checkpoint at"), document["checkpoint_size"]),
            (_("Waiting transactions"), f"{pool['count']} ({size_text(pool['size_bytes'])})"),
            (_("Disk used"), size_text(disk["used_bytes"])),
            (_("Disk free"), size_text(disk["free_bytes"])),
            (_("Room for the ledger"), size_text(disk["room_bytes"])),
            (_("Running for"), _duration_text(document["uptime_ms"])),
            (_("Version"), document["version"]),
            (_("Version of the protocol"), _protocol_text(document["protocol"])),
        ]
    )


def _protocol_text(protocol: dict[str, Any]) -> str:
    scheduled = protocol["scheduled"]
    if scheduled is None:
        return str(protocol["version"])
    return _("{version}, and {next} from block {height} on").format(
        version=protocol["version"], next=scheduled["version"], height=scheduled["height"]
    )


def _warn_of_keys(printer: Printer, document: dict[str, Any]) -> None:
    keys = document.get("keys")
    if keys is not None and keys["state"] == "renew":
        printer.bad(_("The node's keys are to be replaced soon: `banyan keys rotate`."))
    elif keys is not None and keys["state"] == "expired":
        printer.bad(_("The node's keys have expired; it goes on all the same. Replace them: `banyan keys rotate`."))


def _key_fields(document: dict[str, Any]) -> list[tuple[str, str]]:
    keys = document.get("keys")
    if keys is None:
        return []
    expires = _("never") if keys["expires_ms"] is None else time_text(keys["expires_ms"])
    return [(_("Keys since"), time_text(keys["registered_ms"])), (_("Keys expire"), expires)]


def _duration_text(duration_ms: int) -> str:
    seconds = duration_ms // 1000
    days, hours, minutes = seconds // 86_400, seconds // 3600 % 24, seconds // 60 % 60
    return _("{days} d {hours} h {minutes} min {seconds} s").format(
        days=days, hours=hours, minutes=minutes, seconds=seconds % 60
    )


def tx(
    session: Session,
    transaction: Annotated[str, typer.Argument(metavar="ID", help=N_("The transaction's id."))],
) -> None:
    """Show a committed transaction, decoded."""
    from cli.client import NodeClient
    from cli.identifier import transaction_id

    with NodeClient(session.home) as client:
        document = client.get(f"/v1/transactions/{transaction_id(transaction)}")

    def render(printer: Printer) -> None:
        body, result = document["transaction"], document["result"]
        printer.fields(
            [
                (_("Id"), document["id"]),
                (_("Height"), document["height"]),
                (_("Index"), document["index"]),
                (_("Time"), time_text(document["time_ms"])),
                (_("Operation"), body["operation"]),
                (_("From"), body["from"]),
                *((_("Signed with"), f"{one['scheme']} {one['key']}") for one in body["signatures"]),
                (_("Expires"), time_text(body["expires_ms"])),
                (_("Result"), result["code"]),
                *((_("Wrote"), f"{one['kind']} {one['id']} ({one['version']})") for one in result["writes"]),
                *((_("In the chain of"), f"{one['subject']} ({one['sequence']})") for one in result["links"]),
            ]
        )
        if result["code"] != "ok":
            from cli.language import translated
            from cli.refusal_text import refusal_of

            pack = (result.get("refusal") or {}).get("pack")
            printer.bad(translated(refusal_of(result["code"], result["details"], pack)))
        printer.line()
        printer.fields((name, value_text(value)) for name, value in body["arguments"].items())

    session.show(document, render)


def block(
    session: Session,
    height: Annotated[int, typer.Argument(metavar="HEIGHT", min=1, help=N_("The block's height, from 1."))],
) -> None:
    """Show a block, decoded."""
    from cli.client import NodeClient

    with NodeClient(session.home) as client:
        document = client.get(f"/v1/blocks/{height}")

    def render(printer: Printer) -> None:
        printer.fields(
            [
                (_("Height"), document["height"]),
                (_("Hash"), document["hash"]),
                (_("Previous hash"), document["previous_hash"]),
                (_("Term"), document["term"]),
                (_("Time"), time_text(document["time_ms"])),
                (_("Proposer"), document["proposer"]),
                (_("Log entries"), document["tree_size"]),
                (_("Log root"), document["tree_root"]),
                (_("Executed height"), document["executed_height"]),
                (_("State digest"), document["state_digest"]),
                (_("Checkpoint"), _("yes") if document["checkpoint"] else _("no")),
                (_("Timers"), len(document["timers"])),
                (_("Transactions"), len(document["transactions"])),
            ]
        )
        if document["timers"]:
            printer.line()
            printer.table(
                [_("No."), _("Timer"), _("Purpose"), _("Result")],
                ([one["number"], one["id"], one["purpose"], one["code"]] for one in document["timers"]),
            )
        if document["transactions"]:
            printer.line()
            printer.table(
                [_("Index"), _("Id"), _("Operation"), _("From"), _("Result")],
                (
                    [one["index"], one["id"], one["operation"], one["from"], one["code"]]
                    for one in document["transactions"]
                ),
            )

    session.show(document, render)
