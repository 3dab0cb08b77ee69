"""Receipts: issued as soon as a checkpoint covers entry and result, and they verify."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.result import Result
from daemon.lookup import TransactionUnknownError, find_transaction
from daemon.policy import TreeSizeUnknownError, current_policy, policy_at
from daemon.receipts import ReceiptNotReadyError, covering_height, issue_receipt
from daemon.result_trees import TREES_MAX, ResultTrees, covered_results
from ledger.block import Outcome
from ledger.policy import Policy
from ledger.receipt import verify_receipt
from ledger.result_proof import check_same_transaction, verify_result_proof
from ledger.transaction import Transaction
from ledger.tree import leaf_hash, root_of
from storage.interface import StoreReader
from tests.daemon.driver import Driver


def reader_of(driver: Driver) -> StoreReader:
    assert driver.store is not None
    return driver.store


def assert_provable(driver: Driver, transaction: Transaction, trees: ResultTrees | None = None) -> None:
    reader = reader_of(driver)
    issued = issue_receipt(reader, driver.genesis, transaction.id, trees or ResultTrees(reader))
    policy = current_policy(reader, driver.genesis).policy
    receipt = verify_receipt(issued.receipt, policy)
    result = verify_result_proof(issued.result_proof, policy)
    check_same_transaction(receipt, result)
    assert receipt.leaf == transaction.envelope
    assert receipt.index == issued.leaf_index
    assert receipt.checkpoint.tree_size == result.receipt.checkpoint.tree_size == issued.tree_size
    assert Result.decode(result.result).transaction_id == transaction.id
    assert result.outcome.executed_height >= issued.height


@settings(max_examples=25, deadline=None)
@given(blocks=st.lists(st.integers(0, 5), min_size=1, max_size=6), hold=st.booleans())
def test_every_transaction_of_every_block_is_provable_once_the_node_is_idle(blocks: list[int], hold: bool) -> None:
    driver = Driver().start()
    transactions: list[Transaction] = []
    for number, count in enumerate(blocks):
        notices = [driver.notice(f"{number}.{position}") for position in range(count)]
        transactions += notices
        driver.submit(*notices)
        if not hold:
            driver.tick(400)
    for _ in range(4):
        driver.tick(1100)
    trees = ResultTrees(reader_of(driver))
    for transaction in transactions:
        assert_provable(driver, transaction, trees)
        assert_provable(driver, transaction, trees)


def test_before_a_checkpoint_covers_it_a_receipt_is_not_ready() -> None:
    driver = Driver().start()
    transaction = driver.notice()
    driver.submit(transaction)
    reader = reader_of(driver)
    assert find_transaction(reader, transaction.id) is not None
    with pytest.raises(ReceiptNotReadyError, match="ask again"):
        issue_receipt(reader, driver.genesis, transaction.id, ResultTrees(reader))
    # Somebody may go on writing until the next tick; then nobody has.
    driver.tick()
    driver.tick()
    assert_provable(driver, transaction)


def test_an_unknown_transaction_has_no_receipt() -> None:
    driver = Driver().start()
    with pytest.raises(TransactionUnknownError, match="check the id"):
        issue_receipt(reader_of(driver), driver.genesis, b"x" * 32, ResultTrees(reader_of(driver)))
    assert find_transaction(reader_of(driver), b"x" * 32) is None


def test_outcome_leaves_cover_every_result_exactly_once() -> None:
    driver = Driver().start()
    for number in range(5):
        driver.submit(*[driver.notice(f"{number}.{position}") for position in range(number)])
        driver.tick(300)
    driver.tick(1100)
    reader = reader_of(driver)
    covered = []
    executed_height = reader.head().executed_height
    for height in range(1, executed_height + 1):
        header = reader.header(height)
        assert header is not None
        outcome = Outcome.decode(bytes(reader.entries(header.first_index, 1)[0]))
        leaves = covered_results(reader, height)
        assert len(leaves) == outcome.results_count
        assert root_of([leaf_hash(leaf) for leaf in leaves]) == outcome.results_root
        covered += [Result.decode(leaf).leaf_index for leaf in leaves]
    assert covered == sorted(covered)
    assert len(covered) == 10
    assert covering_height(reader, executed_height) is None


def test_trees_are_kept_for_a_while_and_no_more_than_a_few() -> None:
    driver = Driver().start()
    for number in range(TREES_MAX + 2):
        driver.submit(driver.notice(str(number)))
        driver.tick(300)
    driver.tick(1100)
    reader = reader_of(driver)
    trees = ResultTrees(reader)
    heights = [height for height in range(1, reader.head().executed_height + 1) if covered_results(reader, height)]
    made = {height: trees.tree(height) for height in heights}
    assert len(heights) > TREES_MAX
    again = [height for height in reversed(heights) if trees.tree(height) is made[height]]
    assert again == heights[: -TREES_MAX - 1 : -1]


def test_the_policy_names_voters_quorum_and_from_where_on_it_holds() -> None:
    driver = Driver().start()
    reader = reader_of(driver)
    policy = current_policy(reader, driver.genesis)
    text = policy.encode()
    assert Policy.parse(text) == policy.policy
    assert b"# Banyan policy 0 of huaxin.example/ledger\n" in text
    assert (policy.number, policy.from_size) == (0, 0)
    size = reader.head().tree_size
    assert policy_at(reader, driver.genesis, 0) == policy_at(reader, driver.genesis, size) == policy
    with pytest.raises(TreeSizeUnknownError, match=f"0 to {size} entries"):
        policy_at(reader, driver.genesis, size + 1)
