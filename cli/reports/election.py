"""`banyan report election`: ranked ballots that somebody has published, counted again.

Owns the command's options and what people are told. Asks no node. Source: docs/reference/reports.md, "election".
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.errors import EXIT_FAILED, UsageError
from cli.language import N_, _
from cli.printer import Printer
from cli.session import Session

if TYPE_CHECKING:
    from cli.reports.election_official import Official

METHODS = ("schulze", "stv")
NO_OPINIONS = ("silent", "last")


def election(
    session: Session,
    file: Annotated[Path, typer.Option("--file", help=N_("CSV: a column for each candidate, a row for each ballot."))],
    seats: Annotated[
        int | None,
        typer.Option("--seats", min=1, max=200, help=N_("How many are elected. Default: 1, or as official.")),
    ] = None,
    method: Annotated[str, typer.Option("--method", help=N_("schulze or stv."))] = "schulze",
    no_opinion: Annotated[
        str,
        typer.Option("--no-opinion", help=N_("What a missing rank means: silent (nothing), or last (the last place).")),
    ] = "silent",
    official: Annotated[
        Path | None, typer.Option("--official", help=N_("CSV of official places, to compare with."))
    ] = None,
    name: Annotated[
        str | None, typer.Option("--election", help=N_("The election's name there. Default: the file's."))
    ] = None,
    voter: Annotated[str | None, typer.Option("--voter", help=N_("The column that says whose ballot it is."))] = None,
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", help=N_("A column that is no candidate's; may be repeated."))
    ] = None,
    encoding: Annotated[str | None, typer.Option("--encoding", help=N_("Default: found out."))] = None,
    delimiter: Annotated[str | None, typer.Option("--delimiter", help=N_("Default: found out."))] = None,
) -> int:
    """Count; exit status 1 if the official ranking is another one."""
    from cli.reports.election_count import schulze_document, stv_document
    from cli.reports.election_file import ReadingOptions, read_election

    _check(method, METHODS, "--method")
    _check(no_opinion, NO_OPINIONS, "--no-opinion")
    if delimiter is not None and len(delimiter) != 1:
        raise UsageError("{text} is no delimiter; it is one character", text=repr(delimiter))
    if method == "stv" and (official is not None or no_opinion == "last"):
        raise UsageError("`--official` and `--no-opinion last` are for the method schulze; leave them out")
    ballots = read_election(file, ReadingOptions(encoding, delimiter, voter, tuple(ignore or ())))
    declared = _declared(official, name or file.stem, ballots.candidates)
    wanted = seats or (declared.seats if declared is not None else None) or 1
    if wanted > len(ballots.candidates):
        raise UsageError(
            "{seats} seats cannot be filled from {options} candidates", seats=wanted, options=len(ballots.candidates)
        )
    if method == "stv":
        document = stv_document(ballots, wanted)
    else:
        document = schulze_document(ballots, wanted, no_opinion == "last", declared)
    session.show(document, lambda printer: _render(printer, document))
    return EXIT_FAILED if "official" in document and not document["official"]["equal"] else 0


def _check(text: str, known: tuple[str, ...], option: str) -> None:
    if text not in known:
        raise UsageError(
            "{text} is nothing for {option}; it is one of {known}",
            text=repr(text),
            option=option,
            known=", ".join(known),
        )


def _declared(path: Path | None, name: str, candidates: list[str]) -> "Official | None":
    from cli.reports.election_official import read_official

    if path is None:
        return None
    declared = read_official(path, name)
    for candidate in sorted({one for place in declared.places for one in place} - set(candidates)):
        raise UsageError(
            "the official results name {candidate}, who has no column in the file; compare the names",
            candidate=repr(candidate),
        )
    return declared


def _render(printer: Printer, document: dict[str, Any]) -> None:
    from cli.reports.counting_view import show_matrix, show_ranking, show_stages

    printer.fields(
        [
            (_("File"), f"{document['file']} (SHA-256 {document['sha256'][:16]}…)"),
            (_("Method"), document["method"]),
            (_("Seats"), document["seats"]),
            (_("Ballots"), document["ballots"]),
            (_("Without any rank"), document["silent_ballots"]),
            (_("Blank cells, taken for no opinion"), document["blank_cells"]),
        ]
    )
    if document["rank_most"] > len(document["candidates"]):
        printer.line(
            _("Ranks go up to {rank}, with {count} candidates; only their order counts.").format(
                rank=document["rank_most"], count=len(document["candidates"])
            )
        )
    printer.line()
    if document["method"] == "stv":
        show_ranking(printer, [[one] for one in document["elected"]], document["elected"])
        show_stages(printer, document, document["candidates"])
        return
    show_ranking(printer, document["ranking"], document["elected"])
    if document["tied"]:
        printer.bad(
            _("Equal at the last {count} seats: {names}").format(
                count=document["seats_left"], names=", ".join(document["tied"])
            )
        )
    show_matrix(printer, document["matrix"], document["candidates"])
    _render_otherwise(printer, document)
    if "official" in document:
        printer.line()
        if document["official"]["equal"]:
            printer.good(_("This is the official ranking."))
        else:
            ranking = " > ".join(" = ".join(place) for place in document["official"]["ranking"])
            printer.bad(_("The official ranking is another one: {ranking}").format(ranking=ranking))


def _render_otherwise(printer: Printer, document: dict[str, Any]) -> None:
    """What difference it makes how silence is taken."""
    other = document["otherwise"]
    if other["ranking"] == document["ranking"]:
        return
    ranking = " > ".join(" = ".join(tier) for tier in other["ranking"])
    printer.line()
    if other["no_opinion"] == "last":
        printer.line(_("If no opinion were counted as last place, it would be: {ranking}").format(ranking=ranking))
    else:
        printer.bad(
            _("No opinion is counted as last place here. As ballots mean it: {ranking}").format(ranking=ranking)
        )
