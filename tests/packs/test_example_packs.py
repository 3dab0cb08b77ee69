"""The packs `land-registry` and `benefits`: no rule, approval or number can go without a story that notices."""

from typing import Any

import pytest

from cli.pack_scenario_told import refused_by
from cli.pack_trial import PackTrial
from ledger.encoding import Value
from tests.packs.shipped_pack import ShippedPack, compiled, rules_of, transitions_with, types_of

PACKS = {name: ShippedPack(name) for name in ("land-registry", "benefits")}
DECIDING = {
    "land-registry": {"strike", "find", "refuse", "discharge-by-judgment", "dismiss", "uphold", "remove"},
    "benefits": {"refuse", "end", "dismiss"},
}
# What nobody asks for refuses no step of a story; these tell it by what has not happened the day before.
BY_ITSELF = {"check-is-due"}
# Where each number is tried on both sides of its bound.
NUMBERS = {
    ("land-registry", "publicity-working-days"): ["first-registration"],
    ("land-registry", "handling-working-days"): ["in-time", "late"],
    ("land-registry", "objection-days"): ["entered-objection-lapses"],
    ("benefits", "step-working-days"): ["in-time", "late"],
    ("benefits", "appeal-days"): ["appeal", "no-appeal"],
    ("benefits", "recheck-months"): ["yearly-re-check", "within-the-year"],
}
OWNER_SIGNS = [("land-change", "offer"), ("land-change", "agree"), ("land-mortgage", "offer")]


def parameters_of(files: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: one for file in files.values() for name, one in file.get("parameter", {}).items()}


def test_every_number_is_tried() -> None:
    # Where the clocks stand is seen in no story: each of their steps is taken in the afternoon.
    numbers = {
        (name, parameter)
        for name, pack in PACKS.items()
        for parameter, one in parameters_of(pack.written()).items()
        if one["type"] == "integer" and parameter != "utc-offset-minutes"
    }
    assert numbers == set(NUMBERS)


@pytest.mark.parametrize("name", PACKS)
def test_every_rule_refuses_somebody(name: str) -> None:
    rules = {rule for _kind, rule in rules_of(PACKS[name].written())}
    refused = {step.refused for story in PACKS[name].stories for step in story.steps}
    assert rules - refused <= BY_ITSELF


@pytest.mark.parametrize("name", PACKS)
def test_no_decision_on_a_person_is_one_person_s_own(name: str) -> None:
    pack = compiled(PACKS[name].written())
    deciding = [one for kind in pack.types.values() for one in kind.transitions.values() if one.decides]
    assert {one.name for one in deciding} == DECIDING[name]
    assert all(one.review is not None and one.review.distinct for one in deciding)


def test_every_entry_of_land_takes_two_registrars() -> None:
    types = types_of(PACKS["land-registry"].written())
    entries = [("land-parcel", "enter"), ("land-parcel", "enter-next"), ("land-change", "enter")]
    entries += [("land-change", "enter-part"), ("land-mortgage", "enter")]
    reviews = [types[kind]["transition"][name]["review"] for kind, name in entries]
    assert all(one == {"actors": ["role:registrar"], "count": 1, "distinct": True} for one in reviews)


def test_both_sides_sign() -> None:
    types = types_of(PACKS["land-registry"].written())
    assert all("owner-signs" in types[kind]["transition"][name]["guards"] for kind, name in OWNER_SIGNS)
    assert types["land-change"]["transition"]["accept"]["by"] == ["self", "guardian"]
    assert types["land-mortgage"]["transition"]["accept"]["by"] == "self"


def test_what_a_household_earns_and_how_it_is_stays_beside_the_ledger() -> None:
    claim = types_of(PACKS["benefits"].written())["benefit-claim"]["field"]
    sealed = {name for name, field in claim.items() if field["class"] == "sealed"}
    assert sealed == {"income", "health", "reasons", "statement"}


def approved_somewhere(pack: ShippedPack) -> set[tuple[str, str]]:
    """The transitions, by type and name, that wait in some story until somebody else approves."""
    found = set()
    for story in pack.stories:
        asked: dict[str, tuple[str, str]] = {}
        for step in story.steps:
            if step.act and not step.refused:
                asked[step.act] = (step.act.partition("/")[0], step.transition)
            if step.approve and not step.refused:
                found.add(asked[step.approve])
    return found


@pytest.mark.parametrize("name", PACKS)
def test_every_approval_that_is_needed_is_given_in_some_story(name: str) -> None:
    assert set(transitions_with(PACKS[name].written(), "review")) == approved_somewhere(PACKS[name])


@pytest.mark.parametrize("more", [-1, 1])
@pytest.mark.parametrize(("name", "parameter"), NUMBERS)
def test_a_number_that_is_one_off_is_noticed(name: str, parameter: str, more: int) -> None:
    files = PACKS[name].written()
    found = parameters_of(files)[parameter]
    found["values"][0]["value"] += more
    found |= {"least": 0, "most": 100}
    assert PACKS[name].noticed(files, NUMBERS[name, parameter])


@pytest.mark.parametrize(("month", "told"), [(20_544, "claim-is-granted"), (10**9, "records.id-invalid")])
def test_a_month_stands_in_an_id_as_a_date(month: int, told: str) -> None:
    trial = PackTrial(compiled(PACKS["benefits"].written()), 20_513)
    trial.found("north")
    for person in ("chen", "qian"):
        trial.enrol(person)
    trial.appoint("north", "cashier", "qian")
    claim: dict[str, Value] = {"person": "chen", "heads": 1, "income": {"#": bytes(32)}}
    trial.call("records.create", {"type": "benefit-claim", "unit": "north", "fields": claim}, "chen")
    payment: dict[str, Value] = {"person": "chen", "month": month, "claim": "north/000001", "amount": 1, "voucher": "1"}
    refused = trial.call("records.create", {"type": "benefit-payment", "unit": "north", "fields": payment}, "qian")
    assert refused_by(refused) == told
