"""Finding an executed transaction with everything that is stored of it. Pure; reads a store.

Owns the way from a transaction id to its entry, its block and its result; never says what is not executed yet.
"""

from dataclasses import dataclass

from contracts.result import Result
from contracts.timer_effect import TimerEffect
from ledger.block import Header
from ledger.errors import BanyanError
from ledger.hashing import Hash
from storage.interface import StoredHeader, StoreReader


class TransactionUnknownError(BanyanError):
    """No executed transaction has this id."""

    code = "transaction-unknown"


@dataclass(frozen=True, slots=True)
class FoundTransaction:
    """An executed transaction; `envelope` is its entry, `result_leaf` what executing it gave."""

    transaction_id: Hash
    leaf_index: int
    height: int
    time_ms: int
    envelope: bytes
    result_leaf: bytes

    @property
    def result(self) -> Result:
        """The decoded result leaf."""
        return Result.decode(self.result_leaf)


def find_transaction(reader: StoreReader, transaction_id: Hash) -> FoundTransaction | None:
    """The executed transaction with this id, or None; a handful of reads.

    Raises:
        StoreDamagedError: the store contradicts itself.
    """
    leaf_index = reader.index_of(transaction_id)
    if leaf_index is None:
        return None
    height = reader.height_of(leaf_index)
    assert height is not None, "the index of ids names stored entries only"
    result_leaf = reader.result(leaf_index)
    assert result_leaf is not None, "ids and results are written together"
    return FoundTransaction(
        transaction_id=transaction_id,
        leaf_index=leaf_index,
        height=height,
        time_ms=decoded_header(reader, height).time_ms,
        envelope=bytes(reader.entries(leaf_index, 1)[0]),
        result_leaf=bytes(result_leaf),
    )


def unknown_transaction(reader: StoreReader, transaction_id: Hash) -> TransactionUnknownError:
    """The error for an id that is not found: nobody executed it, or it lies among what this node does not keep."""
    kept_from = reader.head().kept_from
    if kept_from == 1:
        return TransactionUnknownError(
            "no transaction {id} is known here; check the id, or wait until it is committed", id=transaction_id.hex()
        )
    return TransactionUnknownError(
        "no transaction {id} is known here, and this node keeps what was entered from block {height} on alone; check"
        " the id, wait until it is committed, or ask a node that keeps older blocks",
        id=transaction_id.hex(),
        height=kept_from,
    )


def timer_effects(reader: StoreReader, height: int) -> list[TimerEffect]:
    """What the timers of an executed block did, in order; about 20 µs each."""
    return [TimerEffect.decode(bytes(leaf)) for leaf in reader.timer_effects(height)]


def stored_header(reader: StoreReader, height: int) -> StoredHeader:
    """The stored header of a height that is known to be stored."""
    stored = reader.header(height)
    assert stored is not None, "stored heights have no gaps"
    return stored


def decoded_header(reader: StoreReader, height: int) -> Header:
    """The header of a height that is known to be stored; about 10 µs."""
    return Header.decode(stored_header(reader, height).header)
