"""What a transaction asks of a record: a transition, with what it brings along.

Owns the shape, and its form as a map inside a pending transition. Never judges.
"""

from dataclasses import dataclass, field

from contracts.arguments import Arguments
from ledger.encoding import Value

# Kept as they are when a transition waits for approvals.
_PARTS = ("at", "fields", "note", "provenance", "vote")


# Not frozen, as making a frozen one takes three times as long.
@dataclass(slots=True)
class Request:
    """A transition by name, never changed once it is made.

    `parts` are those of `at`, `fields`, `note`, `provenance` and `vote` that were given.
    """

    transition: str
    parts: dict[str, Value] = field(default_factory=dict)

    @classmethod
    def of(cls, transition: str, arguments: Arguments) -> "Request":
        """What the arguments of an operation ask for."""
        return cls(transition, arguments.given(_PARTS))

    @property
    def fields(self) -> dict[str, Value]:
        """The fields that were given; not to be changed."""
        found = self.parts.get("fields")
        return found if isinstance(found, dict) else {}

    @property
    def vote(self) -> dict[str, Value] | None:
        """The counts of the vote, if they were given."""
        found = self.parts.get("vote")
        return found if isinstance(found, dict) else None
