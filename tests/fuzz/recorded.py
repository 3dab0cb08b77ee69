"""What neighbours said in a run of four real nodes: frames of many kinds, with all that is in them, always the same."""

from functools import lru_cache
from typing import NamedTuple

from ledger.detached import commitment_map, detach
from ledger.submission import encode_submission
from p2p.frame import Frame
from p2p.frames import Gossip, PayloadKind, decode_frame
from tests.daemon.node_cluster import NodeCluster

VOTERS = 4
# Who is listened to, and who may lie.
HONEST, LIAR = 0, 1
_SAME_KIND_MAX = 12


class Recorded(NamedTuple):
    """Frames that were delivered, each once, at most `_SAME_KIND_MAX` of a kind."""

    frames: tuple[bytes, ...]

    def of_kind(self, kind: type[Frame]) -> list[Frame]:
        return [frame for frame in map(decode_frame, self.frames) if type(frame) is kind]

    def payloads(self, kind: PayloadKind) -> list[bytes]:
        frames = self.of_kind(Gossip)
        return [frame.payload for frame in frames if isinstance(frame, Gossip) and frame.kind is kind]


class RecordingCluster(NodeCluster):
    """Keeps what is delivered."""

    def __init__(self) -> None:
        self.delivered: dict[bytes, None] = {}
        super().__init__(VOTERS)

    def deliver_one(self, place: int) -> None:
        """Deliver, and keep."""
        self.delivered[self.network[place][2]] = None
        super().deliver_one(place)


def submission_with_value() -> bytes:
    """A notice with its body beside it."""
    body = detach("the body of the notice", bytes(range(32)))
    cluster = NodeCluster(VOTERS)
    notice = cluster.notice(arguments={"unit": "u", "title": "t", "body": commitment_map(body)})
    return encode_submission(notice.envelope, (body,))


@lru_cache(maxsize=1)
def recorded() -> Recorded:
    """Elections, blocks, a leader that goes, a node that was down and asks for everything it missed."""
    cluster = RecordingCluster()
    cluster.run(2500)
    for number in range(6):
        host = cluster.hosts[number % VOTERS]
        host.submit(cluster.notice(f"first {number}"), cluster.notice(f"second {number}"))
        cluster.run(300)
    leader = cluster.leader
    assert leader is not None, "a calm network has a leader"
    leader.crash()
    cluster.run(4000)
    for number in range(4):
        cluster.hosts[(leader.number + 1) % VOTERS].submit(cluster.notice(f"third {number}"))
        cluster.run(300)
    leader.start()
    cluster.run(5000)
    counts: dict[object, int] = {}
    kept = []
    for data in sorted(cluster.delivered, key=len):
        frame = decode_frame(data)
        kind = (type(frame), frame.kind, _name(frame.payload)) if isinstance(frame, Gossip) else type(frame)
        counts[kind] = counts.get(kind, 0) + 1
        if counts[kind] <= _SAME_KIND_MAX:
            kept.append(data)
    return Recorded(tuple(kept))


def _name(payload: bytes) -> bytes:
    """What tells packets of agreement from each other."""
    return payload[:20].rstrip(b"\xc4\xc5\xda")[:14]
