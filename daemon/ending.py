"""How a node comes to its end: it finishes what it proposed, and what others need of it. Pure.

Owns the way from being told to stop to having stopped, and the wish to be stopped of a node whose program is too old
for what comes. Never ends a process: the shell does. Source: docs/protocol.md, section 6, "Changing voters", and
section 5, "Versions of the protocol".
"""

from daemon.chain import Chain
from daemon.effects import Effect, OutOfDate, Stopped
from daemon.intake import Intake
from daemon.keeping import Keeping
from daemon.leading import Leading
from daemon.outgoing import Writer
from daemon.protocol_in_force import ProtocolInForce
from daemon.voters_in_force import VotersInForce
from ledger.hashing import Hash

# How long a node that was removed stays up for the others to hear of it, when it is told to stop.
HANDING_OUT_MS_MAX = 30_000


class Ending:
    """One node's end; all arguments are parts of that node."""

    def __init__(
        self,
        node_id: Hash,
        chain: Chain,
        intake: Intake,
        voters: VotersInForce,
        protocol: ProtocolInForce,
        leading: Leading,
        writer: Writer,
        keeping: Keeping,
    ) -> None:
        self._node_id = node_id
        self._chain = chain
        self._intake = intake
        self._voters = voters
        self._protocol = protocol
        self._leading = leading
        self._writer = writer
        self._keeping = keeping
        self.is_begun = False
        self._hands_out_until_ms = 0
        self._is_outdated = False
        self._is_over = False

    def begin(self, elapsed_ms: int) -> None:
        """The node is told to stop."""
        self.is_begun = True
        self._hands_out_until_ms = elapsed_ms + HANDING_OUT_MS_MAX

    def follow(self, elapsed_ms: int) -> list[Effect]:
        """What is to be told at the end of a step: that the node wants to be stopped, and that it has."""
        told: list[Effect] = []
        if not self._is_outdated:
            reason = self._protocol.due_end(elapsed_ms)
            if reason is not None:
                self._is_outdated = True
                told.append(OutOfDate(reason))
        if self.is_begun and not self._is_over and self._is_idle(elapsed_ms):
            self._is_over = True
            told.append(Stopped())
        return told

    def _is_idle(self, elapsed_ms: int) -> bool:
        leads = self._leading.is_active and not self._is_outdated
        if leads and (self._intake.ready_count or self._chain.unexecuted_count):
            return False
        if elapsed_ms < self._hands_out_until_ms and self._voters.is_needed(self._node_id):
            return False
        return not len(self._writer) and not len(self._keeping)
