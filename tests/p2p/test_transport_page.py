"""The page on the transport says what the code does."""

from pathlib import Path

from p2p.chunks import CHUNK_SIZE_BYTES_MAX
from p2p.close_reasons import CloseReason
from p2p.connection import TimeLimits
from p2p.doorkeeper import FAILURES, DoorLimits
from p2p.effects import SendClass
from p2p.send_queues import QUEUE_SIZE_BYTES_MAX
from p2p.transport_messages import MESSAGES

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "transport.md").read_text("utf-8")
ROWS = [[cell.strip() for cell in line.strip("| ").split("|")] for line in PAGE.splitlines() if line.startswith("|")]
NAMES = {row[1].strip("`"): row[0] for row in ROWS if len(row) == 3 and row[0].isdecimal()}


def test_every_reason_and_message_stands_there_with_its_number() -> None:
    reasons = {reason.text: str(reason.value) for reason in CloseReason}
    assert reasons | {kind.NAME: str(tag) for tag, kind in MESSAGES.items()} == NAMES


def test_times_stand_there() -> None:
    told = {row[0]: float(row[1]) for row in ROWS if len(row) == 2 and row[1].isdecimal()}
    limits = TimeLimits()
    assert told == {
        "TLS and hello, on the listener's side": limits.handshake_s,
        "dialling with both": 2 * limits.handshake_s,
        "a frame, once it has begun": limits.frame_s,
        "a TLS record of chunks, until the kernel takes it": limits.chunk_s,
        "without anything from the peer": limits.silent_s,
        "a goodbye, until the peer closes": limits.goodbye_s,
    }


def test_bounds_stand_there() -> None:
    told = {row[0]: row[1] for row in ROWS if len(row) in (3, 4)}
    doors = DoorLimits()
    assert told["connections"] == f"{doors.connections_max}; {doors.connections_per_address_max} of one address"
    assert told["unfinished handshakes"] == f"{doors.handshakes_max}; {doors.handshakes_per_address_max} of one address"
    failures = f"{FAILURES.burst}, then {FAILURES.per_second} a second"
    assert told["handshakes of an address that failed before"] == failures
    names = ("agreement", "control", "proposals", "transactions", "bulk")
    for name, send_class in zip(names, SendClass, strict=True):
        assert told[name] == f"{QUEUE_SIZE_BYTES_MAX[send_class] // 2**20} MiB"
    assert f"1 to {CHUNK_SIZE_BYTES_MAX:,}" in PAGE
