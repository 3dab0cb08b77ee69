"""When the node steps on, and when others have their turn."""

import statistics
from collections.abc import Callable
from pathlib import Path

import pytest
import trio
import trio.testing

from daemon.effects import Effect, ReadFailed, Verify
from daemon.events import StepTimed
from daemon.home import Home
from tests.daemon.shell import make_home, running_service

pytestmark = pytest.mark.trio


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "home")


async def test_others_have_a_turn_after_a_millisecond_of_steps(home: Home, mock_clock: trio.testing.MockClock) -> None:
    """What is carried out counts too.

    Guard: daemon/service.py, `_step_until_stopped`, "turns.is_over(asked, has_left)".
    """
    mock_clock.rate = 100
    async with running_service(home.directory) as shell:
        service, node, left, in_a_row, most = shell.service, shell.service._node, 200, 0, 0
        mock_clock.rate = 0
        # What others took while the clock ran counts no longer once the node has nothing to do.
        await trio.testing.wait_all_tasks_blocked()

        def verify(_submissions: object, report: Callable[[tuple[()]], None]) -> None:
            nonlocal in_a_row, most
            in_a_row += 1
            most = max(most, in_a_row)
            mock_clock.jump(0.00025)
            report(())

        def end() -> list[Effect]:
            nonlocal left
            left -= 1
            return [Verify(1, ())] if left > 0 else []

        async def other() -> None:
            nonlocal in_a_row
            while left > 0:
                await trio.lowlevel.checkpoint()
                in_a_row = 0

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(service._verifier, "verify_foreign", verify)
            patch.setattr(node, "begin", lambda event: [])
            patch.setattr(node, "end", end)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(other)
                service._inbox.post(StepTimed, 1, 1)
        mock_clock.rate = 100
    # Four take a millisecond; in which order tasks have their turn is left to chance. Without turns it would be all.
    assert 4 <= most <= 30


async def test_the_node_steps_for_as_long_as_others_kept_it_waiting(
    home: Home, mock_clock: trio.testing.MockClock
) -> None:
    """Guard: daemon/service.py, `_step_until_stopped`, "0.0 if is_idle else started - asked"."""
    mock_clock.rate = 100
    async with running_service(home.directory) as shell:
        service, node, left, in_a_row = shell.service, shell.service._node, 200, 0
        rows: list[int] = []
        mock_clock.rate = 0
        # What others took while the clock ran counts no longer once the node has nothing to do.
        await trio.testing.wait_all_tasks_blocked()

        def end() -> list[Effect]:
            nonlocal left, in_a_row
            left -= 1
            in_a_row += 1
            mock_clock.jump(0.001)
            if left > 0:
                service._inbox.post(StepTimed, 1, 1)
            # Somebody's task has to run for it.
            return [ReadFailed(b"nobody")]

        async def others() -> None:
            nonlocal in_a_row
            while left > 0:
                await trio.lowlevel.checkpoint()
                if in_a_row:
                    rows.append(in_a_row)
                    in_a_row = 0
                    mock_clock.jump(0.02)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(node, "begin", lambda event: [])
            patch.setattr(node, "end", end)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(others)
                service._inbox.post(StepTimed, 1, 1)
        mock_clock.rate = 100
    # Steps of a millisecond: one is the first; in which order tasks have their turn is left to chance.
    assert 18 <= statistics.median(rows) <= 22
