"""What one transaction, or one timer, may read, write and say: part of the rules, the same on every node.

Owns the bounds and the refusals of those who pass them. They keep what a block can cost in time and memory
proportional to its transactions, and are far above what an honest operation needs.
"""

from typing import NamedTuple

from contracts.errors import Reason

# A decision that rests on more records than this should rest on a record that sums them up.
READS_MAX = 256
# The largest meeting that is recorded at once touches a few dozen records.
WRITES_MAX = 64
# With 2,048 transactions in a block, 256 MiB is the most that a block of such transactions can hold in memory.
WRITTEN_SIZE_BYTES_MAX = 128 * 1024


class RunLimits(NamedTuple):
    """How many records one run of a contract may read and write, and how many bytes it may write."""

    reads: int
    writes: int
    written_size_bytes: int


COMMON_LIMITS = RunLimits(READS_MAX, WRITES_MAX, WRITTEN_SIZE_BYTES_MAX)
# What the administrators decide on together: to put the largest pack in force over the largest one, with another one of
# that size to come, writes 147 records of less than 1 MiB (`contracts.packs.limits`). They change the same few records
# again and again, so a block of such transactions holds no more in memory than one of others.
DECISION_LIMITS = RunLimits(512, 160, 1024 * 1024)

EVENTS_MAX = 16
# A decision sets its deadline and a handful of reminders.
TIMERS_SET_MAX = 16
# What a timer's function needs to know is in records; this is for their ids.
PAYLOAD_SIZE_BYTES_MAX = 1024
# Timers run before a block's transactions, which wait for them. A common one takes 25 µs; one that reads 256 records of
# 2 KiB and writes all it may, 14 ms: so many of these take 0.9 s, below the least time after which a leader is given up
# (1 s). Beyond that, more would only make a backlog's blocks fewer, and each costs a round among the voters.
TIMERS_PER_BLOCK_MAX = 64
# Steps of all the rules that are asked in one run, about 10 ms of work (`contracts.rules.fuel` bounds a single rule). A
# guard of three clauses takes 20; a sweep asks a hundred records for theirs.
RULE_STEPS_MAX = 100_000
# The sender, the unit, and up to 16 people, twice over.
LINKS_MAX = 36

RECORD_EXISTS = Reason("record.exists", "there is a {kind} {id} already")
RECORD_MISSING = Reason("record.missing", "there is no {kind} {id}")
RECORD_TOO_LARGE = Reason("limits.record-size", "the {kind} {id} would have {size} bytes, allowed are {limit}")
TOO_MANY_READS = Reason("limits.reads", "the transaction would read more than {limit} records; split it up")
TOO_MANY_WRITES = Reason("limits.writes", "the transaction would write more than {limit} records; split it up")
TOO_MUCH_WRITTEN = Reason("limits.written-size", "the transaction would write more than {limit} bytes; split it up")
TOO_MANY_EVENTS = Reason("limits.events", "the transaction would report more than {limit} events; split it up")
TOO_MANY_LINKS = Reason("limits.links", "the transaction would concern more than {limit} subjects; split it up")
TOO_MANY_TIMERS = Reason("limits.timers", "the transaction would set more than {limit} timers; split it up")
TIMER_DUE = Reason("limits.timer-due", "a timer cannot be due at {due} ms; the least is 0, the most {limit}")
TOO_MANY_STEPS = Reason(
    "limits.rule-steps", "the rules that the transaction asks would take more than {limit} steps together; split it up"
)
PAYLOAD_TOO_LARGE = Reason("limits.timer-payload", "the timer would carry {size} bytes, allowed are {limit}")
RESULT_TOO_LARGE = Reason(
    "limits.result-size", "the result of the transaction would have {size} bytes, allowed are {limit}; split it up"
)

RECORD_REASONS = (RECORD_EXISTS, RECORD_MISSING)
LIMIT_REASONS = (
    RECORD_TOO_LARGE,
    TOO_MANY_READS,
    TOO_MANY_WRITES,
    TOO_MUCH_WRITTEN,
    TOO_MANY_EVENTS,
    TOO_MANY_LINKS,
    TOO_MANY_TIMERS,
    TOO_MANY_STEPS,
    TIMER_DUE,
    PAYLOAD_TOO_LARGE,
    RESULT_TOO_LARGE,
)
