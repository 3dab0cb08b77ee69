"""`banyan verify`: what holds is told, what does not is status 5. No node, no network, a policy file only."""

from pathlib import Path

import numpy
import png
import pytest
import zxingcpp

from cli.commands.proofs import write_codes
from contracts.result import Result
from ledger.block import Outcome
from ledger.detached import commitment_map, detach
from ledger.genesis import member_id
from ledger.receipt_code import encode_receipt_code
from ledger.result_proof import build_result_proof
from ledger.signing import SigningKey
from ledger.transaction import Transaction, build_transaction, seal
from ledger.tree import inclusion_path_of, leaf_hash, root_of
from tests.batches import batched
from tests.cli.command import Command
from tests.ledger.receipt_network import ORIGIN, TIME_S, ReceiptNetwork

NETWORK = ReceiptNetwork(4)
KEY = SigningKey.from_seed(bytes([7]) * 32)
NETWORK_ID = bytes([9]) * 32
BODY = detach("between us", bytes([5]) * 32)


def transaction(title: str = "Notice of the assembly") -> Transaction:
    return build_transaction(
        NETWORK_ID,
        member_id(NETWORK_ID, KEY.public),
        "notice.post",
        {"unit": "branch-1", "title": title, "body": commitment_map(BODY), "about": []},
        bytes(16),
        1_790_000_000_000,
        [KEY],
    )


POSTED = transaction()
RESULT = Result(3, 2, POSTED.id, "notice.file-full", {"unit": "branch-1", "count": 5}, (), (), ())
RESULTS = [Result(3, 1, bytes(32), "ok", {}, (), (), ()).encode(), RESULT.encode()]
OUTCOME = Outcome(
    bytes(32), 4, 1_790_000_000_000, 3, bytes(32), root_of([leaf_hash(one) for one in RESULTS]), len(RESULTS)
)
ENTRIES = [b"a", b"b", POSTED.envelope, OUTCOME.encode(), b"c"]
RECEIPT = NETWORK.receipt(ENTRIES, 2)
RESULT_PROOF = build_result_proof(
    RESULTS[1],
    1,
    len(RESULTS),
    inclusion_path_of([leaf_hash(one) for one in RESULTS], 1),
    outcome_receipt=NETWORK.receipt(ENTRIES, 3),
    policy=NETWORK.policy,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "policy").write_bytes(NETWORK.policy.encode())
    (tmp_path / "receipt").write_bytes(RECEIPT)
    (tmp_path / "receipt.result").write_bytes(RESULT_PROOF)
    return tmp_path


def test_a_receipt_says_what_by_whom_and_as_of_when(banyan: Command, folder: Path) -> None:
    document = banyan.ok("verify", folder / "receipt", "--policy", folder / "policy")
    assert document["verified"] is True
    (entry,) = document["entries"]
    assert (entry["log"], entry["index"], entry["tree_size"]) == (ORIGIN, 2, len(ENTRIES))
    assert [one["name"] for one in entry["cosigned"]] == [NETWORK.name(at) for at in range(3)]
    assert entry["as_of_ms"] == (TIME_S + 2) * 1000
    shown = entry["transaction"]
    assert shown["id"] == POSTED.id.hex()
    assert shown["operation"] == "notice.post"
    assert shown["arguments"]["title"] == "Notice of the assembly"
    assert shown["arguments"]["body"] == {"#": BODY.commitment.hex()}
    assert shown["signatures"] == [{"scheme": "ed25519", "key": KEY.public.hex(), "first_key_of_sender": True}]


def test_people_are_told_the_same(banyan: Command, folder: Path) -> None:
    answer = banyan("verify", folder / "receipt", "--policy", folder / "policy")
    assert answer.status == 0
    for text in (ORIGIN, POSTED.id.hex(), "Notice of the assembly", "branch-2.example", "3 of 4", "2026-09-2"):
        assert text in answer.out
    assert "does not say what became of it" in answer.out


def test_a_result_proof_says_what_became_of_it(banyan: Command, folder: Path) -> None:
    document = banyan.ok("verify", folder / "receipt", folder / "receipt.result", "--policy", folder / "policy")
    (proven,) = document["results"]
    assert proven["result"]["code"] == "notice.file-full"
    assert proven["result"]["id"] == POSTED.id.hex()
    assert proven["result"]["stated_at_height"] == 4
    answer = banyan("verify", folder / "receipt.result", "--policy", folder / "policy")
    assert answer.status == 0
    assert "the file of the unit branch-1 holds 5 notices" in answer.out


def test_an_outcome_leaf_is_told_as_one(banyan: Command, folder: Path) -> None:
    (folder / "outcome").write_bytes(NETWORK.receipt(ENTRIES, 3))
    document = banyan.ok("verify", folder / "outcome", "--policy", folder / "policy")
    assert document["entries"][0]["outcome"]["height"] == 4
    assert banyan("verify", folder / "outcome", "--policy", folder / "policy").status == 0


def test_the_text_of_a_qr_code_is_a_receipt_too(banyan: Command, folder: Path) -> None:
    (text,) = encode_receipt_code(RECEIPT, NETWORK.policy)
    (folder / "code").write_text(text)
    scanned = banyan.ok("verify", folder / "code", "--policy", folder / "policy")
    assert scanned == banyan.ok("verify", folder / "receipt", "--policy", folder / "policy")


def test_the_picture_is_read_by_another_program_s_reader(tmp_path: Path) -> None:
    (file,) = write_codes(tmp_path / "receipt.png", RECEIPT, NETWORK.policy)
    _width, _height, rows, _how = png.Reader(filename=file).read()
    light = numpy.array([list(row) for row in rows], dtype=numpy.uint8) * 255
    assert tuple(found.text for found in zxingcpp.read_barcodes(light)) == encode_receipt_code(RECEIPT, NETWORK.policy)


def test_parts_of_a_large_receipt_may_come_as_lines_or_files(banyan: Command, folder: Path) -> None:
    large = transaction("long " * 30)
    entries = [large.envelope] * 3
    big = build_transaction(
        NETWORK_ID, large.sender, "notice.post", {"title": "x" * 4000}, bytes(16), 1_790_000_000_000, [KEY]
    )
    entries[1] = big.envelope
    parts = encode_receipt_code(NETWORK.receipt(entries, 1), NETWORK.policy)
    assert len(parts) > 1
    (folder / "lines").write_text("\n".join(reversed(parts)) + "\n")
    by_lines = banyan.ok("verify", folder / "lines", "--policy", folder / "policy")
    for number, part in enumerate(parts):
        (folder / f"part-{number}").write_text(part)
    files = [folder / f"part-{number}" for number in range(len(parts))]
    assert banyan.ok("verify", *files, "--policy", folder / "policy") == by_lines
    missing = banyan("verify", *files[1:], "--policy", folder / "policy")
    assert missing.status == 5


def assert_unverified(banyan: Command, folder: Path, content: bytes, policy: str = "policy") -> str:
    (folder / "changed").write_bytes(content)
    answer = banyan("verify", folder / "changed", "--policy", folder / policy)
    assert answer.status == 5
    assert answer.out == ""
    assert answer.err.startswith("Error: ")
    assert len(answer.err.splitlines()) == 1
    return answer.err


@pytest.mark.parametrize("original", [RECEIPT, RESULT_PROOF], ids=["receipt", "result"])
def test_changed_bits_are_found(banyan: Command, folder: Path, original: bytes) -> None:
    # Every bit is tried by tests/ledger; here the whole command, for bits all over the file.
    for position in range(0, len(original) * 8, 113):
        changed = bytearray(original)
        changed[position // 8] ^= 1 << position % 8
        assert_unverified(banyan, folder, bytes(changed))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"garbage",
        b"\x00" * 1000,
        b"\xff" * 1000,
        b"BANYAN1:",
        b"BANYAN1:garbage",
        "BANYAN1:ü".encode(),
        b"banyan-result-proof@v1\n",
        RECEIPT[:-1],
        RECEIPT + b"\n",
        RECEIPT.replace(b"\n", b"\r\n"),
        RECEIPT + RECEIPT,
        RESULT_PROOF[: len(RESULT_PROOF) // 2],
    ],
)
def test_what_is_no_receipt_proves_nothing(banyan: Command, folder: Path, content: bytes) -> None:
    assert_unverified(banyan, folder, content)


def test_an_entry_that_is_no_transaction_proves_nothing(banyan: Command, folder: Path) -> None:
    assert_unverified(banyan, folder, NETWORK.receipt(ENTRIES, 0))


def test_a_transaction_with_a_forged_signature_proves_nothing(banyan: Command, folder: Path) -> None:
    forged = POSTED.envelope[:-1] + bytes([POSTED.envelope[-1] ^ 1])
    assert "signatures" in assert_unverified(banyan, folder, NETWORK.receipt([b"a", forged], 1))


def test_a_transaction_signed_in_a_batch_is_proven_without_the_others(banyan: Command, folder: Path) -> None:
    """Its receipt holds the path to what was signed; text and code say the same."""
    member, other, _ = batched([POSTED, transaction("another"), transaction("a third")], KEY)
    receipt = NETWORK.receipt([b"a", member.envelope, b"b"], 1)
    (folder / "receipt").write_bytes(receipt)
    document = banyan.ok("verify", folder / "receipt", "--policy", folder / "policy")
    shown = document["entries"][0]["transaction"]
    assert shown["id"] == POSTED.id.hex()
    assert shown["signatures"] == [{"scheme": "ed25519-batch", "key": KEY.public.hex(), "first_key_of_sender": True}]
    (folder / "code").write_text("\n".join(encode_receipt_code(receipt, NETWORK.policy)))
    assert banyan.ok("verify", folder / "code", "--policy", folder / "policy") == document
    swapped = seal(member.body, other.signatures).envelope
    assert "signatures" in assert_unverified(banyan, folder, NETWORK.receipt([b"a", swapped], 1))


def test_another_network_s_policy_proves_nothing(banyan: Command, folder: Path) -> None:
    (folder / "other").write_bytes(ReceiptNetwork(3, "elsewhere.example/ledger").policy.encode())
    assert_unverified(banyan, folder, RECEIPT, "other")


@pytest.mark.parametrize("content", [b"no policy", b"", b"\xff\x00", b"log x\n", b"quorum Voters\n"])
def test_a_file_that_is_no_policy_is_wrong_usage(banyan: Command, folder: Path, content: bytes) -> None:
    (folder / "other").write_bytes(content)
    for proof in ("receipt", "policy"):
        answer = banyan("--json", "verify", folder / proof, "--policy", folder / "other")
        assert answer.status == 2
        assert answer.out == ""
        assert answer.error["code"] == "usage"
        assert answer.error["message"].startswith(f"{folder / 'other'} is not a verification policy: ")


def test_too_few_cosignatures_prove_nothing(banyan: Command, folder: Path) -> None:
    lines = RECEIPT.decode().splitlines(keepends=True)
    assert "quorum" in assert_unverified(banyan, folder, "".join(lines[:-1]).encode())


def test_a_result_of_another_transaction_does_not_belong(banyan: Command, folder: Path) -> None:
    entries = [b"a", b"b", transaction("another").envelope, OUTCOME.encode(), b"c"]
    (folder / "another").write_bytes(NETWORK.receipt(entries, 2))
    answer = banyan("verify", folder / "another", folder / "receipt.result", "--policy", folder / "policy")
    assert answer.status == 5


def test_with_json_a_failure_is_on_both_streams(banyan: Command, folder: Path) -> None:
    (folder / "changed").write_bytes(RECEIPT[:-2])
    answer = banyan("--json", "verify", folder / "changed", "--policy", folder / "policy")
    assert answer.status == 5
    assert answer.document["verified"] is False
    assert answer.error["code"] == "verification-failed"
    assert answer.error["message"] == answer.document["reason"]


def test_a_missing_file_is_wrong_usage(banyan: Command, folder: Path) -> None:
    assert banyan("verify", folder / "missing", "--policy", folder / "policy").status == 2
    assert banyan("verify", folder / "receipt", "--policy", folder / "missing").status == 2
    assert banyan("verify", folder / "receipt", "--policy", folder).status == 2
    assert banyan("verify", folder / "receipt").status == 2


def test_nothing_in_an_entry_steers_the_terminal(banyan: Command, folder: Path) -> None:
    hostile = transaction("\x1b]0;owned\x07\u202egnp.exe")
    (folder / "hostile").write_bytes(NETWORK.receipt([hostile.envelope], 0))
    answer = banyan("verify", folder / "hostile", "--policy", folder / "policy")
    assert answer.status == 0
    assert "\x1b" not in answer.out
    assert "\u202e" not in answer.out
    assert "\\x1b]0;owned" in answer.out
