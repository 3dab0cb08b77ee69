"""Why calendar arithmetic refuses: the codes and texts, in one place. Never decides anything.

They are refusals, not errors: a date comes out of a transaction or a record, and a contract or rule that computes with
it has to end in an answer on every node, whatever date somebody wrote.
"""

from contracts.errors import Reason

NOT_A_DATE = Reason("calendar.not-a-date", "{text} is not a date; write it like 2026-08-31")
OUT_OF_RANGE = Reason("calendar.out-of-range", "the calculation leaves the years 1 to 9999; use dates within them")
TOO_FAR = Reason("calendar.too-far", "{count} working days are too many to count; ask for at most {limit}")

CALENDAR_REASONS = (NOT_A_DATE, OUT_OF_RANGE, TOO_FAR)
