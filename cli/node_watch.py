"""Telling why a node keeps one waiting.

Owns a look at the node's status now and then while something long is under way, on a connection of its own, and what
was told last: a reason is told once, and again only when it changes. A node that cannot be asked is somebody else's to
tell. Source: docs/reference/api.md, `GET /v1/status`.
"""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cli.client import NodeClient, problem_error
from cli.errors import CommandError
from cli.language import _, translated

# Long enough to be no load, short enough for somebody who wonders why nothing moves.
POLL_INTERVAL_S = 2.0
# An answer that is under way at the end is not waited for any longer than this.
_END_WAIT_S = 1.0


def reason_of(status: Mapping[str, Any]) -> str | None:
    """Why the node takes no transactions, in the language in use; None if it takes them.

    Args:
        status: What `/v1/status` answers; a node of an earlier version gives no `problem`.
    """
    if status["reason"] is None:
        return None
    problem = status.get("problem")
    return translated(problem_error(problem)) if isinstance(problem, dict) else _(str(status["reason"]))


class NodeWatch:
    """Looks while its `with` block runs, in a thread of its own, and calls `tell` there."""

    def __init__(self, home: Path, tell: Callable[[str], None]) -> None:
        self._home = home
        self._tell = tell
        self._told: str | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="node-watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(_END_WAIT_S)

    def _run(self) -> None:
        while not self._ended.wait(POLL_INTERVAL_S):
            try:
                with NodeClient(self._home) as client:
                    reason = reason_of(client.get("/v1/status"))
            except CommandError:
                continue
            if reason != self._told and not self._ended.is_set():
                self._told = reason
                self._tell(
                    _("The node takes transactions again.")
                    if reason is None
                    else _("The node takes no transactions: {reason}").format(reason=reason)
                )
