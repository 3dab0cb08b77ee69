"""Packs as wholes: manifests, and what has to fit between parts."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.builtin import builtin_registry
from contracts.packs.fault import Faults, PackFault
from contracts.packs.manifest import Base, Manifest
from contracts.packs.pack import Pack, check_pack
from contracts.packs.parameter import Parameter
from contracts.packs.reserved import RESERVED_KINDS
from contracts.packs.words import Words
from contracts.rules.types import TEXT
from ledger.encoding import encode
from tests.contracts.packs.club import expression, membership, pack_of, words

LOAN: dict[str, Any] = {
    "kind": "club-loan",
    "title": words("Loan"),
    "id": ["number"],
    "field": {
        "member": {
            "type": "reference",
            "kind": "club-member",
            "class": "ledger",
            "title": words("Member"),
            "required": True,
        }
    },
    "state": {"lent": {"title": words("Lent")}, "back": {"title": words("Back"), "final": True}},
    "transition": {
        "lend": {"from": [""], "to": "lent", "title": words("Lend"), "by": ["role:board"], "sets": ["member"]},
        "return": {
            "from": ["lent"],
            "to": "back",
            "title": words("Return"),
            "by": ["role:board"],
            "effects": [
                {"do": "advance", "kind": "club-member", "transition": "leave", "record": expression("member", TEXT)}
            ],
        },
    },
}


def complaints(pack: Pack) -> list[str]:
    faults = Faults(strict=False)
    check_pack(pack, faults)
    return [f"{fault.path}: {fault}" for fault in faults.found]


def test_a_pack_is_read_from_its_parts() -> None:
    pack = pack_of(membership(), LOAN)
    assert complaints(pack) == []
    assert Pack.decode(pack.manifest.encode(), pack.parts()) == pack
    assert Manifest.decode(pack.manifest.encode()).hash == pack.hash


def test_a_pack_with_a_base_and_every_key_keeps_its_form() -> None:
    manifest = replace(pack_of(membership()).manifest, base=Base("association", bytes(32)))
    assert Manifest.decode(manifest.encode()) == manifest


def test_another_part_is_refused() -> None:
    pack = pack_of(membership())
    other = pack_of(membership(article="§ 4"))
    with pytest.raises(PackFault, match="is not the one"):
        Pack.decode(pack.manifest.encode(), other.parts())
    with pytest.raises(PackFault, match="is not the one"):
        Pack.decode(pack.manifest.encode(), {})


def advancing(**changes: Any) -> dict[str, Any]:
    return LOAN | {
        "transition": LOAN["transition"]
        | {"return": LOAN["transition"]["return"] | {"effects": [LOAN_EFFECT | changes]}}
    }


LOAN_EFFECT: dict[str, Any] = LOAN["transition"]["return"]["effects"][0]


@pytest.mark.parametrize(
    ("types", "path", "piece"),
    [
        ([membership(transition__admit__by=["role:char"])], "type.club-member.transition.admit.by[0]", "mean chair?"),
        ([membership(field__letter__class="role:vault")], "type.club-member.field.letter.class", "no role"),
        ([membership(transition__admit__vote__electorate="x")], "type.club-member.transition.admit.vote", "no role"),
        ([membership(transition__apply__deadline=None)], "type.club-member.transition.lapse.automatic", "leads to"),
        ([membership(transition__lapse__sets=["fee"])], "type.club-member.transition.lapse.sets[0]", "no effect"),
        ([LOAN], "type.club-loan.field.member.kind", "no type"),
        ([LOAN], "type.club-loan.transition.return.effects[0].kind", "no type"),
        ([membership(), advancing(transition="leav")], "type.club-loan.transition.return.effects[0]", "mean leave?"),
        ([membership(), advancing(transition="apply")], "type.club-loan.transition.return.effects[0]", "`record`"),
        ([membership(), advancing(transition="admit")], "type.club-loan.transition.return.effects[0]", "approvals"),
        (
            [membership(transition__leave__decides=True), LOAN],
            "type.club-loan.transition.return.effects[0]",
            "decides on a person",
        ),
        ([membership(uses={"types": {"x": {}}})], "type.club-member.uses.types.x", "no type"),
        ([membership(uses={"roles": ["char"]})], "type.club-member.uses.roles", "mean chair?"),
        ([membership(uses={"counters": ["admited"]})], "type.club-member.uses.counters", "mean admitted?"),
        (
            [membership(uses={"types": {"club-member": {"fee": {"type": "text"}}}})],
            "type.club-member.uses.types.club-member.fee",
            "another one",
        ),
        (
            [membership(uses={"types": {"club-member": {"fees": {"type": "text"}}}})],
            "type.club-member.uses.types.club-member.fees",
            "mean fee?",
        ),
    ],
)
def test_what_does_not_fit_between_parts_is_said(types: list[dict[str, Any]], path: str, piece: str) -> None:
    pack = pack_of(*types)
    found = complaints(pack)
    assert [one for one in found if one.startswith(path) and piece in one], found
    with pytest.raises(PackFault):
        Pack.decode(pack.manifest.encode(), pack.parts())


def test_parameters_and_permissions_are_those_of_the_manifest() -> None:
    pack = pack_of(membership())
    other = replace(pack.manifest, parameters={}, permissions={"unit.found": ("role:chef",)})
    found = complaints(Pack(other, pack.types))
    assert [one.partition(": ")[0] for one in found] == ["permission.unit.found[0]", "type.club-member"]


def test_a_manifest_in_another_form_is_refused() -> None:
    value = pack_of(membership()).manifest.to_value()
    value["permission"] = {}
    with pytest.raises(PackFault, match="canonical"):
        Manifest.decode(encode(value))


@given(st.binary(max_size=100))
def test_any_bytes_are_a_manifest_or_a_fault(data: bytes) -> None:
    with pytest.raises(PackFault):
        Manifest.decode(data)


@given(st.lists(st.integers(-1000, 40_000), min_size=1, max_size=20, unique=True), st.integers(-1000, 41_000))
def test_a_parameter_has_the_newest_value_that_holds(days: list[int], today: int) -> None:
    days.sort()
    parameter = Parameter("x", "integer", tuple((day, day) for day in days), Words("x", "某"))
    began = [day for day in days if day <= today]
    assert parameter.value_on(today) == (began[-1] if began else days[0])


def test_no_pack_can_take_a_kind_of_the_ledger() -> None:
    """Also those of contracts that are added later: this test names them."""
    assert builtin_registry().kinds - RESERVED_KINDS == set()
