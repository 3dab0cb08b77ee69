"""Does this evidence prove what it says? Checked anew by everybody who hears of it. Pure.

Owns the four proofs of docs/protocol.md, section 7, and the memory of what was proven; never believes the name of an
offence. Two signatures of one key that contradict each other are all there is to it: no honest node makes them.
Bounds: `PROVEN_MAX` proofs, one for each offence, node and term.
"""

from collections import OrderedDict

from consensus.evidence import Evidence, Offence
from consensus.messages import Acknowledgement, Vote
from consensus.statement import Statement, verify_statement
from daemon.voters_in_force import VotersInForce
from ledger.block import Header
from ledger.errors import RemoteProtocolError
from ledger.hashing import Hash

# A network with so many is not one that evidence can help.
PROVEN_MAX = 256


class EvidenceJudge:
    """What was proven against whom, on one node."""

    def __init__(self, network_id: Hash, voters: VotersInForce) -> None:
        self._network_id = network_id
        self._voters = voters
        self._proven: OrderedDict[tuple[Offence, Hash, int], Evidence] = OrderedDict()

    @property
    def proven(self) -> tuple[Evidence, ...]:
        """Everything that was proven, oldest first."""
        return tuple(self._proven.values())

    def is_known(self, evidence: Evidence) -> bool:
        """Whether the same offence of the same node in the same term was proven before."""
        return _about(evidence) in self._proven

    def remember(self, evidence: Evidence) -> bool:
        """Keep what this node saw itself or found proven; whether it is news."""
        if self.is_known(evidence):
            return False
        self._proven[_about(evidence)] = evidence
        if len(self._proven) > PROVEN_MAX:
            self._proven.popitem(last=False)
        return True

    def is_proof(self, evidence: Evidence) -> bool:
        """Whether both messages are signed by the accused, a voter, and contradict each other as they are said to."""
        try:
            match evidence.offence:
                case Offence.PROPOSALS:
                    return self._are_two_proposals(evidence)
                case Offence.ACKNOWLEDGEMENTS:
                    return self._are_two_acknowledgements(evidence)
                case Offence.VOTES:
                    return self._are_two_votes(evidence)
                case Offence.FORGOTTEN:
                    return self._is_forgotten(evidence)
        except RemoteProtocolError:
            return False

    def _are_two_proposals(self, evidence: Evidence) -> bool:
        first, second = Header.decode(evidence.first.message), Header.decode(evidence.second.message)
        pairs = ((first, evidence.first.signature), (second, evidence.second.signature))
        return (
            all(one.network_id == self._network_id and one.proposer == evidence.node_id for one, _ in pairs)
            and (first.term, first.height) == (second.term, second.height)
            and first.term == evidence.term
            and first.hash != second.hash
            and all(self._voters.is_proposed_by_voter(one, signature) for one, signature in pairs)
        )

    def _are_two_acknowledgements(self, evidence: Evidence) -> bool:
        first = Acknowledgement.decode(evidence.first.message)
        second = Acknowledgement.decode(evidence.second.message)
        return (
            self._signed_both(evidence, first.voter, first, second.voter, second)
            and (first.term, first.height) == (second.term, second.height)
            and first.term == evidence.term
            and first.block_hash != second.block_hash
        )

    def _are_two_votes(self, evidence: Evidence) -> bool:
        first, second = Vote.decode(evidence.first.message), Vote.decode(evidence.second.message)
        return (
            self._signed_both(evidence, first.voter, first, second.voter, second)
            and first.term == second.term == evidence.term
            and first.candidate != second.candidate
        )

    def _is_forgotten(self, evidence: Evidence) -> bool:
        acknowledged, vote = Acknowledgement.decode(evidence.first.message), Vote.decode(evidence.second.message)
        return (
            self._signed_both(evidence, acknowledged.voter, acknowledged, vote.voter, vote)
            and acknowledged.term < vote.term == evidence.term
            and (vote.last_term, vote.last_height) < (acknowledged.term, acknowledged.height)
        )

    def _signed_both(
        self, evidence: Evidence, signer: Hash, first: Statement, other_signer: Hash, second: Statement
    ) -> bool:
        key = self._voters.key_of(evidence.node_id)
        if key is None or not signer == other_signer == evidence.node_id:
            return False
        return all(
            one.network_id == self._network_id and verify_statement(type(one), signed, key)
            for one, signed in ((first, evidence.first), (second, evidence.second))
        )


def _about(evidence: Evidence) -> tuple[Offence, Hash, int]:
    return (evidence.offence, evidence.node_id, evidence.term)
