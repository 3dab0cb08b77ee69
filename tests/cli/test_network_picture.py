"""What a node knows of its network, put together."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cli.network_picture import NodeRow, Sample, node_rows, per_second, seconds_to_go
from cli.node_registry import NodeEntry

NODES = (
    NodeEntry("aa", "alpha", "voter", "127.0.0.1:1"),
    NodeEntry("bb", "beta", "voter", "127.0.0.1:2"),
    NodeEntry("cc", "gamma", "voter", None),
    NodeEntry("dd", "delta", "observer", None),
)


def peer(identifier: str, name: str | None, connected: bool = True, height: int | None = 7) -> dict[str, Any]:
    sight = {"clock_offset_ms": 250}
    return {"id": identifier, "name": name, "connected": connected, "height": height, "lag_blocks": 2, "sight": sight}


def status(leader: str | None = "bb") -> dict[str, Any]:
    heard = {"aa": 0, "bb": 300, "cc": None}
    own = {"id": "aa"}
    return {"node": own, "leader": leader, "committed_height": 9, "lag_blocks": 0, "voters_heard_ms": heard}


def test_each_node_of_the_registry_has_a_row_and_strangers_come_last() -> None:
    peers = {"peers": [peer("bb", "beta"), peer("cc", "gamma", connected=False), peer("ee", None)]}
    assert node_rows(status(), NODES, peers) == (
        NodeRow("aa", "alpha", "voter", None, 9, 0, 0, 0),
        NodeRow("bb", "beta", "leader", True, 7, 2, 300, 250),
        NodeRow("cc", "gamma", "voter", False, None, None),
        NodeRow("dd", "delta", "observer", False, None, None),
        NodeRow("ee", "ee", "guest", True, 7, 2, None, 250),
    )


def test_nobody_leads() -> None:
    assert {row.role for row in node_rows(status(None), NODES[:3], {"peers": []})} == {"voter"}


def test_throughput_is_counted_by_the_clock_of_the_node() -> None:
    assert per_second(Sample(1_000, 10, 100), Sample(3_000, 14, 150)) == (2.0, 25.0)


def test_how_long_a_node_that_is_behind_still_needs() -> None:
    assert seconds_to_go(Sample(1_000, 10, 100), Sample(3_000, 30, 150), 500) == 50
    assert seconds_to_go(Sample(1_000, 10, 100), Sample(3_000, 10, 150), 500) is None


@given(*[st.builds(Sample, st.integers(0, 10**6), st.integers(0, 100), st.integers(0, 1000))] * 2)
def test_throughput_is_never_negative(before: Sample, after: Sample) -> None:
    assert min(per_second(before, after)) >= 0.0
