"""A newer version of a pack: records become records of it when they are touched, and not before."""

from ledger.encoding import Value
from tests.contracts.records.packs import CLUB, club, compiled, fields_of, put_in_force
from tests.contracts.records.test_transitions import APPLICATION, act, create, later

# The state `open` is called `received` from version 2 on, and `taken` from version 3 on.
SECOND = (
    CLUB.replace("version = 1", "version = 2")
    .replace('"open"', '"received"')
    .replace("state.open]", "state.received]")
    .replace(
        "[type.application.state.recommended]",
        '[type.application.migration]\nopen = "received"\n\n[type.application.state.recommended]',
        1,
    )
)
THIRD = (
    SECOND.replace("version = 2", "version = 3")
    .replace('"received"', '"taken"')
    .replace("state.received]", "state.taken]")
    .replace('open = "taken"', 'received = "taken"')
)


def test_a_record_is_carried_over_when_it_is_touched() -> None:
    ledger = club()
    assert create(ledger, "eve", person="eve").ok
    put_in_force(ledger, compiled(SECOND), ledger.height + 2)
    assert act(ledger, "eve", "amend", fields={"reason": "a"}).ok
    assert fields_of(ledger, "application", APPLICATION)["state"] == "open"
    before = fields_of(ledger, "application", APPLICATION)
    assert act(ledger, "eve", "amend", fields={"reason": "b"}).ok
    fields = fields_of(ledger, "application", APPLICATION)
    assert (fields["state"], fields["pack"]) == ("received", compiled(SECOND).hash)
    assert (fields["since"], fields["timers"]) == (before["since"], before["timers"])
    assert fields["values"] == {"person": "eve", "reason": "b"}


def test_versions_in_between_are_gone_through() -> None:
    ledger = club()
    assert create(ledger, "eve", person="eve").ok
    put_in_force(ledger, compiled(SECOND))
    put_in_force(ledger, compiled(THIRD))
    assert act(ledger, "eve", "amend", fields={"reason": "b"}).ok
    fields = fields_of(ledger, "application", APPLICATION)
    assert (fields["state"], fields["pack"]) == ("taken", compiled(THIRD).hash)


def test_a_refused_touch_changes_nothing() -> None:
    ledger = club()
    assert create(ledger, "eve", person="eve").ok
    before = ledger.record("application", APPLICATION)
    put_in_force(ledger, compiled(SECOND))
    refused = act(ledger, "gus", "amend", fields={"reason": "b"})
    assert refused.code == "records.not-allowed"
    assert ledger.record("application", APPLICATION) == before


def test_a_state_that_is_gone_without_a_word_is_refused() -> None:
    ledger = club()
    assert create(ledger, "eve", person="eve").ok
    put_in_force(ledger, compiled(SECOND.replace('[type.application.migration]\nopen = "received"\n', "")))
    result = act(ledger, "eve", "amend", fields={"reason": "b"})
    assert (result.code, result.details["state"]) == ("records.state-unknown", "open")


def test_what_a_newer_version_requires_may_be_missing_until_it_is_needed() -> None:
    ledger = club()
    assert create(ledger, "eve", person="eve").ok
    stricter = CLUB.replace("version = 1", "version = 2").replace(
        'type = "text"\nclass = "ledger"\nmost = 40', 'type = "text"\nclass = "ledger"\nrequired = true\nmost = 40'
    )
    assert stricter != CLUB.replace("version = 1", "version = 2")
    put_in_force(ledger, compiled(stricter))
    later(ledger, 4)
    given: dict[str, Value] = {"score": 70, "sponsors": ["bob", "cai"]}
    assert act(ledger, "ann", "recommend", fields=given).ok
    again = create(ledger, "gus", person="gus")
    assert (again.code, again.details["field"]) == ("records.field-missing", "reason")
