"""Execution as a whole, against random transactions and a second interpreter of the same rules."""

import copy
from hashlib import sha256
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.builtin import builtin_registry
from contracts.member import member_fields, member_record_key
from contracts.record import Record, parse_record_key
from contracts.result import Result
from contracts.runtime import ExecutableBlock, Execution, PlacedTransaction, execute_block
from ledger.encoding import Value, decode, encode
from ledger.genesis import member_id
from ledger.signing import SigningKey
from ledger.transaction import Expectation, Transaction, build_transaction
from tests.contracts import reference
from tests.contracts.dict_state import DictState
from tests.contracts.trial_ledger import (
    ADMINISTRATOR,
    SECRETARY,
    START_MS,
    STRANGER,
    TREASURER,
    TrialLedger,
    trial_genesis,
)

# Few units, people and numbers, so that transactions meet.
UNITS = st.sampled_from(["branch-1", "branch-2", "Branch 3"])
KEYS = st.sampled_from([ADMINISTRATOR, SECRETARY, SECRETARY, TREASURER, TREASURER, STRANGER])
PEOPLE = st.lists(st.sampled_from(["p1", "p2", "p3"]), unique=True, max_size=3)
TITLES = st.one_of(st.text("abc支部", min_size=1, max_size=5), st.just("x" * 201))

posts = st.fixed_dictionaries(
    {},
    optional={
        "unit": UNITS,
        "title": TITLES,
        "body": st.sampled_from(["in the clear", {"#": bytes(32)}]),
        "about": PEOPLE,
        "kind": st.just("joined"),
        "at": st.integers(-5, 5),
        "other": st.just(1),
    },
).map(lambda values: ("notice.post", values))
good_posts = st.fixed_dictionaries(
    {"unit": st.sampled_from(["branch-1", "branch-2"]), "title": st.just("t")}, optional={"about": PEOPLE}
).map(lambda values: ("notice.post", values))
withdrawals = st.fixed_dictionaries(
    {"unit": st.sampled_from(["branch-1", "branch-2"]), "number": st.integers(1, 4), "reason": st.just("a mistake")}
).map(lambda values: ("notice.withdraw", values))
unknown = st.just(("notice.erase", {"unit": "branch-1"}))
calls = st.one_of(good_posts, good_posts, withdrawals, withdrawals, posts, unknown)
expectations = st.one_of(
    st.none(),
    st.none(),
    st.none(),
    st.builds(
        Expectation,
        st.sampled_from(["notice-file", "notice"]),
        st.sampled_from(["branch-1", "branch-1/000000000001"]),
        st.integers(0, 3),
    ),
)
signers = st.sampled_from([(), (), (), (TREASURER,), (ADMINISTRATOR,), (STRANGER,)])
plans = st.lists(st.tuples(calls, KEYS, expectations, signers, st.booleans()), min_size=1, max_size=25)

OWN_ID = TrialLedger().member(SECRETARY).hex()

# A small quota, so that some senders meet it.
GENESIS = trial_genesis(transactions_per_sender_per_day_max=12)


def transactions(ledger: TrialLedger, plan: list[Any]) -> list[Transaction]:
    built = []
    for (operation, values), key, expect, more, own in plan:
        keys = [key] if own or not more else []
        keys += [other for other in more if other is not key]
        built.append(ledger.transaction(operation, values, key, keys or [key], expect))
    return built


def split(items: list[Transaction], sizes: list[int]) -> list[list[Transaction]]:
    blocks: list[list[Transaction]] = []
    while items:
        size = sizes[len(blocks) % len(sizes)]
        blocks.append(items[:size])
        items = items[size:]
    return blocks


def as_reference_state(ledger: TrialLedger) -> reference.State:
    state: reference.State = {}
    for key, value in ledger.state.items():
        version, fields = Record.decode(value)
        state[parse_record_key(key)] = [version, fields]
    return state


@settings(deadline=None)
@given(plans, st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_the_naive_interpreter_finds_the_same(plan: list[Any], sizes: list[int]) -> None:
    ledger = TrialLedger(GENESIS)
    state = as_reference_state(ledger)
    for some in split(transactions(ledger, plan), sizes):
        block = ledger.block(some)
        state, leaves = reference.execute(
            state, block.network_id, block.height, block.time_ms, list(block.transactions)
        )
        before = dict(ledger.state)
        execution = ledger.execute(*some)
        assert [decode(leaf) for leaf in execution.result_leaves] == leaves
        assert as_reference_state(ledger) == state
        check_changes(execution, before, dict(ledger.state))
        assert [list(link) for result in execution.results for link in result.links] == [
            [subject, sequence, link] for subject, sequence, _, link in execution.links
        ]


def check_changes(execution: Execution, before: dict[bytes, bytes], after: dict[bytes, bytes]) -> None:
    """Exactly the difference of the two states, each key once, ascending."""
    keys = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
    assert [tuple(change) for change in execution.changes] == [(key, before.get(key), after.get(key)) for key in keys]


@settings(deadline=None)
@given(plans)
def test_executing_twice_gives_the_same_bytes(plan: list[Any]) -> None:
    ledger = TrialLedger(GENESIS)
    block = ledger.block(transactions(ledger, plan))
    before = dict(ledger.state)
    first = execute_block(ledger.registry, ledger.state, block)
    again = execute_block(TrialLedger(GENESIS).registry, copy.deepcopy(ledger.state), block)
    assert dict(ledger.state) == before
    assert (first.result_leaves, first.changes, first.links) == (again.result_leaves, again.changes, again.links)
    for result, leaf in zip(first.results, first.result_leaves, strict=True):
        assert Result.decode(leaf) == result
        assert result.encode() == leaf


def without_moments(state: dict[bytes, bytes]) -> dict[bytes, Value]:
    """The state without the heights and times at which its records were written."""
    moments = {"height", "time", "withdrawn_height", "withdrawn_time"}
    found: dict[bytes, Value] = {}
    for key, value in state.items():
        version, fields = Record.decode(value)
        found[key] = [version, {name: item for name, item in fields.items() if name not in moments}]
    return found


@settings(deadline=None)
@given(plans, st.lists(st.integers(1, 9), min_size=1, max_size=4), st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_how_transactions_are_split_over_blocks_changes_only_moments(
    plan: list[Any], sizes: list[int], others: list[int]
) -> None:
    found = []
    for these in (sizes, others):
        ledger = TrialLedger(GENESIS)
        executions = [ledger.execute(*some) for some in split(transactions(ledger, plan), these)]
        results = [result for execution in executions for result in execution.results]
        outcomes = [(one.code, one.details, one.events, one.links, one.writes) for one in results]
        found.append((without_moments(ledger.state), outcomes))
    assert found[0] == found[1]


@settings(deadline=None)
@given(plans, st.randoms(use_true_random=False))
def test_the_order_of_leaves_alone_decides(plan: list[Any], chance: Any) -> None:
    """Transactions of different units, people and senders commute; numbers of one unit follow the order of the log."""
    ledger = TrialLedger(GENESIS)
    some = transactions(ledger, plan)
    chance.shuffle(some)
    execution = ledger.execute(*some)
    numbers: dict[Value, list[Value]] = {}
    for result in execution.results:
        for event in result.events:
            if event.name == "notice.posted":
                numbers.setdefault(event.fields["unit"], []).append(event.fields["number"])
    for counted in numbers.values():
        assert counted == list(range(1, len(counted) + 1))


def test_independent_transactions_commute() -> None:
    states = []
    for reverse in (False, True):
        ledger = TrialLedger()
        some = [
            ledger.transaction("notice.post", {"unit": "a", "title": "t", "about": ["p"]}, SECRETARY),
            ledger.transaction("notice.post", {"unit": "b", "title": "t", "about": ["q"]}, TREASURER),
        ]
        ledger.execute(*(reversed(some) if reverse else some))
        states.append(dict(ledger.state))
    assert states[0] == states[1]


@settings(deadline=None)
@given(plans)
def test_a_refused_transaction_leaves_nothing_but_the_count_and_the_senders_chain(plan: list[Any]) -> None:
    ledger = TrialLedger(GENESIS)
    for transaction in transactions(ledger, plan):
        execution = ledger.execute(transaction)
        result = execution.results[0]
        if result.ok:
            continue
        sender = transaction.sender.hex()
        allowed = [f"chain\0member/{sender}".encode(), f"sender\0{sender}".encode()]
        keys = [change.key for change in execution.changes]
        unsigned = result.code in ("sender.unknown", "sender.key-unknown", "sender.not-signed")
        assert keys == ([] if unsigned else allowed)
        assert (result.events, result.writes) == ((), ())


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.text(max_size=20), st.binary(max_size=40)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)
OPERATIONS = sorted(str(item["operation"]) for item in builtin_registry().describe())
NAMES = sorted(
    {argument.name for name in OPERATIONS for argument in builtin_registry().find(name).operation.declaration.arguments}
)
names = st.sampled_from([*NAMES, "other"])


@settings(deadline=None)
@given(
    st.sampled_from([*OPERATIONS, "a.b"]),
    st.dictionaries(names, st.one_of(values, st.sampled_from(["a", "a/b", 1])), max_size=8),
    st.sampled_from([ADMINISTRATOR, SECRETARY]),
    st.one_of(
        st.none(),
        st.builds(
            Expectation,
            st.sampled_from(["chain", "sender", "member", "parameters", "notice", "k" * 100]),
            st.one_of(
                st.from_regex(r"[!-~]{1,9}", fullmatch=True),
                st.sampled_from(["network", OWN_ID, f"member/{OWN_ID}", "x" * 400]),
            ),
            st.integers(0, 2**63 - 1),
        ),
    ),
)
def test_nothing_that_a_member_signs_stops_a_node(
    operation: str, arguments: dict[str, Value], key: SigningKey, expect: Expectation | None
) -> None:
    ledger = TrialLedger()
    transaction = ledger.transaction(operation, arguments, key, expect=expect)
    execution = ledger.execute(transaction, ledger.post())
    assert Result.decode(execution.result_leaves[0]) == execution.results[0]
    assert execution.results[1].ok


def test_a_pinned_block_gives_pinned_bytes() -> None:
    """The rules are part of the ledger: a change of these bytes forks every network there is."""
    network_id = bytes(range(32))
    sender = member_id(network_id, SECRETARY.public)
    fields = member_fields("secretary", [("ed25519", SECRETARY.public)], [])
    state = DictState(
        {
            b"parameters\0network": Record(1, {"transactions_per_sender_per_day_max": 9}).encode(),
            member_record_key(sender): Record(1, fields).encode(),
        }
    )
    calls: list[tuple[str, dict[str, Value]]] = [
        ("notice.post", {"unit": "branch-1", "title": "支部大会", "about": ["p1"], "kind": "meeting", "at": 1}),
        ("notice.withdraw", {"unit": "branch-1", "number": 1, "reason": "a mistake"}),
        ("notice.withdraw", {"unit": "branch-1", "number": 1, "reason": "a mistake"}),
    ]
    placed = [
        PlacedTransaction(
            build_transaction(network_id, sender, operation, values, bytes([number]) * 16, START_MS, [SECRETARY]),
            number,
        )
        for number, (operation, values) in enumerate(calls, 1)
    ]
    execution = execute_block(builtin_registry(), state, ExecutableBlock(network_id, 1, START_MS, 0, placed))
    assert [result.code for result in execution.results] == ["ok", "ok", "notice.not-posted"]
    everything = encode([list(execution.result_leaves), [list(change) for change in execution.changes]])
    assert sha256(everything).hexdigest() == "37699d0dfb4dd299362f9a058a19a59ebc9d9d8125118437f9904bb78d30062d"
