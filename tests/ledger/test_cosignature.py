"""Cosignatures: the message of the document, real witnesses, and what is no cosignature."""

import pytest

from ledger.cosignature import (
    TIME_S_MAX,
    cosign,
    cosignature_message,
    join_cosignature,
    split_cosignature,
    verify_cosignature,
)
from ledger.errors import LocalError
from ledger.note import Note, NoteSignature
from ledger.signing import SigningKey
from ledger.verifier_key import KEY_TYPE_COSIGNER, KEY_TYPE_LOG, VerifierKey
from tests.ledger.test_note import CASES, NOTES

KEY = SigningKey.from_seed(bytes(range(32)))
WITNESS = VerifierKey("witness.example/w1", KEY_TYPE_COSIGNER, KEY.public)
TEXT = "example.com/log\n1\n" + "A" * 43 + "=\n"


def test_the_message_is_the_documents_example() -> None:
    note = Note.parse(NOTES["tlog-cosignature/format"])
    time_s, signature = split_cosignature(note.signatures[1]) or (0, b"")
    assert time_s == 1679315147
    assert len(signature) == 64
    assert cosignature_message(note.text, time_s) == (
        b"cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\n"
        b"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    )
    assert split_cosignature(note.signatures[0]) is None


def test_the_cosignatures_of_public_witnesses_verify() -> None:
    case = next(case for case in CASES if case["case"].startswith("arche2025h1"))
    note = Note.parse(case["note"].encode())
    for text in case["keys"][1:]:
        key = VerifierKey.parse(text)
        times = [verify_cosignature(key, note.text, signature) for signature in note.signatures]
        assert [time_s for time_s in times if time_s is not None] == [1779573024]
        assert all(verify_cosignature(key, note.text + "x\n", signature) is None for signature in note.signatures)


@pytest.mark.parametrize("time_s", [0, 1, 1679315147, TIME_S_MAX])
def test_what_is_cosigned_verifies(time_s: int) -> None:
    signature = cosign(TEXT, WITNESS.name, KEY, time_s)
    assert verify_cosignature(WITNESS, TEXT, signature) == time_s
    parts = split_cosignature(signature)
    assert parts is not None
    assert join_cosignature(WITNESS, *parts) == signature


def test_times_have_bounds() -> None:
    for time_s in (-1, TIME_S_MAX + 1):
        with pytest.raises(LocalError):
            cosign(TEXT, WITNESS.name, KEY, time_s)
    too_late = (TIME_S_MAX + 1).to_bytes(8, "big") + KEY.sign(cosignature_message(TEXT, TIME_S_MAX + 1))
    assert verify_cosignature(WITNESS, TEXT, NoteSignature(WITNESS.name, WITNESS.key_id, too_late)) is None


def test_any_change_is_noticed() -> None:
    signature = cosign(TEXT, WITNESS.name, KEY, 5)
    assert verify_cosignature(WITNESS, TEXT.replace("1", "2"), signature) is None
    assert verify_cosignature(WITNESS, TEXT + "extension\n", signature) is None
    for payload in (signature.signature[:-1], signature.signature + b"\0", signature.signature[8:], b"\0"):
        assert verify_cosignature(WITNESS, TEXT, NoteSignature(WITNESS.name, WITNESS.key_id, payload)) is None
    for at in range(len(signature.signature)):
        flipped = bytearray(signature.signature)
        flipped[at] ^= 1
        assert verify_cosignature(WITNESS, TEXT, NoteSignature(WITNESS.name, WITNESS.key_id, bytes(flipped))) is None


def test_name_id_and_type_must_fit() -> None:
    signature = cosign(TEXT, WITNESS.name, KEY, 5)
    log = VerifierKey(WITNESS.name, KEY_TYPE_LOG, KEY.public)
    assert verify_cosignature(log, TEXT, NoteSignature(log.name, log.key_id, signature.signature)) is None
    assert verify_cosignature(VerifierKey("other", KEY_TYPE_COSIGNER, KEY.public), TEXT, signature) is None
    assert verify_cosignature(WITNESS, TEXT, NoteSignature(WITNESS.name, bytes(4), signature.signature)) is None
