"""Running a function in a process of its own, quickly: from a fork server that has imported what it needs."""

from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import ParamSpec, TypeVar

from tests.fork_server import fork_server

# A machine under load may take seconds to start a process; one that hangs must not hang the tests.
DEADLINE_SECONDS = 60

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


def start_apart(work: Callable[..., None], *arguments: object) -> tuple[ForkServerProcess, Connection]:
    """Start `work` with a connection as its first argument; returns the process and the other end."""
    context = fork_server()
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(theirs, *arguments), daemon=True)
    process.start()
    theirs.close()
    return process, ours


def ended(process: ForkServerProcess) -> int:
    """The exit status of a process that ends, or was killed."""
    process.join(DEADLINE_SECONDS)
    assert process.exitcode is not None, "the other process does not end"
    return process.exitcode


def receive(connection: Connection) -> object:
    """The next thing that the other process says; EOFError if it is gone."""
    assert connection.poll(DEADLINE_SECONDS), "the other process is silent"
    return connection.recv()


def run_apart(work: Callable[Arguments, Answer], *arguments: Arguments.args, **named: Arguments.kwargs) -> Answer:
    """What `work` returns, run in another process; EOFError if the process dies of it."""
    process, connection = start_apart(_answer, work, arguments, named)
    try:
        answer: Answer = receive(connection)  # type: ignore[assignment]
        return answer
    finally:
        process.join(DEADLINE_SECONDS)
        connection.close()


def _answer(
    connection: Connection, work: Callable[..., object], arguments: tuple[object, ...], named: dict[str, object]
) -> None:
    connection.send(work(*arguments, **named))
    connection.close()
