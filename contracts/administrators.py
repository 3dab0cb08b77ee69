"""Who decides about the network itself: its administrators, and how many of them have to agree.

Owns the record `administrators/current`, the list of their member ids, and the rule of the majority. Never looks at
keys: who signed is found out before. The list begins as that of the genesis; a member's role of the same name lets it
do other things and counts for nothing here. Source: docs/reference/contracts.md, "governance".
"""

from collections.abc import Iterable
from dataclasses import dataclass

from contracts.errors import Reason, Refusal
from contracts.record import Record, record_key
from contracts.state import StateReader
from ledger.encoding import Value
from ledger.errors import DecodingError
from ledger.hashing import HASH_SIZE_BYTES, Hash

KIND_ADMINISTRATORS = "administrators"
ADMINISTRATORS_ID = "current"
ADMINISTRATORS_KEY = record_key(KIND_ADMINISTRATORS, ADMINISTRATORS_ID)

NOT_ADMINISTRATOR = Reason(
    "governance.not-an-administrator",
    "the member {member} is no administrator of this network, and only administrators may ask for this",
)


@dataclass(frozen=True, slots=True)
class Administrators:
    """The administrators at one moment: member ids, ascending, at least one."""

    members: tuple[Hash, ...]

    @classmethod
    def from_fields(cls, fields: dict[str, Value]) -> "Administrators":
        """The administrators in the fields of their record.

        Raises:
            DecodingError: not such fields.
        """
        listed = fields.get("members")
        found = listed if isinstance(listed, list) else []
        members = tuple(one for one in found if isinstance(one, bytes) and len(one) == HASH_SIZE_BYTES)
        if not members or len(members) != len(found):
            raise DecodingError("the record of the administrators does not list members")
        return cls(members)

    @property
    def fields(self) -> dict[str, Value]:
        """The fields of the record."""
        return {"members": list(self.members)}

    @property
    def needed(self) -> int:
        """How many have to agree: more than half."""
        return len(self.members) // 2 + 1

    def agree(self, approvals: Iterable[Hash]) -> bool:
        """Whether those of `approvals` who are administrators now are enough; each counts once."""
        return len(set(approvals).intersection(self.members)) >= self.needed

    def check(self, member: Hash) -> None:
        """Refuse a member who is none of them.

        Raises:
            Refusal: `governance.not-an-administrator`.
        """
        if member not in self.members:
            raise Refusal(*NOT_ADMINISTRATOR, member=member.hex())


def administrators_of(state: StateReader) -> Administrators:
    """The administrators now.

    Raises:
        DecodingError: the state lacks the record that the genesis makes, or it is damaged.
    """
    data = state.get(ADMINISTRATORS_KEY)
    if data is None:
        raise DecodingError("the state has no record of the administrators")
    return Administrators.from_fields(Record.decode(data).fields)
