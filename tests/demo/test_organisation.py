"""The demonstration's groups, roles and meetings: the built-in ones, and what is refused."""

from collections import Counter
from pathlib import Path

import pytest

from cli.demo.membership import BUILT_IN
from cli.demo.organisation import GROUPS_FILE, MEETINGS_FILE, ROLES_FILE, Organisation, read_organisation
from cli.errors import UsageError

GROUPS = "group,kind,name,parent\nsig-docs,sig,Docs,kubernetes\n"
ROLES = "group,role,member\n"
MEETINGS = "group,title,day,time,timezone,frequency\n"


def folder_with(folder: Path, **files: str) -> Path:
    names = {"groups": GROUPS_FILE, "roles": ROLES_FILE, "meetings": MEETINGS_FILE}
    for name, text in files.items():
        (folder / names[name]).write_text(text, encoding="utf-8")
    return folder


def test_the_built_in_organisation_is_whole() -> None:
    organisation = read_organisation(BUILT_IN)
    assert (len(organisation.groups), len(organisation.roles), len(organisation.meetings)) == (271, 286, 102)
    assert len({group.unit for group in organisation.groups}) == 271
    assert Counter(group.kind for group in organisation.groups)["sig"] == 24
    assert "sig-release/Release-Team" in {group.unit for group in organisation.groups}
    # As the file has them: nothing is made of what people wrote.
    frequencies = {meeting.frequency for meeting in organisation.meetings}
    assert len(frequencies) == 35
    assert "First Wednesday of the month" in frequencies


def test_a_data_set_without_groups_has_none(tmp_path: Path) -> None:
    assert read_organisation(tmp_path) == Organisation((), (), ())


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"groups": "group,kind\n"}, "lacks columns"),
        ({"groups": GROUPS + "a,sig,,kubernetes\n"}, "line 3 .* `name`"),
        ({"groups": "group,kind,name,parent\na/b,subproject,B,a\na,sig,A,kubernetes\n"}, "the parent a of a/b"),
        ({"groups": GROUPS, "roles": ROLES + "sig-docs,chair,\n"}, "line 2 .* `member`"),
        ({"groups": GROUPS, "roles": ROLES + "sig-doc,chair,anna\n"}, "about the group sig-doc"),
        ({"groups": GROUPS, "meetings": MEETINGS + "sig-docs,Regular,Monday,9:00,UTC,\n"}, "line 2 .* `frequency`"),
        ({"meetings": MEETINGS + "sig-docs,Regular,Monday,9:00,UTC,weekly\n"}, "about the group sig-docs"),
    ],
)
def test_unusable_files_are_refused_by_line_and_column(tmp_path: Path, files: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_organisation(folder_with(tmp_path, **files))
