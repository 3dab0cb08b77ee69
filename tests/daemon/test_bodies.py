"""What clients' bodies make the node hold: a bounded sum, and nothing once they are refused or admitted."""

import gc
import json
import os
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import trio
import trio.testing

from daemon.body_budget import BodyBudget
from daemon.errors import OverloadedError
from daemon.home import Home
from daemon.pending import Pending, SubmissionStatus
from ledger.detached import detach
from ledger.errors import DecodingError
from ledger.submission import encode_submission
from tests.daemon.shell import Served, make_home, running_service, served
from tests.daemon.test_api_batches import chunk, framed, receive_until
from tests.daemon.test_api_transactions import MSGPACK, assert_problem
from tests.daemon.test_server import address_of, connected

pytestmark = pytest.mark.trio
MIB = 1024 * 1024


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "home")


@pytest.fixture
async def node(home: Home) -> AsyncIterator[Served]:
    async with served(home.directory) as running:
        yield running


@contextmanager
def held_afterwards(size_bytes_max: int) -> Iterator[None]:
    """What is done inside leaves no more than this in memory, though the garbage collector does not run."""
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        yield
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
    assert after - before < size_bytes_max


HEAD = b"POST /v1/transactions HTTP/1.1\r\nhost: n\r\ncontent-type: application/msgpack\r\ncontent-length: %d\r\n\r\n"


async def unannounced() -> AsyncIterator[bytes]:
    """A megabyte that comes in pieces; nobody says how many."""
    for _ in range(16):
        yield b"\xc1" * 65_536


async def until_held(node: Served, size_bytes: int) -> None:
    with trio.fail_after(20):
        while node.service.bodies.held_bytes != size_bytes:
            await trio.lowlevel.checkpoint()


async def test_bodies_that_are_more_than_the_node_holds_are_refused_for_a_moment(node: Served) -> None:
    node.service.bodies = BodyBudget(4 * MIB)
    async with connected(address_of(node)) as first, connected(address_of(node)) as second:
        async with connected(address_of(node)) as third:
            for number, stream in enumerate((first, second, third), 1):
                # What is announced is held from the beginning.
                await stream.send_all(HEAD % MIB)
                await until_held(node, number * MIB)
            refused = await node.tcp.post("/v1/transactions", content=b"\xc1" * MIB, headers=MSGPACK)
            assert_problem(refused, 429, "overloaded")
            assert refused.headers["retry-after"] == "1"
            assert refused.json()["retry_after_ms"] == 1000
            on_the_socket = await node.control.post("/v1/transactions", content=b"\xc1" * MIB, headers=MSGPACK)
            assert_problem(on_the_socket, 429, "overloaded")
            # What is not larger than an envelope still finds its room.
            small = await node.tcp.post("/v1/transactions?wait=10", content=node.shell.raw_notice(), headers=MSGPACK)
            assert small.status_code == 200
            refused = await node.tcp.post("/v1/transactions", content=unannounced(), headers=MSGPACK)
            assert_problem(refused, 429, "overloaded")
            # What was let in is read to its end.
            await first.send_all(b"\xc1" * MIB)
            assert b'"decoding"' in await receive_until(first, b'"status":400')
            await until_held(node, 2 * MIB)
        # The third went away within its body.
        await until_held(node, MIB)
        for content in (b"\xc1" * MIB, unannounced()):
            again = await node.tcp.post("/v1/transactions", content=content, headers=MSGPACK)
            assert_problem(again, 400, "decoding")
    await until_held(node, 0)


async def test_a_body_that_takes_too_long_holds_nothing(node: Served, mock_clock: trio.testing.MockClock) -> None:
    async with connected(address_of(node)) as stream:
        await stream.send_all(HEAD % MIB + b"\xc1" * 1000)
        await until_held(node, MIB)
        mock_clock.rate = 100
        assert b"408" in await receive_until(stream, b'"body-too-slow"', timeout_s=300)
        await until_held(node, 0)


async def test_what_a_batch_has_not_handed_in_counts_too(node: Served) -> None:
    node.service.bodies = BodyBudget(2 * MIB)
    head = b"POST /v1/transactions:batch HTTP/1.1\r\nhost: n\r\ncontent-type: %b\r\ntransfer-encoding: chunked\r\n\r\n"
    async with connected(address_of(node)) as first, connected(address_of(node)) as second:
        await first.send_all(head % b"application/x-ndjson" + chunk(b"x" * MIB))
        await until_held(node, MIB)
        await second.send_all(
            head % b"application/octet-stream"
            + chunk(framed([node.shell.raw_notice()]))
            + chunk(framed([b"y" * MIB])[:-1])
        )
        answered = await receive_until(second, b'"aborted"')
        assert b'"overloaded"' in answered
        assert b'"retry_after_ms":1000' in answered
        await until_held(node, MIB)
        # Lines of usual length go on.
        lines = framed([node.shell.raw_notice(str(number)) for number in range(300)])
        answer = await node.tcp.post(
            "/v1/transactions:batch", content=lines, headers={"content-type": "application/octet-stream"}
        )
        assert answer.text.count('"committed"') == 300
    await until_held(node, 0)


def junk(kind: str) -> tuple[bytes, str]:
    """A megabyte that is refused, and its type."""
    salt_and_value = b"\x92\xc4\x20" + bytes(32) + b"\xc6" + MIB.to_bytes(4, "big") + b"\xdd" + bytes(MIB - 1)
    bodies = {
        "random": os.urandom(MIB),
        "no value": b"\x82\xa8detached\x91" + salt_and_value + b"\xa8envelope\xc4\x01x",
        "no envelope": encode_submission(b"x", (detach(bytes(MIB - 100), bytes(32)),)),
        "no JSON": b'{"envelope": "' + b"x" * MIB,
        "no base64": json.dumps({"envelope": "-" * MIB}).encode(),
        "many parts": b'{"envelope": "", "detached": [' + b"{}," * (MIB // 3) + b"{}]}",
    }
    return bodies[kind], "application/json" if kind in ("no JSON", "no base64", "many parts") else "application/msgpack"


KINDS = ("random", "no value", "no envelope", "no JSON", "no base64", "many parts")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_refused_body_is_not_kept(node: Served, kind: str) -> None:
    """Each was kept, in a cycle of error, traceback and local values, until the garbage collector came by."""
    body, media_type = junk(kind)

    async def post() -> httpx.Response:
        return await node.tcp.post("/v1/transactions?wait=10", content=body, headers={"content-type": media_type})

    assert (await post()).status_code == 400
    with held_afterwards(3 * MIB):
        for _ in range(12):
            assert (await post()).status_code == 400
    assert node.service.bodies.held_bytes == 0


@pytest.mark.parametrize("kind", KINDS)
async def test_refused_parts_of_a_batch_are_not_kept_until_they_are_answered(node: Served, kind: str) -> None:
    """A client that reads no answers has thousands of them kept."""
    body, media_type = junk(kind)
    is_binary = media_type == "application/msgpack"
    one = framed([body]) if is_binary else body + b"\n"
    media_type = "application/octet-stream" if is_binary else "application/x-ndjson"
    async with connected(address_of(node)) as stream:
        head = (
            f"POST /v1/transactions:batch HTTP/1.1\r\nhost: n\r\ncontent-type: {media_type}\r\n"
            "transfer-encoding: chunked\r\n\r\n"
        )
        await stream.send_all(head.encode() + chunk(one))
        await receive_until(stream, b'"number":0')
        with held_afterwards(4 * MIB):
            for number in range(1, 13):
                await stream.send_all(chunk(one))
                assert b'"refused"' in await receive_until(stream, b'"number":%d' % number)


async def test_a_transaction_that_the_node_has_is_not_held_a_second_time(home: Home) -> None:
    released: list[None] = []
    async with running_service(home.directory) as shell:
        raw = shell.notice_with_body(detach("a body", bytes(32)))
        pending = shell.service.hand_in(raw, None, until_executed=False, on_let_go=lambda: released.append(None))
        outcome = await shell.service.outcome_of(pending, 10_000)
        assert outcome.status is SubmissionStatus.PENDING
        assert (pending.raw, pending.transaction, pending.detached) == (b"", None, None)
        assert released == [None]
        patient = await shell.service.start_submission(shell.raw_notice())
        assert (await patient.wait()).status is SubmissionStatus.COMMITTED
        assert (patient.raw, patient.transaction, patient.detached) == (b"", None, None)
        refused = await shell.service.start_submission(b"\xc1" * 1000)
        outcome = await refused.wait()
        assert isinstance(outcome.error, DecodingError) and outcome.error.__traceback__ is None
        assert refused.raw == b""


async def test_what_is_not_verified_in_time_is_refused_and_stays_out_of_the_log(
    home: Home, monkeypatch: pytest.MonkeyPatch, mock_clock: trio.testing.MockClock
) -> None:
    """It was called admitted before, and over HTTP the answer was 500."""
    mock_clock.autojump_threshold = 0.1
    async with running_service(home.directory) as shell:
        verifier = shell.service._verifier
        late: list[Pending] = []
        with monkeypatch.context() as patched:
            patched.setattr(verifier, "put_nowait", late.append)
            transaction = shell.notice()
            outcome = await shell.service.submit(transaction.envelope, wait_ms=1000)
        assert outcome.status is SubmissionStatus.REFUSED
        assert isinstance(outcome.error, OverloadedError)
        assert outcome.retry_after_ms == 1000
        # The verifier comes to it after all.
        verifier.put_nowait(late[0])
        other = await shell.service.submit(shell.raw_notice())
        assert other.status is SubmissionStatus.COMMITTED
        assert not await shell.service.wait_for_transaction(transaction.id, 1000)
        assert late[0].transaction is None
        again = await shell.service.submit(transaction.envelope)
        assert again.status is SubmissionStatus.COMMITTED and not again.known
