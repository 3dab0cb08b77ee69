"""Fetching from a node's HTTP API, patiently and with bounds.

Owns one connection, its timeouts and how often a question is asked again. Never looks into an answer beyond its
status. Source: docs/reference/api.md.
"""

import http.client
import json
import time
from urllib.parse import urlsplit

from cli.client import ANSWER_SIZE_BYTES_MAX, problem_error
from cli.connection_fault import connection_fault
from cli.errors import CommandError, UnreachableError, UsageError
from ledger.errors import BanyanError

_TIMEOUT_S = 30.0
# A node that is restarted is back in seconds; one that refuses for longer does not want to be asked.
_ATTEMPTS_MAX = 5
_WAIT_S_MAX = 5.0
# Grows with every attempt; the first one follows at once, for a connection that the node had closed as idle.
_RECONNECT_WAIT_S = 0.2
_NOT_FOUND = 404
_AGAIN = frozenset((429, 503))


class HttpFetch:
    """GET requests to one address, in order, over a connection that is kept."""

    def __init__(self, address: str) -> None:
        """`address`: `http://` or `https://`, host, and where it lies below a path, that path.

        Raises:
            UsageError: it is no such address.
        """
        try:
            parts = urlsplit(address)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if host is None or parts.query or parts.fragment:
            raise UsageError("{address} is not the address of a node; write http://HOST:PORT", address=address)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(host, port, timeout=_TIMEOUT_S)
        self._prefix = parts.path.rstrip("/")
        self._address = address

    def get(self, path: str) -> bytes | None:
        """The content at `path` (with its query); None where the node says that there is none.

        Raises:
            UnreachableError: the node does not answer, or is too busy for too long.
            RefusedError: it answers with another problem.
        """
        reason: BanyanError | str = ""
        wait_s = 0.0
        for attempt in range(_ATTEMPTS_MAX):
            time.sleep(min(wait_s, _WAIT_S_MAX))
            try:
                status, content, wait_s = self._ask(path)
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                reason, wait_s = connection_fault(error), _RECONNECT_WAIT_S * attempt
            else:
                if status == http.client.OK:
                    return content
                if status == _NOT_FOUND:
                    return None
                if status not in _AGAIN:
                    raise _problem(status, content)
                reason = _problem(status, content)
        raise UnreachableError(
            "the node at {address} does not answer ({reason}); check the address, or audit its folder",
            address=self._address,
            reason=reason,
        )

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _ask(self, path: str) -> tuple[int, bytes, float]:
        self._connection.request("GET", self._prefix + path, headers={"Accept": "*/*"})
        answer = self._connection.getresponse()
        content = answer.read(ANSWER_SIZE_BYTES_MAX + 1)
        if len(content) > ANSWER_SIZE_BYTES_MAX:
            self._connection.close()
            raise CommandError("the node's answer is larger than {limit} bytes", limit=ANSWER_SIZE_BYTES_MAX)
        wait = answer.getheader("Retry-After") or "1"
        return answer.status, content, float(wait) if wait.isascii() and wait.isdigit() else 1.0


def _problem(status: int, content: bytes) -> CommandError:
    try:
        problem = json.loads(content)
    except (ValueError, RecursionError):
        problem = None
    if isinstance(problem, dict):
        return problem_error(problem)
    return CommandError("the node answers with the status {status} and no reason", status=status)
