"""Periodic checks of a type: what is written, what the ledger has, and what is refused."""

import pytest

from contracts.calendar.recurrence import Recurrence
from contracts.packs.fault import PackFault
from contracts.packs.overlay import not_weaker
from contracts.packs.record_type import TypeDefinition
from ledger.encoding import encode
from tests.contracts.packs.written import compiled, complaints

LEAVE = "[type.club-member.transition.leave]"
LATE = """[type.club-member.transition.note-late]
from = "member"
to = "member"
title = {en = "Late", zh = "欠费"}
automatic = true
guards = ["late"]
effects = [{do = "open-case", title = {en = "Late", zh = "欠费"}, days = 30, person = "person"}]

[type.club-member.rule.late]
expression = "until is None or until < today"
text = {en = "nothing is late", zh = "没有欠费"}

[type.club-member.check.late]
title = {en = "Who is late", zh = "欠费检查"}
every = "monthly"
then = "note-late"
"""
CHECKED = (LEAVE, LATE + "\n" + LEAVE)


def test_a_check_is_part_of_the_type() -> None:
    found = compiled(CHECKED)
    assert complaints(found) == [] and found.pack is not None
    definition = found.pack.types["club-member"]
    check = definition.checks["late"]
    assert (check.every, check.then) == (Recurrence("months", 1), "note-late")
    assert TypeDefinition.decode(definition.encode()) == definition


@pytest.mark.parametrize(
    ("words", "recurrence"),
    [
        ("每月一次", Recurrence("months", 1)),
        ("quarterly", Recurrence("months", 3)),
        ("yearly", Recurrence("months", 12)),
    ],
)
def test_periods_are_written_in_words_of_both_languages(words: str, recurrence: Recurrence) -> None:
    found = compiled(CHECKED, ('"monthly"', f'"{words}"'))
    assert found.pack is not None, complaints(found)
    assert found.pack.types["club-member"].checks["late"].every == recurrence


def test_periods_can_be_written_exactly() -> None:
    found = compiled(CHECKED, ('"monthly"', '{of = "days", every = 10, from = 3, times = 1}'))
    assert found.pack is not None, complaints(found)
    assert found.pack.types["club-member"].checks["late"].every == Recurrence("days", 10, 3)


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ('every = "monthly"\n', "", "check.late.every: the key 'every' is missing"),
        ('"monthly"', '"now and then"', "check.late.every: no period is meant by this"),
        (
            'then = "note-late"',
            'then = "note-latte"',
            "check.late.then: no transition is declared by the name 'note-latte'; did you mean",
        ),
        ('then = "note-late"', 'then = "leave"', "check.late.then: a check takes automatic transitions only"),
        ('guards = ["late"]\n', "", "check.late.then: the transition note-late has no guard"),
        ('every = "monthly"', 'every = "monthly"\nwhen = 1', "check.late.when: there is no key 'when' here"),
    ],
)
def test_a_mistake_is_told_with_its_place(old: str, new: str, wanted: str) -> None:
    assert any(wanted in told for told in complaints(compiled(CHECKED, (old, new)))), wanted


def test_no_check_decides_on_a_person() -> None:
    """Guard: contracts/packs/transition_check.py, `_check_automatic`."""
    told = complaints(compiled(CHECKED, ("automatic = true\nguards", "automatic = true\ndecides = true\nguards")))
    assert any("transition.note-late.automatic: the transition decides on a person" in one for one in told)


def test_the_ledger_refuses_such_a_type_too() -> None:
    """Nobody has to make a pack with our compiler."""
    found = compiled(CHECKED)
    assert found.pack is not None
    value = found.pack.types["club-member"].to_value()
    check = value["check"]
    assert isinstance(check, dict) and isinstance(check["late"], dict)
    check["late"]["then"] = "leave"
    with pytest.raises(PackFault, match="automatic transitions only"):
        TypeDefinition.decode(encode(value))


def test_local_conventions_keep_the_checks_of_the_base() -> None:
    base, without = compiled(CHECKED).pack, compiled(CHECKED, ('every = "monthly"', 'every = "yearly"')).pack
    assert base is not None and without is not None
    told = not_weaker(base, without)
    assert "check" in {one.rule for one in told}
