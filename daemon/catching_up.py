"""Blocks that neighbours sent because they were asked for: verified, joined to this node's chain, judged. Pure.

Owns answers between their coming and their place in the chain, in order; never asks (`p2p.sync` does) and never stores.
An answer alone may not be enough to take the place of this node's own uncommitted blocks, whose rank it must exceed:
then it waits for the next one. Where a change of voters below a block has to be executed first, it waits for that.

Bounds: `p2p.sync.ANSWERS_MAX` answers, each of less than a frame.
Source: docs/protocol.md, section 6, "Conflict" and "Commit".
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from consensus.certificates import BlockCertificate
from daemon.block_builder import BuiltBlock
from daemon.block_judge import BlockNotReadyError, ProposedBlock
from daemon.chain import Chain
from daemon.courier import Courier
from daemon.following import Following, VerifyCall
from ledger.block import Header
from ledger.errors import InvalidBlockError, RemoteProtocolError
from ledger.hashing import Hash
from ledger.transaction import Transaction
from p2p.frames import CarriedBlock
from p2p.sync import ANSWERS_MAX, BlocksCame, Failure


@dataclass(slots=True)
class _Answer:
    """Blocks of a neighbour, in order; `transactions` are theirs once they are verified."""

    peer: Hash
    blocks: tuple[tuple[Header, CarriedBlock], ...]
    ticket: int
    transactions: Sequence[Transaction | None] | None = None

    @property
    def last_height(self) -> int:
        return self.blocks[-1][0].height

    def proposed(self) -> Iterator[tuple[ProposedBlock | None, CarriedBlock]]:
        """Each block with its transactions; None for one with a transaction that is malformed or badly signed."""
        assert self.transactions is not None, "asked only when they are verified"
        at = 0
        for header, carried in self.blocks:
            found = self.transactions[at : at + len(carried.entries) - 1]
            at += len(found)
            transactions = tuple(one for one in found if one is not None)
            yield (
                ProposedBlock(
                    header,
                    carried.header,
                    carried.signature,
                    carried.election_certificate,
                    carried.entries[0],
                    transactions,
                )
                if len(transactions) == len(found)
                else None,
                carried,
            )


@dataclass(frozen=True, slots=True)
class Branch:
    """Blocks to append, in place of this node's own from the first one's height on; `certificates` commit some."""

    blocks: list[BuiltBlock]
    certificates: tuple[BlockCertificate, ...] = ()


class _UnusableError(Exception):
    """Blocks of a neighbour cannot be used; `error` is for operators."""

    def __init__(self, peer: Hash, failure: Failure, error: RemoteProtocolError | None) -> None:
        super().__init__()
        self.peer = peer
        self.failure = failure
        self.error = error


class CatchingUp:
    """What a node does with blocks that it asked for."""

    def __init__(self, chain: Chain, following: Following, courier: Courier, verify: VerifyCall) -> None:
        self._chain = chain
        self._following = following
        self._courier = courier
        self._verify = verify
        self._answers: deque[_Answer] = deque()
        # How things stood when the answers were tried last: they are tried again when something changed.
        self._tried: tuple[Hash, int] | None = None

    def __len__(self) -> int:
        """Answers that wait."""
        return len(self._answers)

    def take(self, came: BlocksCame, now_ms: int) -> BlockCertificate | None:
        """Verify what blocks hold; for an answer without entries, the certificate that was asked for.

        Raises:
            RemoteProtocolError: a header or certificate is malformed, or out of place; the neighbour is blamed.
        """
        try:
            blocks = tuple((Header.decode(one.header), one) for one in came.blocks)
            certificates = [BlockCertificate.decode(one.certificate) for one in came.blocks if one.certificate]
            if [header.height for header, _ in blocks] != list(range(came.first_height, came.last_height + 1)):
                raise InvalidBlockError("blocks from {height} on were asked for", height=came.first_height)
        except RemoteProtocolError:
            self._answers.clear()
            self._courier.blocks_failed(came.peer, Failure.INVALID, now_ms)
            raise
        if not came.with_entries:
            found = useful(certificates, self._chain.tip.height)
            return found[-1] if found else None
        follows = self._answers and came.first_height == self._answers[-1].last_height + 1
        if not follows or len(self._answers) >= ANSWERS_MAX:
            # They were given up, and are asked for anew.
            self._answers.clear()
        ticket = self._verify(tuple(entry for _, one in blocks for entry in one.entries[1:]))
        self._answers.append(_Answer(came.peer, blocks, ticket))
        return None

    def on_verified(self, ticket: int, transactions: Sequence[Transaction | None]) -> bool:
        """Whether these were transactions of an answer."""
        for answer in self._answers:
            if answer.ticket == ticket:
                answer.transactions = transactions
                self._tried = None
                return True
        return False

    def next_branch(self, now_ms: int) -> Branch | None:
        """Blocks that may be appended now; to be appended before asking again.

        Raises:
            RemoteProtocolError: a neighbour sent an invalid block; it is blamed.
        """
        if not self._answers:
            return None
        known = useful(self._forget_known(now_ms), self._chain.tip.height)
        if known:
            return Branch([], known)
        stands = (self._chain.tip.hash, self._chain.executed_height)
        if stands == self._tried:
            return None
        self._tried = stands
        try:
            return self._branch()
        except _UnusableError as unusable:
            self._answers.clear()
            self._courier.blocks_failed(unusable.peer, unusable.failure, now_ms)
            if unusable.error is not None:
                raise unusable.error from None
            return None

    def _forget_known(self, now_ms: int) -> list[BlockCertificate]:
        """Let go of answers that are part of the chain by now; a barrier may wait for what certifies it in them."""
        certificates: list[BlockCertificate] = []
        while self._answers and all(self._has(header) for header, _ in self._answers[0].blocks):
            for _, carried in self._answers[0].blocks:
                certificates += _certificate_above(carried, self._chain.executed_height)
            self._courier.blocks_stored(self._answers.popleft().last_height, now_ms)
        return certificates

    def _branch(self) -> Branch | None:
        """The shortest run of answers whose last block ranks above this node's newest."""
        branch = Branch([])
        for answer in self._answers:
            if answer.transactions is None:
                break
            branch, is_whole = self._extended(branch, answer)
            if branch.blocks:
                newest = branch.blocks[-1].header
                if (newest.term, newest.height) > (self._chain.tip.term, self._chain.tip.height):
                    return branch
            if not is_whole:
                return branch if branch.certificates and not branch.blocks else None
        return None

    def _extended(self, branch: Branch, answer: _Answer) -> tuple[Branch, bool]:
        """The branch with the blocks of one more answer, and whether all of them could be judged."""
        built, certificates = list(branch.blocks), list(branch.certificates)
        for (header, _), (proposed, carried) in zip(answer.blocks, answer.proposed(), strict=True):
            if not built and self._has(header):
                # Replacing it by itself would undo what was signed. But it may be a barrier that waits to be committed.
                certificates += _certificate_above(carried, self._chain.executed_height)
                continue
            parent = built[-1].tip if built else self._chain.tip_at(header.height - 1)
            if parent is None or parent.hash != header.previous_hash:
                raise _UnusableError(answer.peer, Failure.NOT_CONNECTED, None)
            try:
                # What transactions of a version look like that it does not know, a program cannot tell.
                self._following.check_version(header, parent)
                if proposed is None:
                    raise InvalidBlockError(
                        "block {height} holds a transaction that is malformed or badly signed", height=header.height
                    )
                built.append(self._following.judged(proposed, parent, built))
            except BlockNotReadyError:
                if not built and not certificates:
                    # Only the barrier's own certificate lets this node go on: to be asked for with the block itself.
                    raise _UnusableError(answer.peer, Failure.NOT_CONNECTED, None) from None
                return self._made(built, certificates), False
            except RemoteProtocolError as error:
                raise _UnusableError(answer.peer, Failure.INVALID, error) from None
            certificates += _certificate_above(carried, self._chain.executed_height)
        return self._made(built, certificates), True

    def _made(self, built: list[BuiltBlock], certificates: list[BlockCertificate]) -> Branch:
        newest = built[-1].header.height if built else self._chain.tip.height
        return Branch(built, useful(certificates, newest))

    def _has(self, header: Header) -> bool:
        if header.height <= self._chain.executed_height:
            return True
        tip = self._chain.tip_at(header.height)
        return tip is not None and tip.hash == header.hash


def _certificate_above(carried: CarriedBlock, height: int) -> list[BlockCertificate]:
    """The certificate that came with a block, if it commits anything that is not executed here."""
    certificate = BlockCertificate.decode(carried.certificate) if carried.certificate else None
    return [certificate] if certificate is not None and certificate.height > height else []


def useful(certificates: Sequence[BlockCertificate], height: int) -> tuple[BlockCertificate, ...]:
    """The lowest and the highest one that commit something up to `height`; of those beyond, the last, if there is none.

    What a block carries certifies it or a block above it. With the lowest, a node that hands these blocks on later has
    no longer a way from one certificate to the next than the neighbour it got them from; so it does not grow from node
    to node, and with it the blocks that somebody who catches up has to hold until they are committed.
    """
    within = [one for one in certificates if one.height <= height]
    if not within:
        return tuple(certificates[-1:])
    lowest, highest = (choose(within, key=lambda one: one.height) for choose in (min, max))
    return (lowest,) if lowest.height == highest.height else (lowest, highest)
