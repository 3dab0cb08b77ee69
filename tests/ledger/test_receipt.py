"""Receipts: what they hold, what they prove, and that no bit of them can be changed."""

import pytest

from ledger.checkpoint import Checkpoint
from ledger.errors import InvalidNoteError, InvalidProofError, RemoteProtocolError
from ledger.note import Note
from ledger.proof import TlogProof
from ledger.receipt import build_receipt, verify_receipt
from ledger.tree import inclusion_path_of, leaf_hash, root_of
from tests.ledger.byte_forms import every_flipped_bit
from tests.ledger.receipt_network import ORIGIN, TIME_S, ReceiptNetwork

ENTRIES = [bytes([number]) * (40 + number) for number in range(11)]
HASHES = [leaf_hash(entry) for entry in ENTRIES]


@pytest.mark.parametrize("voter_count", [1, 2, 3, 4, 21])
def test_a_receipt_proves_its_entry(voter_count: int) -> None:
    network = ReceiptNetwork(voter_count)
    for index, entry in enumerate(ENTRIES):
        verified = verify_receipt(network.receipt(ENTRIES, index), network.policy)
        assert (verified.leaf, verified.index) == (entry, index)
        assert verified.checkpoint == Checkpoint(ORIGIN, len(ENTRIES), root_of(HASHES))
        assert verified.log_key.public_key == network.keys[0].log.public
        assert [(one.witness.key.name, one.time_s) for one in verified.witnesses] == [
            (network.name(at), TIME_S + at) for at in range(network.quorum_size)
        ]


def test_a_receipt_holds_one_log_signature_and_exactly_a_quorum() -> None:
    network = ReceiptNetwork(4)
    full = network.note(len(ENTRIES), root_of(HASHES))
    assert len(full.signatures) == 8
    proof = TlogProof.parse(network.receipt(ENTRIES, 3))
    assert proof.extra == ENTRIES[3]
    assert proof.path == tuple(inclusion_path_of(HASHES, 3))
    assert proof.checkpoint == Note(full.text, (full.signatures[0], *full.signatures[4:7]))


def test_the_quorum_is_of_those_who_signed() -> None:
    network = ReceiptNetwork(4)
    note = network.note(len(ENTRIES), root_of(HASHES), logs=[3], cosigners=[3, 1, 2])
    receipt = build_receipt(ENTRIES[0], 0, inclusion_path_of(HASHES, 0), note, network.policy)
    verified = verify_receipt(receipt, network.policy)
    assert verified.log_key.public_key == network.keys[3].log.public
    assert [one.witness.name for one in verified.witnesses] == ["W2", "W3", "W4"]


@pytest.mark.parametrize("voter_count", [1, 4])
def test_every_flipped_bit_is_noticed(voter_count: int) -> None:
    network = ReceiptNetwork(voter_count)
    receipt = network.receipt(ENTRIES, 6)
    verify_receipt(receipt, network.policy)
    accepted = 0
    for flipped in every_flipped_bit(receipt):
        try:
            verify_receipt(flipped, network.policy)
        except RemoteProtocolError:
            continue
        accepted += 1
    assert accepted == 0


def test_other_changes_are_noticed() -> None:
    network = ReceiptNetwork(4)
    receipt = network.receipt(ENTRIES, 6)
    proof = TlogProof.parse(receipt)
    changes = [
        receipt[:-1],
        receipt + b"\n",
        receipt.replace(b"\n", b"\r\n"),
        TlogProof(5, proof.path, proof.checkpoint, proof.extra).encode(),
        TlogProof(6, proof.path[::-1], proof.checkpoint, proof.extra).encode(),
        TlogProof(6, proof.path, proof.checkpoint, ENTRIES[5]).encode(),
        TlogProof(6, proof.path, Note(proof.checkpoint.text, proof.checkpoint.signatures[:-1]), proof.extra).encode(),
        TlogProof(6, proof.path, Note(proof.checkpoint.text, proof.checkpoint.signatures[1:]), proof.extra).encode(),
        TlogProof(6, proof.path, network.note(11, root_of(HASHES[:10])), proof.extra).encode(),
    ]
    for change in changes:
        with pytest.raises(RemoteProtocolError):
            verify_receipt(change, network.policy)


def test_a_proof_without_its_entry_is_no_receipt() -> None:
    network = ReceiptNetwork(1)
    proof = TlogProof.parse(network.receipt(ENTRIES, 2))
    with pytest.raises(InvalidNoteError):
        verify_receipt(TlogProof(proof.index, proof.path, proof.checkpoint).encode(), network.policy)


def test_a_fuller_proof_is_a_receipt_too() -> None:
    network = ReceiptNetwork(4)
    note = network.note(len(ENTRIES), root_of(HASHES))
    proof = TlogProof(2, tuple(inclusion_path_of(HASHES, 2)), note, ENTRIES[2])
    assert len(verify_receipt(proof.encode(), network.policy).witnesses) == 4


def test_another_networks_policy_does_not_do() -> None:
    receipt = ReceiptNetwork(1).receipt(ENTRIES, 2)
    for other in (ReceiptNetwork(4), ReceiptNetwork(1, origin="other.example/ledger")):
        with pytest.raises(InvalidProofError):
            verify_receipt(receipt, other.policy)


def test_nothing_is_issued_that_would_not_verify() -> None:
    network = ReceiptNetwork(4)
    path = inclusion_path_of(HASHES, 2)
    note = network.note(len(ENTRIES), root_of(HASHES))
    with pytest.raises(InvalidProofError):
        build_receipt(ENTRIES[3], 2, path, note, network.policy)
    with pytest.raises(InvalidProofError):
        build_receipt(ENTRIES[2], 3, path, note, network.policy)
    with pytest.raises(InvalidProofError):
        build_receipt(ENTRIES[2], 2, path[:-1], note, network.policy)
    too_few = network.note(len(ENTRIES), root_of(HASHES), cosigners=[0, 1])
    with pytest.raises(InvalidProofError):
        build_receipt(ENTRIES[2], 2, path, too_few, network.policy)
