"""`banyan network new`: a genesis from the public descriptions of its first nodes."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.errors import UsageError
from cli.language import N_, _
from cli.printer import Printer
from cli.session import Session

if TYPE_CHECKING:
    from ledger.genesis import Genesis, Parameters
    from ledger.genesis_pack import GenesisPack
    from ledger.verifier_key import VerifierKey


def network_new(
    session: Session,
    name: Annotated[
        str, typer.Option("--name", metavar="ORIGIN", help=N_("The network's name, such as huaxin.example/ledger."))
    ],
    voter: Annotated[
        list[Path],
        typer.Option("--voter", metavar="FILE", help=N_("The node.public.json of a first voter; once for each.")),
    ],
    admin: Annotated[
        list[str],
        typer.Option(
            "--admin", metavar="KEY", help=N_("The public key of an administrator, or their key file; once for each.")
        ),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help=N_("Where the genesis is written."))] = Path(
        "genesis.json"
    ),
    pack: Annotated[
        list[str] | None,
        typer.Option("--pack", metavar="NAME", help=N_("A policy pack that comes with the program, or its folder.")),
    ] = None,
    visibility: Annotated[
        str, typer.Option("--visibility", help=N_("Who may read entries over HTTP: public or members."))
    ] = "public",
    quorum: Annotated[
        str, typer.Option("--quorum", help=N_("majority, or two-thirds with four voters and more."))
    ] = "majority",
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", metavar="NAME=VALUE", help=N_("A parameter of the network; once for each.")),
    ] = None,
) -> None:
    """Make the genesis of a new network."""
    from cli.genesis_file import read_node_description
    from cli.named_file import write_new
    from contracts.genesis_state import genesis_records
    from ledger.errors import InvalidGenesisError
    from ledger.genesis import Genesis, member_id

    administrators = tuple(_administrator(text) for text in admin)
    voters = tuple(read_node_description(path) for path in voter)
    try:
        genesis = Genesis(
            name=name,
            created_ms=time.time_ns() // 1_000_000,
            visibility=visibility,
            quorum=quorum,
            parameters=_parameters(parameter or []),
            voters=voters,
            administrators=administrators,
            packs=_packs(pack or []),
        )
        genesis_records(genesis)
    except InvalidGenesisError as error:
        raise UsageError("{reason}", reason=error) from error
    write_new(out, genesis.to_json().encode("utf-8"))
    members = [member_id(genesis.network_id, key.public_key).hex() for key in administrators]
    document = {
        "file": str(out),
        "network": {"id": genesis.network_id.hex(), "name": name},
        "administrators": members,
    }
    session.show(document, lambda printer: _render(session, printer, genesis, out, members))


def _render(session: Session, printer: Printer, genesis: "Genesis", out: Path, members: list[str]) -> None:
    printer.good(_("The genesis of {name} is in {path}.").format(name=genesis.name, path=out))
    rows = [(_("Network id"), genesis.network_id.hex())]
    rows += [(_("Voter"), f"{voter.name} {voter.node_id.hex()}") for voter in genesis.voters]
    rows += [(_("Administrator"), member) for member in members]
    printer.fields(rows)
    session.note(_("Next, with each node: `banyan join --genesis {path} --home DIR`.").format(path=out))


def _packs(names: list[str]) -> "tuple[GenesisPack, ...]":
    """The packs of these names or folders, each after those that it is on top of."""
    from cli.pack_folder import pack_with_bases, shipped_folder
    from contracts.packs.beginning import genesis_pack

    found: dict[str, GenesisPack] = {}
    for name in names:
        folder = Path(name) if (Path(name) / "pack.toml").is_file() else shipped_folder(name)
        if folder is None:
            raise UsageError(
                "there is no pack named {name}, nor a folder with a pack.toml; leave out --pack, or give one", name=name
            )
        for one in pack_with_bases(folder):
            found[one.manifest.name] = genesis_pack(one)
    return tuple(found.values())


def _administrator(text: str) -> "VerifierKey":
    """The public key that `text` is, or that stands in the key file that it names."""
    from cli.member_key import is_key_file, read_key_file
    from ledger.errors import InvalidKeyError
    from ledger.verifier_key import VerifierKey

    if is_key_file(Path(text)):
        return read_key_file(Path(text)).public
    try:
        return VerifierKey.parse(text)
    except InvalidKeyError as error:
        raise UsageError(
            "--admin takes the public key that `banyan keygen` printed, or the key's file: {reason}", reason=error
        ) from error


def _parameters(settings: list[str]) -> "Parameters":
    from dataclasses import fields

    from ledger.genesis import Parameters

    names = [field.name for field in fields(Parameters)]
    values: dict[str, int] = {}
    for setting in settings:
        name, _equals, text = setting.partition("=")
        if name not in names:
            raise UsageError("there is no parameter {name}; known are {known}", name=repr(name), known=", ".join(names))
        if not (text.isascii() and text.isdecimal() and len(text) <= 18):
            raise UsageError("the parameter {name} needs a whole number, not {text}", name=name, text=repr(text))
        if name in values:
            raise UsageError("the parameter {name} is given twice", name=name)
        values[name] = int(text)
    return Parameters(**values)
