"""Why the contract `schedule` refuses: the codes and texts, in one place. Never decides anything."""

from contracts.errors import Reason

NOT_FOUND = Reason("schedule.not-found", "the unit {unit} has no plan {number}; see `list plan` for what there is")
ENDED = Reason("schedule.ended", "the plan {number} of the unit {unit} has ended")
ENDS_BEFORE = Reason("schedule.ends-before", "a plan that begins on {since} cannot end on {until}; give a later day")
TOO_LONG_AGO = Reason(
    "schedule.too-long-ago", "a plan cannot begin on {since}, more than {limit} days ago; give a later day"
)
PERIODS_TOO_MANY = Reason(
    "schedule.periods-too-many",
    "a plan that begins on {since} has {count} periods behind it, none of them recorded; {limit} are allowed: begin on"
    " {earliest} or later",
)
PLANS_FULL = Reason("schedule.plans-full", "the unit {unit} has made {count} plans, the most there can be")
NOT_YET = Reason(
    "schedule.not-yet", "what has not taken place yet cannot be recorded; wait for it, or correct the time"
)

SCHEDULE_REASONS = (NOT_FOUND, ENDED, ENDS_BEFORE, TOO_LONG_AGO, PERIODS_TOO_MANY, PLANS_FULL, NOT_YET)
