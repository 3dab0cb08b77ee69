"""`banyan commitment new|show`: words that are committed to now and shown later, such as a pledge."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.language import N_, _
from cli.printer import Printer
from cli.session import Session

if TYPE_CHECKING:
    from cli.commitment_file import CommitmentFile


def commitment_new(
    session: Session,
    words: Annotated[
        Path, typer.Option("--words", metavar="FILE", help=N_("A text file with the words; - for standard input."))
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help=N_("Where words and salt are kept; it must not exist yet."))
    ],
) -> None:
    """Commit to words: keep them, and print the hash that goes onto the ledger."""
    from cli.commitment_file import WORDS_SIZE_BYTES_MAX, CommitmentFile
    from cli.ledger_value import nfc
    from cli.named_file import check_new, read_text

    check_new(out)
    made = CommitmentFile.drawn(nfc(read_text(words, 2 * WORDS_SIZE_BYTES_MAX).strip(), str(words)))
    made.write(out)

    def render(printer: Printer) -> None:
        printer.line(made.commitment.hex())
        session.note(_("Words and salt are in {path}. Keep it: without it nobody can show them.").format(path=out))

    session.show({"commitment": made.commitment.hex(), "file": str(out)}, render)


def commitment_show(
    session: Session,
    file: Annotated[Path, typer.Argument(metavar="FILE", help=N_("The file that `commitment new` made."))],
) -> None:
    """Show what a file commits to, for comparing with the ledger."""
    from cli.commitment_file import CommitmentFile

    found = CommitmentFile.read(file)
    document = {"commitment": found.commitment.hex(), "salt": found.salt.hex(), "words": found.words}
    session.show(document, lambda printer: _render(printer, found))


def _render(printer: Printer, found: "CommitmentFile") -> None:
    rows = [(_("Commitment"), found.commitment.hex()), (_("Salt"), found.salt.hex()), (_("Words"), found.words)]
    printer.fields(rows)
