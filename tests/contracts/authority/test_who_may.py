"""Every operation on people and units, tried by everybody: those whom it names may, nobody else may."""

from dataclasses import dataclass

import pytest

from contracts.authority.actor import Actor
from contracts.members.recovery import DAY_MS, DELAY_DAYS_DEFAULT
from ledger.encoding import Value
from ledger.signing import SigningKey
from ledger.transaction import Expectation
from tests.contracts.organisation import Organisation, key_of
from tests.contracts.trial_ledger import ADMINISTRATOR, SECRETARY, START_MS

NEW = SigningKey.from_seed(b"new".ljust(32))
# When the term of the one whose term is over by then ends.
EXPIRY_MS = START_MS + 10 * DAY_MS

# What everybody is to the unit `docs`, or to the person `member`.
PEOPLE = {
    "lead": "leads docs",
    "deputy": "leads docs for lead",
    "former-deputy": "led docs for lead until that was revoked",
    "expired": "led docs for a term that is over",
    "ended": "led docs until released",
    "above": "leads the unit above docs",
    "below": "leads the unit below docs",
    "aside": "leads another unit",
    "member": "belongs to docs; whom it is about",
    "guardian": "whom member named",
    "nobody": "has an account and nothing else",
}
LEADS = {"lead", "deputy"}


def world() -> Organisation:
    ledger = Organisation()
    for person in PEOPLE:
        ledger.add_person(person)
    ledger.add_unit("top")
    ledger.add_unit("docs", "top")
    ledger.add_unit("docs/sub", "docs")
    ledger.add_unit("aside")
    for unit, person in (
        ("docs", "lead"),
        ("top", "above"),
        ("docs/sub", "below"),
        ("aside", "aside"),
        ("docs", "ended"),
    ):
        ledger.add_office(unit, "lead", person)
    for person in ("member", "deputy", "former-deputy"):
        ledger.add_office("docs", "member", person)
    ledger.add_office("docs", "chair", "member")
    ledger.add_office("docs", "lead", "expired", until=EXPIRY_MS)
    for person in ("deputy", "former-deputy"):
        values: dict[str, Value] = {"unit": "docs", "role": "lead", "person": person}
        assert ledger.code("units.delegate", values | {"until": START_MS + 60 * DAY_MS}, "lead") == "ok"
    assert ledger.code("units.revoke-delegation", values, "lead") == "ok"
    assert ledger.code("units.release", {"unit": "docs", "role": "lead", "person": "ended"}) == "ok"
    assert ledger.code("members.guardians", {"guardians": ["guardian"]}, "member") == "ok"
    assert ledger.code("members.enrol", {"person": "keyless"}) == "ok"
    assert ledger.code("units.schedule", dict(MEETING)) == "ok"
    ledger.at(EXPIRY_MS)
    assert ledger.code("notice.post", {"unit": "docs", "title": "by member"}, "member") == "ok"
    return ledger


@dataclass(frozen=True)
class Call:
    """An operation that succeeds for `those` (None is the administrator) and for nobody else."""

    operation: str
    arguments: dict[str, Value]
    those: frozenset[str | None] = frozenset((None,))
    before: tuple[tuple[str, dict[str, Value], str | None], ...] = ()
    # With a permission for who leads the unit: whether these may then.
    leads_could: bool = True
    wait_ms: int = 0


def proof(key: SigningKey, person: str) -> dict[str, Value]:
    return {"person": person, "key": key.public, "proof": Organisation().proof(key, person)}


MEETING: dict[str, Value] = {**dict.fromkeys(("title", "day", "clock", "zone", "frequency"), "x"), "unit": "docs"}
DOCS: dict[str, Value] = {"unit": "docs"}
MEMBER: dict[str, Value] = {"person": "member"}
CHAIR: dict[str, Value] = {"unit": "docs", "role": "chair"}
OPENED = (("members.recover", proof(NEW, "member") | DOCS, "guardian"),)
SUSPENDED = (("members.suspend", MEMBER, None),)

CALLS = [
    Call("units.create", {"unit": "new", "kind": "sig", "name": "n", "parent": "docs"}),
    Call("units.create", {"unit": "new", "kind": "sig", "name": "n"}, leads_could=False),
    Call("units.rename", DOCS | {"name": "n"}),
    Call("units.move", DOCS | {"parent": "aside"}, leads_could=False),
    Call("units.move", DOCS, leads_could=False),
    Call("units.merge", {"unit": "docs/sub", "into": "docs"}, leads_could=False),
    Call("units.dissolve", DOCS, before=(("units.dissolve", {"unit": "docs/sub"}, None),)),
    Call("units.appoint", CHAIR | {"person": "nobody"}),
    Call("units.release", CHAIR | MEMBER),
    Call(
        "units.revoke-delegation",
        {"unit": "docs", "role": "lead", "person": "deputy"},
        frozenset((None, "lead", "deputy")),
    ),
    Call("units.schedule", MEETING),
    Call("units.cancel", DOCS | {"number": 1}),
    Call("members.enrol", {"person": "newcomer"}, leads_could=False),
    Call("members.bind", proof(NEW, "keyless"), leads_could=False),
    Call("members.suspend", MEMBER, frozenset((None, "member")), leads_could=False),
    Call("members.close", MEMBER, frozenset((None, "member")), leads_could=False),
    Call("members.resume", MEMBER, before=SUSPENDED, leads_could=False),
    Call("members.recover", proof(NEW, "member") | DOCS, frozenset((None, "guardian"))),
    Call("members.recover", proof(NEW, "member"), frozenset((None, "guardian")), leads_could=False),
    Call("members.recover-approve", MEMBER | {"key": NEW.public}, frozenset((None,)), before=OPENED),
    Call("members.recover-object", MEMBER, frozenset(("member",)), before=OPENED, leads_could=False),
    Call("members.recover-withdraw", MEMBER, frozenset((None, "guardian")), before=OPENED),
    Call("members.recovery-rule", {"needed": 2, "delay_days": 1}, leads_could=False),
    Call(
        "members.recover-finish",
        MEMBER,
        frozenset((None, *PEOPLE)),
        before=(*OPENED, ("members.recover-approve", MEMBER | {"key": NEW.public}, None)),
        wait_ms=DELAY_DAYS_DEFAULT * DAY_MS,
    ),
]
# The own account or office of whoever asks is all that these can touch; tests of theirs look at what they refuse.
OWN = {"members.key-add", "members.key-revoke", "members.guardians", "units.delegate"}
# Refused for another reason than that somebody is nobody in particular.
OTHER_REFUSALS = {
    ("members.recover", "member"): "members.own-recovery",
    ("members.recover-approve", "member"): "members.own-recovery",
    ("members.recover-approve", "guardian"): "members.approved-already",
    ("members.resume", "member"): "sender.not-active",
}


def prepared(call: Call) -> Organisation:
    ledger = world()
    for operation, arguments, who in call.before:
        assert ledger.code(operation, dict(arguments), who) == "ok"
    if call.wait_ms:
        ledger.at(ledger.time_ms + call.wait_ms)
    return ledger


def expected(call: Call, who: str | None) -> str:
    if who in call.those:
        return "ok"
    return OTHER_REFUSALS.get((call.operation, who or ""), "operation.not-allowed")


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.operation)
def test_those_may_who_are_named_and_nobody_else(call: Call) -> None:
    ledger = prepared(call)
    before, moment = dict(ledger.state), (ledger.height, ledger.time_ms, ledger.leaf_count)
    for who in (None, *PEOPLE):
        assert (who, ledger.code(call.operation, dict(call.arguments), who)) == (who, expected(call, who))
        ledger.state.clear()
        ledger.state.update(before)
        ledger.height, ledger.time_ms, ledger.leaf_count = moment
    result = ledger.result(call.operation, dict(call.arguments), SECRETARY)
    assert result.code == ("ok" if "nobody" in call.those else "operation.not-allowed")


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.operation)
def test_with_a_permission_those_may_who_lead_this_very_unit_now(call: Call) -> None:
    ledger = prepared(call)
    ledger.permit(call.operation, "role:lead")
    before, moment = dict(ledger.state), (ledger.height, ledger.time_ms, ledger.leaf_count)
    for who in (None, *PEOPLE):
        may = who in LEADS and call.leads_could
        code = ledger.code(call.operation, dict(call.arguments), who)
        assert (who, code) == (who, "ok" if may else expected(call, who))
        ledger.state.clear()
        ledger.state.update(before)
        ledger.height, ledger.time_ms, ledger.leaf_count = moment


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.operation)
def test_a_signature_beside_lends_nothing(call: Call) -> None:
    if "nobody" in call.those:
        return
    ledger = prepared(call)
    both = ledger.sent(call.operation, dict(call.arguments), "nobody", key_of("nobody"), ADMINISTRATOR, key_of("lead"))
    assert ledger.outcome(both) == "operation.not-allowed"


def test_every_operation_is_tried() -> None:
    tried = {call.operation for call in CALLS} | OWN
    contracts = ("units.", "members.", "membership.")
    there = {str(one["operation"]) for one in world().registry.describe()}
    assert {one for one in there if one.startswith(contracts)} == tried


def test_the_declared_actors_are_those_who_were_let_through() -> None:
    """The page of permissions is made of the declarations: what it says of the plain actors is what was tried above."""
    registry = world().registry
    plain = {None: Actor("administrator"), "guardian": Actor("guardian"), "member": Actor("self")}
    for call in CALLS:
        actors = registry.find(call.operation).operation.actors
        if Actor("anyone") in actors:
            continue
        for who, actor in plain.items():
            if who in call.those:
                assert actor in actors or (who == "guardian" and Actor("creator") in actors)


def test_nobody_gives_themselves_an_office_by_another_one() -> None:
    ledger = world()
    ledger.permit("units.appoint", "role:lead", "role:member")
    for person, actor in (("lead", "role:lead"), ("deputy", "role:lead"), ("member", "role:member")):
        refused = ledger.asked("units.appoint", {"unit": "docs", "role": "treasurer", "person": person}, person)
        assert (refused.code, refused.details["actor"]) == ("units.own-appointment", actor)
        assert ledger.code("units.appoint", {"unit": "docs", "role": "treasurer", "person": "ended"}, person) in (
            "ok",
            "units.office-held",
        )


def test_who_leads_all_units_concerned_may_move_and_merge_them() -> None:
    ledger = world()
    for operation in ("units.move", "units.merge"):
        ledger.permit(operation, "role:lead")
    ledger.add_office("aside", "lead", "below")
    assert ledger.code("units.move", {"unit": "docs/sub", "parent": "aside"}, "lead") == "operation.not-allowed"
    assert ledger.code("units.move", {"unit": "docs/sub", "parent": "aside"}, "below") == "operation.not-allowed"
    ledger.add_office("docs", "lead", "below")
    assert ledger.code("units.move", {"unit": "docs/sub", "parent": "aside"}, "below") == "ok"
    assert ledger.code("units.release", {"unit": "docs", "role": "lead", "person": "below"}) == "ok"
    assert ledger.code("units.merge", {"unit": "docs/sub", "into": "docs"}, "below") == "operation.not-allowed"
    assert ledger.code("units.merge", {"unit": "docs/sub", "into": "aside"}, "below") == "ok"


def test_a_change_that_builds_on_what_is_gone_is_refused_and_a_replay_does_nothing() -> None:
    ledger = world()
    office = "docs/treasurer/nobody"
    values: dict[str, Value] = {"unit": "docs", "role": "treasurer", "person": "nobody"}
    appointing = ledger.sent("units.appoint", values, None, expect=Expectation("office", office, 0))
    assert ledger.outcome(appointing) == "ok"
    assert ledger.outcome(appointing) == "expect.version-mismatch"
    assert ledger.code("units.release", values) == "ok"
    assert ledger.outcome(appointing) == "expect.version-mismatch"
    stale = ledger.sent("units.appoint", values, None, expect=Expectation("office", office, 1))
    assert ledger.outcome(stale) == "expect.version-mismatch"


def test_a_move_is_asked_for_in_the_unit_and_on_both_sides_of_it() -> None:
    """Somebody with rights where a unit comes to, and in itself, does not draw it away from where it belongs."""
    ledger = Organisation()
    for unit, parent in (("top", None), ("west", "top"), ("east", "top"), ("east/branch", "east")):
        ledger.add_unit(unit, parent)
    for person in ("puller", "giver", "above"):
        ledger.add_person(person)
    for unit, person in (("west", "puller"), ("east/branch", "puller"), ("east", "giver"), ("top", "above")):
        ledger.add_office(unit, "lead", person)
    move: dict[str, Value] = {"unit": "east/branch", "parent": "west"}
    ledger.permit("units.move", "role:lead")
    assert ledger.code("units.move", dict(move), "puller") == "operation.not-allowed"
    assert ledger.code("units.move", dict(move), "giver") == "operation.not-allowed"
    # The right above both does.
    ledger.permit("units.move", "role:lead@above")
    assert ledger.code("units.move", dict(move), "above") == "ok"
    assert ledger.fields("unit", "east/branch")["parent"] == "west"
    # From the top nobody takes a unit away who is in units alone.
    ledger.permit("units.move", "role:lead", "role:lead@above")
    assert ledger.code("units.move", {"unit": "top", "parent": "west"}, "above") == "operation.not-allowed"
