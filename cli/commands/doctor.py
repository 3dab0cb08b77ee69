"""`banyan doctor`: what is wrong with this node and its network, where, and what to do about it."""

from typing import TYPE_CHECKING

from cli.errors import EXIT_FAILED
from cli.language import N_, _
from cli.session import Session

if TYPE_CHECKING:
    from cli.doctor.finding import Finding
    from cli.printer import Printer

_SEVERITIES = {"error": N_("error"), "warning": N_("warning"), "info": N_("note")}


def doctor(session: Session) -> int:
    """Look at the node's folder, and at what it says if it runs; name what is wrong, with a remedy for each.

    Changes nothing. The exit status is 1 where something is wrong or soon may be.
    """
    from cli.application import version
    from cli.doctor.examination import examine
    from cli.doctor.finding import Severity
    from cli.doctor.look import look_at

    look = look_at(session.home)
    findings = examine(look, version())
    document = {
        "home": str(session.home),
        "running": look.online is not None,
        "findings": [one.to_json() for one in findings],
    }
    session.show(document, lambda printer: _render(printer, findings))
    return EXIT_FAILED if any(one.kind.severity is not Severity.INFO for one in findings) else 0


def _render(printer: "Printer", findings: "tuple[Finding, ...]") -> None:
    if not findings:
        printer.good(_("Nothing is wrong."))
    for one in findings:
        severity = one.kind.severity.text
        line = f"{_(_SEVERITIES[severity])} · {one.kind.code}: {one.text}"
        if severity == "error":
            printer.bad(line)
        else:
            printer.line(line, "yellow" if severity == "warning" else None)
        printer.line(f"    → {one.remedy}")
