"""What all tests share: the signals they start from, and their order."""

import gc
import signal

import pytest
from hypothesis import settings

from tests.examples import USUAL, examples

# No deadline: how long an example takes depends on what else the machine does, and no test is about that.
settings.register_profile("every run", max_examples=examples(USUAL), deadline=None)
settings.load_profile("every run")

# Half of what a run takes, in a few tests of up to a minute that often wait: begun last they would be waited for by a
# worker without work, and begun first they wait while the other worker computes.
WHOLE_PROCESSES = ("tests/system/", "tests/e2e/", "tests/demo/")

# Thousands of tests and what they import stay to the end, and looking through them for garbage was a sixth of the time
# of simulated networks. Young objects are looked at less often as well; old ones often enough that the worlds of
# earlier tests, which are cycles, do not gather.
YOUNG_OBJECTS, YOUNG_PER_MIDDLE, MIDDLE_PER_OLD = 10_000, 10, 10


def pytest_configure() -> None:
    """Hear Ctrl-C again where the shell that started the tests in its background had it ignored.

    Ignored signals are inherited: the programs that tests interrupt would not hear them either.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Let the collector look only at what tests make from now on, and more seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, YOUNG_PER_MIDDLE, MIDDLE_PER_OLD)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of whole processes first; all others stay as they are."""
    items.sort(key=lambda item: not item.nodeid.startswith(WHOLE_PROCESSES))
