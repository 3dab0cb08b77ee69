"""Rows against a plan: what they become, and what of them is refused or only looks wrong."""

import shutil
from pathlib import Path

import pytest

from cli.demo.membership import BUILT_IN
from cli.errors import UsageError
from cli.importing.checking import check_import
from cli.importing.identity import Identity, pseudonym_key
from cli.importing.plan_reader import read_plan
from cli.importing.values import pseudonym
from contracts.calendar.dates import parse_date
from contracts.calendar.words import Understood, understand
from tests.cli.importing.tables import SECRET, UNITS, check, told

EVENTS = """
name = "events"
[[source]]
file = "events.csv"
revision = {column = "revision"}
origin = "the office"
[[step]]
name = "events"
operation = {column = "event", map = {joined = "units.appoint", left = "units.release"}}
where = [{column = "skip", not = "yes"}]
key = ["member", "at"]
record = {kind = "office", id = "{unit}/{role}/{person}", expect = "next"}
needs = ["unit/{unit}"]
[step.arguments]
unit = "u"
person = {column = "member", as = "pseudonym"}
role = {column = "role", map = {"正式" = "full", "预备" = "probationary"}, default = "full"}
since = {column = "at", as = "time", zone = "Asia/Shanghai"}
body.account = {template = "{member} <{member}@example>"}
body.tags = ["imported", {column = "tag", optional = true}]
body.source = {provenance = true}
"""
HEAD = "member,at,event,role,skip,tag,revision\n"


def test_the_demonstration_s_files_are_accepted_as_they_are(tmp_path: Path) -> None:
    folder = shutil.copytree(BUILT_IN, tmp_path / "k")
    checked = check_import(read_plan(folder / "kubernetes.toml"), SECRET, lambda _done, _total: None)
    ((severity, row, column, sentence),) = told(checked)
    assert (severity, row, column) == ("warning", 48, "frequency") and sentence.startswith("this cannot be checked")
    assert checked.findings.error_count == 0
    assert [len(rows) for rows in checked.steps] == [271, 2530, 1303, 286, 102, 101]
    assert len({row.makes for row in checked.steps[1]}) == 2530
    assert {*checked.untaken_rows.values()} == {0}
    assert not any(checked.unused_columns.values())


def test_a_row_becomes_what_the_plan_says(tmp_path: Path) -> None:
    checked = check(
        tmp_path, EVENTS, events_csv=HEAD + "0042,2024-03-05,joined,正式,,t1,r1\n0042,2024年3月6日 8:00,left,,,,r2\n"
    )
    assert told(checked) == []
    joined, left = checked.steps[0]
    person = pseudonym(pseudonym_key(SECRET), "0042")
    assert joined.values == {
        "unit": "u",
        "person": person,
        "role": "full",
        "since": 1_709_568_000_000,
        "body": {"account": "0042 <0042@example>", "tags": ["imported", "t1"], "source": {"provenance": True}},
    }
    assert (joined.operation, joined.makes, joined.needs) == ("units.appoint", f"office/u/full/{person}", ("unit/u",))
    # What leaving does not take is left out.
    assert left.operation == "units.release"
    assert left.values.keys() == {"unit", "person", "role", "body"}
    assert left.provenance() == {
        "file": "events.csv",
        "hash": left.sheet.sha256,
        "row": 3,
        "revision": "r2",
        "source": "the office",
    }
    body = left.arguments()["body"]
    assert isinstance(body, dict) and body["source"] == left.provenance() and body["tags"] == ["imported"]


def test_rows_of_one_second_keep_their_order(tmp_path: Path) -> None:
    rows = "".join(f"m{number},2024-03-05T10:00:00Z,joined,,,,\n" for number in range(50))
    checked = check(tmp_path, EVENTS, events_csv=HEAD + rows)
    assert [row.key[0] for row in checked.steps[0]] == [f"m{number}" for number in range(50)]


@pytest.mark.parametrize(
    ("line", "column", "sentence"),
    [
        ("a,2024-03-05,moved,,,,", "event", "the plan's `operation` has no such text; it has joined, left"),
        ("a,2024-03-05,joined,候补,,,", "role", "the plan's `map` has no such text; it has 正式, 预备"),
        ("a,2024-13-05,joined,,,,", "at", "there is no such day"),
        ("a,,joined,,,,", "at", "the cell is empty"),
        ("b,2024-03-05,left,,,,", "member", "row 2 has the same key; take one of them out, or add a column to `key`"),
        ("1.1E+17,2024-03-05,joined,,,,", "member", "a spreadsheet program has shortened this number"),
    ],
)
def test_a_bad_cell_is_told_with_its_column(tmp_path: Path, line: str, column: str, sentence: str) -> None:
    checked = check(tmp_path, EVENTS, events_csv=f"{HEAD}b,2024-03-05,joined,,,,\n{line}\nc,2024-03-05,joined,,,,\n")
    ((severity, row, found, text),) = told(checked)
    assert (severity, row, found) == ("error", 3, column)
    assert sentence in text
    assert len(checked.steps[0]) == 2


def test_names_that_differ_in_capitals_stay_two_and_are_warned_of(tmp_path: Path) -> None:
    checked = check(tmp_path, EVENTS, events_csv=f"{HEAD}Ann,2024-03-05,joined,,,,\nann,2024-03-05,joined,,,,\n")
    assert [(severity, row) for severity, row, _column, _text in told(checked)] == [("warning", 3)]
    assert "differs from row 2 in capital letters only" in told(checked)[0][3]
    assert len({row.makes for row in checked.steps[0]}) == 2


def test_what_is_left_aside_is_counted(tmp_path: Path) -> None:
    lines = "a,2024-03-05,joined,,yes,,\nb,2024-03-05,joined,,,,\n"
    checked = check(tmp_path, EVENTS, events_csv=HEAD.replace("\n", ",note\n") + lines)
    assert checked.untaken_rows == {"events": 1}
    assert checked.unused_columns == {"events": ["note"]}


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('column = "name"', 'column = "Nmae"', "units.csv has no column 'Nmae'; did you mean 'name'?"),
        ('column = "name"', 'column = "quite another"', "units.csv has no column 'quite another'; it has 'id', 'name'"),
        ("units.create", "units.created", "did you mean units.create?"),
        ('name = {column = "name"}', 'nmae = {column = "name"}', "takes no argument 'nmae'; it takes name"),
        ('name = {column = "name"}', "", "the operation units.create needs the argument 'name'"),
        ('kind = "unit"', 'kind = "units"', "no records of the kind 'units'; it has unit"),
    ],
)
def test_a_plan_that_does_not_fit_its_files_or_the_ledger_is_refused(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    assert old in UNITS
    with pytest.raises(UsageError) as caught:
        check(tmp_path, UNITS.replace(old, new), units_csv="id,name,parent\n")
    assert sentence in str(caught.value)


def test_a_file_without_rows_is_warned_of(tmp_path: Path) -> None:
    assert [one[3] for one in told(check(tmp_path, units_csv="id,name,parent\n"))] == [
        "there are no rows below the names of columns"
    ]


def identities(folder: Path, content: str, **changes: object) -> list[tuple[bytes, bytes]]:
    plan = str(changes.get("plan", EVENTS))
    checked = check(folder, plan, events_csv=content)
    secret, network = changes.get("secret", SECRET), changes.get("network", bytes(32))
    assert isinstance(secret, bytes) and isinstance(network, bytes)
    identity = Identity(secret, str(changes.get("name", "events")), network)
    return [(identity.fact(row), identity.content(row)) for row in checked.steps[0]]


def test_a_row_is_the_same_fact_wherever_it_stands_and_whatever_is_new_around_it(tmp_path: Path) -> None:
    a, b = "a,2024-03-05,joined,正式,,,r1\n", "b,2024-03-05,joined,正式,,,r1\n"
    first = identities(tmp_path, HEAD + a + b)
    assert len({fact for fact, _content in first}) == 2
    moved = identities(tmp_path, HEAD.replace("\n", ",more\n") + b + a.replace("r1", "r2,x"))
    assert moved == first[::-1]
    changed = identities(tmp_path, HEAD + a.replace("正式", "预备") + b)
    assert changed[0][0] == first[0][0] and changed[0][1] != first[0][1]
    assert changed[1] == first[1]


def test_another_plan_step_network_or_secret_makes_another_fact(tmp_path: Path) -> None:
    content = HEAD + "a,2024-03-05,joined,正式,,,r1\n"
    found = [
        identities(tmp_path, content)[0][0],
        identities(tmp_path, content, name="other")[0][0],
        identities(tmp_path, content, network=bytes([1]) * 32)[0][0],
        identities(tmp_path, content, secret=bytes(32))[0][0],
        identities(tmp_path, content, plan=EVENTS.replace('[[step]]\nname = "events"', '[[step]]\nname = "other"'))[0][
            0
        ],
    ]
    assert len({*found}) == 5


MOVES = """
name = "moves"
[[source]]
file = "moves.csv"
[[step]]
name = "people"
where = [{column = "skip", not = "yes"}, {column = "who", occurrence = "first"}]
operation = "records.create"
key = ["who", "at"]
record = {kind = "contributor", id = "{unit}/{fields.person}", expect = "new"}
[step.arguments]
type = "contributor"
unit = "u"
transition = "record-joined"
fields.person = {column = "who"}
[[step]]
name = "moves"
where = [{column = "skip", not = "yes"}, {column = "who", occurrence = "later"}]
operation = "records.act"
key = ["who", "at"]
record = {kind = "contributor", id = "{id}", expect = "next"}
[step.arguments]
type = "contributor"
id = {column = "who", as = "pseudonym", prefix = "u/"}
transition = {template = "record-{what}"}
"""
MOVED = "who,at,what,skip\na,1,joined,yes\na,2,joined,\nb,2,joined,\nA,2,joined,\na,3,left,\nb,3,left,yes\na,4,left,\n"


def test_the_first_row_of_each_text_is_told_from_later_ones(tmp_path: Path) -> None:
    checked = check(tmp_path, MOVES, moves_csv=MOVED)
    people, moves = checked.steps
    assert [(row.number, row.makes) for row in people] == [
        (3, "contributor/u/a"),
        (4, "contributor/u/b"),
        (5, "contributor/u/A"),
    ]
    assert [row.number for row in moves] == [6, 8]
    assert checked.untaken_rows == {"moves": 2}


def test_a_prefix_stands_before_a_pseudonym(tmp_path: Path) -> None:
    (row, _other) = check(tmp_path, MOVES, moves_csv=MOVED).steps[1]
    assert row.values["id"] == "u/" + pseudonym(pseudonym_key(SECRET), "a")
    assert row.makes == f"contributor/{row.values['id']}"


RHYTHMS = """
name = "rhythms"
[[source]]
file = "rhythms.csv"
[[step]]
name = "plans"
operation = "schedule.plan"
key = ["title"]
[step.arguments]
unit = "u"
title = {column = "title"}
recurrence = {column = "words", as = "recurrence", day = "day", since = "2026-09-01"}
since = "2026-09-01"
grace_days = 7
"""


def test_words_about_a_rhythm_become_a_rule_or_are_told(tmp_path: Path) -> None:
    table = "title,words,day\na,weekly,Tuesday\nb,每季度一次,\nc,when the moon is full,Monday\nd,now and then,\ne,,\n"
    checked = check(tmp_path, RHYTHMS, rhythms_csv=table)
    weekly, quarterly = checked.steps[0]
    for row, words, day in ((weekly, "weekly", "Tuesday"), (quarterly, "每季度一次", "")):
        found = understand(words, day, parse_date("2026-09-01"))
        assert isinstance(found, Understood) and row.values["recurrence"] == found.recurrence.encode_value()
    findings = told(checked)
    assert [(severity, row, column) for severity, row, column, _sentence in findings] == [
        ("error", 6, "words"),
        ("warning", 4, "words"),
        ("warning", 5, "words"),
    ]
    assert all("cannot be checked" in sentence for _severity, _row, _column, sentence in findings[1:])
