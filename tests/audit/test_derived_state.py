"""The derived state in memory and on disk against a plain dictionary."""

import random
from pathlib import Path

import pytest

from cli.audit.derived_state import DerivedState
from contracts.changes import StateChange


@pytest.mark.parametrize("memory_size_bytes_max", [1 << 30, 20_000])
def test_as_a_dictionary(tmp_path: Path, memory_size_bytes_max: int) -> None:
    chance = random.Random(memory_size_bytes_max)
    model: dict[bytes, bytes] = {}
    with DerivedState(tmp_path, memory_size_bytes_max) as state:
        for _ in range(2000):
            key = b"kind-%d\0%03d" % (chance.randrange(3), chance.randrange(200))
            old = state.get(key)
            assert old == model.get(key)
            new = None if old is not None and chance.random() < 0.3 else chance.randbytes(40)
            state.apply([StateChange(key, old, new)])
            if new is None:
                del model[key]
            else:
                model[key] = new
        assert any(tmp_path.iterdir()) == (memory_size_bytes_max == 20_000)
        assert state.count == len(model)
        assert list(state.records()) == sorted(model.items())
        assert state.kinds() == ["kind-0", "kind-1", "kind-2"]
    assert not any(tmp_path.iterdir())
