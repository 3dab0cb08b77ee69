"""Records in a unit that is dissolved: nobody acts there by themselves, and what is open still comes to an end."""

from contracts.calendar.dates import DAY_MS
from ledger.encoding import Value
from tests.contracts.organisation import Organisation
from tests.contracts.records.packs import CLUB, club, fields_of
from tests.contracts.records.test_deadlines import at, ends
from tests.contracts.records.test_transitions import APPLICATION, act, create, recommended
from tests.contracts.records.test_votes import GOOD

# The district may audit, or the creator; of a large expense somebody gets a badge.
ABOVE = CLUB.replace(
    'title = { en = "Audit", zh = "审计" }\nby = ["role:lead"]',
    """title = { en = "Audit", zh = "审计" }
by = ["role:lead@above", "creator"]
effects = [
  { do = "advance", kind = "badge", transition = "issue", when = "large", fields = { person = "'gus'" } },
]""".replace("large", "amount > money('1.00')"),
)


def over(ledger: Organisation, unit: str = "branch-1") -> Organisation:
    assert ledger.code("units.dissolve", {"unit": unit}) == "ok"
    return ledger


def expense(ledger: Organisation, transition: str, amount: int = 100, person: str = "fay") -> None:
    """One that was asked for by the treasurer, approved, and perhaps paid."""
    asked: dict[str, Value] = {"type": "expense", "unit": "branch-1", "fields": {"amount": amount}}
    assert ledger.code("records.create", asked, person) == "ok"
    record: dict[str, Value] = {"type": "expense", "id": "branch-1/000001"}
    for other in ("bob", "cai"):
        assert ledger.code("records.approve", dict(record), other) == "ok"
    if transition == "paid":
        assert ledger.code("records.act", record | {"transition": "pay"}, "fay") == "ok"
        assert ledger.code("records.approve", dict(record), "bob") == "ok"


def test_nothing_begins_in_it() -> None:
    ledger = over(club())
    assert create(ledger, "eve", person="eve").code == "units.not-active"


def test_creators_and_former_officers_do_nothing_and_administrators_end_what_is_open() -> None:
    ledger = club()
    assert create(ledger, "eve", person="eve").ok
    over(ledger)
    refused = act(ledger, "eve", "amend", fields={"reason": "later"})
    assert (refused.code, refused.details["unit"]) == ("records.unit-over", "branch-1")
    assert act(ledger, "bob", "refuse").code == "records.unit-over"
    result = act(ledger, None, "refuse")
    assert result.ok, result
    fields = fields_of(ledger, "application", APPLICATION)
    assert (fields["state"], fields["actor"]) == ("refused", "administrator")
    # The case that it opens is for the administrators too.
    assert ledger.fields("case", "branch-1/000001")["owner"] == "administrator"


def test_an_administrator_has_no_way_around_a_pack_while_the_unit_is_active() -> None:
    ledger = club()
    assert create(ledger, "eve", person="eve").ok
    assert act(ledger, None, "refuse").code == "records.not-allowed"


def test_offices_of_units_above_go_on() -> None:
    ledger = club(ABOVE)
    ledger.add_office("district", "lead", "dee")
    expense(ledger, "paid", person="ann")
    over(ledger)
    audit: dict[str, Value] = {"type": "expense", "id": "branch-1/000001", "transition": "audit"}
    assert ledger.code("records.act", dict(audit), "ann") == "records.unit-over", "its creator"
    assert ledger.code("records.act", dict(audit), "dee") == "ok"
    assert fields_of(ledger, "expense", "branch-1/000001")["actor"] == "role:lead@above"


def test_no_effect_begins_anything_in_it() -> None:
    ledger = club(ABOVE)
    expense(ledger, "paid", amount=500)
    over(ledger)
    audit: dict[str, Value] = {"type": "expense", "id": "branch-1/000001", "transition": "audit"}
    assert ledger.code("records.act", audit) == "units.not-active"
    assert ledger.record("badge", "branch-1/gus") is None


def test_approvals_are_the_administrators_and_what_was_asked_for_can_be_taken_back() -> None:
    ledger = club()
    expense(ledger, "approved")
    pay: dict[str, Value] = {"type": "expense", "id": "branch-1/000001", "transition": "pay"}
    assert ledger.code("records.act", pay, "fay") == "ok"
    over(ledger)
    waiting: dict[str, Value] = {"type": "expense", "id": "branch-1/000001"}
    assert ledger.code("records.approve", dict(waiting), "bob") == "records.not-approver"
    assert ledger.code("records.withdraw", dict(waiting), "fay") == "ok"
    assert ledger.code("records.act", pay) == "ok", "it counts as the first of two approvals"
    assert fields_of(ledger, "expense", "branch-1/000001")["state"] == "approved"


def test_what_former_officers_wait_for_is_taken_back_by_administrators() -> None:
    ledger = club()
    expense(ledger, "approved")
    pay: dict[str, Value] = {"type": "expense", "id": "branch-1/000001", "transition": "pay"}
    waiting: dict[str, Value] = {"type": "expense", "id": "branch-1/000001"}
    assert ledger.code("records.act", pay, "fay") == "ok"
    assert ledger.code("records.withdraw", dict(waiting)) == "records.not-asked", "while the unit is active"
    over(ledger)
    assert ledger.code("records.act", pay) == "records.review-pending"
    assert ledger.code("records.withdraw", dict(waiting)) == "ok"
    assert ledger.code("records.act", pay) == "ok"


def test_nobody_is_due_to_vote_in_it() -> None:
    ledger = over(recommended())
    refused = act(ledger, None, "elect", vote=GOOD)
    assert (refused.code, refused.details["more"], refused.details["most"]) == ("records.vote-counts", "due", 0)


def test_deadlines_run_on_in_it() -> None:
    ledger = club()
    assert create(ledger, "eve", person="eve").ok
    end = ends(ledger, 30)
    over(ledger)
    (effect,) = at(ledger, end + DAY_MS)
    assert effect.ok
    assert fields_of(ledger, "application", APPLICATION)["state"] == "lapsed"
