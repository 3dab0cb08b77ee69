"""What the tests of whole networks share."""

from collections.abc import Iterator

import pytest

from tests.e2e.node_process import NodeProcess


@pytest.fixture(autouse=True)
def no_node_is_left() -> Iterator[None]:
    """A test that fails leaves no process behind."""
    yield
    for node in NodeProcess.unfinished():
        node.kill()
