"""Room in a record: nobody fills it so that what comes later cannot be written."""

from contracts.record import RECORD_SIZE_BYTES_MAX
from contracts.records.deadlines import DEADLINES_MAX
from contracts.records.room import SHARE_SIZE_BYTES, room_of
from ledger.encoding import Value
from tests.contracts.organisation import Organisation
from tests.contracts.records.packs import CLUB, club, compiled, fields_of

APPROVALS = 16
# A form that anybody may hand in, with eight long texts; sixteen people approve it, and one of them adds a remark.
TEXTS = [f"text_{number}" for number in range(8)]
FORM = (
    CLUB
    + "".join(
        f"""
[type.form.field.{name}]
type = "text"
class = "ledger"
most = 2000
title = {{ en = "Text", zh = "文字" }}
"""
        for name in (*TEXTS, "remark")
    )
    + f"""
[type.form]
title = {{ en = "Form", zh = "表格" }}
id = "number"
[type.form.state.made]
title = {{ en = "Made", zh = "已填" }}
[type.form.state.closed]
title = {{ en = "Closed", zh = "已结" }}
final = true
[type.form.transition.make]
from = ""
to = "made"
title = {{ en = "Make", zh = "填写" }}
by = "anyone"
sets = {TEXTS}
deadline = {{ days = 30, then = "lapse" }}
[type.form.transition.close]
from = "made"
to = "closed"
title = {{ en = "Close", zh = "结束" }}
by = "role:secretary"
sets = ["remark"]
review = {{ actors = ["role:lead@unit:branch-1", "role:lead"], count = {APPROVALS}, distinct = true }}
[type.form.transition.lapse]
from = "made"
to = "closed"
title = {{ en = "Lapse", zh = "失效" }}
automatic = true
"""
)
RECORD = "branch-1/000001"


def make(ledger: Organisation, size_bytes: int) -> str:
    """Hand in a form with so many bytes of text."""
    fields: dict[str, Value] = {}
    for name in TEXTS:
        if size_bytes > 0:
            fields[name] = "x" * min(size_bytes, 2000)
            size_bytes -= 2000
    result = ledger.asked("records.create", {"type": "form", "unit": "branch-1", "fields": fields}, "eve")
    if result.code == "records.record-full":
        assert result.details["kind"] == "form"
    return result.code


def test_who_fills_a_record_to_the_brim_leaves_room_for_all_that_may_follow() -> None:
    """The fullest record that is taken goes through a review by as many as there may be, with a remark."""
    ledger = club(FORM)
    leads = [f"lead-{number:02}-{'x' * 24}" for number in range(APPROVALS)]
    for person in leads:
        ledger.add_person(person)
        ledger.add_office("branch-1", "lead", person)
    taken, refused = 1000, 16_000
    while refused - taken > 1:
        half = (taken + refused) // 2
        code = make(ledger, half)
        assert code in ("ok", "records.record-full")
        taken, refused = (half, refused) if code == "ok" else (taken, half)
        for key in [key for key in ledger.state if key.startswith((b"form\0", b"record-count\0branch-1/form"))]:
            del ledger.state[key]
    assert make(ledger, taken) == "ok" and taken > 6000
    close: dict[str, Value] = {"type": "form", "id": RECORD, "transition": "close"}
    long = ledger.asked("records.act", close | {"fields": {"remark": "x" * 2000}}, "ann")
    assert long.code == "records.record-full"
    remark = "x" * (SHARE_SIZE_BYTES - len("remark") - 4)
    provenance: Value = {"file": "f" * 400, "source": "s" * 400, "revision": "r" * 100, "hash": bytes(32), "row": 1}
    brought: dict[str, Value] = {"fields": {"remark": remark}, "note": {"#": bytes(32)}, "provenance": provenance}
    assert ledger.code("records.act", close | brought, "ann") == "ok"
    for person in leads:
        assert ledger.code("records.approve", {"type": "form", "id": RECORD}, person) == "ok"
    fields = fields_of(ledger, "form", RECORD)
    approvals, values = fields["approvals"], fields["values"]
    assert isinstance(approvals, list) and isinstance(values, dict)
    assert (fields["state"], len(approvals), values["remark"]) == ("closed", APPROVALS, remark)


def test_every_field_keeps_its_share() -> None:
    for definition in compiled(FORM).types.values():
        room = room_of(definition)
        assert 0 < sum(room.kept.values()) <= room.values_max // 2 < RECORD_SIZE_BYTES_MAX // 2
        assert all(0 < kept <= room.share <= SHARE_SIZE_BYTES for kept in room.kept.values())
    assert DEADLINES_MAX == 8, "the room for deadlines is made for so many"
