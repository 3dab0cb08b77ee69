"""What an audit can find, and how a finding is told.

Owns the shape of a finding: a machine code, a verdict, the place, what was expected and what was found. Never
decides what is wrong; that is the business of the checks. Invariants:

- every finding has one of the codes in `CODES`, and a code always has the same verdict;
- a finding is about one place: the first one that is wrong in the order of the audit.

The verdicts answer different questions of an operator. `damaged`: what the voters signed holds, and this copy
is not what they signed or not what follows from it; another node's copy, or a re-execution, mends it. `forged`:
what is shown as signed was not signed, or what was signed breaks the rules; no copy can be mended by copying.
`foreign`: the ledger belongs to another network than the genesis. Source: docs/reference/audit.md.
"""

from typing import Final, Literal, TypeAlias

from cli.errors import VerificationError

Verdict: TypeAlias = Literal["damaged", "forged", "foreign"]

DAMAGED: Final = "damaged"
FORGED: Final = "forged"
FOREIGN: Final = "foreign"

CODES: Final[dict[str, Verdict]] = {
    # the ledger as a whole
    "audit.genesis-differs": FOREIGN,
    "audit.head-changed": DAMAGED,
    "audit.unreadable": DAMAGED,
    # headers and what signs them
    "audit.block-missing": DAMAGED,
    "audit.block-surplus": DAMAGED,
    "audit.block-start-changed": DAMAGED,
    "audit.header-changed": DAMAGED,
    "audit.header-malformed": FORGED,
    "audit.link-broken": FORGED,
    "audit.voter-set-wrong": FORGED,
    "audit.proposer-wrong": FORGED,
    "audit.proposal-forged": FORGED,
    "audit.certificate-missing": DAMAGED,
    "audit.certificate-forged": FORGED,
    "audit.election-changed": DAMAGED,
    "audit.election-forged": FORGED,
    "audit.term-wrong": FORGED,
    "audit.header-rule-broken": FORGED,
    "audit.protocol-version-wrong": FORGED,
    # entries
    "audit.entry-changed": DAMAGED,
    "audit.entry-missing": DAMAGED,
    "audit.entry-moved": DAMAGED,
    "audit.root-wrong": FORGED,
    "audit.entry-malformed": FORGED,
    "audit.entry-expired": FORGED,
    "audit.entry-duplicate": FORGED,
    "audit.entry-not-admitted": FORGED,
    "audit.signature-forged": FORGED,
    "audit.outcome-wrong": FORGED,
    "audit.digest-wrong": FORGED,
    # what follows from the entries
    "audit.result-changed": DAMAGED,
    "audit.result-missing": DAMAGED,
    "audit.result-surplus": DAMAGED,
    "audit.timer-effect-changed": DAMAGED,
    "audit.state-changed": DAMAGED,
    "audit.state-missing": DAMAGED,
    "audit.state-surplus": DAMAGED,
    "audit.digest-lanes-changed": DAMAGED,
    "audit.tile-changed": DAMAGED,
    "audit.tile-missing": DAMAGED,
    "audit.id-missing": DAMAGED,
    "audit.id-changed": DAMAGED,
    "audit.id-surplus": DAMAGED,
    "audit.id-run-changed": DAMAGED,
    "audit.subject-link-missing": DAMAGED,
    "audit.subject-link-changed": DAMAGED,
    "audit.subject-link-surplus": DAMAGED,
    "audit.payload-changed": DAMAGED,
    "audit.checkpoint-malformed": DAMAGED,
    "audit.checkpoint-forged": FORGED,
    "audit.rolled-back": DAMAGED,
}


def readable(value: object) -> str:
    """A value as a person can compare it: bytes in hex, shortened in the middle above 80 characters."""
    text = value.hex() if isinstance(value, bytes) else str(value)
    # 80: two of them fit on a line pair of a terminal; hashes (64) are shown whole.
    return text if len(text) <= 80 else f"{text[:48]}…{text[-16:]} ({len(text)})"


class AuditFinding(VerificationError):
    """One thing that is wrong with a ledger, and where.

    Args:
        finding: One of `CODES`.
        template: Constant text with `{name}` fields, as every `BanyanError` has.
        height: The block, where there is one.
        index: The log index of the entry, where there is one.
        key: The record, tile, transaction id or subject, where there is one.
        expected: What re-deriving gives, or None where nothing may be there.
        found: What the ledger shows, or None where nothing is there.
        params: Further values for the template's fields.
    """

    def __init__(
        self,
        finding: str,
        template: str,
        *,
        height: int | None = None,
        index: int | None = None,
        key: str | None = None,
        expected: object = None,
        found: object = None,
        **params: object,
    ) -> None:
        super().__init__(
            template,
            height=height,
            index=index,
            key=key,
            expected=readable(expected),
            found=readable(found),
            **params,
        )
        self.code = finding
        self.verdict: Verdict = CODES[finding]
        self.height = height
        self.index = index
        self.key = key
        self.expected = expected
        self.found = found

    def to_json(self) -> dict[str, object]:
        """The finding as `banyan --json audit` prints it; absent places are null."""
        return {
            "code": self.code,
            "verdict": self.verdict,
            "message": str(self),
            "height": self.height,
            "index": self.index,
            "key": self.key,
            "expected": None if self.expected is None else readable(self.expected),
            "found": None if self.found is None else readable(self.found),
        }
