"""The result leaf: one byte form, a total decoder."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.result import Event, RecordVersion, Result, ResultLink
from ledger.encoding import DEPTH_MAX, Value, decode, encode
from ledger.errors import DecodingError, EncodingError

texts = st.text(max_size=8)
maps = st.dictionaries(texts, st.one_of(st.none(), st.booleans(), st.integers(-100, 100), texts), max_size=3)
hashes = st.binary(min_size=32, max_size=32)
results = st.builds(
    Result,
    height=st.integers(1, 2**40),
    leaf_index=st.integers(0, 2**40),
    transaction_id=hashes,
    code=texts,
    details=maps,
    events=st.lists(st.builds(Event, texts, maps), max_size=3).map(tuple),
    links=st.lists(st.builds(ResultLink, texts, st.integers(1, 2**40), hashes), max_size=3).map(tuple),
    writes=st.lists(st.builds(RecordVersion, texts, texts, st.integers(0, 2**40)), max_size=3).map(tuple),
)

PLAIN = Result(
    7,
    12,
    bytes(32),
    "ok",
    {},
    (Event("notice.posted", {"unit": "a"}),),
    (ResultLink("unit/a", 1, bytes(32)),),
    (RecordVersion("notice", "a/000000000001", 1),),
)


@settings(deadline=None)
@given(results)
def test_a_result_round_trips(result: Result) -> None:
    assert Result.decode(result.encode()) == result


def test_the_leaf_is_the_documented_array() -> None:
    assert decode(PLAIN.encode()) == [
        "result",
        1,
        7,
        12,
        bytes(32),
        "ok",
        {},
        [["notice.posted", {"unit": "a"}]],
        [["unit/a", 1, bytes(32)]],
        [["notice", "a/000000000001", 1]],
    ]
    assert PLAIN.ok


def nested(depth: int) -> dict[str, Value]:
    fields: dict[str, Value] = {}
    for _ in range(depth - 1):
        fields = {"a": fields}
    return fields


@pytest.mark.parametrize(("field", "depth"), [("details", DEPTH_MAX - 1), ("events", DEPTH_MAX - 3)])
def test_what_contracts_write_has_a_canonical_form(field: str, depth: int) -> None:
    def result(fields: dict[str, Value]) -> Result:
        if field == "details":
            return PLAIN._replace(details=fields)
        return PLAIN._replace(events=(Event("notice.posted", fields),))

    deepest = result(nested(depth))
    assert Result.decode(deepest.encode()) == deepest
    for bad in (nested(depth + 1), {"a": 0.5}, {"a": 2**63}, {"a": "\ud800"}):
        with pytest.raises(EncodingError):
            result(bad).encode()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("position", "value"),
    [
        (0, "outcome"),
        (1, 2),
        (1, True),
        (2, 0),
        (2, "7"),
        (3, -1),
        (3, True),
        (4, bytes(31)),
        (4, "x" * 32),
        (5, None),
        (6, []),
        (7, {}),
        (7, [["name"]]),
        (7, [[1, {}]]),
        (7, ["name"]),
        (8, [["unit/a", 0, bytes(32)]]),
        (8, [["unit/a", 1, bytes(33)]]),
        (8, [["unit/a", 1]]),
        (9, [["notice", "a", -1]]),
        (9, [["notice", 1, 1]]),
        (9, None),
    ],
)
def test_any_part_of_another_form_is_refused(position: int, value: object) -> None:
    leaf = decode(PLAIN.encode())
    assert isinstance(leaf, list)
    leaf[position] = value  # type: ignore[call-overload]
    with pytest.raises(DecodingError):
        Result.decode(encode(leaf))


def test_more_or_fewer_parts_are_refused() -> None:
    leaf = decode(PLAIN.encode())
    assert isinstance(leaf, list)
    for parts in (leaf[:-1], [*leaf, None]):
        with pytest.raises(DecodingError):
            Result.decode(encode(parts))


@settings(deadline=None)
@given(st.binary(max_size=120))
def test_decoding_any_bytes_ends_in_a_result_or_a_decoding_error(data: bytes) -> None:
    try:
        result = Result.decode(data)
    except DecodingError:
        return
    assert result.encode() == data


@settings(deadline=None)
@given(st.integers(0, len(PLAIN.encode()) - 1), st.integers(0, 7))
def test_a_flipped_bit_never_reads_as_the_same_result(position: int, bit: int) -> None:
    changed = bytearray(PLAIN.encode())
    changed[position] ^= 1 << bit
    try:
        result = Result.decode(bytes(changed))
    except DecodingError:
        return
    assert result != PLAIN
