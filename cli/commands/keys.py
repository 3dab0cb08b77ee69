"""`banyan keys list|next|rotate|change|seal|unseal`: the keys of nodes, how old they are, and new ones for them.

`rotate` does one step after the other and may be run again after any interruption, here or at another node.
Source: docs/guide/keys.md, docs/adr/0032-keys-of-nodes.md.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.language import N_, _
from cli.printer import Printer, time_text
from cli.session import Session

if TYPE_CHECKING:
    from ledger.node_keys import NodeDescription

_STATES = {"voter": N_("voter"), "observer": N_("observer")}
_AGES = {"fresh": N_("fresh"), "renew": N_("to be replaced soon"), "expired": N_("expired")}

_Key = Annotated[
    Path | None,
    typer.Option("--key", metavar="FILE", help=N_("Key to sign with. Default: $BANYAN_KEY, then admin.key in --home.")),
]


def keys_list(session: Session) -> None:
    """Show how old the keys of each node are, and which are being replaced."""
    from cli.client import NodeClient
    from cli.key_ages import read_key_ages

    with NodeClient(session.home) as client:
        document = {"nodes": read_key_ages(client)}
    session.show(document, lambda printer: _render_list(printer, document["nodes"]))


def _render_list(printer: Printer, nodes: list[dict[str, Any]]) -> None:
    names = {one["id"]: one["name"] for one in nodes}
    printer.table(
        [_("Name"), _("State"), _("Keys since"), _("Expire"), _("Keys"), _("In the place of"), _("Id")],
        (
            [
                one["name"],
                _(_STATES.get(one["state"], one["state"])),
                "?" if one["registered_ms"] is None else time_text(one["registered_ms"]),
                _("never") if one["expires_ms"] is None else time_text(one["expires_ms"]),
                _(_AGES.get(one["keys"], one["keys"])),
                one["replaces"][:16] + "…" if one["replaces"] in names else "",
                one["id"],
            ]
            for one in nodes
        ),
    )


def keys_next(
    session: Session,
    address: Annotated[
        str | None,
        typer.Option("--address", metavar="HOST:PORT", help=N_("Where others reach the node. Default: as before.")),
    ] = None,
) -> None:
    """Make the node's next keys beside those it has; it goes on under the old ones."""
    made = _make_next(session, address)
    file = _next_file(session)
    document = {"node_id": made.node_id.hex(), "name": made.name, "public_file": str(file)}

    def render(printer: Printer) -> None:
        printer.good(_("The next keys of {name} are made.").format(name=made.name))
        printer.fields([(_("Node id"), made.node_id.hex()), (_("Public description"), file)])
        session.note(
            _(
                "Next: `banyan keys rotate` here with an administrator's key, or `banyan keys rotate --successor FILE`"
                " with the public description at another node."
            )
        )

    session.show(document, render)


def _make_next(session: Session, address: str | None) -> "NodeDescription":
    from cli.errors import CommandError
    from cli.seed_passphrase import ask_seed_passphrase
    from daemon.config import read_config
    from daemon.home import Home
    from daemon.next_keys import make_next_keys
    from ledger.node_keys import check_address

    home = Home(session.home)
    config = read_config(home.config)
    if address is not None:
        check_address(address)
    try:
        return make_next_keys(
            home, config.name, address or _published_address(home) or config.listen, ask_seed_passphrase
        )
    except OSError as error:
        raise CommandError(
            "the next keys cannot be made in {path} ({reason}); make room there, or run this as the node's user",
            path=str(home.next_keys),
            reason=error.strerror or str(error),
        ) from error


def _published_address(home: Any) -> str | None:
    from ledger.errors import InvalidGenesisError
    from ledger.node_keys import NodeDescription

    try:
        return NodeDescription.from_json(home.public.read_text("utf-8")).address
    except (OSError, UnicodeDecodeError, InvalidGenesisError):
        # The node runs without the file; its settings say where it listens.
        return None


def _next_file(session: Session) -> Path:
    from daemon.home import Home

    return Home(Home(session.home).next_keys).public


def keys_rotate(
    session: Session,
    node: Annotated[
        str | None,
        typer.Argument(metavar="[NODE]", help=N_("Name or beginning of the id of another node than that in --home.")),
    ] = None,
    successor: Annotated[
        Path | None,
        typer.Option(
            "--successor", metavar="FILE", help=N_("The public description of its next keys, or of the new machine.")
        ),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help=N_("Replace keys that are less than a day old, too."))] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help=N_("Do not wait until a change is safe: it may leave no quorum within reach.")),
    ] = False,
    key: _Key = None,
) -> None:
    """Replace a node's keys step by step; run it again to go on after an interruption or an approval."""
    from cli.rotating import Rotating

    rotating = Rotating(
        session, node, successor, key, force=force, again=again, make_next=lambda: _make_next(session, None)
    )
    document = rotating.run()
    session.show(document, lambda printer: _render_rotation(printer, document))


def _render_rotation(printer: Printer, document: dict[str, Any]) -> None:
    name, state = document["name"], document["state"]
    if state == "done":
        printer.good(_("The keys of {name} are replaced; the old ones are worth nothing any more.").format(name=name))
    elif state == "fresh":
        printer.good(_("The keys of {name} are less than a day old; nothing was done.").format(name=name))
    elif state == "proposed":
        printer.line(
            _(
                "Proposed. Once more administrators approve it (`banyan voters approve {proposal}`), run this again."
            ).format(proposal=document["proposal"])
        )
    else:
        printer.line(
            _(
                "{name} does not run under its new keys yet. Start it, or have its operator do so; then run this again."
            ).format(name=name)
        )
    printer.fields([(_("Old node id"), document["old"] or _("none")), (_("New node id"), document["new"])])


def keys_change(session: Session) -> None:
    """Go on under the next keys now, whatever this node's ledger says; the node must not run."""
    from cli.seed_passphrase import ask_seed_passphrase
    from daemon.home import change_keys_now

    node_id = change_keys_now(session.home, ask_seed_passphrase)
    document = {"node_id": node_id.hex()}

    def render(printer: Printer) -> None:
        printer.good(_("The node has its next keys; the old ones are gone."))
        printer.fields([(_("Node id"), node_id.hex())])

    session.show(document, render)


def keys_seal(session: Session) -> None:
    """Put the node's seed under a passphrase; the node must not run."""
    from cli.errors import UsageError
    from cli.seed_passphrase import choose_seed_passphrase
    from daemon.home import locked_home
    from daemon.seed import is_sealed, seal_seed

    with locked_home(session.home) as home:
        if is_sealed(home.seed):
            raise UsageError(
                "the seed {path} has a passphrase already; `banyan keys unseal` first", path=str(home.seed)
            )
        seal_seed(home.seed, choose_seed_passphrase())
    _show_sealed(session, True)


def keys_unseal(session: Session) -> None:
    """Leave the node's seed in the clear; the node must not run."""
    from cli.errors import UsageError
    from cli.seed_passphrase import ask_seed_passphrase
    from daemon.home import locked_home
    from daemon.seed import is_sealed, unseal_seed

    with locked_home(session.home) as home:
        if not is_sealed(home.seed):
            raise UsageError("the seed {path} has no passphrase; nothing is to be done", path=str(home.seed))
        unseal_seed(home.seed, ask_seed_passphrase)
    _show_sealed(session, False)


def _show_sealed(session: Session, is_sealed: bool) -> None:
    def render(printer: Printer) -> None:
        if is_sealed:
            printer.good(_("The seed has a passphrase. Without it the node does not start: keep it in another place."))
        else:
            printer.good(_("The seed has no passphrase any more."))

    session.show({"home": str(session.home), "sealed": is_sealed}, render)
