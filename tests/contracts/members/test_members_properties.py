"""Random histories of people, keys and recoveries, against a naive reading of the same rules."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.encoding import Value
from ledger.genesis import member_id
from ledger.signing import SigningKey
from ledger.transaction import build_transaction
from tests.contracts.members_reference import ADMIN, DAY_MS, NaiveMembers
from tests.contracts.organisation import Organisation
from tests.contracts.trial_ledger import ADMINISTRATOR

KEYS = {number: SigningKey.from_seed(bytes([number + 1]) * 32) for number in range(12)} | {ADMIN: ADMINISTRATOR}
PEOPLE = ("p", "q", "r")
PERSON = st.sampled_from(PEOPLE)
# Three people begin with the keys 0, 1 and 2; the others come and go.
KEY = st.sampled_from([0, 1, 3, 4, 5, 6, 8])
ACCOUNT = st.sampled_from([0, 1, 2, ADMIN])
PAUSES_MS = st.sampled_from([1, 1, 1000, DAY_MS, 7 * DAY_MS - 1, 7 * DAY_MS, 7 * DAY_MS, 35 * DAY_MS])
SIGNERS = st.lists(st.sampled_from([0, 1, 2, 3, 4, 5, ADMIN]), min_size=1, max_size=3, unique=True)


def step(method: str, **required: Any) -> Any:
    return st.tuples(st.just(method), st.fixed_dictionaries(required))


# Mostly about the first person, who has guardians from the beginning, and for few keys: what is opened shall go on.
WHOM = st.sampled_from(["p", "p", "p", "q"])
NEW_KEY = st.sampled_from([6, 6, 6, 7, 3])
recovering = st.one_of(
    step("recover", person=WHOM, key=NEW_KEY),
    step("recover-approve", person=WHOM, key=NEW_KEY),
    step("recover-approve", person=WHOM, key=NEW_KEY),
    step("recover-finish", person=WHOM),
    step("recover-finish", person=WHOM),
    step("recover-object", person=WHOM),
    step("recover-withdraw", person=WHOM),
)
own = st.one_of(
    step("post"),
    step("key-add", key=KEY),
    step("key-add", key=KEY),
    step("key-revoke", key=KEY),
    step("name", guardians=st.lists(PERSON, max_size=2, unique=True)),
)
others = st.one_of(
    step("enrol", person=st.sampled_from(["s", "t"]), key=st.one_of(st.none(), KEY)),
    step("bind", person=st.sampled_from(["p", "s", "t"]), key=KEY),
    step("suspend", person=PERSON),
    step("resume", person=PERSON),
    step("close", person=PERSON),
)
# None: the account's own keys as they are then.
OWN_KEYS = st.one_of(st.none(), st.none(), st.none(), SIGNERS)
some = st.one_of(
    *[st.tuples(recovering, ACCOUNT, OWN_KEYS, PAUSES_MS)] * 5,
    *[st.tuples(own, ACCOUNT, OWN_KEYS, PAUSES_MS)] * 2,
    st.tuples(others, st.sampled_from([ADMIN, ADMIN, 0, 1]), OWN_KEYS, PAUSES_MS),
)


def play(key: int, who: list[int], between: list[Any], wait_ms: int) -> list[Any]:
    """A recovery from its opening to its end, with what else happens in the meantime."""
    one = {"person": "p", "key": key}
    return [
        (("recover", one), who[0], None, 1),
        *between[:1],
        (("recover-approve", one), who[1], None, 1),
        *between[1:],
        (("recover-finish", {"person": "p"}), ADMIN, None, wait_ms),
    ]


HELPERS = st.permutations([1, 2, ADMIN])
plays = st.builds(play, NEW_KEY, HELPERS, st.lists(some, max_size=2), PAUSES_MS)
histories = st.lists(st.one_of(some.map(lambda one: [one]), plays), min_size=5, max_size=20).map(
    lambda parts: [one for part in parts for one in part]
)


def account_id(ledger: Organisation, account: int) -> bytes:
    return member_id(ledger.network_id, KEYS[account].public)


def arguments(ledger: Organisation, method: str, values: dict[str, Any], sender: int, person: str | None) -> Any:
    """The arguments with real keys, and proofs for whom the operation takes them."""
    if method == "post":
        return {"unit": "u", "title": "t"}
    found: dict[str, Value] = {name: value for name, value in values.items() if name != "key"}
    if values.get("key") is not None:
        key = KEYS[values["key"]]
        found["key"] = key.public
        subject = f"person/{values.get('person', person)}" if values.get("person", person) else None
        message = f"member/{account_id(ledger, sender).hex()}" if subject is None else subject
        if method in ("enrol", "bind", "key-add", "recover"):
            domain = b"banyan/key-possession/v1\0" + ledger.network_id
            found["proof"] = key.sign(domain + message.encode())
    return found


def check(ledger: Organisation, naive: NaiveMembers) -> None:
    for number, account in naive.accounts.items():
        fields = ledger.fields("member", account_id(ledger, number).hex())
        assert fields["keys"] == [["ed25519", KEYS[key].public] for key in account.keys]
        assert (fields.get("person"), fields.get("state", "active")) == (account.person, account.state)
    for number, owner in naive.ever.items():
        fields = ledger.fields("member-key", KEYS[number].public.hex())
        assert (fields["account"], fields["state"] == "revoked") == (account_id(ledger, owner), number in naive.revoked)
    for person, number_or_none in naive.persons.items():
        expected = None if number_or_none is None else account_id(ledger, number_or_none)
        assert ledger.fields("person", person).get("account") == expected
    for person, one in naive.recoveries.items():
        fields = ledger.fields("recovery", person)
        assert (fields["state"], fields.get("ready")) == (one.state, one.ready)
        assert fields["approvals"] == [account_id(ledger, account) for account in one.approvals]


def beginning() -> tuple[Organisation, NaiveMembers]:
    ledger, naive = Organisation(), NaiveMembers()
    for number, person in enumerate(PEOPLE):
        assert naive.run(0, ADMIN, [ADMIN], "enrol", {"person": person, "key": number}) == "ok"
        values = arguments(ledger, "enrol", {"person": person, "key": number}, ADMIN, None)
        assert ledger.code("members.enrol", values) == "ok"
    assert naive.run(0, 0, [0], "name", {"guardians": ["q", "r"]}) == "ok"
    transaction = ledger.transaction("members.guardians", {"guardians": ["q", "r"]}, KEYS[0])
    assert ledger.outcome(transaction) == "ok"
    return ledger, naive


@settings(deadline=None)
@given(histories)
def test_the_naive_reading_finds_the_same(history: list[Any]) -> None:
    ledger, naive = beginning()
    for number, ((method, values), sender, signers, pause) in enumerate(history):
        ledger.at(ledger.time_ms + pause)
        now = ledger.time_ms + 1000
        keys = list(naive.accounts[sender].keys[:1] if signers is None else signers)
        built = arguments(ledger, method, values, sender, naive.accounts[sender].person)
        operation = {"post": "notice.post", "name": "members.guardians"}.get(method, f"members.{method}")
        transaction = build_transaction(
            ledger.network_id,
            account_id(ledger, sender),
            operation,
            built,
            number.to_bytes(16, "big"),
            now,
            [KEYS[key] for key in keys],
        )
        assert ledger.outcome(transaction) == naive.run(now, sender, keys, method, values)
        check(ledger, naive)
