"""Running a function in a process of its own, quickly: from a fork server that has imported what it needs."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from typing import ParamSpec, TypeVar

# A machine under load may take seconds to start a process; one that hangs must not hang the tests.
DEADLINE_SECONDS = 60

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


def fork_server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["storage.lmdb_store", "tests.storage.chain_growth"])
    return context


def start_apart(work: Callable[..., None], *arguments: object) -> tuple[ForkServerProcess, Connection]:
    """Start `work` with a connection as its first argument; returns the process and the other end."""
    context = fork_server()
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(theirs, *arguments), daemon=True)
    process.start()
    theirs.close()
    return process, ours


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
