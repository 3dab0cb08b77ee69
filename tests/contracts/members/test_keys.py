"""A member's own keys: added, revoked, and what a revoked one can do from then on."""

import pytest

from contracts.admission import check_sender
from contracts.errors import Refusal
from contracts.members.account import KEYS_MAX
from contracts.members.possession import possession_message
from contracts.result import Event
from ledger.encoding import Value
from ledger.signing import SigningKey
from tests.contracts.organisation import Organisation, key_of
from tests.contracts.trial_ledger import ADMINISTRATOR, SECRETARY

NOTICE: dict[str, Value] = {"unit": "a", "title": "t"}
PHONE = SigningKey.from_seed(b"phone".ljust(32))


def with_two_keys() -> Organisation:
    ledger = Organisation()
    for person in ("p1", "p2"):
        ledger.add_person(person)
    assert ledger.code("members.key-add", adding(ledger, PHONE), "p1") == "ok"
    return ledger


def adding(ledger: Organisation, key: SigningKey, person: str = "p1") -> dict[str, Value]:
    return {"key": key.public, "proof": ledger.proof(key, person)}


def admitted(ledger: Organisation, *signers: SigningKey, person: str = "p1") -> str:
    """What a node says of a notice from this person's account."""
    try:
        check_sender(ledger.state, ledger.sent("notice.post", dict(NOTICE), person, *signers), ledger.time_ms, 0)
    except Refusal as refusal:
        return refusal.code
    return "ok"


def posts(ledger: Organisation, *signers: SigningKey, person: str = "p1") -> str:
    """The same at a node and at execution."""
    code = ledger.outcome(ledger.sent("notice.post", dict(NOTICE), person, *signers))
    assert admitted(ledger, *signers, person=person) == code
    return code


def test_an_added_key_signs_for_the_account_and_along_with_others() -> None:
    ledger = with_two_keys()
    assert posts(ledger, PHONE) == "ok"
    assert posts(ledger, key_of("p2"), PHONE, person="p2") == "ok"
    assert posts(ledger, PHONE, person="p2") == "sender.not-signed"
    key = key_of("third")
    result = ledger.execute(ledger.sent("members.key-add", adding(ledger, key), "p1", PHONE)).results[0]
    account = ledger.member(key_of("p1"))
    assert result.events == (Event("members.key-added", {"account": account, "key": key.public}),)
    assert [link.subject for link in result.links[1:]] == ["person/p1"]


def test_a_revoked_key_signs_nothing_from_the_next_transaction_on() -> None:
    ledger = with_two_keys()
    first = key_of("p1")
    revoking = ledger.sent("members.key-revoke", {"key": first.public}, "p1", first)
    waiting = ledger.sent("notice.post", dict(NOTICE), "p1", first)
    check_sender(ledger.state, waiting, ledger.time_ms, 1)
    execution = ledger.execute(revoking, waiting)
    assert [one.code for one in execution.results] == ["ok", "sender.key-revoked"]
    assert execution.results[1].links == ()
    assert posts(ledger, first) == "sender.key-revoked"
    assert posts(ledger, PHONE, first) == "sender.key-revoked"
    assert posts(ledger, key_of("p2"), first, person="p2") == "sender.key-revoked"
    assert posts(ledger, PHONE) == "ok"


def test_a_revoked_key_never_comes_back() -> None:
    ledger = with_two_keys()
    first = key_of("p1")
    assert ledger.outcome(ledger.sent("members.key-revoke", {"key": first.public}, "p1", PHONE)) == "ok"
    assert ledger.outcome(ledger.sent("members.key-add", adding(ledger, first), "p1", PHONE)) == "members.key-used"
    assert ledger.code("members.key-add", adding(ledger, first, "p2"), "p2") == "members.key-used"
    assert ledger.fields("member-key", first.public.hex())["state"] == "revoked"
    refused = ledger.sent("members.key-revoke", {"key": first.public}, "p1", PHONE)
    assert ledger.outcome(refused) == "members.key-foreign"


def test_the_last_key_is_not_revoked() -> None:
    ledger = with_two_keys()
    assert ledger.outcome(ledger.sent("members.key-revoke", {"key": PHONE.public}, "p1", PHONE)) == "ok"
    assert ledger.code("members.key-revoke", {"key": key_of("p1").public}, "p1") == "members.last-key"
    assert posts(ledger, key_of("p1")) == "ok"


def test_nobody_touches_anothers_keys() -> None:
    ledger = with_two_keys()
    assert ledger.code("members.key-revoke", {"key": PHONE.public}, "p2") == "members.key-foreign"
    assert ledger.code("members.key-revoke", {"key": PHONE.public}) == "members.key-foreign"
    other = key_of("other")
    assert ledger.code("members.key-add", adding(ledger, other, "p1"), "p2") == "members.proof-invalid"
    assert ledger.code("members.key-add", adding(ledger, PHONE, "p2"), "p2") == "members.key-used"
    assert ledger.code("members.key-add", adding(ledger, key_of("p1"), "p2"), "p2") == "members.key-used"
    assert ledger.code("members.key-add", adding(ledger, SECRETARY, "p2"), "p2") == "members.key-used"


def test_an_account_has_so_many_keys() -> None:
    ledger = with_two_keys()
    for number in range(KEYS_MAX - 2):
        assert ledger.code("members.key-add", adding(ledger, key_of(f"device-{number}")), "p1") == "ok"
    assert ledger.code("members.key-add", adding(ledger, key_of("one-more")), "p1") == "members.keys-too-many"


def test_an_account_without_a_person_proves_its_keys_for_itself() -> None:
    ledger = with_two_keys()
    key = key_of("spare")
    account = ledger.member(ADMINISTRATOR).hex()
    proof = key.sign(possession_message(ledger.network_id, f"member/{account}"))
    assert ledger.code("members.key-add", {"key": key.public, "proof": proof}) == "ok"
    result = ledger.asked("members.key-revoke", {"key": ADMINISTRATOR.public})
    assert result.ok and [link.subject for link in result.links] == [f"member/{account}"]
    assert ledger.outcome(ledger.sent("notice.post", dict(NOTICE), None)) == "sender.key-revoked"
    assert ledger.outcome(ledger.sent("notice.post", dict(NOTICE), None, key)) == "ok"


def test_a_transaction_that_was_executed_is_nothing_new_after_a_change_of_keys() -> None:
    """The same envelope again is a duplicate, which blocks leave out; executed nevertheless, it does nothing."""
    ledger = with_two_keys()
    key = key_of("again")
    transaction = ledger.sent("members.key-add", adding(ledger, key), "p1")
    assert ledger.outcome(transaction) == "ok"
    assert ledger.outcome(transaction) == "members.key-used"


@pytest.mark.parametrize("state", ["suspended", "closed"])
def test_an_account_that_may_not_act_signs_nothing(state: str) -> None:
    ledger = with_two_keys()
    operation = "members.suspend" if state == "suspended" else "members.close"
    result = ledger.asked(operation, {"person": "p1"})
    assert result.events == (Event(f"members.{state}", {"person": "p1"}),)
    assert [link.subject for link in result.links[1:]] == ["person/p1"]
    assert posts(ledger, key_of("p1")) == "sender.not-active"
    assert posts(ledger, PHONE) == "sender.not-active"
    assert posts(ledger, key_of("p2"), PHONE, person="p2") == "sender.not-active"
    assert ledger.code("members.resume", {"person": "p1"}) == "ok"
    assert posts(ledger, PHONE) == "ok"


def test_an_account_goes_through_its_states_in_order() -> None:
    ledger = with_two_keys()
    p1: dict[str, Value] = {"person": "p1"}
    assert ledger.code("members.resume", dict(p1)) == "members.account-state"
    assert ledger.code("members.suspend", dict(p1), "p1") == "ok"
    assert ledger.code("members.suspend", dict(p1)) == "members.account-state"
    assert ledger.code("members.close", dict(p1)) == "ok"
    assert ledger.code("members.close", dict(p1)) == "members.account-state"
    assert ledger.code("members.suspend", dict(p1)) == "members.account-state"
    assert ledger.code("members.resume", dict(p1), "p1") == "sender.not-active"
    assert ledger.code("members.close", dict(p1), "p2") == "operation.not-allowed"
    ledger.code("members.enrol", {"person": "keyless"})
    assert ledger.code("members.suspend", {"person": "keyless"}) == "members.no-account"


def test_an_administrators_account_is_left_alone() -> None:
    ledger = with_two_keys()
    listed: list[Value] = [ledger.member(ADMINISTRATOR), ledger.member(key_of("p1"))]
    ledger.write("administrators", "current", {"members": sorted(listed)})  # type: ignore[type-var]
    for operation in ("members.suspend", "members.close"):
        assert ledger.code(operation, {"person": "p1"}) == "members.administrator"
