"""What one transaction may read, write and say: part of the rules, the same on every node.

Owns the bounds and the refusals of those who pass them. They keep what a block can cost in time and memory
proportional to its transactions, and are far above what an honest operation needs.
"""

from contracts.errors import Reason

# A decision that rests on more records than this should rest on a record that sums them up.
READS_MAX = 256
# The largest meeting that is recorded at once touches a few dozen records.
WRITES_MAX = 64
# With 2,048 transactions in a block, 256 MiB is the most that a block of such transactions can hold in memory.
WRITTEN_SIZE_BYTES_MAX = 128 * 1024
EVENTS_MAX = 16
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
    RESULT_TOO_LARGE,
)
