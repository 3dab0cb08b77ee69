"""The page on gossip says what the code does."""

from pathlib import Path

from p2p.frames import KINDS, PAYLOAD_SIZE_BYTES_MAX
from p2p.offences import POINTS
from p2p.scores import RATES

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "gossip.md").read_text("utf-8")
ROWS = [[cell.strip() for cell in line.strip("| ").split("|")] for line in PAGE.splitlines() if line.startswith("|")]


def test_every_frame_stands_there_with_its_tag() -> None:
    found = {row[0]: row[1] for row in ROWS if len(row) == 4 and row[0].isdecimal()}
    assert {tag: name for tag, name in found.items() if name != "–"} == {
        str(kind.TAG): f"`{kind.NAME}`" for kind in KINDS.values()
    }


def test_every_payload_kind_stands_there() -> None:
    found = [row[0] for row in ROWS if len(row) == 3 and row[0].isdecimal()]
    assert found == [str(int(kind)) for kind in PAYLOAD_SIZE_BYTES_MAX]


def test_offences_stand_there_with_their_points() -> None:
    found = {row[0].strip("`"): row[1] for row in ROWS if row[0].strip("`") in {one.value for one in POINTS}}
    assert found == {offence.value: str(points) for offence, points in POINTS.items()}


def test_rates_stand_there() -> None:
    found = {row[0]: row[1:] for row in ROWS if len(row) == 3}
    for work, rate in RATES.items():
        unit = 1024 * 1024 if work.value == "bytes" else 1
        suffix = " MiB" if work.value == "bytes" else ""
        assert found[work.value] == [f"{rate.per_second // unit:,}{suffix}", f"{rate.burst // unit:,}{suffix}"]
