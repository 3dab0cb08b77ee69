"""Arguments that are maps: fields of records with a provenance, and what of them is detached."""

from pathlib import Path

import pytest

from cli.importing import step_rows
from cli.importing.row_arguments import prepare_row
from contracts.arguments import Argument, Declaration, Identifier
from contracts.map_arguments import Fields, Provenance
from ledger.detached import commitments_in, is_commitment
from ledger.encoding import Value, encode
from tests.cli.importing.tables import check, told

DECLARATION = Declaration(
    (
        Argument("id", Identifier(), "ledger"),
        Argument("fields", Fields(), "ledger"),
        Argument("note", Fields(), "ledger", optional=True),
        Argument("origin", Provenance(), "ledger", optional=True),
    )
)
PLAN = """
name = "records"
[[source]]
file = "dues.csv"
[[step]]
name = "dues"
operation = "records.create"
key = ["no"]
[step.arguments]
id = {template = "dues/{no}"}
fields.person = {column = "person"}
fields.name = {column = "name", detached = true, optional = true}
fields.amount = {column = "amount", as = "money"}
fields.paid = {column = "paid", as = "date"}
fields.months = {column = "months", split = "、"}
"""
DUES = (
    'no,person,name,amount,paid,months\n007,p-1,张三,"1,200.50",2024年3月5日,一月、二月\n008,p-2,,3,2024-03-06,三月\n'
)


def salt(name: str, value: Value) -> bytes:
    return (name.encode() + encode(value)).ljust(32, b".")[:32]


@pytest.fixture(autouse=True)
def records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_rows, "declaration_of", lambda _name: DECLARATION)


def test_fields_of_a_record_are_made_and_told_where_they_come_from(tmp_path: Path) -> None:
    checked = check(tmp_path, PLAN, dues_csv=DUES)
    assert told(checked) == []
    first, second = (prepare_row(row, salt, DECLARATION) for row in checked.steps[0])
    fields = first.arguments["fields"]
    assert isinstance(fields, dict)
    assert {name: value for name, value in fields.items() if name != "name"} == {
        "person": "p-1",
        "amount": 120050,
        "paid": "2024-03-05",
        "months": ["一月", "二月"],
    }
    assert is_commitment(fields["name"])
    assert [one.value for one in first.detached] == ["张三"]
    assert commitments_in(first.arguments) == [one.commitment for one in first.detached]
    origin = {"file": "dues.csv", "row": 2, "hash": checked.steps[0][0].sheet.sha256}
    assert (first.arguments["id"], first.arguments["origin"]) == ("dues/007", origin)
    # An empty optional cell is no field, and nothing is detached for it.
    assert second.detached == ()
    assert isinstance(second.arguments["fields"], dict) and "name" not in second.arguments["fields"]


def test_what_the_declaration_refuses_in_a_map_is_told_with_a_column(tmp_path: Path) -> None:
    checked = check(tmp_path, PLAN.replace("fields.person", "fields.Person"), dues_csv=DUES)
    assert [(severity, row) for severity, row, _column, _text in told(checked)] == [("error", 2), ("error", 3)]


def test_an_entry_of_an_optional_map_can_be_detached(tmp_path: Path) -> None:
    (row, _other) = check(
        tmp_path, PLAN + 'note.text = {column = "name", detached = true, default = "x"}\n', dues_csv=DUES
    ).steps[0]
    prepared = prepare_row(row, salt, DECLARATION)
    assert sorted(str(one.value) for one in prepared.detached) == ["张三", "张三"]
    note = prepared.arguments["note"]
    assert isinstance(note, dict) and is_commitment(note["text"])
