"""Which writes others wait for: blocks, and executions after which a checkpoint is signed."""

from daemon.effects import StoreBatch
from ledger.block import Header
from tests.daemon.driver import Driver


def test_an_execution_alone_may_wait_unless_a_checkpoint_is_signed_after_it() -> None:
    """Guard: daemon/outgoing.py, "header.checkpoint"."""
    driver = Driver().start()
    for number in range(3):
        driver.submit(driver.notice(f"notice {number}"))
    for _ in range(4):
        driver.tick()
    assert driver.store is not None
    batches = [one for one in driver.effects if isinstance(one, StoreBatch)]
    assert all(one.is_urgent for one in batches if one.batch.blocks or one.batch.checkpoint)
    alone = [one for one in batches if one.batch.executions and not one.batch.blocks and not one.batch.checkpoint]
    told: set[bool] = set()
    for one in alone:
        stored = [driver.store.header(execution.height) for execution in one.batch.executions]
        is_flagged = any(Header.decode(header.header).checkpoint for header in stored if header is not None)
        assert one.is_urgent is is_flagged
        told.add(is_flagged)
    assert told == {False, True}
