"""The demonstration's data set: what a reader of real records has to survive, and what it says at the end."""

from pathlib import Path

import pytest

from cli.demo.checks import Checks
from cli.demo.membership import BUILT_IN, FILE_NAME, MembershipEvent, busiest_account, read_events, replay
from cli.errors import UsageError

HEADER = "at,event,member,role,revision\n"


def folder_with(tmp_path: Path, text: str) -> Path:
    (tmp_path / FILE_NAME).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_built_in_events_leave_the_members_that_the_source_has() -> None:
    events = read_events(BUILT_IN)
    members = replay(events)
    assert len(events) == 3833
    assert len(members) == 1276
    assert sum(role == "admin" for role in members.values()) == 10


def test_times_with_changing_zones_and_equal_seconds_keep_their_order(tmp_path: Path) -> None:
    rows = (
        "2018-08-22T21:11:39-07:00,joined,anna,member,r1\n"
        "2018-08-23T04:11:39+00:00,joined,Anna,member,r1\n"
        "2018-08-23T06:11:39+02:00,joined,12345,member,r1\n"
    )
    events = read_events(folder_with(tmp_path, HEADER + rows))
    assert [event.at_ms for event in events] == [1_534_997_499_000] * 3
    assert [event.account for event in events] == ["anna", "Anna", "12345"]
    assert len({event.person for event in events}) == 3


def test_whoever_comes_back_is_a_member_again() -> None:
    happened = [("joined", "a", "member"), ("left", "a", "member"), ("joined", "a", "admin"), ("joined", "A", "member")]
    events = [MembershipEvent(0, kind, account, role, "") for kind, account, role in happened]
    assert replay(events) == {"a": "admin", "A": "member"}
    assert replay([*events, MembershipEvent(1, "left", "a", "admin", "")]) == {"A": "member"}
    assert busiest_account(events) == ("a", 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("at,event\n", "lacks columns"),
        (HEADER, "no events"),
        (HEADER + "yesterday,joined,a,member,r\n", "line 2 .* `at`"),
        (HEADER + "2018-08-22T21:11:39,joined,a,member,r\n", "line 2 .* `at`"),
        (HEADER + "2018-08-22T21:11:39Z,died,a,member,r\n", "line 2 .* `event`"),
        (HEADER + "2018-08-22T21:11:39Z,joined,,member,r\n", "line 2 .* `member`"),
        (HEADER + "2018-08-22T21:11:39Z,joined,a,emperor,r\n", "line 2 .* `role`"),
    ],
)
def test_unusable_data_sets_are_refused_by_line_and_column(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_events(folder_with(tmp_path, text))


def test_a_missing_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--data"):
        read_events(tmp_path)


def test_checks_that_were_not_made_do_not_hold() -> None:
    checks = Checks()
    assert not checks.hold
    checks.compare("a", 1, 1)
    assert checks.hold
    checks.compare("b", 1, 2)
    assert not checks.hold
