"""Packs from their files: what comes out, and everything that can be wrong, with file and place."""

import pytest

from contracts.calendar.dates import day_of
from contracts.packs.effect import Appoint
from contracts.packs.pack import Pack
from contracts.packs.rule_check import trees_of
from contracts.packs.source import compile_pack
from tests.contracts.packs.written import PACK, compiled, complaints, parsed, written


def test_a_pack_without_faults_is_what_the_ledger_reads() -> None:
    found = compiled()
    assert complaints(found) == [] and found.pack is not None
    assert Pack.decode(found.pack.manifest.encode(), found.pack.parts()) == found.pack


def test_dates_amounts_and_single_names_are_written_as_people_do() -> None:
    pack = compiled().pack
    assert pack is not None
    fee = pack.manifest.parameters["fee"]
    assert fee.values == ((day_of(2026, 1, 1), 12_000), (day_of(2027, 1, 1), 15_000))
    definition = pack.types["club-member"]
    assert definition.id == ("person",) and definition.fields["fee"].least == 1
    assert definition.transitions["apply"].from_states == ("",) and definition.transitions["apply"].by == ("anyone",)
    assert pack.manifest.permissions == {"units.appoint": ("role:chair",)}


def test_a_type_holds_what_its_rules_use_and_nothing_more() -> None:
    pack = compiled().pack
    assert pack is not None
    definition = pack.types["club-member"]
    assert definition.uses.roles == ("member",) and definition.uses.counters == ("admitted",)
    assert set(definition.parameters) == {"fee", "notice-days"} and set(definition.rules) == {
        "enough",
        "few",
        "majority",
    }
    trees = trees_of(definition)
    assert trees["rule.enough.expression"].source == "fee >= parameter_fee"
    effect = definition.transitions["admit"].effects[0]
    assert isinstance(effect, Appoint) and "transition.admit.effects[0].until" in trees


def test_the_same_files_give_the_same_hash_whatever_their_names_and_order() -> None:
    one = compiled().pack
    files = written()
    other = compile_pack({"z.toml": files["pack.toml"], "a.toml": files["types.toml"]}).pack
    changed = compiled(('value = "120.00"', 'value = "120.01"')).pack
    assert one is not None and other is not None and changed is not None
    assert one.hash == other.hash != changed.hash


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        (
            'expression = "fee >= parameter_fee"',
            'expression = "fee >= "',
            "types.toml: type.club-member.rule.enough.expression: line 1",
        ),
        (
            'expression = "fee >= parameter_fee"',
            'expression = "fee >= paramter_fee"',
            "types.toml: type.club-member.rule.enough.expression: line 1, column 8",
        ),
        (
            'expression = "fee >= parameter_fee"',
            """expression = 'fee >= parameter_fee and letter == "x"'""",
            "rule.enough.expression: line 1, column 26: the value of the field letter is not on the ledger",
        ),
        ('"yes * 2 > due"', '"yes * 2 > dew"', "pack.toml: rule.majority.expression: line 1, column 11"),
        ('person = "person"', 'person = "fee"', "transition.admit.effects[0].person: line 1, column 1"),
        ('role_count("member")', 'role_count("members")', "rule.few.expression: line 1"),
        ('counter("admitted")', 'counter("admited")', "rule.few.expression: line 1"),
        ('by = "self"', 'by = "role:chari"', "transition.leave.by[0]: no role is declared by the name 'chari'; did"),
        ('guards = ["few"]', 'guards = ["fuw"]', "types.toml: type.club-member.transition.admit.guards[0]"),
        ('guards = ["few"]', 'guards = "enough"', "types.toml: type.club-member.rule.few: no transition asks"),
        ('to = "member"', 'to = "membr"', "types.toml: type.club-member.transition.admit.to"),
        ("value = 14", "value = 6", "pack.toml: parameter.notice-days.values[0]: 6 is below"),
        ('from = "2026-01-01", value = 14', 'from = "2026-02-30", value = 14', "parameter.notice-days.values[0].from"),
        ('value = "120.00"', 'value = "120"', "parameter.fee.values[0]: a value of type money"),
        ('zh = "棋社"', 'zn = "棋社"', "pack.toml: pack.title.zh: the key 'zh' is missing"),
        (
            'name = "chess-club"',
            'nmae = "chess-club"',
            "pack.toml: pack.nmae: there is no key 'nmae' here; did you mean name?",
        ),
        ("version = 1", "version = 1.5", "pack.toml: pack.version: a whole number is wanted here, not fraction"),
        (
            '"units.appoint" = "role:chair"',
            '"units.appoint" = "role:chef"',
            "pack.toml: permission.units.appoint[0]: no role",
        ),
        (
            "[permission]",
            "[permissions]",
            "pack.toml: permissions: no table is declared by the name 'permissions'; did you",
        ),
        ("[pack]", "[role.chair.more]", "pack: there is no table [pack]"),
        ("type.club-member", "type.proposal", "types.toml: type.proposal: the kind proposal belongs to the ledger"),
    ],
)
def test_a_mistake_is_told_with_file_place_and_remedy(old: str, new: str, wanted: str) -> None:
    found = compiled((old, new))
    assert found.pack is None
    assert any(wanted in one for one in complaints(found)), complaints(found)


def test_all_mistakes_are_told_at_once() -> None:
    found = compiled(
        ('expression = "fee >= parameter_fee"', 'expression = "fee >="'),
        ('"yes * 2 > due"', '"yes * 2 > dew"'),
        ('by = "self"', 'by = "role:chari"'),
        ('zh = "过期"', 'zh = ""'),
        ("value = 14", "value = 6"),
    )
    assert len(found.faults) == 5, complaints(found)


def test_two_files_cannot_declare_the_same() -> None:
    files = written()
    files["more.toml"] = {"role": {"chair": files["pack.toml"]["role"]["chair"]}, "pack": {"name": "x"}}
    found = complaints(compile_pack(files))
    assert "pack.toml: role.chair: more.toml declares this already; keep one of both" in found
    assert "pack.toml: pack: more.toml has a table [pack] already; a pack has one" in found


def test_a_pack_that_is_too_large_is_told_so() -> None:
    text = "x" * 1000
    rules = "\n".join(
        f'[type.club-member.rule.rule-{number}]\nexpression = "True"\ntext = {{en = "{text}", zh = "好"}}'
        for number in range(15)
    )
    names = ", ".join(f'"rule-{number}"' for number in range(15))
    found = compiled(
        ("[type.club-member.rule.few]", f"{rules}\n[type.club-member.rule.few]"), ('["few"]', f'["few", {names}]')
    )
    assert any("bytes, allowed are 14336" in one for one in complaints(found)), complaints(found)


def test_nothing_in_a_file_is_a_traceback() -> None:
    """Whatever shape the tables have."""
    for value in (1, "x", [], {}, [1], {"x": 1}, {"x": {"y": 1}}):
        for table in ("pack", "role", "rule", "type", "parameter", "permission", "more"):
            found = compile_pack({"pack.toml": parsed(PACK) | {table: value}})
            assert found.pack is None or table != "more"
