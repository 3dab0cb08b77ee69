"""`banyan prove-key`: a proof that a key can sign, for a person or an account of one network."""

from pathlib import Path
from typing import Annotated

import typer

from cli.language import N_, _
from cli.printer import Printer
from cli.session import Session


def prove_key(
    session: Session,
    key: Annotated[
        Path | None,
        typer.Option(
            "--key", metavar="FILE", help=N_("The key to prove. Default: $BANYAN_KEY, then admin.key in --home.")
        ),
    ] = None,
    person: Annotated[
        str | None, typer.Option("--person", metavar="PERSON", help=N_("The person it is for: a pseudonym."))
    ] = None,
    account: Annotated[
        str | None,
        typer.Option("--account", metavar="ID", help=N_("The account it is for, where that acts for no person.")),
    ] = None,
    genesis: Annotated[
        Path | None,
        typer.Option(
            "--genesis", metavar="FILE", help=N_("The network's genesis. Default: that of the node's folder.")
        ),
    ] = None,
) -> None:
    """Show that a key can sign, for members.enrol, bind, key-add and recover."""
    from cli.errors import UsageError
    from cli.genesis_file import read_genesis, read_home_genesis
    from cli.identifier import subject
    from cli.ledger_value import to_json
    from cli.signer import open_signing_key
    from contracts.errors import Refusal
    from contracts.members.possession import possession_message
    from contracts.units.names import PERSON

    if (person is None) == (account is None):
        raise UsageError("say whom the key is for: either --person or --account")
    if person is not None:
        try:
            PERSON.check("person", person)
        except Refusal as error:
            raise UsageError("{reason}", reason=error) from error
        about = f"person/{person}"
    else:
        about = subject(account or "")
    network_id = (read_genesis(genesis) if genesis is not None else read_home_genesis(session.home)).network_id
    signing = open_signing_key(key, session.home).signing
    proof = signing.sign(possession_message(network_id, about))
    document = {"key": to_json(signing.public), "proof": to_json(proof)}
    if person is not None:
        document = {"person": person, **document}

    def render(printer: Printer) -> None:
        printer.fields([(_("Subject"), about), (_("Key"), signing.public.hex()), (_("Proof"), proof.hex())])
        session.note(_("With --json this is a file for `banyan submit members.enrol --args-file FILE`."))

    session.show(document, render)
