"""Issuing receipts: proof that a transaction is in the log, and proof of what it led to. Pure; reads a store.

Owns finding the outcome leaf that covers a result, and putting the proofs together. Both proofs hang on the newest
checkpoint, so that one policy verifies both; a receipt is issued only when the result is provable too. Every receipt
is verified before it is handed out. Source: docs/protocol.md, sections 4 and 9.
"""

from dataclasses import dataclass

from daemon.lookup import decoded_header, find_transaction, stored_header, unknown_transaction
from daemon.policy import policy_at
from daemon.result_trees import ResultTrees
from ledger.checkpoint import Checkpoint
from ledger.errors import BanyanError, LocalError
from ledger.genesis import Genesis
from ledger.hashing import Hash
from ledger.note import Note
from ledger.policy import Policy
from ledger.receipt import build_receipt
from ledger.result_proof import build_result_proof
from ledger.tree import SmallTree, inclusion_path, leaf_hash
from storage.interface import StoreReader


class ReceiptNotReadyError(BanyanError):
    """The transaction is executed, and no checkpoint covers it and its result yet."""

    code = "receipt-not-ready"


@dataclass(frozen=True, slots=True)
class IssuedReceipt:
    """Both proofs of one transaction, under the checkpoint of `tree_size`."""

    transaction_id: Hash
    leaf_index: int
    height: int
    tree_size: int
    receipt: bytes
    result_proof: bytes


@dataclass(frozen=True, slots=True)
class _Public:
    """The newest checkpoint and what it is verified with."""

    note: Note
    tree_size: int
    policy: Policy


def issue_receipt(reader: StoreReader, genesis: Genesis, transaction_id: Hash, trees: ResultTrees) -> IssuedReceipt:
    """Receipt and result proof of an executed transaction; `trees` are those of `reader`.

    Raises:
        TransactionUnknownError: it is not executed here.
        ReceiptNotReadyError: wait for the next checkpoint (about a second).

    Cost: O(log n) hashes for each path, a few signature verifications, and, the first time for an outcome leaf, one
    hash for each result that it covers (at most those of a window of blocks).
    """
    found = find_transaction(reader, transaction_id)
    if found is None:
        raise unknown_transaction(reader, transaction_id)
    public = _newest_checkpoint(reader, genesis)
    covering = covering_height(reader, found.height)
    if public is None or covering is None or stored_header(reader, covering).first_index >= public.tree_size:
        raise ReceiptNotReadyError(
            "no checkpoint covers transaction {id} and its result yet; ask again in a second", id=transaction_id.hex()
        )
    return IssuedReceipt(
        transaction_id=transaction_id,
        leaf_index=found.leaf_index,
        height=found.height,
        tree_size=public.tree_size,
        receipt=_entry_receipt(reader, public, found.leaf_index, found.envelope),
        result_proof=_result_proof(reader, public, covering, found.result_leaf, trees.tree(covering)),
    )


def issue_effect_proof(reader: StoreReader, genesis: Genesis, height: int, leaf: bytes, trees: ResultTrees) -> bytes:
    """The result proof of what a timer did: of `leaf`, one of the effects of the executed block `height`.

    Raises:
        ReceiptNotReadyError: wait for the next checkpoint (about a second).

    Cost: as of a receipt.
    """
    public = _newest_checkpoint(reader, genesis)
    covering = covering_height(reader, height)
    if public is None or covering is None or stored_header(reader, covering).first_index >= public.tree_size:
        raise ReceiptNotReadyError(
            "no checkpoint covers what the timers of block {height} did yet; ask again in a second", height=height
        )
    return _result_proof(reader, public, covering, leaf, trees.tree(covering))


def covering_height(reader: StoreReader, height: int) -> int | None:
    """The executed block whose outcome leaf states the results of `height`: the first above with that executed height.

    None if there is none yet. Cost: one header for each block between, at most a window of them.
    """
    for above in range(height + 1, reader.head().executed_height + 1):
        if decoded_header(reader, above).executed_height >= height:
            return above
    return None


def _newest_checkpoint(reader: StoreReader, genesis: Genesis) -> _Public | None:
    head = reader.head()
    if head.checkpoint is None:
        return None
    note = Note.parse(bytes(head.checkpoint))
    tree_size = Checkpoint.parse(note.text).tree_size
    return _Public(note, tree_size, policy_at(reader, genesis, tree_size).policy)


def _entry_receipt(reader: StoreReader, public: _Public, leaf_index: int, entry: bytes) -> bytes:
    path = inclusion_path(reader, leaf_index, public.tree_size)
    return build_receipt(entry, leaf_index, path, public.note, public.policy)


def _result_proof(reader: StoreReader, public: _Public, covering: int, result_leaf: bytes, tree: SmallTree) -> bytes:
    outcome_index = stored_header(reader, covering).first_index
    outcome = bytes(reader.entries(outcome_index, 1)[0])
    index = tree.index(leaf_hash(result_leaf))
    if index is None:
        raise LocalError("block {height} does not cover a result that it should", height=covering)
    receipt = _entry_receipt(reader, public, outcome_index, outcome)
    return build_result_proof(
        result_leaf, index, tree.size, tree.path(index), outcome_receipt=receipt, policy=public.policy
    )
