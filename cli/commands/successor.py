"""`banyan successor draft|endorse|show|policy`: a network that takes over from one that lost its quorum for good."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.language import N_, _
from cli.printer import Printer, time_text
from cli.session import Session

if TYPE_CHECKING:
    from ledger.genesis import Genesis
    from ledger.predecessor import Predecessor

_Genesis = Annotated[Path, typer.Argument(metavar="GENESIS", help=N_("The successor's genesis, or its draft."))]


def successor_draft(
    session: Session,
    name: Annotated[str, typer.Option("--name", metavar="ORIGIN", help=N_("The successor's name, a new one."))],
    voter: Annotated[
        list[Path],
        typer.Option("--voter", metavar="FILE", help=N_("The node.public.json of a first voter; once for each.")),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help=N_("Where the draft is written."))],
    inheritance: Annotated[
        Path, typer.Option("--inheritance", metavar="FILE", help=N_("Where the records are written that go over."))
    ],
) -> None:
    """Draft the genesis of a successor from a survivor's folder."""
    from cli.errors import UsageError
    from cli.genesis_file import read_node_description
    from cli.named_file import check_new, write_new
    from daemon.succession import draft_successor
    from ledger.errors import InvalidGenesisError

    check_new(out)
    voters = tuple(read_node_description(path) for path in voter)
    try:
        genesis = draft_successor(session.home, name, voters, time.time_ns() // 1_000_000, inheritance)
    except InvalidGenesisError as error:
        raise UsageError("{reason}", reason=error) from error
    write_new(out, genesis.to_json().encode("utf-8"))
    document = _described(genesis) | {"file": str(out), "inheritance": str(inheritance)}

    def render(printer: Printer) -> None:
        printer.good(_("The draft of {name} is in {path}.").format(name=genesis.name, path=out))
        _render(printer, genesis)
        session.note(
            _("Next, with each survivor's folder: `banyan successor endorse {path}`, one after the other.").format(
                path=out
            )
        )

    session.show(document, render)


def successor_endorse(session: Session, genesis: _Genesis) -> None:
    """Endorse a successor, after comparing all that its draft says with this node's own ledger."""
    from cli.named_file import write_over
    from cli.seed_passphrase import ask_seed_passphrase
    from daemon.succession import endorse_successor

    endorsed = endorse_successor(session.home, _read_draft(genesis), ask_seed_passphrase)
    write_over(genesis, endorsed.to_json().encode("utf-8"))
    document = _described(endorsed) | {"file": str(genesis)}

    def render(printer: Printer) -> None:
        printer.good(_("This node has endorsed {name}; it does not run again.").format(name=endorsed.name))
        _render(printer, endorsed)
        session.note(
            _(
                "When all survivors have endorsed it, each new node: `banyan join --genesis {path} --inheritance FILE`."
            ).format(path=genesis)
        )

    session.show(document, render)


def successor_show(session: Session, genesis: _Genesis) -> None:
    """Show what a successor's genesis says of the ledger that it takes over, with everything in it verified."""
    from cli.errors import UsageError
    from cli.genesis_file import read_genesis
    from contracts.inheritance import check_certified

    found = read_genesis(genesis)
    if found.predecessor is None:
        raise UsageError("{path} is the genesis of no successor network", path=str(genesis))
    check_certified(found.predecessor)

    def render(printer: Printer) -> None:
        printer.good(_("Endorsements, certificate and checkpoint hold."))
        _render(printer, found)
        printer.line(_("That these were the old network's voters is known from its own genesis or ledger alone."))

    session.show(_described(found), render)


def successor_policy(
    session: Session,
    genesis: _Genesis,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help=N_("Write it there instead of printing it."))
    ] = None,
    at: Annotated[
        int | None,
        typer.Option("--at", metavar="SIZE", min=0, help=N_("The policy as it was at that tree size of the old log.")),
    ] = None,
    inheritance: Annotated[
        Path | None,
        typer.Option(
            "--inheritance", metavar="FILE", help=N_("The records that the successor began with; --at needs them.")
        ),
    ] = None,
) -> None:
    """Print the old network's verification policy, for its receipts."""
    from cli.errors import UsageError
    from cli.genesis_file import read_genesis
    from cli.named_file import write_new

    found = read_genesis(genesis)
    if found.predecessor is None:
        raise UsageError("{path} is the genesis of no successor network", path=str(genesis))
    text = found.predecessor.policy if at is None else _policy_at(found.predecessor, at, inheritance)
    if out is not None:
        write_new(out, text.encode("utf-8"))
    document = {"name": found.predecessor.name, "policy": text, "file": None if out is None else str(out)}

    def render(printer: Printer) -> None:
        if out is None:
            printer.line(text.rstrip("\n"))
        else:
            printer.good(_("The policy of {name} is in {path}.").format(name=document["name"], path=out))

    session.show(document, render)


def _policy_at(predecessor: "Predecessor", size: int, inheritance: Path | None) -> str:
    """The policy of the old voters that certified checkpoints of this size, out of the inherited records."""
    from cli.errors import UsageError
    from contracts.inheritance import former_policies
    from storage.inheritance_file import check_inheritance, read_inheritance

    if inheritance is None:
        raise UsageError(
            "earlier policies of the old network are among the records that the successor began with; name the file"
            " with --inheritance: it lies as `inheritance` in the folder of every node"
        )
    check_inheritance(inheritance, predecessor.inherited_digest)
    known = former_policies(predecessor.network_id, read_inheritance(inheritance))
    # Whoever began before there were such records has the newest alone, which the genesis holds.
    fitting = [one for one in known if one.from_size <= size]
    if not fitting:
        raise UsageError(
            "{path} holds no earlier policies of {name}; `banyan successor policy` without --at prints the newest",
            path=str(inheritance),
            name=predecessor.name,
        )
    return max(fitting, key=lambda one: one.from_size).text


def _read_draft(path: Path) -> "Genesis":
    from cli.errors import UsageError
    from cli.named_file import read_text
    from ledger.errors import InvalidGenesisError
    from ledger.genesis import parse_genesis_draft
    from ledger.strict_json import JSON_SIZE_CHARACTERS_MAX

    try:
        return parse_genesis_draft(read_text(path, 4 * JSON_SIZE_CHARACTERS_MAX))
    except InvalidGenesisError as error:
        raise UsageError(
            "{path} is not a usable genesis: {reason}; take the draft that `banyan successor draft` wrote",
            path=str(path),
            reason=error,
        ) from error


def _described(genesis: "Genesis") -> dict[str, object]:
    predecessor = genesis.predecessor
    assert predecessor is not None, "described are successors alone"
    header = predecessor.decoded_header
    checkpoint = predecessor.verified_checkpoint.checkpoint
    return {
        "network": {"id": genesis.network_id.hex(), "name": genesis.name},
        "voters": [voter.name for voter in genesis.voters],
        "predecessor": {
            "id": predecessor.network_id.hex(),
            "name": predecessor.name,
            "height": header.height,
            "block_hash": header.hash.hex(),
            "time_ms": header.time_ms,
            "checkpoint_size": checkpoint.tree_size,
            "checkpoint_root": checkpoint.root.hex(),
            "voters": [one.name for one in predecessor.voters],
            "endorsed_by": [one.voter.name for one in predecessor.endorsements],
        },
    }


def _render(printer: Printer, genesis: "Genesis") -> None:
    predecessor = genesis.predecessor
    assert predecessor is not None, "described are successors alone"
    header = predecessor.decoded_header
    endorsed = ", ".join(one.voter.name for one in predecessor.endorsements)
    printer.fields(
        [
            (_("Network id"), genesis.network_id.hex()),
            *((_("Voter"), f"{voter.name} {voter.node_id.hex()}") for voter in genesis.voters),
            (_("Takes over from"), predecessor.name),
            (_("Its last block"), f"{header.height} {header.hash.hex()}"),
            (_("Time"), time_text(header.time_ms)),
            (_("Its newest checkpoint"), predecessor.verified_checkpoint.checkpoint.tree_size),
            (_("Its last voters"), ", ".join(one.name for one in predecessor.voters)),
            (_("Endorsed by"), endorsed or _("nobody yet")),
        ]
    )
