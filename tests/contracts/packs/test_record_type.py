"""Record types: canonical bytes, and everything that can be wrong with one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.packs.fault import PackFault
from contracts.packs.limits import PART_SIZE_BYTES_MAX
from contracts.packs.record_type import TypeDefinition
from contracts.rules.types import INTEGER, TEXT
from ledger.encoding import decode, encode
from tests.contracts.packs.club import complaints, definition_of, expression, membership, words


def test_a_type_has_one_form_of_bytes() -> None:
    definition = definition_of(membership())
    data = definition.encode()
    assert TypeDefinition.decode(data) == definition
    assert decode(data) == definition.to_value()
    assert len(data) < 3000


def test_the_parts_of_a_type_are_found_by_name() -> None:
    definition = TypeDefinition.decode(definition_of(membership()).encode())
    assert [one.name for one in definition.creating()] == ["apply"]
    assert definition.transitions["admit"].minimum_stay == "notice-days"
    assert definition.transitions["admit"].rules == ("enough-fee", "half-there", "majority")
    assert definition.fields["letter"].is_detached and not definition.fields["fee"].is_detached
    assert definition.fields["opponents"].is_list and definition.fields["opponents"].item_type == "person"
    assert not definition.is_numbered


# What is wrong, where it is said, and a piece of what is said.
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"kind": "ballot"}, "kind", "belongs to the ledger itself"),
    ({"kind": "Club"}, "kind", "is not of the form"),
    ({"title": {"en": "Membership"}}, "title.zh", "is missing"),
    ({"title__zh": ""}, "title.zh", "has 0 bytes"),
    ({"title": "Membership"}, "title", 'both languages is wanted here: {en = "…", zh = "…"}'),
    ({"title__en": "a\nb\u0007"}, "title.en", "control character"),
    ({"colour": "red"}, "colour", "there is no key 'colour'"),
    ({"artikle": "red"}, "artikle", "did you mean article?"),
    ({"id": ["persn"]}, "id[0]", "did you mean person?"),
    ({"id": ["fee"]}, "id[0]", "cannot be part of an id"),
    ({"id": []}, "id", "has 0 items"),
    ({"subject": "fee"}, "subject", "is not"),
    ({"subject": "nobody"}, "subject", "no field is declared"),
    ({"subject": None}, "transition.amend.by", "`self` is the person"),
    ({"field__person__type": "people"}, "field.person.type", "is not possible here"),
    ({"field__person__class": "secret"}, "field.person.class", "is not of the form"),
    ({"field__fee__count_max": 3}, "field.fee.count_max", "bounds a list"),
    ({"field__opponents__count_max": None}, "field.opponents.count_max", "a list needs it"),
    ({"field__level__values": None}, "field.level.values", "an enum needs it"),
    ({"field__fee__kind": "club-member"}, "field.fee.kind", "a reference needs it"),
    ({"field__fee__most": -1}, "field.fee.least", "is above `most`"),
    ({"field__level__least": 1}, "field.level", "leave them out"),
    ({"field__level__unit": words("m")}, "field.level.unit", "only integer and money"),
    ({"field__letter__most": 5000}, "field.letter", "1 to 2000 bytes"),
    ({"field__fee__enrolled": True}, "field.fee.enrolled", "for fields of type person"),
    ({"field__level__states": ["gone"]}, "field.level.states[0]", "no state is declared"),
    ({"field__level__states": ["applied"]}, "field.level.states[0]", "nothing is amended"),
    ({"field__person__states": ["member"]}, "field.person.states", "never changes"),
    (
        {"field__today": {"type": "date", "class": "ledger", "title": words("Today")}},
        "field.today",
        "has a meaning in rules",
    ),
    (
        {"field__motto": {"type": "text", "class": "ledger", "title": words("Motto")}},
        "field.motto",
        "no transition sets",
    ),
    ({"state__honorary": {"title": words("H"), "final": True}}, "state.honorary", "no transition leads to"),
    ({"state__left": {"title": words("Left")}}, "state.left", "nothing leads from"),
    ({"state__member__final": True}, "state.member", "leads out of it"),
    ({"transition__apply__from": ["applied"]}, "transition", "no transition creates a record"),
    ({"transition__apply__from": []}, "transition.apply.from", "has 0 items"),
    ({"transition__admit__to": "membr"}, "transition.admit.to", "did you mean member?"),
    ({"transition__admit__from": ["aplied"]}, "transition.admit.from[0]", "did you mean applied?"),
    ({"transition__admit__guards": ["enough-fees"]}, "transition.admit.guards[0]", "did you mean enough-fee?"),
    ({"transition__admit__vote__passes": "maority"}, "transition.admit.vote.passes", "did you mean majority?"),
    ({"transition__admit__by": ["boss"]}, "transition.admit.by[0]", "is not of the form"),
    ({"transition__admit__by": ["role:chair", "role:chair"]}, "transition.admit.by", "something twice"),
    ({"transition__admit__by": None}, "transition.admit.by", "nobody may take"),
    ({"transition__apply__by": ["creator"]}, "transition.apply.by", "not there yet"),
    ({"transition__admit__minimum_stay_days": "notise"}, "transition.admit.minimum_stay_days", "no parameter"),
    ({"parameter__notice-days__least": None}, "transition.admit.minimum_stay_days", "`least` is 0 or more"),
    ({"transition__apply__minimum_stay_days": 3}, "transition.apply.minimum_stay_days", "has not stayed"),
    ({"transition__admit__review__count": 0}, "transition.admit.review.count", "outside"),
    ({"transition__apply__deadline__then": "laps"}, "transition.apply.deadline.then", "did you mean lapse?"),
    ({"transition__apply__deadline__then": "leave"}, "transition.apply.deadline.then", "automatic transitions only"),
    ({"transition__apply__deadline__working_days": 3}, "transition.apply.deadline.days", "there is no key"),
    ({"transition__lapse__decides": True}, "transition.lapse.automatic", "people have to take it"),
    ({"transition__lapse__from": ["", "applied"]}, "transition.lapse.automatic", "name people in `by` instead"),
    ({"transition__lapse__from": ["member"]}, "transition.apply.deadline.then", "does not start from"),
    ({"transition__apply__sets": ["letter", "fee"]}, "transition.apply.sets", "without the required field person"),
    (
        {
            "transition__apply__sets": ["letter", "fee"],
            "transition__apply__effects": [
                {"do": "set", "field": "person", "value": expression("person", TEXT), "when": expression("fee is None")}
            ],
        },
        "transition.apply.sets",
        "without the required field person",
    ),
    ({"transition__apply__requires": ["level"]}, "transition.apply.requires[0]", "nothing sets it before"),
    ({"transition__amend__sets": ["level", "opponents", "person"]}, "transition.amend.sets[2]", "never changes"),
    ({"transition__amend__from": ["member", "applied"]}, "transition.amend.to", "make two of it"),
    ({"transition__admit__effects": [{"do": "dance"}]}, "transition.admit.effects[0].do", "is not possible"),
    (
        {"transition__admit__effects": [{"do": "set", "field": "letter", "value": expression("1", INTEGER)}]},
        "transition.admit.effects[0].field",
        "not on the ledger",
    ),
    (
        {"transition__admit__effects": [{"do": "set", "field": "person", "value": expression("1", INTEGER)}]},
        "transition.admit.effects[0].field",
        "never changes",
    ),
    (
        {"transition__admit__effects": [{"do": "release", "role": "member"}]},
        "transition.admit.effects[0].person",
        "an expression is wanted",
    ),
    (
        {"transition__admit__effects": [{"do": "release", "role": "member", "person": 1}]},
        "transition.admit.effects[0].person",
        'in quotation marks, such as "1"',
    ),
    ({"rule__enough-fee__text__en": "{lefty}"}, "rule.enough-fee.text.en", "that nothing fills"),
    ({"rule__enough-fee__text__en": "{left"}, "rule.enough-fee.text.en", "is not closed"),
    ({"rule__enough-fee__expression": expression("yes > 1")}, "rule.enough-fee.expression", "yes"),
    ({"rule__enough-fee__expression": [["wrong"]]}, "rule.enough-fee.expression", "node 0"),
    ({"rule__majority__expression": expression("1", INTEGER)}, "rule.majority.expression", "node 0"),
    ({"rule__idle": {"expression": expression("True"), "text": words("x")}}, "rule.idle", "no transition asks"),
    ({"parameter__notice-days__values": []}, "parameter.notice-days.values", "has no value"),
    ({"parameter__notice-days__values": [[2, 8], [1, 9]]}, "parameter.notice-days.values", "do not ascend"),
    ({"parameter__notice-days__values": [[1, 6]]}, "parameter.notice-days.values[0]", "below `least`"),
    ({"parameter__notice-days__values": [[1, 61]]}, "parameter.notice-days.values[0]", "above `most`"),
    ({"parameter__notice-days__values": [[1, "x"]]}, "parameter.notice-days.values[0]", "integer is wanted"),
    ({"migration": {"waiting": "gone"}}, "migration.waiting", "no state is declared"),
    ({"migration": {"left": "member"}}, "migration.left", "still there"),
]


@pytest.mark.parametrize(("changes", "path", "piece"), WRONG, ids=lambda value: str(value)[:40])
def test_what_is_wrong_is_said_with_its_place(changes: dict[str, Any], path: str, piece: str) -> None:
    value = membership(**changes)
    found = complaints(value)
    assert [one for one in found if one.startswith(f"{path}: ") and piece in one], found
    # The ledger stops at one of them.
    with pytest.raises(PackFault) as stopped:
        TypeDefinition.decode(encode(value))
    assert f"{stopped.value.path}: {stopped.value}" in found


def test_an_author_is_told_of_all_faults_at_once() -> None:
    value = membership(
        transition__admit__to="membr", transition__leave__by=["boss"], rule__majority__text={}, field__fee__type="gold"
    )
    paths = {one.partition(": ")[0] for one in complaints(value)}
    assert {
        "transition.admit.to",
        "transition.leave.by[0]",
        "rule.majority.text.en",
        "rule.majority.text.zh",
        "field.fee.type",
    } <= paths


def test_other_bytes_of_the_same_type_are_refused() -> None:
    value = membership(state__member__final=False)
    assert complaints(value) == []
    with pytest.raises(PackFault, match="canonical"):
        TypeDefinition.decode(encode(value))


def test_a_part_is_bounded() -> None:
    value = membership()
    value["rule"] |= {
        f"rule-{number}": {"expression": expression("True"), "text": {"en": "x" * 1000, "zh": "好"}}
        for number in range(15)
    }
    value["transition"]["admit"]["guards"] += [f"rule-{number}" for number in range(15)]
    with pytest.raises(PackFault, match=f"allowed are {PART_SIZE_BYTES_MAX}"):
        definition_of(value).encode()
    with pytest.raises(PackFault):
        TypeDefinition.decode(encode(value))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_type_or_a_fault(data: bytes) -> None:
    with pytest.raises(PackFault):
        TypeDefinition.decode(data)


SCALARS = st.none() | st.booleans() | st.integers(-5, 99) | st.text(max_size=5) | st.binary(max_size=3)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner))


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container in a value, with every key or index of it."""
    if isinstance(value, dict):
        return [(value, key) for key in value] + [one for item in value.values() for one in places(item)]
    if isinstance(value, list):
        return [(value, index) for index in range(len(value))] + [one for item in value for one in places(item)]
    return []


@given(st.data())
def test_a_damaged_type_is_a_fault_or_still_a_type(data: st.DataObject) -> None:
    """Whatever stands in the place of one value: nothing but a fault is raised, and nothing is read in two ways."""
    value = membership()
    container, key = data.draw(st.sampled_from(places(value)))
    container[key] = data.draw(VALUES)
    encoded = encode(value)
    try:
        definition = TypeDefinition.decode(encoded)
    except PackFault as fault:
        assert str(fault)
        assert complaints(value) or "canonical" in str(fault)
    else:
        assert definition.encode() == encoded


def test_a_text_in_one_language_is_one_fault() -> None:
    assert len([one for one in complaints(membership(title="Membership")) if one.startswith("title")]) == 1


@pytest.mark.parametrize(
    "types",
    [
        {"has": {"role": {"type": "text"}}},
        {"record": {"state": {"type": "text"}}},
        {"fan": {"club_fee": {"type": "money"}}, "fan-club": {"fee": {"type": "money"}}},
    ],
)
def test_what_rules_call_a_field_of_another_type_means_one_thing(types: dict[str, Any]) -> None:
    """A name of the engine's own would be answered with other arguments; one of two fields would be either's."""
    value = membership() | {"uses": {"types": types}}
    with pytest.raises(PackFault, match="in rules"):
        TypeDefinition.decode(encode(value))
