"""Random packs and transactions: two executions agree, and what has to hold of every state holds."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from contracts.packs.effect import Count
from contracts.packs.pack import Pack
from contracts.packs.transition import Transition
from tests.contracts.organisation import Organisation
from tests.contracts.records.random_packs import (
    KIND,
    digest_of,
    execute_split,
    organisation,
    random_pack,
    random_transactions,
    records_of,
    without_heights,
)

HOUSE = Path(__file__).parents[3]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.integers(0, 2**32), st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_block_boundaries_change_nothing(seed: int, sizes: list[int]) -> None:
    chance = Random(seed)
    pack = random_pack(chance)
    assume(pack is not None)
    assert pack is not None
    one, other = organisation(pack), organisation(pack)
    transactions = random_transactions(chance, one, pack, 30)
    results = execute_split(one, transactions, [1])
    others = execute_split(other, transactions, sizes)
    assert [(found.code, found.details, found.events) for found in results] == [
        (found.code, found.details, found.events) for found in others
    ]
    assert without_heights(one) == without_heights(other)
    check_invariants(one, pack, results)


def check_invariants(ledger: Organisation, pack: Pack, results: list[Any]) -> None:
    """What holds of every state that transactions lead to."""
    definition = pack.types[KIND]
    for fields in records_of(ledger, KIND).values():
        assert fields["state"] in definition.states or (fields["state"] == "" and "pending" in fields)
        assert fields["pack"] == pack.hash
        check_pending(fields, definition.transitions)
        transition = definition.transitions[str(fields["transition"])]
        if fields["state"]:
            assert fields["state"] == transition.to
            check_approvals(fields, transition)
    made = Counter(
        str(event.fields["transition"])
        for result in results
        for event in result.events
        if event.name in ("records.created", "records.changed")
    )
    counted = sum(
        number
        for name, number in made.items()
        for effect in definition.transitions[name].effects
        if isinstance(effect, Count) and effect.counter == "made"
    )
    found = sum(
        int(str(fields["value"]))
        for record_id, fields in records_of(ledger, "counter").items()
        if record_id.endswith("/made")
    )
    assert found == counted


def check_pending(fields: dict[str, Any], transitions: dict[str, Transition]) -> None:
    """Nobody has approved twice, and nobody what they have asked for where others are wanted."""
    pending = fields.get("pending")
    if pending is None:
        return
    review = transitions[pending["transition"]].review
    assert review is not None
    approvers = [one[1] for one in pending["approvals"]]
    assert len(set(approvers)) == len(approvers) < review.count
    assert not review.distinct or pending["who"] not in approvers


def check_approvals(fields: dict[str, Any], transition: Transition) -> None:
    """What needed approvals had them, from different people."""
    approvals = fields.get("approvals", [])
    if transition.review is None:
        assert approvals == []
        return
    assert len({one[1] for one in approvals}) == len(approvals) >= transition.review.count


def run_of(seed: int) -> str:
    """The digest after a run that depends on the seed alone."""
    chance = Random(seed)
    pack = random_pack(chance)
    while pack is None:
        pack = random_pack(chance)
    ledger = organisation(pack)
    execute_split(ledger, random_transactions(chance, ledger, pack, 40), [7, 1, 3])
    return digest_of(ledger)


@pytest.mark.slow
def test_another_process_with_other_hashes_zone_and_language_comes_to_the_same() -> None:
    code = "from tests.contracts.records.test_random_packs import run_of; print(*map(run_of, range(6)))"
    surroundings = [
        {"PYTHONHASHSEED": "1", "TZ": "Asia/Kathmandu", "LC_ALL": "C"},
        {"PYTHONHASHSEED": "2", "TZ": "America/St_Johns", "LC_ALL": "C.UTF-8"},
    ]
    found = [
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=HOUSE,
            env={**os.environ, "PYTHONPATH": str(HOUSE), **one},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        ).stdout.split()
        for one in surroundings
    ]
    assert found[0] == found[1] == [run_of(seed) for seed in range(6)]
    assert len(set(found[0])) == 6
