"""The form of a record that a pack defines: what the engine notes of every one, and the values of its own fields.

Owns the names and types of these fields; never judges. Invariants: `unit` and `state` stand at the top, so that
lists filter by them; what is not known is not there (nil is never a substitute); which pack, article and acting role
stand behind the last decision is part of the record. The values are those that the fields' types have let pass
(`contracts.packs.field`) or that were there before, so they have a canonical form. Source: docs/reference/records.md,
"The form of a record".
"""

from typing import Any, NamedTuple

from ledger.encoding import Value
from ledger.shape import HashBytes, Shape, reader_of

Values = dict[str, Value]
# What the items of maps are is not declared: they were looked at when they came in.
_Map = dict[str, Any]


class Approval(NamedTuple):
    """One approval: the account that signed, the person behind it (or `member/` and the account), the acting role."""

    account: HashBytes
    who: str
    actor: str


class Pending(Shape, rename={"time_ms": "time"}):
    """A transition that waits for approvals: what was asked for, by whom, and who has approved.

    `approvals` are in the order of signing. `asked` are the arguments of the transaction, to be judged again when the
    last approval is there; `asker` is the account that sent it, `who` the person behind that account.
    """

    transition: str
    asker: HashBytes
    who: str
    actor: str
    approvals: tuple[Approval, ...]
    asked: _Map
    height: int
    time_ms: int


class PackRecord(Shape, rename={"since_ms": "since", "time_ms": "time"}):
    """A record of a pack's kind at one moment; `since_ms` is when it entered its state.

    `actor` and `transition`, and those that are not always there (`approvals`, `article`, `at`, `note`, `provenance`,
    `vote`) tell of the transition that was taken last; `pack` is the pack under which that was. `number` is the
    record's in its unit, where its type counts.
    """

    unit: str
    state: str
    values: _Map
    since_ms: int
    creator: HashBytes
    height: int
    time_ms: int
    pack: HashBytes
    actor: str
    transition: str
    timers: tuple[str, ...] = ()
    pending: Pending | None = None
    number: int | None = None
    approvals: tuple[Approval, ...] = ()
    article: str = ""
    at: int | None = None
    note: Any = None
    provenance: _Map | None = None
    vote: dict[str, int] | None = None

    def text(self, name: str) -> str | None:
        """The value of a field, if it is a text and there."""
        value = self.values.get(name)
        return value if isinstance(value, str) else None


# A record of the state: its version, then its fields.
read_pack_record = reader_of(tuple[int, PackRecord])
