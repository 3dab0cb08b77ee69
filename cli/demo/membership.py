"""The events of the demonstration: who joined and left a real organisation, and in which role.

Owns reading the file, the pseudonyms, and the replay that says who is a member at the end. Never talks to a node.
Account names stand in detached values only; on the ledger a person is a pseudonym.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from cli.demo.rows import BadRowError, read_rows
from cli.errors import UsageError
from ledger.hashing import tagged_hash

FILE_NAME = "membership_events.csv"
BUILT_IN = Path(__file__).parent / "data" / "kubernetes"
ROLE_ADMIN = "admin"
ROLE_MEMBER = "member"
ROLES = (ROLE_MEMBER, ROLE_ADMIN)
KINDS = ("joined", "left", "role")
_COLUMNS = ("at", "event", "member", "role", "revision")


class MembershipEvent(NamedTuple):
    """One row: `at_ms` is milliseconds since 1970 UTC, `kind` one of `KINDS`, `role` one of `ROLES`."""

    at_ms: int
    kind: str
    account: str
    role: str
    revision: str

    @property
    def person(self) -> str:
        """The pseudonym on the ledger; another for every spelling of the name."""
        return pseudonym(self.account)


def pseudonym(account: str) -> str:
    """A name that says nothing and is the same for one account: 32 hexadecimal digits."""
    return tagged_hash("demonstration-account", account.encode("utf-8")).hex()[:32]


def read_events(folder: Path) -> list[MembershipEvent]:
    """The events in `folder`, in the order of the file.

    Raises:
        UsageError: no such file, or a row that is no event; the message names the line.
    """
    path = folder / FILE_NAME
    events = read_rows(path, _COLUMNS, _event)
    if not events:
        raise UsageError("{path} holds no events", path=str(path))
    return events


def _event(row: dict[str, str]) -> MembershipEvent:
    try:
        at = datetime.fromisoformat(row["at"])
    except ValueError as error:
        raise BadRowError("at") from error
    if at.tzinfo is None:
        raise BadRowError("at")
    if row["event"] not in KINDS:
        raise BadRowError("event")
    if not row["member"]:
        raise BadRowError("member")
    if row["role"] not in ROLES:
        raise BadRowError("role")
    return MembershipEvent(int(at.timestamp() * 1000), row["event"], row["member"], row["role"], row["revision"])


def replay(events: Iterable[MembershipEvent]) -> dict[str, str]:
    """Who is a member after all of the events: role by account. Whoever left may have come back."""
    members: dict[str, str] = {}
    for event in events:
        if event.kind == "left":
            members.pop(event.account, None)
        else:
            members[event.account] = event.role
    return members


def busiest_account(events: Iterable[MembershipEvent]) -> tuple[str, int]:
    """The account with most events, and how many; of several the last in the order of names."""
    return max(Counter(event.account for event in events).items(), key=lambda item: (item[1], item[0]))
