"""Processes of a peer: all started together, always all ended; their output goes to files."""

import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

READY_WAIT_S = 60.0
_STOP_WAIT_S = 10.0


class Processes:
    """Commands that run while the `with` block does."""

    def __init__(self, folder: Path, commands: Sequence[Sequence[str]], environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._commands = commands
        self._environment = environment
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        for number, command in enumerate(self._commands):
            with (self._folder / f"output-{number}.log").open("wb") as output:
                self._running.append(
                    subprocess.Popen(
                        list(command),
                        stdout=output,
                        stderr=subprocess.STDOUT,
                        stdin=subprocess.DEVNULL,
                        cwd=self._folder,
                        env=dict(self._environment),
                    )
                )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for process in self._running:
            process.terminate()
        for process in self._running:
            try:
                process.wait(_STOP_WAIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @property
    def pids(self) -> list[int]:
        """Their numbers."""
        return [process.pid for process in self._running]


def free_ports(count: int) -> list[int]:
    """Ports of the loopback interface that nobody listens on just now, all different."""
    with ExitStack() as open_sockets:
        probes = [open_sockets.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def wait_until(is_ready: Callable[[], bool], what: str) -> None:
    """Ask again and again; raises TimeoutError after `READY_WAIT_S`."""
    deadline = time.monotonic() + READY_WAIT_S
    while True:
        try:
            if is_ready():
                return
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise TimeoutError(f"not ready: {what}")
        time.sleep(0.1)
