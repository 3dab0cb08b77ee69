"""What can go wrong inside the pure node; drawn in its place in the tree.

BanyanError
├── NotAcceptingError            the node takes no transactions right now
├── ChangeWaitsError             a change of voters may not go into a block yet
├── ExpiredError                 a waiting transaction's time ran out
├── DetachedValueError           values beside the envelope do not belong to it
├── ProtocolTooOldError          the network follows a version that this program does not know
├── DigestMismatchError          a block states another execution than this node's own
└── LedgerContradictionError     alarm: what is stored contradicts what was signed or executed
    └── StaleDatabaseError       alarm: the database is older than the signatures
"""

from ledger.errors import BanyanError


def not_accepting() -> "NotAcceptingError":
    """The sentence for a node that follows nobody, or is about to end."""
    return NotAcceptingError(
        "the node takes no transactions now: it knows nobody who leads, or is starting or stopping; send it again"
        " later, and see `banyan doctor` if it stays so"
    )


class NotAcceptingError(BanyanError):
    """Transactions are refused for now: no leader yet, or the node is stopping."""

    code = "not-accepting"


class ChangeWaitsError(BanyanError):
    """A change of voters waits in the pool until it is safe."""

    code = "change-waits"


class ExpiredError(BanyanError):
    """The transaction may not be in a block any more."""

    code = "transaction-expired"


class DetachedValueError(BanyanError):
    """A commitment without its value, or a value without its commitment."""

    code = "detached-value"


class DigestMismatchError(BanyanError):
    """The leader's state or this node's is wrong; the block is not acknowledged, and the ledger goes on without it."""

    code = "digest-mismatch"


class ProtocolTooOldError(BanyanError):
    """The node ends in good order; its folder is whole, and a newer program goes on with it."""

    code = "protocol-too-old"


class LedgerContradictionError(BanyanError):
    """Going on would make it worse: the node stops and an operator looks."""

    code = "ledger-contradiction"


class StaleDatabaseError(LedgerContradictionError):
    """The sign-state says that more was signed than the database holds."""

    code = "database-stale"
