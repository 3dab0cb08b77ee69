"""Delegation: one's own office, to a member of the same unit, for a time, and back at any moment."""

from contracts.result import Event
from contracts.units.appointing import DAY_MS, DELEGATION_DAYS_MAX
from ledger.encoding import Value
from tests.contracts.organisation import Organisation, key_of
from tests.contracts.trial_ledger import ADMINISTRATOR

DAYS = DELEGATION_DAYS_MAX * DAY_MS
RENAME: dict[str, Value] = {"unit": "docs", "name": "Documents"}


def organisation() -> Organisation:
    """A lead, a deputy and another member in `docs`; a member of `blog`; a lead may rename the unit."""
    ledger = Organisation()
    for person in ("lead", "deputy", "member", "blogger"):
        ledger.add_person(person)
    for unit in ("docs", "blog"):
        ledger.add_unit(unit)
    for person in ("deputy", "member"):
        ledger.add_office("docs", "member", person)
    ledger.add_office("blog", "member", "blogger")
    ledger.add_office("docs", "lead", "lead")
    ledger.permit("units.rename", "role:lead")
    return ledger


def delegated(ledger: Organisation, giver: str = "lead", person: str = "deputy", **more: Value) -> str:
    values: dict[str, Value] = {"unit": "docs", "role": "lead", "person": person, "until": ledger.time_ms + 100_000}
    return ledger.code("units.delegate", values | more, giver)


def renames(ledger: Organisation, person: str) -> bool:
    name = f"Documents {ledger.height}"
    code = ledger.code("units.rename", {"unit": "docs", "name": name}, person)
    assert code in ("ok", "operation.not-allowed")
    return code == "ok"


def test_a_delegate_acts_until_the_moment_that_was_said() -> None:
    ledger = organisation()
    end = ledger.time_ms + 1000 + DAYS
    values: dict[str, Value] = {"unit": "docs", "role": "lead", "person": "deputy", "until": end}
    result = ledger.asked("units.delegate", values, "lead")
    happened = {"by": "lead", "person": "deputy", "role": "lead", "unit": "docs"}
    assert result.events == (Event("units.delegated", dict(happened)),)
    assert [link.subject for link in result.links[1:]] == ["unit/docs", "person/deputy", "person/lead"]
    assert renames(ledger, "deputy") and renames(ledger, "lead") and not renames(ledger, "member")
    assert ledger.fields("role-count", "docs/lead")["count"] == 1
    ledger.at(end - 1)
    assert renames(ledger, "deputy")
    ledger.at(end)
    assert not renames(ledger, "deputy")


def test_a_revoked_delegation_is_over_in_the_next_transaction() -> None:
    ledger = organisation()
    for who in ("lead", "deputy", None):
        assert delegated(ledger) == "ok"
        values: dict[str, Value] = {"unit": "docs", "role": "lead", "person": "deputy"}
        assert ledger.code("units.revoke-delegation", dict(values), "member") == "operation.not-allowed"
        key = ADMINISTRATOR if who is None else key_of(who)
        revoking = ledger.transaction("units.revoke-delegation", dict(values), key)
        acting = ledger.transaction("units.rename", dict(RENAME), key_of("deputy"))
        results = ledger.execute(revoking, acting).results
        assert [one.code for one in results] == ["ok", "operation.not-allowed"]
        assert ledger.code("units.revoke-delegation", values, "lead") == "units.no-delegation"


def test_a_delegation_ends_with_the_office_that_it_is_of() -> None:
    ledger = organisation()
    assert delegated(ledger) == "ok"
    assert ledger.code("units.release", {"unit": "docs", "role": "lead", "person": "lead"}) == "ok"
    assert not renames(ledger, "deputy")
    ledger.add_office("docs", "lead", "lead")
    assert ledger.code("units.dissolve", {"unit": "docs"}) == "ok"
    assert ledger.code("units.rename", dict(RENAME), "deputy") == "units.not-active"


def test_a_delegation_is_no_longer_than_allowed_nor_than_the_term() -> None:
    ledger = organisation()
    assert delegated(ledger, until=ledger.time_ms + 1000 + DAYS + 1) == "units.delegation-too-long"
    assert delegated(ledger, until=ledger.time_ms + 1000) == "units.delegation-over"
    end = ledger.time_ms + 100_000
    ledger.code("units.release", {"unit": "docs", "role": "lead", "person": "lead"})
    ledger.add_office("docs", "lead", "lead", until=end)
    assert delegated(ledger, until=end + 1) == "units.delegation-too-long"
    assert delegated(ledger, until=end) == "ok"


def test_only_ones_own_office_is_delegated_and_not_further() -> None:
    ledger = organisation()
    assert delegated(ledger, "member", "deputy") == "units.office-not-held"
    assert delegated(ledger) == "ok"
    assert delegated(ledger, "deputy", "member") == "units.office-not-held"
    assert delegated(ledger) == "units.office-held"
    ledger.add_office("docs", "lead", "member")
    assert delegated(ledger, "lead", "member") == "units.office-held"
    assert delegated(ledger, "member", "deputy") == "units.office-held"


def test_to_members_of_the_unit_but_not_to_oneself() -> None:
    ledger = organisation()
    assert delegated(ledger, person="blogger") == "units.not-a-member"
    assert delegated(ledger, person="nobody") == "units.not-a-member"
    assert delegated(ledger, person="lead") == "units.delegated-to-oneself"


def test_membership_and_a_vote_are_personal() -> None:
    ledger = organisation()
    ledger.add_office("docs", "voter", "member")
    for role in ("member", "voter"):
        assert delegated(ledger, "member", "deputy", role=role) == "units.not-delegable"


def test_an_account_without_a_person_has_nothing_to_delegate() -> None:
    ledger = organisation()
    values: dict[str, Value] = {"unit": "docs", "role": "lead", "person": "deputy", "until": ledger.time_ms + 9000}
    assert ledger.code("units.delegate", values) == "units.no-person"


def test_a_delegated_office_is_not_released_but_may_become_ones_own() -> None:
    ledger = organisation()
    assert delegated(ledger) == "ok"
    office: dict[str, Value] = {"unit": "docs", "role": "lead", "person": "deputy"}
    assert ledger.code("units.release", office) == "units.office-delegated"
    assert ledger.code("units.appoint", office) == "ok"
    assert ledger.fields("role-count", "docs/lead")["count"] == 2
    assert "delegated_by" not in ledger.fields("office", "docs/lead/deputy")
    assert ledger.code("units.revoke-delegation", office) == "units.no-delegation"
