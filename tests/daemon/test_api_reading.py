"""Blocks, records, histories, tiles, status: what can be read, by whom, and what is refused."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.chain import next_link
from contracts.member import member_subject
from daemon.api.table import ENDPOINTS
from daemon.home import Home
from ledger.block import Header
from ledger.genesis import member_id
from ledger.hashing import ZERO_HASH
from ledger.tiles import decode_entry_bundle, tile_path
from ledger.tree import leaf_hash, root_of
from tests.daemon.networks import administrator_key
from tests.daemon.shell import Served, make_home, served
from tests.daemon.test_api_transactions import assert_problem

pytestmark = pytest.mark.trio
MSGPACK = {"content-type": "application/msgpack"}
COUNT = 12


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "home")


@asynccontextmanager
async def with_notices(home: Home) -> AsyncIterator[Served]:
    """A node whose ledger has notices in two units, the third one withdrawn."""
    async with served(home.directory) as node:
        raws = [
            node.shell.notice(arguments={"unit": f"branch-{number % 2}", "title": f"notice {number}"}).envelope
            for number in range(COUNT)
        ]
        raws.append(
            node.shell.notice(
                operation="notice.withdraw", arguments={"unit": "branch-0", "number": 2, "reason": "wrong"}
            ).envelope
        )
        outcomes = await node.service.submit_many(raws)
        assert all(one.result is not None and one.result.ok for one in outcomes)
        for outcome in outcomes:
            # A result is provable from the checkpoint of the block that states it, which comes after its own.
            assert outcome.transaction_id is not None
            receipt = await node.control.get(f"/v1/transactions/{outcome.transaction_id.hex()}/receipt?wait=20")
            assert receipt.status_code == 200, receipt.text
        yield node


@pytest.fixture
async def node(home: Home) -> AsyncIterator[Served]:
    async with with_notices(home) as running:
        yield running


async def test_blocks_hang_together_and_show_their_transactions(node: Served) -> None:
    status = (await node.tcp.get("/v1/status")).json()
    previous = status["network"]["id"]
    shown = []
    for height in range(1, status["executed_height"] + 1):
        block = (await node.tcp.get(f"/v1/blocks/{height}")).json()
        assert (block["height"], block["previous_hash"]) == (height, previous)
        header = Header.decode(base64.b64decode(block["header"]))
        assert (header.hash.hex(), header.tree_root.hex()) == (block["hash"], block["tree_root"])
        assert block["certificate"] is not None
        assert (block["election_certificate"] is not None) == (height == 1)
        assert block["outcome"]["height"] == height
        previous = block["hash"]
        shown += block["transactions"]
    assert len(shown) == COUNT + 1
    assert {one["code"] for one in shown} == {"ok"}
    assert {one["operation"] for one in shown} == {"notice.post", "notice.withdraw"}
    for height in (0, status["executed_height"] + 100):
        code, status_code = ("parameter-invalid", 400) if height == 0 else ("block-unknown", 404)
        assert_problem(await node.tcp.get(f"/v1/blocks/{height}"), status_code, code)


async def test_one_record_with_its_version(node: Served) -> None:
    record = (await node.tcp.get("/v1/records/notice/branch-0/000000000002")).json()
    assert (record["kind"], record["id"], record["version"]) == ("notice", "branch-0/000000000002", 2)
    assert record["fields"]["state"] == "withdrawn"
    author = member_id(node.shell.opened.genesis.network_id, administrator_key().public)
    assert record["fields"]["author"] == {"$hex": author.hex()}
    assert record["executed_height"] == node.service.status().executed_height
    linearizable = await node.tcp.get("/v1/records/notice/branch-0/000000000002?linearizable=true")
    assert linearizable.json() == record
    assert_problem(await node.tcp.get("/v1/records/notice/branch-0/9"), 404, "record-unknown")
    for kind in ("Notice", "nothing"):
        for path in (f"/v1/records/{kind}/x", f"/v1/records/{kind}"):
            unknown = assert_problem(await node.tcp.get(path), 404, "kind-unknown")
            assert f"the kind {kind!r}; the kinds are active-pack, administrators, attendance, " in str(
                unknown["detail"]
            )
    assert_problem(await node.tcp.get("/v1/records/notice/%00"), 400, "parameter-invalid")
    assert_problem(await node.tcp.get("/v1/records/notice/x?linearizable=1"), 400, "parameter-invalid")


async def test_records_in_pages_with_filters(node: Served) -> None:
    async def ids(query: str) -> list[str]:
        found: list[str] = []
        after = ""
        while True:
            page = (await node.tcp.get(f"/v1/records/notice?limit=3{query}{after}")).json()
            assert len(page["records"]) <= 3
            found += [one["id"] for one in page["records"]]
            if page["next"] is None:
                return found
            after = f"&after={page['next']}"

    everything = await ids("")
    assert everything == sorted(everything)
    assert len(everything) == COUNT
    assert await ids("&unit=branch-1") == [one for one in everything if one.startswith("branch-1/")]
    assert await ids("&unit=branch-0&state=withdrawn") == ["branch-0/000000000002"]
    assert await ids("&unit=nowhere") == []
    assert await ids("&prefix=branch-1/") == await ids("&unit=branch-1")
    assert await ids("&prefix=branch-&unit=branch-1") == await ids("&unit=branch-1")
    assert await ids("&prefix=nowhere/") == []
    assert await ids("&ids=true") == everything
    assert await ids("&ids=true&unit=branch-1") == await ids("&unit=branch-1")
    brief = (await node.tcp.get("/v1/records/notice?ids=true&limit=1")).json()
    assert brief["records"] == [{"id": everything[0]}]
    assert (await node.tcp.get("/v1/records/parameters")).json()["records"][0]["id"] == "network"
    for query in ("limit=0", "limit=1001", "unti=branch-0", "after=", "unit=a&unit=b"):
        assert_problem(await node.tcp.get(f"/v1/records/notice?{query}"), 400, "parameter-invalid")


async def test_a_history_verifies_link_by_link(node: Served) -> None:
    for path, subject in (
        ("/v1/subjects/unit/branch-0/history", "unit/branch-0"),
        (f"/v1/members/{author_of(node)}/history", member_subject(bytes.fromhex(author_of(node)))),
    ):
        links = []
        after = 0
        while after is not None:
            page = (await node.tcp.get(f"{path}?limit=4&after={after}")).json()
            assert page["subject"] == subject
            links += page["links"]
            after = page["next"]
        previous = ZERO_HASH
        for sequence, link in enumerate(links, 1):
            entry = base64.b64decode(link["entry"])
            assert link["sequence"] == sequence
            assert link["leaf_hash"] == leaf_hash(entry).hex()
            previous = next_link(previous, leaf_hash(entry))
            assert link["link"] == previous.hex()
        assert len(links) == (COUNT + 1 if subject.startswith("member/") else COUNT // 2 + 1)
    assert_problem(await node.tcp.get("/v1/subjects/unit/nowhere/history"), 404, "subject-unknown")
    assert (await node.tcp.get("/v1/subjects/unit/branch-0/history?after=99")).json()["links"] == []


def author_of(node: Served) -> str:
    return member_id(node.shell.opened.genesis.network_id, administrator_key().public).hex()


async def test_tiles_make_the_root_that_the_checkpoint_states(node: Served) -> None:
    checkpoint = (await node.tcp.get("/checkpoint")).text.splitlines()
    size, root = int(checkpoint[1]), base64.b64decode(checkpoint[2])
    bundle = await node.tcp.get("/" + tile_path(None, 0, size))
    entries = decode_entry_bundle(bundle.content)
    hashes = (await node.tcp.get("/" + tile_path(0, 0, size))).content
    leaves = [hashes[at : at + 32] for at in range(0, len(hashes), 32)]
    assert leaves == [leaf_hash(entry) for entry in entries]
    assert root_of(leaves) == root
    assert "immutable" in bundle.headers["cache-control"]
    half = await node.tcp.get("/" + tile_path(0, 0, 2))
    assert half.content == hashes[:64]
    assert "no-cache" in (await node.tcp.get("/checkpoint")).headers["cache-control"]


@pytest.mark.parametrize(
    "path", ["0/000", "0/000.p/255", "0/001.p/1", "1/000.p/1", "entries/000", "0/00", "x", "64/000"]
)
async def test_a_tile_that_there_is_not(node: Served, path: str) -> None:
    assert_problem(await node.tcp.get(f"/tile/{path}"), 404, "tile-unknown")


async def test_a_tile_that_there_is_not_is_told_with_what_can_be_asked(node: Served) -> None:
    narrower = assert_problem(await node.tcp.get("/tile/0/000"), 404, "tile-unknown")
    width = (await node.tcp.get("/v1/status")).json()["tree_size"]
    assert f"ask with .p/{width}," in str(narrower["detail"])
    assert (await node.tcp.get(f"/tile/0/000.p/{width}")).status_code == 200
    for path in ("0/001", "0/001.p/1", "1/000.p/1", "entries/001.p/200"):
        none = assert_problem(await node.tcp.get(f"/tile/{path}"), 404, "tile-unknown")
        assert ".p/0" not in str(none["detail"])
        assert "the log ends before it" in str(none["detail"])


async def test_the_policy_of_an_earlier_size_and_of_none(node: Served) -> None:
    now = (await node.tcp.get("/tlog-policy")).text
    assert (await node.tcp.get("/tlog-policy?at=0")).text == now
    assert (await node.tcp.get("/tlog-policy?at=5")).text == now
    assert_problem(await node.tcp.get("/tlog-policy?at=100000"), 404, "tree-size-unknown")


async def test_status_names_network_node_and_disk(node: Served) -> None:
    status = (await node.tcp.get("/v1/status")).json()
    genesis = node.shell.opened.genesis
    assert status["network"]["id"] == genesis.network_id.hex()
    assert status["node"]["http"] == node.doors.http_address
    assert (status["role"], status["leader"]) == ("leader", status["node"]["id"])
    assert status["accepting"] is True
    assert status["reason"] is None
    assert status["disk"]["free_bytes"] > 0
    assert status["disk"]["used_bytes"] > 0
    assert status["uptime_ms"] >= 0


async def test_machines_can_watch(node: Served) -> None:
    assert (await node.tcp.get("/healthz")).json() == {"status": "ok"}
    assert (await node.tcp.get("/readyz")).status_code == 200
    metrics = (await node.tcp.get("/metrics")).text
    assert f"banyan_transactions_executed_total {COUNT + 1}.0" in metrics
    assert 'banyan_role{role="leader"} 1.0' in metrics
    assert 'banyan_http_request_seconds_count{method="GET",route="/readyz",status="200"} 1.0' in metrics
    await node.service.stop(10_000)
    problem = assert_problem(await node.tcp.get("/readyz"), 503, "stopping")
    assert "stopping" in str(problem["detail"])
    assert (await node.tcp.get("/healthz")).status_code == 200
    assert (await node.tcp.get("/v1/status")).json()["reason"] == problem["detail"]
    late = await node.tcp.post("/v1/transactions", content=node.shell.raw_notice(), headers=MSGPACK)
    assert_problem(late, 503, "stopping")
    assert int(late.headers["retry-after"]) >= 1
    assert (await node.tcp.get("/v1/blocks/1")).status_code == 200


async def test_wrong_paths_and_methods_are_problems_too(node: Served) -> None:
    assert_problem(await node.tcp.get("/v1/nothing"), 404, "not-found")
    assert_problem(await node.tcp.get("/v1/transactions/"), 404, "not-found")
    answer = await node.tcp.delete("/v1/status")
    assert_problem(answer, 405, "method-not-allowed")
    assert "GET" in answer.headers["allow"]
    assert_problem(await node.tcp.get("/v1/transactions"), 405, "method-not-allowed")
    assert answer.headers["x-request-id"] != (await node.tcp.get("/healthz")).headers["x-request-id"]
    assert (await node.tcp.head("/healthz")).status_code == 200


async def test_an_error_that_nobody_foresaw_says_only_where_to_look(
    node: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_height: int) -> None:
        raise ZeroDivisionError("a bug with a secret in it")

    await node.service.stop(10_000)
    monkeypatch.setattr(node.shell.opened.store, "header", broken)
    answer = await node.tcp.get("/v1/blocks/1")
    problem = assert_problem(answer, 500, "internal")
    assert answer.headers["x-request-id"] in str(problem["detail"])
    assert "secret" not in answer.text
    assert "ZeroDivisionError" in capsys.readouterr().out
    monkeypatch.undo()
    assert (await node.tcp.get("/v1/blocks/1")).status_code == 200


PRIVATE = (
    "/v1/transactions/{id}",
    "/v1/transactions/{id}/receipt",
    "/v1/blocks/1",
    "/v1/records/notice",
    "/v1/records/notice/branch-0/000000000002",
    "/v1/subjects/unit/branch-0/history",
    "/v1/members/{id}/history",
    "/v1/events",
    "/tile/entries/000.p/1",
)
PUBLIC = ("/checkpoint", "/tile/0/000.p/1", "/tlog-policy", "/v1/genesis", "/v1/status", "/healthz", "/openapi.json")


async def test_a_network_of_members_shows_its_content_to_nobody_else(tmp_path: Path) -> None:
    home = make_home(tmp_path / "private", visibility="members")
    async with with_notices(home) as node:
        entry = (await node.control.get("/v1/blocks/2")).json()["transactions"][0]["id"]
        for path in PRIVATE:
            shown = path.format(id=entry)
            assert_problem(await node.tcp.get(shown), 403, "members-only")
            if path not in ("/v1/events", "/v1/members/{id}/history"):
                assert (await node.control.get(shown)).status_code == 200, shown
        assert (await node.control.get(f"/v1/members/{author_of(node)}/history")).status_code == 200
        for path in PUBLIC:
            assert (await node.tcp.get(path)).status_code == 200, path
        submitted = await node.tcp.post("/v1/transactions?wait=10", content=node.shell.raw_notice(), headers=MSGPACK)
        assert submitted.status_code == 200


async def test_the_description_lists_every_endpoint_and_nothing_else(node: Served) -> None:
    answer = await node.tcp.get("/openapi.json")
    document = answer.json()
    assert document["openapi"].startswith("3.1")
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described == {(one.method, one.path.replace(":path}", "}")) for one in ENDPOINTS}
    names = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names))
    assert_references_resolve(document, document)
    assert "notice.post" in [one["operation"] for one in document["x-banyan-operations"]]


def assert_references_resolve(document: dict[str, object], part: object) -> None:
    if isinstance(part, dict):
        reference = part.get("$ref")
        if isinstance(reference, str):
            found: object = document
            for name in reference.removeprefix("#/").split("/"):
                assert isinstance(found, dict)
                found = found[name]
        for item in part.values():
            assert_references_resolve(document, item)
    elif isinstance(part, list):
        for item in part:
            assert_references_resolve(document, item)


@pytest.mark.parametrize(
    "name", ["Status", "Peers", "Block", "Record", "RecordList", "History", "Transaction", "Submitted"]
)
async def test_answers_have_exactly_the_fields_that_the_description_names(node: Served, name: str) -> None:
    document = (await node.tcp.get("/openapi.json")).json()
    entry = (await node.tcp.get("/v1/blocks/2")).json()["transactions"][0]["id"]
    answers: dict[str, Callable[[], Awaitable[httpx.Response]]] = {
        "Status": lambda: node.tcp.get("/v1/status"),
        "Peers": lambda: node.control.get("/v1/peers"),
        "Block": lambda: node.tcp.get("/v1/blocks/2"),
        "Record": lambda: node.tcp.get("/v1/records/notice/branch-0/000000000002"),
        "RecordList": lambda: node.tcp.get("/v1/records/notice"),
        "History": lambda: node.tcp.get("/v1/subjects/unit/branch-0/history"),
        "Transaction": lambda: node.tcp.get(f"/v1/transactions/{entry}"),
        "Submitted": lambda: node.tcp.post(
            "/v1/transactions?wait=10", content=node.shell.raw_notice(), headers=MSGPACK
        ),
    }
    assert_fits(document, document["components"]["schemas"][name], (await answers[name]()).json())


async def test_who_is_connected_is_for_the_operator(node: Served) -> None:
    assert (await node.control.get("/v1/peers")).json()["peers"] == []
    assert_problem(await node.tcp.get("/v1/peers"), 403, "operator-only")


def assert_fits(document: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    """Follow the object schemas: no field missing, none besides."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        if value is not None:
            assert_fits(document, schema["anyOf"][0], value)
        return
    if "properties" in schema:
        assert isinstance(value, dict)
        assert set(schema["required"]) <= set(value) <= set(schema["properties"])
        for field, item in value.items():
            assert_fits(document, schema["properties"][field], item)
    if schema.get("type") == "array":
        assert isinstance(value, list)
        for item in value:
            assert_fits(document, schema["items"], item)
    if schema.get("type") == "integer":
        assert type(value) is int
    if schema.get("type") == "string":
        assert isinstance(value, str)
