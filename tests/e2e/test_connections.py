"""A connection that its client has closed is gone soon, however the closing and the answer crossed."""

from pathlib import Path

from tests.e2e.load import Ledger, submit
from tests.e2e.node_process import make_home, started
from tests.waiting import wait_until


def test_closed_connections_do_not_pile_up(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    node = started(home, tmp_path / "node.log", is_forked=True)
    ledger = Ledger.of(tmp_path)
    descriptors = Path(f"/proc/{node.pid}/fd")

    def open_files() -> int:
        return sum(1 for _ in descriptors.iterdir())

    before = open_files()
    for _ in range(60):
        submit(home, ledger, [ledger.make()[1]])
    # Far less than the time an idle connection is kept.
    wait_until(lambda: open_files() <= before + 5, 8, "the connections are closed")
    assert node.stop() == 0
