"""Counting acknowledgements until they are a certificate.

Owns who acknowledged what above the committed height, also of blocks that this node does not have yet; never whether
a signature is valid (it is told) nor whether the block may be committed by counting (the core asks the terms).
Bounded: for each voter the newest `EARLY_MAX` acknowledgements of blocks not known yet, and the blocks of the branch.
Source: docs/protocol.md, section 6, "Commit"; Raft 5.3 and 5.4.2.
"""

from collections import OrderedDict

from consensus.branch import Branch
from consensus.certificates import BlockCertificate
from consensus.messages import Acknowledgement
from consensus.statement import Position, SignedMessage
from consensus.voters import VOTERS_MAX, VoterSet
from ledger.hashing import Hash

# Two windows: what a voter can acknowledge while its blocks are still on their way to this node.
EARLY_MAX = 16


class Tally:
    """Acknowledgements with valid signatures, by block."""

    __slots__ = ("_counted", "_early")

    def __init__(self) -> None:
        self._counted: dict[Position, dict[Hash, bytes]] = {}
        self._early: OrderedDict[Hash, OrderedDict[tuple[int, int], tuple[Acknowledgement, SignedMessage]]] = (
            OrderedDict()
        )

    def has(self, position: Position, voter: Hash) -> bool:
        """Whether this voter's acknowledgement is counted already."""
        return voter in self._counted.get(position, ())

    def count(self, told: Acknowledgement, signature: bytes, voters: VoterSet) -> BlockCertificate | None:
        """Count one of a block in this node's branch; the certificate as soon as there is a quorum."""
        position = Position(told.term, told.height, told.block_hash)
        signatures = self._counted.setdefault(position, {})
        signatures[told.voter] = signature
        if len(signatures) < voters.quorum_size:
            return None
        return BlockCertificate.of(told, signatures.items())

    def keep_early(self, told: Acknowledgement, signed: SignedMessage) -> None:
        """Remember one of a block that is not here yet; it pushes out older ones of the same voter only."""
        of_voter = self._early.get(told.voter)
        if of_voter is None:
            of_voter = self._early[told.voter] = OrderedDict()
            if len(self._early) > 2 * VOTERS_MAX:
                self._early.popitem(last=False)
        of_voter[(told.term, told.height)] = (told, signed)
        if len(of_voter) > EARLY_MAX:
            of_voter.popitem(last=False)

    def take_early(self, position: Position) -> list[tuple[Acknowledgement, SignedMessage]]:
        """What was remembered of this block, now that it is here; each once."""
        found = []
        for of_voter in self._early.values():
            entry = of_voter.get(position.rank)
            if entry is not None and entry[0].block_hash == position.hash:
                found.append(of_voter.pop(position.rank))
        return found

    def forget_replaced(self, branch: Branch) -> None:
        """Blocks were replaced: what was counted of them helps nobody any more."""
        for position in [one for one in self._counted if one not in branch]:
            del self._counted[position]

    def forget(self, height: int) -> None:
        """Everything up to the committed `height` is decided."""
        for position in [one for one in self._counted if one.height <= height]:
            del self._counted[position]
        for of_voter in self._early.values():
            for rank in [one for one in of_voter if one[1] <= height]:
                del of_voter[rank]
