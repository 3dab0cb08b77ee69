"""The contract `members`: the persons of an organisation, their accounts and keys, and how lost keys are replaced.

Owns the declaration; what the operations do is in the modules beside this one. Source: docs/reference/members.md.
"""

from contracts.arguments import Argument, Identifier, Integer, ListOf
from contracts.contract import Contract, Operation
from contracts.members.account import KEYS_TOO_MANY
from contracts.members.account_state import STATE_EVENTS, STATE_REASONS, close, resume, suspend
from contracts.members.enrolment import ENROLMENT_EVENTS, ENROLMENT_REASONS, bind, enrol
from contracts.members.key_change import (
    GUARDIANS_MAX,
    KEY_EVENTS,
    KEY_REASONS,
    key_add,
    key_revoke,
    name_guardians,
)
from contracts.members.key_register import KEY_USED, KIND_MEMBER, KIND_MEMBER_KEY
from contracts.members.person import KIND_PERSON, PERSON_REASONS
from contracts.members.possession import KEY_ARGUMENT, PROOF_ARGUMENT, PROOF_INVALID
from contracts.members.recovering import (
    RECOVERING_EVENTS,
    RECOVERING_REASONS,
    approve_recovery,
    finish_recovery,
    object_to_recovery,
    recover,
    set_rule,
    withdraw_recovery,
)
from contracts.members.recovery import (
    DELAY_DAYS_MAX,
    DELAY_DAYS_MIN,
    KIND_RECOVERY,
    KIND_RECOVERY_RULE,
    NEEDED_MAX,
    NEEDED_MIN,
)
from contracts.units.names import BODY_ARGUMENT, PERSON, PERSON_ARGUMENT

_ADMINISTRATOR = ("administrator",)
# The sender's own account and person are all that these can touch.
_ANYONE = ("anyone",)
_ADMINISTRATOR_OR_SELF = ("administrator", "self")
_HELPERS = ("administrator", "guardian")
_ONE = (PERSON_ARGUMENT,)
_STATE = (PERSON_ARGUMENT, BODY_ARGUMENT)
_KEY_IF_ANY = tuple(
    Argument(one.name, one.type, one.data_class, optional=True) for one in (KEY_ARGUMENT, PROOF_ARGUMENT)
)

MEMBERS = Contract(
    name="members",
    summary="Persons, their accounts and keys, and the recovery of lost keys",
    kinds=frozenset((KIND_MEMBER, KIND_MEMBER_KEY, KIND_PERSON, KIND_RECOVERY, KIND_RECOVERY_RULE)),
    events=ENROLMENT_EVENTS | KEY_EVENTS | STATE_EVENTS | RECOVERING_EVENTS,
    reasons=(
        *PERSON_REASONS,
        PROOF_INVALID,
        KEY_USED,
        KEYS_TOO_MANY,
        *ENROLMENT_REASONS,
        *KEY_REASONS,
        *STATE_REASONS,
        *RECOVERING_REASONS,
    ),
    operations=(
        Operation("enrol", "Enrol a person", (*_ONE, *_KEY_IF_ANY), enrol, actors=_ADMINISTRATOR),
        Operation(
            "bind",
            "Bind the first key to a person",
            (*_ONE, KEY_ARGUMENT, PROOF_ARGUMENT),
            bind,
            actors=_ADMINISTRATOR,
        ),
        Operation("key-add", "Add a key to one's own account", (KEY_ARGUMENT, PROOF_ARGUMENT), key_add, actors=_ANYONE),
        Operation("key-revoke", "Revoke a key of one's own account", (KEY_ARGUMENT,), key_revoke, actors=_ANYONE),
        Operation(
            "guardians",
            "Name who can help when all one's keys are lost",
            (Argument("guardians", ListOf(PERSON, GUARDIANS_MAX, distinct=True), "ledger"),),
            name_guardians,
            actors=("self",),
        ),
        Operation("suspend", "Suspend a person's account", _STATE, suspend, actors=_ADMINISTRATOR_OR_SELF),
        Operation("resume", "Let a person's account act again", _STATE, resume, actors=_ADMINISTRATOR),
        Operation("close", "Close a person's account", _STATE, close, actors=_ADMINISTRATOR_OR_SELF),
        Operation(
            "recover",
            "Open the recovery of an account whose keys are lost",
            (*_ONE, KEY_ARGUMENT, PROOF_ARGUMENT, Argument("unit", Identifier(), "ledger", optional=True)),
            recover,
            actors=_HELPERS,
        ),
        Operation("recover-approve", "Approve a recovery", (*_ONE, KEY_ARGUMENT), approve_recovery, actors=_HELPERS),
        Operation(
            "recover-object", "Object to the recovery of one's own account", _ONE, object_to_recovery, actors=("self",)
        ),
        Operation(
            "recover-withdraw", "Withdraw a recovery", _ONE, withdraw_recovery, actors=("administrator", "creator")
        ),
        Operation("recover-finish", "Finish a recovery after its delay", _ONE, finish_recovery, actors=_ANYONE),
        Operation(
            "recovery-rule",
            "Set how many approve a recovery, and the delay after it",
            (
                Argument("needed", Integer(NEEDED_MIN, NEEDED_MAX), "public"),
                Argument("delay_days", Integer(DELAY_DAYS_MIN, DELAY_DAYS_MAX), "public"),
            ),
            set_rule,
            actors=_ADMINISTRATOR,
        ),
    ),
)
