"""A subject's chain, recomputed from the entries, and the effects of timers, that a node shows.

Owns the check that every link follows from the one before and from the very bytes of its entry, or from what names the
timer whose effect it is, and that the chain ends where the ledger's own record of it says. Never fetches. What an
effect says beside its links is not in the chain: that it is what the ledger led to is for `banyan audit` to derive.
Source: docs/protocol.md, section 4.
"""

import binascii
from base64 import b64decode
from typing import Any, NamedTuple

from cli.errors import VerificationError
from contracts.chain import next_link
from contracts.result import ResultLink
from contracts.timer_effect import TimerEffect
from ledger.errors import RemoteProtocolError
from ledger.hashing import ZERO_HASH, Hash
from ledger.transaction import Transaction, decode_envelope, verify_signatures
from ledger.valid_batches import ValidBatches


class CheckedLink(NamedTuple):
    """One link that holds, with its decoded entry, or with the effect of the timer that made it."""

    sequence: int
    height: int
    entry_index: int
    time_ms: int
    link: Hash
    transaction: Transaction | None
    effect: TimerEffect | None


class ChainVerification:
    """Checks the links of one subject in their order, from the first one on."""

    def __init__(self, subject: str) -> None:
        self._subject = subject
        self._batches = ValidBatches()
        self.count = 0
        self.link: Hash = ZERO_HASH

    def check(self, shown: dict[str, Any]) -> CheckedLink:
        """The next link as the API shows it, checked.

        Raises:
            VerificationError: it does not follow from the one before and its entry.
        """
        sequence = self.count + 1
        try:
            checked = self._timer(shown) if shown["entry"] is None else self._transaction(shown)
            holds = shown["sequence"] == sequence and shown["link"] == checked.link.hex()
        except (KeyError, TypeError, ValueError, binascii.Error, RemoteProtocolError) as error:
            raise self._broken(sequence) from error
        if not holds:
            raise self._broken(sequence)
        if checked.transaction is not None and not verify_signatures(checked.transaction, self._batches):
            raise VerificationError(
                "the signatures of link {sequence} of {subject} are not valid; run `banyan audit`",
                sequence=sequence,
                subject=self._subject,
            )
        self.count, self.link = sequence, checked.link
        return checked

    def _transaction(self, shown: dict[str, Any]) -> CheckedLink:
        transaction = decode_envelope(b64decode(shown["entry"], validate=True))
        if (shown["id"], shown["leaf_hash"]) != (transaction.id.hex(), transaction.leaf_hash.hex()):
            raise ValueError("the entry is another one than the node says")
        return self._checked(shown, transaction.leaf_hash, transaction, None)

    def _timer(self, shown: dict[str, Any]) -> CheckedLink:
        effect = TimerEffect.decode(b64decode(shown["effect"], validate=True))
        if (shown["timer"], shown["height"]) != (effect.timer_id, effect.height):
            raise ValueError("the effect is another one than the node says")
        checked = self._checked(shown, effect.linked_hash, None, effect)
        if ResultLink(self._subject, checked.sequence, checked.link) not in effect.links:
            raise ValueError("the effect says nothing of this link")
        return checked

    def _checked(
        self, shown: dict[str, Any], linked: Hash, transaction: Transaction | None, effect: TimerEffect | None
    ) -> CheckedLink:
        link = next_link(self.link, linked)
        place = (self.count + 1, shown["height"], shown["index"], shown["time_ms"])
        return CheckedLink(*place, link, transaction, effect)

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
