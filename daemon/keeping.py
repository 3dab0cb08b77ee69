"""What this node signed, on its way beside the seed: each state before what depends on it. Pure.

Owns the newest sign-state, the tickets of its saves and what is told agreement once one is kept; never signs anything.
Bounded by the window: acknowledgements and checkpoints under way. Source: docs/protocol.md, section 3, "Sign-state".
"""

from collections import deque

from consensus.agreement import Agreement
from consensus.effects import KeepTerm, KeepVote
from consensus.events import AcknowledgementKept, Event, TermKept, VoteKept
from consensus.statement import Position
from consensus.term_certificates import encode_term_certificate
from daemon.effects import SaveSignState
from daemon.outgoing import SignedCheckpoint
from daemon.sign_state import SignState


class Keeping:
    """The sign-state as of the last step; saves are reported in the order in which they were asked for."""

    def __init__(self, state: SignState) -> None:
        self.state = state
        self._ticket = 0
        self._unkept: deque[tuple[int, Event | SignedCheckpoint]] = deque()

    def __len__(self) -> int:
        """Saves that were asked for and not reported."""
        return len(self._unkept)

    def term(self, wanted: KeepTerm) -> SaveSignState:
        """A later term, with its certificate and the vote given with it."""
        state = self.state.with_term(wanted.term, wanted.voted_for)
        return self._keep(state, TermKept(wanted.term), encode_term_certificate(wanted.certificate))

    def catch_up(self, agreement: Agreement) -> list[SaveSignState]:
        """At a start: the term that the chain proves, where the sign-state is of an earlier one. Nothing may be signed
        in a term that the sign-state does not know.

        To be asked after agreement has begun, which keeps the term of a certificate that came to disk without it.
        """
        certificate = agreement.term_certificate
        if agreement.term <= self.state.term or certificate is None:
            return []
        return [self.term(KeepTerm(agreement.term, certificate, agreement.voted_for))]

    def vote(self, wanted: KeepVote) -> SaveSignState:
        """The vote of the running term."""
        return self._keep(self.state.with_vote(wanted.term, wanted.candidate), VoteKept(wanted.term))

    def acknowledgement(self, position: Position, is_own_proposal: bool) -> SaveSignState:
        """A block of the running term; a leader's proposal and acknowledgement leave together, so one record."""
        state = self.state.with_proposal(*position) if is_own_proposal else self.state
        return self._keep(state.with_acknowledgement(*position), AcknowledgementKept(position))

    def checkpoint(self, signed: SignedCheckpoint, root: bytes) -> SaveSignState:
        """A checkpoint that was cosigned."""
        return self._keep(self.state.with_cosignature(signed.tree_size, root), signed)

    def saved(self, ticket: int) -> list[Event | SignedCheckpoint]:
        """The saves up to `ticket` are kept: what follows from those that were not reported before."""
        kept = []
        while self._unkept and self._unkept[0][0] <= ticket:
            kept.append(self._unkept.popleft()[1])
        return kept

    def _keep(self, state: SignState, then: Event | SignedCheckpoint, term_certificate: bytes = b"") -> SaveSignState:
        flush = state.needs_flush_after(self.state)
        self.state = state
        self._ticket += 1
        self._unkept.append((self._ticket, then))
        return SaveSignState(self._ticket, state, flush, term_certificate)
