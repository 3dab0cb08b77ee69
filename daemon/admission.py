"""May this transaction wait for a block? The checks that need the ledger's state. Pure.

Owns the order of the checks, cheapest first; never verifies a signature (that was done before, in batches on
threads) and never changes anything. What is refused here costs its sender a message and the ledger nothing.
"""

from contracts.admission import check_sender
from contracts.runtime import StateReader
from daemon.events import Submission
from daemon.node_errors import DetachedValueError
from ledger.detached import commitments_in
from ledger.errors import InvalidTransactionError
from ledger.genesis import Genesis
from ledger.transaction import Transaction, check_window


def check_submission(
    genesis: Genesis, state: StateReader, submission: Submission, now_ms: int, waiting_of_sender: int
) -> None:
    """Raise what speaks against admitting `submission` at `now_ms`; return if nothing does.

    Args:
        genesis: The network's own.
        state: As of the newest executed block.
        submission: Its format and signatures are checked already.
        now_ms: Milliseconds since 1970 UTC.
        waiting_of_sender: Transactions of the same sender that wait, in the pool or in blocks that are not executed
            yet; they count towards its daily quota.

    Raises:
        InvalidTransactionError: another network's, expired, or expiring too late.
        DetachedValueError: the values beside the envelope are not the ones it commits to.
        Refusal: the sender is not known, has not signed, or has used up its quota.
    """
    transaction = submission.transaction
    if transaction.network_id != genesis.network_id:
        raise InvalidTransactionError(
            "the transaction is for network {theirs}, this node serves {ours}; check the genesis it was made with",
            theirs=transaction.network_id.hex(),
            ours=genesis.network_id.hex(),
        )
    check_window(transaction, now_ms, genesis.parameters.transaction_lifetime_ms_max)
    _check_detached(transaction, submission)
    check_sender(state, transaction, now_ms, waiting_of_sender)


def _check_detached(transaction: Transaction, submission: Submission) -> None:
    """Every commitment has its value and every value its commitment: a value that is missing now is lost for good."""
    commitments = commitments_in(transaction.arguments)
    if not commitments and not submission.detached:
        return
    committed = set(commitments)
    given = {value.commitment for value in submission.detached}
    if committed - given:
        raise DetachedValueError(
            "the transaction commits to {count} values that are not beside it; send them along",
            count=len(committed - given),
        )
    if given - committed:
        raise DetachedValueError(
            "{count} values beside the transaction belong to none of its commitments; leave them out",
            count=len(given - committed),
        )
