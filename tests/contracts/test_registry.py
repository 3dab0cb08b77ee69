"""Declaring contracts and putting them together."""

from dataclasses import replace

import pytest

from contracts.arguments import Arguments
from contracts.builtin import builtin_registry
from contracts.context import Context
from contracts.contract import Contract, Operation
from contracts.errors import ContractError, Reason, Refusal
from contracts.notice import NOTICE
from contracts.registry import Registry
from contracts.result import Result
from tests.contracts.trial_contract import NO, trial_contract


def nothing(context: Context, arguments: Arguments) -> None:
    """An operation without effects."""


TRIAL = trial_contract(nothing)


def result(code: str, /, **details: int | str) -> Result:
    return Result(1, 1, bytes(32), code, dict(details), (), (), ())


def test_operations_are_found_by_their_whole_name() -> None:
    contract, operation = builtin_registry().find("notice.post")
    assert (contract.name, operation.method) == ("notice", "post")


@pytest.mark.parametrize("name", ["notice.remove", "treasury.print", "notice.", "post"])
def test_an_unknown_operation_is_refused(name: str) -> None:
    with pytest.raises(Refusal) as caught:
        builtin_registry().find(name)
    assert (caught.value.code, caught.value.params) == ("operation.unknown", {"operation": name})


@pytest.mark.parametrize(
    "other",
    [
        TRIAL,
        replace(TRIAL, name="other", events=frozenset(), reasons=()),
        replace(TRIAL, name="other", events=frozenset(), reasons=(), kinds=frozenset(("chain",))),
        replace(TRIAL, name="other", events=frozenset(), reasons=(), kinds=frozenset(("sender",))),
    ],
    ids=["same name", "same kind", "the chains", "the counts"],
)
def test_what_belongs_to_another_is_refused(other: Contract) -> None:
    with pytest.raises(ContractError):
        Registry((TRIAL, other))


def test_a_refusal_code_has_one_text() -> None:
    with pytest.raises(ContractError):
        Registry((replace(TRIAL, reasons=(NO, Reason("trial.no", "another text"))),))


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Trial"},
        {"kinds": frozenset(("Trial",))},
        {"events": frozenset(("done",))},
        {"events": frozenset(("other.done",))},
        {"events": frozenset(("trial.Done",))},
        {"reasons": (Reason("other.no", "text"),)},
        {"reasons": (Reason("trial", "text"),)},
        {"reasons": (Reason("trial.No", "text"),)},
        {"operations": TRIAL.operations * 2},
        {"operations": (Operation("x" * 60, "Too long with the contract's name", (), nothing, actors=("anyone",)),)},
    ],
)
def test_malformed_declarations_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ContractError):
        replace(TRIAL, **changes)  # type: ignore[arg-type]


def test_an_operation_has_a_plain_name() -> None:
    with pytest.raises(ContractError):
        Operation("Post", "Capital letters", (), nothing, actors=("anyone",))


def test_a_result_is_explained_from_what_the_ledger_holds() -> None:
    registry = Registry((TRIAL,))
    refusal = registry.explain(result("trial.no", number=7))
    assert refusal is not None
    assert (refusal.code, str(refusal)) == ("trial.no", "number 7 is refused")
    assert registry.explain(result("ok")) is None


@pytest.mark.parametrize(
    "of", [result("trial.future", number=1), result("trial.no"), result("", template="x", code="y", self="z")]
)
def test_a_result_that_this_version_does_not_know_is_named(of: Result) -> None:
    refusal = Registry((TRIAL,)).explain(of)
    assert refusal is not None
    assert refusal.code == of.code
    assert of.code in str(refusal)


def test_every_refusal_text_can_be_filled_in() -> None:
    for reason in builtin_registry().reasons():
        refusal = Refusal(*reason, **dict.fromkeys(reason.fields, 1))
        assert "{" not in str(refusal)
        assert reason.fields.isdisjoint({"template", "code"})


def test_the_description_names_every_argument_with_its_class() -> None:
    described = {str(item["operation"]): item for item in builtin_registry().describe()}
    assert list(described) == [
        "attendance.close",
        "attendance.enter",
        "attendance.open",
        "attendance.sign-in",
        "ballots.again",
        "ballots.attend",
        "ballots.cancel",
        "ballots.cast",
        "ballots.close",
        "ballots.give-proxy",
        "ballots.open",
        "ballots.revoke-proxy",
        "ballots.tally",
        "ballots.write-opinion",
        "cases.close",
        "cases.decide",
        "cases.note",
        "cases.open",
        "governance.administrator-add",
        "governance.administrator-remove",
        "governance.approve",
        "governance.node-protocol",
        "governance.node-register",
        "governance.node-remove",
        "governance.node-update",
        "governance.pack-activate",
        "governance.parameters-set",
        "governance.protocol-cancel",
        "governance.protocol-set",
        "governance.rule-set",
        "governance.voter-add",
        "governance.voter-approve",
        "governance.voter-remove",
        "governance.withdraw",
        "governance.working-days-set",
        "members.bind",
        "members.close",
        "members.enrol",
        "members.guardians",
        "members.key-add",
        "members.key-revoke",
        "members.recover",
        "members.recover-approve",
        "members.recover-finish",
        "members.recover-object",
        "members.recover-withdraw",
        "members.recovery-rule",
        "members.resume",
        "members.suspend",
        "notice.post",
        "notice.withdraw",
        "packs.publish",
        "packs.publish-part",
        "records.act",
        "records.approve",
        "records.create",
        "records.withdraw",
        "schedule.end",
        "schedule.hold",
        "schedule.plan",
        "treasury.account",
        "treasury.approve",
        "treasury.assess",
        "treasury.close",
        "treasury.correct",
        "treasury.follow",
        "treasury.gift",
        "treasury.hand-over",
        "treasury.move",
        "treasury.open",
        "treasury.pay",
        "treasury.pay-batch",
        "treasury.receive",
        "treasury.receive-income",
        "treasury.reduce",
        "treasury.refund",
        "treasury.refuse",
        "treasury.remit",
        "treasury.return",
        "treasury.reverse",
        "treasury.spend",
        "treasury.standing",
        "treasury.standings",
        "treasury.withdraw",
        "units.appoint",
        "units.cancel",
        "units.create",
        "units.delegate",
        "units.dissolve",
        "units.merge",
        "units.move",
        "units.release",
        "units.rename",
        "units.revoke-delegation",
        "units.schedule",
    ]
    arguments = described["notice.post"]["arguments"]
    assert isinstance(arguments, list)
    assert [(one["name"], one["class"], one["optional"]) for one in arguments] == [
        ("unit", "ledger", False),
        ("title", "public", False),
        ("body", "unit", True),
        ("about", "ledger", True),
        ("kind", "ledger", True),
        ("at", "ledger", True),
    ]
    assert NOTICE.summary


def test_a_refusal_carries_numbers_and_short_texts_only() -> None:
    assert Refusal("a.b", "{x}", x="y" * 500).details == {"x": "y" * 200}
    with pytest.raises(ContractError):
        _ = Refusal("a.b", "{x}", x=b"bytes").details  # type: ignore[arg-type]
    with pytest.raises(ContractError):
        _ = Refusal("a.b", "", **{f"n{number}": number for number in range(9)}).details


def test_the_writer_of_packs_records_leaves_native_kinds_alone() -> None:
    writer = replace(
        TRIAL, name="other", kinds=frozenset(), events=frozenset(), reasons=(), pack_kinds_except=frozenset(("chain",))
    )
    assert writer.writes("plan-of-mine")
    assert not writer.writes("chain")
    assert not TRIAL.writes("plan-of-mine")
    with pytest.raises(ContractError, match="trial"):
        Registry((TRIAL, writer))
    reserved = replace(writer, pack_kinds_except=Registry((TRIAL,)).kinds)
    assert Registry((TRIAL, reserved)).kinds == Registry((TRIAL,)).kinds
    with pytest.raises(ContractError, match="more than one"):
        Registry((TRIAL, reserved, replace(reserved, name="third")))
