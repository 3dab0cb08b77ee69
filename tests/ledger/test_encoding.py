"""Canonical MessagePack. Source: docs/protocol.md, section 2."""

import tracemalloc

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.encoding import DEPTH_MAX, INTEGER_MAX, INTEGER_MIN, VALUES_MAX, Value, decode, encode
from ledger.errors import DecodingError, EncodingError
from tests.ledger.byte_forms import assert_one_form, changed
from tests.ledger.values import values

NESTED: Value = {"a": [1, -1, None, True, b"\x00" * 300], "b": {"c": "x" * 40, "d": [2**32, -(2**63)]}, "e": "党"}
ORIGINALS = (encode(NESTED), encode([1, [2, [3, {"k": b"v"}]]]), encode({"n": list(range(-40, 300, 7))}))


@given(values)
def test_what_is_written_is_read_back(value: Value) -> None:
    assert decode(encode(value)) == value


@given(values)
def test_another_writer_writes_the_same_bytes(value: Value) -> None:
    assert encode(value) == msgpack.packb(_in_key_order(value))


def _in_key_order(value: Value) -> Value:
    if isinstance(value, dict):
        return {key: _in_key_order(value[key]) for key in sorted(value)}
    return [_in_key_order(item) for item in value] if isinstance(value, list) else value


def test_nesting_without_end_is_refused_in_words() -> None:
    for size in (20, 600, 60_000):
        with pytest.raises(DecodingError, match="nested deeper"):
            decode(b"\x91" * size + b"\xc0")


@given(values)
def test_maps_in_another_order_are_refused(value: Value) -> None:
    data = msgpack.packb(_reversed_maps(value))
    if data != encode(value):
        with pytest.raises(DecodingError):
            decode(data)


def _reversed_maps(value: Value) -> Value:
    if isinstance(value, dict):
        return {key: _reversed_maps(value[key]) for key in sorted(value, reverse=True)}
    return [_reversed_maps(item) for item in value] if isinstance(value, list) else value


@given(st.binary(max_size=2000))
def test_any_bytes_are_one_form_or_refused(data: bytes) -> None:
    assert_one_form(decode, encode, data)


@given(changed(ORIGINALS))
def test_bytes_close_to_a_value_are_one_form_or_refused(data: bytes) -> None:
    assert_one_form(decode, encode, data)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=3), st.integers(0, 9)))
def test_maps_are_written_in_the_order_of_their_utf_8_keys(entries: dict[str, int]) -> None:
    keys = list(msgpack.unpackb(encode(dict(entries))))
    assert [key.encode() for key in keys] == sorted(key.encode() for key in entries)


def test_tuples_are_written_as_lists() -> None:
    assert encode((1, (2, "x"))) == encode([1, [2, "x"]])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01\x01",  # trailing byte
        b"\xcc\x01",  # 1 in two bytes
        b"\xcd\x00\xff",
        b"\xce\x00\x00\xff\xff",
        b"\xcf\x00\x00\x00\x00\xff\xff\xff\xff",
        b"\xd0\x01",  # a positive integer written as a signed one
        b"\xd0\xff",  # -1 in two bytes
        b"\xd3\xff\xff\xff\xff\x80\x00\x00\x00",
        b"\xcf\x80\x00\x00\x00\x00\x00\x00\x00",  # 2^63
        b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\xca\x00\x00\x00\x00",  # float32
        b"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00",  # float64, not a number
        b"\xd9\x01a",  # a short text in the long form
        b"\xda\x00\x01a",
        b"\xdb\x00\x00\x00\x01a",
        b"\xc5\x00\x01a",  # a short byte string in the long form
        b"\xc6\x00\x00\x00\x01a",
        b"\xdc\x00\x01\x01",  # a short array in the long form
        b"\xdd\x00\x00\x00\x01\x01",
        b"\xde\x00\x01\xa1a\x01",  # a short map in the long form
        b"\xdf\x00\x00\x00\x01\xa1a\x01",
        b"\x82\xa1b\x01\xa1a\x01",  # keys in descending order
        b"\x82\xa1a\x01\xa1a\x02",  # one key twice
        b"\x82\xa1a\x01\xa1a\x01",
        b"\x81\x01\x01",  # a key that is an integer
        b"\x81\xc4\x01a\x01",  # a key that is a byte string
        b"\x81\x90\x01",
        b"\x81\xc0\x01",
        b"\xa2\xc3\x28",  # not UTF-8
        b"\xa3\xed\xa0\x80",  # half of a surrogate pair
        b"\xa2\xc0\x80",  # an overlong zero
        b"\xc1",
        b"\xd4\x00\x00",  # fixext 1
        b"\xc7\x00\x05",  # ext 8
        b"\xc7\x00\xff",  # a malformed timestamp
        b"\xd6\xff\x00\x00\x00\x00",  # a timestamp
        b"\x81\xa1a\xd6\xff\x00\x00\x00\x00",
        b"\xd7\xff" + b"\xff" * 8,
        b"\xc7\x0c\xff" + b"\xff" * 12,
        b"\xc9\xff\xff\xff\xff\x00",
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\x91" * 100_000,
        b"\x91" * 100_000 + b"\x01",
        b"\x81\xa1a" * 5000 + b"\x01",
        b"\xa1" + b"\x80",
    ],
    ids=lambda data: f"{data[:12].hex()} {len(data)}",
)
def test_every_other_form_is_refused(data: bytes) -> None:
    with pytest.raises(DecodingError) as refused:
        decode(data)
    assert str(refused.value)


@pytest.mark.parametrize(
    "head",
    [b"\xdd\x00\x3f\xff\x00", b"\xdc\xff\xff", b"\xdf\x00\x1f\x00\x00\xa0", b"\x91\xdd\x00\x3f\x00\x00"],
    ids=lambda head: head.hex(),
)
def test_announcing_much_costs_nothing(head: bytes) -> None:
    """Each head announces up to four million items; the library alone would set room aside for each of them."""
    data = (head * (4 * 1024 * 1024 // len(head)))[: 4 * 1024 * 1024]
    tracemalloc.start()
    try:
        with pytest.raises(DecodingError, match="announce"):
            decode(data)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 100_000


def test_short_input_gets_little_room_whatever_it_announces() -> None:
    tracemalloc.start()
    try:
        with pytest.raises(DecodingError):
            decode(b"\xdc\x01\xff" * 170)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 1_000_000


_FORMS: list[tuple[str, bytes, int]] = [
    # What one item is, and how many values it counts as.
    ("empty maps", b"\x80", 1),
    ("empty lists", b"\x90", 1),
    ("maps of one entry", b"\x81\xa0\x80", 3),
    ("lists in lists", b"\x91\x91\x91\xc0", 4),
    ("integers", b"\xcd\x01\x01", 1),
    ("texts", b"\xa2\xc3\x96", 1),
]


def _listed(item: bytes, count: int, size_bytes: int = 0) -> bytes:
    """A canonical list of a byte string and then `count` items; the first makes it `size_bytes` long."""
    items = count + 1
    head = b"\xdc" + items.to_bytes(2, "big") if items < 2**16 else b"\xdd" + items.to_bytes(4, "big")
    padding = max(size_bytes - len(head) - 5 - count * len(item), 65_536) if size_bytes else 0
    filler = b"\xc6" + padding.to_bytes(4, "big") + bytes(padding) if padding else b"\xc4\x00"
    return head + filler + item * count


@pytest.mark.parametrize(("item", "weight"), [form[1:] for form in _FORMS], ids=[form[0] for form in _FORMS])
def test_as_many_values_as_allowed_are_read_and_no_more(item: bytes, weight: int) -> None:
    count = (VALUES_MAX - 2) // weight
    data = _listed(item, count, 2 * 1024 * 1024)
    assert len(data) == 2 * 1024 * 1024
    value = decode(data)
    assert isinstance(value, list) and len(value) == count + 1
    assert encode(value) == data
    with pytest.raises(DecodingError, match="values"):
        decode(_listed(item, count + 2))
    with pytest.raises(EncodingError, match="values"):
        encode([*value, value[-1], value[-1]])


@pytest.mark.parametrize("item", [form[1] for form in _FORMS], ids=[form[0] for form in _FORMS])
def test_many_values_take_no_memory(item: bytes) -> None:
    """72 times the size of its bytes, if it were read."""
    data = _listed(item, (4 * 1024 * 1024 - 16) // len(item))
    tracemalloc.start()
    try:
        with pytest.raises(DecodingError, match="values"):
            decode(data)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 100_000


@pytest.mark.parametrize(("item", "weight"), [form[1:] for form in _FORMS], ids=[form[0] for form in _FORMS])
def test_what_is_read_takes_a_bounded_multiple_of_its_bytes(item: bytes, weight: int) -> None:
    data = _listed(item, (VALUES_MAX - 2) // weight, 4 * 1024 * 1024)
    tracemalloc.start()
    try:
        decode(data)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The bytes themselves three times: as value, and written again in a buffer that grows.
    assert peak_bytes < 3 * len(data) + 100 * VALUES_MAX


@pytest.mark.parametrize("item", [form[1] for form in _FORMS], ids=[form[0] for form in _FORMS])
def test_nothing_of_64_kib_holds_too_many_values(item: bytes) -> None:
    """So that what contracts write, records and results, can always be read again."""
    data = _listed(item, (VALUES_MAX - 5) // len(item))
    assert VALUES_MAX - 5 < len(data) <= VALUES_MAX == 64 * 1024
    assert encode(decode(data)) == data


def test_a_reader_may_allow_fewer_values() -> None:
    data = encode([0] * 1000)
    assert decode(data, values_max=1001) == [0] * 1000
    with pytest.raises(DecodingError, match="1000 values"):
        decode(data, values_max=1000)
    # What is too short to be walked through is too short for any bound.
    assert decode(encode([0] * 500), values_max=512) == [0] * 500


@given(values, st.integers(0, 40))
def test_long_input_is_judged_as_short_input_is(value: Value, padding: int) -> None:
    """What is over 512 bytes goes another way: the same value must pass there."""
    padded: Value = [value, b"\x00" * (500 + padding), value]
    data = encode(padded)
    assert decode(data) == padded
    with pytest.raises(DecodingError):
        decode(data[:-1])
    with pytest.raises(DecodingError):
        decode(data + b"\x00")


@pytest.mark.parametrize(
    "value",
    [
        {str(number): number for number in range(100, 900)},
        list(range(60_000)),
        "x" * 70_000,
        b"x" * 70_000,
        "y" * 300,
        ["z" * 600, {}],
    ],
    ids=lambda value: f"{type(value).__name__} {len(value)}",
)
def test_large_values(value: Value) -> None:
    assert decode(encode(value)) == value


def test_memory_views_are_read() -> None:
    assert decode(memoryview(b"..\x93\x01\x02\x03")[2:]) == [1, 2, 3]
    assert decode(memoryview(b"\x91.\x01")[::2]) == [1]


def test_depth() -> None:
    value: Value = 1
    for _ in range(DEPTH_MAX):
        value = [value]
    assert decode(encode(value)) == value
    with pytest.raises(EncodingError):
        encode([value])
    with pytest.raises(EncodingError):
        encode({"a": value})
    for data in (b"\x91" + encode(value), b"\x81\xa1a" + encode(value)):
        with pytest.raises(DecodingError, match="deeper"):
            decode(data)


@pytest.mark.parametrize("value", [INTEGER_MIN, INTEGER_MAX, 0, -1, [INTEGER_MIN], {"a": INTEGER_MAX}])
def test_integers_to_the_edge(value: Value) -> None:
    assert decode(encode(value)) == value


class _Text(str):
    pass


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        [0.5],
        {"a": float("nan")},
        INTEGER_MAX + 1,
        INTEGER_MIN - 1,
        {1: 2},
        {b"a": 2},
        {"a": 1, 2: 3},
        {None: 1},
        "\ud800",
        {"\ud800": 1},
        {"b": 1, "\udfff": 1},
        {1, 2},
        object(),
        bytearray(b"a"),
        memoryview(b"a"),
        _Text("a"),
        {_Text("a"): 1},
        msgpack.Timestamp(0),
        msgpack.ExtType(1, b""),
    ],
)
def test_what_has_no_encoding(value: object) -> None:
    with pytest.raises(EncodingError) as refused:
        encode(value)  # type: ignore[arg-type]
    assert str(refused.value)


def test_an_integer_too_long_to_be_written_out() -> None:
    with pytest.raises(EncodingError) as refused:
        encode([10**10_000])
    assert len(str(refused.value)) < 100


def test_a_value_that_holds_itself() -> None:
    value: list[Value] = []
    value.append(value)
    with pytest.raises(EncodingError):
        encode(value)


def test_size_is_looked_at_first() -> None:
    data = encode(b"x" * 100)
    assert decode(data, len(data)) == b"x" * 100
    with pytest.raises(DecodingError, match="more than the"):
        decode(data, len(data) - 1)
    with pytest.raises(DecodingError, match="more than the"):
        decode(bytes(4 * 1024 * 1024 + 1))


@pytest.mark.parametrize("item", [b"\xca\x00\x00\x00\x00", b"\xd4\x05a", b"\xc7\x01\x05a", b"\xc1"], ids=bytes.hex)
def test_floats_and_extensions_in_long_input(item: bytes) -> None:
    with pytest.raises(DecodingError, match=f"the byte 0x{item[0]:02x}"):
        decode(b"\x92\xc5\x02\x58" + bytes(600) + item)
