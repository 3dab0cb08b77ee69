"""What must hold in a cluster of cores whatever happens: each check is asked at the moment when it can be broken.

Apart from the cluster, so that nothing that runs it can soften them. Source: Ongaro and Ousterhout 2014, figure 3
(election safety, leader completeness, state machine safety), and docs/protocol.md, section 6.
"""

from typing import TYPE_CHECKING

from consensus.certificates import BlockCertificate, ElectionCertificate
from consensus.effects import KeepTerm, ReadConfirmed
from consensus.evidence import Evidence
from consensus.messages import Acknowledgement, HeartbeatAnswer, PreVote, PreVoteRequest, Vote, VoteRequest
from consensus.packets import Packet
from consensus.statement import Position
from consensus.term_certificates import verify_term_certificate
from consensus.voters import TWO_THIRDS, VoterSet

if TYPE_CHECKING:
    from tests.consensus.cluster import Cluster, Host


class Checks:
    """What was seen, and the comparisons with it."""

    def __init__(self, cluster: "Cluster") -> None:
        self._cluster = cluster
        # Committed by anybody, by height.
        self.committed: dict[int, Position] = {}
        self.leaders: dict[int, Host] = {}
        self.caught: list[Evidence] = []
        # What had been committed when a question was asked.
        self.asked: dict[bytes, int] = {}

    def leader(self, term: int, host: "Host", certificate: ElectionCertificate) -> None:
        """Raft's election safety: one leader a term, in one run of it, elected by a quorum of the set in force."""
        before = self.leaders.setdefault(term, host)
        assert before is host, f"term {term} has two leaders, {before.number} and {host.number}"
        assert host.led_term < term, f"{host.number} leads term {term} again"
        assert host.disk.term == term, f"{host.number} leads term {term} and may forget it"
        voters = host.disk.executed_sets[-1]
        certificate.verify(voters, self._cluster.network_id)
        self._decides(len(certificate.votes), voters)
        # Leader completeness: what earlier leaders committed is in the chain of each later one.
        newest = max((one for one in self.committed.values() if one.term < term), default=None)
        if newest is not None:
            chain = host.disk.chain
            has_it = len(chain) >= newest.height and chain[newest.height - 1].position == newest
            assert has_it, f"{host.number} leads term {term} without the committed {newest}"

    def commit(self, host: "Host", certificate: BlockCertificate) -> None:
        """Raft's state machine safety, and that the certificate is a quorum's of the set in force at its place.

        A block that opens a term above a change of voters may have been proposed by who did not know yet that the
        change was committed: it is certified by the set before.
        """
        top, sets = host.disk.chain[certificate.height - 1], host.disk.executed_sets
        assert top.position == Position(certificate.term, certificate.height, certificate.block_hash)
        in_force = sets[-1]
        if top.link.voter_set_hash != in_force.hash:
            assert top.election is not None, "only opening blocks may follow a change before it is committed"
            in_force = sets[-2]
        certificate.verify(in_force, self._cluster.network_id)
        self._decides(len(certificate.signatures), in_force)
        assert in_force.key_of(top.proposer) is not None, "only voters propose"
        for block in host.disk.chain[host.disk.committed_height : certificate.height]:
            position = block.position
            before = self.committed.setdefault(position.height, position)
            assert before == position, f"height {position.height} was committed twice: {before} and {position}"

    @staticmethod
    def _decides(count: int, voters: VoterSet) -> None:
        """Counted here once more: any two such quorums share a voter, or more than a third of them."""
        share = 2 / 3 if voters.quorum == TWO_THIRDS else 1 / 2
        assert count > share * len(voters.voters), f"{count} of {len(voters.voters)} voters decide nothing"

    def keep_term(self, effect: KeepTerm) -> None:
        """Nobody raises a term without a quorum that said so."""
        certificate = effect.certificate
        assert certificate.term == effect.term, "the certificate is of another term"
        verify_term_certificate(certificate, self._cluster.sets, self._cluster.network_id)

    def send(self, host: "Host", packet: Packet) -> None:
        """Section 6: durable before anything that depends on it is sent."""
        told, disk = packet.statement, host.disk
        who = f"{host.number} says {told}, its disk has term {disk.term}"
        match told:
            case Vote():
                assert (disk.term, disk.voted_for) == (told.term, told.candidate), who
                assert disk.tip == Position(told.last_term, told.last_height, told.last_hash), who
            case VoteRequest():
                assert (disk.term, disk.voted_for) == (told.term, told.candidate), who
            case PreVoteRequest() | PreVote():
                assert disk.term < told.term, who
            case HeartbeatAnswer():
                assert disk.term == told.term, who
            case Acknowledgement():
                position = Position(told.term, told.height, told.block_hash)
                assert disk.term == told.term, who
                assert len(disk.chain) >= told.height and disk.chain[told.height - 1].position == position, who
                assert disk.acknowledged.rank >= position.rank, who
            case _:
                pass

    def propose(self, host: "Host", position: Position) -> None:
        """S2: a proposal leaves when its block is durable, and that it was signed."""
        disk = host.disk
        who = f"{host.number} proposes {position}"
        assert disk.term == position.term and disk.acknowledged.rank >= position.rank, who
        assert disk.chain[position.height - 1].position == position, who

    def ask(self, question: bytes) -> None:
        """Remember what was committed when the question was asked."""
        self.asked[question] = max(self.committed, default=0)

    def read(self, host: "Host", read: ReadConfirmed) -> None:
        """Linearizable: nothing that was committed anywhere before the question is missed."""
        needed = self.asked[read.question]
        assert read.height >= needed, f"{host.number} answers {read.height}, {needed} was committed when it was asked"
        assert read.height <= host.disk.committed_height, "what is answered is committed here"

    def evidence(self) -> None:
        """Nobody lied here, whatever crashed: an honest voter never produces evidence."""
        assert not self.caught, self.caught
