"""By which share of the administrators something is decided.

Owns the names of the rules and their arithmetic; never knows who approved. Source: docs/reference/contracts.md,
"governance".
"""

RULE_MAJORITY = "majority"
RULE_TWO_THIRDS = "two-thirds"
RULE_THREE_QUARTERS = "three-quarters"
RULE_ALL = "all"
RULES = (RULE_MAJORITY, RULE_TWO_THIRDS, RULE_THREE_QUARTERS, RULE_ALL)


def approvals_needed(rule: str, count: int) -> int:
    """How many of `count` administrators have to agree by this rule: more than half, or at least the share it names."""
    if rule == RULE_MAJORITY:
        return count // 2 + 1
    if rule == RULE_TWO_THIRDS:
        return -(-2 * count // 3)
    if rule == RULE_THREE_QUARTERS:
        return -(-3 * count // 4)
    assert rule == RULE_ALL, rule
    return count
