"""Who is which actor at which moment, asked through an operation that any contract could have."""

import pytest

from contracts.authority.actor import Actor, parse_actors
from contracts.authority.judgement import Subject, holds, may, operation_actors, require
from contracts.context import Context
from contracts.registry import Registry
from ledger.encoding import Value
from ledger.errors import DecodingError
from ledger.signing import SigningKey
from tests.contracts.organisation import Organisation, key_of
from tests.contracts.trial_contract import beside_builtin, trial_contract
from tests.contracts.trial_ledger import ADMINISTRATOR, SECRETARY

PEOPLE = ("lead", "member", "above", "top", "outsider")


def organisation() -> Organisation:
    """Three levels, `top`, `top/mid` and `top/mid/low`, and `side` beside them, with a lead in each."""
    ledger = Organisation()
    for person in PEOPLE:
        ledger.add_person(person)
    ledger.add_unit("top")
    ledger.add_unit("side")
    ledger.add_unit("top/mid", "top")
    ledger.add_unit("top/mid/low", "top/mid")
    for unit, person in (("top", "top"), ("top/mid", "above"), ("top/mid/low", "lead"), ("side", "outsider")):
        ledger.add_office(unit, "lead", person)
    ledger.add_office("top/mid/low", "member", "member")
    return ledger


def judged(ledger: Organisation, text: str, subject: Subject, key: SigningKey) -> bool:
    """Whether who holds this key is this actor, as an operation finds it."""
    found: list[bool] = []
    registry = ledger.registry
    ledger.registry = beside_builtin(
        trial_contract(lambda context, _: found.append(holds(context, Actor.parse(text), subject)))
    )
    assert ledger.result("trial.run", {}, key).ok
    ledger.registry = registry
    return found[0]


LOW = Subject(unit="top/mid/low", person="member")


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("anyone", set(PEOPLE)),
        ("self", {"member"}),
        ("role:lead", {"lead"}),
        ("role:member", {"member"}),
        ("role:chair", set()),
        ("role:lead@parent", {"above"}),
        ("role:lead@above", {"above", "top"}),
        ("role:lead@unit:side", {"outsider"}),
        ("role:lead@unit:nowhere", set()),
        ("administrator", set()),
        ("guardian", set()),
        ("creator", set()),
    ],
)
def test_who_is_meant(text: str, who: set[str]) -> None:
    ledger = organisation()
    assert {person for person in PEOPLE if judged(ledger, text, LOW, key_of(person))} == who


def test_an_administrator_is_one_who_is_listed_now() -> None:
    ledger = organisation()
    ledger.write("administrators", "current", {"members": [ledger.member(key_of("lead"))]})
    assert judged(ledger, "administrator", Subject(), key_of("lead"))
    assert not judged(ledger, "administrator", Subject(), ADMINISTRATOR)


def test_an_account_without_a_person_is_nobody_in_a_unit() -> None:
    ledger = organisation()
    for text in ("role:lead", "self", "guardian", "role:lead@above", "role:lead@unit:side"):
        assert not judged(ledger, text, Subject("side", None), SECRETARY)
    assert judged(ledger, "administrator", Subject(), ADMINISTRATOR)


def test_the_creator_is_an_account() -> None:
    ledger = organisation()
    created = Subject(creator=ledger.member(key_of("lead")))
    assert judged(ledger, "creator", created, key_of("lead"))
    assert not judged(ledger, "creator", created, key_of("member"))
    assert not judged(ledger, "creator", Subject(), key_of("member"))


def test_guardians_are_those_whom_the_person_named() -> None:
    ledger = organisation()
    fields = ledger.fields("person", "member") | {"guardians": ["lead", "top"]}
    ledger.write("person", "member", fields)
    assert judged(ledger, "guardian", LOW, key_of("lead"))
    assert not judged(ledger, "guardian", LOW, key_of("above"))
    assert not judged(ledger, "guardian", Subject(unit="top/mid/low", person="top"), key_of("lead"))
    assert not judged(ledger, "guardian", Subject(), key_of("lead"))


def test_without_a_unit_only_a_named_unit_counts() -> None:
    ledger = organisation()
    for text in ("role:lead", "role:lead@parent", "role:lead@above"):
        assert not judged(ledger, text, Subject(), key_of("lead"))
    assert judged(ledger, "role:lead@unit:side", Subject(), key_of("outsider"))


def test_an_office_that_ended_or_whose_term_is_over_is_none() -> None:
    ledger = organisation()
    end = ledger.time_ms + 100_000
    ledger.add_office("top/mid/low", "chair", "member", until=end)
    ledger.at(end - 1)
    assert judged(ledger, "role:chair", LOW, key_of("member"))
    ledger.at(end)
    assert not judged(ledger, "role:chair", LOW, key_of("member"))
    ledger.code("units.release", {"unit": "top/mid/low", "role": "lead", "person": "lead"})
    assert not judged(ledger, "role:lead", LOW, key_of("lead"))


def test_the_offices_of_a_unit_that_is_over_are_none() -> None:
    ledger = organisation()
    assert judged(ledger, "role:lead@unit:side", Subject(), key_of("outsider"))
    assert ledger.code("units.dissolve", {"unit": "side"}) == "ok"
    assert not judged(ledger, "role:lead@unit:side", Subject(), key_of("outsider"))


def test_the_first_that_holds_is_the_role_acted_in() -> None:
    ledger = organisation()
    found: list[Actor | None] = []

    def run(context: Context, _: object) -> None:
        actors = parse_actors(["administrator", "role:lead@above", "role:lead", "anyone"])
        found.append(may(context, actors, LOW))
        found.append(may(context, actors[:2], LOW))

    ledger.registry = beside_builtin(trial_contract(run))
    assert ledger.result("trial.run", {}, key_of("lead")).ok
    assert found == [Actor.parse("role:lead"), None]


def test_who_signs_along_can_be_judged_and_lends_nothing() -> None:
    ledger = organisation()
    found: list[bool] = []

    def run(context: Context, _: object) -> None:
        lead = Actor.parse("role:lead")
        found.append(holds(context, lead, LOW))
        found.extend(holds(context, lead, LOW, who) for who in context.signers)

    ledger.registry = beside_builtin(trial_contract(run))
    keys = [key_of("member"), key_of("lead")]
    assert ledger.execute(ledger.transaction("trial.run", {}, keys[0], keys)).results[0].ok
    assert found == [False, False, True]


RENAME: dict[str, Value] = {"unit": "top/mid/low", "name": "Low"}


def test_a_permission_adds_actors_from_its_height_on_and_takes_none_away() -> None:
    ledger = organisation()
    refused = ledger.asked("units.rename", dict(RENAME), "lead")
    assert (refused.code, refused.details["actors"]) == ("operation.not-allowed", "administrator")
    ledger.permit("units.rename", "role:lead", begin=ledger.height + 3)
    assert ledger.code("units.rename", dict(RENAME), "lead") == "operation.not-allowed"
    assert ledger.code("units.rename", {"unit": "side", "name": "Aside"}) == "ok"
    assert ledger.code("units.rename", dict(RENAME), "lead") == "ok"
    ledger.permit("units.rename", "role:lead")
    assert ledger.code("units.rename", RENAME | {"name": "Lower"}, "lead") == "ok"
    refused = ledger.asked("units.rename", RENAME | {"name": "Lowest"}, "outsider")
    assert (refused.code, refused.details["actors"]) == ("operation.not-allowed", "administrator, role:lead")
    assert ledger.code("units.rename", RENAME | {"name": "Lowest"}) == "ok"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"packs": {"club": "role:lead"}},
        {"packs": {"club": [[0, bytes(32), ["Lead"]]]}},
        {"packs": {"club": [["now", bytes(32), []]]}},
    ],
)
def test_a_damaged_permission_stops_the_node(fields: dict[str, object]) -> None:
    ledger = organisation()
    ledger.write("permission", "units.rename", fields)  # type: ignore[arg-type]
    with pytest.raises(DecodingError):
        ledger.code("units.rename", dict(RENAME), "lead")


def test_an_operation_knows_all_its_actors() -> None:
    ledger = organisation()
    found: list[list[str]] = []

    def run(context: Context, _: object) -> None:
        found.append(list(map(str, operation_actors(context))))
        require(context, Subject())

    ledger.registry = Registry((trial_contract(run),))
    ledger.permit("trial.run", "anyone", "role:lead")
    assert ledger.result("trial.run", {}, SECRETARY).ok
    assert found == [["anyone", "role:lead"]]
