"""Creating records and moving them: who may, from where, after how long, and what stands in the record afterwards."""

from typing import Any

import pytest

from contracts.calendar.dates import DAY_MS
from contracts.result import Result
from ledger.encoding import Value
from tests.contracts.organisation import Organisation
from tests.contracts.records.packs import CLUB, club, compiled, fields_of, put_in_force

APPLICATION = "branch-1/000001"


def create(ledger: Organisation, sender: str, unit: str = "branch-1", /, **fields: Value) -> Result:
    return ledger.asked("records.create", {"type": "application", "unit": unit, "fields": fields}, sender)


def act(
    ledger: Organisation, person: str | None, transition: str, /, record_id: str = APPLICATION, **more: Any
) -> Result:
    arguments: dict[str, Value] = {"type": "application", "id": record_id, "transition": transition, **more}
    return ledger.asked("records.act", arguments, person)


def later(ledger: Organisation, days: int) -> None:
    ledger.at(ledger.time_ms + days * DAY_MS)


def recommended(source: str = CLUB) -> Organisation:
    """A branch with Eve's application, recommended by Ann."""
    ledger = club(source)
    assert create(ledger, "eve", person="eve").ok
    later(ledger, 4)
    assert act(ledger, "ann", "recommend", fields={"score": 70, "sponsors": ["bob", "cai"]}).ok
    return ledger


def test_a_record_says_what_stands_behind_it() -> None:
    ledger = club()
    pack = compiled(CLUB)
    result = create(ledger, "eve", person="eve", reason="to help")
    assert result.ok
    event = {"actor": "self", "id": APPLICATION, "kind": "application", "pack": pack.hash, "to": "open"}
    assert [tuple(one) for one in result.events] == [("records.created", event | {"transition": "apply"})]
    assert [link.subject for link in result.links[1:]] == [
        f"record/application/{APPLICATION}",
        "unit/branch-1",
        "person/eve",
    ]
    fields = fields_of(ledger, "application", APPLICATION)
    timers = fields.pop("timers")
    assert isinstance(timers, list)
    assert len(timers) == 1
    assert fields == {
        "actor": "self",
        "article": "By-laws, section 2",
        "creator": fields["creator"],
        "height": ledger.height,
        "number": 1,
        "pack": pack.hash,
        "since": ledger.time_ms,
        "state": "open",
        "time": ledger.time_ms,
        "transition": "apply",
        "unit": "branch-1",
        "values": {"person": "eve", "reason": "to help"},
    }


def test_numbers_count_up_in_each_unit() -> None:
    ledger = club()
    for person in ("eve", "gus"):
        assert create(ledger, person, person=person).ok
    assert create(ledger, "dee", "branch-2", person="eve").ok
    assert ledger.record("application", "branch-1/000002") is not None
    assert ledger.record("application", "branch-2/000001") is not None
    assert ledger.fields("record-count", "branch-1/application")["count"] == 2


def test_a_transition_moves_the_record_and_ends_its_deadline() -> None:
    ledger = recommended()
    record = ledger.record("application", APPLICATION)
    assert record is not None
    assert record.version == 2
    assert record.fields["state"] == "recommended"
    assert record.fields["since"] == ledger.time_ms
    assert "timers" not in record.fields
    assert record.fields["values"] == {"person": "eve", "score": 70, "sponsors": ["bob", "cai"]}


def test_an_amendment_stays_in_the_state_and_keeps_its_beginning_and_its_deadline() -> None:
    ledger = club()
    assert create(ledger, "eve", person="eve", reason="wrogn").ok
    before = fields_of(ledger, "application", APPLICATION)
    later(ledger, 1)
    assert act(ledger, "eve", "amend", fields={"reason": "wrong"}).ok
    after = fields_of(ledger, "application", APPLICATION)
    assert after["values"] == {"person": "eve", "reason": "wrong"}
    assert (after["since"], after["timers"]) == (before["since"], before["timers"])
    assert (after["transition"], after["actor"]) == ("amend", "creator")


def test_what_came_along_stands_in_the_record() -> None:
    ledger = club()
    brought: dict[str, Value] = {
        "at": 17,
        "note": {"#": bytes(32)},
        "provenance": {"file": "members.xlsx", "row": 7},
        "fields": {"person": "eve"},
    }
    assert ledger.code("records.create", {"type": "application", "unit": "branch-1", **brought}, "eve") == "ok"
    fields = fields_of(ledger, "application", APPLICATION)
    assert {name: fields[name] for name in ("at", "note", "provenance")} == {
        name: brought[name] for name in ("at", "note", "provenance")
    }
    assert act(ledger, "bob", "refuse").ok
    fields = fields_of(ledger, "application", APPLICATION)
    assert not fields.keys() & {"at", "note", "provenance"}
    assert fields["article"] == "By-laws, section 3"


def test_expect_guards_against_lost_updates() -> None:
    ledger = club()
    assert create(ledger, "eve", person="eve").ok
    arguments: dict[str, Value] = {
        "type": "application",
        "id": APPLICATION,
        "transition": "amend",
        "fields": {"reason": "a"},
    }
    from ledger.transaction import Expectation
    from tests.contracts.organisation import key_of

    stale = Expectation("application", APPLICATION, 1)
    first = ledger.transaction("records.act", arguments, key_of("eve"), expect=stale)
    second = ledger.transaction("records.act", arguments, key_of("eve"), expect=stale)
    results = ledger.execute(first, second).results
    assert [one.code for one in results] == ["ok", "expect.version-mismatch"]


@pytest.mark.parametrize(
    ("operation", "arguments", "code", "details"),
    [
        ("create", {"type": "nothing", "unit": "branch-1"}, "records.type-unknown", {"kind": "nothing"}),
        ("create", {"type": "application", "unit": "nowhere", "fields": {"person": "eve"}}, "units.not-found", {}),
        (
            "create",
            {"type": "application", "unit": "branch-1", "transition": "dance"},
            "records.transition-unknown",
            {"transition": "dance"},
        ),
        (
            "create",
            {"type": "application", "unit": "branch-1", "transition": "refuse"},
            "records.wrong-state",
            {"state": "-", "expected": "open, recommended"},
        ),
        ("act", {"type": "application", "id": "branch-1/000009", "transition": "amend"}, "records.not-found", {}),
        ("act", {"type": "application", "id": "x" * 190, "transition": "amend"}, "records.id-too-long", {}),
        ("act", {"type": "application", "id": APPLICATION, "transition": "dance"}, "records.transition-unknown", {}),
        (
            "act",
            {"type": "application", "id": APPLICATION, "transition": "admit"},
            "records.wrong-state",
            {"state": "open", "transition": "admit", "expected": "recommended"},
        ),
        (
            "act",
            {"type": "application", "id": APPLICATION, "transition": "lapse"},
            "records.not-allowed",
            {"actors": "-"},
        ),
        (
            "act",
            {"type": "application", "id": APPLICATION, "transition": "refuse"},
            "records.not-allowed",
            {"actors": "role:lead", "transition": "refuse"},
        ),
        ("approve", {"type": "application", "id": APPLICATION}, "records.nothing-pending", {}),
        ("withdraw", {"type": "application", "id": APPLICATION}, "records.nothing-pending", {}),
    ],
)
def test_what_cannot_be_is_refused(
    operation: str, arguments: dict[str, Value], code: str, details: dict[str, Value]
) -> None:
    ledger = club()
    assert create(ledger, "eve", person="eve").ok
    before = ledger.record("application", APPLICATION)
    result = ledger.asked(f"records.{operation}", arguments, "eve")
    assert (result.code, result.writes) == (code, ())
    assert result.details.items() >= details.items()
    refusal = ledger.registry.explain(result)
    assert refusal is not None
    assert "{" not in str(refusal)
    assert ledger.record("application", APPLICATION) == before


def test_days_of_waiting_are_days_of_the_calendar_there() -> None:
    ledger = club()
    # 23:59:59 in Beijing, by the offset of the pack.
    evening = (ledger.time_ms // DAY_MS + 1) * DAY_MS + 16 * 3_600_000 - 1000
    ledger.at(evening)
    assert create(ledger, "eve", person="eve").ok
    ledger.at(evening + 2 * DAY_MS)
    needed = act(ledger, "ann", "recommend", fields={"score": 70, "sponsors": ["bob", "cai"]})
    assert needed.code == "records.minimum-stay"
    assert (needed.details["needed"], needed.details["found"], needed.details["state"]) == (3, 2, "open")
    # One second later it is the third day after.
    assert act(ledger, "ann", "recommend", fields={"score": 70, "sponsors": ["bob", "cai"]}).ok


@pytest.mark.parametrize(
    ("given", "clause", "left", "right"),
    [
        ({"score": 59, "sponsors": ["bob", "cai"]}, 1, 59, 60),
        ({"score": 60, "sponsors": ["bob"]}, 2, 1, 2),
        ({"score": 60, "sponsors": ["bob", "gus"]}, 3, "-", "-"),
    ],
)
def test_a_guard_names_its_clause_and_both_sides(
    given: dict[str, Value], clause: int, left: int | str, right: int | str
) -> None:
    ledger = club()
    assert create(ledger, "eve", person="eve").ok
    later(ledger, 4)
    result = act(ledger, "ann", "recommend", fields=given)
    assert result.code == "records.guard"
    assert result.details["rule"] == "sponsored"
    assert (result.details["clause"], result.details["left"], result.details["right"]) == (clause, left, right)
    assert result.details["pack"] == compiled(CLUB).hash.hex()


def test_several_beginnings_want_to_be_told_apart() -> None:
    second = """
[type.badge.transition.import]
from = ""
to = "issued"
title = { en = "Import", zh = "导入" }
by = ["role:secretary"]
sets = ["person"]
"""
    ledger = club(CLUB + second)
    badge: dict[str, Value] = {"type": "badge", "unit": "branch-1", "fields": {"person": "eve"}}
    result = ledger.asked("records.create", badge, "ann")
    assert (result.code, result.details["known"]) == ("records.transition-missing", "import, issue")
    assert ledger.code("records.create", badge | {"transition": "import"}, "ann") == "ok"
    assert fields_of(ledger, "badge", "branch-1/eve")["values"] == {"person": "eve"}
    assert ledger.code("records.create", badge | {"transition": "import"}, "ann") == "records.exists"


def test_an_organisation_without_packs_has_no_records_of_theirs() -> None:
    ledger = Organisation()
    assert create(ledger, "eve", person="eve").code in ("sender.unknown", "sender.key-unknown")
    ledger.add_person("eve")
    assert create(ledger, "eve", person="eve").code == "records.type-unknown"
    ledger.add_unit("branch-1")
    put_in_force(ledger, compiled(CLUB), from_height=ledger.height + 3)
    assert create(ledger, "eve", person="eve").code == "records.type-unknown"
    assert create(ledger, "eve", person="eve").code == "records.type-unknown"
    assert create(ledger, "eve", person="eve").code == "ok"


def test_nothing_begins_in_a_unit_that_is_closed() -> None:
    ledger = club()
    ledger.add_unit("branch-3")
    assert ledger.code("units.dissolve", {"unit": "branch-3"}) == "ok"
    assert create(ledger, "eve", "branch-3", person="eve").code == "units.not-active"
