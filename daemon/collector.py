"""The garbage collector of a long-running node: seldom, because almost nothing here needs it, but then whole.

Owns the process-wide thresholds and one habit. A node frees nearly everything by reference counts; what makes cycles
(exceptions, tasks, connections) is rare and small. Python's default looks through all young objects after every 700 new
ones, which is once for some twenty transactions.

What was seen in use is old, and old garbage is looked for after so many looks at the young that a node never comes to
it: what a connection leaves behind, its buffers among it, would stay for ever. So all is looked through once a minute.
"""

import gc

import trio

# Young objects before the collector looks: some hundred kilobytes more of garbage at most, for a tenth of the work.
YOUNG_OBJECTS = 20_000
YOUNG_PER_MIDDLE = 20
MIDDLE_PER_OLD = 50
# About half a microsecond for each object that may be part of a cycle: 10 ms of a node under little load, 100 ms where
# 16,384 transactions wait for a block, a tenth of the shortest election timeout.
COLLECT_SECONDS = 60.0


def calm_collector() -> None:
    """Let the collector run seldom, and never look at what is loaded by now; called once, after the imports."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, YOUNG_PER_MIDDLE, MIDDLE_PER_OLD)


async def collect_now_and_then() -> None:
    """Free all garbage once in `COLLECT_SECONDS`, until cancelled.

    Not on a thread: the interpreter's lock is held for as long either way.
    """
    while True:
        await trio.sleep(COLLECT_SECONDS)
        gc.collect()
