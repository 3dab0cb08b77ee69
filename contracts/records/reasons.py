"""Why the record engine refuses: every code with its text, in one place. Never decides anything.

Most details repeat `kind`, so that the pack's own words can be found again (`contracts.records.explaining`).
"""

from contracts.errors import Reason

TYPE_UNKNOWN = Reason(
    "records.type-unknown",
    "no pack in force defines records of the kind {kind}; `banyan list record-type` shows what there is",
)
TRANSITION_UNKNOWN = Reason("records.transition-unknown", "a {kind} has no transition {transition}; it has {known}")
TRANSITION_MISSING = Reason(
    "records.transition-missing", "a {kind} can begin in several ways; give the transition: one of {known}"
)
NOT_CREATED = Reason("records.not-created", "nobody creates a {kind}: it comes into being by what happens to others")
NOT_FOUND = Reason("records.not-found", "there is no {kind} {id}; `banyan list {kind}` shows what there is")
EXISTS = Reason("records.exists", "there is a {kind} {id} already; look at it before you change it")
WRONG_STATE = Reason(
    "records.wrong-state", "the {kind} {id} is in the state {state}, but {transition} starts from {expected}"
)
NOT_ALLOWED = Reason(
    "records.not-allowed", "{transition} of a {kind} is for {actors}; the sender is none of them in this unit now"
)
UNIT_OVER = Reason(
    "records.unit-over",
    "{transition} of the {kind} {id} is not for the sender: the unit {unit} is over, and what is open there is for the"
    " administrators and the offices of other units that the pack names",
)
NOT_AUTOMATIC = Reason(
    "records.not-automatic",
    "{transition} of a {kind} is decided by people who sign for it; no rule, timer or other record can take it",
)
CHAIN_TOO_DEEP = Reason(
    "records.chain-too-deep",
    "{transition} of a {kind} would be the link number {depth} of a chain; {limit} are allowed",
)

FIELD_UNKNOWN = Reason("records.field-unknown", "a {kind} has no field {field}; leave it out or check its spelling")
FIELD_NOT_SET = Reason("records.field-not-set", "{transition} of a {kind} does not set {field}; it sets {known}")
FIELD_STATE = Reason("records.field-state", "the field {field} of a {kind} is not changed in the state {state}")
FIELD_MISSING = Reason("records.field-missing", "{transition} of a {kind} needs the field {field}; give it")
FIELD_REFERENCE = Reason("records.field-reference", "{field} names the {wanted} {value}, and there is none")
FIELD_PERSON = Reason("records.field-person", "{field} names the person {value}, whom nobody has enrolled")
FIELD_UNIT = Reason("records.field-unit", "{field} names the unit {value}, and there is none")
ID_INVALID = Reason(
    "records.id-invalid",
    "the field {field} of a {kind} is part of the record's id: 1 to {limit} letters, digits and ._@+:- without a slash",
)
ID_TOO_LONG = Reason("records.id-too-long", "the id of the {kind} would have {size} characters, allowed are {limit}")
NUMBERS_FULL = Reason("records.numbers-full", "the unit {unit} has {count} records of the kind {kind}, the most")

RECORD_FULL = Reason(
    "records.record-full",
    "the values of the {kind} {id} would have {size} bytes; {limit} are allowed, as room stays for fields that are to"
    " come and for approvals: keep what is long beside the ledger",
)

MINIMUM_STAY = Reason("records.minimum-stay", "the {kind} {id} needs {needed} days in the state {state}, has {found}")
GUARD = Reason(
    "records.guard",
    "a {kind} is held back by the rule {rule}, clause {clause}, `{condition}`: left {left}, right {right}",
)
RULE_FAILED = Reason(
    "records.rule-failed", "the rule {rule} of a {kind} has no value here: {fault}; tell who looks after the pack"
)

DEADLINES_TOO_MANY = Reason(
    "records.deadlines-too-many",
    "{limit} deadlines of the {kind} {id} run already; {transition} is not taken again now",
)

VOTE_MISSING = Reason("records.vote-missing", "{transition} of a {kind} rests on a vote; give its counts as `vote`")
VOTE_UNEXPECTED = Reason("records.vote-unexpected", "{transition} of a {kind} rests on no vote; leave `vote` out")
VOTE_COUNTS = Reason(
    "records.vote-counts", "the counts make no sense: {less} is {found}, but {more} is {most}; count again"
)
QUORUM = Reason(
    "records.quorum",
    "the vote on a {kind} has no quorum by the rule {rule}, clause {clause}, `{condition}`: left {left}, right {right}",
)
NOT_PASSED = Reason(
    "records.not-passed",
    "the vote on a {kind} has not passed by the rule {rule}, clause {clause}, `{condition}`: left {left}, right"
    " {right}",
)

REVIEW_PENDING = Reason(
    "records.review-pending",
    "{transition} of the {kind} {id} waits for approvals, {approvals} of {needed}; approve or withdraw that first",
)
NOTHING_PENDING = Reason("records.nothing-pending", "nothing of the {kind} {id} waits for an approval")
SELF_APPROVAL = Reason(
    "records.self-approval", "who asked for {transition} of the {kind} {id} does not approve it too: four eyes"
)
APPROVED_ALREADY = Reason(
    "records.approved-already", "the sender has approved {transition} of the {kind} {id} already; each counts once"
)
NOT_APPROVER = Reason("records.not-approver", "{transition} of a {kind} is approved by {actors}; the sender is none")
NOT_ASKED = Reason(
    "records.not-asked", "the sender has neither asked for {transition} of the {kind} {id} nor approved it"
)
REVIEW_OVERTAKEN = Reason(
    "records.review-overtaken",
    "the {kind} {id} waits for approvals under an older version of its pack; withdraw, and ask again",
)

EFFECT_VALUE = Reason(
    "records.effect-value", "effect {effect} of {transition} of a {kind} needs {expected} and gets none; see the pack"
)
EFFECT_FAILED = Reason(
    "records.effect-failed", "effect {effect} of {transition} of a {kind} cannot be: {fault}; see the pack"
)
COUNTER_RANGE = Reason("records.counter-range", "the counter {counter} would leave the range of whole numbers")
STATE_UNKNOWN = Reason(
    "records.state-unknown",
    "the {kind} {id} is in the state {state}, which the pack in force has no place for; its migration has to say",
)

RECORDS_REASONS = (
    TYPE_UNKNOWN,
    TRANSITION_UNKNOWN,
    TRANSITION_MISSING,
    NOT_CREATED,
    NOT_FOUND,
    EXISTS,
    WRONG_STATE,
    NOT_ALLOWED,
    UNIT_OVER,
    NOT_AUTOMATIC,
    CHAIN_TOO_DEEP,
    FIELD_UNKNOWN,
    FIELD_NOT_SET,
    FIELD_STATE,
    FIELD_MISSING,
    FIELD_REFERENCE,
    FIELD_PERSON,
    FIELD_UNIT,
    ID_INVALID,
    ID_TOO_LONG,
    NUMBERS_FULL,
    RECORD_FULL,
    MINIMUM_STAY,
    GUARD,
    RULE_FAILED,
    DEADLINES_TOO_MANY,
    VOTE_MISSING,
    VOTE_UNEXPECTED,
    VOTE_COUNTS,
    QUORUM,
    NOT_PASSED,
    REVIEW_PENDING,
    NOTHING_PENDING,
    SELF_APPROVAL,
    APPROVED_ALREADY,
    NOT_APPROVER,
    NOT_ASKED,
    REVIEW_OVERTAKEN,
    EFFECT_VALUE,
    EFFECT_FAILED,
    COUNTER_RANGE,
    STATE_UNKNOWN,
)
