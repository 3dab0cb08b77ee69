"""The figures in docs/reference/gossip.md and in section 8 of docs/protocol.md; its tables: test_reference_page.py."""

import re
from pathlib import Path

import pytest

from p2p import overlay, plumtree, recent, scores
from p2p.frame import FRAME_SIZE_BYTES_MAX, SMALL_FRAME_SIZE_BYTES_MAX
from p2p.frames import KINDS, PAYLOAD_SIZE_BYTES_MAX, PayloadKind

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "reference" / "gossip.md").read_text("utf-8")
FLOWING = " ".join(PAGE.split())
PROTOCOL = " ".join((DOCS / "protocol.md").read_text("utf-8").split())


def _sizes(header: str, place: int) -> dict[int, float]:
    """The last column of the table that begins with this header, in bytes, by the number in the first one."""
    found = {}
    for line in PAGE.partition(header)[2].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        size = re.fullmatch(r"([\d.]+) (KiB|MiB|MB)", cells[-1])
        if cells[0].isdecimal() and size is not None and len(cells) == place + 1:
            found[int(cells[0])] = float(size[1]) * {"KiB": 1024, "MiB": 1024**2, "MB": 1e6}[size[2]]
    return found


def test_frames_are_as_large_as_the_page_says() -> None:
    told = _sizes("| tag | frame |", 3)
    assert told == {tag: pytest.approx(kind.SIZE_BYTES_MAX, rel=0.1) for tag, kind in KINDS.items()}


def test_payloads_are_as_large_as_the_page_says() -> None:
    told = _sizes("| kind | payload |", 2)
    # Of transactions: the largest submission and some bytes.
    assert told == {kind: size for kind, size in PAYLOAD_SIZE_BYTES_MAX.items() if kind is not PayloadKind.TRANSACTIONS}


@pytest.mark.parametrize(
    "told",
    [
        f"| target | {overlay.TARGET} |",
        f"| at least | {overlay.LOW} |",
        f"| at most | {overlay.HIGH} |",
        f"| dials at a time | {overlay.DIALS_MAX} |",
        f"Below {scores.DISCONNECT_BELOW} a peer is disconnected for {scores.BACK_OFF_MS // 1000} s",
        f"banned for {scores.BAN_MS // 60_000} min",
        f"older than {recent.AGE_MS_MAX // 1000} s, is not handed out",
        f"at least {plumtree.SHORTER_ROUNDS_MIN} hops fewer",
        f"A frame has at most {FRAME_SIZE_BYTES_MAX // 1024**2} MiB; the small kinds have at most"
        f" {SMALL_FRAME_SIZE_BYTES_MAX // 1024} KiB",
    ],
)
def test_figures(told: str) -> None:
    assert told in FLOWING


def test_the_protocol_has_the_same_figures() -> None:
    assert f"D = {overlay.TARGET} ({overlay.LOW} to {overlay.HIGH})" in PROTOCOL
    assert f"MessagePack, ≤ {FRAME_SIZE_BYTES_MAX // 1024**2} MiB" in PROTOCOL
