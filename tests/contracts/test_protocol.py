"""Deciding on the version of the protocol: announcements, votes, and the rule that reads the decisions."""

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.protocol_record import (
    DECISIONS_MAX,
    UNDECIDED,
    ProtocolDecision,
    newest_decision,
    newest_decisions,
    required_version,
)
from contracts.protocols import Protocol, Protocols, builtin_protocols
from contracts.result import Result
from ledger.encoding import Value
from ledger.node_keys import NodeKeys
from ledger.support_statement import SupportStatement
from tests.contracts.governed_ledger import GovernedLedger, node_id
from tests.contracts.trial_ledger import SECRETARY
from tests.contracts.versions import two_versions
from tests.examples import examples

# Twice the window of the genesis: what lies at least between a decision and its first block.
LEAD = 16


def statement(ledger: GovernedLedger, number: int, *versions: int, **changes: Value) -> dict[str, Value]:
    """What node `number` says of its program, as arguments; `changes` are made after it signed."""
    time_ms = ledger.time_ms
    said = SupportStatement(ledger.network_id, node_id(number), time_ms, versions)
    signature = said.sign(NodeKeys.from_seed(bytes([1 + number]) * 32).agreement)
    given: dict[str, Value] = {"node": node_id(number), "versions": list(versions), "time_ms": time_ms}
    return given | {"signature": signature} | changes


def announce(ledger: GovernedLedger, *numbers: int) -> None:
    for number in numbers:
        assert ledger.call("node-protocol", statement(ledger, number, 1, 2)).code == "ok"


def decide(ledger: GovernedLedger, ahead: int = 100, **more: Value) -> Result:
    return ledger.call("protocol-set", {"version": 2, "height": ledger.height + 1 + ahead, **more}, 0, 1)


def test_a_vote_puts_a_version_in_force_at_a_height() -> None:
    ledger = GovernedLedger()
    assert newest_decision(ledger.state) == UNDECIDED and newest_decisions(ledger.state) == ()
    announce(ledger, 0, 1, 2)
    result = decide(ledger)
    assert (result.code, result.events[-1].name) == ("ok", "governance.decided")
    (decision,) = newest_decisions(ledger.state)
    assert decision == ProtocolDecision(1, ledger.height, 2, ledger.height + 100, 1)
    assert decision.decision == ledger.fields("protocol", "current")["decision"] is not None
    assert decision.in_force_at(decision.height - 1) == 1 and decision.in_force_at(decision.height) == 2


def test_a_vote_is_refused_while_too_few_voters_announced_support() -> None:
    ledger = GovernedLedger()
    announce(ledger, 0)
    refused = decide(ledger, force=True)
    assert refused.code == "governance.protocol-unsupported"
    assert refused.details == {"count": 1, "voters": 3, "version": 2, "needed": 2}
    announce(ledger, 1)
    assert decide(ledger).details == {"count": 2, "voters": 3, "version": 2, "needed": 3}
    assert decide(ledger, force=True).code == "ok"


def test_only_the_node_itself_says_what_it_supports_and_the_newest_counts() -> None:
    ledger = GovernedLedger()
    forged = statement(ledger, 0, 1, 2, node=node_id(1))
    for wrong in (forged, statement(ledger, 0, 1, versions=[1, 2]), statement(ledger, 0, 1, 2, time_ms=1)):
        assert ledger.call("node-protocol", wrong).code == "governance.support-unsigned"
    first = statement(ledger, 0, 1, 2)
    # Anybody may hand it in.
    assert ledger.call("node-protocol", first, SECRETARY).code == "ok"
    assert ledger.call("node-protocol", first).code == "governance.support-old"
    assert ledger.call("node-protocol", statement(ledger, 0, 1)).code == "ok"
    assert ledger.fields("node-protocol", node_id(0).hex())["versions"] == [1]
    assert ledger.call("node-protocol", statement(ledger, 30, 1)).code == "governance.node-unknown"
    ledger.time_ms += 2 * 86_400_000
    ahead = statement(ledger, 0, 1, 2)
    ledger.time_ms -= 2 * 86_400_000
    assert ledger.call("node-protocol", ahead).code == "governance.support-ahead"


def test_a_version_is_newer_and_its_height_not_too_near() -> None:
    ledger = GovernedLedger()
    announce(ledger, 0, 1, 2)
    assert decide(ledger, LEAD).details["least"] == ledger.height + LEAD + 1
    assert decide(ledger, LEAD).code == "governance.protocol-too-soon"
    assert decide(ledger, LEAD + 1).code == "ok"
    while ledger.height < newest_decision(ledger.state).height:
        ledger.execute()
    assert decide(ledger).details == {"current": 2}
    assert decide(ledger).code == "governance.protocol-not-newer"


def test_what_is_scheduled_can_be_put_off_or_taken_back_while_it_is_far() -> None:
    ledger = GovernedLedger()
    announce(ledger, 0, 1, 2)
    assert ledger.call("protocol-cancel", {}, 0, 1).code == "governance.protocol-nothing-scheduled"
    assert decide(ledger, 30).code == "ok"
    assert decide(ledger, 60).code == "ok"
    first, second = newest_decisions(ledger.state)
    assert [
        required_version([first, second], 1, height, ledger.height) for height in (first.height, second.height)
    ] == [
        1,
        2,
    ]
    assert ledger.call("protocol-cancel", {}, 0, 1).code == "ok"
    assert required_version(newest_decisions(ledger.state), 1, 10**6, ledger.height) == 1
    assert decide(ledger, LEAD + 1).code == "ok"
    ledger.execute()
    for late in (decide(ledger, 60), ledger.call("protocol-cancel", {}, 0, 1)):
        assert late.code == "governance.protocol-too-late"
    assert len(newest_decisions(ledger.state)) == 4


def test_one_administrator_of_three_only_proposes() -> None:
    ledger = GovernedLedger()
    announce(ledger, 0, 1, 2)
    arguments: dict[str, Value] = {"version": 2, "height": ledger.height + 50}
    assert ledger.call("protocol-set", arguments, 0).code == "ok"
    assert newest_decisions(ledger.state) == ()
    (proposal,) = ledger.proposals()
    assert ledger.call("approve", {"proposal": bytes.fromhex(proposal)}, 1).code == "ok"
    assert newest_decision(ledger.state).version == 2
    assert ledger.call("protocol-set", arguments, SECRETARY).code == "governance.not-an-administrator"


def test_only_so_many_decisions_are_kept_at_hand() -> None:
    ledger = GovernedLedger()
    announce(ledger, 0, 1, 2)
    for _ in range(DECISIONS_MAX // 2 + 1):
        assert decide(ledger).code == "ok"
        assert ledger.call("protocol-cancel", {}, 0, 1).code == "ok"
    kept = newest_decisions(ledger.state)
    assert [one.number for one in kept] == list(range(3, DECISIONS_MAX + 3))


@st.composite
def histories(draw: st.DrawFn) -> list[ProtocolDecision]:
    """Decisions as a ledger can hold them: each lead is kept, and what is near is not replaced."""
    decisions: list[ProtocolDecision] = []
    height, newest = 0, UNDECIDED
    for number in range(1, draw(st.integers(0, 6)) + 1):
        height += draw(st.integers(0, 3 * LEAD))
        if height < newest.height <= height + LEAD:
            height = newest.height
        current = newest.in_force_at(height)
        is_back = newest.height > height and draw(st.booleans())
        version = current if is_back else current + draw(st.integers(1, 3))
        first = height if is_back else height + LEAD + 1 + draw(st.integers(0, 2 * LEAD))
        newest = ProtocolDecision(number, height, version, first, current)
        decisions.append(newest)
    return decisions


@given(histories(), st.integers(0, LEAD), st.integers(1, 200))
@settings(max_examples=examples(60))
def test_along_a_chain_the_version_is_that_of_the_newest_decision_and_never_goes_down(
    decisions: list[ProtocolDecision], behind: int, length: int
) -> None:
    version = 1
    for height in range(1, length):
        executed = max(height - 1 - behind, 0)
        after = required_version(decisions, version, height, executed)
        assert after >= version
        # Whoever knows more than the block states comes to the same, as long as no more than a lead lies between.
        known = [one for one in decisions if one.decided_height < height]
        assert after == required_version(known, version, height, height - 1)
        newest = known[-1] if known else UNDECIDED
        assert after == newest.in_force_at(height)
        version = after


def test_a_block_that_states_an_older_state_follows_the_older_version() -> None:
    decided = ProtocolDecision(1, 50, 2, 60, 1)
    assert [required_version([decided], 1, 60, executed) for executed in (49, 50)] == [1, 2]
    assert required_version([decided], 1, 59, 58) == 1
    # Taking it back later, in a block whose state this one does not state yet, changes nothing; nor below a parent.
    back = ProtocolDecision(2, 55, 1, 55, 1)
    assert [required_version([decided, back], 1, 60, executed) for executed in (54, 55)] == [2, 1]
    assert required_version([decided, back], 2, 61, 55) == 2


def test_a_program_knows_versions_from_the_first_on_without_a_gap() -> None:
    known = builtin_protocols()
    assert known.versions == (1,) and known.newest.version == 1
    assert known.find(1) is known.newest and known.find(2) is None and known.find(0) is None
    assert two_versions().versions == (1, 2)
    for versions in ((), (2,), (1, 3), (1, 1)):
        try:
            Protocols([Protocol(number, known.newest.registry) for number in versions])
        except Exception as error:
            assert "without a gap" in str(error)
        else:
            raise AssertionError(versions)
