"""A trial ledger with units and people who have keys; what tests are not about is written into the state directly."""

from collections.abc import Sequence
from functools import lru_cache

from contracts.authority.permission import Grant, permission_fields
from contracts.member import member_fields, member_record_key
from contracts.members.possession import possession_message
from contracts.record import Record, record_key
from contracts.result import Result
from ledger.encoding import Value
from ledger.signing import SCHEME_ED25519, SigningKey
from ledger.transaction import Expectation, Transaction
from tests.contracts.trial_ledger import ADMINISTRATOR, TrialLedger


@lru_cache
def key_of(person: str) -> SigningKey:
    """The first key of a person of the tests."""
    return SigningKey.from_seed(person.encode().ljust(32, b"."))


class Organisation(TrialLedger):
    """`key_of(person)` signs for each person that was added; every call is a block of its own."""

    def add_person(self, person: str, roles: Sequence[str] = ()) -> None:
        """A person with an account, as if enrolled."""
        key = key_of(person)
        fields = member_fields(person, [(SCHEME_ED25519, key.public)], list(roles)) | {"person": person}
        self.state[member_record_key(self.member(key))] = Record(1, fields).encode()
        self.write("person", person, {"person": person, "account": self.member(key), "height": 0, "time": 0})

    def add_unit(self, unit: str, parent: str | None = None) -> None:
        values: dict[str, Value] = {"unit": unit, "kind": "branch", "name": unit}
        assert self.code("units.create", values | ({} if parent is None else {"parent": parent})) == "ok"

    def add_office(self, unit: str, role: str, person: str, until: int | None = None) -> None:
        values: dict[str, Value] = {"unit": unit, "role": role, "person": person}
        assert self.code("units.appoint", values | ({} if until is None else {"until": until})) == "ok"

    def permit(self, operation: str, *actors: str, begin: int | None = None) -> None:
        grants = {"trial": (Grant(begin or 0, bytes(32), actors),)}
        self.write("permission", operation, permission_fields(grants))

    def write(self, kind: str, record_id: str, fields: dict[str, Value]) -> None:
        self.state[record_key(kind, record_id)] = Record(1, fields).encode()

    def asked(self, operation: str, arguments: dict[str, Value], person: str | None = None) -> Result:
        """The result of an operation; sent by the administrator where nobody is named."""
        return self.result(operation, arguments, ADMINISTRATOR if person is None else key_of(person))

    def code(self, operation: str, arguments: dict[str, Value], person: str | None = None) -> str:
        return self.asked(operation, arguments, person).code

    def at(self, time_ms: int) -> None:
        """Let the next block have exactly this time."""
        assert time_ms > self.time_ms
        self.time_ms = time_ms - 1000

    def proof(self, key: SigningKey, person: str) -> bytes:
        """What shows that a key is a person's, in this network."""
        return key.sign(possession_message(self.network_id, f"person/{person}"))

    def sent(
        self,
        operation: str,
        arguments: dict[str, Value],
        person: str | None,
        *signers: SigningKey,
        expect: Expectation | None = None,
    ) -> Transaction:
        """A transaction from a person's account (the administrator's, for None), signed by these keys or its first."""
        key = ADMINISTRATOR if person is None else key_of(person)
        return self.transaction(operation, arguments, key, signers or (key,), expect)

    def outcome(self, transaction: Transaction) -> str:
        """What becomes of a transaction in a block of its own."""
        return self.execute(transaction).results[0].code
