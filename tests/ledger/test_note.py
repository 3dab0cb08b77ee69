"""Signed notes: the published examples, and every way in which a text is none."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.checkpoint import sign_checkpoint, verify_log_signature
from ledger.errors import InvalidNoteError
from ledger.note import NOTE_SIZE_BYTES_MAX, SIGNATURES_MAX, Note, NoteSignature
from ledger.signing import SigningKey, verify_ed25519
from ledger.verifier_key import KEY_TYPE_LOG, VerifierKey, is_key_name
from tests.ledger.byte_forms import assert_one_form, changed

CASES = json.loads((Path(__file__).parent / "vectors" / "c2sp_notes.json").read_text())
NOTES = {case["case"]: case["note"].encode() for case in CASES}
POEM = NOTES["signed-note/format"]
ONE, TWO = NOTES["go/one-signature"], NOTES["go/two-signatures"]
LINE = "\u2014 EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_published_notes_come_out_as_they_went_in(case: dict[str, Any]) -> None:
    assert Note.parse(case["note"].encode()).encode() == case["note"].encode()


def test_the_last_empty_line_parts_text_and_signatures() -> None:
    note = Note.parse(POEM)
    assert note.text.count("\n") == 4
    assert note.text.endswith("\n\ned è subito sera.\n")
    (signature,) = note.signatures
    assert (signature.name, signature.key_id.hex()) == ("quasimodo.example/salvatore", "367ba04b")
    assert len(signature.signature) == 64


@pytest.mark.parametrize(
    ("name", "verdicts"),
    [
        ("signed-note/verifier-keys", [[True]]),
        ("go/one-signature", [[True]]),
        ("go/two-signatures", [[True, False], [False, True]]),
        ("sum.golang.org/31700353", [[True]]),
        ("sum.golang.org/65209736", [[True]]),
    ],
)
def test_published_signatures_verify_under_their_keys_only(name: str, verdicts: list[list[bool]]) -> None:
    note = Note.parse(NOTES[name])
    keys = next(case["keys"] for case in CASES if case["case"] == name)
    for text, verdict in zip(keys, verdicts, strict=True):
        key = VerifierKey.parse(text)
        assert [verify_log_signature(key, note.text, signature) for signature in note.signatures] == verdict
        assert not any(verify_log_signature(key, note.text + "\n", signature) for signature in note.signatures)


def test_signing_gives_the_published_signature() -> None:
    note = Note.parse(TWO)
    signature = sign_checkpoint(note.text, "EnochRoot", SigningKey.from_seed(bytes(32)))
    assert signature == note.signatures[1]
    assert signature.line() == LINE


def test_the_checkpoint_example_carries_the_go_databases_signature() -> None:
    """Its key id is that of sum.golang.org, and so is the signature, over the text with its own first line."""
    note = Note.parse(NOTES["tlog-cosignature/format"])
    key = VerifierKey.parse("sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8")
    signature = note.signatures[0]
    assert signature.key_id == key.key_id
    original = note.text.replace("example.com/behind-the-sofa", "go.sum database tree")
    assert verify_ed25519(key.public_key, original.encode(), signature.signature)
    assert not verify_ed25519(key.public_key, note.text.encode(), signature.signature)


TEXT = "text\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "\n\n",
        TEXT,
        TEXT + "\n",
        TEXT + LINE,
        TEXT + "\n" + LINE[:-1],
        TEXT + "\n" + LINE + "\n",
        TEXT + "\n" + LINE + "more\n",
        TEXT + "\n\r\n" + LINE,
        TEXT + "\n" + LINE.replace("\u2014", "-"),
        TEXT + "\n" + LINE.replace("\u2014", "\u2013"),
        TEXT + "\n" + LINE.replace("\u2014 ", "\u2014"),
        TEXT + "\n" + LINE.replace("EnochRoot ", "EnochRoot  "),
        TEXT + "\n" + LINE.replace("EnochRoot ", " "),
        TEXT + "\n" + LINE.replace("EnochRoot", "Enoch+Root"),
        TEXT + "\n" + LINE.replace("EnochRoot", "Enoch\u00a0Root"),
        TEXT + "\n" + LINE.replace("QQ=\n", "QR=\n"),
        TEXT + "\n" + LINE.replace("QQ=\n", "QQ\n"),
        TEXT + "\n" + LINE.replace("QQ=\n", "QQ= \n"),
        TEXT + "\n\u2014 name AAAA\n",
        TEXT + "\n\u2014 name AAAAAA==\n",
        "tab\there\n\n" + LINE,
        "bell\x07\n\n" + LINE,
        "return\r\n\n" + LINE,
        "zero\x00\n\n" + LINE,
    ],
)
def test_malformed_notes_are_refused(text: str) -> None:
    with pytest.raises(InvalidNoteError):
        Note.parse(text.encode())


def test_bytes_that_are_not_utf_8_are_refused() -> None:
    for bad in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80"):
        with pytest.raises(InvalidNoteError):
            Note.parse(bad + ONE)


def test_notes_have_bounds() -> None:
    line = LINE.encode()
    assert len(Note.parse(b"text\n\n" + line * SIGNATURES_MAX).signatures) == 64
    with pytest.raises(InvalidNoteError):
        Note.parse(b"text\n\n" + line * (SIGNATURES_MAX + 1))
    room = NOTE_SIZE_BYTES_MAX - len(line) - 2
    Note.parse(b"x" * room + b"\n\n" + line)
    with pytest.raises(InvalidNoteError):
        Note.parse(b"x" * (room + 1) + b"\n\n" + line)


def test_a_note_cannot_be_made_of_bad_parts() -> None:
    signature = Note.parse(ONE).signatures[0]
    for text in ("", "no newline", "tab\t\n", "\ud800\n"):
        with pytest.raises(InvalidNoteError):
            Note(text, (signature,))
    with pytest.raises(InvalidNoteError):
        Note("text\n", ())
    for name, key_id, payload in [("a b", bytes(4), b"x"), ("a", bytes(3), b"x"), ("a", bytes(4), b"")]:
        with pytest.raises(InvalidNoteError):
            NoteSignature(name, key_id, payload)


lines = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), max_size=20)
signatures = st.builds(
    NoteSignature,
    st.text(min_size=1, max_size=12).filter(is_key_name),
    st.binary(min_size=4, max_size=4),
    st.binary(min_size=1, max_size=80),
)


@given(st.lists(lines, min_size=1, max_size=6), st.lists(signatures, min_size=1, max_size=4))
@settings(deadline=None)
def test_notes_round_trip(text_lines: list[str], some: list[NoteSignature]) -> None:
    note = Note("".join(line + "\n" for line in text_lines), tuple(some))
    assert Note.parse(note.encode()) == note


@given(st.one_of(st.binary(max_size=60), changed(tuple(NOTES.values()))))
@settings(deadline=None)
def test_a_note_has_one_form(data: bytes) -> None:
    assert_one_form(Note.parse, Note.encode, data)


def test_a_key_of_another_type_verifies_no_log_signature() -> None:
    key = SigningKey.from_seed(bytes(32))
    signature = sign_checkpoint("text\n", "log", key)
    assert verify_log_signature(VerifierKey("log", KEY_TYPE_LOG, key.public), "text\n", signature)
    cosigner = VerifierKey("log", b"\x04", key.public)
    assert not verify_log_signature(cosigner, "text\n", NoteSignature("log", cosigner.key_id, signature.signature))
