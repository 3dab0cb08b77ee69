"""Verifier keys: published ones, our own types, and texts that are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import InvalidKeyError
from ledger.signing import SigningKey
from ledger.verifier_key import (
    KEY_TYPE_AGREEMENT,
    KEY_TYPE_COSIGNER,
    KEY_TYPE_LOG,
    KEY_TYPES,
    VerifierKey,
    is_key_name,
)
from tests.ledger.byte_forms import changed

PUBLISHED = [
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop",
    "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
    "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
]


@pytest.mark.parametrize("text", PUBLISHED)
def test_published_keys_are_read_and_written_alike(text: str) -> None:
    key = VerifierKey.parse(text)
    assert str(key) == text
    assert key.key_id.hex() == text.split("+")[1]
    assert key.type_bytes == (KEY_TYPE_COSIGNER if "remora" in text else KEY_TYPE_LOG)


def test_the_zero_seed_is_the_published_enoch_root() -> None:
    public = SigningKey.from_seed(bytes(32)).public
    assert str(VerifierKey("EnochRoot", KEY_TYPE_LOG, public)) == PUBLISHED[2]


@given(st.text(max_size=20), st.sampled_from(KEY_TYPES), st.binary(min_size=32, max_size=32))
def test_keys_round_trip(name: str, type_bytes: bytes, public_key: bytes) -> None:
    if not is_key_name(name):
        with pytest.raises(InvalidKeyError):
            VerifierKey(name, type_bytes, public_key)
        return
    key = VerifierKey(name, type_bytes, public_key)
    assert VerifierKey.parse(str(key)) == key
    assert len(key.key_id) == 4


def test_the_key_id_covers_name_type_and_key() -> None:
    keys = {
        VerifierKey(name, type_bytes, bytes([byte]) * 32).key_id
        for name in ("a", "b")
        for type_bytes in KEY_TYPES
        for byte in (1, 2)
    }
    assert len(keys) == 2 * len(KEY_TYPES) * 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+00000000",
        "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "a b+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        PUBLISHED[0].replace("530d903a", "530D903A"),
        PUBLISHED[0].replace("530d903a", "530d903b"),
        PUBLISHED[0].replace("530d903a", "0530d903a"),
        PUBLISHED[0] + "\n",
        PUBLISHED[0] + "==",
        PUBLISHED[0][:-1],
        "rekor.sigstore.dev+12345678+THIS_IS_NOT_BASE64!",
        "rekor.sigstore.dev+12345678+AwEB",
        "x" * 1000 + PUBLISHED[0],
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(InvalidKeyError) as caught:
        VerifierKey.parse(text)
    assert str(caught.value)


def test_types_and_sizes_are_checked() -> None:
    for type_bytes in (b"", b"\x02", b"\x06", b"\xff", b"\xffbanyan/other"):
        with pytest.raises(InvalidKeyError):
            VerifierKey("name", type_bytes, bytes(32))
    for size in (0, 31, 33):
        with pytest.raises(InvalidKeyError):
            VerifierKey("name", KEY_TYPE_AGREEMENT, bytes(size))


@pytest.mark.parametrize(
    "name", ["", "a b", "a+b", "a\tb", "a\u00a0b", "a\u2028b", "a\u3000b", "\ud800", "x" * 256, "é" * 128]
)
def test_names_that_no_key_may_have(name: str) -> None:
    assert not is_key_name(name)


@pytest.mark.parametrize(
    "name", ["a", "example.com/log", "transparency.dev/DEV:witness-little-garden", "华新", "x" * 255]
)
def test_names_that_a_key_may_have(name: str) -> None:
    assert is_key_name(name)


@given(
    st.one_of(st.text(), changed(tuple(text.encode() for text in PUBLISHED)).map(lambda data: data.decode("latin-1")))
)
def test_a_key_has_one_text(text: str) -> None:
    try:
        key = VerifierKey.parse(text)
    except InvalidKeyError as error:
        assert str(error)
    else:
        assert str(key) == text
