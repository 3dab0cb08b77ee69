"""The contract `governance`: who belongs to the network as a node, and who votes.

Owns the operations and the rule of approval: what gives access, takes it away or changes the voters is done when a
majority of the administrators has signed, in one envelope or one after the other. Never holds a state of its own beside
the records of its parts. Invariant: nothing changes the voters but a transaction that `is_voter_change` recognises
by its bytes, the last approval included. Source: docs/reference/contracts.md, "governance";
docs/adr/0014-governance.md.
"""

from collections.abc import Callable
from dataclasses import dataclass

from contracts.administrators import ADMINISTRATORS_ID, KIND_ADMINISTRATORS, NOT_ADMINISTRATOR, Administrators
from contracts.arguments import Argument, Arguments, Declaration, HashValue
from contracts.context import Context
from contracts.contract import Contract, Operation
from contracts.errors import Reason, Refusal
from contracts.node_registry import KIND_NODE, KIND_NODE_KEY, KIND_NODE_NAME, node_subject
from contracts.plan import Plan, Planner
from contracts.proposal import (
    KIND_PROPOSAL,
    KIND_PROPOSER,
    PROPOSAL_EVENTS,
    PROPOSAL_LIFETIME_MS,
    PROPOSAL_REASONS,
    WITHDRAWN,
    Proposal,
    close_proposal,
    find_open_proposal,
    keep_approvals,
    open_proposal,
)
from contracts.registry_change import (
    REGISTER_ARGUMENTS,
    REGISTRY_EVENTS,
    REGISTRY_REASONS,
    REMOVE_ARGUMENTS,
    UPDATE_ARGUMENTS,
    plan_registration,
    plan_removal,
    plan_update,
)
from contracts.voter_change import (
    FORCE_ARGUMENT,
    VOTER_ARGUMENTS,
    VOTER_REASONS,
    VOTERS_CHANGED,
    plan_addition,
    plan_subtraction,
)
from contracts.voter_record import KIND_VOTERS
from ledger.hashing import Hash

APPROVE = "approve"
VOTER_APPROVE = "voter-approve"

OTHER_APPROVAL = Reason(
    "governance.other-approval", "the proposal {proposal} is a `{method}`; approve it with `governance.{approval}`"
)
NOT_PROPOSER = Reason(
    "governance.not-the-proposer", "the proposal {proposal} is {proposer}'s, and only who made it can withdraw it"
)


@dataclass(frozen=True, slots=True)
class _Action:
    """What administrators decide on together, and which operation approves a proposal of it."""

    method: str
    summary: str
    arguments: tuple[Argument, ...]
    plan: Planner
    approval: str


_ACTIONS = {
    action.method: action
    for action in (
        _Action(
            "node-register", "Take a node into the registry", REGISTER_ARGUMENTS, plan_registration, approval=APPROVE
        ),
        _Action("node-remove", "Let a node leave", REMOVE_ARGUMENTS, plan_removal, approval=APPROVE),
        _Action("voter-add", "Make a voter of a node", VOTER_ARGUMENTS, plan_addition, approval=VOTER_APPROVE),
        _Action(
            "voter-remove", "Make an observer of a voter", VOTER_ARGUMENTS, plan_subtraction, approval=VOTER_APPROVE
        ),
    )
}


def _decide(action: _Action) -> Callable[[Context, Arguments], None]:
    """The operation of an action: do it if enough have signed, else propose it."""

    def run(context: Context, arguments: Arguments) -> None:
        administrators = _administrators(context)
        plan = action.plan(context, arguments)
        approvals = _approvals(context, administrators)
        _link(context, plan.node_id)
        if administrators.agree(approvals):
            plan.enact()
            return
        given = {one.name: arguments.value(one.name) for one in action.arguments if one.name in arguments}
        proposal = Proposal(
            id=context.transaction_id,
            method=action.method,
            arguments=given,
            node_id=plan.node_id,
            proposer=context.sender.id,
            approvals=approvals,
            height=context.height,
            expires_ms=context.time_ms + PROPOSAL_LIFETIME_MS,
        )
        open_proposal(context, proposal, administrators.needed)

    return run


def _approve(approval: str) -> Callable[[Context, Arguments], None]:
    """The operation that approves proposals of those actions that name it."""

    def run(context: Context, arguments: Arguments) -> None:
        administrators = _administrators(context)
        proposal = find_open_proposal(context, arguments.hash("proposal"))
        action = _ACTIONS[proposal.method]
        if action.approval != approval:
            raise Refusal(*OTHER_APPROVAL, proposal=proposal.id.hex(), method=proposal.method, approval=action.approval)
        approved = proposal.with_approvals(_approvals(context, administrators))
        _link(context, proposal.node_id)
        keep_approvals(context, approved, administrators.needed)
        if administrators.agree(approved.approvals):
            close_proposal(context, approved)
            _planned_again(context, action, approved).enact()

    return run


def update_node(context: Context, arguments: Arguments) -> None:
    """Give a node another address, or none; one administrator is enough, as its keys stay pinned."""
    _administrators(context)
    plan = plan_update(context, arguments)
    _link(context, plan.node_id)
    plan.enact()


def withdraw(context: Context, arguments: Arguments) -> None:
    """Take back a proposal of one's own."""
    _administrators(context)
    proposal = find_open_proposal(context, arguments.hash("proposal"))
    if proposal.proposer != context.sender.id:
        raise Refusal(*NOT_PROPOSER, proposal=proposal.id.hex(), proposer=proposal.proposer.hex())
    _link(context, proposal.node_id)
    close_proposal(context, proposal)
    context.emit(WITHDRAWN, {"proposal": proposal.id})


def _administrators(context: Context) -> Administrators:
    """The administrators now; the sender is one of them."""
    record = context.read(KIND_ADMINISTRATORS, ADMINISTRATORS_ID)
    assert record is not None, "the genesis names the administrators"
    administrators = Administrators.from_fields(record.fields)
    administrators.check(context.sender.id)
    return administrators


def _approvals(context: Context, administrators: Administrators) -> tuple[Hash, ...]:
    """The administrators among those who signed the envelope, the sender first."""
    return tuple(signer.id for signer in context.signers if signer.id in administrators.members)


def _planned_again(context: Context, action: _Action, proposal: Proposal) -> Plan:
    return action.plan(context, Declaration(action.arguments).check(proposal.arguments))


def _link(context: Context, node_id: Hash) -> None:
    context.link(node_subject(node_id))


_PROPOSAL_ARGUMENTS = (Argument("proposal", HashValue(), "public"),)
_VOTER_PROPOSAL_ARGUMENTS = (*_PROPOSAL_ARGUMENTS, FORCE_ARGUMENT)

GOVERNANCE = Contract(
    name="governance",
    summary="The nodes of the network, and who of them votes",
    kinds=frozenset(
        (
            KIND_ADMINISTRATORS,
            KIND_NODE,
            KIND_NODE_KEY,
            KIND_NODE_NAME,
            KIND_PROPOSAL,
            KIND_PROPOSER,
            KIND_VOTERS,
        )
    ),
    events=REGISTRY_EVENTS | PROPOSAL_EVENTS | {VOTERS_CHANGED},
    reasons=(
        NOT_ADMINISTRATOR,
        *REGISTRY_REASONS,
        *VOTER_REASONS,
        *PROPOSAL_REASONS,
        OTHER_APPROVAL,
        NOT_PROPOSER,
    ),
    operations=(
        *(Operation(action.method, action.summary, action.arguments, _decide(action)) for action in _ACTIONS.values()),
        Operation("node-update", "Give a node another address, or none", UPDATE_ARGUMENTS, update_node),
        Operation(APPROVE, "Approve a proposal about the registry", _PROPOSAL_ARGUMENTS, _approve(APPROVE)),
        Operation(
            VOTER_APPROVE, "Approve a proposal to change the voters", _VOTER_PROPOSAL_ARGUMENTS, _approve(VOTER_APPROVE)
        ),
        Operation("withdraw", "Take back a proposal of one's own", _PROPOSAL_ARGUMENTS, withdraw),
    ),
)
