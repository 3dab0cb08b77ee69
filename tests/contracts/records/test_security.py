"""Who may not, cannot: every transition by every role, other units, ended offices, texts that are no ids."""

from typing import Any

import pytest

from contracts.calendar.dates import DAY_MS
from contracts.packs.reserved import RESERVED_KINDS
from contracts.records.contract import RECORDS
from ledger.encoding import Value
from tests.contracts.records.packs import CLUB, club, compiled, fields_of
from tests.contracts.records.test_transitions import APPLICATION, act, create, later, recommended
from tests.contracts.records.test_votes import GOOD

# Ann is secretary, lead and member; Bob and Cai lead and member; Fay treasurer; Dee both in the other branch.
EVERYONE = ("ann", "bob", "cai", "dee", "eve", "fay", "gus")
MAY = {
    "amend": {"eve"},
    "recommend": {"ann"},
    "refuse": {"ann", "bob", "cai"},
    "elect": {"ann"},
    "admit": {"ann"},
    "lapse": set(),
}
BRINGS: dict[str, dict[str, Any]] = {
    "amend": {"fields": {"reason": "a"}},
    "recommend": {"fields": {"score": 70, "sponsors": ["bob", "cai"]}},
    "elect": {"vote": GOOD},
}


@pytest.mark.parametrize("person", EVERYONE)
@pytest.mark.parametrize("transition", sorted(MAY))
def test_every_transition_by_everyone(transition: str, person: str) -> None:
    if transition in ("elect", "admit"):
        ledger = recommended()
    else:
        ledger = club()
        assert create(ledger, "eve", person="eve").ok
        later(ledger, 4)
    result = act(ledger, person, transition, **BRINGS.get(transition, {}))
    assert result.code == ("ok" if person in MAY[transition] else "records.not-allowed")


@pytest.mark.parametrize("person", EVERYONE)
def test_only_who_may_creates(person: str) -> None:
    ledger = club()
    code = create(ledger, person, person="eve").code
    assert code == ("ok" if person in ("ann", "eve") else "records.not-allowed")


def test_an_administrator_has_no_way_around_the_pack() -> None:
    ledger = recommended()
    arguments: dict[str, Value] = {"type": "application", "id": APPLICATION, "transition": "refuse"}
    assert ledger.code("records.act", arguments) == "records.not-allowed"
    assert ledger.code("records.approve", {"type": "application", "id": APPLICATION}) == "records.nothing-pending"


def test_an_officer_reaches_no_other_unit() -> None:
    ledger = club()
    assert create(ledger, "dee", "branch-2", person="gus").ok
    assert create(ledger, "ann", "branch-2", person="gus").code == "records.not-allowed"
    assert act(ledger, "ann", "refuse", record_id="branch-2/000001").code == "records.not-allowed"
    assert act(ledger, "dee", "refuse", record_id="branch-2/000001").ok


def test_who_signs_along_lends_no_right() -> None:
    from tests.contracts.organisation import key_of

    ledger = club()
    assert create(ledger, "eve", person="eve").ok
    arguments: dict[str, Value] = {"type": "application", "id": APPLICATION, "transition": "refuse"}
    transaction = ledger.transaction("records.act", arguments, key_of("gus"), [key_of("gus"), key_of("bob")])
    assert ledger.execute(transaction).results[0].code == "records.not-allowed"


def test_an_office_counts_until_its_term_is_over() -> None:
    ledger = club()
    assert create(ledger, "eve", person="eve").ok
    end = ledger.time_ms + 10 * DAY_MS
    ledger.add_office("branch-1", "secretary", "gus", until=end)
    ledger.at(end)
    assert act(ledger, "gus", "recommend", **BRINGS["recommend"]).code == "records.not-allowed"
    ledger = club()
    assert create(ledger, "eve", person="eve").ok
    end = ledger.time_ms + 10 * DAY_MS
    ledger.add_office("branch-1", "secretary", "gus", until=end)
    ledger.at(end - 1)
    assert act(ledger, "gus", "recommend", **BRINGS["recommend"]).ok


def test_an_office_that_was_ended_counts_no_more() -> None:
    ledger = recommended()
    assert ledger.code("units.release", {"unit": "branch-1", "role": "secretary", "person": "ann"}) == "ok"
    assert act(ledger, "ann", "elect", vote=GOOD).code == "records.not-allowed"


def test_who_has_gone_from_the_electorate_is_not_due() -> None:
    ledger = recommended()
    assert ledger.code("units.release", {"unit": "branch-1", "role": "member", "person": "cai"}) == "ok"
    result = act(ledger, "ann", "elect", vote=GOOD)
    assert (result.code, result.details["most"]) == ("records.vote-counts", 2)


def test_a_decision_on_a_person_is_not_taken_along_by_what_decides_nothing() -> None:
    import tomllib

    from contracts.packs.source import compile_pack

    sly = (
        CLUB
        + """
[type.sly]
title = { en = "Sly", zh = "取巧" }
id = "number"
[type.sly.field.target]
type = "reference"
kind = "application"
class = "ledger"
required = true
title = { en = "Target", zh = "对象" }
[type.sly.state.made]
title = { en = "Made", zh = "已成" }
final = true
[type.sly.transition.make]
from = ""
to = "made"
title = { en = "Make", zh = "建立" }
by = ["role:treasurer"]
sets = ["target"]
effects = [{ do = "advance", kind = "application", transition = "refuse", record = "target" }]
"""
    )
    # The check of packs refuses it, and so does the engine, should a pack ever get past.
    assert compile_pack({"pack.toml": tomllib.loads(sly)}).faults
    honest = compiled(sly.replace('by = ["role:treasurer"]\nsets', 'by = ["role:treasurer"]\ndecides = true\nsets'))
    definition = honest.types["sly"]
    from dataclasses import replace

    from contracts.errors import Refusal
    from contracts.records.judging import judge
    from contracts.records.move import Move
    from contracts.records.program import Program
    from contracts.records.request import Request

    application = Program(honest.hash, honest.types["application"])
    refuse = application.transition("refuse")
    assert refuse.decides
    assert definition.transitions["make"].decides

    class Somewhere:
        time_ms = 0

    from contracts.records.pack_record import PackRecord

    before = PackRecord("u", "open", {"person": "eve"}, 0, bytes(32), 1, 0, honest.hash, "self", "apply")
    move = Move(Somewhere(), application, refuse, "u/1", "u", before, None, Request("refuse"), "timer")  # type: ignore[arg-type]
    with pytest.raises(Refusal) as caught:
        judge(move)
    assert caught.value.code == "records.not-automatic"
    move = replace(move, decided=True)
    judge(move)


LOOKING_UP = " and ".join(
    (
        'counter_of("points", default(remark, "-")) < 50',
        'not has_role("lead", default(remark, "-"))',
        'not has_role_in("lead", person, default(remark, "-"))',
        'record_state("badge", default(remark, "-")) is None',
        'role_since("lead", default(remark, "-")) is None',
    )
)
REMARK = """[type.badge.field.remark]
type = "text"
class = "ledger"
most = 400
title = { en = "Remark", zh = "备注" }

[type.badge.field.points]"""


@pytest.mark.parametrize("text", ["a b", "", "理", "a/b c", "x" * 300, "\x00", "-", "/", "a//b", "../../x"])
def test_texts_that_people_write_never_become_keys(text: str) -> None:
    """A rule that looks up what a text names answers that nothing is there; the node does not stop."""
    asking = CLUB.replace('"counter_of(\\"points\\", person) < 50"', f"'{LOOKING_UP}'")
    asking = asking.replace("[type.badge.field.points]", REMARK)
    asking = asking.replace('sets = ["person", "points"]', 'sets = ["person", "points", "remark"]')
    assert LOOKING_UP in asking
    ledger = club(asking)
    badge: dict[str, Value] = {"type": "badge", "unit": "branch-1", "fields": {"person": "eve", "remark": text or "-"}}
    created = ledger.asked("records.create", badge, "ann")
    if not created.ok:
        assert created.code.startswith(("packs.field-", "arguments."))
        return
    arguments: dict[str, Value] = {"type": "badge", "id": "branch-1/eve", "transition": "withdraw"}
    assert ledger.code("records.act", arguments, "bob") == "ok"
    assert fields_of(ledger, "badge", "branch-1/eve")["state"] == "withdrawn"


@pytest.mark.parametrize("kind", sorted(RESERVED_KINDS))
def test_no_native_record_is_written_as_a_packs(kind: str) -> None:
    ledger = club()
    values: dict[str, Value] = {"type": kind, "unit": "branch-1", "fields": {}}
    assert ledger.code("records.create", values, "ann") == "records.type-unknown"
    assert RECORDS.pack_kinds_except is not None
    assert kind in RECORDS.pack_kinds_except
