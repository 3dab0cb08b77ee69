"""Handing in many transactions as one stream, and answering as one stream.

Owns the two stream forms and the window of submissions under way. A line that cannot be used is answered and the
stream goes on. Bounds: `WINDOW_MAX` submissions are read and not yet answered; beyond, reading waits, so a client that
reads no answers while it sends may send that many, never more memory than that is used, and TCP slows the client down.
What is read and not handed in yet counts towards the node's bodies (`daemon.body_budget`).
"""

from dataclasses import dataclass
from typing import TypeAlias

import trio
from starlette.requests import Request
from starlette.responses import Response

from contracts.registry import Registry
from daemon.api.body import BodyReader, media_type, next_part
from daemon.api.context import ApiContext
from daemon.api.endpoint import REQUEST_ID, Answer, Audience, Body, Endpoint
from daemon.api.json_value import Json, json_bytes, to_json
from daemon.api.parameters import Parameters
from daemon.api.problems import RETRY_AFTER_MS, problem
from daemon.api.request_errors import BodyInvalidError, RequestError
from daemon.api.streams import SendPiece, StreamedAnswer
from daemon.api.submissions import JSON_SIZE_BYTES_MAX, WireSubmission, parse_json_submission
from daemon.errors import OverloadedError
from daemon.pending import Pending, SubmissionOutcome, SubmissionStatus
from daemon.service import Service
from ledger.submission import SUBMISSION_SIZE_BYTES_MAX

NDJSON = "application/x-ndjson"
PREFIXED = "application/octet-stream"
_LENGTH_SIZE_BYTES = 4
# Two full blocks: the next one is there when the last one is committed.
WINDOW_MAX = 4096
# What was decided in the meantime is sent together, up to this size.
PIECE_SIZE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Aborted:
    """The stream cannot be read any further."""

    error: RequestError | OverloadedError


class _Splitter:
    """Cuts a stream into submissions; keeps at most one that is not whole yet."""

    def __init__(self, is_lines: bool) -> None:
        self._is_lines = is_lines
        self._rest = bytearray()

    @property
    def rest_size_bytes(self) -> int:
        """What is kept of a submission that is not whole."""
        return len(self._rest)

    def feed(self, part: bytes) -> list[bytes]:
        """The submissions that `part` completes.

        Raises:
            BodyInvalidError: one is longer than any submission.
        """
        self._rest += part
        return self._lines() if self._is_lines else self._prefixed()

    def end(self) -> list[bytes]:
        """What is left when the stream ends: a last line without its newline.

        Raises:
            BodyInvalidError: the stream ends within a submission.
        """
        if not self._is_lines and self._rest:
            # A length that nothing has, after submissions that were handed in first, is told here.
            self._prefixed()
            raise BodyInvalidError("the stream ends within a submission; send the last one again")
        rest = bytes(self._rest).strip()
        self._rest.clear()
        return [rest] if rest else []

    def _lines(self) -> list[bytes]:
        *whole, rest = self._rest.split(b"\n")
        self._rest = rest
        if len(rest) > JSON_SIZE_BYTES_MAX and not whole:
            raise BodyInvalidError("a line has more than {limit} bytes; send less", limit=JSON_SIZE_BYTES_MAX)
        return [bytes(line) for line in whole if line.strip()]

    def _prefixed(self) -> list[bytes]:
        found: list[bytes] = []
        at = 0
        while len(self._rest) - at >= _LENGTH_SIZE_BYTES:
            length = int.from_bytes(self._rest[at : at + _LENGTH_SIZE_BYTES], "big")
            if length > SUBMISSION_SIZE_BYTES_MAX and found:
                # What came before is handed in first; the next look finds this length again.
                break
            if length > SUBMISSION_SIZE_BYTES_MAX:
                raise BodyInvalidError(
                    "a submission of {length} bytes is announced, more than {limit}; begin a new stream after the ones"
                    " that were answered",
                    length=length,
                    limit=SUBMISSION_SIZE_BYTES_MAX,
                )
            start = at + _LENGTH_SIZE_BYTES
            if len(self._rest) < start + length:
                break
            found.append(bytes(self._rest[start : start + length]))
            at = start + length
        del self._rest[:at]
        return found


_Decision: TypeAlias = Pending | SubmissionOutcome | _Aborted


async def submit_batch(context: ApiContext, request: Request, _parameters: Parameters) -> Response:
    """Hand in a stream of transactions."""
    is_lines = media_type(request, (NDJSON, PREFIXED)) == NDJSON

    async def produce(send_piece: SendPiece) -> None:
        decisions, received = trio.open_memory_channel[_Decision](WINDOW_MAX)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_Reader(context.node.service, request, is_lines, decisions).run)
            await _Writer(context.node.registry, received, send_piece).run()
            # The reader has ended by now, or an abort made the rest of the body useless.
            nursery.cancel_scope.cancel()

    return StreamedAnswer(produce, NDJSON)


class _Writer:
    """Answers in the order of the submissions, one line each, many lines in a piece where many are decided."""

    def __init__(
        self, registry: Registry, received: trio.MemoryReceiveChannel[_Decision], send_piece: SendPiece
    ) -> None:
        self._registry = registry
        self._received = received
        self._send_piece = send_piece
        self._lines: list[bytes] = []
        self._size_bytes = 0
        self._number = 0

    async def run(self) -> None:
        """Answer until there is nothing more to wait for."""
        while (decision := await self._next()) is not None:
            if isinstance(decision, _Aborted):
                retry_after_ms = RETRY_AFTER_MS if isinstance(decision.error, OverloadedError) else 0
                self._add({"status": "aborted", "problem": problem(decision.error, retry_after_ms)})
                break
            if isinstance(decision, Pending) and decision.outcome is None:
                await self._flush()
            outcome = await decision.wait() if isinstance(decision, Pending) else decision
            self._add(_line(self._registry, self._number, outcome))
            self._number += 1
            if self._size_bytes >= PIECE_SIZE_BYTES:
                await self._flush()
        await self._flush()

    async def _next(self) -> _Decision | None:
        """What is to be answered next; None at the end. What was decided is sent before anybody waits."""
        try:
            # Switching tasks for each of thousands would cost more than answering them.
            return self._received.receive_nowait()
        except trio.WouldBlock:
            await self._flush()
        except trio.EndOfChannel:
            return None
        try:
            return await self._received.receive()
        except trio.EndOfChannel:
            return None

    def _add(self, line: dict[str, Json]) -> None:
        self._lines.append(json_bytes(line) + b"\n")
        self._size_bytes += len(self._lines[-1])

    async def _flush(self) -> None:
        if self._lines:
            piece = b"".join(self._lines)
            self._lines.clear()
            self._size_bytes = 0
            await self._send_piece(piece)


class _Reader:
    """Reads the body, hands submissions in, and passes on what to wait for, in order."""

    def __init__(
        self,
        service: Service,
        request: Request,
        is_lines: bool,
        decisions: trio.MemorySendChannel[_Decision],
    ) -> None:
        self._service = service
        self._request_id: str = request.scope[REQUEST_ID]
        self._body = BodyReader(request)
        self._hold = service.bodies.hold()
        self._splitter = _Splitter(is_lines)
        self._decisions = decisions
        self._is_lines = is_lines

    async def run(self) -> None:
        """Read until the body ends, the client goes, or nothing more can be made of it."""
        async with self._decisions:
            try:
                while (part := await next_part(self._body)) is not None:
                    self._hold.resize(self._splitter.rest_size_bytes + len(part))
                    await self._hand_in(self._splitter.feed(part))
                    self._hold.resize(self._splitter.rest_size_bytes)
                if self._body.complete:
                    await self._hand_in(self._splitter.end())
            except (RequestError, OverloadedError) as error:
                error.forget_origin()
                await self._decisions.send(_Aborted(error))
            finally:
                self._hold.release()

    async def _hand_in(self, submissions: list[bytes]) -> None:
        for data in submissions:
            try:
                wire = parse_json_submission(data) if self._is_lines else WireSubmission(data, None)
            except BodyInvalidError as error:
                # It may wait for its turn behind thousands.
                error.forget_origin()
                await self._pass_on(SubmissionOutcome(SubmissionStatus.REFUSED, None, error=error))
            else:
                await self._pass_on(await self._service.start_submission(wire.raw, wire.detached, self._request_id))

    async def _pass_on(self, decision: _Decision) -> None:
        try:
            self._decisions.send_nowait(decision)
        except trio.WouldBlock:
            await self._decisions.send(decision)


def _line(registry: Registry, number: int, outcome: SubmissionOutcome) -> dict[str, Json]:
    line: dict[str, Json] = {"number": number, "status": outcome.status.value}
    if outcome.transaction_id is not None:
        line["id"] = outcome.transaction_id.hex()
    if outcome.error is not None:
        line["problem"] = problem(outcome.error, outcome.retry_after_ms)
        return line
    line["known"] = outcome.known
    if outcome.result is not None:
        refusal = registry.explain(outcome.result)
        line |= {
            "height": outcome.height,
            "index": outcome.leaf_index,
            "code": outcome.result.code,
            "details": to_json(outcome.result.details),
            "detail": None if refusal is None else str(refusal),
        }
    return line


ENDPOINTS = (
    Endpoint(
        "POST",
        "/v1/transactions:batch",
        submit_batch,
        "Hand in a stream of transactions",
        Audience.ANYBODY,
        answers=(Answer(200, NDJSON, "One line for each submission, in order, when it is decided.", "BatchLine"),),
        bodies=(
            Body(NDJSON, "One submission a line.", "Submission"),
            Body(PREFIXED, "Submissions in binary, each after its length in four bytes, big-endian."),
        ),
    ),
)
