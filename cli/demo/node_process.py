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

from cli.errors import CommandError

READY = b"READY\n"
# A start takes a second or two of a core; on a small or busy machine that can be half a minute and more.
START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 30.0
LOG_TAIL_SIZE_BYTES = 2000


class NodeProcess:
    """`banyan run` on a folder; its log goes to `LOG` beside it."""

    def __init__(self, home: Path, module: str = "cli") -> None:
        """`module` is what runs; only who looks at a node from within takes another one, with the same arguments."""
        self._home = home
        self._module = module
        self._log = home.with_name(home.name + ".log")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether the process was launched and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The process's number while it runs."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Start the node and wait until it serves; raises as `wait_until_ready`."""
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        """Start the process; `wait_until_ready` comes next."""
        command = [sys.executable, "-m", self._module, "run", "--home", str(self._home)]
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

    def wait_until_ready(self) -> None:
        """Wait until the node serves.

        Raises:
            CommandError: it ended, or did not come up in time; the message has the end of its log.
        """
        assert self._process is not None, "launch comes first"
        if not self._comes_up(self._process):
            self.stop()
            raise CommandError(
                "the node in {home} did not start; its log ends with: {log}",
                home=str(self._home),
                log=self._log_tail(),
            )

    def kill(self) -> None:
        """End the process at once, as a power cut does: nothing is asked, nothing is finished."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            self._close(process)

    def ask_to_stop(self) -> None:
        """Ask the node to end; `stop` waits for it."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def stop(self) -> int | None:
        """End the node cleanly, or at last by force; its exit status, None if it was not running."""
        self.ask_to_stop()
        process, self._process = self._process, None
        if process is None:
            return None
        try:
            status = process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        self._close(process)
        return status

    @staticmethod
    def _close(process: "subprocess.Popen[bytes]") -> None:
        if process.stdout is not None:
            process.stdout.close()

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
