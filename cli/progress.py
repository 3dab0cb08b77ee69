"""How far long work is: a bar on a terminal, now and then a line elsewhere. Owns nothing but that; writes to stderr."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cli.language import _
from cli.printer import printable

# Often enough to see that it lives, seldom enough for a log.
LINE_INTERVAL_S = 5.0


@contextmanager
def progress_bar(description: str, total: int | None) -> Iterator[Callable[[int, int | None], None]]:
    """A bar with count, speed and remaining time, gone when the work is done."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(file=sys.stderr), transient=True, refresh_per_second=5) as progress:
        task = progress.add_task(printable(description), total=total)

        def advance(done: int, new_total: int | None) -> None:
            if new_total is None:
                progress.update(task, completed=done)
            else:
                progress.update(task, completed=done, total=new_total)

        yield advance


class ProgressLines:
    """Progress for logs and pipes: at most one line every `LINE_INTERVAL_S` seconds."""

    def __init__(self, description: str, total: int | None) -> None:
        self._description = description
        self._total = total
        self._told_at = time.monotonic()

    def advance(self, done: int, total: int | None) -> None:
        """Tell, if the last line is old enough, that `done` is done."""
        self._total = total if total is not None else self._total
        now = time.monotonic()
        if now - self._told_at < LINE_INTERVAL_S:
            return
        self._told_at = now
        text = (
            _("{what}: {done}").format(what=self._description, done=done)
            if self._total is None
            else _("{what}: {done} of {total}").format(what=self._description, done=done, total=self._total)
        )
        sys.stderr.write(printable(text) + "\n")
        sys.stderr.flush()
