"""What timers did, as the API shows it and the commands verify it, on a served node whose contract sets timers."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trio

from cli.chain_verification import ChainVerification
from cli.commands.chain import block
from cli.commands.history import history
from cli.commands.verify import verify
from cli.errors import VerificationError
from cli.session import Session
from cli.verification import describe, parse_policy, verify_texts
from contracts.arguments import Arguments
from contracts.context import Context
from contracts.errors import Refusal
from contracts.timer_context import TimerContext
from contracts.timer_effect import TimerEffect
from contracts.timers import set_timer
from daemon.receipts import covering_height
from daemon.result_trees import covered_results
from ledger.base64_text import decode_base64
from ledger.block import Outcome
from ledger.encoding import Value
from ledger.tree import leaf_hash, root_of
from tests.contracts.trial_contract import NO, PURPOSE, trial_registry
from tests.contracts.versions import only_version
from tests.daemon.shell import Served, make_home, served
from tests.daemon.test_api_events import listening
from tests.daemon.test_api_reading import assert_fits
from tests.daemon.test_api_transactions import assert_problem

pytestmark = pytest.mark.trio


def run(context: Context, arguments: Arguments) -> None:
    """Two timers that are due at once: one that does something, one that is refused."""
    context.link("unit/a")
    for number in (1, 2):
        set_timer(context, context.time_ms, PURPOSE, {"n": number})


def remind(context: TimerContext, payload: dict[str, Value]) -> None:
    """Leave a record, an event and a link."""
    count = context.read("trial", "count")
    if count is not None:
        raise Refusal(*NO, number=7)
    context.put("trial", "count", payload)
    context.link("unit/a")
    context.emit("trial.done", payload)


@dataclass
class Ran:
    """A served node with a folder, in whose block `height` the timers ran."""

    node: Served
    folder: Path
    height: int


@pytest.fixture
async def ran(tmp_path: Path) -> AsyncIterator[Ran]:
    home = make_home(tmp_path / "home")
    async with served(home.directory, protocols=only_version(trial_registry(run, remind))) as node:
        outcome = await node.service.submit(node.shell.notice(operation="trial.run", arguments={}).envelope)
        assert outcome.height is not None
        store = node.shell.opened.store
        with trio.fail_after(20):
            # Until the closing block states what the timers did.
            while True:
                moved = node.service.next_move()
                if covering_height(store, outcome.height + 1) is not None:
                    break
                await moved.wait()
        yield Ran(node, home.directory, outcome.height + 1)


async def shown(ran: Ran, path: str) -> dict[str, Any]:
    answer = await ran.node.tcp.get(path)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def test_a_block_shows_its_timers(ran: Ran) -> None:
    document = await shown(ran, f"/v1/blocks/{ran.height}")
    assert document["transactions"] == []
    assert [(one["number"], one["purpose"], one["code"]) for one in document["timers"]] == [
        (1, PURPOSE, "ok"),
        (2, PURPOSE, "trial.no"),
    ]
    assert (await shown(ran, f"/v1/blocks/{ran.height - 1}"))["timers"] == []


async def test_a_timer_is_shown_with_all_it_did(ran: Ran) -> None:
    schemas = await shown(ran, "/openapi.json")
    first, second = [await shown(ran, f"/v1/blocks/{ran.height}/timers/{number}") for number in (1, 2)]
    for one in (first, second):
        assert_fits(schemas, schemas["components"]["schemas"]["TimerEffect"], one)
        assert TimerEffect.decode(decode_base64(one["effect_leaf"]) or b"").timer_id == one["id"]
    assert first["result"]["writes"] == [{"kind": "trial", "id": "count", "version": 1}]
    assert first["result"]["events"] == [{"name": "trial.done", "data": first["result"]["events"][0]["data"]}]
    assert second["result"]["refusal"]["detail"] == "number 7 is refused"
    for height, number in ((ran.height, 3), (ran.height - 1, 1), (1_000_000, 1)):
        assert_problem(await ran.node.tcp.get(f"/v1/blocks/{height}/timers/{number}"), 404, "block-unknown")


async def test_the_effects_are_leaves_of_the_tree_that_the_outcome_leaf_states(ran: Ran) -> None:
    store = ran.node.shell.opened.store
    covering = covering_height(store, ran.height)
    assert covering is not None
    leaves = covered_results(store, covering)
    header = store.header(covering)
    assert header is not None
    outcome = Outcome.decode(bytes(store.entries(header.first_index, 1)[0]))
    assert outcome.results_count == len(leaves)
    assert outcome.results_root == root_of([leaf_hash(leaf) for leaf in leaves])
    assert set(map(bytes, store.timer_effects(ran.height))) <= set(leaves)


async def test_what_a_timer_did_is_proven_without_the_node(ran: Ran) -> None:
    with trio.fail_after(20):
        while True:
            moved = ran.node.service.next_move()
            if (await ran.node.tcp.get(f"/v1/blocks/{ran.height}/timers/1/proof")).status_code != 409:
                break
            await moved.wait()
    policy = parse_policy((await ran.node.tcp.get("/tlog-policy")).content)
    for number, code in ((1, "ok"), (2, "trial.no")):
        answer = await ran.node.tcp.get(f"/v1/blocks/{ran.height}/timers/{number}/proof")
        [proven] = describe(verify_texts([answer.content], policy), policy)["results"]
        one = await shown(ran, f"/v1/blocks/{ran.height}/timers/{number}")
        assert (proven["result"]["timer"], proven["result"]["code"]) == (one["id"], code)
        assert (proven["result"]["id"], proven["result"]["purpose"]) == (None, PURPOSE)
    assert_problem(await ran.node.tcp.get(f"/v1/blocks/{ran.height}/timers/3/proof"), 404, "block-unknown")
    proof, policy_file = ran.folder / "proof", ran.folder / "policy"
    proof.write_bytes(answer.content)
    policy_file.write_bytes((await ran.node.tcp.get("/tlog-policy")).content)
    await trio.to_thread.run_sync(verify, Session(ran.folder, json=False), [proof], policy_file)


async def test_a_history_has_the_links_of_timers_and_they_are_verified(ran: Ran) -> None:
    schemas = await shown(ran, "/openapi.json")
    page = await shown(ran, "/v1/subjects/unit/a/history")
    assert_fits(schemas, schemas["components"]["schemas"]["History"], page)
    head = await shown(ran, "/v1/records/chain/unit/a")
    chain = ChainVerification("unit/a")
    checked = [chain.check(link) for link in page["links"]]
    chain.check_end(head)
    assert [(one.transaction is None, one.effect is None) for one in checked] == [(False, True), (True, False)]
    assert page["links"][1]["timer"] == checked[1].effect.timer_id  # type: ignore[union-attr]
    for change in ({"height": 1}, {"timer": "x"}, {"effect": "AAAA"}, {"effect": None}, {"link": "00" * 32}):
        chain = ChainVerification("unit/a")
        chain.check(page["links"][0])
        with pytest.raises(VerificationError):
            chain.check(page["links"][1] | change)


async def test_events_of_timers_come_in_the_stream(ran: Ran) -> None:
    async with listening(ran.node.tcp, f"?after={ran.height}.0") as stream:
        event_id, kind, data = await stream.next()
    assert (event_id, kind) == (f"{ran.height}.1", "event")
    timers = (await shown(ran, f"/v1/blocks/{ran.height}"))["timers"]
    assert (data["transaction"], data["timer"], data["name"]) == (None, timers[0]["id"], "trial.done")


async def test_the_commands_show_them(ran: Ran, capsys: pytest.CaptureFixture[str]) -> None:
    await trio.to_thread.run_sync(block, Session(ran.folder, json=False), ran.height)
    printed = capsys.readouterr().out
    assert PURPOSE in printed and "trial.no" in printed
    await trio.to_thread.run_sync(history, Session(ran.folder, json=True), "unit/a")
    # What the node logs goes to the same place here.
    printed = capsys.readouterr().out
    document = json.loads(printed[printed.index("\n{\n") :].partition("\n}\n")[0] + "}")
    assert (document["verified"], document["count"]) == (True, 2)
    assert [(link["operation"], link["purpose"]) for link in document["links"]] == [
        ("trial.run", None),
        (None, PURPOSE),
    ]
    await trio.to_thread.run_sync(history, Session(ran.folder, json=False), "unit/a")
    # In whatever language this process speaks.
    assert PURPOSE in capsys.readouterr().out
