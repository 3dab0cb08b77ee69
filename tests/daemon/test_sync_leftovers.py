"""When what an abandoned sync left is thrown away. Source: `daemon.sync_leftovers`."""

from daemon.sync_leftovers import NEAR_MS, Leftovers


def test_it_is_thrown_away_once_after_a_while_near_the_others() -> None:
    leftovers = Leftovers()
    assert not leftovers.is_due(True, 0)
    assert not leftovers.is_due(False, NEAR_MS - 1), "the first neighbours were slow ones"
    assert not leftovers.is_due(True, NEAR_MS)
    assert not leftovers.is_due(True, 2 * NEAR_MS - 1)
    assert leftovers.is_due(True, 2 * NEAR_MS)
    assert not leftovers.is_due(True, 9 * NEAR_MS)


def test_what_comes_later_is_thrown_away_later() -> None:
    leftovers = Leftovers()
    leftovers.is_due(True, 0)
    assert leftovers.is_due(True, NEAR_MS)
    leftovers.came()
    assert not leftovers.is_due(True, 9 * NEAR_MS)
    assert leftovers.is_due(True, 10 * NEAR_MS)
