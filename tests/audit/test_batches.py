"""Ledgers with transactions that were signed in batches: audited like any other, and forged like any other."""

from pathlib import Path

from ledger.transaction import seal
from tests.audit.builder import ADMINISTRATOR, LedgerBuilder
from tests.audit.ledgers import audit, build
from tests.batches import batched


def test_batches_over_several_blocks_hold(tmp_path: Path) -> None:
    """In any order, beside others, with members that are in no block at all."""

    def write(builder: LedgerBuilder) -> None:
        builder.open_term()
        members = batched([builder.notice() for _ in range(7)], ADMINISTRATOR)
        builder.add_block([members[6], builder.notice(), members[0]])
        builder.add_block([members[3], *batched([builder.notice() for _ in range(3)], ADMINISTRATOR), members[2]])

    report = audit(build(tmp_path, write))
    assert report.finding is None
    # Three outcome leaves and eight transactions.
    assert report.entries == 11


def test_a_member_under_the_path_of_another_is_forged(tmp_path: Path) -> None:
    """The voters let it in; the batch itself is well signed and known by then."""

    def write(builder: LedgerBuilder) -> None:
        builder.open_term()
        members = batched([builder.notice() for _ in range(5)], ADMINISTRATOR)
        builder.add_block([*members[:3], seal(members[3].body, members[2].signatures), members[4]])

    finding = audit(build(tmp_path, write)).finding
    assert finding is not None
    assert (finding.code, finding.height, finding.index, finding.verdict) == ("audit.signature-forged", 2, 5, "forged")
