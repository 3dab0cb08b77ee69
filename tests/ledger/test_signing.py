"""Ed25519 as libsodium verifies it. Source: docs/adr/0003-ed25519-as-libsodium.md."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import LocalError
from ledger.signing import SCHEME_ED25519, SCHEMES, SigningKey, is_usable_public_key, verify, verify_ed25519

VECTORS = Path(__file__).parent / "vectors"
KEY = SigningKey.from_seed(bytes(range(32)))
MESSAGE = b"banyan/test/v1\x00" + bytes(32)
SIGNATURE = KEY.sign(MESSAGE)

# Flags of CCTV that libsodium lets pass; every other flag is a reason to refuse. See the decision record.
ACCEPTED_FLAGS = {"low_order_component_A", "low_order_component_R"}
ACCEPTED_COUNT = 43


def _wycheproof() -> list[tuple[int, bytes, bytes, bytes, bool]]:
    document = json.loads((VECTORS / "ed25519_wycheproof.json").read_text(encoding="utf-8"))
    cases = []
    for group in document["testGroups"]:
        key = bytes.fromhex(group["publicKey"]["pk"])
        for case in group["tests"]:
            message, signature = bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"])
            cases.append((case["tcId"], key, message, signature, case["result"] == "valid"))
    assert len(cases) == document["numberOfTests"] == 151
    return cases


def test_wycheproof() -> None:
    wrong = [
        number
        for number, key, message, signature, valid in _wycheproof()
        if verify_ed25519(key, message, signature) is not valid
    ]
    assert wrong == []


def test_cctv_as_written_down() -> None:
    cases: list[dict[str, Any]] = json.loads((VECTORS / "ed25519_cctv.json").read_text(encoding="utf-8"))
    assert len(cases) == 914
    accepted = [
        case["number"]
        for case in cases
        if verify_ed25519(bytes.fromhex(case["key"]), case["msg"].encode(), bytes.fromhex(case["sig"]))
    ]
    expected = [case["number"] for case in cases if set(case["flags"] or ()) <= ACCEPTED_FLAGS]
    assert accepted == expected
    assert len(accepted) == ACCEPTED_COUNT


def test_rfc_8032_test_2() -> None:
    """RFC 8032, section 7.1, TEST 2."""
    key = SigningKey.from_seed(bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
    assert key.public.hex() == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    assert key.sign(b"\x72").hex() == (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=100))
def test_what_is_signed_verifies(seed: bytes, message: bytes) -> None:
    key = SigningKey.from_seed(seed)
    signature = key.sign(message)
    assert len(signature) == 64
    assert verify_ed25519(key.public, message, signature)
    assert verify(SCHEME_ED25519, key.public, message, signature)
    assert not verify_ed25519(key.public, message + b"\x00", signature)
    assert is_usable_public_key(key.public)


def test_every_changed_bit_is_noticed() -> None:
    for place in range(8 * len(SIGNATURE)):
        signature = bytearray(SIGNATURE)
        signature[place // 8] ^= 1 << place % 8
        assert not verify_ed25519(KEY.public, MESSAGE, bytes(signature))


@given(st.binary(max_size=70), st.binary(max_size=70), st.binary(max_size=140))
def test_verifying_never_raises(key: bytes, message: bytes, signature: bytes) -> None:
    assert verify_ed25519(key, message, signature) is False
    assert verify_ed25519(KEY.public, message, signature) is False
    assert verify_ed25519(key, MESSAGE, SIGNATURE) is False
    assert is_usable_public_key(key) in (False, True)


def test_the_signature_cannot_lend_bytes_to_the_message() -> None:
    """libsodium reads signature and message as one string: a byte must not move between them."""
    joined = SIGNATURE + MESSAGE
    assert not verify_ed25519(KEY.public, joined[65:], joined[:65])
    assert not verify_ed25519(KEY.public, joined[63:], joined[:63])


def test_an_unknown_scheme_verifies_nothing() -> None:
    assert list(SCHEMES) == [SCHEME_ED25519]
    # A way of signing transactions, and nothing else.
    assert not verify("ed25519-batch", KEY.public, MESSAGE, SIGNATURE)
    assert not verify("", KEY.public, MESSAGE, SIGNATURE)


@pytest.mark.parametrize(
    "point",
    [
        bytes(32),  # of order 4
        b"\x01" + bytes(31),  # the neutral element
        bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),  # of order 2
        bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),  # of order 8
        b"\xff" * 32,  # not canonical
        b"\x02" + bytes(31),  # not on the curve
        KEY.public[:31],
        KEY.public + b"\x00",
        b"",
    ],
)
def test_points_that_no_network_relies_on(point: bytes) -> None:
    assert not is_usable_public_key(point)


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_seed_has_32_bytes(size: int) -> None:
    with pytest.raises(LocalError):
        SigningKey.from_seed(bytes(size))


def test_the_secret_does_not_show() -> None:
    assert "_secret" not in repr(KEY)
    assert bytes(range(8)).hex() not in repr(KEY)
    assert r"\x00\x01\x02\x03" not in repr(KEY)
