"""Who decides about the network itself: its administrators, and by which rule.

Owns the form of the record `administrators/current`: the list of their member ids, the rule if it is another than the
majority, and the decision that made them so. Never looks at keys: who signed is found out before. The list begins as
that of the genesis; a member's role of the same name, which stays from there, counts for nothing. Source:
docs/reference/contracts.md, "governance".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from contracts.decision import decision_in
from contracts.decision_rule import RULE_MAJORITY, RULES, approvals_needed
from contracts.errors import Reason, Refusal
from contracts.record import Record, record_key
from contracts.state import StateReader
from ledger.encoding import Value
from ledger.errors import DecodingError
from ledger.hashing import HASH_SIZE_BYTES, Hash

if TYPE_CHECKING:
    from contracts.context import Context

KIND_ADMINISTRATORS = "administrators"
ADMINISTRATORS_ID = "current"
ADMINISTRATORS_SUBJECT = "administrators/current"
ADMINISTRATORS_KEY = record_key(KIND_ADMINISTRATORS, ADMINISTRATORS_ID)

NOT_ADMINISTRATOR = Reason(
    "governance.not-an-administrator",
    "the member {member} is no administrator of this network, and only administrators may ask for this",
)


@dataclass(frozen=True, slots=True)
class Administrators:
    """The administrators at one moment: member ids, ascending, at least one.

    `rule` is one of `contracts.decision_rule.RULES`; `decision` the id of the decision that made it so, None for what
    the genesis says.
    """

    members: tuple[Hash, ...]
    rule: str = RULE_MAJORITY
    decision: Hash | None = None

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
        rule = fields.get("rule", RULE_MAJORITY)
        if not isinstance(rule, str) or rule not in RULES:
            raise DecodingError("the record of the administrators names no rule that there is")
        return cls(members, rule, decision_in(fields))

    @property
    def fields(self) -> dict[str, Value]:
        """The fields of the record."""
        fields: dict[str, Value] = {} if self.decision is None else {"decision": self.decision}
        fields["members"] = list(self.members)
        return fields if self.rule == RULE_MAJORITY else fields | {"rule": self.rule}

    @property
    def needed(self) -> int:
        """How many have to agree by the rule."""
        return approvals_needed(self.rule, len(self.members))

    def count(self, approvals: Iterable[Hash]) -> int:
        """How many of `approvals` are administrators now; each counts once."""
        return len(set(approvals).intersection(self.members))

    def check(self, member: Hash) -> None:
        """Refuse a member who is none of them.

        Raises:
            Refusal: `governance.not-an-administrator`.
        """
        if member not in self.members:
            raise Refusal(*NOT_ADMINISTRATOR, member=member.hex())


def administrators_in(context: "Context") -> Administrators:
    """The administrators as an operation finds them; a read of a record, decoded once for all who ask."""
    content = context.content(KIND_ADMINISTRATORS, ADMINISTRATORS_ID)
    assert content is not None, "the genesis names the administrators"
    return _decoded(content)


# 4: they change a few times a year, and many operations ask for them.
@lru_cache(maxsize=4)
def _decoded(content: bytes) -> Administrators:
    return Administrators.from_fields(Record.decode(content).fields)


def administrators_of(state: StateReader) -> Administrators:
    """The administrators now.

    Raises:
        DecodingError: the state lacks the record that the genesis makes, or it is damaged.
    """
    data = state.get(ADMINISTRATORS_KEY)
    if data is None:
        raise DecodingError("the state has no record of the administrators")
    return _decoded(data)
