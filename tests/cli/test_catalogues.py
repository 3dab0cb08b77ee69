"""The message catalogues: complete, in step with the code, and shown where the language asks for them."""

import string
import unicodedata
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from cli import language
from cli.language import (
    language_named,
    language_of_environment,
    translated,
    translated_template,
    use_language,
)
from contracts.argument_reasons import PATTERN
from contracts.builtin import builtin_registry
from contracts.errors import Refusal
from ledger.errors import BanyanError, InvalidProofError
from tests.cli.command import Command, process
from tools import catalogues

# A text that is the same in both languages.
UNTRANSLATED = {"{reason}"}


@pytest.fixture(scope="module")
def template() -> Catalog:
    return catalogues.collected()


@pytest.fixture(autouse=True)
def english_again() -> None:
    use_language("en")


@pytest.mark.parametrize("name", catalogues.LANGUAGES)
def test_every_text_has_its_translation_and_no_translation_is_left_over(template: Catalog, name: str) -> None:
    assert catalogues.check(template, catalogues.read(name)) == []


def test_the_template_is_the_one_that_make_catalogues_writes(template: Catalog) -> None:
    with catalogues.TEMPLATE.open("rb") as file:
        kept = read_po(file)
    assert {(message.context, message.id) for message in kept} == {
        (message.context, message.id) for message in template
    }


def test_translations_are_chinese() -> None:
    for message in catalogues.read("zh_CN"):
        if not message.id or message.id in UNTRANSLATED:
            continue
        text = str(message.string)
        plain = "".join(part for part, *_field in string.Formatter().parse(text)) if "{…}" not in text else text
        letters = [letter for letter in plain if letter.isalpha()]
        wide = [letter for letter in letters if unicodedata.east_asian_width(letter) == "W"]
        assert wide or not letters or set(plain) <= set(string.ascii_letters + string.punctuation), message.id


def test_the_checks_find_what_is_wrong(template: Catalog) -> None:
    before = catalogues.check(template, catalogues.read("zh_CN"))
    damaged = catalogues.read("zh_CN")
    ids = [message.id for message in damaged if message.id and "{" in str(message.id) and not message.context]
    damaged[ids[0]].string = ""
    damaged[ids[1]].string = "没有字段"
    damaged[ids[2]].flags.add("fuzzy")
    damaged.add("a text that is nowhere in the code", "没有")
    damaged.delete(ids[3])
    assert len(catalogues.check(template, damaged)) == len(before) + 5


def test_a_text_that_is_put_together_is_found(tmp_path: Path) -> None:
    for package in catalogues.PACKAGES:
        (tmp_path / package).mkdir()
    source = tmp_path / "ledger" / "errors.py"
    source.write_text("class BanyanError(Exception): ...\nclass OwnError(BanyanError): ...\n")
    assert list(catalogues.texts(tmp_path)) == []
    source.write_text(
        source.read_text() + 'OwnError("good {x}", x=1, what="a phrase")\nreason.Refusal("code", "why")\n'
    )
    found = [(text.text, text.phrase) for text in catalogues.texts(tmp_path)]
    assert found == [("good {x}", False), ("a phrase", True), ("why", False)]
    source.write_text(source.read_text() + 'OwnError(f"bad {x}")\n')
    with pytest.raises(catalogues.NotConstantError):
        list(catalogues.texts(tmp_path))


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "en"),
        ({"LANG": "C"}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh_CN"),
        ({"LANG": "zh_TW.UTF-8"}, "zh_CN"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "zh_CN.UTF-8"}, "zh_CN"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "de:zh_CN:en"}, "zh_CN"),
        ({"LANG": "zh_CN.GB18030"}, "zh_CN"),
    ],
)
def test_the_language_comes_from_the_environment(environment: dict[str, str], expected: str) -> None:
    assert language_of_environment(environment) == expected


def test_locale_names_are_read_loosely() -> None:
    assert language_named("zh-Hans") == "zh_CN"
    assert language_named("EN") == "en"
    assert language_named("") is None
    assert language_named("tlh") is None


def test_errors_are_told_in_chinese_with_their_values_and_inner_errors() -> None:
    inner = InvalidProofError("{number} is not a whole number", number="1.5")
    outer = BanyanError("the document cannot be used: {reason}", reason=inner)
    use_language("zh_CN")
    assert translated(outer) == "该文档不能使用\uff1a1.5 不是整数"
    phrase = Refusal(*PATTERN, argument="title", pattern="no control characters")
    assert translated(phrase) == "参数 title 不符合所需的形式\uff1a不含控制字符"


def test_every_reason_of_a_refusal_is_told_in_chinese() -> None:
    use_language("zh_CN")
    for reason in builtin_registry().reasons():
        assert language._(reason.template) != reason.template


def test_values_that_do_not_fit_leave_the_template() -> None:
    assert translated_template("{missing} is not there", {"other": 1}) == "{missing} is not there"
    assert translated_template("{0}", {}) == "{0}"
    assert translated_template("{name.attribute}", {"name": 1}) == "{name.attribute}"
    assert translated_template("{", {}) == "{"


def test_without_a_catalogue_it_is_english(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(language, "LOCALE_FOLDER", tmp_path)
    use_language("zh_CN")
    assert language._("Options") == "Options"


def test_the_tool_and_the_program_mean_the_same_phrases() -> None:
    assert catalogues.PHRASE_CONTEXT == language.PHRASE_CONTEXT
    assert set(catalogues.LANGUAGES) == set(language.LANGUAGES) - {"en"}


def test_help_and_errors_follow_the_system_s_language() -> None:
    answer = process("submit", "--help", LANG="zh_CN.UTF-8")
    assert answer.status == 0
    for text in ("用法", "选项", "显示本说明后退出", "[必填]", "提交一项事务"):
        assert text in answer.out
    wrong = process("submitt", LC_ALL="zh_CN.UTF-8")
    assert wrong.status == 2
    assert wrong.err == "错误\uff1a没有命令 `submitt`\uff1b您是否想用 `banyan submit`\uff1f\n"


def test_lang_wins_over_the_system(banyan: Command) -> None:
    assert "显示版本后退出" in banyan("--lang", "zh_CN", "--help").out
    assert "Show the version" in banyan("--lang", "en", "--help").out
    assert "您是否想用" in banyan("--lang=zh_CN", "keygn").err


def test_wide_characters_keep_panels_straight(banyan: Command) -> None:
    lines = [line for line in banyan("--lang", "zh_CN", "--help").out.splitlines() if line.startswith("│")]
    widths = {sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in line) for line in lines}
    assert len(widths) == 1
