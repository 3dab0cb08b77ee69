"""An organisation's affairs through a node: blocks of what is dear hold no more work than they may, by count.

What is counted is compared with time in `benchmarks.organisation`; here nothing is timed.
"""

from collections import Counter
from dataclasses import dataclass, replace
from itertools import groupby, takewhile

import pytest

from cli.demo.network import shipped_pack
from cli.invented.founding import PACK
from cli.invented.invention import Invention
from cli.invented.signing import InventedSigner
from cli.invented.story import Story
from contracts.calendar.dates import DAY_MS, day_of
from contracts.packs.beginning import genesis_pack
from daemon.chain import ExecutedBlock
from daemon.events import Submission, Submitted
from daemon.filling import Filling
from ledger.submission import decode_submission
from ledger.transaction import decode_envelope
from tests.daemon.driver import Driver
from tests.daemon.networks import administrator_key, single_voter_genesis

HOUR_MS = 3_600_000
# A sixtieth of what a node does by itself, for an organisation with as much fewer units.
BLOCK_WORK_MS_MAX = 4
UNITS_MAX = BLOCK_WORK_MS_MAX * 1000
# Founded, and its first month: everything that happens every month was seen, and is dear by then.
WISH = Invention(members=240, last_year=2027, years=1)
UNTIL = day_of(2027, 1, 26)


@dataclass
class Filled:
    """A block that was executed: its operations and what each cost."""

    operations: Counter[str]
    works: tuple[int, ...]

    @property
    def work(self) -> int:
        return sum(self.works)


@pytest.fixture(scope="module")
def filled() -> list[Filled]:
    """The blocks with transactions of a month, in order."""
    seen: list[Filled] = []
    learn = Filling.executed

    def executed(filling: Filling, block: ExecutedBlock) -> None:
        if block.works:
            seen.append(Filled(Counter(one.operation for one in block.block.transactions), block.works))
        learn(filling, block)

    pack = shipped_pack(PACK)
    genesis = replace(single_voter_genesis(), packs=(genesis_pack(pack),))
    signer = InventedSigner(genesis.network_id, administrator_key(), WISH.seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Filling, "executed", executed)
        driver = Driver(genesis, now_ms=day_of(2027, 1, 1) * DAY_MS, block_work_ms_max=BLOCK_WORK_MS_MAX).start()
        steps = takewhile(lambda step: step.day < UNTIL, Story(WISH, pack).steps())
        for (day, _part), part in groupby(steps, key=lambda step: (step.day, step.part)):
            driver.now_ms = max(driver.now_ms + 1000, day * DAY_MS + 8 * HOUR_MS)
            driver.tick()
            made = [decode_submission(signer.submission(step, driver.now_ms + HOUR_MS)[1]) for step in part]
            submissions = [Submission(1, decode_envelope(envelope), detached) for envelope, detached in made]
            driver.run(Submitted(driver.now_ms, tuple(submissions)))
        assert driver.refused == []
        assert all(one.result.ok for block in driver.executed for one in block.transactions)
    return seen


def test_no_block_holds_more_than_it_may_nor_does_the_first_of_its_kind(filled: list[Filled]) -> None:
    assert max(len(block.works) for block in filled) > 30, "cheap ones go together"
    for block in filled:
        assert len(block.works) == 1 or block.work <= UNITS_MAX, block


def test_what_is_dear_fills_blocks_as_far_as_they_go(filled: list[Filled]) -> None:
    for operation in ("treasury.standings", "treasury.assess", "treasury.pay-batch"):
        blocks = [block for block in filled if operation in block.operations]
        assert len(blocks) > 1, operation
        assert max(len(block.works) for block in blocks) > 1, operation
        dearest = max(max(block.works) for block in blocks)
        assert 1000 < dearest <= UNITS_MAX, operation
    meetings = [block.work for block in filled if block.operations.keys() == {"records.act"}]
    assert meetings and max(meetings) <= UNITS_MAX
