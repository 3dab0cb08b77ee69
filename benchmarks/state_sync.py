"""A new node takes the state of a large ledger from a running one, beside copying the database file with `cp`.

Two real `banyan run` processes over loopback: a voter with the ledger, which makes a snapshot first, and a guest that
has nothing and keeps everything. Timed until the guest follows the chain, and until it has filled all older blocks.
Bytes are those that the source counted on its connections, both ways; memory is the anonymous memory of both
processes, looked at all the time. `cp` copies the file of the stopped source, as an operator would; and what cannot be
saved is measured beside it: the same headers and chunks checked and written from local files, with no second process.

Run: `python -m benchmarks.state_sync [--entries N] [--folder DIR] [--beside TEXT]`; a ledger in DIR is used again.
"""

import argparse
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from benchmarks.load import anonymous_memory_mb, year_of_work
from benchmarks.report import write_report
from benchmarks.snapshots import MB, MEMORY_MB_MAX, copy_seconds, measured
from cli.client import NodeClient
from cli.demo.node_process import NodeProcess
from cli.errors import CommandError
from cli.genesis_file import read_home_genesis
from daemon.home import create_home, join_home
from daemon.home_files import Home
from p2p.invitations import Invitation

GUEST = "127.0.0.1:7002"
BEHIND_BLOCKS = 16
LOOK_SECONDS = 0.05
POLL_SECONDS = 0.2
WAIT_SECONDS = 1800


def processor_seconds(process_id: int) -> float:
    """The processor time that a process has used."""
    fields = (Path("/proc") / str(process_id) / "stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Watched:
    """A node's process, whose memory is looked at while the `with` block lasts."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.process = NodeProcess(home)
        self.memory_mb = 0.0
        self._is_over = threading.Event()

    def __enter__(self) -> Self:
        self.process.start()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()
        self.process.stop()

    def _look(self) -> None:
        assert self.process.pid is not None
        while not self._is_over.wait(LOOK_SECONDS):
            self.memory_mb = max(self.memory_mb, anonymous_memory_mb(self.process.pid))

    def take_memory_mb(self) -> float:
        """The most since the last time."""
        most, self.memory_mb = self.memory_mb, 0.0
        return most

    @property
    def processor_seconds(self) -> float:
        """What it used so far."""
        assert self.process.pid is not None
        return processor_seconds(self.process.pid)

    @property
    def carried_bytes(self) -> int:
        """What went over its connections with other nodes so far, both ways."""
        with NodeClient(self.home) as client:
            text = client.get_bytes("/metrics", "text/plain").decode()
        lines = [line for line in text.splitlines() if line.startswith("banyan_network_bytes_total{")]
        return sum(round(float(line.rpartition(" ")[2])) for line in lines)

    def ask(self, path: str) -> Any:
        """What it answers; None while it begins again."""
        try:
            with NodeClient(self.home) as client:
                return client.get(path)
        except CommandError:
            return None


@dataclass
class Moment:
    """When something was reached, and what it had taken until then."""

    seconds: float
    carried_bytes: int
    guest_seconds: float
    source_seconds: float
    guest_memory_mb: float
    source_memory_mb: float


def set_settings(home: Path, **settings: object) -> None:
    """Set what the sample of the settings names."""
    path = home / "config.toml"
    lines = path.read_text("utf-8").split("\n")
    for name, value in settings.items():
        at = next(at for at, line in enumerate(lines) if line.startswith((f"# {name} = ", f"{name} = ")))
        lines[at] = f"{name} = {value}"
    path.write_text("\n".join(lines), "utf-8")


def make_snapshot(source: Watched) -> float:
    """Let the source make one; the seconds."""
    begun = time.perf_counter()
    with NodeClient(source.home) as client:
        answer: Any = client.post("/v1/snapshots", b"", "application/json")
        while answer["asked"] or answer["making"] is not None:
            time.sleep(LOOK_SECONDS)
            answer = client.get("/v1/snapshots")
    assert answer["snapshots"], "the log of the source says why there is none"
    return time.perf_counter() - begun


def invite(source: Watched, home: Path) -> None:
    """Make the guest's folder."""
    description = create_home(home, "guest", GUEST)
    with NodeClient(source.home) as client:
        answer = client.post("/v1/invitations", description.to_json().encode("utf-8"), "application/json", hours=1)
    invitation = Invitation.from_text(answer["invitation"])
    join_home(home, read_home_genesis(source.home), invitation, time.time_ns() // 1_000_000)
    set_settings(home, state_sync_blocks=BEHIND_BLOCKS, snapshot_interval_blocks=0)


def sync(source: Watched, home: Path) -> tuple[dict[str, float], Moment, Moment]:
    """Seconds of each stage until the guest follows; what it took until then, and until it has everything."""
    invite(source, home)
    stages: dict[str, float] = {}
    before, carried_before = source.processor_seconds, source.carried_bytes
    goal = source.ask("/v1/status")["executed_height"]
    source.take_memory_mb()
    begun = time.perf_counter()
    with Watched(home) as guest:
        last = time.perf_counter()
        stages["starting"] = last - begun

        def wait(holds: Callable[[Any], bool]) -> Moment:
            nonlocal last
            while True:
                answer, now = guest.ask("/v1/status"), time.perf_counter()
                stage = answer["sync"]["stage"] if answer else "beginning again"
                stages[stage] = stages.get(stage, 0.0) + now - last
                last = now
                if answer and holds(answer):
                    break
                assert now - begun < WAIT_SECONDS, f"it does not get on: {answer}"
                time.sleep(POLL_SECONDS)
            return Moment(
                now - begun,
                source.carried_bytes - carried_before,
                guest.processor_seconds,
                source.processor_seconds - before,
                guest.take_memory_mb(),
                source.take_memory_mb(),
            )

        follows = wait(lambda answer: answer["executed_height"] >= goal)
        in_stages = dict(stages)
        whole = wait(lambda answer: answer["kept_from"] == 1)
    return in_stages, follows, whole


def run(home: Path, target: Path) -> dict[str, object]:
    """Everything, in order."""
    set_settings(home, snapshot_interval_blocks=0)
    shutil.rmtree(Home(home).snapshots, ignore_errors=True)
    database = Home(home).database
    size_bytes = (database / "data.mdb").stat().st_blocks * 512
    copied = copy_seconds(database, target)
    with Watched(home) as source:
        status = source.ask("/v1/status")
        source.take_memory_mb()
        made = make_snapshot(source)
        made_mb = source.take_memory_mb()
        snapshot = source.ask("/v1/snapshots")["snapshots"][0]
        stages, follows, whole = sync(source, target / "guest")
    local = measured("load", home, target)
    local_seconds = sum(seconds for name, seconds in local.items() if name.endswith("seconds"))
    syncing = follows.seconds - stages["starting"]
    guest_bytes = (Home(target / "guest").database / "data.mdb").stat().st_blocks * 512
    return {
        "entries": status["tree_size"],
        "blocks": status["executed_height"],
        "records in the state": snapshot["records"],
        "database file, MB": round(size_bytes / MB, 1),
        "`cp` of it until it is on disk, s": round(copied, 2),
        "snapshot, MB": round(snapshot["size_bytes"] / MB, 1),
        "making it in the running node, s": round(made, 1),
        "making it, anonymous memory of the source at most, MB": round(made_mb),
        "until the new node follows, s": round(follows.seconds, 1),
        "of that, in stages, s": ", ".join(f"{name} {seconds:.1f}" for name, seconds in stages.items()),
        "processor time of the new node and of the source, s": f"{follows.guest_seconds:.1f} and "
        f"{follows.source_seconds:.1f}",
        "over the wire, MB": round(follows.carried_bytes / MB, 1),
        "until it follows, times `cp`": round(follows.seconds / copied, 1),
        "checking and writing the same from local files, without signatures, s": round(local_seconds, 1),
        "until it follows, without its start, times that": round(syncing / local_seconds, 1),
        "over the wire, times `cp`": round(follows.carried_bytes / size_bytes, 2),
        "anonymous memory of the new node at most, MB": round(follows.guest_memory_mb),
        "anonymous memory of the source at most, MB": round(follows.source_memory_mb),
        "until it has all older blocks, s": round(whole.seconds, 1),
        "processor time until then, s": f"{whole.guest_seconds:.1f} and {whole.source_seconds:.1f}",
        "over the wire until then, MB": round(whole.carried_bytes / MB, 1),
        "until then, over the wire, times `cp`": round(whole.carried_bytes / size_bytes, 2),
        "filling, anonymous memory of the new node at most, MB": round(whole.guest_memory_mb),
        "filling, anonymous memory of the source at most, MB": round(whole.source_memory_mb),
        "database file of the new node, MB": round(guest_bytes / MB, 1),
        "allowed memory, MB": MEMORY_MB_MAX,
    }


def main() -> None:
    """Measure and write `benchmarks/results/state-sync.{json,md}`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the ledger is kept, or is already")
    parser.add_argument("--beside", default="nothing", help="what else ran on the machine, for the report")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="sync-") as place:
        target = Path(place)
        figures = run(year_of_work(options.folder or target, options.entries), target)
    write_report("state-sync", "State sync of a large ledger", figures | {"beside it ran": options.beside})
    for label, value in figures.items():
        print(f"{label}: {value}")


if __name__ == "__main__":
    main()
