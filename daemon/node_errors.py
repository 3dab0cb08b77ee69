"""What can go wrong inside the pure node; drawn in its place in the tree.

BanyanError
├── UnsupportedNetworkError      the genesis asks for what this version cannot do
├── NotAcceptingError            the node takes no transactions right now
├── ExpiredError                 a waiting transaction's time ran out
├── DetachedValueError           values beside the envelope do not belong to it
└── LedgerContradictionError     alarm: what is stored contradicts what was signed or executed
    └── StaleDatabaseError       alarm: the database is older than the signatures
"""

from ledger.errors import BanyanError


class UnsupportedNetworkError(BanyanError):
    """The genesis is valid and this version of the software cannot run it."""

    code = "network-unsupported"


class NotAcceptingError(BanyanError):
    """Transactions are refused for now: no leader yet, or the node is stopping."""

    code = "not-accepting"


class ExpiredError(BanyanError):
    """The transaction may not be in a block any more."""

    code = "transaction-expired"


class DetachedValueError(BanyanError):
    """A commitment without its value, or a value without its commitment."""

    code = "detached-value"


class LedgerContradictionError(BanyanError):
    """Going on would make it worse: the node stops and an operator looks."""

    code = "ledger-contradiction"


class StaleDatabaseError(LedgerContradictionError):
    """The sign-state says that more was signed than the database holds."""

    code = "database-stale"
