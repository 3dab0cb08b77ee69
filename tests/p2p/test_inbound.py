"""What may come in over a connection, how much of it is held, and since when something is unfinished."""

import pytest

from p2p.chunks import CHUNK_SIZE_BYTES_MAX, TRANSPORT_CHANNEL, chunk_bytes
from p2p.effects import SendClass
from p2p.errors import InvalidFrameError
from p2p.frame import Frame
from p2p.frames import Blocks, Gossip, PayloadKind, Prune, encode_frame
from p2p.framing import framed
from p2p.inbound import UNFINISHED_SIZE_BYTES_MAX, Inbound
from tests.p2p.switchboards import KEYS, hello_of

HELLO = chunk_bytes(TRANSPORT_CHANNEL, encode_frame(hello_of(KEYS[0])))
PRUNE = framed(Prune())


def greeted() -> Inbound:
    inbound = Inbound()
    assert inbound.take(HELLO, 0) == [hello_of(KEYS[0])]
    return inbound


def test_nothing_is_held_for_whoever_has_not_greeted() -> None:
    inbound = Inbound()
    with pytest.raises(InvalidFrameError, match="before the greeting"):
        inbound.take(chunk_bytes(SendClass.BULK, framed(Blocks(1, ()))[:3]), 0)
    assert inbound.buffered_size_bytes == 0


def test_one_greeting_is_enough() -> None:
    with pytest.raises(InvalidFrameError, match="second greeting"):
        greeted().take(HELLO, 0)


@pytest.mark.parametrize("send_class", [SendClass.AGREEMENT, SendClass.TRANSACTIONS, SendClass.CONTROL])
def test_a_large_frame_does_not_fill_the_channel_of_small_ones(send_class: SendClass) -> None:
    """The frame is allowed as such, only not here."""
    frame = framed(Gossip.of(PayloadKind.PROPOSAL, bytes(1024 * 1024)))
    frame = frame if send_class is not SendClass.TRANSACTIONS else (4 * 1024 * 1024).to_bytes(4, "big") + b"\x93\x0b"
    frame += bytes(2 * 1024 * 1024)
    inbound, fed = greeted(), 0
    with pytest.raises(InvalidFrameError, match=f"channel {send_class.value}"):
        for place in range(0, len(frame), CHUNK_SIZE_BYTES_MAX):
            inbound.take(chunk_bytes(send_class, frame[place : place + CHUNK_SIZE_BYTES_MAX]), 0)
            fed += CHUNK_SIZE_BYTES_MAX
    assert fed <= UNFINISHED_SIZE_BYTES_MAX[send_class] + CHUNK_SIZE_BYTES_MAX


def frames_of(inbound: Inbound, channel: int, data: bytes, now_s: float) -> list[Frame]:
    return inbound.take(chunk_bytes(channel, data), now_s)


def test_the_time_of_an_unfinished_frame_runs_from_its_own_beginning() -> None:
    inbound = greeted()
    assert inbound.unfinished_since_s is None
    assert frames_of(inbound, SendClass.BULK, PRUNE[:3], 1) == []
    assert frames_of(inbound, SendClass.CONTROL, PRUNE[:1], 2) == []
    assert inbound.unfinished_since_s == 1
    # The end of one frame and the beginning of the next in one piece: another frame, another time.
    assert frames_of(inbound, SendClass.BULK, PRUNE[3:] + PRUNE[:2], 3) == [Prune()]
    assert inbound.unfinished_since_s == 2
    assert frames_of(inbound, SendClass.CONTROL, PRUNE[1:], 4) == [Prune()]
    assert inbound.unfinished_since_s == 3
    inbound.postpone(10)
    assert inbound.unfinished_since_s == 13
    assert frames_of(inbound, SendClass.BULK, PRUNE[2:], 14) == [Prune()]
    assert inbound.unfinished_since_s is None
    # A chunk that is not whole counts too.
    assert inbound.take(chunk_bytes(SendClass.CONTROL, PRUNE)[:2], 15) == []
    assert inbound.unfinished_since_s == 15
