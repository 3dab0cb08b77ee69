"""Arguments that are maps: what fits, and every way not to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.arguments import Argument, ArgumentType, Declaration
from contracts.errors import Refusal
from contracts.map_arguments import FIELDS_COUNT_MAX, Fields, Provenance, VoteCounts
from ledger.encoding import Value

COMMITMENT: Value = {"#": bytes(32)}
COUNTS: dict[str, Value] = {"present": 9, "issued": 9, "valid": 8, "yes": 5, "no": 2, "abstain": 1}


def checked(kind: ArgumentType, value: Value) -> dict[str, Value]:
    return Declaration((Argument("it", kind, "ledger"),)).check({"it": value}).map("it")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Fields(), {}),
        (Fields(), {"a": 1, "b": "x", "c": True, "d": bytes(32), "e": None, "f": [1, 2], "g": [], "h": COMMITMENT}),
        (Fields(), {f"f{number}": number for number in range(FIELDS_COUNT_MAX)}),
        (VoteCounts(), COUNTS),
        (VoteCounts(), dict.fromkeys(COUNTS, 0)),
        (Provenance(), {"file": "members.xlsx"}),
        (Provenance(), {"file": "a", "row": 1, "revision": "r2", "source": "the registry", "hash": bytes(32)}),
    ],
)
def test_what_fits_is_handed_on(kind: ArgumentType, value: dict[str, Value]) -> None:
    assert checked(kind, value) == value


@pytest.mark.parametrize(
    ("kind", "value", "code", "argument"),
    [
        (Fields(), [], "arguments.type", "it"),
        (Fields(), {f"f{number}": number for number in range(FIELDS_COUNT_MAX + 1)}, "arguments.too-many", "it"),
        (Fields(), {"A": 1}, "arguments.pattern", "it"),
        (Fields(), {"a-b": 1}, "arguments.pattern", "it"),
        (Fields(), {"a" * 33: 1}, "arguments.pattern", "it"),
        (Fields(), {"a": {}}, "arguments.type", "it.a"),
        (Fields(), {"a": {"#": bytes(31)}}, "arguments.type", "it.a"),
        (Fields(), {"a": [[1]]}, "arguments.type", "it.a"),
        (Fields(), {"a": [COMMITMENT]}, "arguments.type", "it.a"),
        (Fields(), {"a": [None]}, "arguments.type", "it.a"),
        (Fields(), {"a": [1] * 257}, "arguments.too-many", "it.a"),
        (VoteCounts(), 3, "arguments.type", "it"),
        (VoteCounts(), {name: COUNTS[name] for name in COUNTS if name != "issued"}, "arguments.type", "it.issued"),
        (VoteCounts(), COUNTS | {"yes": True}, "arguments.type", "it.yes"),
        (VoteCounts(), COUNTS | {"no": -1}, "arguments.out-of-range", "it.no"),
        (VoteCounts(), COUNTS | {"due": 9}, "arguments.unknown", "it.due"),
        (Provenance(), "members.xlsx", "arguments.type", "it"),
        (Provenance(), {"row": 1}, "arguments.type", "it.file"),
        (Provenance(), {"file": "a", "row": 0}, "arguments.out-of-range", "it.row"),
        (Provenance(), {"file": "a\n"}, "arguments.pattern", "it.file"),
        (Provenance(), {"file": "a", "sheet": "b"}, "arguments.unknown", "it.sheet"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(kind: ArgumentType, value: Value, code: str, argument: str) -> None:
    with pytest.raises(Refusal) as caught:
        checked(kind, value)
    assert (caught.value.code, caught.value.params["argument"]) == (code, argument)


VALUES: st.SearchStrategy[Value] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.binary(max_size=33),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "file", "yes", "#"]), inner),
    max_leaves=6,
)


@given(st.sampled_from([Fields(), VoteCounts(), Provenance()]), VALUES)
def test_any_value_fits_or_is_refused(kind: ArgumentType, value: Value) -> None:
    try:
        assert checked(kind, value) == value
    except Refusal as refusal:
        assert refusal.code.startswith("arguments.")


def test_they_describe_themselves() -> None:
    assert Fields().describe() == {"type": "fields", "count_max": 64}
    assert VoteCounts().describe()["counts"] == list(COUNTS)
    assert "file" in Provenance().describe()["parts"]  # type: ignore[operator]
