"""Transactions signed in batches."""

from collections.abc import Sequence

from ledger.signing import SigningKey
from ledger.transaction import Transaction, seal
from ledger.transaction_signature import sign_batch, sign_body


def batched(
    transactions: Sequence[Transaction], key: SigningKey, *alone: SigningKey, before: bool = False
) -> list[Transaction]:
    """The same transactions signed as one batch by `key`; each of them by those `alone` too, after or `before`."""
    bodies = [one.body for one in transactions]
    sealed: list[Transaction] = []
    for body, signature in zip(bodies, sign_batch(bodies, key), strict=True):
        single = [sign_body(body, other) for other in alone]
        sealed.append(seal(body, [*single, signature] if before else [signature, *single]))
    return sealed
