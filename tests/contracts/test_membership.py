"""The contract `membership`: joining, leaving, roles, the order of events, and who may."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.chain import chain_record_key
from contracts.membership import membership_id
from contracts.record import Record
from contracts.result import Event, RecordVersion
from ledger.encoding import Value
from ledger.transaction import Expectation
from tests.contracts.trial_ledger import ADMINISTRATOR, SECRETARY, TrialLedger

COMMITMENT: Value = {"#": bytes(range(32))}


def ledger_with(*units: str) -> TrialLedger:
    ledger = TrialLedger()
    for unit in units or ("branch",):
        ledger.result("units.create", {"unit": unit, "kind": "branch", "name": "B"}, ADMINISTRATOR)
    return ledger


def event(
    ledger: TrialLedger, method: str, at: int, role: str | None = None, person: str = "p1", unit: str = "branch"
) -> str:
    values: dict[str, Value] = {"unit": unit, "person": person, "at": at}
    if role is not None:
        values["role"] = role
    return ledger.result(f"membership.{method}", values, ADMINISTRATOR).code


def test_who_joins_is_a_member_with_everything_that_was_said() -> None:
    ledger = ledger_with("district/branch")
    values: dict[str, Value] = {"unit": "district/branch", "person": "p1", "role": "member", "at": -5}
    result = ledger.result("membership.join", values | {"body": COMMITMENT}, ADMINISTRATOR)
    assert result.events == (Event("membership.joined", {"person": "p1", "unit": "district/branch"}),)
    assert result.writes == (RecordVersion("membership", "district/branch/p1", 1),)
    assert [link.subject for link in result.links[1:]] == ["unit/district/branch", "person/p1"]
    assert ledger.record("membership", "district/branch/p1") == Record(
        1,
        {
            "at": -5,
            "body": COMMITMENT,
            "height": 2,
            "joined": -5,
            "joins": 1,
            "person": "p1",
            "role": "member",
            "state": "active",
            "unit": "district/branch",
        },
    )


def test_a_member_leaves_and_comes_back_and_the_chain_tells_all_of_it() -> None:
    ledger = ledger_with()
    steps = [("join", 1, "member"), ("role", 2, "admin"), ("leave", 3, None), ("join", 3, "member"), ("leave", 9, None)]
    assert [event(ledger, *step) for step in steps] == ["ok"] * 5
    fields = ledger.fields("membership", membership_id("branch", "p1"))
    assert (fields["state"], fields["role"], fields["joins"]) == ("left", "member", 2)
    assert (fields["joined"], fields["at"]) == (3, 9)
    assert Record.decode(ledger.state[chain_record_key("person/p1")]).version == 5


def test_what_was_said_of_one_event_is_not_said_of_the_next() -> None:
    ledger = ledger_with()
    values: dict[str, Value] = {"unit": "branch", "person": "p1", "role": "member", "at": 1, "body": COMMITMENT}
    ledger.result("membership.join", values, ADMINISTRATOR)
    event(ledger, "leave", 2)
    assert "body" not in ledger.fields("membership", membership_id("branch", "p1"))


def test_nobody_joins_twice() -> None:
    ledger = ledger_with()
    event(ledger, "join", 1, "member")
    before = ledger.record("membership", membership_id("branch", "p1"))
    assert event(ledger, "join", 2, "admin") == "membership.member-already"
    assert ledger.record("membership", membership_id("branch", "p1")) == before


@pytest.mark.parametrize(("method", "role"), [("leave", None), ("role", "admin")])
def test_nothing_ends_or_changes_that_has_not_begun(method: str, role: str | None) -> None:
    ledger = ledger_with()
    assert event(ledger, method, 1, role) == "membership.not-a-member"
    event(ledger, "join", 1, "member")
    event(ledger, "leave", 2)
    assert event(ledger, method, 3, role) == "membership.not-a-member"


def test_a_role_that_stays_is_no_event() -> None:
    ledger = ledger_with()
    event(ledger, "join", 1, "member")
    assert event(ledger, "role", 2, "member") == "membership.same-role"
    assert event(ledger, "role", 2, "Member") == "ok"


def test_the_order_of_what_happened_is_kept() -> None:
    ledger = ledger_with()
    event(ledger, "join", 10, "member")
    values: dict[str, Value] = {"unit": "branch", "person": "p1", "at": 9}
    result = ledger.result("membership.leave", values, ADMINISTRATOR)
    assert result.code == "membership.too-early"
    assert result.details == {"unit": "branch", "person": "p1", "last": 10, "found": 9}
    assert event(ledger, "leave", 10) == "ok"
    assert event(ledger, "join", 10, "member") == "ok"


def test_names_that_differ_in_case_and_names_of_digits_are_people_of_their_own() -> None:
    ledger = ledger_with()
    assert [event(ledger, "join", 1, "member", person) for person in ("anna", "Anna", "249043822")] == ["ok"] * 3


def test_units_know_nothing_of_each_others_members() -> None:
    ledger = ledger_with("a", "a/b")
    assert event(ledger, "join", 1, "member", "p", "a/b") == "ok"
    assert event(ledger, "leave", 1, None, "p", "a") == "membership.not-a-member"
    assert event(ledger, "join", 1, "member", "p", "c") == "membership.unit-unknown"


@pytest.mark.parametrize("method", ["join", "leave", "role"])
def test_only_an_administrator_may_and_a_signature_beside_lends_nothing(method: str) -> None:
    ledger = ledger_with()
    values: dict[str, Value] = {"unit": "branch", "person": "p1", "at": 1}
    if method != "leave":
        values["role"] = "member"
    assert ledger.result(f"membership.{method}", values).code == "operation.not-allowed"
    both = ledger.transaction(f"membership.{method}", values, SECRETARY, [SECRETARY, ADMINISTRATOR])
    assert ledger.execute(both).results[0].code == "operation.not-allowed"


def test_an_event_that_builds_on_another_version_is_refused() -> None:
    ledger = ledger_with()
    key = membership_id("branch", "p1")
    values: dict[str, Value] = {"unit": "branch", "person": "p1", "at": 1}
    build = ledger.transaction
    join = build(
        "membership.join",
        values | {"role": "member"},
        ADMINISTRATOR,
        expect=Expectation("membership", key, 0),
    )
    late = build("membership.leave", values, ADMINISTRATOR, expect=Expectation("membership", key, 2))
    leave = build("membership.leave", values, ADMINISTRATOR, expect=Expectation("membership", key, 1))
    results = ledger.execute(join, late, leave).results
    assert [result.code for result in results] == ["ok", "expect.version-mismatch", "ok"]


@pytest.mark.parametrize(
    ("operation", "values", "refusal", "argument"),
    [
        ("membership.join", {"unit": "a", "person": "p", "at": 1}, "arguments.missing", "role"),
        ("membership.join", {"unit": "a", "person": "p", "role": "r"}, "arguments.missing", "at"),
        ("membership.join", {"unit": "a", "person": "p", "role": "r", "at": "today"}, "arguments.type", "at"),
        ("membership.join", {"unit": "a", "person": "p/q", "role": "r", "at": 1}, "arguments.pattern", "person"),
        ("membership.join", {"unit": "a", "person": "李伟", "role": "r", "at": 1}, "arguments.pattern", "person"),
        ("membership.role", {"unit": "a", "person": "p", "role": "", "at": 1}, "arguments.out-of-range", "role"),
        ("membership.leave", {"unit": "a", "person": "p", "role": "r", "at": 1}, "arguments.unknown", "role"),
        ("membership.leave", {"unit": "a", "person": "p", "at": 1, "body": "Li"}, "arguments.not-detached", "body"),
    ],
)
def test_arguments_are_checked(operation: str, values: dict[str, Value], refusal: str, argument: str) -> None:
    result = TrialLedger().result(operation, values, ADMINISTRATOR)
    assert (result.code, result.details["argument"]) == (refusal, argument)


METHODS = st.sampled_from(["join", "leave", "role"])
EVENTS = st.lists(
    st.tuples(METHODS, st.integers(0, 6), st.sampled_from(["member", "admin"]), st.sampled_from(["p1", "P1", "2"])),
    max_size=30,
)


@settings(deadline=None)
@given(EVENTS)
def test_a_naive_replay_finds_the_same_members(events: list[tuple[str, int, str, str]]) -> None:
    """A dictionary and the events in their order know who is a member, with which role, and what is refused."""
    ledger = ledger_with()
    members: dict[str, str] = {}
    last: dict[str, int] = {}
    accepted: dict[str, int] = {}
    for method, at, role, person in events:
        in_order = at >= last.get(person, at)
        holds = members.get(person)
        wanted = in_order and (holds is None if method == "join" else holds is not None)
        wanted = wanted and not (method == "role" and holds == role)
        code = event(ledger, method, at, None if method == "leave" else role, person)
        assert (code == "ok") == wanted, code
        if not wanted:
            continue
        last[person], accepted[person] = at, accepted.get(person, 0) + 1
        if method == "leave":
            del members[person]
        else:
            members[person] = role
    for person, count in accepted.items():
        record = ledger.record("membership", membership_id("branch", person))
        assert record is not None
        assert record.version == count
        assert (record.fields["state"] == "active") == (person in members)
        assert person not in members or record.fields["role"] == members[person]
        assert record.fields["at"] == last[person]
        assert Record.decode(ledger.state[chain_record_key(f"person/{person}")]).version == count
