"""Many transactions as a stream: in order, past bad lines, in one window, over both forms."""

import base64
import json
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest
import trio

from daemon.api.batches import WINDOW_MAX
from daemon.home import Home
from ledger.detached import detach
from ledger.submission import SUBMISSION_SIZE_BYTES_MAX
from ledger.transaction import seal
from tests.batches import batched
from tests.daemon.networks import administrator_key
from tests.daemon.shell import Served, make_home, served

pytestmark = pytest.mark.trio
LINES = {"content-type": "application/x-ndjson"}
PREFIXED = {"content-type": "application/octet-stream"}
BATCH = "/v1/transactions:batch"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "home")


@pytest.fixture
async def node(home: Home) -> AsyncIterator[Served]:
    async with served(home.directory) as running:
        yield running


def framed(submissions: Iterable[bytes]) -> bytes:
    return b"".join(len(one).to_bytes(4, "big") + one for one in submissions)


def line_of(raw: bytes) -> bytes:
    return json.dumps({"envelope": base64.b64encode(raw).decode()}).encode()


def answers(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


async def test_every_submission_has_its_answer_in_order(node: Served) -> None:
    transactions = [node.shell.notice(str(number)) for number in range(700)]
    body = framed(one.envelope for one in transactions)
    answer = await node.control.post(BATCH, content=body, headers=PREFIXED)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-ndjson"
    lines = answers(answer.text)
    assert [line["number"] for line in lines] == list(range(700))
    assert [line["id"] for line in lines] == [one.id.hex() for one in transactions]
    assert {line["status"] for line in lines} == {"committed"}
    assert {line["code"] for line in lines} == {"ok"}
    for line in lines[::97]:
        shown = (await node.control.get(f"/v1/transactions/{line['id']}")).json()
        assert (shown["height"], shown["index"]) == (line["height"], line["index"])


async def test_members_of_a_batch_are_answered_one_by_one(node: Served) -> None:
    """Whoever is forged, left out, unknown or refused, the others are committed."""
    posted = [node.shell.notice(str(number)) for number in range(9)]
    refused = node.shell.notice(operation="notice.withdraw", arguments={"unit": "u", "number": 1, "reason": "r"})
    members = batched([*posted, refused], administrator_key())
    forged = seal(posted[5].body, members[4].signatures)
    strangers = batched(posted[6:8], administrator_key(9))
    handed_in = [*members[:5], forged, *strangers, members[8], members[9], posted[0]]
    lines = answers(
        (await node.tcp.post(BATCH, content=framed(one.envelope for one in handed_in), headers=PREFIXED)).text
    )
    assert [line["status"] for line in lines] == ["committed"] * 5 + ["refused"] * 3 + ["committed"] * 3
    assert [line.get("code") for line in lines] == [*["ok"] * 5, *[None] * 3, "ok", "notice.not-found", "ok"]
    # Signed alone, it is the same transaction as the first.
    assert (lines[-1]["known"], lines[-1]["index"]) == (True, lines[0]["index"])


async def test_bad_lines_are_answered_and_the_stream_goes_on(node: Served) -> None:
    good = [node.shell.raw_notice(str(number)) for number in range(3)]
    false = bytearray(node.shell.raw_notice("false"))
    false[-1] ^= 1
    refused = node.shell.notice(operation="notice.withdraw", arguments={"unit": "u", "number": 1, "reason": "r"})
    stranger = node.shell.notice(key=administrator_key(9))
    body = b"\n".join(
        [
            line_of(good[0]),
            b"not json",
            b'{"envelope": "%%%"}',
            line_of(b"\xc1"),
            line_of(good[1]),
            b"",
            line_of(bytes(false)),
            line_of(refused.envelope),
            line_of(stranger.envelope),
            line_of(good[0]),
            line_of(good[2]),
        ]
    )
    lines = answers((await node.tcp.post(BATCH, content=body, headers=LINES)).text)
    assert [line["number"] for line in lines] == list(range(10))
    assert [line["status"] for line in lines] == [
        "committed", "refused", "refused", "refused", "committed", "refused", "committed", "refused", "committed",
        "committed",
    ]  # fmt: skip
    codes = []
    for line in lines:
        problem = line.get("problem")
        if isinstance(problem, dict):
            assert problem["detail"] == problem["template"].format(**problem["params"])
            codes.append(problem["code"])
    assert codes == ["body-invalid", "body-invalid", "decoding", "transaction-invalid", "sender.unknown"]
    assert lines[6]["code"] == "notice.not-found"
    assert lines[8]["known"] is True
    assert lines[8]["index"] == lines[0]["index"]


async def test_values_beside_envelopes_in_both_forms(node: Served) -> None:
    first, second = (detach(text, bytes([number]) * 32) for number, text in enumerate(("one", "two")))
    binary = await node.tcp.post(BATCH, content=framed([node.shell.notice_with_body(first)]), headers=PREFIXED)
    assert [line["code"] for line in answers(binary.text)] == ["ok"]
    arguments = {"unit": "branch-1", "title": "t", "body": {"#": second.commitment}}
    document = {
        "envelope": base64.b64encode(node.shell.notice(arguments=arguments).envelope).decode(),
        "detached": [
            {
                "salt": base64.b64encode(second.salt).decode(),
                "value": base64.b64encode(second.value_bytes).decode(),
            }
        ],
    }
    textual = await node.tcp.post(BATCH, content=json.dumps(document), headers=LINES)
    assert [line["code"] for line in answers(textual.text)] == ["ok"]
    for value in (first, second):
        assert (await node.control.get(f"/v1/payloads/{value.commitment.hex()}")).status_code == 200


async def test_an_empty_stream_has_an_empty_answer(node: Served) -> None:
    for headers in (LINES, PREFIXED):
        answer = await node.tcp.post(BATCH, content=b"", headers=headers)
        assert (answer.status_code, answer.text) == (200, "")


async def test_a_length_that_nothing_has_ends_the_stream_after_what_came_before(node: Served) -> None:
    body = framed([node.shell.raw_notice()]) + (SUBMISSION_SIZE_BYTES_MAX + 1).to_bytes(4, "big") + b"x" * 100_000
    lines = answers((await node.tcp.post(BATCH, content=body, headers=PREFIXED)).text)
    assert [line["status"] for line in lines] == ["committed", "aborted"]


async def test_a_stream_that_ends_within_a_submission_says_so(node: Served) -> None:
    body = framed([node.shell.raw_notice(), node.shell.raw_notice()])[:-1]
    lines = answers((await node.tcp.post(BATCH, content=body, headers=PREFIXED)).text)
    assert [line["status"] for line in lines] == ["committed", "aborted"]


async def test_a_line_without_end_is_cut_off(node: Served) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield line_of(node.shell.raw_notice()) + b"\n"
        for _ in range(60):
            yield b"x" * 65_536

    lines = answers((await node.tcp.post(BATCH, content=endless(), headers=LINES)).text)
    assert [line["status"] for line in lines] == ["committed", "aborted"]


async def test_another_form_is_refused(node: Served) -> None:
    answer = await node.tcp.post(BATCH, content=b"", headers={"content-type": "application/json"})
    assert answer.status_code == 415


async def test_answers_come_while_the_client_still_sends(node: Served) -> None:
    """A second submission is only sent when the first one's answer is there: no part waits for the end."""
    first, second = node.shell.raw_notice("first"), node.shell.raw_notice("second")
    async with await trio.open_unix_socket(str(node.doors.control_path)) as stream:
        head = (
            f"POST {BATCH} HTTP/1.1\r\nhost: node\r\ncontent-type: application/octet-stream\r\n"
            "transfer-encoding: chunked\r\n\r\n"
        )
        await stream.send_all(head.encode() + chunk(framed([first])))
        received = await receive_until(stream, b'"number":0')
        await stream.send_all(chunk(framed([second])) + b"0\r\n\r\n")
        received += await receive_until(stream, b"\r\n0\r\n\r\n")
    assert received.count(b'"status":"committed"') == 2


async def test_a_client_that_reads_nothing_until_it_has_sent_everything_may_send_a_window(node: Served) -> None:
    raws = [node.shell.raw_notice("x" * 150) for _ in range(WINDOW_MAX)]
    answer = await node.control.post(BATCH, content=framed(raws), headers=PREFIXED)
    assert len(answers(answer.text)) == WINDOW_MAX


async def test_a_client_that_goes_away_leaves_nothing_behind(node: Served) -> None:
    async with await trio.open_unix_socket(str(node.doors.control_path)) as stream:
        head = (
            f"POST {BATCH} HTTP/1.1\r\nhost: node\r\ncontent-type: application/octet-stream\r\n"
            "transfer-encoding: chunked\r\n\r\n"
        )
        transaction = node.shell.notice()
        await stream.send_all(head.encode() + chunk(framed([transaction.envelope, b"half"])[:-2]))
        await receive_until(stream, b'"number":0')
    assert (await node.control.get(f"/v1/transactions/{transaction.id.hex()}")).status_code == 200
    with trio.fail_after(10):
        while node.shell.metrics.connections.labels("control")._value.get() > 1:
            await trio.lowlevel.checkpoint()


async def test_what_was_admitted_when_the_node_stops_is_answered(node: Served) -> None:
    lines: list[dict[str, object]] = []

    async def send() -> None:
        raws = framed(node.shell.raw_notice(str(number)) for number in range(1500))
        lines.extend(answers((await node.control.post(BATCH, content=raws, headers=PREFIXED)).text))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)
        while not node.service.status().mempool_count and not node.service.status().height > 1:
            await trio.lowlevel.checkpoint()
        await node.service.stop(20_000)
    assert len(lines) == 1500
    store = node.shell.opened.store
    for line in lines:
        in_log = store.index_of(bytes.fromhex(str(line["id"]))) is not None if "id" in line else False
        assert in_log == (line["status"] == "committed")


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def receive_until(stream: trio.abc.ReceiveStream, wanted: bytes, timeout_s: float = 20) -> bytes:
    received = b""
    with trio.fail_after(timeout_s):
        while wanted not in received:
            data = await stream.receive_some(65_536)
            assert data, received
            received += data
    return received
