"""`banyan keygen`: a member's key."""

from pathlib import Path
from typing import Annotated

import typer

from cli.language import N_, _
from cli.printer import Printer
from cli.session import Session


def keygen(
    session: Session,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help=N_("Where the key is kept; it must not exist yet."))
    ],
    name: Annotated[
        str, typer.Option("--name", help=N_("A name for the key, shown beside it; no name of a person."))
    ] = ("member"),
    passphrase: Annotated[
        bool, typer.Option("--passphrase", help=N_("Ask for a passphrase; without one, the file alone is the key."))
    ] = False,
) -> None:
    """Make a key and print its public part."""
    from cli.member_key import create_member_key
    from cli.passphrase import choose_passphrase

    public = create_member_key(out, name, choose_passphrase() if passphrase else None)
    document = {"public_key": str(public), "file": str(out), "passphrase": passphrase}

    def render(printer: Printer) -> None:
        printer.line(str(public))
        session.note(_("The key is in {path}. Keep a copy where nobody else gets at it.").format(path=out))

    session.show(document, render)
