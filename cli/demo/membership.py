"""The data set of the demonstration: who joined and left a real organisation, and how its events become notices.

Owns reading the file, the pseudonyms, and the replay that says who is a member at the end. Never talks to a node.
Account names stand in detached values only; on the ledger a person is a pseudonym.
"""

import csv
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from cli.errors import UsageError
from ledger.hashing import tagged_hash

FILE_NAME = "membership_events.csv"
BUILT_IN = Path(__file__).parent / "data" / "kubernetes"
UNIT = "kubernetes"
ROLE_ADMIN = "admin"
KINDS = ("joined", "left", "role")
_COLUMNS = ("at", "event", "member", "role", "revision")
# A year of a very large organisation; a demonstration with more would not end in a minute.
EVENTS_MAX = 100_000


class MembershipEvent(NamedTuple):
    """One row: `at_ms` is milliseconds since 1970 UTC, `kind` one of `KINDS`."""

    at_ms: int
    kind: str
    account: str
    role: str
    revision: str

    @property
    def person(self) -> str:
        """The pseudonym on the ledger; another for every spelling of the name."""
        return pseudonym(self.account)

    def arguments(self) -> dict[str, Any]:
        """The arguments of the notice about this event; `body` becomes a detached value."""
        return {
            "unit": UNIT,
            "title": f"{self.kind}: {self.role}",
            "kind": self.kind,
            "at": self.at_ms,
            "about": [self.person],
            "body": {"account": self.account, "role": self.role, "revision": self.revision},
        }


def pseudonym(account: str) -> str:
    """A name that says nothing and is the same for one account: 32 hexadecimal digits."""
    return tagged_hash("demonstration-account", account.encode("utf-8")).hex()[:32]


def read_events(folder: Path) -> list[MembershipEvent]:
    """The events in `folder`, in the order of the file.

    Raises:
        UsageError: no such file, or a row that is no event; the message names the line.
    """
    path = folder / FILE_NAME
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            if rows.fieldnames is None or not set(_COLUMNS) <= set(rows.fieldnames):
                raise UsageError(
                    "{path} lacks columns; a data set has {columns}", path=str(path), columns=", ".join(_COLUMNS)
                )
            events = [_event(path, number, row) for number, row in enumerate(rows, 2) if number <= EVENTS_MAX]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(
            "the data set {path} cannot be read: {reason}; give a folder with such a file with --data",
            path=str(path),
            reason=str(error),
        ) from error
    if not events:
        raise UsageError("{path} holds no events", path=str(path))
    return events


def _event(path: Path, number: int, row: dict[str, Any]) -> MembershipEvent:
    kind, account, role = row["event"], row["member"], row["role"]
    try:
        at = datetime.fromisoformat(row["at"] or "")
    except ValueError as error:
        raise _wrong(path, number, "at") from error
    if at.tzinfo is None:
        raise _wrong(path, number, "at")
    if kind not in KINDS:
        raise _wrong(path, number, "event")
    if not account or not role:
        raise _wrong(path, number, "member")
    return MembershipEvent(int(at.timestamp() * 1000), kind, account, role, row["revision"] or "")


def _wrong(path: Path, number: int, column: str) -> UsageError:
    return UsageError(
        "line {number} of {path} has no usable `{column}`; correct the line",
        number=number,
        path=str(path),
        column=column,
    )


def replay(events: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """Who is a member after all of (kind, person, role), with the role; whoever left may have come back."""
    members: dict[str, str] = {}
    for kind, person, role in events:
        if kind == "left":
            members.pop(person, None)
        else:
            members[person] = role
    return members
