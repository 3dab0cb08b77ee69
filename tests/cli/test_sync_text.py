"""How far a node is with syncing, in words. Source: `cli.sync_text`."""

import pytest

from cli.sync_text import sync_text
from daemon.sync_progress import Stage


@pytest.mark.parametrize("stage", [stage.value for stage in Stage if stage is not Stage.IDLE])
def test_every_stage_has_words(stage: str) -> None:
    told = sync_text({"stage": stage, "height": 64, "done": 3, "total": 9, "size_bytes": 5 << 20, "sources": 2})
    assert told and "{" not in told


def test_nothing_is_told_of_a_node_that_does_not_sync() -> None:
    for stage in ("idle", "of-a-later-version"):
        assert sync_text({"stage": stage, "height": 0, "done": 0, "total": 0}) is None
