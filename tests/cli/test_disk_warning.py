"""The words for a disk that fills up."""

import pytest

from cli.disk_warning import disk_warning
from cli.size_text import size_text


@pytest.mark.parametrize(
    ("disk", "words"),
    [
        ({"level": "plenty", "room_bytes": 10**12}, None),
        ({"level": "low", "room_bytes": 3 * 10**9}, "3.0 GB more"),
        ({"level": "critical", "room_bytes": 5 * 10**8}, "only 500.0 MB more"),
        ({"level": "full", "room_bytes": 0}, None),
        ({"free_bytes": 1, "used_bytes": 1}, None),
    ],
)
def test_a_level_has_its_words_and_its_remedy(disk: dict[str, object], words: str | None) -> None:
    said = disk_warning({"disk": disk})
    if words is None:
        assert said is None, "there is enough, it is said elsewhere, or the node is of an earlier version"
    else:
        assert said is not None
        assert words in said
        assert "`disk_quota_mib`" in said


def test_an_unknown_size_is_shown_as_that() -> None:
    assert size_text(None) == "?"
