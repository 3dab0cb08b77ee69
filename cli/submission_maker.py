"""Signed transactions, ready to be handed to a node: one alone, or many that are drafted first and signed together.

Owns what goes into a transaction beside its arguments: network, sender, expiry, signature. Never sends.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cli.errors import UsageError
from cli.member_key import MemberKey
from cli.operation_arguments import PreparedArguments
from ledger.detached import DetachedValue, check_detached
from ledger.errors import DecodingError, EncodingError, InvalidTransactionError
from ledger.genesis import Genesis, member_id
from ledger.hashing import Hash
from ledger.signing import SCHEME_ED25519, SIGNATURE_SIZE_BYTES
from ledger.submission import encode_submission
from ledger.transaction import ENVELOPE_SIZE_BYTES_MAX, Expectation, Transaction, build_body, encode_envelope, seal
from ledger.transaction_signature import (
    BATCH_GROWTH_SIZE_BYTES_MAX,
    Signature,
    sign_batches,
    sign_body,
)

# Long enough for a slow network and a wrong clock, short enough that a lost transaction is soon known to be lost.
LIFETIME_MS_DEFAULT = 3_600_000


class Draft(NamedTuple):
    """A transaction that is complete but for its signature, with the values that travel beside it.

    `size_bytes` is that of what is handed in if it is signed alone, without the framing of the values.
    """

    transaction_id: Hash
    body: bytes
    detached: tuple[DetachedValue, ...]
    size_bytes: int
    fits_batch: bool


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
        draft = self.draft(operation, prepared, nonce, expires_ms, expect)
        transaction = seal(draft.body, [sign_body(draft.body, self.key.signing)])
        return transaction, encode_submission(transaction.envelope, draft.detached)

    def draft(
        self,
        operation: str,
        prepared: PreparedArguments,
        nonce: bytes,
        expires_ms: int,
        expect: Expectation | None = None,
    ) -> Draft:
        """The transaction without its signature; whatever could be wrong with it is found here.

        Raises:
            UsageError: as `make`.
        """
        try:
            check_detached(prepared.detached)
            body = build_body(self.network_id, self.sender, operation, prepared.arguments, nonce, expires_ms, expect)
            # Not signed, only as large as if it were.
            unsigned = Signature(SCHEME_ED25519, self.key.signing.public, bytes(SIGNATURE_SIZE_BYTES))
            transaction = seal(body, [unsigned])
        except (InvalidTransactionError, EncodingError, DecodingError) as error:
            raise UsageError("this makes no transaction: {reason}", reason=error) from error
        size = len(transaction.envelope)
        beside = sum(len(one.value_bytes) for one in prepared.detached)
        fits_batch = size + BATCH_GROWTH_SIZE_BYTES_MAX <= ENVELOPE_SIZE_BYTES_MAX
        return Draft(transaction.id, body, prepared.detached, size + beside, fits_batch)

    def sign(self, drafts: Sequence[Draft]) -> list[bytes]:
        """The bytes to hand to a node for each draft, in their order, signed in as few batches as there can be.

        What is too large to have a path beside it is signed alone; so is a single one.
        """
        key = self.key.signing
        members = iter(sign_batches([one.body for one in drafts if one.fits_batch], key))
        submissions: list[bytes] = []
        for draft in drafts:
            signature = next(members) if draft.fits_batch else sign_body(draft.body, key)
            submissions.append(encode_submission(encode_envelope(draft.body, [signature]), draft.detached))
        return submissions
