"""The garbage collector of a long-running node: seldom, because almost nothing here needs it.

Owns the process-wide thresholds. A node frees nearly everything by reference counts; what makes cycles (exceptions,
tasks) is rare and small. Python's default looks through all young objects after every 700 new ones, which is once
for some twenty transactions.
"""

import gc

# Young objects before the collector looks: some hundred kilobytes more of garbage at most, for a tenth of the work.
YOUNG_OBJECTS = 20_000
YOUNG_PER_MIDDLE = 20
MIDDLE_PER_OLD = 50


def calm_collector() -> None:
    """Let the collector run seldom, and never look at what is loaded by now; called once, after the imports."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, YOUNG_PER_MIDDLE, MIDDLE_PER_OLD)
