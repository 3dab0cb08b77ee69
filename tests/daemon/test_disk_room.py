"""How much room there is: limits, levels, and when a full disk is one no more."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.config import parse_config
from daemon.disk import measure_folder
from daemon.disk_room import MEBIBYTE, RESUME_ROOM_BYTES, DiskFigures, DiskLimits, DiskRoom, RoomLevel
from daemon.errors import SignStateFullError
from storage.errors import StoreFullError
from tests.examples import examples

LIMITS = DiskLimits(
    quota_bytes=100 * MEBIBYTE, reserve_bytes=50 * MEBIBYTE, low_bytes=40 * MEBIBYTE, critical_bytes=10 * MEBIBYTE
)


def made(limits: DiskLimits = LIMITS) -> DiskRoom:
    return DiskRoom("/node/db", limits, lambda: None)


def figures(used_mib: int, free_mib: int) -> DiskFigures:
    return DiskFigures(used_mib * MEBIBYTE, free_mib * MEBIBYTE)


def test_the_levels_follow_the_smaller_of_what_quota_and_disk_leave() -> None:
    room = made()
    for used, free, left, level in (
        (10, 500, 90, RoomLevel.PLENTY),
        (70, 500, 30, RoomLevel.LOW),
        (10, 80, 30, RoomLevel.LOW),
        (95, 500, 5, RoomLevel.CRITICAL),
        (10, 55, 5, RoomLevel.CRITICAL),
        (100, 500, 0, RoomLevel.FULL),
    ):
        room.looked(figures(used, free))
        assert (room.room_bytes, room.level) == (left * MEBIBYTE, level)
    assert room.looked(figures(10, 500))
    assert room.level.value == "plenty"
    assert not room.looked(figures(11, 500)), "nothing to tell"


def test_the_reason_names_the_limit_that_was_reached_and_stays_the_same() -> None:
    room = made()
    room.looked(figures(100, 500))
    assert "`disk_quota_mib`" in str(room.error)
    assert "100 MiB" in str(room.error)
    before = room.error
    room.looked(figures(100, 40))
    assert room.error is before, "who shows it shows a reason once"
    room.looked(figures(10, 500))
    assert room.error is None
    room.looked(figures(10, 50))
    assert "`disk_reserve_mib`" in str(room.error)


def test_room_for_a_snapshot_leaves_the_ledger_what_keeps_it_from_being_critical() -> None:
    room = DiskRoom("/node/db", LIMITS, lambda: figures(95, 140))
    assert room.lacks_for(40 * MEBIBYTE, 40 * MEBIBYTE) is None, "the quota is for the new database alone"
    assert "needs 81 MiB on the disk of /node/db, which has 80 MiB" in str(room.lacks_for(41 * MEBIBYTE, 40 * MEBIBYTE))
    roomy = DiskRoom("/node/db", LIMITS, lambda: figures(95, 1000))
    assert roomy.lacks_for(400 * MEBIBYTE, 90 * MEBIBYTE) is None
    assert "`disk_quota_mib` leaves 90 MiB" in str(roomy.lacks_for(1, 90 * MEBIBYTE + 1))
    assert made().lacks_for(1 << 40, 1) is None, "nobody can tell"
    assert DiskRoom("", DiskLimits(), lambda: figures(1, 1)).lacks_for(0, 1 << 20) is None


def test_a_full_disk_is_full_until_there_is_room_for_more_than_a_block() -> None:
    room = made()
    free = LIMITS.reserve_bytes
    room.looked(DiskFigures(0, free))
    assert not room.looked(DiskFigures(0, free + RESUME_ROOM_BYTES - 1))
    assert room.level.value == "full"
    assert room.looked(DiskFigures(0, free + RESUME_ROOM_BYTES))
    assert room.level.value == "critical"


def test_a_refused_write_counts_until_one_of_the_same_kind_was_done() -> None:
    room = made()
    room.looked(figures(10, 500))
    refused = SignStateFullError("no room")
    assert room.refused("sign-state", refused)
    assert (room.level, room.error) == (RoomLevel.FULL, refused)
    assert not room.wrote("database"), "another file of another size"
    assert not room.looked(figures(10, 500)), "what the system says of its disk does not count against what it does"
    assert room.lacks(figures(10, 500)) is None, "it may be tried"
    assert room.wrote("sign-state")
    assert room.level.value == "plenty"


def test_zero_means_no_limit_and_no_warning() -> None:
    room = made(DiskLimits())
    room.looked(DiskFigures(10**15, 1))
    assert room.level.value == "plenty"
    room.looked(DiskFigures(10**15, 0))
    assert room.level.value == "full"


def test_a_disk_that_cannot_be_measured_is_left_to_the_writes() -> None:
    room = made()
    assert room.lacks(None) is None
    assert not room.looked(None)
    assert (room.level, room.room_bytes) == (RoomLevel.PLENTY, None)
    room.looked(figures(100, 500))
    assert not room.looked(None), "nothing new is known"
    assert room.level.value == "full"


@settings(max_examples=examples(60), deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.integers(0, 120), st.integers(0, 200)).map(lambda pair: figures(*pair)),
            st.sampled_from(["refused database", "refused sign-state", "wrote database", "wrote sign-state"]),
        ),
        max_size=20,
    )
)
def test_whatever_happens_level_and_reason_fit(happenings: list[DiskFigures | str]) -> None:
    room, refused = made(), set()
    for happening in happenings:
        before = room.level
        if isinstance(happening, str):
            verb, who = happening.split()
            if verb == "refused":
                refused.add(who)
                changed = room.refused(who, StoreFullError("no room"))
            else:
                refused.discard(who)
                changed = room.wrote(who)
        else:
            changed = room.looked(happening)
        assert changed == (room.level is not before)
        assert (room.level is RoomLevel.FULL) == (room.error is not None)
        if refused or room.room_bytes == 0:
            assert room.level.value == "full"
        if not refused and room.room_bytes is not None and room.room_bytes >= RESUME_ROOM_BYTES:
            assert room.level is not RoomLevel.FULL


def test_the_settings_are_mebibytes() -> None:
    config = parse_config('name = "a"\nlisten = "h:1"\ndisk_quota_mib = 3\ndisk_reserve_mib = 2\ndisk_low_mib = 1\n')
    assert config.disk_limits == DiskLimits(3 * MEBIBYTE, 2 * MEBIBYTE, MEBIBYTE, 1024 * MEBIBYTE)


def test_a_folder_is_measured_by_what_its_files_take(tmp_path: Path) -> None:
    before = measure_folder(tmp_path)
    (tmp_path / "data").write_bytes(bytes(MEBIBYTE))
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1000 * MEBIBYTE)
    after = measure_folder(tmp_path)
    assert before is not None
    assert after is not None
    assert MEBIBYTE <= after.used_bytes - before.used_bytes < 2 * MEBIBYTE
    assert after.free_bytes > 0
    assert measure_folder(tmp_path / "gone") is None
