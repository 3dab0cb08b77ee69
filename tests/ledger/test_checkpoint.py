"""Checkpoint texts: published ones, and texts that are none."""

from base64 import b64decode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.checkpoint import TREE_SIZE_MAX, Checkpoint, parse_decimal
from ledger.errors import InvalidNoteError
from ledger.note import Note
from tests.ledger.byte_forms import assert_one_form, changed
from tests.ledger.test_note import NOTES

ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
SOFA = f"example.com/behind-the-sofa\n20852163\n{ROOT}\n"


def test_the_documents_example() -> None:
    checkpoint = Checkpoint.parse(Note.parse(NOTES["tlog-cosignature/format"]).text)
    assert checkpoint == Checkpoint("example.com/behind-the-sofa", 20852163, b64decode(ROOT))
    assert checkpoint.text() == SOFA


def test_extension_lines_are_preserved() -> None:
    text = SOFA + "6086d1a9\nWaxing gibbous\n"
    checkpoint = Checkpoint.parse(text)
    assert checkpoint.extensions == ("6086d1a9", "Waxing gibbous")
    assert checkpoint.text() == text


def test_an_origin_may_be_any_line() -> None:
    assert Checkpoint.parse(SOFA.replace("example.com/behind-the-sofa", "go.sum database tree")).tree_size == 20852163


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "log\n1\n",
        f"\n1\n{ROOT}\n",
        f"log\n1\n{ROOT}",
        f"log\n\n{ROOT}\n",
        f"log\nbananas\n{ROOT}\n",
        f"log\n-34\n{ROOT}\n",
        f"log\n+1\n{ROOT}\n",
        f"log\n01\n{ROOT}\n",
        f"log\n00\n{ROOT}\n",
        f"log\n 1\n{ROOT}\n",
        f"log\n1_0\n{ROOT}\n",
        f"log\n١\n{ROOT}\n",
        f"log\n{2**63}\n{ROOT}\n",
        f"log\n3438945738945739845734895735\n{ROOT}\n",
        "log\n1\nThisIsn'tBase64\n",
        "log\n1\nYmFuYW5hcw==\n",
        f"log\n1\n{ROOT} \n",
        f"log\n1\n{ROOT[:-2]}J=\n",
        f"log\n1\n{ROOT}\n\n",
        f"log\n1\n{ROOT}\nmore\n\nlines\n",
        f"log\r\n1\n{ROOT}\n",
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(InvalidNoteError):
        Checkpoint.parse(text)


def test_a_checkpoint_cannot_be_made_of_bad_parts() -> None:
    for origin, size, root, extensions in [
        ("", 1, bytes(32), ()),
        ("a\nb", 1, bytes(32), ()),
        ("log", -1, bytes(32), ()),
        ("log", 2**63, bytes(32), ()),
        ("log", 1, bytes(31), ()),
        ("log", 1, bytes(32), ("",)),
        ("log\t", 1, bytes(32), ()),
    ]:
        with pytest.raises(InvalidNoteError):
            Checkpoint(origin, size, root, extensions)


lines = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(lines, st.integers(0, TREE_SIZE_MAX), st.binary(min_size=32, max_size=32), st.lists(lines, max_size=3))
def test_checkpoints_round_trip(origin: str, size: int, root: bytes, extensions: list[str]) -> None:
    checkpoint = Checkpoint(origin, size, root, tuple(extensions))
    assert Checkpoint.parse(checkpoint.text()) == checkpoint


@given(st.one_of(st.binary(max_size=60), changed((SOFA.encode(), SOFA.encode() + b"more\n"))))
@settings(deadline=None)
def test_a_checkpoint_has_one_form(data: bytes) -> None:
    assert_one_form(lambda one: Checkpoint.parse(one.decode("latin-1")), lambda one: one.text().encode("latin-1"), data)


@given(st.one_of(st.text("0123456789+-_ ", max_size=21), st.integers().map(str)))
def test_a_number_has_one_form(text: str) -> None:
    value = parse_decimal(text, TREE_SIZE_MAX)
    assert value is None or (str(value) == text and 0 <= value <= TREE_SIZE_MAX)


def test_numbers_have_a_limit() -> None:
    assert parse_decimal("7", 7) == 7
    assert parse_decimal("8", 7) is None
    assert parse_decimal(str(TREE_SIZE_MAX), TREE_SIZE_MAX) == TREE_SIZE_MAX
