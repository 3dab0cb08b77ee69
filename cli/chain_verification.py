"""A subject's chain, recomputed from the entries that a node shows.

Owns the check that every link follows from the one before and from the very bytes of its entry, and that the chain
ends where the ledger's own record of it says. Never fetches. Source: docs/protocol.md, section 4.
"""

import binascii
from base64 import b64decode
from typing import Any, NamedTuple

from cli.errors import VerificationError
from contracts.chain import next_link
from ledger.errors import RemoteProtocolError
from ledger.hashing import ZERO_HASH, Hash
from ledger.transaction import Transaction, decode_envelope, verify_signatures


class CheckedLink(NamedTuple):
    """One link that holds, with its decoded entry."""

    sequence: int
    height: int
    entry_index: int
    time_ms: int
    link: Hash
    transaction: Transaction


class ChainVerification:
    """Checks the links of one subject in their order, from the first one on."""

    def __init__(self, subject: str) -> None:
        self._subject = subject
        self.count = 0
        self.link: Hash = ZERO_HASH

    def check(self, shown: dict[str, Any]) -> CheckedLink:
        """The next link as the API shows it, checked.

        Raises:
            VerificationError: it does not follow from the one before and its entry.
        """
        sequence = self.count + 1
        try:
            entry = b64decode(shown["entry"], validate=True)
            transaction = decode_envelope(entry)
            link = next_link(self.link, transaction.leaf_hash)
            holds = (
                shown["sequence"] == sequence
                and shown["link"] == link.hex()
                and shown["id"] == transaction.id.hex()
                and shown["leaf_hash"] == transaction.leaf_hash.hex()
            )
            checked = CheckedLink(sequence, shown["height"], shown["index"], shown["time_ms"], link, transaction)
        except (KeyError, TypeError, ValueError, binascii.Error, RemoteProtocolError) as error:
            raise self._broken(sequence) from error
        if not holds:
            raise self._broken(sequence)
        if not verify_signatures(transaction):
            raise VerificationError(
                "the signatures of link {sequence} of {subject} are not valid; run `banyan audit`",
                sequence=sequence,
                subject=self._subject,
            )
        self.count, self.link = sequence, link
        return checked

    def check_end(self, record: dict[str, Any] | None) -> None:
        """Check that the chain ends where the ledger's record `chain/<subject>` says; None where there is no record.

        Raises:
            VerificationError: links are missing at the end, or are too many.
        """
        fields = record["fields"] if record is not None else {"sequence": 0, "link": {"$hex": ZERO_HASH.hex()}}
        if fields["sequence"] != self.count or fields["link"] != {"$hex": self.link.hex()}:
            raise VerificationError(
                "the chain of {subject} has {expected} links, the node shows {found}; run `banyan audit`",
                subject=self._subject,
                expected=fields["sequence"],
                found=self.count,
            )

    def _broken(self, sequence: int) -> VerificationError:
        return VerificationError(
            "link {sequence} of {subject} does not follow from the one before and its entry; run `banyan audit`",
            sequence=sequence,
            subject=self._subject,
        )
