"""Blocks that others propose or have: put together, judged, and handed to the node to be stored. Pure.

Owns proposals whose parent or bodies are missing, and the one answer with blocks that is being verified; never stores
or acknowledges. Bodies come from the pool, where gossip put them, and else from the neighbour that told of the block.

Bounds: `PROPOSALS_MAX` proposals, one answer with blocks, one with bodies.
Source: docs/protocol.md, section 6, "Propose" and "Conflict".
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
from ledger.block import Header
from ledger.errors import InvalidBlockError, RemoteProtocolError
from ledger.hashing import Hash
from ledger.transaction import Transaction
from ledger.tree import leaf_hash
from p2p.frames import Blocks, CarriedBlock, Entries

# Two windows of blocks of the default size; further ones are found by comparing heads.
PROPOSALS_MAX = 32
# Of one question for bodies; what is still missing is asked for in the next one.
BODIES_ASKED_MAX = 4096

# Emits the effect that verifies these submissions; returns its ticket.
VerifyCall = Callable[[tuple[bytes, ...]], int]


@dataclass(slots=True)
class _Pending:
    """A proposal that waits; `bodies` are what was fetched for it, by leaf hash.

    `tried`: how things stood when it was tried last. It is tried again when something changed, not at every step: a
    block has thousands of leaves.
    """

    proposal: Proposal
    peer: Hash
    bodies: dict[Hash, Transaction] = field(default_factory=dict)
    tried: tuple[int, int, Hash, int, bool] | None = None


@dataclass(frozen=True, slots=True)
class _Answer:
    """Blocks of a neighbour, from the first that differs from this node's chain."""

    peer: Hash
    blocks: tuple[tuple[Header, CarriedBlock], ...]


class Following:
    """What a node does with blocks that are not its own; each call returns blocks to append, in order."""

    def __init__(self, chain: Chain, intake: Intake, judge: BlockJudge, courier: Courier, verify: VerifyCall) -> None:
        self._chain = chain
        self._intake = intake
        self._judge = judge
        self._courier = courier
        self._verify = verify
        self._pending: OrderedDict[Hash, _Pending] = OrderedDict()
        # The proposal whose bodies are asked for, and those whose bodies are being verified, by ticket.
        self._asked: Hash | None = None
        self._fetched: dict[int, Hash] = {}
        self._answer: tuple[int, _Answer] | None = None
        # What a neighbour's chain was found to have in common with this one, above the executed height.
        self._known_height = 0
        # A proposal's parent is not known here, or a head is ahead: blocks have to be asked for.
        self.is_behind = False

    def __len__(self) -> int:
        """Proposals that wait."""
        return len(self._pending)

    # -- proposals ----------------------------------------------------------------------------------------------

    def on_proposal(self, proposal: Proposal, peer: Hash) -> None:
        """Remember a proposal whose proposer's signature was checked; `peer` told of it."""
        rank = (proposal.header.term, proposal.header.height)
        if rank <= (self._chain.tip.term, self._chain.tip.height) or proposal.header.hash in self._pending:
            return
        self._pending[proposal.header.hash] = _Pending(proposal, peer)
        if len(self._pending) > PROPOSALS_MAX:
            self._pending.popitem(last=False)

    def next_block(self, now_ms: int) -> BuiltBlock | None:
        """The next proposed block that is complete and valid on this node's chain; to be appended before asking again.

        Raises:
            RemoteProtocolError: the leader proposed something invalid; the proposal is forgotten.
        """
        for block_hash, pending in list(self._pending.items()):
            header = pending.proposal.header
            if (header.term, header.height) <= (self._chain.tip.term, self._chain.tip.height):
                del self._pending[block_hash]
                continue
            stands = self._stands(pending)
            if pending.tried == stands:
                continue
            pending.tried = stands
            parent = self._chain.tip_at(header.height - 1)
            if parent is None or parent.hash != header.previous_hash:
                self.is_behind = True
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
                block = self._judged(proposed, parent, ())
            except BlockNotReadyError:
                continue
            except RemoteProtocolError:
                del self._pending[block_hash]
                raise
            del self._pending[block_hash]
            return block
        return None

    def _stands(self, pending: _Pending) -> tuple[int, int, Hash, int, bool]:
        """Everything that can make a proposal complete or valid: the pool, its bodies, the chain, a free question."""
        return (
            self._intake.pool.additions,
            len(pending.bodies),
            self._chain.tip.hash,
            self._chain.executed_height,
            self._courier.is_asking(Entries),
        )

    def _bodies(self, block_hash: Hash, pending: _Pending, now_ms: int) -> tuple[Transaction, ...] | None:
        found: list[Transaction] = []
        missing: list[int] = []
        for place, leaf in enumerate(pending.proposal.leaf_hashes, 1):
            waiting = self._intake.pool.by_leaf(leaf)
            body = waiting.transaction if waiting is not None else pending.bodies.get(leaf)
            if body is None:
                missing.append(place)
            else:
                found.append(body)
        if missing:
            if self._courier.ask_entries(pending.peer, block_hash, tuple(missing[:BODIES_ASKED_MAX]), now_ms):
                self._asked = block_hash
            return None
        return tuple(found)

    def on_entries(self, peer: Hash, frame: Entries) -> None:
        """Bodies that were asked for: those that fit their place are verified.

        A neighbour that has none of them does not know the block any more: it is asked for whole blocks instead.
        """
        block_hash, self._asked = self._asked, None
        pending = self._pending.get(block_hash) if block_hash is not None else None
        if pending is None or block_hash is None:
            return
        leaves = pending.proposal.leaf_hashes
        fitting = tuple(
            one.entry
            for one in frame.entries
            if 1 <= one.place <= len(leaves) and leaf_hash(one.entry) == leaves[one.place - 1]
        )
        if fitting and len(self._fetched) < PROPOSALS_MAX:
            self._fetched[self._verify(fitting)] = block_hash
            return
        del self._pending[block_hash]
        self.is_behind = True

    # -- blocks of a neighbour's chain --------------------------------------------------------------------------

    def on_blocks(self, peer: Hash, frame: Blocks) -> None:
        """Blocks that were asked for: from the first that this node does not have, their bodies are verified.

        Raises:
            RemoteProtocolError: a header is malformed.
        """
        if self._answer is not None:
            return
        if not frame.blocks:
            # A chain of a higher rank may be the shorter one: it has to be compared from the executed block on.
            self._known_height = 0
        blocks = [(Header.decode(one.header), one) for one in frame.blocks if one.entries]
        while blocks and self._has(blocks[0][0]):
            # They may be certified by a block further on only; so the next question goes on from there.
            self._known_height = blocks.pop(0)[0].height
        if not blocks:
            return
        submissions = tuple(entry for _, one in blocks for entry in one.entries[1:])
        self._answer = (self._verify(submissions), _Answer(peer, tuple(blocks)))

    @property
    def first_wanted(self) -> int:
        """From which height on to ask a neighbour that is ahead."""
        return max(self._known_height, self._chain.executed_height) + 1

    def _has(self, header: Header) -> bool:
        if header.height <= self._chain.executed_height:
            return True
        tip = self._chain.tip_at(header.height)
        return tip is not None and tip.hash == header.hash

    def on_verified(self, ticket: int, results: Sequence[Transaction | None]) -> list[BuiltBlock]:
        """Blocks that may be appended in place of this node's own from the first one's height on; may be empty.

        Raises:
            RemoteProtocolError: a neighbour sent an invalid block.
        """
        block_hash = self._fetched.pop(ticket, None)
        if block_hash is not None:
            pending = self._pending.get(block_hash)
            if pending is not None:
                pending.bodies.update((one.leaf_hash, one) for one in results if one is not None)
                if any(one is None for one in results):
                    # The leaf hash was right, so the block itself names something malformed or badly signed.
                    del self._pending[block_hash]
            return []
        if self._answer is None or self._answer[0] != ticket:
            return []
        _, answer = self._answer
        self._answer = None
        return self._branch(answer, results)

    def _branch(self, answer: _Answer, results: Sequence[Transaction | None]) -> list[BuiltBlock]:
        built: list[BuiltBlock] = []
        parent: Tip | None = None
        at = 0
        for header, carried in answer.blocks:
            bodies = results[at : at + len(carried.entries) - 1]
            at += len(bodies)
            if not built and self._has(header):
                # It came as a proposal while these were verified; replacing it by itself would undo what was signed.
                continue
            parent = built[-1].tip if built else self._chain.tip_at(header.height - 1)
            if parent is None or parent.hash != header.previous_hash:
                # The chain moved on, or the neighbour's differs further below: the next question begins there.
                self._known_height = 0
                break
            transactions = tuple(one for one in bodies if one is not None)
            if len(transactions) != len(bodies):
                self._courier.blame(answer.peer)
                raise InvalidBlockError(
                    "block {height} holds a transaction that is malformed or badly signed", height=header.height
                )
            proposed = ProposedBlock(
                header,
                carried.header,
                carried.signature,
                carried.election_certificate,
                carried.entries[0],
                transactions,
            )
            try:
                built.append(self._judged(proposed, parent, built))
            except BlockNotReadyError:
                break
        newest = built[-1].header if built else None
        if newest is None or (newest.term, newest.height) <= (self._chain.tip.term, self._chain.tip.height):
            return []
        return built

    def _judged(self, proposed: ProposedBlock, parent: Tip, branch: Sequence[BuiltBlock]) -> BuiltBlock:
        """The block, judged on the chain below it: this node's up to the branch, then the branch."""
        first = branch[0].header.height if branch else proposed.header.height
        below = [block for block in self._chain.blocks if block.header.height < first]

        def is_used(transactions: Sequence[Transaction]) -> bool:
            return self._intake.is_used(transactions, [*below, *branch], proposed.header.time_ms)

        return self._judge.judge(proposed, parent, is_used)
