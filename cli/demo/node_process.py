"""A node as a process of its own: started, awaited, ended by its number.

Owns the process and nothing else; whatever happens, the process it started does not outlive it.
"""

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from cli.errors import CommandError

READY = b"READY\n"
# A node starts within two seconds; a busy small machine gets ten times that and more.
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 30.0
LOG_TAIL_SIZE_BYTES = 2000


class NodeProcess:
    """`banyan run` on a folder; its log goes to `LOG` beside it."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._log = home.with_name(home.name + ".log")
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The process's number while it runs."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Start the node and wait until it serves.

        Raises:
            CommandError: it ended, or did not come up in time; the message has the end of its log.
        """
        command = [sys.executable, "-m", "cli", "run", "--home", str(self._home)]
        root = str(Path(__file__).resolve().parent.parent.parent)
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([root, *_inherited_path()])}
        with self._log.open("ab") as log:
            # A session of its own: Ctrl-C at the terminal reaches this program, which ends the node in its own time.
            self._process = subprocess.Popen(  # noqa: S603 - our own program with our own arguments
                command,
                stdout=subprocess.PIPE,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
        try:
            served = self._comes_up(self._process)
        except BaseException:
            self.stop()
            raise
        if not served:
            self.stop()
            raise CommandError(
                "the node in {home} did not start; its log ends with: {log}",
                home=str(self._home),
                log=self._log_tail(),
            )

    def stop(self) -> int | None:
        """End the node cleanly, or at last by force; its exit status."""
        process, self._process = self._process, None
        if process is None:
            return None
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        if process.stdout is not None:
            process.stdout.close()
        return status

    @staticmethod
    def _comes_up(process: "subprocess.Popen[bytes]") -> bool:
        assert process.stdout is not None
        deadline = time.monotonic() + START_TIMEOUT_S
        seen = b""
        while time.monotonic() < deadline:
            ready, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                return False
            piece = os.read(process.stdout.fileno(), 4096)
            seen = (seen + piece)[-4096:]
            if READY in seen:
                return True
            if not piece:
                return False
        return False

    def _log_tail(self) -> str:
        try:
            return self._log.read_bytes()[-LOG_TAIL_SIZE_BYTES:].decode("utf-8", "replace").strip()
        except OSError:
            return ""


def _inherited_path() -> list[str]:
    inherited = os.environ.get("PYTHONPATH")
    return [inherited] if inherited else []
