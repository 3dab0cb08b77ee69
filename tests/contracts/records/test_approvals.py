"""Four eyes and more: who approves, who counts, what waits, and what happens when the ledger moves on in between."""

from collections.abc import Sequence

import pytest

from contracts.calendar.dates import DAY_MS
from contracts.member import member_fields, member_record_key
from contracts.record import Record
from contracts.result import Result
from ledger.encoding import Value
from tests.contracts.organisation import Organisation, key_of
from tests.contracts.records.dues import DUES, UNIT
from tests.contracts.records.packs import CLUB, club, compiled, fields_of, put_in_force
from tests.contracts.records.test_sweeping import dues, pays
from tests.contracts.records.test_transitions import APPLICATION, act, later, recommended
from tests.contracts.trial_ledger import ADMINISTRATOR

ADMIT: dict[str, Value] = {"type": "application", "id": APPLICATION, "transition": "admit"}
THIS: dict[str, Value] = {"type": "application", "id": APPLICATION}
EXPENSE: dict[str, Value] = {"type": "expense", "id": "branch-1/000001"}


def signed(
    ledger: Organisation, operation: str, arguments: dict[str, Value], sender: str, along: Sequence[str]
) -> Result:
    keys = [key_of(person) for person in (sender, *along)]
    return ledger.execute(ledger.transaction(operation, arguments, keys[0], keys)).results[0]


def asked(ledger: Organisation) -> Organisation:
    result = ledger.asked("records.act", ADMIT, "ann")
    assert result.ok, result
    return ledger


def pending_of(ledger: Organisation, kind: str = "application", record_id: str = APPLICATION) -> dict[str, Value]:
    pending = fields_of(ledger, kind, record_id)["pending"]
    assert isinstance(pending, dict)
    return pending


def test_what_needs_approvals_waits_for_them_and_is_done_with_the_last() -> None:
    ledger = recommended()
    result = ledger.asked("records.act", ADMIT, "ann")
    told = {"approvals": 0, "id": APPLICATION, "kind": "application", "needed": 2, "transition": "admit"}
    assert [tuple(one) for one in result.events] == [("records.asked", told)]
    assert pending_of(ledger)["asker"] == ledger.member(key_of("ann"))
    assert fields_of(ledger, "application", APPLICATION)["state"] == "recommended"
    first = ledger.asked("records.approve", THIS, "bob")
    assert [tuple(one) for one in first.events] == [("records.approved", told | {"approvals": 1})]
    last = ledger.asked("records.approve", THIS, "cai")
    assert [one.name for one in last.events] == ["records.changed"]
    fields = fields_of(ledger, "application", APPLICATION)
    assert (fields["state"], fields["actor"]) == ("admitted", "role:secretary")
    assert "pending" not in fields
    assert fields["approvals"] == [[ledger.member(key_of(one)), one, "role:lead"] for one in ("bob", "cai")]
    assert ledger.fields("office", "branch-1/member/eve")["state"] == "held"


def test_who_signs_along_approves() -> None:
    ledger = recommended()
    assert signed(ledger, "records.act", ADMIT, "ann", ["bob", "cai"]).ok
    assert fields_of(ledger, "application", APPLICATION)["state"] == "admitted"


def test_who_signs_along_an_approval_approves_too_and_strangers_count_for_nothing() -> None:
    ledger = asked(recommended())
    assert signed(ledger, "records.approve", THIS, "bob", ["gus", "fay"]).ok
    assert len(pending_of(ledger)["approvals"]) == 1  # type: ignore[arg-type]
    ledger = asked(recommended())
    assert signed(ledger, "records.approve", THIS, "bob", ["cai"]).ok
    assert fields_of(ledger, "application", APPLICATION)["state"] == "admitted"


def test_who_asked_does_not_approve_even_with_the_right_to() -> None:
    # Ann is a lead as well as the secretary.
    ledger = asked(recommended())
    result = ledger.asked("records.approve", THIS, "ann")
    assert (result.code, result.writes) == ("records.self-approval", ())
    assert signed(ledger, "records.approve", THIS, "bob", ["ann"]).ok
    assert len(pending_of(ledger)["approvals"]) == 1  # type: ignore[arg-type]


def test_an_account_of_the_same_person_is_the_same_person() -> None:
    ledger = asked(recommended())
    # As if Ann had been given a second account, which the ledger does not allow: it must not help her.
    other = key_of("ann-again")
    fields = member_fields("ann", [("ed25519", other.public)], []) | {"person": "ann"}
    ledger.state[member_record_key(ledger.member(other))] = Record(1, fields).encode()
    assert ledger.code("records.approve", THIS, "ann-again") == "records.self-approval"
    again = key_of("bob-again")
    fields = member_fields("bob", [("ed25519", again.public)], []) | {"person": "bob"}
    ledger.state[member_record_key(ledger.member(again))] = Record(1, fields).encode()
    assert ledger.code("records.approve", THIS, "bob") == "ok"
    assert ledger.code("records.approve", THIS, "bob-again") == "records.approved-already"


@pytest.mark.parametrize("person", ["gus", "fay", "dee", "eve"])
def test_only_reviewers_of_this_unit_approve(person: str) -> None:
    ledger = asked(recommended())
    result = ledger.asked("records.approve", THIS, person)
    assert (result.code, result.details["actors"]) == ("records.not-approver", "role:lead")


def test_nobody_approves_twice() -> None:
    ledger = asked(recommended())
    assert ledger.code("records.approve", THIS, "bob") == "ok"
    assert ledger.code("records.approve", THIS, "bob") == "records.approved-already"


def test_while_something_waits_nothing_else_happens() -> None:
    ledger = asked(recommended())
    result = act(ledger, "bob", "refuse")
    assert result.code == "records.review-pending"
    assert (result.details["transition"], result.details["approvals"], result.details["needed"]) == ("admit", 0, 2)
    assert ledger.code("records.act", ADMIT, "ann") == "records.review-pending"


def test_an_approval_counts_only_while_its_giver_may_approve() -> None:
    ledger = asked(recommended())
    assert ledger.code("records.approve", THIS, "bob") == "ok"
    assert ledger.code("units.release", {"unit": "branch-1", "role": "lead", "person": "bob"}) == "ok"
    assert ledger.code("records.approve", THIS, "cai") == "ok"
    assert [one[1] for one in pending_of(ledger)["approvals"]] == ["cai"]  # type: ignore[index, union-attr]
    assert fields_of(ledger, "application", APPLICATION)["state"] == "recommended"


def test_who_asked_has_to_be_entitled_until_the_end() -> None:
    ledger = asked(recommended())
    assert ledger.code("records.approve", THIS, "bob") == "ok"
    assert ledger.code("units.release", {"unit": "branch-1", "role": "secretary", "person": "ann"}) == "ok"
    result = ledger.asked("records.approve", THIS, "cai")
    assert (result.code, result.details["actors"]) == ("records.not-allowed", "role:secretary")


def test_who_asked_takes_it_back() -> None:
    ledger = asked(recommended())
    assert ledger.code("records.withdraw", THIS, "gus") == "records.not-asked"
    result = ledger.asked("records.withdraw", THIS, "ann")
    assert [one.name for one in result.events] == ["records.withdrawn"]
    assert "pending" not in fields_of(ledger, "application", APPLICATION)
    assert act(ledger, "bob", "refuse").ok


def test_who_approved_takes_the_approval_back() -> None:
    ledger = asked(recommended())
    assert ledger.code("records.approve", THIS, "bob") == "ok"
    assert ledger.code("records.withdraw", THIS, "bob") == "ok"
    assert pending_of(ledger)["approvals"] == []
    assert ledger.code("records.withdraw", THIS, "bob") == "records.not-asked"
    assert ledger.code("records.approve", THIS, "bob") == "ok"


def test_what_waits_too_long_is_as_if_withdrawn() -> None:
    ledger = asked(recommended())
    later(ledger, 35)
    assert ledger.code("records.approve", THIS, "bob") == "ok"
    ledger.at(ledger.time_ms + DAY_MS)
    assert ledger.code("records.approve", THIS, "cai") == "records.nothing-pending"
    assert ledger.code("records.withdraw", THIS, "ann") == "records.nothing-pending"
    assert act(ledger, "bob", "refuse").ok
    assert "pending" not in fields_of(ledger, "application", APPLICATION)


def test_another_version_of_the_pack_leaves_only_the_withdrawal() -> None:
    ledger = asked(recommended())
    put_in_force(ledger, compiled(CLUB.replace("version = 1", "version = 2")))
    assert ledger.code("records.approve", THIS, "bob") == "records.review-overtaken"
    assert ledger.code("records.withdraw", THIS, "ann") == "ok"
    assert ledger.code("records.act", ADMIT, "ann") == "ok"
    assert ledger.code("records.approve", THIS, "bob") == "ok"


def requested(ledger: Organisation, person: str = "fay") -> Result:
    arguments: dict[str, Value] = {"type": "expense", "unit": "branch-1", "fields": {"amount": 500}}
    return ledger.asked("records.create", arguments, person)


def test_a_record_whose_creation_waits_is_not_there_yet() -> None:
    ledger = club()
    assert requested(ledger).ok
    fields = fields_of(ledger, "expense", "branch-1/000001")
    assert (fields["state"], fields["values"]) == ("", {})
    assert ledger.code("records.act", EXPENSE | {"transition": "pay"}, "fay") == "records.review-pending"
    assert ledger.code("records.approve", EXPENSE, "bob") == "ok"
    last = ledger.asked("records.approve", EXPENSE, "cai")
    assert [one.name for one in last.events] == ["records.created"]
    fields = fields_of(ledger, "expense", "branch-1/000001")
    assert (fields["state"], fields["values"], fields["number"]) == ("approved", {"amount": 500}, 1)
    assert fields["creator"] == ledger.member(key_of("fay"))


def test_a_creation_that_is_withdrawn_leaves_nothing_but_its_number() -> None:
    ledger = club()
    assert requested(ledger).ok
    assert ledger.code("records.withdraw", EXPENSE, "fay") == "ok"
    assert ledger.record("expense", "branch-1/000001") is None
    assert requested(ledger).ok
    assert ledger.record("expense", "branch-1/000002") is not None


def test_where_the_pack_does_not_ask_for_others_the_sender_counts() -> None:
    ledger = club()
    assert requested(ledger).ok
    assert ledger.code("records.approve", EXPENSE, "bob") == "ok"
    assert ledger.code("records.approve", EXPENSE, "cai") == "ok"
    assert ledger.code("records.act", EXPENSE | {"transition": "pay"}, "fay") == "ok"
    assert [one[1] for one in pending_of(ledger, "expense", "branch-1/000001")["approvals"]] == ["fay"]  # type: ignore[index, union-attr]
    assert ledger.code("records.approve", EXPENSE, "fay") == "records.approved-already"
    assert ledger.code("records.approve", EXPENSE, "cai") == "ok"
    assert fields_of(ledger, "expense", "branch-1/000001")["state"] == "paid"
    assert ledger.fields("counter", "branch-1/spent")["value"] == 1


@pytest.mark.parametrize("state", ["suspend", "close"])
def test_the_approval_of_an_account_that_was_suspended_since_counts_no_more(state: str) -> None:
    ledger = asked(recommended())
    assert ledger.code("records.approve", THIS, "bob") == "ok"
    assert ledger.code(f"members.{state}", {"person": "bob"}) == "ok"
    ledger.add_office("branch-1", "lead", "dee")
    assert ledger.code("records.approve", THIS, "cai") == "ok"
    assert [one[1] for one in pending_of(ledger)["approvals"]] == ["cai"]  # type: ignore[union-attr, index]
    assert ledger.code("records.approve", THIS, "dee") == "ok"
    assert fields_of(ledger, "application", APPLICATION)["state"] == "admitted"


@pytest.mark.parametrize("state", ["suspend", "close"])
def test_what_an_account_asked_for_that_was_suspended_since_is_not_taken(state: str) -> None:
    ledger = asked(recommended())
    assert ledger.code("records.approve", THIS, "bob") == "ok"
    assert ledger.code(f"members.{state}", {"person": "ann"}) == "ok"
    assert ledger.code("records.approve", THIS, "cai") == "records.not-allowed"
    assert ledger.code("members.resume", {"person": "ann"}) == "ok"
    assert ledger.code("records.approve", THIS, "cai") == "ok"
    assert fields_of(ledger, "application", APPLICATION)["state"] == "admitted"


def test_a_person_called_by_the_id_of_an_account_is_not_that_account() -> None:
    source = DUES.replace('by = "role:treasurer"', 'by = "administrator"')
    ledger = dues(source.replace('actors = ["administrator"]', 'actors = ["role:treasurer"]'))
    pays(ledger, "late", 20_000)
    record: dict[str, Value] = {"type": "payer", "id": f"{UNIT}/late"}
    assert ledger.code("records.act", record | {"transition": "go"}) == "ok"
    name = ledger.member(ADMINISTRATOR).hex()
    ledger.add_person(name[:32])
    key = key_of(name[:32])
    fields = member_fields(name, [("ed25519", key.public)], []) | {"person": name}
    ledger.state[member_record_key(ledger.member(key))] = Record(1, fields).encode()
    assert ledger.code("records.withdraw", record, name[:32]) == "records.not-asked"
    assert ledger.code("records.withdraw", record) == "ok"
