"""The language of the command line: message catalogues, and which one is used.

Owns the choice of the language and the look-up of texts. Never formats for a terminal. English texts are the keys
of the catalogues, so a missing catalogue or entry shows English and never fails. Source: docs/adr/0009.
"""

import gettext
import os
from collections.abc import Mapping
from pathlib import Path

from ledger.errors import BanyanError

DOMAIN = "banyan"
# Apart from sentences, so that a unit that happens to be called like a phrase elsewhere keeps its name.
PHRASE_CONTEXT = "phrase"
LANGUAGES = ("en", "zh_CN")
LOCALE_FOLDER = Path(__file__).parent / "locale"

# As POSIX orders them; LANGUAGE (a GNU list) comes before all of them.
_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


class _Catalogue:
    """The catalogue in use; one per process, because a process talks to one person."""

    translations: gettext.NullTranslations = gettext.NullTranslations()
    language: str = "en"


def _(message: str) -> str:
    """`message` in the language in use."""
    # gettext answers the empty text with the catalogue's own header.
    return _Catalogue.translations.gettext(message) if message else ""


def N_(message: str) -> str:
    """`message` itself: marks a text for the catalogue that is looked up later."""
    return message


def P_(phrase: str) -> str:
    """`phrase` itself: marks a text that stands among the values of an error."""
    return phrase


def phrase(text: str) -> str:
    """A text from among the values of an error in the language in use; `text` itself where it is a name or id.

    What comes before a colon, as libraries put it before the system's words, stays.
    """
    if not text:
        return text
    look_up = _Catalogue.translations.pgettext
    found = look_up(PHRASE_CONTEXT, text)
    if found != text:
        return found
    before, colon, words = text.rpartition(": ")
    told = look_up(PHRASE_CONTEXT, words) if words else words
    return text if told == words else before + colon + told


def language() -> str:
    """The language in use: one of `LANGUAGES`."""
    return _Catalogue.language


def language_named(name: str) -> str | None:
    """The language that a locale name such as `zh_CN.UTF-8` asks for; None for one that there is no catalogue of.

    Every kind of Chinese gets the one Chinese catalogue there is.
    """
    code = name.replace("-", "_").partition(".")[0].partition("@")[0].partition("_")[0].lower()
    return {"zh": "zh_CN", "en": "en", "c": "en", "posix": "en"}.get(code)


def language_of_environment(environment: Mapping[str, str]) -> str:
    """The language that the environment asks for; English where it asks for none that is known."""
    for name in environment.get("LANGUAGE", "").split(":"):
        found = language_named(name) if name else None
        if found is not None:
            return found
    for variable in _VARIABLES:
        value = environment.get(variable, "")
        if value:
            return language_named(value) or "en"
    return "en"


def use_language(name: str | None) -> None:
    """Switch to the language `name` (one of `LANGUAGES`); None takes what the environment asks for."""
    chosen = name or language_of_environment(os.environ)
    _Catalogue.language = chosen
    _Catalogue.translations = (
        gettext.NullTranslations()
        if chosen == "en"
        else gettext.translation(DOMAIN, LOCALE_FOLDER, languages=[chosen], fallback=True)
    )


def translated(error: BanyanError) -> str:
    """The sentence of an error in the language in use, errors among its values included."""
    return translated_template(error.template, error.params)


def translated_into(name: str, error: BanyanError) -> str:
    """The sentence of an error in the language `name`, whichever is in use."""
    before = _Catalogue.language
    use_language(name)
    try:
        return translated(error)
    finally:
        use_language(before)


def translated_template(template: str, params: Mapping[str, object]) -> str:
    """`template` in the language in use, with `params` in it; the template alone if they do not fit."""
    shown = {name: _shown(value) for name, value in params.items()}
    for text in (_(template), template):
        try:
            return text.format(**shown)
        except (LookupError, ValueError, AttributeError, TypeError):
            # A node of another version may know other values; half a sentence beats a traceback.
            continue
    return template


def _shown(value: object) -> object:
    if isinstance(value, BanyanError):
        return translated(value)
    if isinstance(value, Exception):
        value = str(value)
    # Phrases among the values ("no control characters") are in the catalogue apart; names and ids are not.
    return phrase(value) if isinstance(value, str) else value
