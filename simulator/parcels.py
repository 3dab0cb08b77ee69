"""Frames on their way: written once, read once, whoever they go to.

Owns the memory of the frames at hand. A frame is encoded when it is first sent and decoded from those very bytes, so
that what arrives went over a wire; all receivers share the decoded frame, because the same bytes give the same answer
and a frame never changes. Bounded: `REMEMBERED_MAX` frames.
"""

from p2p.frames import Frame, Gossip, decode_frame, encode_frame
from simulator.network import Parcel

# The frames of a few steps: one goes to several neighbours in the same step.
REMEMBERED_MAX = 256


class Parcels:
    """Makes parcels of frames for the whole world."""

    def __init__(self) -> None:
        # By identity; the frame is kept beside, so that the identity stays its own.
        self._known: dict[int, tuple[Frame, Parcel]] = {}

    def parcel(self, frame: Frame) -> Parcel:
        """The frame as the network carries it."""
        known = self._known.get(id(frame))
        if known is not None:
            return known[1]
        data = encode_frame(frame)
        read = decode_frame(data)
        parcel = Parcel(read, len(data), read.id if isinstance(read, Gossip) else None)
        if len(self._known) >= REMEMBERED_MAX:
            self._known.clear()
        self._known[id(frame)] = (frame, parcel)
        return parcel
