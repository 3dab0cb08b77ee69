"""One transaction on its way through the runtime: who signed, what it builds on, what stays of it."""

import pytest

from contracts.admission import SenderCount, sender_count_key
from contracts.arguments import Arguments
from contracts.chain import ChainHead, chain_record_key, next_link
from contracts.changes import StateChange
from contracts.context import Context
from contracts.errors import Refusal
from contracts.member import member_fields, member_record_key, member_subject
from contracts.record import Record
from contracts.runtime import ExecutableBlock, execute_block
from ledger.encoding import Value
from ledger.errors import DecodingError
from ledger.hashing import ZERO_HASH, tagged_hash
from ledger.signing import SCHEME_ED25519, SigningKey
from ledger.transaction import Expectation
from tests.batches import batched
from tests.contracts.dict_state import DictState
from tests.contracts.trial_contract import NO, trial_registry
from tests.contracts.trial_ledger import ADMINISTRATOR, SECRETARY, STRANGER, TREASURER, TrialLedger, trial_genesis

DAY_MS = 86_400_000


def test_an_empty_block_changes_nothing() -> None:
    execution = TrialLedger().execute()
    assert (execution.results, execution.result_leaves, execution.changes, execution.links) == ((), (), (), ())


def test_a_result_names_height_index_and_id() -> None:
    ledger = TrialLedger()
    ledger.execute(ledger.post())
    transaction = ledger.post()
    execution = ledger.execute(ledger.post(), transaction)
    result = execution.results[1]
    assert (result.height, result.leaf_index, result.transaction_id) == (2, 4, transaction.id)
    assert (result.code, result.details) == ("ok", {})


def test_a_stranger_is_refused_and_leaves_no_trace() -> None:
    ledger = TrialLedger()
    execution = ledger.execute(ledger.transaction("notice.post", {"unit": "a", "title": "t"}, STRANGER))
    result = execution.results[0]
    assert (result.code, result.details) == ("sender.unknown", {"sender": ledger.member(STRANGER).hex()})
    assert (result.links, execution.links, execution.changes) == ((), (), ())


@pytest.mark.parametrize(
    ("signers", "code"),
    [
        ([STRANGER], "sender.key-unknown"),
        ([SECRETARY, STRANGER], "sender.key-unknown"),
        ([TREASURER], "sender.not-signed"),
        ([ADMINISTRATOR, TREASURER], "sender.not-signed"),
    ],
)
def test_nobody_else_can_put_anything_into_a_members_chain(signers: list[SigningKey], code: str) -> None:
    ledger = TrialLedger()
    values: dict[str, Value] = {"unit": "a", "title": "t"}
    transaction = ledger.transaction("notice.post", values, SECRETARY, signers)
    execution = ledger.execute(transaction)
    assert execution.results[0].code == code
    assert (execution.links, execution.changes) == ((), ())


def test_other_members_may_sign_too() -> None:
    ledger = TrialLedger()
    transaction = ledger.transaction("notice.post", {"unit": "a", "title": "t"}, SECRETARY, [TREASURER, SECRETARY])
    assert ledger.execute(transaction).results[0].ok


def test_a_member_signs_with_any_of_its_keys_and_with_no_revoked_one() -> None:
    ledger = TrialLedger()
    member = ledger.member(SECRETARY)
    values: dict[str, Value] = {"unit": "a", "title": "t"}
    key = member_record_key(member)
    both = [(SCHEME_ED25519, SECRETARY.public), (SCHEME_ED25519, STRANGER.public)]
    ledger.state[key] = Record(2, member_fields("secretary", both, [])).encode()
    new = ledger.transaction("notice.post", values, SECRETARY, [STRANGER])
    assert ledger.execute(new).results[0].ok
    ledger.state[key] = Record(3, member_fields("secretary", both[1:], [])).encode()
    old = ledger.transaction("notice.post", values, SECRETARY)
    assert ledger.execute(old).results[0].code == "sender.key-unknown"


@pytest.mark.parametrize("before", [False, True])
def test_a_key_signs_one_by_one_and_in_batches(before: bool) -> None:
    """Each member's own way, in one envelope; nobody signs with more than they have by signing in batches."""
    ledger = TrialLedger()
    posted = [ledger.transaction("notice.post", {"unit": "a", "title": str(number)}) for number in range(3)]
    own = batched(posted[:2], SECRETARY, TREASURER, before=before)
    assert all(one.ok for one in ledger.execute(*own).results)
    for signed, code in (
        (batched(posted[1:], TREASURER), "sender.not-signed"),
        (batched(posted[1:], STRANGER), "sender.key-unknown"),
        (batched(posted[1:], SECRETARY, STRANGER), "sender.key-unknown"),
        (batched(posted[1:], STRANGER, SECRETARY), "sender.key-unknown"),
    ):
        assert [one.code for one in ledger.execute(signed[1]).results] == [code]
    second_key = [(SCHEME_ED25519, SECRETARY.public), (SCHEME_ED25519, STRANGER.public)]
    record = Record(2, member_fields("secretary", second_key, []))
    ledger.state[member_record_key(ledger.member(SECRETARY))] = record.encode()
    assert ledger.execute(batched(posted[1:], STRANGER)[1]).results[0].ok


def test_a_key_of_another_scheme_is_another_key() -> None:
    ledger = TrialLedger()
    fields = member_fields("secretary", [("another", SECRETARY.public)], [])
    ledger.state[member_record_key(ledger.member(SECRETARY))] = Record(2, fields).encode()
    assert ledger.execute(ledger.post()).results[0].code == "sender.key-unknown"


def test_an_unknown_operation_is_refused_and_linked() -> None:
    ledger = TrialLedger()
    result = ledger.result("notice.erase", {})
    assert (result.code, result.details) == ("operation.unknown", {"operation": "notice.erase"})
    assert [link.subject for link in result.links] == [member_subject(ledger.member(SECRETARY))]


def test_a_refused_transaction_writes_nothing_but_is_counted_and_linked() -> None:
    def write_and_refuse(context: Context, arguments: Arguments) -> None:
        context.create("trial", "a", {})
        context.emit("trial.done", {})
        context.link("unit/a")
        raise Refusal(*NO, number=arguments.integer("number"))

    ledger = TrialLedger(registry=trial_registry(write_and_refuse))
    transaction = ledger.transaction("trial.run", {"number": 7})
    execution = ledger.execute(transaction)
    result = execution.results[0]
    assert (result.code, result.details, result.events, result.writes) == ("trial.no", {"number": 7}, (), ())
    member = ledger.member(SECRETARY)
    link = next_link(ZERO_HASH, transaction.leaf_hash)
    assert [tuple(one) for one in result.links] == [(member_subject(member), 1, link)]
    assert execution.changes == (
        StateChange(chain_record_key(member_subject(member)), None, Record(1, {"link": link, "sequence": 1}).encode()),
        StateChange(sender_count_key(member), None, Record(1, {"count": 1, "day": ledger.time_ms // DAY_MS}).encode()),
    )


def test_the_next_transaction_of_a_block_sees_nothing_of_a_refused_one() -> None:
    seen: list[Record | None] = []

    def run(context: Context, arguments: Arguments) -> None:
        seen.append(context.read("trial", "a"))
        context.put("trial", "a", {})
        if "number" in arguments:
            raise Refusal(*NO, number=0)

    ledger = TrialLedger(registry=trial_registry(run))
    refused: dict[str, Value] = {"number": 1}
    ledger.execute(*(ledger.transaction("trial.run", values) for values in (refused, {}, refused, {})))
    assert seen == [None, None, Record(1, {}), Record(1, {})]


@pytest.mark.parametrize(
    "error", [ValueError, KeyError, ZeroDivisionError, AssertionError, RecursionError, MemoryError]
)
def test_a_bug_in_a_contract_stops_the_node_instead_of_becoming_a_result(error: type[Exception]) -> None:
    def fail(context: Context, arguments: Arguments) -> None:
        raise error("a bug")

    ledger = TrialLedger(registry=trial_registry(fail))
    with pytest.raises(error):
        ledger.result("trial.run", {})


def test_damaged_records_stop_the_node() -> None:
    ledger = TrialLedger()
    ledger.state[member_record_key(ledger.member(SECRETARY))] = b"\x90"
    with pytest.raises(DecodingError):
        ledger.execute(ledger.post())


@pytest.mark.parametrize(
    ("expect", "code"),
    [
        (Expectation("notice-file", "branch-1", 1), "ok"),
        (Expectation("notice-file", "branch-1", 0), "expect.version-mismatch"),
        (Expectation("notice-file", "branch-1", 2), "expect.version-mismatch"),
        (Expectation("notice-file", "branch-2", 0), "ok"),
        (Expectation("notice-file", "branch-2", 1), "expect.version-mismatch"),
        (Expectation("k" * 100, "x" * 400, 0), "expect.invalid-record"),
    ],
)
def test_a_transaction_fails_when_what_it_builds_on_has_changed(expect: Expectation, code: str) -> None:
    ledger = TrialLedger()
    ledger.execute(ledger.post())
    values: dict[str, Value] = {"unit": "branch-1", "title": "t"}
    transaction = ledger.transaction("notice.post", values, expect=expect)
    assert ledger.execute(transaction).results[0].code == code


def test_a_stale_expectation_names_both_versions() -> None:
    ledger = TrialLedger()
    expect = Expectation("notice-file", "branch-1", 0)
    values: dict[str, Value] = {"unit": "branch-1", "title": "t"}
    first, second = (ledger.transaction("notice.post", values, expect=expect) for _ in range(2))
    results = ledger.execute(first, second).results
    assert results[0].ok
    assert results[1].details == {"kind": "notice-file", "id": "branch-1", "found": 1, "expected": 0}
    assert ledger.fields("notice-file", "branch-1")["count"] == 1


@pytest.mark.parametrize("kind", ["chain", "sender"])
def test_expecting_the_runtimes_own_records_before_they_exist_is_harmless(kind: str) -> None:
    ledger = TrialLedger()
    member = ledger.member(SECRETARY).hex()
    record_id = f"member/{member}" if kind == "chain" else member
    values: dict[str, Value] = {"unit": "branch-1", "title": "t"}
    for version in (0, 1):
        transaction = ledger.transaction(
            "notice.post",
            values,
            expect=Expectation(kind, record_id, version),
        )
        assert ledger.execute(transaction).results[0].ok


def test_a_chain_links_entry_to_entry() -> None:
    ledger = TrialLedger()
    first, second = ledger.post(about=["p"]), ledger.post()
    links = [*ledger.execute(first).links, *ledger.execute(second).links]
    chain = [link for link in links if link.subject == "unit/branch-1"]
    expected = tagged_hash("link", ZERO_HASH, first.leaf_hash)
    assert [(one.sequence, one.leaf_index, one.link) for one in chain] == [
        (1, 1, expected),
        (2, 3, tagged_hash("link", expected, second.leaf_hash)),
    ]
    head = ChainHead.decode(ledger.state[chain_record_key("unit/branch-1")])
    assert (head.sequence, head.link) == (2, chain[1].link)


def test_the_daily_count_starts_anew_with_the_day() -> None:
    ledger = TrialLedger()
    key = sender_count_key(ledger.member(SECRETARY))
    ledger.execute(ledger.post(), ledger.post())
    day = ledger.time_ms // DAY_MS
    assert Record.decode(ledger.state[key]) == Record(2, {"count": 2, "day": day})
    ledger.time_ms += DAY_MS
    ledger.execute(ledger.post())
    assert Record.decode(ledger.state[key]) == Record(3, {"count": 1, "day": day + 1})


def test_the_quota_holds_at_execution_too() -> None:
    ledger = TrialLedger(trial_genesis(transactions_per_sender_per_day_max=2))
    results = ledger.execute(*(ledger.post() for _ in range(3))).results
    assert [result.code for result in results] == ["ok", "ok", "sender.quota-exceeded"]
    assert results[2].details == {"sender": ledger.member(SECRETARY).hex(), "count": 2, "limit": 2}
    assert len(results[2].links) == 1
    ledger.time_ms += DAY_MS
    assert ledger.execute(ledger.post()).results[0].ok


def test_a_write_that_ends_where_it_began_is_no_change() -> None:
    def toggle(context: Context, arguments: Arguments) -> None:
        if context.read("trial", "a") is None:
            context.create("trial", "a", {})
        else:
            context.delete("trial", "a")

    ledger = TrialLedger(registry=trial_registry(toggle))
    execution = ledger.execute(ledger.transaction("trial.run", {}), ledger.transaction("trial.run", {}))
    assert not [change for change in execution.changes if change.key.startswith(b"trial\0")]
    assert [result.writes[0].version for result in execution.results] == [1, 0]


def test_every_record_is_read_from_below_once() -> None:
    class CountingState(DictState):
        asked: list[bytes]

        def get(self, key: bytes, default: object = None) -> bytes | None:  # type: ignore[override]
            self.asked.append(key)
            return super().get(key)

    ledger = TrialLedger()
    state = CountingState(ledger.state)
    state.asked = []
    block = ledger.block([ledger.post(about=["p"]) for _ in range(5)])
    execute_block(ledger.registry, state, block)
    assert len(state.asked) == len(set(state.asked))


def test_a_sender_of_another_network_is_unknown() -> None:
    """A member's id covers its network: a transaction for one network means nothing on another."""
    ledger, other = TrialLedger(), TrialLedger(trial_genesis(window_blocks_max=7))
    assert ledger.network_id != other.network_id
    block = ExecutableBlock(other.network_id, 1, other.time_ms, 0, ledger.block([ledger.post()]).transactions)
    assert execute_block(other.registry, other.state, block).results[0].code == "sender.unknown"


def test_a_lagging_clock_starts_no_new_day() -> None:
    count = SenderCount(5, 100, 3)
    assert (count.on(99), count.on(100), count.on(101)) == (3, 3, 0)
    count.add(99)
    assert (count.version, count.day, count.count) == (6, 100, 4)
