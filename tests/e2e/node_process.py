"""A real node in a process of its own, which a test starts, loads and ends as it likes."""

import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from tests.cli.command import Answer, call, environment
from tests.fork_server import ForkedCommand
from tests.free_ports import free_address

NETWORK_NAME = "e2e.example/ledger"
# Starting takes about a second; a busy machine gets a minute.
DEADLINE_S = 60


def make_home(folder: Path, home: Path | None = None, http: str = "") -> Path:
    """A node's folder with a network of its own; the administrator's key and the genesis lie beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    home = home or folder / "home"
    key, genesis = folder / "admin.key", folder / "genesis.json"
    for words in (
        ("init", "--home", home, "--name", "alpha", "--listen", free_address(), "--http", http),
        ("keygen", "--out", key),
        (
            *("network", "new", "--name", NETWORK_NAME, "--voter", home / "node.public.json"),
            *("--admin", key, "--out", genesis),
        ),
        ("join", "--home", home, "--genesis", genesis),
    ):
        answer = call(*words)
        assert answer.status == 0, answer.err
    return home


def command(before: Callable[[], None] | None, *words: object) -> Answer:
    """Call `banyan` in a process of its own, in which `before` runs first."""
    done = subprocess.run(
        [sys.executable, "-m", "cli", *(str(word) for word in words)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
        stdin=subprocess.DEVNULL,
        preexec_fn=before,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


class NodeProcess:
    """`banyan run` on a folder."""

    _all: ClassVar[list["NodeProcess"]] = []

    def __init__(
        self,
        home: Path,
        log: Path,
        before: Callable[[], None] | None = None,
        *,
        is_forked: bool = False,
        prepare: Callable[[], None] | None = None,
        is_sound: bool = False,
    ) -> None:
        """Start it; `before` runs in the new process first (limits), `log` gets its stderr from the beginning.

        A forked one (`tests.fork_server`) starts at once; it has no `before`, may have a `prepare`, and a database of
        which it is known that it `is_sound`.
        """
        self.home = home
        self.log = log
        log.write_bytes(b"")
        words = ["run", "--home", str(home)]
        self._process: subprocess.Popen[bytes] | ForkedCommand
        if is_forked and before is None:
            self._process = ForkedCommand(words, environment(), log, prepare, is_sound=is_sound)
        else:
            with log.open("ab") as errors:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "cli", *words],
                    env=environment(),
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    stdin=subprocess.DEVNULL,
                    preexec_fn=before,
                )
        self._all.append(self)

    @classmethod
    def unfinished(cls) -> list["NodeProcess"]:
        """Those that run still; each is given out once."""
        found, cls._all[:] = [node for node in cls._all if node._process.poll() is None], []
        return found

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def said(self) -> str:
        """What it wrote to stderr so far."""
        return self.log.read_text(encoding="utf-8")

    def wait_ready(self) -> None:
        """Return when it serves; fail with what it said if it ends or does not."""
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], DEADLINE_S)
        line = self._process.stdout.readline() if ready else b""
        if line.strip() != b"READY":
            self.kill()
            raise AssertionError(self.said)

    def live_for(self, seconds: float) -> bool:
        """Let it run so long; whether it still does."""
        try:
            self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return True
        return False

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        self._process.kill()
        self._ended()

    def terminate(self) -> None:
        """Ask it to end as an operator does."""
        self._process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """End it as an operator does; its exit status."""
        self.terminate()
        return self._ended()

    def wait(self) -> int:
        """Wait until it ends by itself; its exit status."""
        return self._ended()

    def _ended(self) -> int:
        status = self._process.wait(timeout=DEADLINE_S)
        if self._process.stdout is not None:
            self._process.stdout.close()
        return status


def started(home: Path, log: Path, *, is_forked: bool = False) -> NodeProcess:
    """A node that serves."""
    node = NodeProcess(home, log, is_forked=is_forked)
    node.wait_ready()
    return node
