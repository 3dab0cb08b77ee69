"""How large a pack may be: part of the rules, the same on every node.

Owns the numbers and why they are what they are. They keep the work of reading a pack, and of judging one transition,
small enough to be done within a block, and are several times what the largest pack that is known needs.
"""

# A part is kept in one record (16 KiB), with some bytes for the record around it; it travels in one transaction.
PART_SIZE_BYTES_MAX = 14 * 1024
# With sections. One transaction puts a pack in force: it writes a record for each of them and each permission, takes
# back those of one version that was to come and the permissions of the one before and of its base, and keeps the
# decision: `contracts.limits.DECISION_LIMITS` is made for that, and a test does it at these bounds.
TYPES_MAX = 32
# A diagram with more states is read by nobody; the longest known workflow has 25.
STATES_MAX = 32
# Two ways out of each state.
TRANSITIONS_MAX = 64
# A form with more fields is several forms.
FIELDS_MAX = 64
# One rule for each transition; a rule may guard many.
RULES_MAX = 64
GUARDS_MAX = 16
# A record that one transition changes in more ways should be several records.
EFFECTS_MAX = 16
EFFECT_FIELDS_MAX = 16
# Chained `advance` effects inside one type's declaration; the engine bounds the depth of the chain by itself.
ROLES_MAX = 32
PARAMETERS_MAX = 64
# A parameter that changes twice a year for thirty years.
PARAMETER_VALUES_MAX = 64
PERMISSIONS_MAX = 14
# A type that is looked at for more reasons should be several types.
CHECKS_MAX = 8
# Who may take a transition: roles, and the closed set of other actors.
ACTORS_MAX = 16
# The kinds of other records that the rules of one type look into.
USES_MAX = 16
ENUM_VALUES_MAX = 64
LIST_COUNT_MAX = 256
ID_FIELDS_MAX = 4

NAME_LENGTH_MAX = 32
# A title stands in a line, a rule's text in a paragraph.
TITLE_SIZE_BYTES_MAX = 200
TEXT_SIZE_BYTES_MAX = 1000
ARTICLE_SIZE_BYTES_MAX = 200
SOURCE_SIZE_BYTES_MAX = 2000
# Kinds of sections that there can be.
SECTIONS_MAX = 8
# What is longer belongs beside the ledger, with its hash on it.
FIELD_TEXT_SIZE_BYTES_MAX = 2000
FIELD_TEXT_SIZE_BYTES_DEFAULT = 200
# Ten years: longer deadlines are another kind of rule.
DAYS_MAX = 3653
APPROVALS_MAX = 16
VERSION_MAX = 999_999
