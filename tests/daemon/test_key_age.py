"""How old keys are, and how that is told: in the log, in `status`, as a figure; never by standing still."""

from pathlib import Path

import pytest
import structlog
import trio
import trio.testing

from daemon.key_age import DAY_MS, RENEWAL_DAYS, KeyAge, KeyState
from daemon.key_watch import KeyWatch, key_age, seconds_left
from daemon.next_keys import make_next_keys
from daemon.run import now_ms
from daemon.seed_passphrase import unattended_passphrase
from tests.daemon.shell import make_home, open_sound_home

BORN_MS = 1_790_000_000_000


@pytest.mark.parametrize(
    ("days", "state"),
    [(0, KeyState.FRESH), (639, KeyState.FRESH), (640, KeyState.RENEW), (729, KeyState.RENEW), (730, KeyState.EXPIRED)],
)
def test_keys_of_two_years_are_warned_of_for_ninety_days(days: int, state: KeyState) -> None:
    age = KeyAge(BORN_MS, 730)
    now_ms = BORN_MS + days * DAY_MS
    assert age.state(now_ms) is state
    assert age.days_left(now_ms) == 730 - days
    assert age.state(now_ms + DAY_MS - 1) is state


def test_keys_of_a_short_life_are_warned_of_in_its_second_half() -> None:
    age = KeyAge(BORN_MS, 10)
    assert age.state(BORN_MS + 4 * DAY_MS) is KeyState.FRESH
    assert age.state(BORN_MS + 5 * DAY_MS) is KeyState.RENEW
    assert KeyAge(BORN_MS, 1).state(BORN_MS) is KeyState.FRESH
    assert KeyAge(BORN_MS, 1).state(BORN_MS + DAY_MS // 2) is KeyState.RENEW
    assert RENEWAL_DAYS == 90


def test_keys_that_serve_for_ever_never_expire() -> None:
    age = KeyAge(BORN_MS, 0)
    assert (age.expires_ms, age.days_left(0), age.state(2**62)) == (None, None, KeyState.FRESH)


@pytest.mark.parametrize(("days", "level", "state"), [(700, "warning", "renew"), (731, "error", "expired")])
@pytest.mark.trio
async def test_a_running_node_warns_once_a_day_and_takes_transactions_all_the_same(
    tmp_path: Path, days: int, level: str, state: str, autojump_clock: trio.testing.MockClock
) -> None:
    born_ms = now_ms() - days * DAY_MS
    home = make_home(tmp_path / "home", created_ms=born_ms)
    at_ms = [born_ms + days * DAY_MS + 1000]
    opened = open_sound_home(home.directory)
    watch = KeyWatch(opened, StandIn(opened.keys.node_id), lambda: at_ms[0])
    with structlog.testing.capture_logs() as lines, trio.move_on_after(5):
        await watch.wait_until_due()
    (line,) = lines
    assert (line["event"], line["log_level"], line["state"]) == ("keys-age", level, state)
    assert line["days_left"] == 730 - days - 1
    at_ms[0] += DAY_MS
    with structlog.testing.capture_logs() as lines, trio.move_on_after(5):
        await watch.wait_until_due()
    assert len(lines) == 1
    age = key_age(opened.store, opened.genesis, opened.keys.node_id)
    assert age == KeyAge(born_ms, 730)
    assert seconds_left(opened, lambda: at_ms[0]) == (born_ms + 730 * DAY_MS - at_ms[0]) / 1000
    assert key_age(opened.store, opened.genesis, bytes(32)) is None
    opened.close()


class StandIn:
    """What the watch asks of a service: who votes, and whether others know."""

    def __init__(self, *voters: bytes) -> None:
        self.voters = voters
        self.voters_confirmed = True

    def status(self) -> "StandIn":
        return self


@pytest.mark.trio
async def test_the_watch_ends_when_the_next_keys_are_due_and_others_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, autojump_clock: trio.testing.MockClock
) -> None:
    home = make_home(tmp_path / "home")
    opened = open_sound_home(home.directory)
    own = opened.keys.node_id
    service = StandIn(own)
    watch = KeyWatch(opened, service, now_ms)

    async def ends() -> bool:
        with trio.move_on_after(3):
            await watch.wait_until_due()
            return True
        return False

    assert not await ends()
    make_next_keys(home, "alpha", "127.0.0.1:7101", unattended_passphrase)
    assert not await ends()
    monkeypatch.setattr("daemon.key_change.is_change_due", lambda _state, _own, _successor: True)
    service.voters_confirmed = False
    assert not await ends()
    service.voters = ()
    assert await ends()
    service.voters, service.voters_confirmed = (own,), True
    assert await ends()
    # What cannot be read is told once, and stops nobody.
    (home.next_keys / "node.public.json").write_text("nothing")
    with structlog.testing.capture_logs() as lines:
        assert not await ends()
    assert [line["event"] for line in lines] == ["next-keys-unusable"]
    opened.close()
