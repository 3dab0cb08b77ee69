"""The form of a record that a pack defines: what the engine notes of every one, and the values of its own fields.

Owns the names and the encoding of these fields; never judges. Invariants: `unit` and `state` stand at the top, so that
lists filter by them; what is not known is not there (nil is never a substitute); which pack, article and acting role
stand behind the last decision is part of the record. Source: docs/reference/records.md, "The form of a record".
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from contracts.record import Record
from ledger.encoding import Value
from ledger.errors import DecodingError
from ledger.hashing import HASH_SIZE_BYTES, Hash

Values = dict[str, Value]
# How many fields every record has.
_ALWAYS = 10
# What a record may say besides; absent otherwise.
_OPTIONAL = ("approvals", "article", "at", "note", "number", "provenance", "vote")


class Approval(NamedTuple):
    """One approval: the account that signed, the person behind it (or `member/` and the account), the acting role."""

    account: Hash
    who: str
    actor: str


@dataclass(frozen=True, slots=True)
class Pending:
    """A transition that waits for approvals: what was asked for, by whom, and who has approved.

    `approvals` are in the order of signing. `asked` are the arguments of the transaction, to be judged again when the
    last approval is there; `asker` is the account that sent it, `who` the person behind that account.
    """

    transition: str
    asker: Hash
    who: str
    actor: str
    approvals: tuple[Approval, ...]
    asked: Values
    height: int
    time_ms: int

    def to_value(self) -> Values:
        """The canonical map."""
        return {
            "actor": self.actor,
            "approvals": [list(one) for one in self.approvals],
            "asked": self.asked,
            "asker": self.asker,
            "height": self.height,
            "time": self.time_ms,
            "transition": self.transition,
            "who": self.who,
        }

    @classmethod
    def from_value(cls, value: Value) -> "Pending":
        """What waits, from a record's field `pending`.

        Raises:
            DecodingError: not such a map.
        """
        if isinstance(value, dict):
            match value:
                case {
                    "actor": str(actor),
                    "approvals": list(approvals),
                    "asked": dict(asked),
                    "asker": bytes(asker),
                    "height": int(height),
                    "time": int(time_ms),
                    "transition": str(transition),
                    "who": str(who),
                }:
                    signed = tuple(_approval(one) for one in approvals)
                    return cls(transition, asker, who, actor, signed, asked, height, time_ms)
        raise DecodingError("a pending transition of a record is malformed")


def record_fields(
    unit: str,
    state: str,
    values: Values,
    since_ms: int,
    creator: Hash,
    height: int,
    time_ms: int,
    pack: Hash,
    actor: str,
    transition: str,
    timers: tuple[str, ...],
    pending: Pending | None,
    more: Values,
) -> Values:
    """The fields of a record that is written, of the parts of a `PackRecord`."""
    # In the order of their names, which is what is encoded fastest.
    fields: Values = {
        "actor": actor,
        "creator": creator,
        "height": height,
        "pack": pack,
        "since": since_ms,
        "state": state,
        "time": time_ms,
        "transition": transition,
        "unit": unit,
        "values": values,
    }
    if pending is not None:
        fields["pending"] = pending.to_value()
    if timers:
        fields["timers"] = list(timers)
    if more:
        fields |= more
    return fields


# Not frozen, as making a frozen one takes three times as long, and one is made in every transition.
@dataclass(slots=True)
class PackRecord:
    """A record of a pack's kind at one moment, never changed once it is made; `since_ms` is when it entered its state.

    `actor`, `transition` and `more` (its optional parts) tell of the transition that was taken last; `pack` is the pack
    under which that was.
    """

    unit: str
    state: str
    values: Values
    since_ms: int
    creator: Hash
    height: int
    time_ms: int
    pack: Hash
    actor: str
    transition: str
    timers: tuple[str, ...] = ()
    pending: Pending | None = None
    more: Values = field(default_factory=dict)

    def to_fields(self) -> Values:
        """The fields of the record."""
        return record_fields(
            self.unit,
            self.state,
            self.values,
            self.since_ms,
            self.creator,
            self.height,
            self.time_ms,
            self.pack,
            self.actor,
            self.transition,
            self.timers,
            self.pending,
            self.more,
        )

    @classmethod
    def from_fields(cls, fields: Values) -> "PackRecord":
        """The record in these fields; they are the caller's copy and become part of it.

        Raises:
            DecodingError: not fields that the engine wrote.
        """
        try:
            pending, timers = fields.get("pending"), fields.get("timers", ())
            record = cls(
                fields["unit"],  # type: ignore[arg-type]
                fields["state"],  # type: ignore[arg-type]
                fields["values"],  # type: ignore[arg-type]
                fields["since"],  # type: ignore[arg-type]
                fields["creator"],  # type: ignore[arg-type]
                fields["height"],  # type: ignore[arg-type]
                fields["time"],  # type: ignore[arg-type]
                fields["pack"],  # type: ignore[arg-type]
                fields["actor"],  # type: ignore[arg-type]
                fields["transition"],  # type: ignore[arg-type]
                tuple(timers),  # type: ignore[arg-type]
                None if pending is None else Pending.from_value(pending),
                _more(fields),
            )
        except (KeyError, TypeError) as error:
            raise DecodingError("the record of a pack lacks one of its fields") from error
        if not _is_sound(record):
            raise DecodingError("a field of a pack's record is malformed")
        return record

    @classmethod
    def decode(cls, data: bytes) -> "PackRecord":
        """The record in the bytes of the state.

        Raises:
            DecodingError: not such a record.
        """
        return cls.from_fields(Record.decode(data).fields)

    def text(self, name: str) -> str | None:
        """The value of a field, if it is a text and there."""
        value = self.values.get(name)
        return value if isinstance(value, str) else None

    @property
    def number(self) -> int | None:
        """The record's number in its unit, where its type counts."""
        found = self.more.get("number")
        return found if isinstance(found, int) else None


def _more(fields: Values) -> Values:
    """The optional parts. Most records have their number alone, or nothing: only others are gone through."""
    count = len(fields) - _ALWAYS
    if count == 0:
        return {}
    if count == 1 and "number" in fields:
        return {"number": fields["number"]}
    return {name: fields[name] for name in _OPTIONAL if name in fields}


def _is_sound(record: PackRecord) -> bool:
    # One after the other instead of in loops: this is asked of every record that is touched.
    return (
        type(record.unit) is type(record.state) is type(record.actor) is type(record.transition) is str
        and type(record.since_ms) is type(record.height) is type(record.time_ms) is int
        and type(record.creator) is type(record.pack) is bytes
        and len(record.creator) == len(record.pack) == HASH_SIZE_BYTES
        and type(record.values) is dict
        and (not record.timers or all(type(timer) is str for timer in record.timers))
    )


def _approval(value: Value) -> Approval:
    match value:
        case [bytes(account), str(who), str(actor)]:
            return Approval(account, who, actor)
    raise DecodingError("an approval of a record is malformed")
