"""What a person sees of the imported organisation: members, groups, one member's history.

Owns the pictures in words and as JSON; everything in them was read from a node.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cli.language import _
from cli.printer import Printer, time_text


class Administrator(NamedTuple):
    """A member with the role of an administrator of the organisation."""

    account: str
    since_ms: int


class Episode(NamedTuple):
    """An event in a member's history; times are milliseconds since 1970 UTC."""

    at_ms: int | None
    operation: str
    unit: str
    role: str


class Kind(NamedTuple):
    """How many groups of a kind there are, the offices held in them and their regular meetings."""

    name: str
    groups: int
    offices: int
    meetings: int


@dataclass(slots=True)
class Picture:
    """What was read back."""

    member_count: int = 0
    left_count: int = 0
    administrators: list[Administrator] = field(default_factory=list)
    account: str = ""
    history: list[Episode] = field(default_factory=list)
    kinds: list[Kind] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The same as `show`."""
        return {
            "members": {
                "active": self.member_count,
                "left": self.left_count,
                "admins": [one._asdict() for one in self.administrators],
            },
            "history": {"account": self.account, "events": [one._asdict() for one in self.history]},
            "groups": [one._asdict() for one in self.kinds],
        }

    def show(self, printer: Printer) -> None:
        """Three tables."""
        printer.line()
        printer.line(
            _("{count} members, {left} former members. The admins:").format(
                count=self.member_count, left=self.left_count
            ),
            "bold",
        )
        printer.table(
            (_("Account"), _("Role since")), [(one.account, time_text(one.since_ms)) for one in self.administrators]
        )
        printer.line()
        printer.line(_("The history of {account}, each link verified:").format(account=self.account), "bold")
        printer.table(
            (_("When"), _("What"), _("Unit"), _("Role")),
            [
                ("" if one.at_ms is None else time_text(one.at_ms), one.operation, one.unit, one.role)
                for one in self.history
            ],
        )
        if self.kinds:
            printer.line()
            printer.line(_("Groups:"), "bold")
            printer.table((_("Kind"), _("Groups"), _("Offices"), _("Regular meetings")), self.kinds)
