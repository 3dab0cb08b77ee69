"""Proposals: what some administrators have agreed to and more have to, before it is done.

Owns the records `proposal/<transaction id>` and `proposer/<member id>`, how long a proposal is open and how many there
can be. Never does what is proposed. Invariants: an open proposal stands in its proposer's list; a proposer has at most
eight, expired ones included until the next one takes their place; an administrator's approval counts once.
Source: docs/reference/contracts.md, "governance".
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from contracts.context import Context
from contracts.errors import Reason, Refusal
from ledger.encoding import Value
from ledger.hashing import Hash

KIND_PROPOSAL = "proposal"
KIND_PROPOSER = "proposer"

# A committee meets once a month; the next meeting, and some days to spare.
PROPOSAL_LIFETIME_MS = 35 * 86_400_000
# What one administrator can want at the same time; with 64 administrators there are at most 512.
PROPOSALS_OF_MEMBER_MAX = 8

PROPOSAL_UNKNOWN = Reason(
    "governance.proposal-unknown", "there is no open proposal {proposal}: it was done or withdrawn; see `list proposal`"
)
PROPOSAL_EXPIRED = Reason("governance.proposal-expired", "the proposal {proposal} has expired; make it again")
APPROVED_ALREADY = Reason(
    "governance.approved-already", "all administrators who signed have approved the proposal {proposal} before"
)
PROPOSALS_TOO_MANY = Reason(
    "governance.proposals-too-many",
    "the member {member} has {count} open proposals, the most there can be; withdraw one first",
)

PROPOSAL_REASONS = (PROPOSAL_UNKNOWN, PROPOSAL_EXPIRED, APPROVED_ALREADY, PROPOSALS_TOO_MANY)

PROPOSED = "governance.proposed"
APPROVED = "governance.approved"
WITHDRAWN = "governance.withdrawn"
PROPOSAL_EVENTS = frozenset((PROPOSED, APPROVED, WITHDRAWN))


@dataclass(frozen=True, slots=True)
class Proposal:
    """An operation of governance that waits for approvals; `approvals` are member ids in the order of signing.

    `method` and `arguments` are those of the transaction that proposed it, `id` is that transaction's, `subject` what
    it is about, such as `node/<id>`. It may be approved in blocks up to the time `expires_ms`, that one included.
    """

    id: Hash
    method: str
    arguments: dict[str, Value]
    subject: str
    proposer: Hash
    approvals: tuple[Hash, ...]
    height: int
    expires_ms: int

    @classmethod
    def from_fields(cls, proposal_id: Hash, fields: dict[str, Value]) -> "Proposal":
        """The proposal in the fields of its record, which this module wrote."""
        method, arguments, subject, proposer = (fields[one] for one in ("method", "arguments", "subject", "proposer"))
        approvals, height, expires_ms = (fields[one] for one in ("approvals", "height", "expires"))
        assert isinstance(method, str) and isinstance(arguments, dict) and isinstance(approvals, list)
        assert isinstance(subject, str) and isinstance(proposer, bytes)
        assert isinstance(height, int) and isinstance(expires_ms, int)
        return cls(proposal_id, method, arguments, subject, proposer, _hashes(approvals), height, expires_ms)

    @property
    def fields(self) -> dict[str, Value]:
        """The fields of the record."""
        return {
            "approvals": list(self.approvals),
            "arguments": self.arguments,
            "expires": self.expires_ms,
            "height": self.height,
            "method": self.method,
            "proposer": self.proposer,
            "subject": self.subject,
        }

    def with_approvals(self, signers: Sequence[Hash]) -> "Proposal":
        """The proposal after these administrators signed too.

        Raises:
            Refusal: `governance.approved-already`, where that adds nobody.
        """
        more = tuple(signer for signer in signers if signer not in self.approvals)
        if not more:
            raise Refusal(*APPROVED_ALREADY, proposal=self.id.hex())
        return replace(self, approvals=(*self.approvals, *more))


def open_proposal(context: Context, proposal: Proposal, needed: int) -> None:
    """Write a new proposal down; expired ones of the same proposer are removed for it.

    Raises:
        Refusal: `governance.proposals-too-many`.
    """
    kept: list[Value] = []
    for other in _open_proposals(context, proposal.proposer):
        if _find(context, other).expires_ms < context.time_ms:
            context.delete(KIND_PROPOSAL, other.hex())
        else:
            kept.append(other)
    if len(kept) >= PROPOSALS_OF_MEMBER_MAX:
        raise Refusal(*PROPOSALS_TOO_MANY, member=proposal.proposer.hex(), count=len(kept))
    context.put(KIND_PROPOSER, proposal.proposer.hex(), {"open": [*kept, proposal.id]})
    context.create(KIND_PROPOSAL, proposal.id.hex(), proposal.fields)
    context.emit(PROPOSED, {"method": proposal.method, "proposal": proposal.id, "subject": proposal.subject})
    _tell(context, proposal, needed)


def find_open_proposal(context: Context, proposal_id: Hash) -> Proposal:
    """The proposal of this id.

    Raises:
        Refusal: `governance.proposal-unknown` or `governance.proposal-expired`.
    """
    proposal = _find(context, proposal_id)
    if proposal.expires_ms < context.time_ms:
        raise Refusal(*PROPOSAL_EXPIRED, proposal=proposal_id.hex())
    return proposal


def keep_approvals(context: Context, proposal: Proposal, needed: int) -> None:
    """Write down who has approved so far."""
    context.put(KIND_PROPOSAL, proposal.id.hex(), proposal.fields)
    _tell(context, proposal, needed)


def close_proposal(context: Context, proposal: Proposal) -> None:
    """Remove a proposal that was done or withdrawn."""
    context.delete(KIND_PROPOSAL, proposal.id.hex())
    left: list[Value] = [one for one in _open_proposals(context, proposal.proposer) if one != proposal.id]
    context.put(KIND_PROPOSER, proposal.proposer.hex(), {"open": left})


def _tell(context: Context, proposal: Proposal, needed: int) -> None:
    context.emit(APPROVED, {"approvals": len(proposal.approvals), "needed": needed, "proposal": proposal.id})


def _find(context: Context, proposal_id: Hash) -> Proposal:
    record = context.read(KIND_PROPOSAL, proposal_id.hex())
    if record is None:
        raise Refusal(*PROPOSAL_UNKNOWN, proposal=proposal_id.hex())
    return Proposal.from_fields(proposal_id, record.fields)


def _open_proposals(context: Context, proposer: Hash) -> tuple[Hash, ...]:
    record = context.read(KIND_PROPOSER, proposer.hex())
    if record is None:
        return ()
    listed = record.fields["open"]
    assert isinstance(listed, list)
    return _hashes(listed)


def _hashes(values: list[Value]) -> tuple[Hash, ...]:
    found = tuple(one for one in values if isinstance(one, bytes))
    assert len(found) == len(values)
    return found
