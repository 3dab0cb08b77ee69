"""A node whose store began with a snapshot: it goes on, and says of what is older that it is not kept here."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cli.audit.run import run_audit
from contracts.member import member_subject
from daemon.answering import Answering
from daemon.chain import Chain
from daemon.home import Home
from daemon.intake import Intake
from daemon.lookup import TransactionUnknownError
from daemon.receipts import issue_receipt
from daemon.result_trees import ResultTrees
from ledger.genesis import member_id
from ledger.policy import Policy
from ledger.receipt import verify_receipt
from p2p.frames import WantBlocks
from storage.errors import NotKeptError
from storage.lmdb_loading import LmdbLoading
from storage.lmdb_store import LmdbStore
from storage.memory_loading import MemoryLoading
from tests.daemon.base_stores import go_on, load_newest, past_of
from tests.daemon.driver import Driver
from tests.daemon.networks import administrator_key
from tests.daemon.shell import Served, make_home, open_sound_home, served
from tests.daemon.test_api_transactions import assert_problem

COUNT = 12
# In these tests nothing has to be refused that was entered longer ago.
SHORT_LIFETIME_MS = 1


@pytest.fixture(scope="module")
def source() -> Driver:
    """A node that keeps everything."""
    driver = Driver().start()
    for number in range(COUNT):
        driver.tick()
        driver.submit(driver.notice(f"notice {number}"))
    for _ in range(40):
        driver.tick()
    return driver


def loaded(source: Driver) -> tuple[MemoryLoading, int]:
    assert source.store is not None
    loading = MemoryLoading(source.genesis.network_id)
    base = load_newest(source.store, loading)
    loading.fill([past_of(source.store, base)])
    go_on(loading.reader, source.store, source.genesis)
    return loading, base


def test_it_goes_on_from_the_snapshot_and_issues_receipts_of_what_it_keeps(source: Driver) -> None:
    loading, base = loaded(source)
    assert source.store is not None
    store, whole = loading.finish(SHORT_LIFETIME_MS), source.store.head()
    head = store.head()
    assert (head.executed_height, head.state_digest, head.tip_hash) == (
        whole.executed_height,
        whole.state_digest,
        whole.tip_hash,
    )
    kept = Driver(source.genesis, source.keys, store, source.sign_state, source.term_certificate, source.now_ms).start()
    for number in range(3):
        kept.tick()
        kept.submit(kept.notice(f"later {number}", nonce=bytes([number + 1]) * 16))
    for _ in range(40):
        kept.tick()
    assert kept.store is not None
    assert kept.store.head().kept_from == base
    newest = kept.executed[-1]
    ids = [one.transaction_id for block in kept.executed for one in block.transactions]
    assert len(ids) == 3 and newest.height > head.executed_height
    issued = issue_receipt(kept.store, kept.genesis, ids[-1], ResultTrees(kept.store))
    text = issued.receipt
    assert verify_receipt(text, _policy(kept)).index == issued.leaf_index


def _policy(driver: Driver) -> Policy:
    from daemon.policy import current_policy

    assert driver.store is not None
    return current_policy(driver.store, driver.genesis).policy


def test_a_receipt_of_what_is_older_is_refused_with_what_to_do(source: Driver) -> None:
    loading, _ = loaded(source)
    old = source.executed[1].transactions[0].transaction_id
    store = loading.finish(SHORT_LIFETIME_MS)
    with pytest.raises(TransactionUnknownError, match=r"from block \d+ on alone; check the id"):
        issue_receipt(store, source.genesis, old, ResultTrees(store))


def test_neighbours_are_handed_headers_of_all_blocks_and_entries_of_those_that_are_kept(source: Driver) -> None:
    loading, base = loaded(source)
    store = loading.finish(SHORT_LIFETIME_MS)
    protocols = source.protocols
    chain = Chain(source.genesis, protocols, store)
    answering = Answering(chain, Intake(source.genesis, chain, store), store)
    assert len(answering.blocks(WantBlocks(1, 1, 5, False)).blocks) == 5
    assert answering.blocks(WantBlocks(1, 1, 5, True)).blocks == ()
    assert answering.blocks(WantBlocks(1, base - 1, 5, True)).blocks == ()
    assert len(answering.blocks(WantBlocks(1, base, 1, True)).blocks) == 1


@pytest.fixture
async def home(tmp_path: Path) -> Home:
    """A node's folder whose database was replaced by one that began with a snapshot of it."""
    home = make_home(tmp_path / "home")
    async with served(home.directory) as running:
        for number in range(COUNT):
            raw = running.shell.raw_notice(f"notice {number}")
            assert (await running.service.submit_many([raw]))[0].result is not None
        while (status := running.service.status()).unstored_batches or not _is_stated(running):
            await running.service.wait_for_move()
    assert status.executed_height > COUNT
    _replace_database(home)
    return home


@pytest.fixture
async def node(home: Home) -> AsyncIterator[Served]:
    """That node, served."""
    async with served(home.directory) as running:
        yield running


def _is_stated(running: Served) -> bool:
    from storage.snapshot_making import stated_height

    store = running.shell.opened.store
    return stated_height(store, store.head()) is not None


def _replace_database(home: Home) -> None:
    opened = open_sound_home(home.directory)
    old = home.database.with_name("old")
    opened.close()
    home.database.rename(old)
    source = LmdbStore.open(old, opened.genesis.network_id, readonly=True)
    loading = LmdbLoading.begin(home.directory / "loading", opened.genesis.network_id)
    base = load_newest(source, loading)
    loading.fill([past_of(source, base)])
    loading.finish(home.database, SHORT_LIFETIME_MS)
    store = LmdbStore.open(home.database, opened.genesis.network_id)
    go_on(store, source, opened.genesis)
    store.close()
    source.close()


@pytest.mark.trio
async def test_over_http_what_is_older_is_a_problem_of_its_own(node: Served) -> None:
    status = (await node.control.get("/v1/status")).json()
    kept_from = status["kept_from"]
    assert kept_from > COUNT / 2
    subject = member_subject(member_id(bytes.fromhex(status["network"]["id"]), administrator_key().public))
    for path in (
        "/v1/blocks/1",
        "/v1/blocks/2/timers/1",
        "/v1/blocks/2/timers/1/proof",
        f"/v1/subjects/{subject}/history",
        "/v1/events?after=1.0",
        "/v1/events?from_index=1",
        "/tile/entries/000.p/2",
    ):
        problem = assert_problem(await node.control.get(path), 404, "not-kept")
        assert problem["params"] == {"height": kept_from}
    assert (await node.control.get(f"/v1/blocks/{kept_from}")).status_code == 200
    assert (await node.control.get("/tile/0/000.p/2")).status_code == 200
    assert (await node.control.get("/tlog-policy?at=3")).status_code == 200
    assert_problem(await node.control.get("/v1/subjects/unit/none/history"), 404, "subject-unknown")
    unknown = assert_problem(await node.control.get(f"/v1/transactions/{'00' * 32}"), 404, "transaction-unknown")
    assert unknown["params"] == {"id": "00" * 32, "height": kept_from}
    (outcome,) = await node.service.submit_many([node.shell.raw_notice("a later one")])
    assert outcome.result is not None and outcome.result.ok


@pytest.mark.trio
async def test_an_audit_says_that_there_is_not_enough_to_derive(home: Home) -> None:
    with pytest.raises(NotKeptError, match="audit a node that keeps all blocks"):
        run_audit(str(home.database), home.genesis, lambda stage, done, total: None)
