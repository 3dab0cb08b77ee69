"""Processes that start at once: forked from one that has imported what Banyan needs, as `multiprocessing` does it.

A node spends most of its start, and about a second of a core, on imports; hundreds of starts would be most of what the
tests cost. A forked process has memory, descriptors, signals and an end of its own, as any other. What it shares with
its siblings is the order of hashes: where nodes have to agree whatever that order is, they are started anew.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import BinaryIO

import storage.probe
from cli.main import main


def fork_server() -> ForkServerContext:
    """The one fork server of these tests, which starts with the first process that is asked for."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["cli.application", "daemon.run", "tests.fork_server", "tests.storage.chain_growth", "tests.fork_ready"]
    )
    return context


class ForkedCommand:
    """`banyan WORDS`, forked; used as `subprocess.Popen` is.

    Args:
        words: Without the program's name.
        environment: All of it.
        log: Gets what it writes to stderr, at the end; made if it is not there.
        prepare: Runs in the new process first: what makes another program of it than the one that is tested.
        is_sound: A node's database is sound, so it is not looked at in one more process, which is half of a start.
    """

    def __init__(
        self,
        words: list[str],
        environment: dict[str, str],
        log: Path,
        prepare: Callable[[], None] | None = None,
        *,
        is_sound: bool = False,
    ) -> None:
        log.touch()
        ours, theirs = fork_server().Pipe(duplex=False)
        self._process = fork_server().Process(
            target=_become, args=(words, environment, log, theirs, prepare, is_sound), daemon=True
        )
        self._process.start()
        theirs.close()
        self.stdout: BinaryIO | None = open(os.dup(ours.fileno()), "rb", buffering=0)  # noqa: SIM115
        ours.close()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """The exit status; None while it runs. A signal that ended it is told as a negative number."""
        return self._process.exitcode

    def wait(self, timeout: float) -> int:
        """The exit status, once it has ended.

        Raises:
            subprocess.TimeoutExpired: it has not within `timeout` seconds.
        """
        self._process.join(timeout)
        status = self._process.exitcode
        if status is None:
            raise subprocess.TimeoutExpired("banyan", timeout)
        return status

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        self.send_signal(signal.SIGKILL)


def _become(
    words: list[str],
    environment: dict[str, str],
    log: Path,
    stdout: Connection,
    prepare: Callable[[], None] | None,
    is_sound: bool,
) -> None:
    """Be the command: its standard streams, its environment, its exit status."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    errors = os.open(log, os.O_WRONLY | os.O_APPEND)
    for descriptor, number in ((nothing, 0), (stdout.fileno(), 1), (errors, 2)):
        os.dup2(descriptor, number)
    os.close(nothing)
    os.close(errors)
    stdout.close()
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", buffering=1, closefd=False)  # noqa: SIM115
    os.environ.clear()
    os.environ.update(environment)
    if is_sound:
        storage.probe.probe = storage.probe.read_as_a_start_does  # type: ignore[assignment]
    if prepare is not None:
        prepare()
    sys.exit(main(words))
