"""Result proofs: what they prove, their one form, and that no bit of them can be changed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.block import Outcome
from ledger.encoding import encode
from ledger.errors import InvalidNoteError, InvalidProofError, RemoteProtocolError
from ledger.proof import TlogProof
from ledger.receipt import verify_receipt
from ledger.result_proof import (
    RESULT_PROOF_SIZE_BYTES_MAX,
    ResultProof,
    build_result_proof,
    check_same_transaction,
    verify_result_proof,
)
from ledger.tree import inclusion_path_of, leaf_hash
from tests.ledger.byte_forms import assert_one_form, changed, every_flipped_bit
from tests.ledger.receipt_network import ReceiptNetwork

NETWORK = ReceiptNetwork(1)
RESULTS = [encode(["result", 1, 6, index, bytes(32), "ok", {}, [], [], []]) for index in range(5)]
PROOF = NETWORK.result_proof(RESULTS, 2)


def test_a_result_proof_proves_the_result() -> None:
    for voter_count in (1, 4):
        network = ReceiptNetwork(voter_count)
        for index, result in enumerate(RESULTS):
            verified = verify_result_proof(network.result_proof(RESULTS, index), network.policy)
            assert verified.result == result
            assert (verified.outcome.height, verified.outcome.results_count) == (7, 5)
            assert Outcome.decode(verified.receipt.leaf) == verified.outcome
            assert len(verified.receipt.witnesses) == network.quorum_size


def test_the_text() -> None:
    head, receipt = PROOF.split(b"\n\n", 1)
    lines = head.decode().split("\n")
    assert lines[0] == "banyan-result-proof@v1"
    assert lines[1].startswith("result ")
    assert lines[2:4] == ["index 2", "size 5"]
    assert len(lines) == 4 + len(inclusion_path_of([leaf_hash(result) for result in RESULTS], 2))
    verify_receipt(receipt, NETWORK.policy)


@pytest.mark.parametrize("voter_count", [1, 4])
def test_every_flipped_bit_is_noticed(voter_count: int) -> None:
    network = ReceiptNetwork(voter_count)
    proof = network.result_proof(RESULTS, 3)
    verify_result_proof(proof, network.policy)
    accepted = 0
    for flipped in every_flipped_bit(proof):
        try:
            verify_result_proof(flipped, network.policy)
        except RemoteProtocolError:
            continue
        accepted += 1
    assert accepted == 0


def test_the_outcome_leaf_must_commit_to_the_result() -> None:
    parts = ResultProof.parse(PROOF)
    for changed_parts in [
        ResultProof(RESULTS[3], parts.index, parts.size, parts.path, parts.receipt),
        ResultProof(parts.result, 3, parts.size, parts.path, parts.receipt),
        ResultProof(parts.result, parts.index, 6, parts.path, parts.receipt),
        ResultProof(parts.result, parts.index, parts.size, parts.path[:-1], parts.receipt),
        ResultProof(parts.result, parts.index, parts.size, parts.path, TlogProof.parse(NETWORK.receipt([b"a"], 0))),
        ResultProof(parts.result, 0, 0, (), parts.receipt),
    ]:
        with pytest.raises(InvalidProofError):
            verify_result_proof(changed_parts.encode(), NETWORK.policy)


def test_nothing_is_built_that_would_not_verify() -> None:
    path = inclusion_path_of([leaf_hash(result) for result in RESULTS], 2)
    receipt = PROOF.split(b"\n\n", 1)[1]
    assert build_result_proof(RESULTS[2], 2, 5, path, outcome_receipt=receipt, policy=NETWORK.policy) == PROOF
    with pytest.raises(InvalidProofError):
        build_result_proof(RESULTS[1], 2, 5, path, outcome_receipt=receipt, policy=NETWORK.policy)
    with pytest.raises(InvalidNoteError):
        build_result_proof(RESULTS[2], 2, 5, path, outcome_receipt=b"", policy=NETWORK.policy)


def test_receipt_and_result_must_belong_together() -> None:
    entries = [bytes([number]) for number in range(5)]
    result = verify_result_proof(PROOF, NETWORK.policy)
    check_same_transaction(verify_receipt(NETWORK.receipt(entries, 2), NETWORK.policy), result)
    with pytest.raises(InvalidProofError):
        check_same_transaction(verify_receipt(NETWORK.receipt(entries, 3), NETWORK.policy), result)
    other = ReceiptNetwork(1, origin="other.example/ledger")
    with pytest.raises(InvalidProofError):
        check_same_transaction(verify_receipt(other.receipt(entries, 2), other.policy), result)


@pytest.mark.parametrize(
    "leaf", [b"", b"\xc1", encode(["result"]), encode(["outcome", 1, 6, 2]), encode(["result", 1, 6, True])]
)
def test_a_result_that_is_none_belongs_to_nothing(leaf: bytes) -> None:
    result = verify_result_proof(NETWORK.result_proof([leaf], 0), NETWORK.policy)
    with pytest.raises(InvalidProofError):
        check_same_transaction(verify_receipt(NETWORK.receipt([b"a", b"b"], 1), NETWORK.policy), result)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"banyan-result-proof@v1", b"banyan-result-proof@v2"),
        (b"result ", b"Result "),
        (b"result mY", b"result  mY"),
        (b"index 2", b"index 02"),
        (b"index 2\n", b""),
        (b"size 5", b"size +5"),
        (b"size 5", b"size"),
        (b"size 5\n", b""),
        (b"\n\n", b"\n"),
        (b"c2sp.org", b"\nc2sp.org"),
        (b"banyan-result-proof@v1\n", b"\xff\n"),
    ],
)
def test_other_texts_are_refused(old: bytes, new: bytes) -> None:
    text = PROOF.replace(old, new, 1)
    assert text != PROOF or old not in PROOF
    if old in PROOF:
        with pytest.raises(InvalidNoteError):
            ResultProof.parse(text)


def test_result_proofs_have_bounds() -> None:
    with pytest.raises(InvalidNoteError):
        ResultProof.parse(bytes(RESULT_PROOF_SIZE_BYTES_MAX + 1))


@given(st.one_of(st.binary(max_size=60), changed((PROOF,))))
@settings(deadline=None)
def test_a_result_proof_has_one_form(data: bytes) -> None:
    assert_one_form(ResultProof.parse, ResultProof.encode, data)
