"""READY where the node has ended before it could be said: what ended it is the message, nothing else."""

from pathlib import Path

import pytest
import trio

from daemon.doors import Doors
from daemon.run import _announce
from tests.daemon.shell import make_home, running_service

pytestmark = pytest.mark.trio


async def test_a_node_that_has_ended_already_is_announced_without_a_fault_of_its_own(tmp_path: Path) -> None:
    """A damaged page may end a node right after its doors were opened; its sockets are closed by then."""
    async with running_service(make_home(tmp_path / "home").directory) as shell:
        doors = Doors.open(shell.opened)
        address = doors.peers_address
        try:
            await shell.service.stop(10_000)
            doors.peers.close()
            with trio.fail_after(20):
                await _announce(shell.opened, doors, shell.service)
        finally:
            doors.close()
    assert address == shell.opened.config.listen
