"""The contract `governance`: who belongs to the network as a node, who votes, who decides on it, by which parameters.

Owns the operations and the way of approval: what gives access, takes it away, changes the voters, the administrators or
the parameters is done when enough of the administrators have signed, in one envelope or one after the other. What was
decided names its decision, the transaction that proposed it. Never holds a state of its own beside the records of its
parts. Invariant: nothing changes the voters but a transaction that `is_voter_change` recognises by its bytes, the last
approval included. Source: docs/reference/contracts.md, "governance"; docs/adr/0014-governance.md.
"""

from collections.abc import Callable
from dataclasses import dataclass

from contracts.administrator_change import (
    ADMINISTRATOR_ARGUMENTS,
    ADMINISTRATOR_EVENTS,
    ADMINISTRATOR_REASONS,
    RULE_ARGUMENTS,
    plan_admission,
    plan_dismissal,
    plan_rule,
)
from contracts.administrators import KIND_ADMINISTRATORS, NOT_ADMINISTRATOR, Administrators, administrators_in
from contracts.arguments import Argument, Arguments, Declaration, HashValue
from contracts.context import Context
from contracts.contract import Contract, Operation
from contracts.decision import DECIDED, KIND_DECISION, Decision, keep_decision
from contracts.errors import Reason, Refusal
from contracts.genesis_state import KIND_PARAMETERS
from contracts.limits import DECISION_LIMITS
from contracts.node_registry import KIND_NODE, KIND_NODE_KEY, KIND_NODE_NAME, NODE_REGISTER
from contracts.packs.activation import (
    ACTIVATED,
    ACTIVATION_ARGUMENTS,
    ACTIVATION_KINDS,
    ACTIVATION_REASONS,
    ACTIVATION_TIMERS,
    plan_activation,
)
from contracts.parameter_change import (
    PARAMETER_ARGUMENTS,
    PARAMETER_REASONS,
    PARAMETERS_CHANGED,
    plan_parameters,
)
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
from contracts.protocol_change import (
    PROTOCOL_ARGUMENTS,
    PROTOCOL_DECIDED,
    PROTOCOL_REASONS,
    plan_cancellation,
    plan_version,
)
from contracts.protocol_record import KIND_PROTOCOL
from contracts.protocol_support import (
    KIND_NODE_PROTOCOL,
    SUPPORT_ANNOUNCED,
    SUPPORT_ARGUMENTS,
    SUPPORT_REASONS,
    announce_support,
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
from contracts.working_calendar import CHANGED as WORKING_DAYS_CHANGED
from contracts.working_calendar import (
    KIND_WORKING_DAYS,
    WORKING_DAYS_ARGUMENTS,
    WORKING_DAYS_REASONS,
    plan_working_days,
)
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
    approval: str = APPROVE


_ACTIONS = {
    action.method: action
    for action in (
        _Action(NODE_REGISTER, "Take a node into the registry", REGISTER_ARGUMENTS, plan_registration),
        _Action("node-remove", "Let a node leave", REMOVE_ARGUMENTS, plan_removal),
        _Action("administrator-add", "Make an administrator of a member", ADMINISTRATOR_ARGUMENTS, plan_admission),
        _Action("administrator-remove", "Let a member be no administrator", ADMINISTRATOR_ARGUMENTS, plan_dismissal),
        _Action("rule-set", "Let the administrators decide by another rule", RULE_ARGUMENTS, plan_rule),
        _Action("parameters-set", "Give the network other parameters", PARAMETER_ARGUMENTS, plan_parameters),
        _Action("working-days-set", "List the holidays of a year", WORKING_DAYS_ARGUMENTS, plan_working_days),
        _Action("pack-activate", "Put a published pack in force", ACTIVATION_ARGUMENTS, plan_activation),
        _Action("protocol-set", "Let blocks follow a newer version of the protocol", PROTOCOL_ARGUMENTS, plan_version),
        _Action("protocol-cancel", "Take back the version of the protocol that is scheduled", (), plan_cancellation),
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
        given = {one.name: arguments.value(one.name) for one in action.arguments if one.name in arguments}
        proposal = Proposal(
            id=context.transaction_id,
            method=action.method,
            arguments=given,
            subject=plan.subject,
            proposer=context.sender.id,
            approvals=_approvals(context, administrators),
            height=context.height,
            expires_ms=context.time_ms + PROPOSAL_LIFETIME_MS,
        )
        context.link(plan.subject)
        if _agree(administrators, plan, proposal):
            _enact(context, administrators, plan, proposal)
        else:
            open_proposal(context, proposal, _needed(administrators, plan))

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
        context.link(proposal.subject)
        plan = _planned_again(context, action, approved)
        keep_approvals(context, approved, _needed(administrators, plan))
        if _agree(administrators, plan, approved):
            close_proposal(context, approved)
            _enact(context, administrators, plan, approved)

    return run


def update_node(context: Context, arguments: Arguments) -> None:
    """Give a node another address, or none; one administrator is enough, as its keys stay pinned."""
    _administrators(context)
    plan = plan_update(context, arguments)
    context.link(plan.subject)
    plan.enact(context.transaction_id)


def withdraw(context: Context, arguments: Arguments) -> None:
    """Take back a proposal of one's own."""
    _administrators(context)
    proposal = find_open_proposal(context, arguments.hash("proposal"))
    if proposal.proposer != context.sender.id:
        raise Refusal(*NOT_PROPOSER, proposal=proposal.id.hex(), proposer=proposal.proposer.hex())
    context.link(proposal.subject)
    close_proposal(context, proposal)
    context.emit(WITHDRAWN, {"proposal": proposal.id})


def _administrators(context: Context) -> Administrators:
    """The administrators now; the sender is one of them."""
    administrators = administrators_in(context)
    administrators.check(context.sender.id)
    return administrators


def _approvals(context: Context, administrators: Administrators) -> tuple[Hash, ...]:
    """The administrators among those who signed the envelope, the sender first."""
    return tuple(signer.id for signer in context.signers if signer.id in administrators.members)


def _planned_again(context: Context, action: _Action, proposal: Proposal) -> Plan:
    return action.plan(context, Declaration(action.arguments).check(proposal.arguments))


def _needed(administrators: Administrators, plan: Plan) -> int:
    """How many administrators have to agree to this plan; one where a decision covers it already."""
    if plan.decided_by is not None:
        return 1
    return max(administrators.needed, plan.approvals_min)


def _agree(administrators: Administrators, plan: Plan, proposal: Proposal) -> bool:
    """Whether those who approved and are administrators now are enough."""
    return administrators.count(proposal.approvals) >= _needed(administrators, plan)


def _enact(context: Context, administrators: Administrators, plan: Plan, proposal: Proposal) -> None:
    if plan.decided_by is not None:
        plan.enact(plan.decided_by)
        return
    plan.enact(proposal.id)
    keep_decision(
        context,
        Decision(
            id=proposal.id,
            method=proposal.method,
            subject=proposal.subject,
            proposer=proposal.proposer,
            approvals=proposal.approvals,
            rule=administrators.rule,
            height=context.height,
        ),
    )


# Those whom `administrators/current` lists: the operations look there themselves, so no permission adds anybody.
_ADMINISTRATORS = ("administrator",)
_PROPOSAL_ARGUMENTS = (Argument("proposal", HashValue(), "public"),)
_VOTER_PROPOSAL_ARGUMENTS = (*_PROPOSAL_ARGUMENTS, FORCE_ARGUMENT)

GOVERNANCE = Contract(
    name="governance",
    summary="The nodes of the network, who of them votes, and who decides on it",
    kinds=frozenset(
        (
            KIND_ADMINISTRATORS,
            KIND_DECISION,
            KIND_NODE,
            KIND_NODE_KEY,
            KIND_NODE_NAME,
            KIND_NODE_PROTOCOL,
            KIND_PARAMETERS,
            KIND_PROPOSAL,
            KIND_PROPOSER,
            KIND_PROTOCOL,
            KIND_VOTERS,
            KIND_WORKING_DAYS,
        )
    ),
    borrowed_kinds=ACTIVATION_KINDS,
    borrowed_timers=ACTIVATION_TIMERS,
    limits=DECISION_LIMITS,
    events=REGISTRY_EVENTS
    | PROPOSAL_EVENTS
    | ADMINISTRATOR_EVENTS
    | {
        ACTIVATED,
        DECIDED,
        PARAMETERS_CHANGED,
        PROTOCOL_DECIDED,
        SUPPORT_ANNOUNCED,
        VOTERS_CHANGED,
        WORKING_DAYS_CHANGED,
    },
    reasons=(
        NOT_ADMINISTRATOR,
        *REGISTRY_REASONS,
        *VOTER_REASONS,
        *ADMINISTRATOR_REASONS,
        *PARAMETER_REASONS,
        *WORKING_DAYS_REASONS,
        *ACTIVATION_REASONS,
        *PROTOCOL_REASONS,
        *SUPPORT_REASONS,
        *PROPOSAL_REASONS,
        OTHER_APPROVAL,
        NOT_PROPOSER,
    ),
    operations=(
        *(
            Operation(action.method, action.summary, action.arguments, _decide(action), actors=_ADMINISTRATORS)
            for action in _ACTIONS.values()
        ),
        Operation(
            "node-update", "Give a node another address, or none", UPDATE_ARGUMENTS, update_node, actors=_ADMINISTRATORS
        ),
        Operation(
            "node-protocol",
            "Announce which versions of the protocol a node can follow",
            SUPPORT_ARGUMENTS,
            announce_support,
            actors=("anyone",),
        ),
        Operation(
            APPROVE,
            "Approve a proposal about anything but the voters",
            _PROPOSAL_ARGUMENTS,
            _approve(APPROVE),
            actors=_ADMINISTRATORS,
        ),
        Operation(
            VOTER_APPROVE,
            "Approve a proposal to change the voters",
            _VOTER_PROPOSAL_ARGUMENTS,
            _approve(VOTER_APPROVE),
            actors=_ADMINISTRATORS,
        ),
        Operation("withdraw", "Take back a proposal of one's own", _PROPOSAL_ARGUMENTS, withdraw, actors=("creator",)),
    ),
)
