"""The demonstration's list of comparisons: it can only succeed when all hold."""

import io

from cli.demo.checks import Checks
from cli.language import use_language
from cli.printer import Printer


def shown(checks: Checks) -> str:
    """What a person reads."""
    use_language("en")
    screen = io.StringIO()
    checks.show(Printer(screen))
    return screen.getvalue()


def test_equal_is_what_holds() -> None:
    checks = Checks()
    checks.compare("members", 1276, 1276)
    checks.compare("admins", 10, 10)
    assert checks.hold
    assert "All 2 checks hold." in shown(checks)


def test_one_difference_fails_the_whole_and_shows() -> None:
    checks = Checks()
    checks.compare("members", 1276, 1276)
    checks.compare("admins", 10, 9)
    assert not checks.hold
    assert "1 of 2 checks do not hold." in shown(checks)
    assert "NO" in shown(checks)


def test_nothing_compared_is_nothing_shown_to_hold() -> None:
    assert not Checks().hold
