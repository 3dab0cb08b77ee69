"""Signed transactions, ready to be handed to a node.

Owns what goes into a transaction beside its arguments: network, sender, expiry, signature. Never sends.
"""

from dataclasses import dataclass

from cli.errors import UsageError
from cli.member_key import MemberKey
from cli.operation_arguments import PreparedArguments
from ledger.detached import check_detached
from ledger.errors import DecodingError, EncodingError, InvalidTransactionError
from ledger.genesis import Genesis, member_id
from ledger.hashing import Hash
from ledger.submission import encode_submission
from ledger.transaction import Expectation, Transaction, build_transaction

# Long enough for a slow network and a wrong clock, short enough that a lost transaction is soon known to be lost.
LIFETIME_MS_DEFAULT = 3_600_000


@dataclass(frozen=True, slots=True)
class SubmissionMaker:
    """Makes the transactions of one member in one network."""

    network_id: Hash
    lifetime_ms: int
    key: MemberKey
    sender: Hash

    @classmethod
    def of(cls, genesis: Genesis, key: MemberKey, sender: Hash | None = None) -> "SubmissionMaker":
        """For the account `sender`, or the one whose first key `key` is, if it is left out.

        Transactions live an hour, or less where the network says so.
        """
        lifetime_ms = min(LIFETIME_MS_DEFAULT, genesis.parameters.transaction_lifetime_ms_max)
        first_of = member_id(genesis.network_id, key.signing.public)
        return cls(genesis.network_id, lifetime_ms, key, first_of if sender is None else sender)

    def make(
        self,
        operation: str,
        prepared: PreparedArguments,
        nonce: bytes,
        expires_ms: int,
        expect: Expectation | None = None,
    ) -> tuple[Transaction, bytes]:
        """The transaction, and the bytes to hand to a node; the same for the same arguments.

        `expect` is the version of a record that it builds on.

        Raises:
            UsageError: the operation's name, the arguments or the detached values make no transaction (too large).
        """
        try:
            check_detached(prepared.detached)
            transaction = build_transaction(
                self.network_id,
                self.sender,
                operation,
                prepared.arguments,
                nonce,
                expires_ms,
                [self.key.signing],
                expect,
            )
        except (InvalidTransactionError, EncodingError, DecodingError) as error:
            raise UsageError("this makes no transaction: {reason}", reason=error) from error
        return transaction, encode_submission(transaction.envelope, prepared.detached)
