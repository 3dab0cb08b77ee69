"""Lists of faults: their JSON, the limits of what is drawn, and how they are made short."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.chance import Chance
from simulator.errors import InvalidScenarioError
from simulator.fault_plan import FaultLimits, plan_faults
from simulator.faults import (
    BIT_FLIP,
    KINDS,
    NETWORK_KINDS,
    OLDER_BACKUP,
    POWER_LOSS,
    Fault,
    faults_to_json,
    parse_faults,
)
from simulator.shrink import shrink


@given(st.integers(0, 10_000), st.integers(1, 21))
def test_a_plan_keeps_its_limits_and_survives_json(seed: int, nodes: int) -> None:
    limits = FaultLimits(nodes, KINDS, 40, 1000, 30_000, (nodes - 1) // 2)
    faults = plan_faults(limits, Chance(seed, "plan"))
    assert faults == plan_faults(limits, Chance(seed, "plan"))
    assert parse_faults(faults_to_json(faults), nodes) == faults
    assert [fault.start_ms for fault in faults] == sorted(fault.start_ms for fault in faults)
    assert all(1000 <= fault.start_ms <= fault.end_ms <= 30_000 for fault in faults)
    assert len({fault.number for fault in faults}) == len(faults)
    assert all(0 <= node < nodes for fault in faults for node in fault.nodes())
    lost = {
        fault.parameters["node"]
        for fault in faults
        if fault.kind == BIT_FLIP or (fault.kind == OLDER_BACKUP and fault.parameters["keep"])
    }
    assert len(lost) <= (nodes - 1) // 2
    restored = {fault.parameters["node"] for fault in faults if fault.kind in (BIT_FLIP, OLDER_BACKUP)}
    without_power = {
        fault.parameters["node"] for fault in faults if fault.kind == POWER_LOSS or fault.parameters.get("power", False)
    }
    assert not restored & without_power
    if nodes == 1:
        assert not {fault.kind for fault in faults} & {*NETWORK_KINDS, BIT_FLIP}


def test_every_kind_is_drawn() -> None:
    limits = FaultLimits(5, KINDS, 60, 1000, 60_000, 2, observers=2)
    drawn = {fault.kind for seed in range(20) for fault in plan_faults(limits, Chance(seed, "kinds"))}
    assert drawn == set(KINDS)


def test_nothing_is_drawn_where_there_is_no_time_or_no_kind() -> None:
    for limits in (
        FaultLimits(3, KINDS, 10, 1000, 1000, 1),
        FaultLimits(3, (), 10, 1000, 9000, 1),
        FaultLimits(1, NETWORK_KINDS, 10, 1000, 9000, 0),
    ):
        assert plan_faults(limits, Chance(1, "none")) == ()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[", "not JSON"),
        ("{}", "JSON list"),
        ("[1]", "JSON object"),
        ('[{"kind": "kill"}]', "JSON object"),
        ('[{"start_ms": "x", "end_ms": 2, "kind": "kill"}]', "JSON object"),
        ('[{"start_ms": 1, "end_ms": 2, "kind": "fire"}]', "no fault of the kind fire"),
        ('[{"start_ms": 1, "end_ms": 2, "kind": "kill"}]', "has the parameters node"),
        ('[{"start_ms": 1, "end_ms": 2, "kind": "kill", "node": 0, "power": true}]', "has the parameters node"),
        ('[{"start_ms": 1, "end_ms": 2, "kind": "kill", "node": "0"}]', "not of the right type"),
        ('[{"start_ms": 1, "end_ms": 2, "kind": "kill", "node": true}]', "not of the right type"),
        ('[{"start_ms": 3, "end_ms": 2, "kind": "kill", "node": 0}]', "from 3 ms to 2 ms"),
        ('[{"start_ms": 1, "end_ms": 2, "kind": "kill", "node": 3}]', "not there"),
        ('[{"start_ms": 1, "end_ms": 2, "kind": "chain", "nodes": [0, 7]}]', "not there"),
        (json.dumps([{}] * 1001), "at most 1000"),
    ],
)
def test_a_list_that_is_wrong_is_refused_with_the_reason(text: str, sentence: str) -> None:
    with pytest.raises(InvalidScenarioError, match=sentence):
        parse_faults(text, 3)


def test_a_list_that_a_person_writes_needs_no_numbers() -> None:
    kill = '{"start_ms": 1, "end_ms": 2, "kind": "kill", "node": 0}'
    text = f'[{kill}, {{"start_ms": 1, "end_ms": 2, "kind": "loss", "share": 1}}]'
    assert parse_faults(text, 1) == (Fault(0, 1, 2, "kill", {"node": 0}), Fault(1, 1, 2, "loss", {"share": 1}))


@given(st.sets(st.integers(0, 29), min_size=1, max_size=4), st.integers(5, 30))
def test_shrinking_finds_exactly_what_is_needed(needed: set[int], count: int) -> None:
    needed = {one % count for one in needed}

    def fails(items: tuple[int, ...]) -> bool:
        return needed <= set(items)

    left, runs = shrink(range(count), fails, 10_000)
    assert left == tuple(sorted(needed))
    assert runs < 500


def test_shrinking_stops_in_time_with_something_that_still_fails() -> None:
    tried: list[tuple[int, ...]] = []

    def fails(items: tuple[int, ...]) -> bool:
        tried.append(items)
        return {3, 77} <= set(items)

    left, runs = shrink(range(100), fails, 7)
    assert runs == len(tried) == 7
    assert {3, 77} <= set(left)
    assert shrink(range(100), fails, 0) == (tuple(range(100)), 0)


def test_what_fails_without_any_fault_needs_none() -> None:
    assert shrink([1, 2, 3], lambda items: True, 10) == ((), 1)
    assert shrink([], lambda items: True, 10) == ((), 0)
    assert shrink([1], lambda items: bool(items), 10) == ((1,), 1)
