"""`banyan report ballot`: a ballot of the ledger counted again, from its roll and its votes.

Owns what is read and compared, and how it is told. Counting is left to `contracts.ballots.recount`, as the ledger does
it. Source: docs/reference/reports.md, "ballot".
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.errors import EXIT_FAILED, UsageError
from cli.language import N_, _
from cli.printer import Printer
from cli.session import Session

if TYPE_CHECKING:
    from cli.reports.reading import NodeRecords
    from contracts.ballots.ballot import Ballot
    from contracts.ballots.gathering import Gathered
    from contracts.ballots.vote import Vote

# What people are told of each difference; the JSON document has them all.
DIFFERENCES_SHOWN_MAX = 20

_DIFFERENCES = {
    "result": N_("the recorded result is another one than the votes give"),
    "due": N_("the roll lists {found} persons, the record says {recorded}"),
    "twice": N_("{person} stands on the roll twice"),
    "not-due": N_("{person} voted and is not on the roll"),
}


_COUNTS = {
    "due": N_("Due to vote"),
    "present": N_("Present"),
    "represented": N_("Represented"),
    "issued": N_("Papers issued"),
    "returned": N_("Papers returned"),
    "valid": N_("Valid"),
    "expressed": N_("Took a side"),
}
_OUTCOMES = {
    "passed": N_("passed"),
    "rejected": N_("rejected"),
    "elected": N_("every seat is filled"),
    "tied": N_("tied: to be voted on again"),
    "short": N_("too few have enough votes"),
    "no-quorum": N_("no quorum"),
    "void": N_("void: more papers or people than there were"),
    "not-held": N_("not held"),
}


def ballot(
    session: Session, ballot_id: Annotated[str, typer.Argument(metavar="UNIT/NUMBER", help=N_("The ballot."))]
) -> int:
    """Count a ballot again; exit status 1 if the recorded result is another one."""
    from cli.reports.reading import NodeRecords
    from contracts.ballots.ballot import Ballot
    from contracts.ballots.vote import KIND_VOTE, Vote

    with NodeRecords(session.home) as records:
        found = Ballot.from_fields(records.need("ballot", _full_id(ballot_id)).fields)
        votes = [Vote.from_fields(fields) for fields in _parts(records, KIND_VOTE, f"{found.id}/")]
        document = _document(found, votes, _roll(records, found)) | records.as_of()
    session.show(document, lambda printer: _render(session, printer, document))
    return EXIT_FAILED if document["differences"] else 0


def _full_id(text: str) -> str:
    """The id of the ballot's record: the number may be written without its zeros."""
    from contracts.ballots.ballot import NUMBER_MAX, ballot_id

    unit, _slash, number = text.rpartition("/")
    if not unit or not number.isdecimal() or not 1 <= int(number) <= NUMBER_MAX:
        raise UsageError("{text} names no ballot; write the unit, a slash and the number: branch-1/3", text=repr(text))
    return ballot_id(unit, int(number))


def _parts(records: "NodeRecords", kind: str, prefix: str) -> list[dict[str, Any]]:
    """The fields of the records right under an id; what lies deeper belongs to other units."""
    return [dict(one.record.fields) for one in records.each(kind, prefix=prefix) if "/" not in one.id[len(prefix) :]]


def _roll(records: "NodeRecords", found: "Ballot") -> list[str]:
    from contracts.ballots.roll import KIND_ROLL, roll_prefix

    if found.roll is None:
        return []
    persons: list[str] = []
    for source in range(len(found.terms.electorate)):
        prefix = roll_prefix(found.unit, found.roll.number, found.roll.attempt, source)
        for fields in _parts(records, KIND_ROLL, prefix):
            persons += fields["persons"]
    return persons


def _document(found: "Ballot", votes: "list[Vote]", roll: list[str]) -> dict[str, Any]:
    from contracts.ballots.recount import gather, recount

    gathered = gather(found, votes)
    counted = None if found.roll is None else recount(found, gathered).to_value()
    recorded = found.result
    differences: list[dict[str, Any]] = []
    if found.state == "closed" and found.roll is not None and counted != recorded:
        differences.append({"difference": "result"})
    if found.roll is not None and len(roll) != found.roll.due:
        differences.append({"difference": "due", "found": len(roll), "recorded": found.roll.due})
    listed = set(roll)
    differences += [{"difference": "twice", "person": one} for one in sorted(listed) if roll.count(one) > 1]
    differences += [{"difference": "not-due", "person": one.person} for one in votes if one.person not in listed]
    return {
        "ballot": found.id,
        "title": found.terms.title,
        "state": found.state,
        "reason": found.reason,
        "round": found.round_number,
        "method": found.terms.method,
        "casting": found.terms.casting,
        "seats": found.terms.seats,
        "options": list(found.terms.options),
        "threshold": found.terms.threshold,
        "quorum": found.terms.quorum,
        "roll": None if found.roll is None else found.roll.to_value(),
        "tally": _plain(found.tally),
        "counted": _plain(counted),
        "recorded": _plain(recorded),
        "differences": differences,
    } | _workings(found, gathered)


def _workings(found: "Ballot", gathered: "Gathered") -> dict[str, Any]:
    """How the result comes about: the matrix, or the stages."""
    from cli.reports.election_count import stages_document
    from contracts.ballots.counting.scottish import scottish_count

    if found.terms.method == "schulze":
        return {"matrix": gathered.matrix}
    if found.terms.method == "stv":
        count = scottish_count(gathered.papers, found.terms.option_count, found.terms.seats)
        return {"count": stages_document(count, list(found.terms.options))}
    return {}


def _plain(value: Any) -> Any:
    """As JSON has it: byte strings as hexadecimal digits."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.hex() if isinstance(value, bytes) else value


def _render(session: Session, printer: Printer, document: dict[str, Any]) -> None:
    from cli.reports.counting_view import show_matrix, show_ranking, show_stages

    counted = document["counted"] or document["recorded"] or {"counts": {}, "outcome": None}
    printer.fields(
        [
            (_("Ballot"), f"{document['ballot']}: {document['title']}"),
            (_("State"), document["state"]),
            (_("Method"), document["method"]),
            (_("Quorum"), document["quorum"] or "-"),
            (_("Majority"), document["threshold"] or "-"),
            *((_(title), counted["counts"][name]) for name, title in _COUNTS.items() if name in counted["counts"]),
            (_("Outcome"), _(_OUTCOMES[counted["outcome"]]) if counted["outcome"] else "-"),
        ]
    )
    printer.line()
    if counted.get("votes"):
        elected = counted.get("elected", [])
        rows = zip(document["options"], counted["votes"], strict=True)
        printer.table(
            [_("Option"), _("Votes"), ""],
            ([name, votes, _("elected") if name in elected else ""] for name, votes in rows),
        )
    if counted.get("ranking"):
        show_ranking(printer, counted["ranking"], counted.get("elected", []))
    if counted.get("tied"):
        printer.bad(
            _("Equal at the last {count} seats: {names}").format(
                count=counted["seats_left"], names=", ".join(counted["tied"])
            )
        )
    if "matrix" in document:
        show_matrix(printer, document["matrix"], document["options"])
    if "count" in document:
        show_stages(printer, document["count"], document["options"])
    printer.line()
    for one in document["differences"][:DIFFERENCES_SHOWN_MAX]:
        printer.bad(_(_DIFFERENCES[one["difference"]]).format(**one))
    if document["state"] == "cancelled":
        session.note(_("The ballot was cancelled: {reason}").format(reason=document["reason"]))
    elif document["recorded"] is None:
        session.note(_("The ballot has no result yet; this is what the votes so far would give."))
    elif document["counted"] is not None and not document["differences"]:
        printer.good(_("Counted again, this is the recorded result."))
