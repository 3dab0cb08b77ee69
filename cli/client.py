"""The node's API as Python calls, over the control socket.

Owns requests, answers and the translation of problems (RFC 9457) into errors of ours. Never decides what is asked.
Source: docs/reference/api.md.
"""

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

from cli.connection_fault import connection_fault
from cli.errors import CommandError, RefusedError, UnreachableError
from cli.node_connection import NodeConnection
from ledger.json_fault import json_fault

# An answer holds at most a block's transactions or a page of records; a block of 16,384 has about 4 MiB.
ANSWER_SIZE_BYTES_MAX = 64 * 1024 * 1024
_INTERNAL_ERROR = 500


class Answer(dict[str, Any]):
    """A JSON object of an answer; asking for a field that is not there tells that versions differ."""

    def __missing__(self, name: str) -> Any:
        raise CommandError(
            "the node's answer lacks `{field}`: node and command are of different versions, upgrade the older one",
            field=name,
        )


def parse_answer(content: bytes) -> Answer:
    """The JSON object in an answer.

    Raises:
        CommandError: there is none.
    """
    try:
        document = json.loads(content, object_hook=Answer)
    except (ValueError, RecursionError) as error:
        raise CommandError("the node's answer is not JSON: {reason}", reason=json_fault(error)) from error
    if not isinstance(document, Answer):
        raise CommandError("the node's answer is not a JSON object")
    return document


def path_of(*parts: str) -> str:
    """The path of a resource; slashes within parts are kept, everything unusual is escaped."""
    return "/" + "/".join(quote(part, safe="/") for part in parts)


def problem_error(problem: Mapping[str, Any]) -> RefusedError:
    """The error that a problem tells; its sentence can be shown in another language.

    `problem` may be anything that a node of another version sends.
    """
    template, params = problem.get("template"), problem.get("params")
    detail = problem.get("detail") or problem.get("title") or "?"
    error = RefusedError("the node refuses: {detail}", detail=str(detail))
    if isinstance(template, str) and isinstance(params, dict):
        error.template, error.params = template, params
    error.code = str(problem.get("code", error.code))
    return error


class NodeClient:
    """One connection to a node, opened when it is first needed."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._connection = NodeConnection(home)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._connection.close()

    def get(self, path: str, **query: object) -> Answer:
        """The JSON document at `path`.

        Args:
            path: As `path_of` makes it.
            query: Parameters; those that are None are left out.

        Raises:
            RefusedError: the node answers with a problem.
            UnreachableError: it does not answer.
        """
        return parse_answer(self.get_bytes(path, "application/json", **query))

    def get_bytes(self, path: str, accept: str, **query: object) -> bytes:
        """The content at `path` in the form `accept`; raises as `get`."""
        return self._request("GET", path, query, None, {"Accept": accept})

    def post(self, path: str, body: bytes, content_type: str, **query: object) -> Answer:
        """The JSON document that answers `body`; raises as `get`."""
        headers = {"Accept": "application/json", "Content-Type": content_type}
        return parse_answer(self._request("POST", path, query, body, headers))

    def _request(
        self, method: str, path: str, query: Mapping[str, object], body: bytes | None, headers: dict[str, str]
    ) -> bytes:
        given = {name: value for name, value in query.items() if value is not None}
        target = f"{path}?{urlencode(given)}" if given else path
        with self._translated():
            answer = self._answer(method, target, body, headers)
            content = answer.read(ANSWER_SIZE_BYTES_MAX + 1)
            if answer.length and len(content) <= ANSWER_SIZE_BYTES_MAX:
                raise http.client.IncompleteRead(content, answer.length)
        if len(content) > ANSWER_SIZE_BYTES_MAX:
            self._connection.close()
            raise CommandError("the node's answer is larger than {limit} bytes", limit=ANSWER_SIZE_BYTES_MAX)
        if answer.status >= http.client.BAD_REQUEST:
            raise _problem(answer.status, content)
        return content

    def _answer(
        self, method: str, target: str, body: bytes | None, headers: dict[str, str]
    ) -> http.client.HTTPResponse:
        kept = self._connection.sock is not None
        try:
            self._connection.request(method, target, body, headers)
            return self._connection.getresponse()
        except ConnectionError:
            # A node closes connections that are idle; what only reads is asked again on a new one.
            if not kept or method != "GET":
                raise
            self._connection.close()
            self._connection.request(method, target, body, headers)
            return self._connection.getresponse()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
            self._connection.close()
            raise UnreachableError(
                "the node in {home} broke off its answer ({reason}); look at its log, and ask again",
                home=str(self._home),
                reason=connection_fault(error),
            ) from error


def _problem(status: int, content: bytes) -> CommandError:
    try:
        problem = json.loads(content)
    except (ValueError, RecursionError):
        problem = None
    if not isinstance(problem, dict):
        return CommandError("the node answers with the status {status} and no reason", status=status)
    error = problem_error(problem)
    if status == _INTERNAL_ERROR:
        failed = CommandError("the node failed: {reason}", reason=error)
        failed.code = error.code
        return failed
    return error
