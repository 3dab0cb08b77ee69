"""Which executed height a block states: the newest, but never past one that snapshots are of."""

from hypothesis import given
from hypothesis import strategies as st

from ledger.stated_heights import STATED_INTERVAL_BLOCKS, statable_height


@given(stated=st.integers(0, 1000), ahead=st.integers(0, 100))
def test_a_multiple_of_the_interval_is_never_stepped_over(stated: int, ahead: int) -> None:
    executed = stated + ahead
    height = statable_height(stated, executed)
    assert stated <= height <= executed
    assert not any(between % STATED_INTERVAL_BLOCKS == 0 for between in range(stated + 1, height))
    # It is behind only where it has to be.
    assert height == executed or height % STATED_INTERVAL_BLOCKS == 0


def test_a_parent_that_states_more_than_is_executed_here_is_not_gone_back_behind() -> None:
    assert statable_height(20, 18) == 20
