"""Handing in and looking up over both doors."""

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import trio

from daemon.home import Home
from ledger.checkpoint import Checkpoint
from ledger.detached import detach
from ledger.errors import InvalidTransactionError
from ledger.genesis import parse_genesis
from ledger.policy import Policy
from ledger.receipt import verify_receipt
from ledger.result_proof import check_same_transaction, verify_result_proof
from ledger.submission import SUBMISSION_SIZE_BYTES_MAX
from ledger.transaction import ENVELOPE_SIZE_BYTES_MAX
from tests.daemon.networks import administrator_key
from tests.daemon.shell import Served, make_home, served

pytestmark = pytest.mark.trio
MSGPACK = {"content-type": "application/msgpack"}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "home")


@pytest.fixture
async def node(home: Home) -> AsyncIterator[Served]:
    async with served(home.directory) as running:
        yield running


def base64_text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, object]:
    """The problem document; asserts that it is complete."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, object] = answer.json()
    assert document["type"] == f"urn:banyan:problem:{code}"
    assert (document["status"], document["code"]) == (status, code)
    template, params = document["template"], document["params"]
    assert isinstance(template, str) and isinstance(params, dict)
    assert document["detail"] == template.format(**params)
    assert "Traceback" not in answer.text
    return document


async def test_a_transaction_is_committed_and_found_again(node: Served) -> None:
    transaction = node.shell.notice("a title")
    answer = await node.tcp.post("/v1/transactions?wait=10", content=transaction.envelope, headers=MSGPACK)
    assert answer.status_code == 200
    submitted = answer.json()
    assert (submitted["id"], submitted["status"], submitted["known"]) == (transaction.id.hex(), "committed", False)
    assert submitted["result"]["code"] == "ok"
    assert submitted["result"]["refusal"] is None
    assert submitted["result"]["writes"][0]["kind"] == "notice"
    found = (await node.tcp.get(f"/v1/transactions/{transaction.id.hex()}")).json()
    assert {name: found[name] for name in ("height", "index", "time_ms", "result")} == {
        name: submitted[name] for name in ("height", "index", "time_ms", "result")
    }
    assert base64.b64decode(found["envelope"]) == transaction.envelope
    assert found["transaction"]["arguments"] == {"title": "a title", "unit": "branch-1"}
    assert found["transaction"]["from"] == transaction.sender.hex()


async def test_json_and_values_beside_the_envelope(node: Served) -> None:
    body = detach("said in confidence", b"s" * 32)
    arguments = {"unit": "branch-1", "title": "t", "body": {"#": body.commitment}}
    envelope = node.shell.notice(arguments=arguments).envelope
    document = {
        "envelope": base64_text(envelope),
        "detached": [{"salt": base64_text(body.salt), "value": base64_text(body.value_bytes)}],
    }
    answer = await node.control.post("/v1/transactions?wait=10", json=document)
    assert answer.status_code == 200
    shown = (await node.control.get(f"/v1/transactions/{answer.json()['id']}")).json()
    assert shown["transaction"]["arguments"]["body"] == {"#": body.commitment.hex()}
    payload = await node.control.get(f"/v1/payloads/{body.commitment.hex()}")
    assert payload.json()["decoded"] == "said in confidence"
    assert_problem(await node.tcp.get(f"/v1/payloads/{body.commitment.hex()}"), 403, "operator-only")
    assert_problem(await node.control.get(f"/v1/payloads/{'0' * 64}"), 404, "payload-unknown")


async def test_values_of_too_large_a_size_are_refused(node: Served) -> None:
    body = detach("x" * 1_100_000, b"s" * 32)
    arguments = {"unit": "branch-1", "title": "t", "body": {"#": body.commitment}}
    document = {
        "envelope": base64_text(node.shell.notice(arguments=arguments).envelope),
        "detached": [{"salt": base64_text(body.salt), "value": base64_text(body.value_bytes)}],
    }
    assert_problem(await node.tcp.post("/v1/transactions", json=document), 400, "transaction-invalid")


async def test_without_wait_the_answer_is_202_and_later_the_transaction(node: Served) -> None:
    transaction = node.shell.notice()
    answer = await node.tcp.post("/v1/transactions", content=transaction.envelope, headers=MSGPACK)
    assert answer.status_code == 202
    assert answer.json() == {"id": transaction.id.hex(), "status": "pending", "known": False}
    found = await node.tcp.get(f"/v1/transactions/{transaction.id.hex()}?wait=10")
    assert found.status_code == 200
    again = await node.tcp.post("/v1/transactions", content=transaction.envelope, headers=MSGPACK)
    assert (again.status_code, again.json()["known"]) == (200, True)


async def test_a_refusal_of_the_contract_is_committed_and_told_in_words(node: Served) -> None:
    withdraw = node.shell.notice(
        operation="notice.withdraw", arguments={"unit": "branch-1", "number": 9, "reason": "none"}
    )
    answer = await node.tcp.post("/v1/transactions?wait=10", content=withdraw.envelope, headers=MSGPACK)
    assert answer.status_code == 200
    result = answer.json()["result"]
    assert result["code"] == "notice.not-found"
    refusal = result["refusal"]
    assert refusal["detail"] == refusal["template"].format(**refusal["params"])


async def test_what_is_no_transaction_is_a_problem(node: Served) -> None:
    post = node.tcp.post
    assert_problem(await post("/v1/transactions", content=b"\xc1", headers=MSGPACK), 400, "decoding")
    assert_problem(await post("/v1/transactions", content=b"\x90", headers=MSGPACK), 400, "transaction-invalid")
    stranger = node.shell.notice(key=administrator_key(7)).envelope
    assert_problem(await post("/v1/transactions", content=stranger, headers=MSGPACK), 403, "sender.unknown")
    for document in ("[]", "{", '{"envelope": 7}', '{"envelope": "!"}', '{"envelope": "", "more": 1}', "[" * 100_000):
        answer = await post("/v1/transactions", content=document, headers={"content-type": "application/json"})
        assert_problem(answer, 400, "body-invalid")
    answer = await post("/v1/transactions", json={"envelope": "", "detached": [{"salt": ""}]})
    assert_problem(answer, 400, "body-invalid")


async def test_the_form_of_the_body_has_to_be_named(node: Served) -> None:
    answer = await node.tcp.post("/v1/transactions", content=b"x", headers={"content-type": "text/plain"})
    problem = assert_problem(answer, 415, "media-type-unsupported")
    assert "application/msgpack" in str(problem["detail"])
    assert_problem(await node.tcp.post("/v1/transactions", content=b"x"), 415, "media-type-unsupported")


async def test_an_oversized_body_is_refused_announced_or_not(node: Served) -> None:
    large = b"x" * (SUBMISSION_SIZE_BYTES_MAX + 1)
    announced = await node.tcp.post("/v1/transactions", content=large, headers=MSGPACK)
    assert_problem(announced, 413, "body-too-large")

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 65_536

    assert_problem(await node.tcp.post("/v1/transactions", content=pieces(), headers=MSGPACK), 413, "body-too-large")
    assert (await node.tcp.get("/healthz")).status_code == 200


async def test_an_envelope_of_the_largest_size_is_taken_and_one_byte_more_is_not(node: Served) -> None:
    def envelope(size: int) -> bytes:
        arguments = {"unit": "branch-1", "title": "t" * size}
        return node.shell.notice(arguments=arguments).envelope

    overhead = len(envelope(60_000)) - 60_000
    fits = envelope(ENVELOPE_SIZE_BYTES_MAX - overhead)
    assert len(fits) == ENVELOPE_SIZE_BYTES_MAX
    answer = await node.tcp.post("/v1/transactions?wait=10", content=fits, headers=MSGPACK)
    assert answer.status_code == 200
    with pytest.raises(InvalidTransactionError, match=str(ENVELOPE_SIZE_BYTES_MAX)):
        envelope(ENVELOPE_SIZE_BYTES_MAX - overhead + 1)


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("wait=61", "from 0 to 60"),
        ("wait=-1", "whole number"),
        ("wait=1&wait=2", "stands twice"),
        ("weight=1", "known are: wait"),
        ("wait", "query"),
    ],
)
async def test_a_parameter_that_is_not_understood_is_refused(node: Served, query: str, named: str) -> None:
    answer = await node.tcp.post(f"/v1/transactions?{query}", content=node.shell.raw_notice(), headers=MSGPACK)
    assert named in str(assert_problem(answer, 400, "parameter-invalid")["detail"])


async def test_unknown_transactions(node: Served) -> None:
    assert_problem(await node.tcp.get(f"/v1/transactions/{'0' * 64}"), 404, "transaction-unknown")
    assert_problem(await node.tcp.get(f"/v1/transactions/{'0' * 64}/receipt"), 404, "transaction-unknown")
    assert_problem(await node.tcp.get("/v1/transactions/xyz"), 400, "parameter-invalid")


async def test_a_receipt_verifies_with_the_served_policy(node: Served) -> None:
    transaction = node.shell.notice()
    await node.tcp.post("/v1/transactions?wait=10", content=transaction.envelope, headers=MSGPACK)
    path = f"/v1/transactions/{transaction.id.hex()}/receipt"
    both = await node.tcp.get(f"{path}?wait=10", headers={"accept": "application/json"})
    assert both.status_code == 200
    document = both.json()
    policy = Policy.parse((await node.tcp.get("/tlog-policy")).content)
    receipt = verify_receipt(document["receipt"].encode(), policy)
    result = verify_result_proof(document["result_proof"].encode(), policy)
    check_same_transaction(receipt, result)
    assert receipt.leaf == transaction.envelope
    assert (receipt.index, receipt.checkpoint.tree_size) == (document["index"], document["tree_size"])
    text = await node.tcp.get(path)
    assert text.headers["content-type"].startswith("text/plain")
    assert verify_receipt(text.content, policy).leaf == transaction.envelope
    proof = await node.tcp.get(f"{path}?proof=result")
    assert verify_result_proof(proof.content, policy).result == result.result
    assert_problem(await node.tcp.get(f"{path}?proof=other"), 400, "parameter-invalid")


async def test_a_receipt_that_is_not_ready_is_a_conflict_with_a_time_to_come_back(node: Served) -> None:
    """Asked without waiting, again and again, it is not ready until a checkpoint covers it, and then it is."""
    transaction = node.shell.notice()
    path = f"/v1/transactions/{transaction.id.hex()}/receipt"
    await node.tcp.post("/v1/transactions?wait=10", content=transaction.envelope, headers=MSGPACK)
    answer = await node.tcp.get(path)
    if answer.status_code != 200:
        problem = assert_problem(answer, 409, "receipt-not-ready")
        assert answer.headers["retry-after"] == "1"
        assert problem["retry_after_ms"] == 1000
    with trio.fail_after(10):
        while answer.status_code != 200:
            # Asked for before looking: what moves while the answer is on its way is not missed.
            moved = node.service.next_move()
            answer = await node.tcp.get(path)
            if answer.status_code != 200:
                await moved.wait()


async def test_the_published_face_fits_together(node: Served) -> None:
    await node.tcp.post("/v1/transactions?wait=10", content=node.shell.raw_notice(), headers=MSGPACK)
    genesis = parse_genesis((await node.tcp.get("/v1/genesis")).text)
    assert genesis == node.shell.opened.genesis
    note = (await node.tcp.get("/checkpoint")).text
    checkpoint = Checkpoint.parse(note.partition("\n\n")[0] + "\n")
    assert checkpoint.origin == genesis.name
    assert json.loads((await node.tcp.get("/v1/status")).text)["tree_size"] >= checkpoint.tree_size


@pytest.mark.parametrize(
    ("given", "is_taken"), [("order-7:a.B_c", True), ("x" * 64, True), ("x" * 65, False), ("two words", False)]
)
async def test_a_request_goes_by_the_id_that_its_client_gave(node: Served, given: str, is_taken: bool) -> None:
    transaction = node.shell.notice("a title")
    answer = await node.tcp.post(
        "/v1/transactions?wait=10", content=transaction.envelope, headers={**MSGPACK, "x-request-id": given}
    )
    assert (answer.headers["x-request-id"] == given) is is_taken
    lines = [(event, fields) for event, fields in node.shell.events if event.startswith("transaction-")]
    assert [event for event, _ in lines] == ["transaction-admitted", "transaction-in-block", "transaction-executed"]
    assert {fields["transaction"] for _, fields in lines} == {transaction.id}
    assert lines[0][1]["request"] == answer.headers["x-request-id"]
    assert (lines[1][1]["height"], lines[2][1]["code"]) == (answer.json()["height"], "ok")


async def test_a_refused_transaction_is_logged_under_its_id_and_that_of_a_batch(node: Served) -> None:
    foreign = node.shell.notice("late", expires_ms=1)
    answer = await node.tcp.post(
        "/v1/transactions:batch",
        content=json.dumps({"envelope": base64_text(foreign.envelope)}).encode(),
        headers={"content-type": "application/x-ndjson", "x-request-id": "batch-1"},
    )
    assert answer.status_code == 200, answer.text
    (told,) = [fields for event, fields in node.shell.events if event == "transaction-refused"]
    assert (told["transaction"], told["request"], told["code"]) == (foreign.id, "batch-1", "transaction-invalid")
