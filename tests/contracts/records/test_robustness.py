"""Whatever a record or a transaction holds, the engine refuses it and never raises anything else: that stops a node."""

import pytest

from contracts.calendar.dates import DAY_MS, day_of
from ledger.encoding import INTEGER_MAX, Value
from tests.contracts.organisation import Organisation
from tests.contracts.records.dues import DUES, UNIT, begin, first_moment
from tests.contracts.records.packs import compiled, fields_of, put_in_force
from tests.contracts.records.test_sweeping import dues, pays, until_quiet

SECOND = DUES.replace("version = 1", "version = 2")
TEXTS = ("two words", "", "é", "/", "a/b c", "x" * 1999)
STAMP = """
[type.stamp]
title = {en = "Stamp", zh = "印章"}
id = "number"

[type.stamp.field.word]
type = "text"
class = "ledger"
required = true
most = 2000
title = {en = "Word", zh = "字"}

[type.stamp.state.made]
title = {en = "Made", zh = "已做"}
amendable = true

[type.stamp.state.used]
title = {en = "Used", zh = "已用"}
final = true

[type.stamp.transition.make]
from = ""
to = "made"
title = {en = "Make", zh = "做"}
by = "anyone"
sets = ["word"]

[type.stamp.transition.use]
from = "made"
to = "used"
title = {en = "Use", zh = "用"}
by = "anyone"
"""


def stamped(more: str) -> Organisation:
    """A ledger with the stamps, and whatever `more` says of them."""
    return dues(DUES + STAMP + more)


def make(ledger: Organisation, **fields: Value) -> str:
    return ledger.code("records.create", {"type": "stamp", "unit": UNIT, "fields": fields})


def use(ledger: Organisation, transition: str, number: int = 1, **more: Value) -> str:
    named: dict[str, Value] = {"type": "stamp", "id": f"{UNIT}/{number:06d}", "transition": transition}
    return ledger.code("records.act", named | more)


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_that_names_nobody_has_no_guardians(text: str) -> None:
    ledger = dues(DUES.replace('by = "administrator"', 'by = "guardian"', 1).replace('id = "person"', 'id = "number"'))
    fields: dict[str, Value] = {"person": text, "paid_until": 1}
    created = ledger.code("records.create", {"type": "payer", "unit": UNIT, "fields": fields}, "ann")
    assert created == "records.not-allowed"


@pytest.mark.parametrize("text", [text for text in TEXTS if text])
def test_a_text_that_is_no_id_takes_no_record_along(text: str) -> None:
    ledger = stamped(
        """
[type.stamp.transition.push]
from = "made"
to = "made"
title = {en = "Push", zh = "推"}
by = "anyone"
effects = [{do = "advance", kind = "stamp", transition = "use", record = "word"}]
"""
    )
    assert make(ledger, word=text) == "ok"
    assert use(ledger, "push") == "records.effect-failed"


@pytest.mark.parametrize("older", ["text", "boolean", "list of integer"])
def test_a_value_of_an_older_type_is_as_if_it_were_not_there(older: str) -> None:
    """Of a field whose type has changed between two versions, rules see nothing."""
    more = "count_max = 3\n" if older.startswith("list") else ""
    first = DUES.replace(
        '[type.payer.field.paid_until]\ntype = "date"', f'[type.payer.field.paid_until]\n{more}type = "{older}"'
    ).replace("months_between(paid_until, today) >= 6", "since_days >= 0")
    values: dict[str, Value] = {"text": "x", "boolean": True, "list of integer": [1]}
    ledger = dues(first)
    fields: dict[str, Value] = {"person": "late", "paid_until": values[older]}
    assert ledger.code("records.create", {"type": "payer", "unit": UNIT, "fields": fields}) == "ok"
    put_in_force(ledger, compiled(SECOND))
    begin(ledger)
    until_quiet(ledger, first_moment(2))
    done = fields_of(ledger, "check", "payer/arrears")["done"]
    assert isinstance(done, dict)
    assert (done["looked_at"], done["found"], done["failed"]) == (1, 0, 1)


def test_a_commitment_of_an_older_version_is_as_if_it_were_not_there() -> None:
    sealed = DUES.replace(
        '[type.payer.field.share]\ntype = "integer"\nclass = "ledger"',
        '[type.payer.field.share]\ntype = "integer"\nclass = "unit"',
    ).replace("100 // default(share, 100) >= 1 and ", "")
    ledger = dues(sealed)
    pays(ledger, "late", day_of(2026, 7, 1), share={"#": bytes(32)})
    put_in_force(ledger, compiled(SECOND))
    begin(ledger)
    until_quiet(ledger, first_moment(2))
    assert fields_of(ledger, "payer", f"{UNIT}/late")["actor"] == "check"


def test_a_subject_of_an_older_type_is_nobody() -> None:
    text = (
        DUES.replace('subject = "person"\n', "")
        .replace('[type.payer.field.person]\ntype = "person"', '[type.payer.field.person]\ntype = "text"')
        .replace('id = "person"', 'id = "number"')
        .replace(', person = "person"}', "}")
    )
    ledger = dues(text)
    pays(ledger, "two words", day_of(2026, 7, 1))
    put_in_force(
        ledger, compiled(SECOND.replace('id = "person"', 'id = "number"').replace(', person = "person"}', "}"))
    )
    begin(ledger)
    until_quiet(ledger, first_moment(2))
    assert fields_of(ledger, "payer", f"{UNIT}/000001")["actor"] == "check"


def test_a_check_gives_up_what_a_newer_version_has_overtaken() -> None:
    """The newer version asks nobody to approve any more: what waits must not come to wait under it."""
    ledger = dues()
    pays(ledger, "late", day_of(2026, 7, 1))
    record = f"{UNIT}/late"
    assert ledger.code("records.act", {"type": "payer", "id": record, "transition": "go"}, "ann") == "ok"
    review = 'review = {actors = ["administrator"], count = 1, distinct = true}\n'
    put_in_force(ledger, compiled(SECOND.replace(review, "")))
    begin(ledger)
    until_quiet(ledger, first_moment(2))
    assert ledger.code("records.approve", {"type": "payer", "id": record}) == "records.nothing-pending"


def test_days_beyond_any_clock_are_refused() -> None:
    ledger = stamped(
        f"""
[parameter.endless]
type = "integer"
title = {{en = "Endless", zh = "无尽"}}
least = 0
values = [{{from = "2020-01-01", value = {INTEGER_MAX}}}]

[type.stamp.transition.look]
from = "made"
to = "made"
title = {{en = "Look", zh = "看"}}
by = "anyone"
effects = [{{do = "open-case", title = {{en = "Look", zh = "看"}}, days = "endless"}}]

[type.stamp.transition.wait]
from = "made"
to = "made"
title = {{en = "Wait", zh = "等"}}
by = "anyone"
deadline = {{days = "endless", then = "lapse"}}

[type.stamp.transition.lapse]
from = "made"
to = "used"
title = {{en = "Lapse", zh = "失效"}}
automatic = true
"""
    )
    assert make(ledger, word="x") == "ok"
    assert use(ledger, "look") == "limits.timer-due"
    assert use(ledger, "wait") == "calendar.out-of-range"


def test_deadlines_that_are_set_again_and_again_do_not_hold_a_record_back() -> None:
    ledger = stamped(
        """
[type.stamp.transition.renew]
from = "made"
to = "made"
title = {en = "Renew", zh = "延长"}
by = "anyone"
deadline = {days = 30, then = "lapse"}

[type.stamp.transition.lapse]
from = "made"
to = "used"
title = {en = "Lapse", zh = "失效"}
automatic = true
"""
    )
    assert make(ledger, word="x") == "ok"
    codes = {use(ledger, "renew") for _ in range(80)}
    assert "ok" in codes
    assert use(ledger, "use") == "ok"


def slow(guards: int) -> str:
    """So many rules that take 6,000 steps each for a record of 40 numbers, and a check of them."""
    names = [f"slow-{number}" for number in range(guards)]
    listed = ", ".join(f'"{name}"' for name in names)
    loop = "count(x for x in numbers if count(y for y in numbers if y != x) > 0) >= 0"
    rules = "".join(
        f"""
[type.stamp.rule.{name}]
expression = "numbers is None or {loop}"
text = {{en = "Slow", zh = "慢"}}
"""
        for name in names
    )
    return f"""
[type.stamp.field.numbers]
type = "list of integer"
class = "ledger"
count_max = 256
title = {{en = "Numbers", zh = "数"}}

[type.stamp.transition.ask]
from = "made"
to = "made"
title = {{en = "Ask", zh = "问"}}
by = "anyone"
sets = ["numbers"]
guards = [{listed}]

[type.stamp.transition.look]
from = "made"
to = "made"
title = {{en = "Look", zh = "看"}}
automatic = true
guards = [{listed}]

[type.stamp.check.all]
title = {{en = "All", zh = "全部"}}
every = "monthly"
then = "look"
{rules}"""


def test_all_rules_of_a_transaction_together_take_a_bounded_number_of_steps() -> None:
    numbers: list[Value] = list(range(40))
    for guards, code in ((10, "ok"), (16, "limits.rule-steps")):
        ledger = stamped(slow(guards))
        assert make(ledger, word="x") == "ok"
        assert use(ledger, "ask", fields={"numbers": numbers}) == code


def test_a_sweep_over_records_whose_rules_are_slow_takes_more_runs() -> None:
    ledger = stamped(slow(4))
    numbers: list[Value] = list(range(40))
    for number in range(1, 11):
        assert make(ledger, word="x") == "ok"
        assert use(ledger, "ask", number, fields={"numbers": numbers}) == "ok"
    begin(ledger)
    blocks = until_quiet(ledger, first_moment(2))
    sweeps = [one for effects in blocks for one in effects if one.purpose == "records.sweep"]
    done = fields_of(ledger, "check", "stamp/all")["done"]
    assert isinstance(done, dict)
    assert (done["looked_at"], done["found"], done["failed"]) == (10, 10, 0)
    assert len(sweeps) - 1 >= 3, "four times 6,000 steps a record, 100,000 a run"


def test_what_has_waited_too_long_keeps_no_record_from_being_taken_along() -> None:
    ledger = stamped(
        """
[type.stamp.transition.seal]
from = "made"
to = "made"
title = {en = "Seal", zh = "封"}
by = "anyone"
review = {actors = ["administrator"], count = 1, distinct = true}

[type.stamp.transition.push]
from = "made"
to = "made"
title = {en = "Push", zh = "推"}
by = "anyone"
effects = [{do = "advance", kind = "stamp", transition = "use", record = "word"}]
"""
    )
    assert [make(ledger, word=word) for word in (f"{UNIT}/000002", "x")] == ["ok", "ok"]
    sealing: dict[str, Value] = {"type": "stamp", "id": f"{UNIT}/000002", "transition": "seal"}
    assert ledger.code("records.act", sealing, "ann") == "ok"
    assert use(ledger, "push") == "records.review-pending"
    ledger.at(ledger.time_ms + 36 * DAY_MS)
    assert use(ledger, "push") == "ok"
    assert fields_of(ledger, "stamp", f"{UNIT}/000002")["state"] == "used"
