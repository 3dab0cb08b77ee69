"""What a transition does beside moving its record."""

import pytest

from contracts.calendar.dates import day_at
from ledger.encoding import Value
from tests.contracts.organisation import Organisation
from tests.contracts.records.packs import CLUB, club, compiled, fields_of
from tests.contracts.records.test_transitions import APPLICATION, act, create, recommended
from tests.contracts.records.test_votes import GOOD

BADGE = "branch-1/eve"


def test_effects_are_done_in_their_order_and_all_of_them() -> None:
    ledger = recommended()
    result = act(ledger, "ann", "elect", vote=GOOD)
    assert result.ok
    today = day_at(ledger.time_ms, 480)
    assert fields_of(ledger, "application", APPLICATION)["values"] == {
        "admitted_on": today,
        "person": "eve",
        "score": 70,
        "sponsors": ["bob", "cai"],
    }
    office = ledger.fields("office", "branch-1/member/eve")
    assert (office["state"], office["since"], office["basis"]) == ("held", ledger.time_ms, f"application/{APPLICATION}")
    assert ledger.fields("counter", "branch-1/admissions") == {"unit": "branch-1", "value": 1}
    assert ledger.fields("counter", "branch-1/points=eve") == {"unit": "branch-1", "value": 70}
    badge = fields_of(ledger, "badge", BADGE)
    assert (badge["state"], badge["values"]) == ("issued", {"person": "eve", "points": 70})
    assert badge["actor"] == "application/elect"
    assert [one.name for one in result.events] == ["records.changed", "records.created", "records.notice"]
    assert result.events[-1].fields == {
        "event": "admitted",
        "fields": {"on": today, "person": "eve"},
        "id": APPLICATION,
        "kind": "application",
        "unit": "branch-1",
    }
    assert f"record/badge/{BADGE}" in [link.subject for link in result.links]


def test_an_effect_that_cannot_be_done_leaves_nothing() -> None:
    ledger = recommended()
    ledger.add_office("branch-1", "member", "eve")
    before = dict(ledger.state)
    result = act(ledger, "ann", "elect", vote=GOOD | {"present": 3})
    assert (result.code, result.writes) == ("units.office-held", ())
    assert ledger.record("counter", "branch-1/admissions") is None
    assert {key: value for key, value in ledger.state.items() if key.startswith(b"application")} == {
        key: value for key, value in before.items() if key.startswith(b"application")
    }


def test_counters_hold_back_what_rules_ask_of_them() -> None:
    ledger = recommended()
    assert act(ledger, "ann", "elect", vote=GOOD).ok
    withdraw = {"type": "badge", "id": BADGE, "transition": "withdraw"}
    result = ledger.asked("records.act", dict(withdraw), "bob")
    assert (result.code, result.details["left"], result.details["right"]) == ("records.guard", 70, 50)


def test_a_case_is_opened_for_people_to_decide() -> None:
    ledger = club()
    assert create(ledger, "eve", person="eve").ok
    assert act(ledger, "bob", "refuse").ok
    case = ledger.fields("case", "branch-1/000001")
    assert (case["state"], case["person"], case["owner"]) == ("open", "eve", "administrator")
    assert case["title"] == {"en": "Appeal", "zh": "申诉"}
    assert case["basis"] == f"application/{APPLICATION}"


CHAIN = """
[type.link-{number}]
title = {{ en = "Link", zh = "环节" }}
id = "number"
[type.link-{number}.field.note]
type = "text"
class = "ledger"
title = {{ en = "Note", zh = "备注" }}
[type.link-{number}.state.made]
title = {{ en = "Made", zh = "已成" }}
final = true
[type.link-{number}.transition.make]
from = ""
to = "made"
title = {{ en = "Make", zh = "建立" }}
by = ["role:secretary"]
sets = ["note"]
effects = [{{ do = "advance", kind = "{following}", transition = "{transition}", fields = {{ {fields} }} }}]
"""


def chain(length: int) -> str:
    parts = [
        CHAIN.format(number=number, following=f"link-{number + 1}", transition="make", fields='note = "note"')
        for number in range(1, length)
    ]
    last = CHAIN.format(number=length, following="badge", transition="issue", fields='person = "unit"')
    return CLUB + "".join(parts) + last


def test_a_chain_of_records_ends_after_four() -> None:
    ledger = club(chain(4))
    make: dict[str, Value] = {"type": "link-1", "unit": "branch-1", "fields": {"note": "x"}}
    assert ledger.code("records.create", make, "ann") == "ok"
    assert fields_of(ledger, "badge", "branch-1/branch-1")["actor"] == "link-4/make"
    ledger = club(chain(5))
    result = ledger.asked("records.create", make, "ann")
    assert (result.code, result.details["depth"]) == ("records.chain-too-deep", 5)
    assert ledger.record("link-1", "branch-1/000001") is None


RING = """
[type.ring]
title = { en = "Ring", zh = "环" }
id = "number"
[type.ring.field.other]
type = "reference"
kind = "ring"
class = "ledger"
states = ["made"]
title = { en = "Other", zh = "另一个" }
[type.ring.state.made]
title = { en = "Made", zh = "已成" }
amendable = true
[type.ring.state.over]
title = { en = "Over", zh = "结束" }
final = true
[type.ring.transition.end]
from = "made"
to = "over"
title = { en = "End", zh = "结束" }
by = ["role:secretary"]
[type.ring.transition.make]
from = ""
to = "made"
title = { en = "Make", zh = "建立" }
by = ["role:secretary"]
sets = ["other"]
[type.ring.transition.tie]
from = "made"
to = "made"
title = { en = "Tie", zh = "连接" }
by = ["role:secretary"]
sets = ["other"]
[type.ring.transition.turn]
from = "made"
to = "made"
title = { en = "Turn", zh = "转动" }
by = ["role:secretary"]
requires = ["other"]
effects = [{ do = "advance", kind = "ring", transition = "turn", record = "other" }]
"""


def test_a_chain_never_comes_back_to_a_record_on_its_way() -> None:
    ledger = club(CLUB + RING)
    for _ in range(2):
        assert ledger.code("records.create", {"type": "ring", "unit": "branch-1"}, "ann") == "ok"
    for record, other in ((1, 2), (2, 1)):
        tie = {"type": "ring", "id": f"branch-1/00000{record}", "transition": "tie"}
        assert ledger.code("records.act", {**tie, "fields": {"other": f"branch-1/00000{other}"}}, "ann") == "ok"
    result = ledger.asked("records.act", {"type": "ring", "id": "branch-1/000001", "transition": "turn"}, "ann")
    assert result.code == "records.effect-failed"
    assert "on its way" in str(result.details["fault"])


def test_a_record_that_is_not_there_is_not_advanced() -> None:
    ledger = club(CLUB + RING)
    assert ledger.code("records.create", {"type": "ring", "unit": "branch-1"}, "ann") == "ok"
    turn = {"type": "ring", "id": "branch-1/000001", "transition": "turn"}
    assert ledger.code("records.act", dict(turn), "ann") == "records.field-missing"


# Whoever is paid an expense gets its amount as points of a badge that is there already.
HANDED = CLUB.replace(
    'effects = [{ do = "count", counter = "spent", by = "1" }]',
    """effects = [{ do = "advance", kind = "badge", transition = "reward", record = "'branch-1/eve'","""
    """ fields = { points = "70 + 7" } }]""",
).replace(
    "[type.badge.rule.poor]",
    """[type.badge.transition.reward]
from = "issued"
to = "rewarded"
title = { en = "Reward", zh = "奖励" }
automatic = true
sets = ["points"]
guards = ["more"]
[type.badge.state.rewarded]
title = { en = "Rewarded", zh = "已奖励" }
final = true
[type.badge.rule.more]
expression = "points is not None and points > 76"
text = { en = "has {left} points", zh = "有{left}分" }
[type.badge.rule.poor]""",
)


def paid(ledger: Organisation) -> str:
    request: dict[str, Value] = {"type": "expense", "unit": "branch-1", "fields": {"amount": 500}}
    assert ledger.code("records.create", request, "fay") == "ok"
    for person in ("bob", "cai"):
        assert ledger.code("records.approve", {"type": "expense", "id": "branch-1/000001"}, person) == "ok"
    pay: dict[str, Value] = {"type": "expense", "id": "branch-1/000001", "transition": "pay"}
    assert ledger.code("records.act", pay, "fay") == "ok"
    return ledger.code("records.approve", {"type": "expense", "id": "branch-1/000001"}, "bob")


def test_a_record_that_is_taken_along_is_handed_values() -> None:
    ledger = club(HANDED)
    issue: dict[str, Value] = {"type": "badge", "unit": "branch-1", "fields": {"person": "eve", "points": 5}}
    assert ledger.code("records.create", issue, "ann") == "ok"
    reward: dict[str, Value] = {"type": "badge", "id": BADGE, "transition": "reward", "fields": {"points": 100}}
    assert ledger.code("records.act", reward, "ann") == "records.not-allowed", "nobody takes it by hand"
    assert paid(ledger) == "ok"
    badge = fields_of(ledger, "badge", BADGE)
    assert (badge["state"], badge["values"]) == ("rewarded", {"person": "eve", "points": 77})


def test_what_a_record_is_handed_is_judged_like_what_people_give() -> None:
    ledger = club(HANDED.replace('"70 + 7"', '"70"'))
    issue: dict[str, Value] = {"type": "badge", "unit": "branch-1", "fields": {"person": "eve", "points": 500}}
    assert ledger.code("records.create", issue, "ann") == "ok"
    assert paid(ledger) == "records.guard"
    assert fields_of(ledger, "badge", BADGE)["values"] == {"person": "eve", "points": 500}


def test_the_pack_of_the_tests_has_no_faults() -> None:
    assert sorted(compiled(chain(4)).types)[:3] == ["application", "badge", "expense"]


OWNED = CLUB.replace('days = 20, person = "person" }', 'days = 20, person = "person", owner = "role:lead" }')


def test_a_case_belongs_to_whom_the_pack_names() -> None:
    ledger = club(OWNED)
    assert create(ledger, "eve", person="eve").ok
    assert act(ledger, "bob", "refuse").ok
    assert ledger.fields("case", "branch-1/000001")["owner"] == "role:lead"
    noted: dict[str, Value] = {"unit": "branch-1", "number": 1, "what": "notice"}
    assert ledger.code("cases.note", noted) == "cases.not-allowed", "not even an administrator"
    assert ledger.code("cases.note", noted, "ann") == "ok"


def test_a_case_belongs_to_an_office_that_the_pack_declares() -> None:
    for owner in ("role:nobody", "anyone", "self", "lead"):
        with pytest.raises(AssertionError, match=r"effects\[0\]\.owner"):
            compiled(OWNED.replace('owner = "role:lead"', f'owner = "{owner}"'))
