"""Events of the source as transitions of the pack, and back."""

from cli.demo.membership import MembershipEvent
from cli.demo.recording import ACT, CREATE, PACK, STATE_LEFT, told_by, transition_of
from cli.pack_folder import compile_folder, shipped_folder


def event(kind: str, role: str) -> MembershipEvent:
    return MembershipEvent(0, kind, "anna", role, "r1")


def test_each_event_is_a_transition_of_the_pack_that_tells_it_again() -> None:
    folder = shipped_folder(PACK)
    assert folder is not None
    pack = compile_folder(folder).pack
    assert pack is not None
    transitions = pack.types["contributor"].transitions
    cases = [("joined", None), ("joined", STATE_LEFT), ("left", "member"), ("left", "admin"), ("role", "member")]
    names = set()
    for kind, before in cases:
        for role in ("member", "admin"):
            name = transition_of(event(kind, role), before)
            names.add(name)
            wanted = (kind, "" if kind == "left" else role)
            assert told_by(CREATE if before is None else ACT, name) == wanted
            assert ("" in transitions[name].from_states) == (before is None)
            if kind != "left":
                assert transitions[name].to == role
    assert names == {name for name in transitions if name.startswith("record-")}


def test_whoever_left_goes_as_what_they_were() -> None:
    assert transition_of(event("left", "member"), "admin") == "record-admin-left"
    assert transition_of(event("left", "admin"), "member") == "record-left"
    # Nobody of this name was there: the ledger refuses it.
    assert transition_of(event("left", "member"), None) == "record-left"


def test_other_transactions_tell_nothing() -> None:
    assert told_by("units.appoint", "record-left") is None
    assert told_by(ACT, "admit") is None
    assert told_by(ACT, None) is None
