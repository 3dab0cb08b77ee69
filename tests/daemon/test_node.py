"""The pure node with a real store: what becomes true in which order, and what a crash leaves behind."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consensus.certificates import BlockCertificate, ElectionCertificate
from consensus.voters import Voter, VoterSet
from contracts.result import Result
from daemon.effects import Alarm, BlockExecuted, RoleChanged, SaveSignState, StoreBatch
from daemon.events import BatchStored, Started, Submission, Submitted
from daemon.leading import BATCH_WORTH_A_BLOCK
from daemon.mempool import MempoolFullError
from daemon.node import Node
from daemon.node_errors import (
    DetachedValueError,
    ExpiredError,
    NotAcceptingError,
    StaleDatabaseError,
)
from daemon.sign_state import SignState
from ledger.block import Header, Outcome, check_first_header, check_header_follows, verify_proposal
from ledger.detached import commitment_map, detach
from ledger.errors import InvalidTransactionError
from ledger.genesis import Genesis
from ledger.note import Note
from ledger.signing import SigningKey
from ledger.transaction import Transaction
from ledger.tree import CompactRange, inclusion_path, leaf_hash, root_of, verify_inclusion
from storage.interface import StoredHeader
from tests.daemon.driver import Driver, memory_store
from tests.daemon.networks import administrator_key, node_keys, single_voter_genesis

DAY_MS = 86_400_000


def header_of(driver: Driver, height: int) -> tuple[StoredHeader, Header]:
    assert driver.store is not None
    stored = driver.store.header(height)
    assert stored is not None
    return stored, Header.decode(stored.header)


def executed_ids(driver: Driver) -> list[bytes]:
    return [one.transaction_id for block in driver.executed for one in block.transactions]


def voters_of(driver: Driver) -> VoterSet:
    return VoterSet((Voter(driver.keys.node_id, driver.keys.agreement.public),), "majority")


def check_whole_chain(driver: Driver) -> None:
    """Every link, tree root, certificate, signature and stated digest of what is stored."""
    store = driver.store
    assert store is not None
    head = store.head()
    tree, parent, executed_digests = CompactRange(), None, {}
    voters = voters_of(driver)
    results: dict[int, list[bytes]] = {}
    for height in range(1, head.tip_height + 1):
        stored, header = header_of(driver, height)
        if parent is None:
            check_first_header(header, driver.genesis.network_id, driver.genesis.created_ms)
        else:
            check_header_follows(parent, header)
        assert verify_proposal(header, driver.keys.agreement.public, stored.signature)
        entries = store.entries(stored.first_index, stored.leaf_count)
        tree.extend([leaf_hash(bytes(entry)) for entry in entries])
        assert (tree.size, tree.root()) == (header.tree_size, header.tree_root)
        outcome = Outcome.decode(bytes(entries[0]))
        assert (outcome.executed_height, outcome.state_digest) == (header.executed_height, header.state_digest)
        before = parent.executed_height if parent else 0
        stated = [leaf for one in range(before + 1, header.executed_height + 1) for leaf in results[one]]
        assert outcome.results_count == len(stated)
        assert outcome.results_root == root_of([leaf_hash(leaf) for leaf in stated])
        if parent is None or header.term > parent.term:
            ElectionCertificate.decode(stored.election_certificate).verify(voters, driver.genesis.network_id)
        else:
            assert stored.election_certificate == b""
        if height <= head.executed_height:
            certificate_bytes = store.certificate(height)
            assert certificate_bytes is not None
            certificate = BlockCertificate.decode(bytes(certificate_bytes))
            certificate.verify(voters, driver.genesis.network_id)
            assert certificate.height >= height
            leaves = [store.result(stored.first_index + one) for one in range(1, stored.leaf_count)]
            assert None not in leaves
            results[height] = [bytes(leaf) for leaf in leaves if leaf is not None]
        executed_digests[header.executed_height] = header.state_digest
        parent = header
    if head.executed_height in executed_digests:
        assert executed_digests[head.executed_height] == head.state_digest


def test_a_lone_voter_elects_itself_opens_its_term_and_commits() -> None:
    driver = Driver().start()
    roles = [(effect.role, effect.term) for effect in driver.effects if isinstance(effect, RoleChanged)]
    assert roles == [("follower", 0), ("candidate", 1), ("leader", 1)]
    status = driver.node.status()
    assert (status.role, status.height, status.committed_height, status.executed_height) == ("leader", 1, 1, 1)
    assert status.opened
    assert status.accepting
    stored, header = header_of(driver, 1)
    certificate = ElectionCertificate.decode(stored.election_certificate)
    assert header.election_certificate_hash == certificate.hash
    check_whole_chain(driver)


def test_a_transaction_is_told_only_when_block_and_execution_are_on_disk() -> None:
    driver = Driver().start()
    driver.hold_writes = True
    transaction = driver.notice()
    driver.submit(transaction)
    assert [one.transaction_id for one in driver.admitted] == [transaction.id]
    assert len(driver.held) == 1
    assert transaction.id not in executed_ids(driver)
    driver.release(1)
    assert transaction.id not in executed_ids(driver), "its execution is still only in memory"
    driver.release()
    (told,) = [block for block in driver.executed if block.transactions]
    assert told.transactions[0].result.ok
    assert driver.store is not None
    assert driver.store.index_of(transaction.id) == told.transactions[0].leaf_index
    assert bytes(driver.store.entries(told.transactions[0].leaf_index, 1)[0]) == transaction.envelope


def test_status_never_tells_of_an_execution_that_the_store_does_not_have() -> None:
    """Whoever sees a height there reads records next, and they come from the store."""
    driver = Driver().start()
    driver.hold_writes = True
    driver.submit(driver.notice())
    while driver.held:
        assert driver.store is not None
        status, head = driver.node.status(), driver.store.head()
        assert (status.executed_height, status.state_digest) == (head.executed_height, head.state_digest)
        driver.release(1)
    assert driver.node.status().executed_height == driver.node.status().committed_height > 1


def test_nothing_is_signed_before_the_block_is_stored() -> None:
    driver = Driver().start()
    driver.hold_writes = True
    driver.effects.clear()
    driver.submit(driver.notice())
    assert [type(effect) for effect in driver.effects if isinstance(effect, StoreBatch | SaveSignState)] == [StoreBatch]
    before = driver.sign_state
    driver.release(1)
    assert driver.sign_state.acknowledged_height == before.acknowledged_height + 1
    assert driver.sign_state.proposed_height == driver.sign_state.acknowledged_height


def test_results_are_stated_by_a_closing_block_when_the_node_is_idle() -> None:
    driver = Driver().start()
    driver.submit(driver.notice())
    height = driver.node.status().height
    driver.tick()
    assert driver.node.status().height == height, "whoever wrote may write again"
    driver.tick()
    _, closing = header_of(driver, height + 1)
    assert (closing.leaf_count, closing.executed_height, closing.checkpoint) == (1, height, True)
    driver.tick()
    driver.tick()
    assert driver.node.status().height == height + 1, "a closing block needs no successor"
    check_whole_chain(driver)


def test_checkpoints_never_shrink_and_cover_what_they_say() -> None:
    driver = Driver().start()
    for _ in range(4):
        driver.submit(driver.notice())
        driver.tick(700)
    sizes = [one.tree_size for one in driver.checkpoints]
    assert sizes == sorted(sizes)
    assert sizes[-1] == driver.node.status().tree_size
    assert driver.store is not None
    assert driver.store.head().checkpoint == driver.checkpoints[-1].note
    root = driver.node.status().tree_root
    for index in range(sizes[-1]):
        entry = bytes(driver.store.entries(index, 1)[0])
        verify_inclusion(leaf_hash(entry), index, sizes[-1], inclusion_path(driver.store, index, sizes[-1]), root)


def test_while_a_block_is_on_its_way_the_next_waits_for_company() -> None:
    driver = Driver().start()
    driver.hold_writes = True
    driver.submit(driver.notice())
    driver.submit(driver.notice())
    assert len(driver.held) == 1
    driver.submit(*[driver.notice() for _ in range(BATCH_WORTH_A_BLOCK)])
    assert len(driver.held) == 2
    driver.release()
    assert len(executed_ids(driver)) == BATCH_WORTH_A_BLOCK + 2
    driver.tick()
    check_whole_chain(driver)


def test_who_writes_at_every_tick_causes_no_closing_blocks() -> None:
    driver = Driver().start()
    for _ in range(5):
        driver.submit(driver.notice())
        height = driver.node.status().height
        driver.tick()
        assert driver.node.status().height == height
    driver.tick()
    assert driver.node.status().height == height + 1
    check_whole_chain(driver)


def test_a_closing_block_on_its_way_keeps_nobody_waiting() -> None:
    driver = Driver().start()
    driver.submit(driver.notice())
    driver.tick()
    driver.hold_writes = True
    driver.tick()
    assert len(driver.held) == 1, "the block that states what the notice did"
    driver.submit(driver.notice())
    assert len(driver.held) == 2
    driver.submit(driver.notice())
    assert len(driver.held) == 2, "a block with a transaction is worth waiting for"
    driver.release()
    assert len(executed_ids(driver)) == 3
    driver.tick()
    check_whole_chain(driver)


def test_the_window_bounds_blocks_under_way() -> None:
    driver = Driver().start()
    # From now on it knows that notices are cheap.
    driver.submit(driver.notice())
    driver.hold_writes = True
    for _ in range(20):
        driver.submit(*[driver.notice() for _ in range(BATCH_WORTH_A_BLOCK)])
    window = driver.genesis.parameters.window_blocks_max
    assert len(driver.held) == window
    driver.release()
    assert len(executed_ids(driver)) == 20 * BATCH_WORTH_A_BLOCK + 1
    driver.tick()
    check_whole_chain(driver)


def test_execution_sees_what_earlier_blocks_wrote_before_it_is_on_disk() -> None:
    """The file of a unit numbers its notices: with writes held back the numbers still have no gap."""
    driver = Driver().start()
    driver.hold_writes = True
    for _ in range(3):
        driver.submit(*[driver.notice() for _ in range(BATCH_WORTH_A_BLOCK)])
        driver.release(1)
    driver.release()
    numbers = [
        dict(event)["number"]
        for block in driver.executed
        for one in block.transactions
        for name, event in one.result.events
        if name == "notice.posted"
    ]
    assert numbers == list(range(1, 3 * BATCH_WORTH_A_BLOCK + 1))


@pytest.mark.parametrize("when", ["waiting", "in a block", "executed", "after a restart"])
def test_an_id_is_accepted_once(when: str) -> None:
    driver = Driver().start()
    transaction = driver.notice()
    if when in ("waiting", "in a block"):
        driver.hold_writes = True
        if when == "waiting":
            driver.submit(driver.notice())
    driver.submit(transaction)
    if when == "after a restart":
        driver = driver.restarted().start()
    driver.submit(transaction)
    assert driver.admitted[-1].known
    driver.hold_writes = False
    driver.release()
    driver.tick()
    assert executed_ids(driver).count(transaction.id) <= 1
    assert driver.store is not None
    assert driver.store.index_of(transaction.id) is not None


def refusal(driver: Driver, transaction: Transaction) -> type[Exception]:
    driver.submit(transaction)
    return type(driver.refused[-1].error)


def test_what_admission_refuses() -> None:
    driver = Driver().start()
    now_ms = driver.now_ms
    assert refusal(driver, driver.notice(network_id=b"x" * 32)) is InvalidTransactionError
    assert refusal(driver, driver.notice(expires_ms=now_ms - 1)) is InvalidTransactionError
    assert refusal(driver, driver.notice(expires_ms=now_ms + DAY_MS + 1000)) is InvalidTransactionError
    commitment = commitment_map(detach("text", b"s" * 32))
    missing = driver.notice(arguments={"unit": "branch-1", "title": "t", "body": commitment})
    assert refusal(driver, missing) is DetachedValueError
    driver.submit(driver.notice(), detached=(detach("text", b"s" * 32),))
    assert isinstance(driver.refused[-1].error, DetachedValueError)
    stranger = driver.notice(key=SigningKey.from_seed(b"\x42" * 32))
    driver.submit(stranger)
    assert driver.refused[-1].error.code == "sender.unknown"
    assert all(one.retry_after_ms == 0 for one in driver.refused)
    assert executed_ids(driver) == []


def test_detached_values_are_stored_with_their_block() -> None:
    driver = Driver().start()
    value = detach("between us", b"s" * 32)
    transaction = driver.notice(arguments={"unit": "branch-1", "title": "t", "body": commitment_map(value)})
    driver.submit(transaction, detached=(value,))
    assert driver.store is not None
    payload = driver.store.payload(value.commitment)
    assert payload is not None
    assert (bytes(payload.salt), bytes(payload.value)) == (value.salt, value.value_bytes)
    assert b"between us" not in transaction.envelope


def test_a_full_pool_refuses_for_now() -> None:
    driver = Driver().start()
    driver.hold_writes = True
    count = 0
    while not driver.refused:
        driver.submit(*[driver.notice() for _ in range(2048)])
        count += 2048
        assert count < 100_000
    assert isinstance(driver.refused[0].error, MempoolFullError)
    assert driver.refused[0].retry_after_ms > 0


def test_a_waiting_transaction_that_expires_is_dropped_and_told() -> None:
    driver = Driver().start()
    driver.hold_writes = True
    driver.submit(driver.notice())
    late = driver.notice(expires_ms=driver.now_ms + 50)
    driver.submit(late)
    driver.tick()
    assert [one.transaction_id for one in driver.dropped] == [late.id]
    assert isinstance(driver.dropped[0].error, ExpiredError)


def genesis_with_quota(quota: int) -> Genesis:
    parameters = {
        "transaction_lifetime_ms_max": DAY_MS,
        "transactions_per_sender_per_day_max": quota,
        "block_transactions_max": 2048,
        "block_size_bytes_max": 1_048_576,
        "clock_skew_ms_max": 5000,
        "window_blocks_max": 8,
    }
    return single_voter_genesis(parameters=parameters)


def test_the_daily_quota_is_kept() -> None:
    driver = Driver(genesis_with_quota(3)).start()
    for _ in range(4):
        driver.submit(driver.notice())
    assert len(executed_ids(driver)) == 3
    assert "quota" in driver.refused[0].error.code
    driver.tick(DAY_MS)
    driver.submit(driver.notice())
    assert len(executed_ids(driver)) == 4


def test_the_daily_quota_counts_what_is_in_a_block_under_way() -> None:
    driver = Driver(genesis_with_quota(3)).start()
    driver.hold_writes = True
    driver.submit(driver.notice(), driver.notice())
    assert len(driver.held) == 1
    driver.submit(driver.notice(), driver.notice())
    assert ["quota" in one.error.code for one in driver.refused] == [True]
    driver.release()
    driver.submit(driver.notice())
    assert ["quota" in one.error.code for one in driver.refused] == [True, True]
    driver.release()
    assert len(executed_ids(driver)) == 3
    assert not driver.dropped


def test_the_daily_quota_counts_what_a_crash_left_in_a_block() -> None:
    driver = Driver(genesis_with_quota(3)).start()
    driver.hold_writes = True
    driver.submit(driver.notice(), driver.notice())
    # The block is on disk, and nobody has acknowledged it.
    driver._apply(driver.held[0])
    again = driver.restarted()
    again.hold_writes = True
    again.start()
    again._nonces = 10
    again.submit(again.notice(), again.notice())
    again.release()
    assert len(executed_ids(again)) == 3
    assert ["quota" in one.error.code for one in again.refused] == [True]


def test_stopping_finishes_what_was_admitted_and_refuses_the_rest() -> None:
    driver = Driver().start()
    driver.hold_writes = True
    driver.submit(driver.notice())
    driver.submit(driver.notice())
    driver.stop()
    driver.submit(driver.notice())
    assert isinstance(driver.refused[0].error, NotAcceptingError)
    assert not driver.stopped
    driver.hold_writes = False
    driver.release()
    assert driver.stopped
    assert len(executed_ids(driver)) == 2
    assert driver.store is not None
    head = driver.store.head()
    assert head.executed_height == head.tip_height
    _, tip = header_of(driver, head.tip_height)
    assert tip.executed_height == tip.height - 1, "the results are stated before the node goes"


def test_a_new_leader_commits_inherited_blocks_with_its_own_first_block() -> None:
    """Raft 5.4.2. Stored, never acknowledged: the next term's opening block commits them, and their state is right."""
    driver = Driver().start()
    driver.hold_writes = True
    transaction = driver.notice()
    driver.submit(transaction)
    effect = driver.held.popleft()
    assert driver.store is not None
    driver.store.apply([effect.batch])
    again = driver.restarted().start()
    assert again.node.status().term == 2
    assert transaction.id in executed_ids(again)
    again.tick()
    check_whole_chain(again)


def test_a_retry_while_recovered_blocks_wait_for_the_opening_block_is_known() -> None:
    """Take out the recovered ids in `Node.__init__` (`daemon/node.py`) and the transaction gets a second place."""
    driver = Driver().start()
    driver.hold_writes = True
    transaction = driver.notice()
    driver.submit(transaction)
    assert driver.store is not None
    driver.store.apply([driver.held.popleft().batch])
    again = driver.restarted()
    again.hold_writes = True
    again.start()
    assert again.node.status().accepting
    again.submit(transaction)
    assert again.admitted[-1].known
    again.hold_writes = False
    again.release()
    again.tick()
    assert executed_ids(again).count(transaction.id) == 1
    check_whole_chain(again)


@pytest.mark.parametrize("unreported", range(5))
@pytest.mark.parametrize("reported", range(4))
def test_a_lone_voter_goes_on_wherever_the_power_went_between_its_writes(reported: int, unreported: int) -> None:
    """Blocks in a row state what was executed when they were built; by the crash more was. Nobody else can help.

    Found by a batch whose node was killed. Guard: daemon/chain.py, `digests` in `Chain.__init__`.
    """
    driver = Driver().start()
    driver.submit(driver.notice())
    driver.hold_writes = True
    for number in range(4):
        driver.submit(*[driver.notice() for _ in range(BATCH_WORTH_A_BLOCK)])
        driver.release(1 if 0 < number <= reported else 0)
    again = crashed(driver, unreported).start()
    status = again.node.status()
    assert (status.opened, status.executed_height) == (True, status.height)
    assert not again.alarms
    check_whole_chain(again)


@pytest.mark.parametrize("pause_ms", [0, 400, -600_000])
def test_a_restart_leaves_nothing_told_without_a_checkpoint(pause_ms: int) -> None:
    """Killed after telling, before the checkpoint: the opening block states the results, so it is one itself."""
    driver = Driver().start()
    driver.submit(driver.notice())
    again = driver.restarted()
    again.now_ms += pause_ms
    again.start()
    again.tick()
    assert again.checkpoints[-1].tree_size == again.node.status().tree_size


def test_one_wrong_reading_of_the_clock_is_forgotten() -> None:
    driver = Driver().start()
    right = driver.now_ms
    driver.tick(365 * DAY_MS)
    driver.now_ms = right
    driver.tick()
    driver.submit(driver.notice())
    assert driver.refused == []
    assert len(executed_ids(driver)) == 1


def test_what_cannot_be_in_the_next_block_is_not_admitted() -> None:
    """Blocks of a clock that was far ahead stay; what expires before the next block is refused at once."""
    driver = Driver()
    driver.now_ms += 365 * DAY_MS
    driver.start()
    driver.now_ms -= 365 * DAY_MS
    driver.submit(driver.notice())
    assert isinstance(driver.refused[0].error, InvalidTransactionError)
    assert driver.dropped == []


def test_cosignatures_never_go_back_in_time() -> None:
    driver = Driver().start()
    driver.submit(driver.notice())
    driver.tick()
    again = driver.restarted()
    again.now_ms -= DAY_MS
    again.start()
    times = []
    for published in (*driver.checkpoints, *again.checkpoints):
        signature = Note.parse(published.note).signatures[1].signature
        times.append(int.from_bytes(signature[:8], "big"))
    assert times == sorted(times)


def test_a_database_older_than_the_signatures_stops_the_node() -> None:
    """Protocol section 3. Take out `_check_sign_state` in `daemon/node.py` and this fails."""
    driver = Driver().start()
    driver.submit(driver.notice())
    older = Driver(
        driver.genesis,
        driver.keys,
        memory_store(driver.genesis),
        driver.sign_state,
        driver.term_certificate,
        driver.now_ms,
    )
    older.start()
    (alarm,) = older.alarms
    assert isinstance(alarm.error, StaleDatabaseError)
    assert older.node.step(Started(driver.now_ms)) == []
    assert older.sign_state == driver.sign_state


def test_terms_rise_over_restarts_and_no_height_is_signed_twice_in_one() -> None:
    driver = Driver().start()
    for _ in range(5):
        driver.submit(driver.notice())
        driver = driver.restarted().start()
    assert driver.node.status().term == 6
    check_whole_chain(driver)


def test_a_clock_that_is_set_back_does_not_take_blocks_back() -> None:
    driver = Driver().start()
    driver.submit(driver.notice())
    first = driver.executed[-1].time_ms
    driver.now_ms -= 3_600_000
    driver.submit(driver.notice(expires_ms=driver.now_ms + 2 * 3_600_000))
    assert driver.executed[-1].time_ms > first
    check_whole_chain(driver)


def test_a_clock_that_is_set_right_while_a_block_is_written_does_not_hold_it_up() -> None:
    """Found by the simulator (1 node, seed 40059). Guard: daemon/acceptance.py, `_is_too_early`, "proposer"."""
    driver = Driver().start()
    right = driver.now_ms
    driver.now_ms += 3_600_000 // 2
    driver.hold_writes = True
    driver.submit(driver.notice())
    driver.now_ms = right
    driver.hold_writes = False
    driver.release()
    driver.tick()
    assert len(executed_ids(driver)) == 1
    driver.submit(driver.notice())
    assert len(executed_ids(driver)) == 2
    check_whole_chain(driver)


def test_a_node_that_the_genesis_does_not_name_observes_and_signs_nothing() -> None:
    driver = Driver(single_voter_genesis(), keys=node_keys(9)).start()
    driver.tick(10_000)
    assert (driver.node.status().role, driver.node.status().term) == ("observer", 0)
    assert driver.sign_state == SignState()


def test_a_halted_node_does_nothing_more() -> None:
    driver = Driver().start()
    driver.submit(driver.notice())
    older = Driver(
        driver.genesis,
        driver.keys,
        memory_store(driver.genesis),
        driver.sign_state,
        driver.term_certificate,
        driver.now_ms,
    )
    older.start()
    submission = Submission(1, older.notice(), ())
    assert older.node.step(Submitted(older.now_ms, (submission,))) == []
    assert not older.node.status().accepting


def test_late_and_repeated_reports_change_nothing() -> None:
    driver = Driver().start()
    driver.submit(driver.notice())
    status = driver.node.status()
    driver.run(BatchStored(driver.now_ms, 1), BatchStored(driver.now_ms, 0))
    assert driver.node.status() == status


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_whatever_the_crash_every_told_transaction_is_there(data: st.DataObject) -> None:
    """Submissions, partial writes, ticks and crashes in any order: told stays told, and the chain stays whole."""
    driver = Driver().start()
    told: dict[bytes, tuple[int, Result]] = {}
    for _ in range(data.draw(st.integers(3, 12))):
        action = data.draw(st.sampled_from(["submit", "many", "release", "tick", "hold", "crash"]))
        if action == "submit":
            driver.submit(driver.notice(nonce=data.draw(st.binary(min_size=16, max_size=16))))
        elif action == "many":
            driver.submit(*[driver.notice() for _ in range(BATCH_WORTH_A_BLOCK)])
        elif action == "release":
            driver.release(data.draw(st.integers(1, 3)))
        elif action == "tick":
            driver.tick(data.draw(st.integers(1, 2000)))
        elif action == "hold":
            driver.hold_writes = data.draw(st.booleans())
        elif not driver.held or data.draw(st.booleans()):
            remember(driver, told)
            driver = crashed(driver, data.draw(st.integers(0, 3))).start()
    driver.hold_writes = False
    driver.release()
    driver.tick()
    remember(driver, told)
    assert not driver.alarms
    check_whole_chain(driver)
    status = driver.node.status()
    assert (status.opened, status.executed_height) == (True, status.height), "whatever was stored is finished"
    assert driver.store is not None
    for transaction_id, (index, result) in told.items():
        assert driver.store.index_of(transaction_id) == index
        assert bytes(driver.store.result(index) or b"") == result.encode()


def remember(driver: Driver, told: dict[bytes, tuple[int, Result]]) -> None:
    for block in driver.executed:
        assert isinstance(block, BlockExecuted)
        for one in block.transactions:
            assert told.setdefault(one.transaction_id, (one.leaf_index, one.result)) == (one.leaf_index, one.result)


def crashed(driver: Driver, written: int) -> Driver:
    """Power goes: of the writes under way the first `written` made it to the disk, unreported."""
    assert driver.store is not None
    for effect in list(driver.held)[:written]:
        driver.store.apply([effect.batch])
    return driver.restarted()


def test_alarm_effects_name_their_error() -> None:
    driver = Driver().start()
    driver.submit(driver.notice())
    older = Driver(
        driver.genesis,
        driver.keys,
        memory_store(driver.genesis),
        driver.sign_state,
        driver.term_certificate,
        driver.now_ms,
    )
    effects = older.node.step(Started(older.now_ms))
    assert isinstance(effects[-1], Alarm)
    assert "put the newer database back" in str(effects[-1].error)


def test_the_administrators_key_signs_what_the_driver_sends() -> None:
    transaction = Driver().notice()
    assert transaction.signatures[0].key == administrator_key().public
    assert isinstance(Driver().node, Node)
