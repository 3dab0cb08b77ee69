"""A whole node and a neighbour that lies: whatever it sends, the others go on, hold the same and end nowhere.

An input is a canonical list. A byte string in it is a frame that the liar sends to one node; an integer lets so many
tenths of a second pass. The first item says for how long the network ran before. What the liar could sign is signed
anew with its own key after the change (its statements, its headers, transactions with a member's key), so that the
changes get past the signatures. One of four voters lies, which the rules bear: at the end the others, without it, must
take another transaction into their ledger.
"""

from dataclasses import replace
from typing import Any

from consensus.evidence import Evidence, Offence
from consensus.messages import _SIGNERS as SIGNERS
from consensus.messages import Acknowledgement
from consensus.packets import Packet
from consensus.statement import Statement
from daemon.events import Received
from daemon.proposal import Proposal
from ledger.block import sign_header
from ledger.encoding import Value, decode, encode
from ledger.errors import BanyanError
from ledger.hashing import domain
from ledger.signing import SCHEME_ED25519
from ledger.transaction import decode_envelope
from p2p.batching import decode_batch, encode_batch
from p2p.frame import Frame
from p2p.frames import Gossip, PayloadKind, Transactions, decode_frame, encode_frame
from tests.daemon.networks import administrator_key
from tests.daemon.node_cluster import NodeCluster
from tests.fuzz.recorded import HONEST, LIAR, VOTERS, recorded
from tests.fuzz.target import Target

FRAMES_MAX = 48
TENTHS_MAX = 60
# Time without a leader, and an election or two by random timeouts.
RECOVERY_MS_MAX = 60_000
_STEP_MS = 500


class LyingCluster(NodeCluster):
    """Four voters; what the liar says beside its node's own words is handed in."""

    def __init__(self) -> None:
        super().__init__(VOTERS)
        self.liar = self.hosts[LIAR]

    def lie(self, frame: Frame) -> None:
        """The liar sends this frame to one of the others, and everything that follows happens."""
        honest = self.hosts[HONEST]
        honest.run(Received(honest.now_ms, self.liar.id, self.sealed(frame)))
        self.deliver()

    def sealed(self, frame: Frame) -> Frame:
        """The frame with the liar's signatures under all that it could sign."""
        try:
            match frame:
                case Gossip(PayloadKind.AGREEMENT, hops, payload):
                    return Gossip.of(PayloadKind.AGREEMENT, self._packet(Packet.decode(payload)), hops)
                case Gossip(PayloadKind.PROPOSAL, hops, payload):
                    return Gossip.of(PayloadKind.PROPOSAL, self._proposal(Proposal.decode(payload)), hops)
                case Gossip(PayloadKind.TRANSACTIONS, hops, payload):
                    signed = encode_batch([_signed(one) for one in decode_batch(payload)])
                    return Gossip.of(PayloadKind.TRANSACTIONS, signed, hops)
                case Transactions(request, submissions):
                    return Transactions(request, tuple(map(_signed, submissions)))
        except BanyanError:
            pass
        return frame

    def _packet(self, packet: Packet) -> bytes:
        statement: Statement = packet.statement
        signer: dict[str, Any] = {SIGNERS[type(statement)]: self.liar.id}
        own = replace(statement, **signer)
        return Packet(own, own.sign(self.liar.keys.agreement), packet.attachments).encode()

    def _proposal(self, proposal: Proposal) -> bytes:
        header = replace(proposal.header, proposer=self.liar.id)
        signature = sign_header(header, self.liar.keys.agreement)
        return replace(proposal, header=header, signature=signature).encode()


def _signed(submission: bytes) -> bytes:
    """An envelope signed by the administrator, whom the ledger knows; what is none is left as it is."""
    try:
        transaction = decode_envelope(submission)
    except BanyanError:
        return submission
    key = administrator_key()
    signature: list[Value] = [
        SCHEME_ED25519,
        key.public,
        key.sign(domain("transaction-signature") + transaction.id),
    ]
    return encode([transaction.body, [signature]])


def check_node(data: bytes) -> None:
    """Carry out an input, then see that the honest are well."""
    cluster = LyingCluster()
    items = _items(data)
    cluster.run(_tenths(items[0]) * 100 if items else 0)
    cluster.hosts[HONEST].submit(cluster.notice("before"))
    for item in items[1:]:
        if isinstance(item, bytes):
            try:
                frame = decode_frame(item)
                encode_frame(cluster.sealed(frame))
            except BanyanError:
                continue
            cluster.lie(frame)
        else:
            cluster.run(_tenths(item) * 100)
    _check_honest(cluster)


def _items(data: bytes) -> list[Value]:
    try:
        value = decode(data)
    except BanyanError:
        return []
    return value[:FRAMES_MAX] if isinstance(value, list) else []


def _tenths(item: Value) -> int:
    return min(max(item, 0), TENTHS_MAX) if type(item) is int else 0


def _check_honest(cluster: LyingCluster) -> None:
    """Without the liar the three others still make a ledger, and the same one."""
    for other in cluster.hosts:
        if other is not cluster.liar:
            cluster.cut.add(frozenset((LIAR, other.number)))
    honest = [host for host in cluster.hosts if host is not cluster.liar]
    assert not any(host.alarms for host in honest), [str(error) for host in honest for error in host.alarms]
    transaction = cluster.notice("after")
    for _ in range(RECOVERY_MS_MAX // _STEP_MS):
        honest[0].submit(transaction)
        cluster.run(_STEP_MS)
        executed = [
            {one.transaction_id for block in host.executed.values() for one in block.transactions} for host in honest
        ]
        if all(transaction.id in ids for ids in executed):
            break
    else:
        raise AssertionError(f"the honest do not go on: {[host.node and host.node.status() for host in honest]}")
    assert not any(host.alarms for host in honest), [str(error) for host in honest for error in host.alarms]


def _samples() -> tuple[bytes, ...]:
    frames = recorded().frames
    made: list[bytes] = []
    for start, begin in ((0, 0), (12, 1), (25, 2), (25, 3)):
        for at in range(begin, len(frames), 16):
            items: list[Value] = [start]
            for number, frame in enumerate(frames[at : at + 8]):
                items += [frame] if number % 3 else [frame, 2]
            made.append(encode(items))
    made.append(encode([12, encode_frame(Gossip.of(PayloadKind.EVIDENCE, _evidence().encode())), 5]))
    return tuple(made)


def _evidence() -> Evidence:
    """The liar acknowledged one block, and another at the same place."""
    packets = map(Packet.decode, recorded().payloads(PayloadKind.AGREEMENT))
    told = next(one.statement for one in packets if isinstance(one.statement, Acknowledgement))
    keys = LyingCluster().liar.keys
    messages = [
        replace(told, voter=keys.node_id, block_hash=block_hash).sign(keys.agreement)
        for block_hash in (told.block_hash, told.previous_hash)
    ]
    return Evidence(Offence.ACKNOWLEDGEMENTS, keys.node_id, told.term, messages[0], messages[1])


NODE_TARGET = Target("node", _samples, check_node, by_lines=False)
