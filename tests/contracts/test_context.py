"""What an operation can do to records, events and chains, and where it stops."""

from collections.abc import Callable

import pytest

from contracts.arguments import Arguments
from contracts.context import Context
from contracts.errors import ContractError
from contracts.record import InvalidRecordKeyError, Record
from contracts.result import Event, RecordVersion, Result
from ledger.encoding import Value
from ledger.errors import EncodingError
from tests.contracts.trial_contract import trial_registry
from tests.contracts.trial_ledger import ADMINISTRATOR, SECRETARY, TREASURER, TrialLedger

Step = Callable[[Context], object]


def ledger_with(step: Step) -> TrialLedger:
    def run(context: Context, arguments: Arguments) -> None:
        step(context)

    return TrialLedger(registry=trial_registry(run))


def run(step: Step) -> tuple[TrialLedger, Result]:
    ledger = ledger_with(step)
    return ledger, ledger.result("trial.run", {})


def test_it_sees_sender_place_and_time() -> None:
    seen: list[object] = []

    def step(context: Context) -> None:
        seen.extend([context.sender.name, context.height, context.time_ms, context.leaf_index, context.transaction_id])

    ledger = ledger_with(step)
    transaction = ledger.transaction("trial.run", {})
    ledger.execute(transaction)
    assert seen == ["secretary", 1, ledger.time_ms, 1, transaction.id]


def test_it_sees_everybody_who_signed_the_sender_first() -> None:
    seen: list[tuple[str, list[str]]] = []

    def step(context: Context) -> None:
        seen.extend((member.name, sorted(member.roles)) for member in context.signers)

    ledger = ledger_with(step)
    ledger.execute(ledger.transaction("trial.run", {}, SECRETARY, [TREASURER, SECRETARY, ADMINISTRATOR]))
    assert seen == [("secretary", []), ("treasurer", []), ("wang", ["administrator"])]


def test_it_reads_what_it_wrote() -> None:
    def step(context: Context) -> None:
        assert context.read("trial", "a") is None
        context.create("trial", "a", {"n": 1})
        assert context.read("trial", "a") == Record(1, {"n": 1})
        context.delete("trial", "a")
        assert context.read("trial", "a") is None

    ledger, result = run(step)
    assert result.ok
    assert ledger.record("trial", "a") is None


def test_a_version_grows_once_a_transaction() -> None:
    def step(context: Context) -> None:
        context.put("trial", "a", {"n": 1})
        context.read("trial", "a")
        context.put("trial", "a", {"n": 2})

    ledger = ledger_with(step)
    first = ledger.execute(ledger.transaction("trial.run", {}), ledger.transaction("trial.run", {}))
    assert [result.writes for result in first.results] == [
        (RecordVersion("trial", "a", 1),),
        (RecordVersion("trial", "a", 2),),
    ]
    ledger.execute(ledger.transaction("trial.run", {}))
    assert ledger.record("trial", "a") == Record(3, {"n": 2})


def test_a_removed_record_is_gone_and_may_come_back() -> None:
    def step(context: Context) -> None:
        if context.read("trial", "a") is None:
            context.create("trial", "a", {})
        else:
            context.delete("trial", "a")

    ledger = ledger_with(step)
    outcomes = [ledger.result("trial.run", {}).writes[0].version for _ in range(3)]
    assert outcomes == [1, 0, 1]


def test_removing_and_creating_in_one_transaction_goes_on_with_the_version() -> None:
    def step(context: Context) -> None:
        if context.read("trial", "a") is not None:
            context.delete("trial", "a")
        context.create("trial", "a", {})

    ledger = ledger_with(step)
    assert [ledger.result("trial.run", {}).writes[0].version for _ in range(2)] == [1, 2]


def test_creating_what_is_there_is_refused() -> None:
    def step(context: Context) -> None:
        context.create("trial", "a", {})

    ledger = ledger_with(step)
    assert ledger.result("trial.run", {}).ok
    result = ledger.result("trial.run", {})
    assert (result.code, result.details) == ("record.exists", {"kind": "trial", "id": "a"})


def test_removing_what_is_not_there_is_refused() -> None:
    _, result = run(lambda context: context.delete("trial", "a"))
    assert (result.code, result.details) == ("record.missing", {"kind": "trial", "id": "a"})


def test_changing_a_record_that_was_read_changes_nothing() -> None:
    def step(context: Context) -> None:
        record = context.read("trial", "a")
        if record is None:
            context.create("trial", "a", {"list": [1]})
            return
        items = record.fields["list"]
        assert isinstance(items, list)
        items.append(2)
        assert context.read("trial", "a") == Record(1, {"list": [1]})

    ledger = ledger_with(step)
    ledger.execute(ledger.transaction("trial.run", {}), ledger.transaction("trial.run", {}))
    assert ledger.fields("trial", "a") == {"list": [1]}


def test_changing_fields_after_the_write_changes_nothing() -> None:
    def step(context: Context) -> None:
        fields: dict[str, Value] = {"n": 1}
        context.put("trial", "a", fields)
        fields["n"] = 2

    ledger, _ = run(step)
    assert ledger.fields("trial", "a") == {"n": 1}


def test_records_of_others_can_be_read() -> None:
    def step(context: Context) -> None:
        member = context.read("member", context.sender.id.hex())
        assert member is not None and member.fields["name"] == "secretary"
        assert context.read("parameters", "network") is not None
        chain = context.read("chain", f"member/{context.sender.id.hex()}")
        count = context.read("sender", context.sender.id.hex())
        before = context.read("trial", "seen")
        if before is None:
            assert chain is None and count is None
            context.create("trial", "seen", {})
        else:
            assert chain is not None and chain.version == 1
            assert count is not None and count.fields["count"] == 1

    ledger = ledger_with(step)
    execution = ledger.execute(ledger.transaction("trial.run", {}), ledger.transaction("trial.run", {}))
    assert [result.ok for result in execution.results] == [True, True]


def test_ids_are_found_in_order_with_its_own_writes() -> None:
    def step(context: Context) -> None:
        if context.read("trial", "b/1") is None:
            for record_id in ("b/1", "b/2", "a", "c"):
                context.create("trial", record_id, {})
            return
        context.delete("trial", "b/1")
        context.delete("trial", "c")
        context.create("trial", "b/10", {})
        context.create("trial-more", "b/0", {})
        assert context.next_id("trial") == "a"
        assert context.next_id("trial", "a") == "b/10"
        assert context.next_id("trial", "b/10") == "b/2"
        assert context.next_id("trial", "b/2") is None
        assert context.next_id("trial", prefix="b/") == "b/10"
        assert context.next_id("trial", "b/10", "b/") == "b/2"
        assert context.next_id("trial", "b/2", "b/") is None
        assert context.next_id("trial-more") == "b/0"
        assert context.next_id("else") is None

    for together in (True, False):
        ledger = ledger_with(step)
        first, second = ledger.transaction("trial.run", {}), ledger.transaction("trial.run", {})
        executions = [ledger.execute(first, second)] if together else [ledger.execute(first), ledger.execute(second)]
        assert all(result.ok for execution in executions for result in execution.results)


def test_what_other_transactions_of_the_block_wrote_is_found_in_order() -> None:
    def step(context: Context) -> None:
        found = context.next_id("trial")
        if found is None or found == "2":
            context.create("trial", "1" if found else "2", {})
        else:
            context.delete("trial", found)

    ledger = ledger_with(step)
    execution = ledger.execute(*[ledger.transaction("trial.run", {}) for _ in range(4)])
    writes = [(result.writes[0].id, result.writes[0].version) for result in execution.results]
    assert writes == [("2", 1), ("1", 1), ("1", 0), ("1", 1)]


@pytest.mark.parametrize(("kind", "after", "prefix"), [("Trial", "", ""), ("trial", "a b", ""), ("trial", "", "支")])
def test_asking_for_an_id_that_cannot_be_is_a_bug(kind: str, after: str, prefix: str) -> None:
    def step(context: Context) -> None:
        context.next_id(kind, after, prefix)

    with pytest.raises(InvalidRecordKeyError):
        run(step)


@pytest.mark.parametrize("kind", ["notice", "member", "chain", "sender", "parameters"])
def test_writing_records_of_others_is_a_bug(kind: str) -> None:
    def create(context: Context) -> None:
        context.create(kind, "a", {})

    def put(context: Context) -> None:
        context.put(kind, "a", {})

    for step in (create, put):
        with pytest.raises(ContractError):
            run(step)


def test_removing_records_of_others_is_a_bug() -> None:
    with pytest.raises(ContractError):
        run(lambda context: context.delete("member", context.sender.id.hex()))


def test_events_are_reported_in_order() -> None:
    def step(context: Context) -> None:
        context.emit("trial.done", {"n": 1})
        context.emit("trial.done", {"n": 2})

    _, result = run(step)
    assert result.events == (Event("trial.done", {"n": 1}), Event("trial.done", {"n": 2}))


def test_an_undeclared_event_is_a_bug() -> None:
    with pytest.raises(ContractError):
        run(lambda context: context.emit("trial.else", {}))


def test_a_subject_is_linked_once_after_the_senders_own() -> None:
    def step(context: Context) -> None:
        for subject in ("unit/b", "unit/a", "unit/b", f"member/{context.sender.id.hex()}"):
            context.link(subject)

    ledger, result = run(step)
    member = ledger.member(SECRETARY).hex()
    assert [link.subject for link in result.links] == [f"member/{member}", "unit/b", "unit/a"]


@pytest.mark.parametrize("subject", ["", "unit", "unit/", "Unit/a", "unit/a b", "unit/支部", "unit/" + "x" * 201])
def test_a_malformed_subject_is_a_bug(subject: str) -> None:
    with pytest.raises(ContractError):
        run(lambda context: context.link(subject))


@pytest.mark.parametrize(("kind", "record_id"), [("Trial", "a"), ("trial", ""), ("trial", "a b"), ("trial", "x" * 401)])
def test_a_malformed_key_is_a_bug(kind: str, record_id: str) -> None:
    with pytest.raises(InvalidRecordKeyError):
        run(lambda context: context.put(kind, record_id, {}))


def test_a_value_without_an_encoding_is_a_bug() -> None:
    with pytest.raises(EncodingError):
        run(lambda context: context.put("trial", "a", {"x": 1.5}))  # type: ignore[dict-item]


def read_often(context: Context, count: int) -> None:
    for number in range(count):
        context.read("trial", f"{number}")


def ask_often(context: Context, count: int) -> None:
    for _ in range(count):
        context.next_id("trial")


def write_often(context: Context, count: int) -> None:
    for number in range(count):
        context.put("trial", f"{number}", {})


def emit_often(context: Context, count: int) -> None:
    for number in range(count):
        context.emit("trial.done", {"n": number})


def link_often(context: Context, count: int) -> None:
    for number in range(count):
        context.link(f"unit/{number}")
    # One that is linked already takes no room.
    context.link("unit/0")


def write_large(context: Context, count: int) -> None:
    # Around the text: a list of two, a version, a map of one with a key of one byte, and the text's own head of three.
    context.put("trial", "a", {"t": "x" * (count - 8)})


def write_in_sum(context: Context, count: int) -> None:
    for number in range(count // 1024):
        context.put("trial", f"{number % 32}", {"t": "x" * 1016})


def report_much(context: Context, count: int) -> None:
    context.emit("trial.done", {"t": "x" * count})


@pytest.mark.parametrize(
    ("act", "most", "code"),
    [
        (read_often, 256, "limits.reads"),
        (ask_often, 256, "limits.reads"),
        (write_often, 64, "limits.writes"),
        (emit_often, 16, "limits.events"),
        (link_often, 35, "limits.links"),
        (write_large, 16_384, "limits.record-size"),
    ],
)
def test_bounds_hold_to_the_last_one(act: Callable[[Context, int], None], most: int, code: str) -> None:
    assert run(lambda context: act(context, most))[1].ok
    ledger, result = run(lambda context: act(context, most + 1))
    assert result.code == code
    assert result.writes == () and result.events == ()
    assert not [key for key in ledger.state if key.startswith(b"trial\0")]


def test_what_is_written_in_sum_is_bounded() -> None:
    assert run(lambda context: write_in_sum(context, 128 * 1024))[1].ok
    assert run(lambda context: write_in_sum(context, 129 * 1024))[1].code == "limits.written-size"


def test_the_result_is_bounded_and_its_refusal_leaves_nothing() -> None:
    assert run(lambda context: report_much(context, 65_000))[1].ok

    def step(context: Context) -> None:
        context.put("trial", "a", {})
        context.link("unit/a")
        report_much(context, 65_536)

    ledger, result = run(step)
    assert result.code == "limits.result-size"
    assert ledger.record("trial", "a") is None
    assert ledger.record("chain", "unit/a") is None
    assert len(result.links) == 1


def test_the_largest_effects_make_the_largest_result_that_is_within_its_bound() -> None:
    """Every bound used up at once, events aside: such a result still fits."""

    def step(context: Context) -> None:
        for number in range(35):
            context.link("unit/" + "x" * 190 + f"{number:010d}")
        for number in range(64):
            context.put("trial-more", "x" * 390 + f"{number:010d}", {})

    _, result = run(step)
    assert result.ok
    assert len(result.encode()) < 48 * 1024


def test_it_gives_the_bytes_of_a_record_for_those_who_remember_them() -> None:
    def step(context: Context) -> None:
        assert context.content("trial", "a") is None
        context.create("trial", "a", {"n": 1})
        assert context.content("trial", "a") == Record(1, {"n": 1}).encode()

    assert run(step)[1].ok


def test_every_look_at_bytes_counts_as_a_read() -> None:
    def step(context: Context) -> None:
        for _ in range(257):
            context.content("trial", "a")

    assert run(step)[1].code == "limits.reads"
