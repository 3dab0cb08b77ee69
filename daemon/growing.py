"""How a node's chain grows by blocks of others: judged ones are appended, in place of uncommitted ones where they rank
higher. Pure.

Owns the step from a judged block to chain, pool and write; never judges one (`daemon.block_judge`) and never decides
what is committed (agreement does). Bounds: two windows of blocks and `WRITES_MAX` writes that are not durable yet.
Source: docs/protocol.md, section 6, "Conflict".
"""

from collections.abc import Callable

from consensus.certificates import ElectionCertificate
from consensus.events import CertificateHeard, TermCertificateHeard
from consensus.events import Event as AgreementEvent
from daemon.acceptance import Acceptance
from daemon.block_builder import BuiltBlock
from daemon.chain import Chain
from daemon.exchange import Exchange
from daemon.hearing import Report
from daemon.intake import Intake
from daemon.outgoing import Writer
from ledger.errors import RemoteProtocolError

# Writes under way beyond which no further blocks of others are taken: two windows, so a slow disk bounds what waits.
WRITES_MAX = 16


class Growing:
    """One node's chain as others make it longer.

    Args:
        chain, intake, acceptance, writer, exchange: The node's.
        blocks_max: Two windows (genesis parameter): blocks that are not durable yet.
        agree: Lets agreement hear of something.
        write: Hands out what was gathered for the disk so far.
        report: Tells operators of a broken rule.
    """

    def __init__(
        self,
        chain: Chain,
        intake: Intake,
        acceptance: Acceptance,
        writer: Writer,
        exchange: Exchange,
        blocks_max: int,
        agree: Callable[[AgreementEvent], None],
        write: Callable[[], None],
        report: Report,
    ) -> None:
        self._chain = chain
        self._intake = intake
        self._acceptance = acceptance
        self._writer = writer
        self._exchange = exchange
        self._blocks_max = blocks_max
        self._agree = agree
        self._write = write
        self._report = report

    def follow(self, elapsed_ms: int) -> None:
        """Append blocks of others that are complete by now, unless the disk lags behind."""
        if not self._exchange.looks_for_work():
            return
        for heard in self._exchange.take_answers():
            self._agree(heard)
        for _ in range(self._blocks_max):
            # One write may hold as many blocks as a neighbour sent at a time.
            if len(self._writer) >= WRITES_MAX or self._writer.unstored_blocks >= self._blocks_max:
                return
            try:
                branch = self._exchange.next_branch()
            except RemoteProtocolError as error:
                self._report(error)
                continue
            if branch is None:
                return
            if branch.blocks:
                self._replace(branch.blocks, elapsed_ms)
            for certificate in branch.certificates:
                if not self._writer.add_certificate(certificate):
                    self._agree(CertificateHeard(certificate))

    def _replace(self, blocks: list[BuiltBlock], elapsed_ms: int) -> None:
        """Append judged blocks, in place of uncommitted ones."""
        first = blocks[0].header.height
        if first <= self._chain.tip.height:
            # One durable step of its own: what was gathered before is written before.
            self._write()
            dropped = self._chain.drop_from(first)
            self._writer.outgoing.drop_from = first
            self._acceptance.replaced_from(first)
            self._intake.dropped(dropped, elapsed_ms)
        for block in blocks:
            self._chain.append(block)
            self._writer.outgoing.blocks.append(block)
            arrived = self._intake.appended(block)
            self._writer.outgoing.add_detached(arrived.values)
            self._exchange.appended(arrived.strangers)
            if block.stored.header.election_certificate:
                election = ElectionCertificate.decode(block.stored.header.election_certificate)
                self._agree(TermCertificateHeard(election))
