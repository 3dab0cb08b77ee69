"""Why calendar arithmetic refuses: the codes and texts, in one place. Never decides anything.

They are refusals, not errors: a date comes out of a transaction or a record, and a contract or rule that computes with
it has to end in an answer on every node, whatever date somebody wrote.
"""

from contracts.errors import Reason

NOT_A_DATE = Reason("calendar.not-a-date", "{text} is not a date; write it like 2026-08-31")
OUT_OF_RANGE = Reason("calendar.out-of-range", "the calculation leaves the years 1 to 9999; use dates within them")
TOO_FAR = Reason("calendar.too-far", "{count} working days are too many to count; ask for at most {limit}")

RECURRENCE_INVALID = Reason(
    "calendar.recurrence-invalid",
    "the recurrence cannot be used: its part {part} is missing, unknown or out of range; see the page on the calendar",
)

CALENDAR_REASONS = (NOT_A_DATE, OUT_OF_RANGE, TOO_FAR, RECURRENCE_INVALID)

# Why people's words about a rhythm are not understood. Never guessed: what can be read in two ways is one of these.
UNKNOWN_WORDS = Reason("calendar.unknown-words", "what {words} means is not known; say it in other words")
NO_FREQUENCY = Reason("calendar.no-frequency", "it does not say how often")
AS_NEEDED = Reason("calendar.as-needed", "{words}: there is no rhythm that could be checked")
TWO_MEANINGS = Reason("calendar.two-meanings", "{words} can mean two things; say which, such as 'every two weeks'")
CONTRADICTION = Reason("calendar.contradiction", "{words} says two things that do not go together")
OTHER_DAY = Reason("calendar.other-day", "{frequency} is on another day than {day}")
RELATIVE_DAY = Reason(
    "calendar.relative-day", "{words}: a day that is counted from another one may lie in the next month"
)
ALTERNATING = Reason(
    "calendar.alternating", "it alternates with something else, so how often it takes place is unclear"
)
WHICH_MONTH = Reason("calendar.which-month", "it names a day of a month, but not of which month in the period")
TOO_LONG_TEXT = Reason("calendar.text-too-long", "the text has {size} characters, at most {limit} are read")

NOT_UNDERSTOOD_REASONS = (
    UNKNOWN_WORDS,
    NO_FREQUENCY,
    AS_NEEDED,
    TWO_MEANINGS,
    CONTRADICTION,
    OTHER_DAY,
    RELATIVE_DAY,
    ALTERNATING,
    WHICH_MONTH,
    TOO_LONG_TEXT,
)
