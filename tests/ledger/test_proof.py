"""`tlog-proof` texts: the document's example made whole, and texts that are no proof."""

from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import InvalidNoteError
from ledger.hashing import sha256
from ledger.note import Note
from ledger.proof import PROOF_SIZE_BYTES_MAX, TlogProof
from tests.ledger.byte_forms import assert_one_form, changed
from tests.ledger.receipt_network import ReceiptNetwork
from tests.ledger.test_note import NOTES

PATH = """gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=
EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=
RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=
AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=
"""
CHECKPOINT = "example.com/fancylog\n109482\nsFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=\n\n"
EXTRA = "extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6kYXJ3aW4tYXJ\n"
# The document shortens the signatures; here they are whole.
SIGNATURES = NOTES["tlog-cosignature/format"].decode().split("\n\n")[1].replace("behind-the-sofa", "fancylog")
EXAMPLE = f"c2sp.org/tlog-proof@v1\n{EXTRA}index 73894\n{PATH}\n{CHECKPOINT}{SIGNATURES}"


def test_the_documents_example() -> None:
    proof = TlogProof.parse(EXAMPLE.encode())
    assert (proof.index, len(proof.path)) == (73894, 5)
    assert (proof.extra or b"").startswith(b"age-v1.2.1-darwin-arm64.tar.gz")
    assert proof.path[4].hex().startswith("0070a2a17f672e3b")
    assert proof.checkpoint.signatures[0].name == "example.com/fancylog"
    assert proof.encode() == EXAMPLE.encode()


def test_the_example_as_printed_is_shortened() -> None:
    text = EXAMPLE.replace(SIGNATURES, "\u2014 witness1.example mJirIklj[...]qY9v2B/5bg==\n")
    assert text != EXAMPLE
    with pytest.raises(InvalidNoteError):
        TlogProof.parse(text.encode())


@pytest.mark.parametrize(
    ("index", "names", "extra", "head"),
    [
        (5, ["hash1", "hash2"], None, "index 5\n{hash1}\n{hash2}\n\n"),
        (10, ["hash1"], b"extra information", "extra ZXh0cmEgaW5mb3JtYXRpb24=\nindex 10\n{hash1}\n\n"),
        (0, [], None, "index 0\n\n"),
        (0, [], b"", "extra \nindex 0\n\n"),
    ],
)
def test_the_form_of_other_implementations(index: int, names: list[str], extra: bytes | None, head: str) -> None:
    hashes = {name: sha256(name.encode()) for name in ("hash1", "hash2")}
    encoded = {name: b64encode(value).decode() for name, value in hashes.items()}
    note = Note.parse(NOTES["sum.golang.org/31700353"])
    proof = TlogProof(index, tuple(hashes[name] for name in names), note, extra)
    text = b"c2sp.org/tlog-proof@v1\n" + head.format(**encoded).encode() + NOTES["sum.golang.org/31700353"]
    assert proof.encode() == text
    assert TlogProof.parse(text) == proof


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v2"),
        ("c2sp.org", " c2sp.org"),
        ("extra Y", "extra  Y"),
        ("extra ", "Extra "),
        ("aW4tYXJ\n", "aW4tYXJ\r\n"),
        ("index 73894\n", ""),
        ("index 73894", "index 073894"),
        ("index 73894", "index -1"),
        ("index 73894", "index notanumber"),
        ("index 73894", "index"),
        ("index 73894", f"index {2**63 - 1}"),
        ("index 73894", "index 73894\nindex 73894"),
        ("gSKy", "gSK"),
        ("gSKy", "gSK!"),
        ("PlQ=", "PlR="),
        ("PlQ=", "PlQ"),
        ("gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=", "AAAA"),
        ("\n\nexample.com", "\nexample.com"),
        ("\n\nexample.com", "\n\n\nexample.com"),
        ("\n109482\n", "\n0109482\n"),
        (SIGNATURES, ""),
        (EXAMPLE, ""),
        (PATH, PATH * 13),
    ],
)
def test_other_texts_are_refused(old: str, new: str) -> None:
    text = EXAMPLE.replace(old, new, 1)
    assert text != EXAMPLE
    with pytest.raises(InvalidNoteError):
        TlogProof.parse(text.encode())


def test_proofs_have_bounds() -> None:
    note = Note.parse(NOTES["sum.golang.org/31700353"])
    with pytest.raises(InvalidNoteError):
        TlogProof.parse(bytes(PROOF_SIZE_BYTES_MAX + 1))
    for index, path, extra in [
        (-1, (), None),
        (2**63 - 1, (), None),
        (0, (bytes(31),), None),
        (0, (bytes(32),) * 64, None),
        (0, (), bytes(65537)),
    ]:
        with pytest.raises(InvalidNoteError):
            TlogProof(index, path, note, extra)


@given(
    st.integers(0, 2**63 - 2),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63),
    st.one_of(st.none(), st.binary(max_size=100)),
)
@settings(deadline=None)
def test_proofs_round_trip(index: int, path: list[bytes], extra: bytes | None) -> None:
    proof = TlogProof(index, tuple(path), Note.parse(NOTES["tlog-cosignature/format"]), extra)
    assert TlogProof.parse(proof.encode()) == proof


@given(st.one_of(st.binary(max_size=60), changed((EXAMPLE.encode(), ReceiptNetwork(1).receipt([b"a", b"b"], 1)))))
@settings(deadline=None)
def test_a_proof_has_one_form(data: bytes) -> None:
    assert_one_form(TlogProof.parse, TlogProof.encode, data)
