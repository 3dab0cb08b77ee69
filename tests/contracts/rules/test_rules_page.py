"""The page on rules says what the code does. Source: docs/reference/rules.md."""

import re
from pathlib import Path

import pytest

from contracts.rules import functions, opcodes
from contracts.rules.errors import RuleEvaluationError
from contracts.rules.explanation import REASONS
from contracts.rules.fuel import FUEL_MAX
from contracts.rules.parser import parse_rule
from contracts.rules.scope import Parameter, Scope, Signature
from contracts.rules.types import (
    BOOLEAN,
    DATE,
    INTEGER,
    MONEY,
    TEXT,
    EnumType,
    ListType,
    LiteralType,
    OptionalType,
    record_type,
)
from tests.contracts.rules.known_scope import SCOPE as SHARED_SCOPE

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "rules.md").read_text("utf-8")
STAGE = EnumType("stage", ("activist", "full"))
SPONSOR = record_type("sponsor", {"stage": STAGE, "company": TEXT, "dues": ListType(MONEY, 12)})
SCOPE = Scope(
    {
        **dict.fromkeys(("yes", "due", "present", "training_days", "training_hours"), INTEGER),
        **dict.fromkeys(("today", "since", "applied", "assembly", "paid_until"), DATE),
        "stage": STAGE,
        "talk": OptionalType(DATE),
        "wage": MONEY,
        "sponsors": ListType(SPONSOR, 8),
        "grades": ListType(EnumType("grade", ("excellent", "qualified")), 50),
    },
    [Signature("has_role", (Parameter("role", LiteralType(frozenset(("secretary",)))),), BOOLEAN, 20)],
)


def section(title: str) -> str:
    found = re.search(rf"^#+ {title}\n(.*?)(?=^#+ )", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None, title
    return found[1]


def blocks(text: str) -> list[str]:
    return re.findall(r"^```\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


EXAMPLES = blocks(section("Examples"))


@pytest.mark.parametrize("source", EXAMPLES)
def test_examples_are_rules(source: str) -> None:
    expected = MONEY if source.startswith("share") else BOOLEAN
    assert parse_rule(source, SCOPE, expected).names


def test_there_are_examples_and_those_of_missing_values_are_rules() -> None:
    assert len(EXAMPLES) >= 10
    lines = "".join(blocks(section("Values that may be missing"))).splitlines()
    assert len(lines) == 5
    for line in lines:
        assert parse_rule(line, SHARED_SCOPE)


def test_the_tree_on_the_page_is_the_tree_of_its_rule() -> None:
    (block,) = blocks(section("The tree"))
    source, _, drawn = block.partition("\n\n")
    nodes = {int(number): node for number, node in re.findall(r"(\d+) +(\[.*?\])", drawn)}
    value = parse_rule(source, SHARED_SCOPE).encode_value()
    assert isinstance(value, list)
    assert [nodes[number].replace("'", '"') for number in range(len(value))] == [
        str(node).replace("'", '"') for node in value
    ]


def test_every_function_opcode_bound_and_error_is_on_the_page() -> None:
    for name in functions.BUILTIN_NAMES:
        assert f"{name}(" in PAGE, name
    for opcode in (*opcodes.SHAPES, opcodes.COMPARE):
        assert f"`{opcode}`" in section("The tree"), opcode
    for bound in (opcodes.SOURCE_SIZE_BYTES_MAX, opcodes.NODES_MAX, opcodes.DEPTH_MAX, opcodes.OPERANDS_MAX, 256):
        assert f"{bound:,}" in section("Bounds"), bound
    assert f"{FUEL_MAX:,}" in section("Fuel")
    for error in RuleEvaluationError.__subclasses__():
        assert f"`{error.code}`" in section("Evaluation"), error
    for reason in REASONS:
        assert f"| `{reason.code}` | {reason.template} |" in PAGE, reason


def test_what_functions_cost_is_on_the_page() -> None:
    rows = re.findall(r"^\| (`.*`) \| (\d+) more", section("Fuel"), re.MULTILINE)
    told = {name: int(fuel) for names, fuel in rows for name in re.findall(r"`(\w+)`", names)}
    assert told == {name: one.fuel for name, one in functions.FIXED.items() if one.fuel}
