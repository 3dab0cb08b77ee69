"""Values in fields: what each type takes, and why others are refused."""

from typing import Any

import pytest

from contracts.errors import Refusal
from contracts.packs.field import Field
from contracts.packs.words import Words

TITLE = Words("Field", "字段")
COMMITMENT = {"#": bytes(32)}


def field(of: str, data_class: str = "ledger", **more: Any) -> Field:
    return Field("field", of, data_class, False, TITLE, **more)


ENUM = field("enum", values={"one": TITLE, "two": TITLE})
MANY = field("list of person", count_max=2)


@pytest.mark.parametrize(
    ("one", "value"),
    [
        (field("text"), "三个字"),
        (field("text"), "two\nlines"),
        (field("text", most=3), "abc"),
        (field("integer"), -(2**63)),
        (field("integer", least=1, most=1), 1),
        (field("money"), 12_000),
        (field("date"), 20_000),
        (field("time"), 1_767_225_600_000),
        (ENUM, "one"),
        (field("boolean"), False),
        (field("reference", kind="x"), "north/branch-1/000001"),
        (field("person"), "li_4"),
        (field("unit"), "north/branch-1"),
        (field("hash"), bytes(32)),
        (MANY, ["li", "wang"]),
        (MANY, []),
        (field("text", "members"), COMMITMENT),
    ],
    ids=str,
)
def test_a_value_of_its_type_is_taken(one: Field, value: Any) -> None:
    one.check(value)
    with pytest.raises(Refusal):
        one.check({"other": value})


@pytest.mark.parametrize(
    ("one", "value", "code"),
    [
        (field("text"), 1, "type"),
        (field("text"), "", "range"),
        (field("text"), "x" * 201, "range"),
        (field("text", least=3), "ab", "range"),
        (field("text"), "a\x1b[2J", "form"),
        (field("integer"), True, "type"),
        (field("integer"), "1", "type"),
        (field("integer", least=1), 0, "range"),
        (field("money", most=5), 6, "range"),
        (field("date"), 3_000_000, "range"),
        (field("date", least=20_000), 19_999, "range"),
        (field("time"), -1, "range"),
        (ENUM, "three", "value"),
        (field("boolean"), 1, "type"),
        (field("reference", kind="x"), "a//b", "form"),
        (field("person"), "a/b", "form"),
        (field("person"), "x" * 65, "form"),
        (field("unit"), "", "form"),
        (field("hash"), bytes(31), "type"),
        (MANY, "li", "type"),
        (MANY, ["li", 1], "type"),
        (MANY, ["li", "li"], "count"),
        (MANY, ["li", "wang", "he"], "count"),
        (field("text", "members"), "in the clear", "not-detached"),
        (field("text"), COMMITMENT, "type"),
        (field("text"), None, "type"),
    ],
    ids=str,
)
def test_another_value_is_refused(one: Field, value: Any, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        one.check(value)
    assert refused.value.code == f"packs.field-{code}"
    assert refused.value.params["field"] == "field" and str(refused.value)
