"""The sum of what bodies hold, and what is refused of JSON before it is read."""

import json
import tracemalloc

import pytest

from daemon.api.request_errors import BodyInvalidError
from daemon.api.submissions import parse_json_submission
from daemon.body_budget import BodyBudget
from daemon.errors import OverloadedError


def test_the_sum_is_bounded_and_small_ones_find_room_beside_large_ones() -> None:
    budget = BodyBudget(1000, 10)
    large, other, small = budget.hold(), budget.hold(), budget.hold()
    large.resize(500)
    other.resize(250)
    with pytest.raises(OverloadedError):
        other.resize(251)
    for size in range(11):
        small.resize(size)
    assert budget.held_bytes == 760
    with pytest.raises(OverloadedError):
        small.resize(11)
    large.resize(100)
    other.resize(640)
    many = [budget.hold() for _ in range(26)]
    for one in many[:25]:
        one.resize(10)
    with pytest.raises(OverloadedError, match="1000 bytes"):
        many[25].resize(1)
    # Less is always possible, and releasing twice is once.
    other.resize(0)
    for one in (large, other, small, *many, *many):
        one.release()
    assert budget.held_bytes == 0


def test_json_of_too_many_parts_is_refused_before_it_is_read() -> None:
    data = b'{"envelope": "", "detached": [' + b"{}," * 300_000 + b"{}]}"
    tracemalloc.start()
    try:
        with pytest.raises(BodyInvalidError, match="parts"):
            parse_json_submission(data)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 100_000


def test_json_with_every_value_that_may_be_beside_an_envelope_is_read() -> None:
    value = {"salt": "A" * 43 + "=", "value": "AQ=="}
    read = parse_json_submission(json.dumps({"envelope": "", "detached": [value] * 64}, indent=1).encode())
    assert read.detached is not None and len(read.detached) == 64
