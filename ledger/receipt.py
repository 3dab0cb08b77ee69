"""Receipts: proof that an entry is in the log, as of a checkpoint that a quorum of voters signed.

Owns what Banyan asks of a `tlog-proof`: `extra` is exactly the entry. Never fetches a key or a policy. Invariants:

- an issued receipt holds one log signature and exactly a quorum of cosignatures, in the policy's order, so that
  every single changed bit makes it fail;
- it is verified before it leaves.

What a receipt does not prove: that what the entry says is true. Source: docs/protocol.md, section 9; C2SP tlog-proof.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.checkpoint import Checkpoint
from ledger.errors import InvalidNoteError
from ledger.hashing import Hash
from ledger.note import Note
from ledger.policy import Cosigned, Policy, VerifiedCheckpoint
from ledger.proof import TlogProof
from ledger.tree import leaf_hash, verify_inclusion
from ledger.verifier_key import VerifierKey


@dataclass(frozen=True, slots=True)
class VerifiedReceipt:
    """What a receipt proves: `leaf` is entry `index` of the log under `checkpoint`, signed with `log_key`.

    `witnesses` are the cosigners whose signatures verify, with the POSIX times in them.
    """

    leaf: bytes
    index: int
    checkpoint: Checkpoint
    log_key: VerifierKey
    witnesses: tuple[Cosigned, ...]


def issued_note(text: str, verified: VerifiedCheckpoint, policy: Policy) -> Note:
    """The note as receipts carry it: one log signature, then exactly a quorum of cosignatures."""
    quorum = policy.exact_quorum(verified.cosigned)
    return Note(text, (verified.logs[0][1], *(one.signature for one in quorum)))


def build_receipt(leaf: bytes, index: int, path: Sequence[Hash], note: Note, policy: Policy) -> bytes:
    """The receipt text for entry `index`, whose bytes are `leaf`.

    Args:
        leaf: The entry, at most 65,535 bytes.
        index: Its number in the log, from 0.
        path: Its inclusion path under the tree size in `note`.
        note: A signed checkpoint; it may carry more signatures than the policy asks for.
        policy: That of the voters in force at the checkpoint's size.

    Raises:
        InvalidProofError: `note` does not satisfy `policy`, or `path` does not lead to its root.
        InvalidNoteError: `note` is not a checkpoint.

    Cost: one Ed25519 verification per signature in `note`.
    """
    verified = policy.verify(note)
    checkpoint = verified.checkpoint
    verify_inclusion(leaf_hash(leaf), index, checkpoint.tree_size, path, checkpoint.root)
    return TlogProof(index, tuple(path), issued_note(note.text, verified, policy), leaf).encode()


def verify_receipt(data: bytes, policy: Policy) -> VerifiedReceipt:
    """What the receipt `data` proves to a reader who trusts `policy`.

    Raises:
        InvalidNoteError: not a receipt's text.
        InvalidProofError: a receipt that does not prove its claim under this policy.

    Cost: one hash per level of the tree first, then one Ed25519 verification per signature of a known key.
    """
    proof = TlogProof.parse(data)
    if proof.extra is None:
        raise InvalidNoteError("the proof does not carry its entry: it is not a receipt")
    claimed = Checkpoint.parse(proof.checkpoint.text)
    verify_inclusion(leaf_hash(proof.extra), proof.index, claimed.tree_size, proof.path, claimed.root)
    verified = policy.verify(proof.checkpoint)
    log, _ = verified.logs[0]
    return VerifiedReceipt(proof.extra, proof.index, verified.checkpoint, log.key, verified.cosigned)
