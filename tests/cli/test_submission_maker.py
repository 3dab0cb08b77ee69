"""Transactions that are drafted and signed together are those that are signed one by one."""

import pytest

from cli.errors import UsageError
from cli.member_key import MemberKey
from cli.operation_arguments import PreparedArguments
from cli.submission_maker import Draft, SubmissionMaker
from ledger.batch_signature import BATCH_SIZE_MAX
from ledger.detached import commitment_map, detach
from ledger.submission import decode_submission
from ledger.transaction import ENVELOPE_SIZE_BYTES_MAX, Transaction, decode_envelope, verify_signatures
from ledger.transaction_signature import BATCH_GROWTH_SIZE_BYTES_MAX
from ledger.valid_batches import ValidBatches
from tests.ledger.samples import CREATED_MS, genesis, member_key

MAKER = SubmissionMaker.of(genesis(), MemberKey("secretary", member_key(1)))


def draft(number: int, title: str = "t") -> Draft:
    prepared = PreparedArguments({"unit": "a", "title": title}, ())
    return MAKER.draft("notice.post", prepared, number.to_bytes(16, "big"), CREATED_MS)


def signed(drafts: list[Draft]) -> list[Transaction]:
    return [decode_envelope(decode_submission(one)[0]) for one in MAKER.sign(drafts)]


@pytest.mark.parametrize("count", [0, 1, 2, BATCH_SIZE_MAX + 1])
def test_they_are_signed_in_as_few_batches_as_there_can_be(count: int) -> None:
    drafts = [draft(number) for number in range(count)]
    transactions, known = signed(drafts), ValidBatches()
    assert [one.id for one in transactions] == [one.transaction_id for one in drafts]
    assert all(verify_signatures(one, known) for one in transactions)
    alone = count % BATCH_SIZE_MAX == 1
    schemes = [one.signatures[0].scheme for one in transactions]
    assert schemes == ["ed25519-batch"] * (count - alone) + ["ed25519"] * alone


def test_what_is_made_alone_has_the_same_id_and_its_values_beside_it() -> None:
    value = detach("between us", bytes(32))
    prepared = PreparedArguments({"unit": "a", "title": "t", "body": commitment_map(value)}, (value,))
    parts = ("notice.post", prepared, bytes(16), CREATED_MS)
    transaction, submission = MAKER.make(*parts)
    assert decode_submission(submission) == (transaction.envelope, (value,))
    drafted = MAKER.draft(*parts)
    assert drafted.transaction_id == transaction.id
    assert drafted.size_bytes == len(transaction.envelope) + len(value.value_bytes)
    assert MAKER.sign([drafted]) == [submission]
    together = decode_submission(MAKER.sign([drafted, draft(1)])[0])
    assert decode_envelope(together[0]).id == transaction.id and together[1] == (value,)


def test_the_largest_are_signed_alone_among_others() -> None:
    """What leaves no room for a path; one byte less, and it goes with the batch."""
    room = ENVELOPE_SIZE_BYTES_MAX - draft(0, "x" * 60_000).size_bytes + 60_000
    largest, fitting = draft(1, "x" * room), draft(2, "x" * (room - BATCH_GROWTH_SIZE_BYTES_MAX))
    just_too_large = draft(3, "x" * (room - BATCH_GROWTH_SIZE_BYTES_MAX + 1))
    others = [draft(number) for number in range(4, BATCH_SIZE_MAX + 3)]
    transactions = signed([largest, fitting, just_too_large, *others])
    assert all(map(verify_signatures, transactions[:4]))
    schemes = [one.signatures[0].scheme for one in transactions]
    assert schemes[:4] == ["ed25519", "ed25519-batch", "ed25519", "ed25519-batch"]
    # The whole batch is used: the longest path and the largest envelope that there can be.
    assert [len(one.envelope) for one in transactions[:3]] == [
        ENVELOPE_SIZE_BYTES_MAX, ENVELOPE_SIZE_BYTES_MAX, ENVELOPE_SIZE_BYTES_MAX - BATCH_GROWTH_SIZE_BYTES_MAX + 1,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("operation", "title"), [("no operation", "t"), ("notice.post", "x" * ENVELOPE_SIZE_BYTES_MAX)]
)
def test_what_makes_no_transaction_is_told_before_anything_is_signed(operation: str, title: str) -> None:
    prepared = PreparedArguments({"unit": "a", "title": title}, ())
    for made in (MAKER.draft, MAKER.make):
        with pytest.raises(UsageError, match="makes no transaction"):
            made(operation, prepared, bytes(16), CREATED_MS)
