"""What the demonstration claims, and whether it is so.

Owns the list of checks and its table. A check compares what was found with what had to be found; nothing is claimed
that was not compared.
"""

from dataclasses import dataclass, field

from cli.language import _
from cli.printer import Printer


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison."""

    what: str
    expected: str
    found: str

    @property
    def holds(self) -> bool:
        """Whether it is as it had to be."""
        return self.expected == self.found


@dataclass(slots=True)
class Checks:
    """All comparisons of one run, in order."""

    made: list[Check] = field(default_factory=list)

    def compare(self, what: str, expected: object, found: object) -> None:
        """Write down one comparison."""
        self.made.append(Check(what, str(expected), str(found)))

    @property
    def hold(self) -> bool:
        """Whether every comparison holds, and there was one."""
        return bool(self.made) and all(check.holds for check in self.made)

    def to_json(self) -> dict[str, object]:
        """The same as `show`, as one document."""
        checks = [
            {"what": check.what, "expected": check.expected, "found": check.found, "holds": check.holds}
            for check in self.made
        ]
        return {"ok": self.hold, "checks": checks}

    def show(self, printer: Printer) -> None:
        """The table, and one sentence that says how it ended."""
        printer.line()
        rows = [(_("yes") if check.holds else _("NO"), check.what, check.expected, check.found) for check in self.made]
        printer.table((_("Holds"), _("What"), _("Expected"), _("Found")), rows)
        printer.line()
        if self.hold:
            printer.good(_("All {count} checks hold.").format(count=len(self.made)))
        else:
            failed = sum(not check.holds for check in self.made)
            printer.bad(_("{failed} of {count} checks do not hold.").format(failed=failed, count=len(self.made)))
