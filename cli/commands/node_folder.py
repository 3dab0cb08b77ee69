"""`banyan init`, `banyan join`, `banyan run`: a node's folder, its network, the node itself."""

import time
from pathlib import Path
from typing import Annotated

import typer

from cli.language import N_, _
from cli.printer import Printer
from cli.session import Session


def init(
    session: Session,
    name: Annotated[
        str, typer.Option("--name", help=N_("The node's name: small letters, digits, dots, slashes, hyphens."))
    ],
    listen: Annotated[str, typer.Option("--listen", metavar="HOST:PORT", help=N_("Where other nodes reach this one."))],
    http: Annotated[
        str, typer.Option("--http", metavar="HOST:PORT", help=N_("Where the HTTP API is served; nowhere if left out."))
    ] = "",
    passphrase: Annotated[
        bool, typer.Option("--passphrase", help=N_("Put the seed under a passphrase, which every start needs then."))
    ] = False,
    small: Annotated[
        bool, typer.Option("--small", help=N_("Choose settings for a small machine, such as a Raspberry Pi."))
    ] = False,
) -> None:
    """Make a node's folder."""
    from cli.seed_passphrase import choose_seed_passphrase
    from daemon.home import Home, create_home
    from ledger.verifier_key import KEY_TYPE_COSIGNER, KEY_TYPE_LOG, VerifierKey

    _check_options(name, listen, http)
    secret = choose_seed_passphrase() if passphrase else None
    description = create_home(session.home, name, listen, http, secret, is_small=small)
    document = description.to_value() | {
        "home": str(session.home),
        "node_id": description.node_id.hex(),
        "public_file": str(Home(session.home).public),
    }

    def render(printer: Printer) -> None:
        printer.good(_("The node {name} is in {path}.").format(name=name, path=session.home))
        printer.fields(
            [
                (_("Node id"), description.node_id.hex()),
                (_("Log key"), VerifierKey(name, KEY_TYPE_LOG, description.log)),
                (_("Cosigner key"), VerifierKey(name, KEY_TYPE_COSIGNER, description.cosigner)),
                (_("Public description"), Home(session.home).public),
            ]
        )
        session.note(_("Next: put the public description into a genesis with `banyan network new --voter FILE`."))

    session.show(document, render)


def _check_options(name: str, listen: str, http: str) -> None:
    """Refuse what would stand in the settings and not be usable, by the name of the option."""
    from cli.errors import UsageError
    from daemon.config import check_http_address
    from ledger.errors import InvalidGenesisError
    from ledger.node_keys import check_address, check_node_name

    option = "--name"
    try:
        check_node_name(name)
        option = "--listen"
        check_address(listen)
        option = "--http"
        check_http_address(http)
    except InvalidGenesisError as error:
        raise UsageError(
            "the value of {name} cannot be used: {reason}; see `banyan init --help`", name=option, reason=error
        ) from error


def join(
    session: Session,
    genesis: Annotated[
        Path | None, typer.Option("--genesis", metavar="FILE", help=N_("The network's genesis.json."))
    ] = None,
    invite: Annotated[
        Path | None,
        typer.Option("--invite", metavar="FILE", help=N_("The invitation, for a node that the genesis does not name.")),
    ] = None,
    inheritance: Annotated[
        Path | None,
        typer.Option("--inheritance", metavar="FILE", help=N_("The records that a successor network begins with.")),
    ] = None,
) -> None:
    """Tie the node's folder to a network."""
    from cli.errors import UsageError
    from cli.genesis_file import read_genesis
    from cli.invitation_file import read_invitation
    from cli.seed_passphrase import ask_seed_passphrase
    from daemon.home import join_home

    invitation, network = read_invitation(invite) if invite is not None else (None, None)
    if genesis is not None:
        network = read_genesis(genesis)
    if network is None:
        raise UsageError("no genesis is given: name the network's genesis.json with --genesis, or an invitation")
    now_ms = time.time_ns() // 1_000_000
    node_id = join_home(session.home, network, invitation, now_ms, ask_seed_passphrase, inheritance)
    is_named = any(voter.node_id == node_id for voter in network.voters)
    document = {"home": str(session.home), "network": {"id": network.network_id.hex(), "name": network.name}}

    def render(printer: Printer) -> None:
        printer.good(
            _("The node in {path} belongs to the network {name}.").format(path=session.home, name=network.name)
        )
        printer.fields([(_("Network id"), network.network_id.hex())])
        if not is_named:
            session.note(
                _("The genesis does not name this node: others let it in once it is registered, or by invitation.")
            )
        session.note(_("Next: `banyan run --home {path}`.").format(path=session.home))

    session.show(document, render)


def run(session: Session) -> int:
    """Run the node in the foreground."""
    # Everything heavy, trio and lmdb among it, is loaded here and in no other command.
    from cli.seed_passphrase import ask_seed_passphrase
    from daemon.run import run_node
    from daemon.seed_passphrase import RememberedPassphrase

    # A change of keys opens a seed again, when perhaps nobody sits there any more.
    return run_node(session.home, RememberedPassphrase(ask_seed_passphrase))
