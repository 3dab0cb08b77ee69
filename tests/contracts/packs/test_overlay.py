"""Local conventions: every way to ask for less is refused by name, and asking for more is not."""

from dataclasses import replace

import pytest

from contracts.packs.fault import Faults
from contracts.packs.manifest import Base
from contracts.packs.overlay import not_weaker
from contracts.packs.overlay_type import check_type_not_weaker
from contracts.packs.source import base_name, compile_pack
from contracts.packs.used import UsedField
from contracts.packs.weakening import Protected, Weakening
from tests.contracts.packs.written import PACK, TYPES, compiled, complaints, local, parsed, replaced


def violations(*replacements: tuple[str, str]) -> set[str]:
    """The rules that a pack breaks which is the club's with these texts replaced, and names the club as its base."""
    base = compiled().pack
    files = {name: parsed(text) for name, text in replaced({"p.toml": PACK, "t.toml": TYPES}, replacements).items()}
    above = compile_pack(files)
    assert base is not None and above.pack is not None, complaints(above)
    manifest = replace(above.pack.manifest, base=Base("chess-club", base.hash))
    return {one.rule for one in not_weaker(base, replace(above.pack, manifest=manifest))}


def test_the_same_pack_is_not_weaker() -> None:
    assert violations() == set()


def test_local_conventions_are_merged_and_ask_for_more() -> None:
    base = compiled()
    assert base_name(local()) == "chess-club"
    above = compile_pack(local(), base)
    assert complaints(above) == [] and above.pack is not None and base.pack is not None
    definition = above.pack.types["club-member"]
    assert definition.transitions["admit"].guards == ("few", "in-summer")
    assert definition.transitions["admit"].by == ("role:chair",)
    assert definition.parameters["notice-days"].value_on(30_000) == 21
    assert above.pack.manifest.base == Base("chess-club", base.pack.hash)
    assert not_weaker(base.pack, above.pack) == ()


RELEASE = '{do = "release", role = "member", person = "person"}'
FEE_TABLE = """type = "money"
title = {en = "Fee", zh = "会费"}
values"""
UNTIL = '[type.club-member.field.until]\ntype = "date"'
MAJORITY = PACK[PACK.index("[rule.majority]") :]
VOTE = 'vote = {electorate = "member", passes = "majority"}\n'
REVIEW = 'review = {actors = ["role:member", "role:chair"], count = 1, distinct = true}\n'
SELF = 'by = "self"'
# The last text of the transition `leave`: what is put before it becomes the table before.
LEAVE = "[type.club-member.transition.leave]"


def added(name: str, start: str, end: str, more: str = "") -> str:
    """A transition that the base does not have."""
    table = f"[type.club-member.transition.{name}]\nfrom = '{start}'\nto = '{end}'\n{more}\n{SELF}\n"
    return table + 'title = {en = "x", zh = "某"}\n'


def before_leave(text: str) -> list[tuple[str, str]]:
    return [(LEAVE, f"{text}\n{LEAVE}")]


# The rule that is broken, and what is replaced in the club's files to break it.
WEAKER: list[tuple[str, list[tuple[str, str]]]] = [
    ("role", [("[role.chair]", "[role.boss]"), ("role:chair", "role:boss")]),
    ("permission", [('"units.appoint" = "role:chair"', '"units.appoint" = ["role:chair", "anyone"]')]),
    ("permission", [('"units.appoint"', '"units.found"')]),
    (
        "parameter",
        [
            (FEE_TABLE, FEE_TABLE.replace("money", "date")),
            ('"120.00"', '"2026-01-01"'),
            ('"150.00"', '"2026-01-01"'),
            ("fee >= parameter_fee", "today >= parameter_fee"),
        ],
    ),
    ("parameter-value", [('"120.00"', '"0.01"')]),
    ("parameter-range", [("least = 7", "least = 0")]),
    ("parameter-range", [("most = 60", "most = 61")]),
    ("type", [("[type.club-member", "[type.fan")]),
    ("id", [('id = "person"', 'id = "number"')]),
    ("field", [(UNTIL, UNTIL.replace("date", "money")), ('value = "add_months(today, 12)"', 'value = "fee"')]),
    (
        "field-required",
        [
            ('id = "person"', 'id = "number"'),
            ('subject = "person"\n', ""),
            ("required = true\n", ""),
            (SELF, 'by = "administrator"'),
            ('person = "person"', 'person = "unit"'),
        ],
    ),
    ("field-class", [('class = "members"', 'class = "public"')]),
    ("field-range", [('least = "0.01"\n', "")]),
    ("state", [("[type.club-member.state.left]", "[type.club-member.state.gone]"), ('to = "left"', 'to = "gone"')]),
    ("state-final", [("final = true", ""), *before_leave(added("stay", "left", "member"))]),
    ("state-amendable", [("[type.club-member.state.member]", "[type.club-member.state.member]\namendable = true")]),
    ("transition", [("transition.leave", "transition.go")]),
    ("way", [('from = ["member"]', 'from = ["applied", "member"]')]),
    ("by", [(SELF, 'by = ["self", "anyone"]')]),
    (
        "requires",
        [
            ('requires = ["fee"]', 'requires = ["letter"]'),
            ("fee >= parameter_fee", "default(fee, parameter_fee) >= parameter_fee"),
        ],
    ),
    ("sets", [('to = "member"', 'to = "member"\nsets = ["letter"]')]),
    (
        "guards",
        [
            ('guards = ["enough"]\n', ""),
            ('guards = ["few"]', 'guards = ["few", "enough"]'),
            ("fee >= parameter_fee", "fee is not None and fee >= parameter_fee"),
        ],
    ),
    ("guards", [("fee >= parameter_fee", "fee >= parameter_fee - parameter_fee")]),
    ("stay", [('minimum_stay_days = "notice-days"\n', "")]),
    ("stay", [('minimum_stay_days = "notice-days"', "minimum_stay_days = 7")]),
    ("review", [(REVIEW, "")]),
    ("review", [("distinct = true", "distinct = false")]),
    ("review", [('actors = ["role:member", "role:chair"]', 'actors = ["role:member", "anyone"]')]),
    ("vote", [(VOTE, ""), (MAJORITY, "")]),
    ("vote", [('electorate = "member"', 'electorate = "chair"')]),
    ("vote", [("yes * 2 > due", "yes * 3 > due")]),
    ("automatic", [(SELF, f"{SELF}\nautomatic = true")]),
    ("deadline", [('deadline = {days = "notice-days"', "deadline = {days = 3")]),
    ("effect-kept", [(f"effects = [{RELEASE}]", "")]),
    ("effect", [(f"[{RELEASE}]", f"[{RELEASE}, {RELEASE.replace('release', 'appoint').replace('member', 'chair')}]")]),
    ("effect", [(f"[{RELEASE}]", f'[{RELEASE}, {{do = "count", counter = "admitted", by = "0 - 1"}}]')]),
    ("added-way", before_leave(added("jump", "applied", "member"))),
    ("added-way", before_leave(added("jump", "", "member", "sets = ['person']"))),
    (
        "added-way",
        before_leave(
            '[type.club-member.state.side]\ntitle = {en = "x", zh = "某"}\n'
            + added("in", "applied", "side")
            + added("out", "side", "member")
        ),
    ),
    ("added-sets", before_leave(added("mend", "member", "member", "sets = ['fee']"))),
    # What sets a field of the base beside a transition of the base gets past who may set it.
    ("effect", [(f"[{RELEASE}]", f'[{RELEASE}, {{do = "set", field = "until", value = "add_months(today, 900)"}}]')]),
    # What the base does after a term is not done earlier: by no deadline, no check and no way round that begins anew.
    ("deadline", before_leave(added("again", "applied", "applied", 'deadline = {days = 0, then = "lapse"}'))),
    (
        "added-way",
        before_leave(
            '[type.club-member.state.side]\ntitle = {en = "x", zh = "某"}\n'
            + added("in", "applied", "side")
            + added("out", "side", "applied")
        ),
    ),
    # What a version drops of its own does not come to stand where the base would not have let it.
    ("migration", [(LEAVE, f'[type.club-member.migration]\nparked = "member"\n\n{LEAVE}')]),
    ("field-range", [('type = "text"\nclass = "members"', 'type = "text"\nmost = 2000\nclass = "members"')]),
]


@pytest.mark.parametrize(("rule", "replacements"), WEAKER, ids=lambda value: value if isinstance(value, str) else "")
def test_every_way_to_weaken_is_found(rule: str, replacements: list[tuple[str, str]]) -> None:
    found = violations(*replacements)
    assert rule in found, found


def test_another_base_is_found() -> None:
    base, other = compiled().pack, compiled(('value = "120.00"', 'value = "120.01"')).pack
    assert base is not None and other is not None
    above = replace(base, manifest=replace(base.manifest, base=Base("chess-club", other.hash)))
    assert "base" in {one.rule for one in not_weaker(base, above)}


def test_an_author_is_told_where_the_conventions_are_weaker() -> None:
    found = compile_pack(local(('by = ["role:chair"]', 'by = ["role:chair", "anyone"]')), compiled())
    weaker = [fault for fault in found.faults if isinstance(fault, Weakening)]
    assert [(one.rule, one.path, one.file) for one in weaker] == [
        ("by", "type.club-member.transition.admit.by", "pack.toml")
    ]


def test_rules_of_the_base_are_not_written_anew() -> None:
    found = compile_pack(local(("[rule.in-summer]", "[rule.majority]"), ('"in-summer"', '"majority"')), compiled())
    assert any("belongs to the base" in one for one in complaints(found))


def test_a_base_that_is_not_there_is_told() -> None:
    assert any("pack.base" in one for one in complaints(compile_pack(local())))


EXPIRE = """
[type.club-member.transition.expire]
from = "member"
to = "left"
title = {en = "Expire", zh = "到期"}
automatic = true
guards = ["over"]

[type.club-member.rule.over]
expression = "today > default(until, today)"
text = {en = "not yet", zh = "未到"}

[type.club-member.check.terms]
title = {en = "Terms", zh = "期限"}
every = {of = "months", every = 12, from = 0, times = 1}
then = "expire"
"""


DAILY = EXPIRE[EXPIRE.index("[type.club-member.check.terms]") :].replace("check.terms", "check.daily")
DAILY = DAILY.replace('"months", every = 12', '"days", every = 1')


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        ("deadline", 'to = "member"\n', 'to = "member"\ndeadline = {days = 0, then = "expire"}\n'),
        ("check", EXPIRE, EXPIRE + DAILY),
    ],
    ids=["deadline", "check"],
)
def test_what_the_base_does_by_itself_is_not_done_earlier(rule: str, old: str, new: str) -> None:
    """By no deadline that the base does not have, and by no check."""
    types = TYPES + EXPIRE
    below = compile_pack({"p.toml": parsed(PACK), "t.toml": parsed(types)}).pack
    above = compile_pack({"p.toml": parsed(PACK), "t.toml": parsed(types.replace(old, new))})
    assert below is not None and above.pack is not None, complaints(above)
    manifest = replace(above.pack.manifest, base=Base("chess-club", below.hash))
    assert [one.rule for one in not_weaker(below, replace(above.pack, manifest=manifest))] == [rule]


def test_what_the_base_carries_over_goes_where_it_says() -> None:
    moved = f'[type.club-member.migration]\nold = "applied"\n\n{LEAVE}'
    below = compiled((LEAVE, moved)).pack
    assert below is not None
    for after, expected in (("applied", set()), ("member", {"migration"})):
        above = compiled((LEAVE, moved.replace("applied", after))).pack
        assert above is not None
        manifest = replace(above.manifest, base=Base("chess-club", below.hash))
        assert {one.rule for one in not_weaker(below, replace(above, manifest=manifest))} == expected


def test_the_functions_in_rules_of_the_base_look_into_the_same_records() -> None:
    """`club_member_fee` could be the field `fee` of a `club-member`, or `member_fee` of a `club` that is added."""
    base = compiled().pack
    assert base is not None
    kind = base.types["club-member"]
    money = UsedField("money")
    below = replace(kind, uses=replace(kind.uses, types={"club-member": {"fee": money}}))
    above = replace(kind, uses=replace(kind.uses, types={"club": {"member_fee": money}}))
    protected = Protected(frozenset(), frozenset(), frozenset())
    for one, expected in ((below, set()), (above, {"uses"})):
        faults = Faults(strict=False)
        check_type_not_weaker(below, one, protected, "type", faults)
        assert {fault.rule for fault in faults.found if isinstance(fault, Weakening)} == expected
