"""The fields of records: what may be set, what is refused, and what names something that is not there."""

import pytest

from ledger.encoding import Value
from tests.contracts.records.packs import club, fields_of
from tests.contracts.records.test_transitions import APPLICATION, act, create, later

COMMITMENT: Value = {"#": bytes(range(32))}


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"colour": "red"}, "records.field-unknown", "colour"),
        ({"admitted_on": 1}, "records.field-not-set", "admitted_on"),
        ({"person": None}, "records.field-missing", "person"),
        ({"person": "no such name"}, "packs.field-", "person"),
        ({"reason": 5}, "packs.field-", "reason"),
        ({"reason": "x" * 41}, "packs.field-", "reason"),
        ({"reason": "理" * 14}, "packs.field-", "reason"),
        ({"reason": ""}, "packs.field-", "reason"),
        ({"reason": "a\x1b[2J"}, "packs.field-", "reason"),
        ({"score": 101}, "packs.field-", "score"),
        ({"score": -1}, "packs.field-", "score"),
        ({"score": True}, "packs.field-", "score"),
        ({"level": "king"}, "packs.field-", "level"),
        ({"sponsors": ["bob", "cai", "ann", "gus"]}, "packs.field-", "sponsors"),
        ({"sponsors": "bob"}, "packs.field-", "sponsors"),
        ({"sponsors": ["bob", 3]}, "packs.field-", "sponsors"),
        ({"sponsors": ["bob", "nobody"]}, "records.field-person", "sponsors"),
        ({"badge": "branch-1/eve"}, "records.field-reference", "badge"),
        ({"badge": "not an id"}, "", "badge"),
        ({"home": "nowhere"}, "records.field-unit", "home"),
        ({"home": "no unit"}, "", "home"),
        ({"letter": "in the clear"}, "packs.field-", "letter"),
        ({"reason": COMMITMENT}, "packs.field-", "reason"),
        ({"letter": None}, "ok", ""),
        ({"letter": COMMITMENT, "reason": "理由", "score": 0, "level": "guest", "home": "district"}, "ok", ""),
    ],
)
def test_each_field_is_checked_against_its_definition(given: dict[str, Value], code: str, field: str) -> None:
    ledger = club()
    result = create(ledger, "ann", **({"person": "eve"} | given))
    assert result.code.startswith(code)
    if code == "ok":
        stored = fields_of(ledger, "application", APPLICATION)["values"]
        assert stored == {"person": "eve"} | {name: value for name, value in given.items() if value is not None}
    else:
        assert result.code != "ok"
        assert result.details["field"] == field
        assert result.writes == ()
        assert "{" not in str(ledger.registry.explain(result))


def test_whom_a_field_names_need_not_be_enrolled_where_the_pack_does_not_ask() -> None:
    ledger = club()
    assert create(ledger, "ann", person="a-stranger").ok


def test_a_reference_leads_to_a_record_that_is_there() -> None:
    ledger = club()
    badge: dict[str, Value] = {"type": "badge", "unit": "branch-1", "fields": {"person": "eve"}}
    assert ledger.code("records.create", badge, "ann") == "ok"
    assert create(ledger, "ann", person="eve", badge="branch-1/eve").ok


def test_a_record_is_called_by_its_fields() -> None:
    ledger = club()
    badge: dict[str, Value] = {"type": "badge", "unit": "branch-1"}
    assert ledger.asked("records.create", badge, "ann").code == "records.field-missing"
    assert ledger.code("records.create", badge | {"fields": {"person": "eve"}}, "ann") == "ok"
    assert ledger.code("records.create", badge | {"fields": {"person": "eve"}}, "ann") == "records.exists"
    assert ledger.code("records.create", badge | {"unit": "branch-2", "fields": {"person": "eve"}}, "dee") == "ok"


def test_only_what_may_be_amended_is_amended() -> None:
    ledger = club()
    assert create(ledger, "eve", person="eve", reason="a", level="full").ok
    assert act(ledger, "eve", "amend", fields={"reason": "b"}).ok
    fixed = act(ledger, "eve", "amend", fields={"level": "guest"})
    assert (fixed.code, fixed.details["field"], fixed.details["state"]) == ("records.field-state", "level", "open")
    assert act(ledger, "eve", "amend", fields={"person": "gus"}).code == "records.field-not-set"
    assert act(ledger, "eve", "amend", fields={"reason": None}).code == "records.field-missing"


def test_what_a_transition_requires_has_to_be_there_afterwards() -> None:
    ledger = club()
    assert create(ledger, "eve", person="eve", score=80).ok
    later(ledger, 4)
    missing = act(ledger, "ann", "recommend")
    assert (missing.code, missing.details["field"]) == ("records.field-missing", "sponsors")
    assert act(ledger, "ann", "recommend", fields={"sponsors": ["bob", "cai"]}).ok
