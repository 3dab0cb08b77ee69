"""The names that rules may use beside the fields of their record type.

Owns the list; a pack cannot give one of these names to a field. Source: docs/reference/packs.md, "What rules speak of".
"""

# What every rule can speak of, whatever its record type.
RULE_NAMES = frozenset(("unit", "state", "since_days", "today", "now", "sender_person", "record_id"))
# The counts of a vote, in the rules that judge it. `due` is counted from the state, the others are recorded by people.
VOTE_NAMES = ("due", "present", "issued", "valid", "yes", "no", "abstain")
# What the engine answers by itself (`contracts.records.rule_scope`).
HOST_FUNCTIONS = frozenset(
    (
        "ballot_asked",
        "ballot_casting",
        "ballot_concerns",
        "ballot_count",
        "ballot_elected",
        "ballot_outcome",
        "ballot_tellers",
        "ballot_votes",
        "commitment_of",
        "counter",
        "counter_of",
        "dues_owed_since",
        "has_role",
        "has_role_in",
        "has_signed_in",
        "is_working_day",
        "record_state",
        "role_count",
        "role_since",
        "role_since_in",
        "signed_in",
        "top_unit",
        "working_days_between",
    )
)
# A parameter's name in rules: this, and its own with _ in the place of hyphens.
PARAMETER_PREFIX = "parameter_"
# How far the organisation's clocks are ahead of UTC, in minutes: by it the engine counts days, in every type.
PARAMETER_UTC_OFFSET = "utc-offset-minutes"


def parameter_name(name: str) -> str:
    """How rules call the parameter `name`."""
    return PARAMETER_PREFIX + name.replace("-", "_")


def foreign_function(kind: str, field: str) -> str:
    """How rules call the function that looks into a field of another type: `club_member_fee`."""
    return f"{kind.replace('-', '_')}_{field}"
