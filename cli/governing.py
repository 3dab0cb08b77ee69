"""Handing in what administrators decide on together, and telling whether it is done or only proposed.

Owns the answer that such commands give; never decides which operation it is. Source: docs/reference/contracts.md,
"governance".
"""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cli.language import _
from cli.printer import Printer
from cli.session import Session

if TYPE_CHECKING:
    from cli.client import Answer
    from ledger.encoding import Value


class Governed(NamedTuple):
    """A committed operation of governance, and the proposal that waits for approvals after it; None if it is done."""

    answer: "Answer"
    proposal: str | None


def hand_in_decision(session: Session, operation: str, arguments: "dict[str, Value]", key: Path | None) -> Governed:
    """Sign an operation of governance, hand it in and wait.

    Raises:
        RefusedError: the ledger refused it.
    """
    from cli.handing_in import check_result, hand_in
    from cli.operation_arguments import PreparedArguments

    answer = hand_in(session, operation, PreparedArguments(arguments, ()), key)
    check_result(answer)
    return Governed(answer, _proposed(answer))


def govern(
    session: Session, operation: str, arguments: "dict[str, Value]", key: Path | None, *, shows: bool = True
) -> bool:
    """Hand in an operation of governance and show its result; whether it was done, and not only proposed.

    Raises:
        RefusedError: the ledger refused it.
    """
    answer, proposed = hand_in_decision(session, operation, arguments, key)
    if shows or proposed is not None:
        document = {name: answer[name] for name in ("id", "height", "index")} | {"proposal": proposed}
        session.show(document, lambda printer: _render_change(printer, answer, proposed))
    return proposed is None


def _proposed(answer: "Answer") -> str | None:
    """The proposal that waits for approvals after this transaction; None if what was asked for is done."""
    for event in answer["result"]["events"]:
        if event["name"] == "governance.approved" and event["data"]["approvals"] < event["data"]["needed"]:
            return str(event["data"]["proposal"]["$hex"])
    return None


def _render_change(printer: Printer, answer: "Answer", proposed: str | None) -> None:
    if proposed is None:
        printer.good(_("Done, in block {height}.").format(height=answer["height"]))
    else:
        printer.line(
            _("Proposed. It is done once more administrators approve: `banyan voters approve {proposal}`.").format(
                proposal=proposed
            )
        )
