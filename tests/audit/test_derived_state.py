"""The derived state in memory and on disk against a plain dictionary."""

import random
import resource
from pathlib import Path

import pytest

from cli.audit.derived_state import DerivedState, TemporaryFilesError
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
            after = b"kind-1\0%03d" % chance.randrange(200)
            expected = min((one for one in model if one.startswith(b"kind-1\0") and one > after), default=None)
            assert state.next_key(b"kind-1\0", after) == expected
        assert any(tmp_path.iterdir()) == (memory_size_bytes_max == 20_000)
        assert state.count == len(model)
        assert list(state.records()) == sorted(model.items())
        assert state.kinds() == ["kind-0", "kind-1", "kind-2"]
    assert not any(tmp_path.iterdir())


def test_without_room_it_says_what_to_do(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with DerivedState(tmp_path, memory_size_bytes_max=100_000) as state:
        resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, hard))
        try:
            with pytest.raises(TemporaryFilesError, match="TMPDIR"):
                for number in range(100):
                    state.apply([StateChange(b"kind\0%d" % number, None, bytes(5000))])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not any(tmp_path.iterdir())
