"""`banyan history`: a subject's chain, each link verified here."""

from collections import deque
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.commands.records import brief_text
from cli.language import N_, _
from cli.printer import Printer, time_text
from cli.session import Session

if TYPE_CHECKING:
    from cli.chain_verification import CheckedLink


def history(
    session: Session,
    subject: Annotated[
        str, typer.Argument(metavar="SUBJECT", help=N_("unit/NAME, person/NAME, member/ID or a member's id."))
    ],
    limit: Annotated[
        int, typer.Option("--limit", min=1, help=N_("Show at most so many, the newest; all are verified."))
    ] = 1000,
) -> None:
    """Show everything on the ledger that concerns a subject."""
    from cli.chain_reading import verified_chain
    from cli.client import NodeClient
    from cli.identifier import subject as parse_subject

    name = parse_subject(subject)
    shown: deque[CheckedLink] = deque(maxlen=limit)
    with NodeClient(session.home) as client, session.progress(_("Verifying links"), None) as advance:
        chain = verified_chain(client, name, shown.append, advance)
    document = {
        "subject": name,
        "verified": True,
        "count": chain.count,
        "link": chain.link.hex(),
        "links": [_describe(link) for link in shown],
    }
    session.show(document, lambda printer: _render(session, printer, document))


def _describe(link: "CheckedLink") -> dict[str, Any]:
    from cli.ledger_value import to_json

    transaction, effect = link.transaction, link.effect
    return {
        "sequence": link.sequence,
        "height": link.height,
        "index": link.entry_index,
        "time_ms": link.time_ms,
        "id": None if transaction is None else transaction.id.hex(),
        "operation": None if transaction is None else transaction.operation,
        "from": None if transaction is None else transaction.sender.hex(),
        "arguments": None if transaction is None else to_json(transaction.arguments),
        "timer": None if effect is None else effect.timer_id,
        "purpose": None if effect is None else effect.purpose,
        "link": link.link.hex(),
    }


def _render(session: Session, printer: Printer, document: dict[str, Any]) -> None:
    if not document["count"]:
        session.note(_("There is nothing about {subject} on this ledger.").format(subject=document["subject"]))
        return
    printer.table(
        [_("No."), _("Time"), _("Operation"), _("Arguments"), _("Id")],
        (
            [
                link["sequence"],
                time_text(link["time_ms"]),
                link["operation"] or _("timer {purpose}").format(purpose=link["purpose"]),
                _arguments(link),
                link["id"] or link["timer"],
            ]
            for link in document["links"]
        ),
    )
    printer.line()
    printer.good(
        _("All {count} links verified; the newest is {link}.").format(count=document["count"], link=document["link"])
    )


def _arguments(link: dict[str, Any]) -> str:
    return ", ".join(f"{name}={brief_text(value)}" for name, value in (link["arguments"] or {}).items())
