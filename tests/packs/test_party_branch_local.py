"""The pack `party-branch-local`: local conventions ask for more than the pack below them; less is refused."""

from pathlib import Path
from typing import Any

from cli.pack_folder import read_tables, shipped_folder
from cli.pack_trial import PackTrial
from contracts.packs.overlay import not_weaker
from contracts.packs.source import Compiled, compile_pack
from tests.packs.shipped_pack import shipped


def folder(name: str) -> Path:
    found = shipped_folder(name)
    assert found is not None
    return found


DAY = 20_500
BASE = shipped("party-branch")


def local(change: Any = None) -> Compiled:
    """The local pack, its tables changed before it is compiled."""
    files = read_tables(folder("party-branch-local"))
    if change is not None:
        change(files["pack.toml"])
    return compile_pack(files, BASE)


def test_local_conventions_ask_for_more() -> None:
    assert BASE.pack is not None
    pack = local().pack
    assert pack is not None and not_weaker(BASE.pack, pack) == ()
    numbers = {name: pack.manifest.parameters[name].value_on(DAY) for name in ("publicity-days", "classes-a-year")}
    assert numbers == {"publicity-days": 7, "classes-a-year": 4}
    assert pack.types["activity"].transitions["publish"].guards == ("sign-up-before", "three-days-notice")


def set_value(name: str, value: int, least: int | None = None) -> Any:
    def change(tables: dict[str, Any]) -> None:
        parameter = tables["parameter"][name]
        parameter["values"][0]["value"] = value
        parameter["least"] = min(parameter["least"], value) if least is None else least

    return change


def review_alone(tables: dict[str, Any]) -> None:
    """Minutes that nobody else confirms."""
    tables["type"]["party-meeting"] = {"transition": {"confirm": {"review": {"distinct": False}}}}


def resolve_with_less(tables: dict[str, Any]) -> None:
    """Half of those present in the place of half of those due."""
    tables["type"]["party-resolution"] = {"rule": {"more-than-half-due": {"expression": "yes * 2 > present"}}}


def anybody_answers(tables: dict[str, Any]) -> None:
    """Anybody answers for the branch."""
    tables["type"]["feedback"] = {"transition": {"answer": {"by": ["anyone"]}}}


WEAKENINGS = {
    "parameter.publicity-days": set_value("publicity-days", 4),
    "parameter.classes-a-year": set_value("classes-a-year", 1),
    "parameter.answer-days": set_value("answer-days", 10, least=1),
    "type.party-meeting.transition.confirm": review_alone,
    "type.party-resolution": resolve_with_less,
    "type.feedback.transition.answer": anybody_answers,
}


def test_what_asks_for_less_is_refused_and_named() -> None:
    """All at once, as each is told by its own place."""

    def change(tables: dict[str, Any]) -> None:
        for weaken in WEAKENINGS.values():
            weaken(tables)

    compiled = local(change)
    assert compiled.pack is None
    told = [fault.path for fault in compiled.faults]
    assert [path for path in WEAKENINGS if not any(one.startswith(path) for one in told)] == []
    assert [one for one in told if not one.startswith(tuple(WEAKENINGS))] == []


def test_one_weaker_number_is_enough_to_be_refused() -> None:
    compiled = local(set_value("publicity-days", 4))
    assert compiled.pack is None and [fault.path for fault in compiled.faults] == ["parameter.publicity-days.least"]


def test_local_conventions_take_the_place_of_their_base_on_a_ledger() -> None:
    pack = local().pack
    assert BASE.pack is not None and pack is not None
    trial = PackTrial(BASE.pack, DAY)
    published = set(BASE.pack.parts().values())
    for data in set(pack.parts().values()) - published:
        assert trial.call("packs.publish-part", {"data": data}).ok
    assert trial.call("packs.publish", {"data": pack.manifest.encode()}).ok
    assert trial.call("governance.pack-activate", {"pack": pack.hash}).code == "ok"
    listed = trial.fields("record-type", "activity")
    assert listed is not None and isinstance(listed["versions"], list)
    newest = listed["versions"][-1]
    assert isinstance(newest, list) and newest[1] == pack.hash
