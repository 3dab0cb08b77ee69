"""Recovery: approvals, the delay, objections, and everything that somebody could try with it."""

from typing import Any

import pytest

from contracts.members.recovery import DAY_MS, DELAY_DAYS_DEFAULT, RECOVERY_LIFETIME_DAYS
from contracts.result import Event
from ledger.encoding import Value
from ledger.signing import SigningKey
from ledger.transaction import Expectation
from tests.contracts.organisation import Organisation, key_of
from tests.contracts.trial_ledger import ADMINISTRATOR, STRANGER

NEW = SigningKey.from_seed(b"new".ljust(32))
OTHER = SigningKey.from_seed(b"other".ljust(32))
PHONE = SigningKey.from_seed(b"phone".ljust(32))
DELAY_MS = DELAY_DAYS_DEFAULT * DAY_MS
ONE: dict[str, Value] = {"person": "p1"}
NOTICE: dict[str, Value] = {"unit": "a", "title": "t"}


def organisation() -> Organisation:
    """`p1` with two keys and the guardians `g1` and `g2`; `p2` is nobody to them; one administrator."""
    ledger = Organisation()
    for person in ("p1", "p2", "g1", "g2"):
        ledger.add_person(person)
    adding: dict[str, Value] = {"key": PHONE.public, "proof": ledger.proof(PHONE, "p1")}
    assert ledger.code("members.key-add", adding, "p1") == "ok"
    assert ledger.code("members.guardians", {"guardians": ["g1", "g2"]}, "p1") == "ok"
    return ledger


def opening(ledger: Organisation, key: SigningKey = NEW, person: str = "p1", **more: Value) -> dict[str, Value]:
    return {"person": person, "key": key.public, "proof": ledger.proof(key, person), **more}


def opened(ledger: Organisation, who: str | None = "g1", **more: Any) -> str:
    return ledger.code("members.recover", opening(ledger, **more), who)


def approved(ledger: Organisation, who: str | None = "g2", key: SigningKey = NEW) -> str:
    return ledger.code("members.recover-approve", ONE | {"key": key.public}, who)


def waiting() -> tuple[Organisation, int]:
    """A ledger on which a recovery waits, and the end of its delay."""
    ledger = organisation()
    assert (opened(ledger), approved(ledger)) == ("ok", "ok")
    ready = ledger.fields("recovery", "p1")["ready"]
    assert isinstance(ready, int) and ready == ledger.time_ms + DELAY_MS
    return ledger, ready


def state(ledger: Organisation) -> Value:
    return ledger.fields("recovery", "p1")["state"]


def test_two_approve_a_week_passes_and_the_new_key_is_the_only_one() -> None:
    ledger = organisation()
    result = ledger.asked("members.recover", opening(ledger), "g1")
    assert result.events == (
        Event("members.recovery-opened", {"key": NEW.public, "person": "p1"}),
        Event("members.recovery-approved", {"approvals": 1, "needed": 2, "person": "p1"}),
    )
    assert [link.subject for link in result.links[1:]] == ["person/p1"]
    result = ledger.asked("members.recover-approve", ONE | {"key": NEW.public}, None)
    ready = ledger.time_ms + DELAY_MS
    assert result.events[1] == Event("members.recovery-waiting", {"person": "p1", "ready": ready})
    ledger.at(ready)
    result = ledger.asked("members.recover-finish", dict(ONE), "p2")
    assert result.events == (Event("members.recovered", {"key": NEW.public, "person": "p1"}),)
    assert [link.subject for link in result.links[1:]] == ["person/p1"]
    account = ledger.member(key_of("p1"))
    assert ledger.fields("member", account.hex())["keys"] == [["ed25519", NEW.public]]
    for key in (key_of("p1"), PHONE):
        assert ledger.fields("member-key", key.public.hex())["state"] == "revoked"
        assert ledger.outcome(ledger.sent("notice.post", dict(NOTICE), "p1", key)) == "sender.key-revoked"
    assert ledger.outcome(ledger.sent("notice.post", dict(NOTICE), "p1", NEW)) == "ok"
    assert ledger.code("members.recover-finish", dict(ONE)) == "members.no-recovery"


def test_who_signs_along_approves_too() -> None:
    ledger = organisation()
    both = ledger.sent("members.recover", opening(ledger), "g1", key_of("g1"), key_of("p2"), ADMINISTRATOR)
    assert ledger.outcome(both) == "ok"
    assert state(ledger) == "waiting"
    accounts = [ledger.member(key_of("g1")), ledger.member(ADMINISTRATOR)]
    assert ledger.fields("recovery", "p1")["approvals"] == accounts


def test_nothing_is_finished_before_the_last_millisecond() -> None:
    ledger, ready = waiting()
    ledger.at(ready - 1)
    refused = ledger.asked("members.recover-finish", dict(ONE))
    assert (refused.code, refused.details["ready"]) == ("members.recovery-early", ready)
    ledger.at(ready)
    assert ledger.code("members.recover-finish", dict(ONE)) == "ok"


@pytest.mark.parametrize("key", [key_of("p1"), PHONE])
def test_an_objection_in_the_last_millisecond_ends_it(key: SigningKey) -> None:
    ledger, ready = waiting()
    ledger.at(ready - 1)
    result = ledger.execute(ledger.sent("members.recover-object", dict(ONE), "p1", key)).results[0]
    assert result.events == (Event("members.recovery-objected", {"person": "p1"}),)
    assert [link.subject for link in result.links[1:]] == ["person/p1"]
    ledger.at(ready)
    assert ledger.code("members.recover-finish", dict(ONE)) == "members.no-recovery"
    assert ledger.outcome(ledger.sent("notice.post", dict(NOTICE), "p1", key)) == "ok"


def test_an_objection_counts_until_it_is_finished_and_the_log_decides_which_came_first() -> None:
    for first in ("members.recover-object", "members.recover-finish"):
        ledger, ready = waiting()
        ledger.at(ready + 5)
        objecting = ledger.sent("members.recover-object", dict(ONE), "p1")
        finishing = ledger.sent("members.recover-finish", dict(ONE), "p2")
        pair = [objecting, finishing] if first == "members.recover-object" else [finishing, objecting]
        codes = [one.code for one in ledger.execute(*pair).results]
        refusal = "members.no-recovery" if pair[0] is objecting else "sender.key-revoked"
        assert codes == ["ok", refusal]


def test_one_may_object_while_approvals_are_gathered() -> None:
    ledger = organisation()
    opened(ledger)
    assert ledger.code("members.recover-object", dict(ONE), "p1") == "ok"
    assert approved(ledger) == "members.no-recovery"


@pytest.mark.parametrize("operation", ["members.suspend", "members.close"])
def test_whoever_suspends_an_account_does_not_take_its_objection_away(operation: str) -> None:
    ledger, _ready = waiting()
    assert ledger.code(operation, dict(ONE)) == "ok"
    assert ledger.code("members.recover-object", {"person": "p2"}, "p1") == "members.no-recovery"
    assert ledger.code("members.recover-object", dict(ONE), "p1") == "ok"
    assert ledger.code("notice.post", dict(NOTICE), "p1") == "sender.not-active"


def test_a_recovered_account_is_in_the_state_that_it_was_in() -> None:
    ledger, ready = waiting()
    ledger.code("members.suspend", dict(ONE))
    ledger.at(ready)
    assert ledger.code("members.recover-finish", dict(ONE)) == "ok"
    assert ledger.outcome(ledger.sent("notice.post", dict(NOTICE), "p1", NEW)) == "sender.not-active"


def test_nobody_else_objects_or_withdraws() -> None:
    ledger, _ready = waiting()
    for who in ("p2", "g2", None):
        assert ledger.code("members.recover-object", dict(ONE), who) == "operation.not-allowed"
    for who in ("p2", "g2", "p1"):
        assert ledger.code("members.recover-withdraw", dict(ONE), who) == "operation.not-allowed"
    assert state(ledger) == "waiting"


@pytest.mark.parametrize("who", ["g1", None])
def test_who_opened_it_and_the_officers_withdraw_it(who: str | None) -> None:
    ledger, ready = waiting()
    result = ledger.asked("members.recover-withdraw", dict(ONE), who)
    assert result.events == (Event("members.recovery-withdrawn", {"person": "p1"}),)
    ledger.at(ready)
    assert ledger.code("members.recover-finish", dict(ONE)) == "members.no-recovery"
    assert opened(ledger, key=OTHER) == "ok"


def test_there_is_one_recovery_at_a_time() -> None:
    ledger = organisation()
    assert opened(ledger) == "ok"
    assert opened(ledger, "g2", key=OTHER) == "members.recovery-open"
    assert approved(ledger, key=OTHER) == "members.other-key"
    assert approved(ledger) == "ok"
    assert opened(ledger, None, key=OTHER) == "members.recovery-open"
    assert approved(ledger, None) == "members.approved-enough"


def test_an_approval_counts_once() -> None:
    ledger = organisation()
    opened(ledger)
    assert approved(ledger, "g1") == "members.approved-already"
    assert ledger.code("members.recover-finish", dict(ONE)) == "members.not-approved"
    assert state(ledger) == "gathering"


def test_nobody_approves_their_own_recovery_by_whatever_key() -> None:
    ledger = organisation()
    assert opened(ledger, "p1") == "members.own-recovery"
    assert ledger.outcome(ledger.sent("members.recover", opening(ledger), "p1", PHONE)) == "members.own-recovery"
    along = ledger.sent("members.recover", opening(ledger), "g1", key_of("g1"), key_of("p1"))
    assert ledger.outcome(along) == "ok"
    assert ledger.fields("recovery", "p1")["approvals"] == [ledger.member(key_of("g1"))]
    assert approved(ledger, "p1") == "members.own-recovery"


def test_nobody_is_their_own_guardian_or_names_strangers() -> None:
    ledger = organisation()
    assert ledger.code("members.guardians", {"guardians": ["g1", "p1"]}, "p1") == "members.own-guardian"
    assert ledger.code("members.guardians", {"guardians": ["nobody"]}, "p1") == "members.person-unknown"
    ledger.code("members.enrol", {"person": "keyless"})
    assert ledger.code("members.guardians", {"guardians": ["keyless"]}, "p1") == "members.no-account"
    assert ledger.code("members.guardians", {"guardians": ["g1", "g1"]}, "p1") == "arguments.duplicate"
    assert ledger.code("members.guardians", {"guardians": []}) == "members.no-person"
    assert ledger.code("members.guardians", {"guardians": []}, "p1") == "ok"
    assert opened(ledger) == "operation.not-allowed"


def test_only_those_who_may_help_open_and_approve() -> None:
    ledger = organisation()
    assert opened(ledger, "p2") == "operation.not-allowed"
    assert ledger.result("members.recover", opening(ledger), STRANGER).code == "sender.unknown"
    assert opened(ledger) == "ok"
    assert approved(ledger, "p2") == "operation.not-allowed"
    lending = ledger.sent("members.recover-approve", ONE | {"key": NEW.public}, "p2", key_of("p2"), key_of("g2"))
    assert ledger.outcome(lending) == "operation.not-allowed"


def test_an_approval_of_somebody_who_may_no_more_is_dropped() -> None:
    changes: list[tuple[str, dict[str, Value], str | None]] = [
        ("members.guardians", {"guardians": ["g2"]}, "p1"),
        ("members.suspend", {"person": "g1"}, None),
    ]
    for change in changes:
        ledger = organisation()
        opened(ledger)
        assert ledger.code(*change) == "ok"
        assert approved(ledger) == "ok"
        assert state(ledger) == "gathering"
        assert approved(ledger, None) == "ok"
        assert state(ledger) == "waiting"


def test_officers_of_the_persons_own_unit_help_and_of_no_other() -> None:
    ledger = organisation()
    for unit, person in (("home", "g1"), ("away", "p2")):
        ledger.add_unit(unit)
        ledger.add_office(unit, "secretary", person)
    ledger.add_office("home", "member", "p1")
    ledger.permit("members.recover", "role:secretary")
    ledger.permit("members.recover-approve", "role:secretary")
    ledger.code("members.guardians", {"guardians": []}, "p1")
    assert opened(ledger, "p2", unit="home") == "operation.not-allowed"
    assert opened(ledger, "p2", unit="away") == "members.not-in-unit"
    assert opened(ledger, "g1") == "operation.not-allowed"
    assert opened(ledger, "g1", unit="home") == "ok"
    assert approved(ledger, "p2") == "operation.not-allowed"
    assert approved(ledger, None) == "ok"


def test_the_new_key_is_nobodys_then_and_at_the_end() -> None:
    ledger = organisation()
    for used in (key_of("p2"), key_of("p1"), PHONE, ADMINISTRATOR):
        assert opened(ledger, key=used) == "members.key-used"
    assert ledger.code("members.recover", opening(ledger) | {"proof": bytes(64)}, "g1") == "members.proof-invalid"
    ledger, ready = waiting()
    adding: dict[str, Value] = {"key": NEW.public, "proof": ledger.proof(NEW, "p2")}
    assert ledger.code("members.key-add", adding, "p2") == "ok"
    ledger.at(ready)
    assert ledger.code("members.recover-finish", dict(ONE)) == "members.key-used"
    assert ledger.outcome(ledger.sent("notice.post", dict(NOTICE), "p1", PHONE)) == "ok"


def test_what_is_not_brought_to_an_end_lapses() -> None:
    ledger = organisation()
    opened(ledger)
    lapse = ledger.time_ms + RECOVERY_LIFETIME_DAYS * DAY_MS
    ledger.at(lapse)
    assert approved(ledger) == "members.no-recovery"
    assert opened(ledger, key=OTHER) == "ok"
    ledger, ready = waiting()
    ledger.at(ready + RECOVERY_LIFETIME_DAYS * DAY_MS)
    assert ledger.code("members.recover-finish", dict(ONE)) == "members.no-recovery"


def test_who_has_no_account_has_nothing_to_recover() -> None:
    ledger = organisation()
    assert opened(ledger, None, person="nobody") == "members.person-unknown"
    ledger.code("members.enrol", {"person": "keyless"})
    assert opened(ledger, None, person="keyless") == "members.no-account"


def test_the_rule_is_the_administrators_and_counts_for_what_is_opened_later() -> None:
    ledger = organisation()
    ledger.add_person("second")
    listed: Any = sorted([ledger.member(ADMINISTRATOR), ledger.member(key_of("second"))])
    ledger.write("administrators", "current", {"members": listed})
    rule: dict[str, Value] = {"needed": 3, "delay_days": 1}
    refused = ledger.asked("members.recovery-rule", dict(rule))
    assert (refused.code, refused.details) == ("members.not-agreed", {"signed": 1, "needed": 2})
    assert ledger.code("members.recovery-rule", dict(rule), "p1") == "operation.not-allowed"
    opened(ledger)
    both = ledger.sent("members.recovery-rule", dict(rule), None, ADMINISTRATOR, key_of("second"))
    result = ledger.execute(both).results[0]
    assert result.events == (Event("members.recovery-rule-set", {"delay_days": 1, "needed": 3}),)
    assert ledger.fields("recovery", "p1")["needed"] == 2
    assert ledger.code("members.recover-withdraw", dict(ONE), "g1") == "ok"
    assert [opened(ledger), approved(ledger), state(ledger)] == ["ok", "ok", "gathering"]
    assert approved(ledger, None) == "ok"
    assert ledger.fields("recovery", "p1")["ready"] == ledger.time_ms + DAY_MS
    for bad in ({"needed": 1, "delay_days": 1}, {"needed": 2, "delay_days": 0}, {"needed": 2, "delay_days": 91}):
        assert ledger.code("members.recovery-rule", dict(bad)) == "arguments.out-of-range"


def test_an_administrators_account_takes_as_many_as_decide_about_the_network() -> None:
    ledger = organisation()
    for number in range(4):
        ledger.add_person(f"a{number}")
    accounts: Any = sorted(ledger.member(key_of(one)) for one in ("p1", "a0", "a1", "a2", "a3"))
    ledger.write("administrators", "current", {"members": accounts})
    assert opened(ledger) == "ok"
    assert ledger.fields("recovery", "p1")["needed"] == 3


def test_a_stale_expectation_and_a_second_execution_change_nothing() -> None:
    ledger = organisation()
    opened(ledger)
    stale = Expectation("recovery", "p1", 0)
    approving = ledger.sent("members.recover-approve", ONE | {"key": NEW.public}, "g2", expect=stale)
    assert ledger.outcome(approving) == "expect.version-mismatch"
    approving = ledger.sent("members.recover-approve", ONE | {"key": NEW.public}, "g2")
    assert ledger.outcome(approving) == "ok"
    assert ledger.outcome(approving) == "members.approved-enough"


def test_an_administrator_does_not_approve_for_themselves_by_signing_along() -> None:
    ledger = organisation()
    accounts: Any = sorted([ledger.member(ADMINISTRATOR), ledger.member(key_of("p1"))])
    ledger.write("administrators", "current", {"members": accounts})
    along = ledger.sent("members.recover", opening(ledger), "g1", key_of("g1"), key_of("p1"))
    assert ledger.outcome(along) == "ok"
    assert ledger.fields("recovery", "p1")["approvals"] == [ledger.member(key_of("g1"))]
    along = ledger.sent("members.recover-approve", ONE | {"key": NEW.public}, "g1", key_of("g1"), key_of("p1"))
    assert ledger.outcome(along) == "members.approved-already"


def test_who_has_become_an_administrator_since_is_not_recovered_with_fewer_approvals() -> None:
    """Two guardians were enough for a member; about a network of five administrators, three decide."""
    ledger, ready = waiting()
    for person in ("g1", "g2", "p2", "p1"):
        members = [ADMINISTRATOR, *map(key_of, ("g1", "g2", "p2", "p1"))]
        arguments: dict[str, Value] = {"member": ledger.member(key_of(person))}
        assert ledger.outcome(ledger.sent("governance.administrator-add", arguments, None, *members)) == "ok"
    ledger.at(ready)
    refused = ledger.asked("members.recover-finish", dict(ONE))
    assert (refused.code, refused.details["approvals"], refused.details["needed"]) == ("members.not-approved", 2, 3)
