"""Declared arguments: each way to be refused, with its code and the argument's name."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.arguments import (
    Argument,
    Arguments,
    ArgumentType,
    Boolean,
    Declaration,
    Detached,
    HashValue,
    Identifier,
    Integer,
    ListOf,
    Text,
)
from contracts.errors import ContractError, Refusal
from ledger.encoding import Value

COMMITMENT: Value = {"#": bytes(32)}


def declared(kind: ArgumentType, data_class: str = "ledger", optional: bool = False) -> Declaration:
    return Declaration((Argument("field", kind, data_class, optional),))


def refused(declaration: Declaration, values: dict[str, Value]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        declaration.check(values)
    assert caught.value.params["argument"] in str(caught.value)  # type: ignore[operator]
    return caught.value


@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        (Text(5), 5, "arguments.type"),
        (Text(5), b"abc", "arguments.type"),
        (Text(5), None, "arguments.type"),
        (Text(5), {"#": bytes(32)}, "arguments.type"),
        (Text(5), "abcdef", "arguments.too-long"),
        (Text(5), "支部", "arguments.too-long"),
        (Text(5), "", "arguments.out-of-range"),
        (Text(5, size_bytes_min=2), "a", "arguments.out-of-range"),
        (Text(50), "two\nlines", "arguments.pattern"),
        (Text(50), "\x1b[2J", "arguments.pattern"),
        (Text(50), "\x7f", "arguments.pattern"),
        (Text(50), "\x85", "arguments.pattern"),
        (Text(50, multiline=True), "bell\x07", "arguments.pattern"),
        (Text(50, pattern=r"[a-z]+"), "ab1", "arguments.pattern"),
        (Text(50, pattern=r"\d+"), "١٢", "arguments.pattern"),
        (Integer(1, 9), "5", "arguments.type"),
        (Integer(1, 9), True, "arguments.type"),
        (Integer(1, 9), 0, "arguments.out-of-range"),
        (Integer(1, 9), 10, "arguments.out-of-range"),
        (Boolean(), 1, "arguments.type"),
        (Boolean(), None, "arguments.type"),
        (Identifier(), 7, "arguments.type"),
        (Identifier(), "", "arguments.pattern"),
        (Identifier(), "with space", "arguments.pattern"),
        (Identifier(), "支部", "arguments.pattern"),
        (Identifier(), "/a", "arguments.pattern"),
        (Identifier(), "a/", "arguments.pattern"),
        (Identifier(), "a//b", "arguments.pattern"),
        (Identifier(), "a/../b", "arguments.pattern"),
        (Identifier(), "a\n", "arguments.pattern"),
        (Identifier(), "a\0", "arguments.pattern"),
        (Identifier(), "x" * 129, "arguments.too-long"),
        (HashValue(), bytes(31), "arguments.type"),
        (HashValue(), "x" * 32, "arguments.type"),
        (ListOf(Integer(), 2), 1, "arguments.type"),
        (ListOf(Integer(), 2), [1, 2, 3], "arguments.too-many"),
        (ListOf(Integer(), 2), [1, "2"], "arguments.type"),
        (ListOf(Identifier(), 3, distinct=True), ["a", "b", "a"], "arguments.duplicate"),
    ],
)
def test_what_does_not_fit_is_refused(kind: ArgumentType, value: Value, code: str) -> None:
    refusal = refused(declared(kind), {"field": value})
    assert refusal.code == code
    assert refusal.params["argument"] == "field"


@pytest.mark.parametrize(
    "value", ["in the clear", None, b"x", {"#": bytes(31)}, {"#": "x" * 32}, {"#": bytes(32), "a": 1}, {}, [bytes(32)]]
)
def test_a_detached_argument_never_stands_in_the_clear(value: Value) -> None:
    assert refused(declared(Detached(), "unit"), {"field": value}).code == "arguments.not-detached"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Text(6), "支部"),
        (Text(5, size_bytes_min=0), ""),
        (Text(50, multiline=True), "two\n\tlines"),
        (Text(50, pattern=r"[a-z]+"), "abc"),
        (Integer(1, 9), 1),
        (Integer(1, 9), 9),
        (Integer(), -(2**63)),
        (Boolean(), False),
        (Identifier(), "sig-api-machinery/cel-admission-webhook"),
        (Identifier(), "0123"),
        (Identifier(), "AishSundar"),
        (Identifier(), "x" * 128),
        (HashValue(), bytes(32)),
        (ListOf(Integer(), 2), []),
        (ListOf(Identifier(), 2, distinct=True), ["a", "A"]),
    ],
)
def test_what_fits_is_handed_on(kind: ArgumentType, value: Value) -> None:
    assert declared(kind).check({"field": value}).value("field") == value


def test_a_missing_argument_is_named_unless_it_is_optional() -> None:
    refusal = refused(declared(Integer()), {})
    assert (refusal.code, refusal.params) == ("arguments.missing", {"argument": "field"})
    assert "field" not in declared(Integer(), optional=True).check({})


def test_an_optional_argument_is_left_out_not_empty() -> None:
    assert refused(declared(Integer(), optional=True), {"field": None}).code == "arguments.type"


def test_an_unknown_argument_is_named_and_its_name_is_cut() -> None:
    refusal = refused(declared(Integer()), {"field": 1, "x" * 5000: 1})
    assert refusal.code == "arguments.unknown"
    assert refusal.details == {"argument": "x" * 200}


def test_typed_access() -> None:
    arguments = Arguments({"text": "a", "number": 1, "truth": True, "hash": bytes(32), "names": ["b"], "any": None})
    assert arguments.text("text") == "a"
    assert arguments.integer("number") == 1
    assert arguments.boolean("truth") is True
    assert arguments.hash("hash") == bytes(32)
    assert arguments.texts("names") == ["b"]
    assert arguments.texts("left-out") == []
    assert arguments.value("any") is None
    with pytest.raises(AssertionError):
        arguments.text("number")


@pytest.mark.parametrize(
    ("kind", "data_class"),
    [
        (Text(5), "members"),
        (Text(5), "unit"),
        (Identifier(), "sealed"),
        (Integer(), "role:treasurer"),
        (Detached(), "public"),
        (Detached(), "ledger"),
        (Text(5), "secret"),
        (Detached(), "role:"),
        (Detached(), "role:Treasurer"),
    ],
)
def test_no_declaration_puts_private_data_in_the_clear(kind: ArgumentType, data_class: str) -> None:
    with pytest.raises(ContractError):
        Argument("field", kind, data_class)


@pytest.mark.parametrize("data_class", ["members", "unit", "sealed", "role:treasurer"])
def test_every_private_class_takes_detached_values(data_class: str) -> None:
    assert declared(Detached(), data_class).check({"field": COMMITMENT}).value("field") == COMMITMENT


def test_declarations_with_bad_names_are_refused() -> None:
    with pytest.raises(ContractError):
        Argument("Field", Integer(), "ledger")
    with pytest.raises(ContractError):
        Declaration((Argument("a", Integer(), "ledger"), Argument("a", Boolean(), "ledger")))
    with pytest.raises(ContractError):
        ListOf(Integer(), 10_000)


def test_descriptions_say_everything_a_form_needs() -> None:
    argument = Argument("about", ListOf(Identifier(), 16, distinct=True), "ledger", optional=True)
    assert argument.describe() == {
        "name": "about",
        "class": "ledger",
        "optional": True,
        "type": "list",
        "item": {"type": "identifier", "length_max": 128},
        "count_max": 16,
        "distinct": True,
    }
    assert Argument("title", Text(9, pattern="[a-z]+"), "public").describe()["pattern"] == "[a-z]+"


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.text(max_size=20), st.binary(max_size=40)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["text", "number", "truth", "who", "list", "body", "more"]), values, max_size=6))
def test_any_values_are_accepted_or_refused_with_a_code(given_values: dict[str, Value]) -> None:
    declaration = Declaration(
        (
            Argument("text", Text(10), "public", True),
            Argument("number", Integer(0, 9), "public", True),
            Argument("truth", Boolean(), "public", True),
            Argument("who", Identifier(), "ledger", True),
            Argument("list", ListOf(HashValue(), 2), "ledger", True),
            Argument("body", Detached(), "sealed", True),
        )
    )
    try:
        declaration.check(given_values)
    except Refusal as refusal:
        assert refusal.code.startswith("arguments.")
        assert refusal.details["argument"] in given_values


def test_no_control_character_passes_as_printable() -> None:
    control = [*range(0x20), *range(0x7F, 0xA0)]
    for code in control:
        with pytest.raises(Refusal):
            Text(100).check("name", f"a{chr(code)}b")
    for code in control:
        if chr(code) not in "\t\n":
            with pytest.raises(Refusal):
                Text(100, multiline=True).check("name", f"a{chr(code)}b")
    Text(100, multiline=True).check("name", "a\tb\nc")
    # What is neither printable nor a control character is a text as before.
    Text(100).check("name", "a\u2028b\u200dc")
