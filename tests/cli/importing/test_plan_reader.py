"""Plans: what is missing, unknown or of the wrong kind is told with its place and what to write instead."""

from pathlib import Path

import pytest

from cli.errors import UsageError
from cli.importing.plan import Constant, FromCell, ListForm, MapForm, ProvenanceForm
from cli.importing.plan_reader import read_plan
from cli.language import translated, use_language
from tests.cli.importing.tables import UNITS, write_plan

START = 'name = "p"\n[[source]]\nfile = "a.csv"\n'
STEP = '[[step]]\nname = "s"\noperation = "units.create"\nkey = ["id"]\n'


def test_a_plan_says_what_its_files_are_and_become(tmp_path: Path) -> None:
    plan = read_plan(
        write_plan(
            tmp_path,
            """
name = "dues-2024"
secret = "../branch.secret"
zone = "Asia/Shanghai"
[[source]]
file = "dues.xlsx"
sheet = "三月"
header = 2
revision = {column = "版本"}
[[source]]
name = "old"
file = "old.csv"
encoding = "GB18030"
delimiter = ";"
revision = "export of 2024-03-05"
[[step]]
name = "dues"
source = "dues"
operation = {column = "事由", map = {"缴费 " = "dues.pay", "退费" = "dues.refund"}}
where = [{column = "状态", is = "已审"}, {column = "备注", not = ["作废", "重复"]}]
key = "凭证号"
record = {kind = "dues", id = "{unit}/{number}", expect = "next"}
needs = ["unit/{unit}"]
[step.arguments]
unit = "branch-1"
number = {template = "{年}-{凭证号}", as = "identifier"}
fields.amount = {column = "金额", as = "money", unit = "jiao"}
fields.paid = {column = "日期", as = "time", zone = "Europe/Berlin"}
fields.tags = ["dues", {column = "标签", optional = true}]
fields.source = {provenance = true}
fields.kind = {column = "类别", map = {"正式" = "full", "预备" = "probationary"}}
""",
        )
    )
    assert plan.secret_path == tmp_path / "../branch.secret"
    dues, old = plan.sources["dues"], plan.sources["old"]
    assert (dues.is_workbook, dues.sheet, dues.header_row, dues.revision_column) == (True, "三月", 2, "版本")
    assert (old.encoding, old.delimiter, old.revision) == ("gb18030", ";", "export of 2024-03-05")
    (step,) = plan.steps
    assert step.operation.names == ("dues.pay", "dues.refund")
    assert step.operation.by_text["缴费"] == "dues.pay"
    assert step.key == ("凭证号",)
    assert [(one.column, one.negated) for one in step.conditions] == [("状态", False), ("备注", True)]
    assert step.arguments["unit"] == Constant("branch-1")
    fields = step.arguments["fields"]
    assert isinstance(fields, MapForm)
    amount, paid, tags = fields.entries["amount"], fields.entries["paid"], fields.entries["tags"]
    assert isinstance(amount, FromCell) and amount.conversion.fen_per_unit == 10
    assert isinstance(paid, FromCell) and paid.conversion.zone is not None
    assert paid.conversion.zone.key == "Europe/Berlin"
    assert isinstance(tags, ListForm) and tags.items[0] == Constant("dues")
    assert isinstance(fields.entries["source"], ProvenanceForm)


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        ("name = \n", "line 1, column 8: Invalid value"),
        ("\n\nx = [1,\n", "at its end"),
        (UNITS.replace("operation =", "opperation ="), "step 1 lacks `operation`"),
        (UNITS.replace("parent =", "parents ="), ""),
        (UNITS.replace("[[source]]", "[[sources]]"), "the plan has no [[source]]"),
        (UNITS + "\n[other]", "the plan has the unknown setting `other`; known are"),
        (
            UNITS.replace("optional", "optionel"),
            "step 1, arguments, parent has the unknown setting `optionel`; did you mean `optional`?",
        ),
        (UNITS.replace('key = ["id"]', ""), "step 1 lacks `key`"),
        (UNITS.replace('key = ["id"]', "key = [1]"), "step 1: `key` takes a list of texts"),
        (UNITS.replace('"units.csv"', '"units.ods"'), "source 1: units.ods is of no kind that can be read"),
        (
            UNITS.replace('"units.csv"', '"units.csv"\nencoding = "utf-7"'),
            "`encoding` is 'utf-7'; it can be utf-8, gb18030",
        ),
        (UNITS.replace('"units.csv"', '"units.csv"\nheader = 0'), "`header` is 0; it can be 1 to 1000"),
        (UNITS.replace('"units.csv"', '"units.csv"\nheader = true'), "`header` has to be a whole number, not True"),
        (UNITS.replace('"units.csv"', '"units.csv"\ndelimiter = "||"'), "`delimiter` is one character"),
        (UNITS.replace('name = "test"', 'name = "a test"'), "'a test' cannot be a name"),
        (UNITS.replace('name = "test"', ""), "the plan lacks `name`"),
        (UNITS.replace('"new"', '"old"'), "step 1, record: `expect` is 'old'; it can be any, new, next"),
        (UNITS.replace("{unit}", "{units}"), "names the argument units, which the step does not set"),
        (UNITS.replace("{unit}", "{unit"), "is no template"),
        (UNITS.replace("{unit}", "{unit!r}"), "is no template"),
        (START + STEP + 'needs = ["unit"]', "`needs` takes records such as unit/{parent}"),
        (START + STEP + "where = {column = 'x'}", "takes one of `is` and `not`"),
        (START + STEP + "where = {column = 'x', is = 'a', occurrence = 'first'}", "takes one of `is` and `not`"),
        (START + STEP + "where = {column = 'x', occurrence = 'last'}", "it can be first, later"),
        (START + STEP + "[step.arguments]\nx = {column = 'a', as = 'integer', prefix = 'u/'}", "`prefix` goes before"),
        (START + STEP + "[step.arguments]\nx = {column = 'a', as = 'recurrence'}", "lacks `since`"),
        (
            START + STEP + "[step.arguments]\nx = {column = 'a', as = 'recurrence', since = 'May'}",
            "write a date such as",
        ),
        (UNITS.replace("{unit}", "{unit.name}"), "names the argument unit.name, which the step does not set"),
        (START + STEP + 'operation2 = "x"', "did you mean `operation`?"),
        (START + STEP + "[step.arguments]\nx = {column = 'a', template = 'b'}", "has several of column, template"),
        (START + STEP + "[step.arguments]\nx = {column = 'a', as = 'mony'}", "`as` is 'mony'; it can be text"),
        (
            START + STEP + "[step.arguments]\nx = {column = 'a', zone = 'Mars/Base'}",
            "there is no time zone 'Mars/Base'",
        ),
        (START + STEP + "[step.arguments]\nx = {column = 'a', zone = '../etc'}", "there is no time zone"),
        (START + STEP + "[step.arguments]\nx = 1.5", "the ledger knows whole numbers only"),
        (START + STEP + "[step.arguments]\nx = 2024-03-05", "write 2024-03-05 in quotes"),
        (START + STEP + "[step.arguments]\nx = {provenance = false}", "`provenance` is true, or is not there"),
        (START + STEP + "[step.arguments]\nx = {column = 'a', map = {}}", "`map` leads from texts"),
        (START + STEP + "[step.arguments]\nx = {column = 'a', replace = {a = 1}}", "`replace` leads from texts"),
        (START + STEP + "[step.arguments]\nx = " + "[" * 40 + "]" * 40, "is nested too deeply"),
        (START + STEP + "[step.arguments]\nx.a.b = {column = 'a', detached = true}", "can be detached"),
        (START + STEP + "[step.arguments]\nx = [{column = 'a', detached = true}]", "can be detached"),
        (START + STEP + STEP, "two steps have the name 's'"),
        (START + START.partition("\n")[2] + STEP, "two sources have the name 'a'"),
        (START + '[[source]]\nfile = "b.csv"\n' + STEP, "step 1 lacks `source`"),
        (
            START + STEP.replace('"units.create"', '{column = "x", map = {a = 1}}'),
            "`map` leads from texts in the column to",
        ),
        (START.replace("[[source]]", "[[step]]\n[[source]]"), "step 1 lacks `name`"),
        (START + "step = 1", "a plan"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, plan: str, sentence: str) -> None:
    path = write_plan(tmp_path, plan)
    if not sentence:
        assert read_plan(path).steps
        return
    with pytest.raises(UsageError) as caught:
        read_plan(path)
    if sentence != "a plan":
        assert sentence in str(caught.value)
    assert str(path) in str(caught.value)
    use_language("zh_CN")
    try:
        assert any("\u4e00" <= letter <= "\u9fff" for letter in translated(caught.value))
    finally:
        use_language("en")


def test_a_plan_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_plan(tmp_path / "plan.toml")
