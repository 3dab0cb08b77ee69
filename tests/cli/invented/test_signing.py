"""The steps of an invented organisation, signed together: the same transactions as one by one."""

from cli.invented.signing import InventedSigner
from cli.invented.step import ADMINISTRATOR, Step
from contracts.calendar.dates import Day
from ledger.encoding import Value
from ledger.hashing import Hash
from ledger.submission import decode_submission
from ledger.transaction import Transaction, decode_envelope, verify_signatures
from ledger.valid_batches import ValidBatches
from tests.contracts.trial_ledger import ADMINISTRATOR as KEY
from tests.contracts.trial_ledger import START_MS, trial_genesis

NETWORK_ID = trial_genesis().network_id
DAY: Day = 20_000


def step(sender: str, *signers: str, **private: str) -> Step:
    fields: dict[str, Value] = {"unit": "a", **dict.fromkeys(private, "")}
    return Step(1, DAY, sender, "records.act", {"fields": fields}, signers, dict(private))


STEPS = [
    step(ADMINISTRATOR),
    step("ann", "bob"),
    step("bob", "eve", words="between us"),
    step(ADMINISTRATOR, "bob"),
]


def signer() -> InventedSigner:
    return InventedSigner(NETWORK_ID, KEY, 5)


def read(made: list[tuple[Hash, bytes]]) -> list[Transaction]:
    return [decode_envelope(decode_submission(data)[0]) for _id, data in made]


def test_everybody_signs_their_own_together_and_what_is_single_alone() -> None:
    made, one_by_one = signer(), signer()
    together = made.submissions(STEPS, START_MS)
    transactions, known = read(together), ValidBatches()
    assert all(verify_signatures(one, known) for one in transactions)
    assert [one.id for one in transactions] == [one for one, _data in together]
    assert [one for one, _data in together] == [one_by_one.submission(one, START_MS)[0] for one in STEPS]
    signed = [[made.key_of(name).public for name in (one.sender, *one.signers)] for one in STEPS]
    assert [[one.key for one in found.signatures] for found in transactions] == signed
    # Ann and Eve have one each; the administrator two, Bob three.
    assert [[one.scheme.removeprefix("ed25519") for one in found.signatures] for found in transactions] == [
        ["-batch"], ["", "-batch"], ["-batch", ""], ["-batch", "-batch"],
    ]  # fmt: skip
    assert len(decode_submission(together[2][1])[1]) == 1
