"""How many examples a property is tried with: few in every run of the tests, more for whoever has the time.

`BANYAN_SOAK_EXAMPLES=20` tries twenty times as many. What reads bytes of others is tried by `make fuzz` besides.
"""

import os

FACTOR = int(os.environ.get("BANYAN_SOAK_EXAMPLES", "1"))
# Where a test names no number.
USUAL = 50


def examples(count: int) -> int:
    """So many examples in every run of the tests, or the multiple of it that is asked for."""
    return count * FACTOR
