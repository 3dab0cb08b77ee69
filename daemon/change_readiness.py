"""May a change of voters go into a block now? The leader's choice, never a rule of validity. Pure.

Owns what the leader knows of who can be reached: the voters that answered its heartbeats, and how far the nodes next to
it are. It lets a change wait that would leave no quorum within reach, or that promotes a node which is still catching
up: with such a voter the network could stand still until it is there. What waits stays in the pool until it expires.

Bound: one height for each connected neighbour.
Source: docs/protocol.md, section 6, "Changing voters"; docs/adr/0014-governance.md; Ongaro's thesis, section 4.2.1.
"""

from typing import NamedTuple

from consensus.agreement import Agreement
from consensus.voters import quorum_size_of, voters_min
from contracts.proposal import KIND_PROPOSAL, Proposal
from contracts.record import Record, record_key
from contracts.voter_change import VOTER_CHANGE_PREFIX, is_forced
from daemon.chain import Chain
from daemon.node_errors import ChangeWaitsError
from ledger.hashing import HASH_SIZE_BYTES, Hash
from ledger.transaction import Transaction

ADD = "voter-add"
REMOVE = "voter-remove"
APPROVE = "voter-approve"
CONTRACT = VOTER_CHANGE_PREFIX.removesuffix("voter-")


class WantedChange(NamedTuple):
    """What a transaction does if execution accepts it: make a voter of a node, or an observer."""

    method: str
    node_id: Hash


class ChangeReadiness:
    """One leader's view; asked for each change of voters before it goes into a block."""

    def __init__(self, chain: Chain, agreement: Agreement) -> None:
        self._chain = chain
        self._agreement = agreement
        self._executed_heights: dict[Hash, int] = {}

    def heard(self, peer: Hash, executed_height: int) -> None:
        """A neighbour said how far it is."""
        self._executed_heights[peer] = executed_height

    def gone(self, peer: Hash) -> None:
        """A neighbour is none any more."""
        self._executed_heights.pop(peer, None)

    @property
    def heights(self) -> dict[Hash, int]:
        """How far each neighbour said that it is."""
        return dict(self._executed_heights)

    def why_waiting(self, transaction: Transaction, lag_blocks_max: int) -> ChangeWaitsError | None:
        """Why the change may not be proposed now; None if it may.

        Args:
            transaction: A change of voters by its bytes.
            lag_blocks_max: How many blocks a node may be behind the committed height and count as caught up.
        """
        if not self._agreement.has_committed_own_term:
            # Raft's bug of 2015: a change on top of an uncommitted one of an earlier term could make two quorums.
            return ChangeWaitsError("the leader has not committed a block of its own term yet; that takes a moment")
        if is_forced(transaction):
            # Whoever lost voters for good has to be able to remove them.
            return None
        wanted = self._wanted(transaction)
        # What this version does not know, or execution will refuse, changes no voters.
        return None if wanted is None else self._why_not(wanted, lag_blocks_max)

    def _why_not(self, wanted: WantedChange, lag_blocks_max: int) -> ChangeWaitsError | None:
        voters = self._agreement.voters
        reached = self._agreement.answering
        listed = {voter.node_id for voter in voters.voters}
        if (wanted.node_id in listed) != (wanted.method == REMOVE):
            # It votes already, or does not: execution refuses.
            return None
        listed ^= {wanted.node_id}
        if len(listed) < voters_min(voters.quorum):
            # Execution refuses this too; whoever asked would wait for nothing.
            return None
        if wanted.method == ADD:
            height = self._executed_heights.get(wanted.node_id)
            if height is not None:
                behind = self._agreement.committed_height - height
                if behind > lag_blocks_max:
                    return ChangeWaitsError(
                        "node {node} is {count} blocks behind; it gets its vote when it has caught up",
                        node=wanted.node_id.hex(),
                        count=behind,
                    )
                reached |= {wanted.node_id}
        reached_count, needed = len(reached.intersection(listed)), quorum_size_of(len(listed), voters.quorum)
        if reached_count >= needed:
            return None
        return ChangeWaitsError(
            "the leader reaches {reached} of the {count} voters that there would be, and {needed} have to agree; start"
            " the others, or force the change if they are gone for good",
            reached=reached_count,
            count=len(listed),
            needed=needed,
        )

    def _wanted(self, transaction: Transaction) -> WantedChange | None:
        method = transaction.operation.removeprefix(CONTRACT)
        if method in (ADD, REMOVE):
            return _change(method, transaction.arguments.get("node"))
        proposal_id = transaction.arguments.get("proposal")
        if method != APPROVE or not isinstance(proposal_id, bytes):
            return None
        data = self._chain.overlay.get(record_key(KIND_PROPOSAL, proposal_id.hex()))
        if data is None:
            return None
        # It may not be the last approval; whether it is, only execution can tell.
        proposal = Proposal.from_fields(proposal_id, Record.decode(data).fields)
        return _change(proposal.method, proposal.arguments.get("node"))


def _change(method: str, node_id: object) -> WantedChange | None:
    if method not in (ADD, REMOVE) or not isinstance(node_id, bytes) or len(node_id) != HASH_SIZE_BYTES:
        return None
    return WantedChange(method, node_id)
