"""Blocks that others propose: put together, judged, and handed to the node to be stored. Pure.

Owns proposals whose parent or bodies are missing; never stores or acknowledges. Bodies come from the pool, where gossip
put them, and else from the neighbour that told of the block. A proposal whose parent does not come is left to the
comparison of heads (`daemon.catching_up`).

Bounds: `PROPOSALS_MAX` proposals, each with at most as many bytes of fetched bodies as a block may have, and as many
answers with bodies being verified.
Source: docs/protocol.md, section 6, "Propose".
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from daemon.block_builder import BuiltBlock, Tip
from daemon.block_judge import BlockJudge, BlockNotReadyError, ProposedBlock
from daemon.chain import Chain
from daemon.courier import Courier
from daemon.intake import Intake
from daemon.proposal import Proposal
from daemon.relayed import Relayed
from ledger.block import Header
from ledger.errors import RemoteProtocolError
from ledger.hashing import Hash
from ledger.transaction import Transaction
from ledger.tree import leaf_hash
from p2p.fetch import EntriesCame, EntriesGivenUp

# Two windows of blocks of the default size; further ones are found by comparing heads.
PROPOSALS_MAX = 32
# Emits the effect that verifies these submissions; returns its ticket.
VerifyCall = Callable[[tuple[bytes, ...]], int]


@dataclass(slots=True)
class _Pending:
    """A proposal that waits; `bodies` are what was fetched for it, by leaf hash, `coming` what is being verified.

    `after`: the newest batch of transactions that was being verified when it came. What it lacks is probably in one of
    those: neighbours are asked when they are through.

    `tried`: how things stood when it was tried last. It is tried again when something changed, not at every step: a
    block has thousands of leaves.
    """

    proposal: Proposal
    peer: Hash
    after: int
    bodies: dict[Hash, Transaction] = field(default_factory=dict)
    coming: set[Hash] = field(default_factory=set)
    fetched_size_bytes: int = 0
    tried: tuple[int, int, Hash, int, bool] | None = None


class Following:
    """What a node does with blocks that are not its own; each call returns blocks to append, in order."""

    def __init__(
        self,
        chain: Chain,
        intake: Intake,
        judge: BlockJudge,
        courier: Courier,
        verify: VerifyCall,
        relayed: Relayed,
        block_size_bytes_max: int,
    ) -> None:
        self._block_size_bytes_max = block_size_bytes_max
        self._chain = chain
        self._intake = intake
        self._judge = judge
        self._courier = courier
        self._verify = verify
        self._relayed = relayed
        self._pending: OrderedDict[Hash, _Pending] = OrderedDict()
        # The proposals whose bodies are being verified, by ticket, with the leaves of those bodies.
        self._fetched: dict[int, tuple[Hash, tuple[Hash, ...]]] = {}

    def __len__(self) -> int:
        """Proposals that wait."""
        return len(self._pending)

    # -- proposals ----------------------------------------------------------------------------------------------

    def on_proposal(self, proposal: Proposal, peer: Hash) -> None:
        """Remember a proposal whose proposer's signature was checked; `peer` told of it."""
        rank = (proposal.header.term, proposal.header.height)
        if rank <= (self._chain.tip.term, self._chain.tip.height) or proposal.header.hash in self._pending:
            return
        self._pending[proposal.header.hash] = _Pending(proposal, peer, self._relayed.newest)
        if len(self._pending) > PROPOSALS_MAX:
            self._forget(next(iter(self._pending)))

    def next_block(self, now_ms: int) -> BuiltBlock | None:
        """The next proposed block that is complete and valid on this node's chain; to be appended before asking again.

        Raises:
            RemoteProtocolError: the leader proposed something invalid; the proposal is forgotten.
        """
        for block_hash, pending in list(self._pending.items()) if self._pending else ():
            header = pending.proposal.header
            if (header.term, header.height) <= (self._chain.tip.term, self._chain.tip.height):
                self._forget(block_hash)
                continue
            stands = self._stands(pending)
            if pending.tried == stands:
                continue
            pending.tried = stands
            parent = self._chain.tip_at(header.height - 1)
            if parent is None or parent.hash != header.previous_hash:
                continue
            transactions = self._bodies(block_hash, pending, now_ms)
            if transactions is None:
                continue
            proposed = ProposedBlock(
                header,
                header.encode(),
                pending.proposal.signature,
                pending.proposal.election_certificate,
                pending.proposal.outcome,
                transactions,
            )
            try:
                block = self.judged(proposed, parent, ())
            except BlockNotReadyError:
                continue
            except RemoteProtocolError:
                self._forget(block_hash)
                raise
            self._forget(block_hash)
            return block
        return None

    def _forget(self, block_hash: Hash) -> None:
        if self._pending.pop(block_hash, None) is not None:
            self._courier.entries_done(block_hash)

    def _stands(self, pending: _Pending) -> tuple[int, int, Hash, int, bool]:
        """Everything that can make a proposal complete or valid: the pool, its bodies, the chain."""
        return (
            self._intake.pool.additions,
            len(pending.bodies),
            self._chain.tip.hash,
            self._chain.executed_height,
            self._relayed.are_verified(pending.after),
        )

    def _bodies(self, block_hash: Hash, pending: _Pending, now_ms: int) -> tuple[Transaction, ...] | None:
        found: list[Transaction] = []
        missing: list[int] = []
        for place, leaf in enumerate(pending.proposal.leaf_hashes, 1):
            waiting = self._intake.pool.by_leaf(leaf)
            body = waiting.transaction if waiting is not None else pending.bodies.get(leaf)
            if body is not None:
                found.append(body)
            elif leaf not in pending.coming:
                missing.append(place)
        if missing and self._relayed.are_verified(pending.after):
            self._courier.want_entries(block_hash, missing, pending.peer, now_ms)
        return tuple(found) if len(found) == len(pending.proposal.leaf_hashes) else None

    def take_bodies(self, now_ms: int) -> None:
        """Verify bodies that came, if they fit their places; what nobody has is left to the comparison of heads."""
        for came in self._courier.take_bodies():
            pending = self._pending.get(came.block_hash)
            if pending is None:
                self._courier.entries_done(came.block_hash)
            elif isinstance(came, EntriesGivenUp):
                self._forget(came.block_hash)
            else:
                self._take_entries(came, pending, now_ms)

    def _take_entries(self, came: EntriesCame, pending: _Pending, now_ms: int) -> None:
        leaves = pending.proposal.leaf_hashes
        fitting: dict[Hash, bytes] = {}
        wrong: list[int] = []
        for place, entry in came.entries:
            leaf = leaf_hash(entry)
            if leaf == leaves[place - 1]:
                fitting[leaf] = entry
            else:
                wrong.append(place)
        if wrong:
            self._courier.entries_wrong(came, wrong, now_ms)
        pending.fetched_size_bytes += sum(map(len, fitting.values()))
        if pending.fetched_size_bytes > self._block_size_bytes_max:
            # No such block is valid, whoever signed it.
            self._forget(came.block_hash)
        elif fitting and len(self._fetched) < PROPOSALS_MAX:
            pending.coming.update(fitting)
            self._fetched[self._verify(tuple(fitting.values()))] = (came.block_hash, tuple(fitting))

    def on_verified(self, ticket: int, results: Sequence[Transaction | None]) -> bool:
        """Whether these were bodies of a proposal."""
        found = self._fetched.pop(ticket, None)
        if found is None:
            return False
        block_hash, leaves = found
        pending = self._pending.get(block_hash)
        if pending is not None:
            pending.coming.difference_update(leaves)
            pending.bodies.update((one.leaf_hash, one) for one in results if one is not None)
            if any(one is None for one in results):
                # The leaf hash was right, so the block itself names something malformed or badly signed.
                self._forget(block_hash)
        return True

    def check_version(self, header: Header, parent: Tip) -> None:
        """See that a block follows the right version of the protocol, whatever it holds.

        Raises:
            InvalidBlockError: it does not; `BlockNotReadyError` if that cannot be told, or the program is too old.
        """
        self._judge.protocol_of(header, parent)

    def judged(self, proposed: ProposedBlock, parent: Tip, branch: Sequence[BuiltBlock]) -> BuiltBlock:
        """The block, judged on the chain below it: this node's up to the branch, then the branch.

        Raises:
            RemoteProtocolError: it is invalid; `BlockNotReadyError` if that cannot be told yet.
        """
        first = branch[0].header.height if branch else proposed.header.height
        below = [block for block in self._chain.blocks if block.header.height < first]

        def is_used(transactions: Sequence[Transaction]) -> bool:
            return self._intake.is_used(transactions, [*below, *branch], proposed.header.time_ms)

        return self._judge.judge(proposed, parent, is_used)
