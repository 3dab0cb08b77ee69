"""What one lying voter can do to a plain majority (docs/protocol.md, section 1), and what it leaves behind."""

from typing import Any

from consensus.events import Heard
from consensus.evidence import Offence
from consensus.messages import Acknowledgement, PreVote, PreVoteRequest, Vote, VoteRequest
from consensus.packets import Packet
from consensus.statement import Statement
from tests.consensus.cluster import NETWORK, Block, Cluster, Host, Message


class Liar:
    """The third of three voters: it grants, votes and acknowledges whatever it is asked, on both sides of a cut."""

    def __init__(self, cluster: Cluster, host: Host) -> None:
        self._cluster = cluster
        self._host = host
        self.said: list[Packet] = []
        host.crash()

    def answer(self, sender: Host, message: Message) -> None:
        """Say yes, to its sender alone."""
        told = message.statement if isinstance(message, Packet) else message
        voters = self._cluster.first_voters.hash
        match told:
            case PreVoteRequest():
                self._say(sender, PreVote(NETWORK, voters, told.term, told.asker, told.round, self._host.id))
            case VoteRequest():
                last = (told.last_term, told.last_height, told.last_hash)
                self._say(sender, Vote(NETWORK, voters, told.term, told.candidate, self._host.id, *last))
            case Block(link):
                term, height, block_hash = link.position
                place = (term, height, block_hash, link.previous_hash)
                self._say(sender, Acknowledgement(NETWORK, voters, *place, self._host.id))
            case _:
                pass

    def _say(self, receiver: Host, statement: Statement) -> None:
        packet = Packet(statement, statement.sign(self._host.keys.agreement))
        self.said.append(packet)
        self._cluster.network.append((self._host, receiver, packet))


def _run(cluster: Cluster, liar: Liar, duration_ms: int) -> None:
    end_ms = cluster.now_ms + duration_ms
    while cluster.now_ms < end_ms:
        cluster.tick()
        while cluster.network or any(host.writes for host in cluster.hosts):
            for host in cluster.hosts:
                host.complete_write()
            if cluster.network:
                sender, receiver, message = cluster.network[0]
                if receiver.core is None:
                    liar.answer(sender, message)
                cluster.deliver(0)


def test_two_majorities_that_share_the_liar_alone_fork_and_name_it() -> None:
    cluster = Cluster(3)
    checks: Any = cluster.checks
    # What honest voters never let happen does happen here.
    checks.leader = checks.commit = lambda *_: None
    one, other, lying = cluster.hosts
    liar = Liar(cluster, lying)
    cluster.cut = {(0, 1), (1, 0)}
    _run(cluster, liar, 5_000)
    assert one.disk.committed_height >= 1 and other.disk.committed_height >= 1
    assert one.disk.chain[0].position != other.disk.chain[0].position, "a fork"
    assert not checks.caught
    for packet in liar.said:
        for host in (one, other):
            host.step(Heard(packet))
    assert {evidence.node_id for evidence in checks.caught} == {lying.id}
    assert Offence.VOTES in {evidence.offence for evidence in checks.caught}
