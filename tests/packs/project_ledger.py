"""A ledger in memory with the pack `open-source` in force, and the real history of a project as transactions.

The history is read here by code of its own, so that what comes out can be compared with it.
"""

import csv
import hashlib
from datetime import datetime
from typing import NamedTuple

from cli.demo.membership import BUILT_IN, FILE_NAME
from contracts.record import Record, parse_record_key
from contracts.result import Result
from ledger.encoding import Value
from ledger.state_digest import StateDigest
from ledger.transaction import Transaction
from tests.contracts.organisation import Organisation
from tests.contracts.schedule.schedule_ledger import ScheduleLedger
from tests.contracts.trial_ledger import ADMINISTRATOR
from tests.packs.shipped_pack import shipped

UNIT = "kubernetes"
EVENTS_PER_BLOCK = 400
TRANSITIONS = {
    ("joined", "member"): "record-joined-again",
    ("left", "member"): "record-left",
    ("left", "admin"): "record-admin-left",
    ("role", "admin"): "record-made-admin",
    ("role", "member"): "record-made-member",
}
FIRST = {"member": "record-joined", "admin": "record-joined-as-admin"}


class Row(NamedTuple):
    """A row of the file of events."""

    at_ms: int
    event: str
    account: str
    role: str
    number: int
    revision: str

    @property
    def person(self) -> str:
        return person_of(self.account)


def person_of(account: str) -> str:
    return hashlib.sha256(b"test " + account.encode()).hexdigest()[:32]


def rows() -> list[Row]:
    with (BUILT_IN / FILE_NAME).open(encoding="utf-8", newline="") as file:
        return [
            Row(
                round(datetime.fromisoformat(row["at"]).timestamp() * 1000),
                row["event"],
                row["member"],
                row["role"],
                number,
                row["revision"],
            )
            for number, row in enumerate(csv.DictReader(file), 2)
        ]


class ProjectLedger(ScheduleLedger, Organisation):
    """The pack is published and decided on as in a real network; `kubernetes` is there."""

    def __post_init__(self) -> None:
        super().__post_init__()
        pack = shipped("open-source").pack
        assert pack is not None
        for data in pack.parts().values():
            self.done("packs.publish-part", {"data": data})
        self.done("packs.publish", {"data": pack.manifest.encode()})
        self.done("governance.pack-activate", {"pack": pack.hash})
        self.found(UNIT)

    def done(self, operation: str, arguments: dict[str, Value]) -> Result:
        result = self.result(operation, arguments, ADMINISTRATOR)
        assert result.ok, (operation, result.code, result.details)
        return result

    def recorded(self, row: Row, *, first: bool) -> Transaction:
        """The transaction of a row; `first` where it is the person's first."""
        fields: dict[str, Value] = {
            "happened": row.at_ms,
            "account": {"#": hashlib.sha256(row.account.encode()).digest()},
        }
        arguments: dict[str, Value] = {"type": "contributor", "at": row.at_ms, "fields": fields}
        arguments["provenance"] = {"file": FILE_NAME, "row": row.number, "revision": row.revision}
        if first:
            fields["person"] = row.person
            arguments |= {"unit": UNIT, "transition": FIRST[row.role]}
            return self.transaction("records.create", arguments, ADMINISTRATOR)
        arguments |= {"id": f"{UNIT}/{row.person}", "transition": TRANSITIONS[row.event, row.role]}
        return self.transaction("records.act", arguments, ADMINISTRATOR)

    def record_history(self, history: list[Row]) -> list[tuple[Row, str]]:
        """Record all rows in blocks; those that were refused, each with the code."""
        known: set[str] = set()
        refused = []
        for begin in range(0, len(history), EVENTS_PER_BLOCK):
            part = history[begin : begin + EVENTS_PER_BLOCK]
            transactions = []
            for row in part:
                transactions.append(self.recorded(row, first=row.person not in known))
                known.add(row.person)
            results = self.execute(*transactions).results
            refused += [(row, result.code) for row, result in zip(part, results, strict=True) if not result.ok]
        return refused

    def all(self, kind: str) -> dict[str, dict[str, Value]]:
        """The fields of every record of a kind, by id."""
        found = {}
        for key, content in self.state.items():
            name, record_id = parse_record_key(key)
            if name == kind:
                found[record_id] = Record.decode(content).fields
        return found

    def digest(self) -> str:
        """The digest of the whole state."""
        digest = StateDigest.empty()
        digest.apply((key, None, content) for key, content in self.state.items())
        return digest.digest().hex()
