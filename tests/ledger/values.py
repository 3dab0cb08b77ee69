"""Values that have a canonical encoding, for property tests of everything that is built on it."""

from hypothesis import strategies as st

from ledger.encoding import INTEGER_MAX, INTEGER_MIN, Value

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
integers = st.one_of(
    st.integers(INTEGER_MIN, INTEGER_MAX),
    # Where the number of bytes on the wire changes.
    st.sampled_from(
        [sign * 2**bits + near for bits in (5, 7, 8, 15, 16, 31, 32, 62) for sign in (1, -1) for near in (-1, 0, 1)]
    ),
)
plain_values = st.one_of(st.none(), st.booleans(), integers, texts, st.binary(max_size=40))
values: st.SearchStrategy[Value] = st.recursive(
    plain_values,
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(texts, inner, max_size=5)),
    max_leaves=30,
)
hashes = st.binary(min_size=32, max_size=32)
"""32 bytes, as hashes, node ids and salts have them."""
counts = st.integers(0, INTEGER_MAX)
"""What a height, a size or a time may be."""
