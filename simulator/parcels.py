"""Frames on their way: measured once, and now and then put through a real wire.

Owns the memory of the frames at hand and the sample. A frame never changes, so all receivers share the one that was
sent: decoding it for each of them would cost as much as all the rest of the simulator. Every `SAMPLE_EVERY`-th frame is
encoded and decoded, and what comes out has to be what went in; the receivers of that one get what came out.
Bounded: `REMEMBERED_MAX` frames.
"""

from consensus.packets import Packet
from daemon.saying import is_for_leader
from ledger.errors import RemoteProtocolError
from p2p.frame import Frame
from p2p.frames import Gossip, PayloadKind, decode_frame, encode_frame
from simulator.network import Parcel
from simulator.spread import Broadcast

# The frames of a few steps: one goes to several neighbours in the same step.
REMEMBERED_MAX = 256
SAMPLE_EVERY = 16
# Array, tag, kind, round and the length of the payload (docs/reference/gossip.md): one to three bytes less or more.
_GOSSIP_SIZE_BYTES = 9
_KINDS = {kind: kind.name.lower() for kind in PayloadKind}
_ANSWERS = "answers"


class Parcels:
    """Makes parcels of frames for the whole world."""

    def __init__(self) -> None:
        # By identity; the frame is kept beside, so that the identity stays its own.
        self._known: dict[int, tuple[Frame, Parcel]] = {}
        self._count = 0

    def parcel(self, frame: Frame) -> Parcel:
        """The frame as the network carries it."""
        known = self._known.get(id(frame))
        if known is not None:
            return known[1]
        parcel = self._made(frame)
        if len(self._known) >= REMEMBERED_MAX:
            self._known.clear()
        self._known[id(frame)] = (frame, parcel)
        return parcel

    def _made(self, frame: Frame) -> Parcel:
        self._count += 1
        if self._count % SAMPLE_EVERY == 0:
            data = encode_frame(frame)
            read = decode_frame(data)
            assert read == frame, "a frame arrives as it was sent"
            return Parcel(read, len(data), _broadcast(read) if isinstance(read, Gossip) else None)
        if isinstance(frame, Gossip):
            return Parcel(frame, len(frame.payload) + _GOSSIP_SIZE_BYTES, _broadcast(frame))
        return Parcel(frame, len(encode_frame(frame)))


def _broadcast(frame: Gossip) -> Broadcast:
    kind = _ANSWERS if frame.kind is PayloadKind.AGREEMENT and _is_answer(frame.payload) else _KINDS[frame.kind]
    return Broadcast(frame.id, kind, frame.round)


def _is_answer(payload: bytes) -> bool:
    """Whether the packet goes to the leader alone: it is counted by itself, since it is not for everybody."""
    try:
        return is_for_leader(Packet.decode(payload).statement)
    except RemoteProtocolError:
        return False
