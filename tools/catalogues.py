"""Collect every text for people into the message catalogues: `make catalogues`, or with `--check` only compare.

Owns which texts those are: what stands in `_("…")`, `N_("…")` and `P_("…")`, the template of every error and of every
refusal, and the phrases among the values of errors. It reads the code as Python does, so that a text that is not a
constant is found here and not by a reader of another language. Translations are kept; texts that are gone are dropped.
"""

import ast
import io
import string
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "cli" / "locale"
TEMPLATE = LOCALE / "banyan.pot"
PACKAGES = ("ledger", "consensus", "contracts", "storage", "p2p", "daemon", "simulator", "cli")
LANGUAGES = ("zh_CN",)
_HEADER = "# Texts of Banyan for people.\n"

# As in `cli.language`, which cannot be imported before the project is installed.
PHRASE_CONTEXT = "phrase"
_IDLE_HEADERS = (
    b'"Project-Id-Version',
    b'"Report-Msgid-Bugs-To',
    b'"POT-Creation-Date',
    b'"PO-Revision-Date',
    b'"Last-Translator',
    b'"Language-Team',
    b'"Generated-By',
)

# Where the text stands among the arguments; everything else that is an error has it first.
_MARKERS = {"_": 0, "N_": 0, "P_": 0}
_PHRASE_MARKERS = frozenset(("P_",))
_CODE_FIRST = frozenset(("Refusal", "Reason", "AuditFinding"))
_ROOT_ERROR = "BanyanError"


class Text(NamedTuple):
    """One text for people, and the file it stands in."""

    text: str
    path: str
    phrase: bool


class NotConstantError(Exception):
    """A text is put together where it should be a constant with fields."""


def main(arguments: list[str]) -> int:
    """Update the catalogues, or compare them; 1 if the comparison fails."""
    template = collected()
    if arguments == ["--check"]:
        findings = [finding for language in LANGUAGES for finding in check(template, read(language))]
        sys.stderr.writelines(f"{finding}\n" for finding in findings)
        return 1 if findings else 0
    LOCALE.mkdir(parents=True, exist_ok=True)
    _write(TEMPLATE, template)
    for language in LANGUAGES:
        catalogue = read(language)
        catalogue.update(template, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        _write(path_of(language), catalogue)
        with path_of(language).with_suffix(".mo").open("wb") as compiled:
            write_mo(compiled, catalogue)
        missing = sum(not message.string for message in catalogue if message.id)
        print(f"{language}: {len(catalogue)} texts, {missing} without a translation")
    return 0


def path_of(language: str) -> Path:
    """Where the translations into `language` are kept."""
    return LOCALE / language / "LC_MESSAGES" / "banyan.po"


def read(language: str) -> Catalog:
    """The catalogue of `language`; an empty one where there is none yet."""
    path = path_of(language)
    if not path.exists():
        return Catalog(locale=language, domain="banyan", header_comment=_HEADER, fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language, domain="banyan")


def collected() -> Catalog:
    """Every text in the code, as a catalogue without translations.

    Raises:
        NotConstantError: a text is not a constant.
    """
    template = Catalog(domain="banyan", project="banyan", header_comment=_HEADER, fuzzy=False)
    for text in texts(ROOT):
        context = PHRASE_CONTEXT if text.phrase else None
        template.add(text.text, locations=[(text.path, 1)], context=context)
    return template


def texts(root: Path) -> Iterator[Text]:
    """Every text for people in the packages under `root`.

    Raises:
        NotConstantError: a text is not a constant.
    """
    trees = {
        path.relative_to(root).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for package in PACKAGES
        for path in sorted((root / package).rglob("*.py"))
    }
    places = _MARKERS | {name: int(name in _CODE_FIRST) for name in _error_names(trees.values()) | _CODE_FIRST}
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and (name := _name(node.func)) in places:
                yield from _texts_of_call(path, node, places[name], is_error=name not in _MARKERS)


def _error_names(trees: Iterable[ast.Module]) -> set[str]:
    """The names of all classes that derive from the root of the errors."""
    bases: dict[str, set[str]] = {}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                bases.setdefault(node.name, set()).update(_name(base) for base in node.bases)
    found = {_ROOT_ERROR}
    while new := {name for name, parents in bases.items() if parents & found} - found:
        found |= new
    return found


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _texts_of_call(path: str, call: ast.Call, place: int, *, is_error: bool) -> Iterator[Text]:
    if any(isinstance(argument, ast.Starred) for argument in call.args):
        # `Refusal(*REASON, …)`: the text stands where the reason is declared.
        sentence = None
    elif len(call.args) <= place:
        return
    else:
        sentence = call.args[place]
    if isinstance(sentence, ast.Constant) and isinstance(sentence.value, str):
        yield Text(sentence.value, path, phrase=_name(call.func) in _PHRASE_MARKERS)
    elif sentence is not None and is_error:
        raise NotConstantError(f"{path}:{call.lineno}: the text is not a constant")
    if is_error:
        for keyword in call.keywords:
            value = keyword.value
            if isinstance(value, ast.Constant) and isinstance(value.value, str) and " " in value.value:
                yield Text(value.value, path, phrase=True)


def check(template: Catalog, catalogue: Catalog) -> list[str]:
    """What is wrong with a catalogue: texts without a translation, left-over ones, fields that differ."""
    wanted = {(message.context, message.id) for message in template if message.id}
    found = {(message.context, message.id): message for message in catalogue if message.id}
    findings = [f"not in the catalogue: {text!r}" for context, text in sorted(wanted - found.keys(), key=str)]
    findings += [
        f"in the catalogue and not in the code: {text!r}" for _, text in sorted(found.keys() - wanted, key=str)
    ]
    findings += [finding for key in sorted(wanted & found.keys(), key=str) for finding in _check_message(found[key])]
    return findings


def _check_message(message: Message) -> list[str]:
    if not message.string:
        return [f"without a translation: {message.id!r}"]
    if message.fuzzy:
        return [f"the translation is only a guess: {message.id!r}"]
    if sorted(fields_of(str(message.id))) != sorted(fields_of(str(message.string))):
        return [f"the translation has other fields: {message.id!r}"]
    return []


def fields_of(text: str) -> set[str]:
    """The names of the fields in a text; a text that is no format string has none."""
    try:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError:
        return set()


def _write(path: Path, catalogue: Catalog) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    written = io.BytesIO()
    write_po(written, catalogue, width=120, sort_by_file=True, include_lineno=False)
    # What changes with every run, or says nothing, would hide the changes that matter.
    lines = [line for line in written.getvalue().splitlines(keepends=True) if not line.startswith(_IDLE_HEADERS)]
    path.write_bytes(b"".join(lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
