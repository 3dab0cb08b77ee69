"""A table of a plan, asked for what it must and may hold.

Owns the sentences for what is missing, unknown or of the wrong kind, each with the place in the plan. Never knows
what a setting means.
"""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cli.errors import UsageError
from cli.language import P_
from ledger.errors import BanyanError

_KINDS = {str: P_("a text"), int: P_("a whole number"), bool: P_("true or false")}


class PlanTable:
    """One table; `finish` refuses whatever nobody asked for."""

    def __init__(self, place: BanyanError, content: object) -> None:
        """`place` names the table in messages, such as `step 2, arguments`: a phrase that can be translated.

        Raises:
            UsageError: `content` is no table.
        """
        self.place = place
        if not isinstance(content, dict):
            raise UsageError("{place}: a table is needed here, not {value}", place=place, value=shown(content))
        self._content: dict[str, Any] = content
        self._asked: dict[str, None] = {}

    def __contains__(self, name: str) -> bool:
        self._asked[name] = None
        return name in self._content

    def value(self, name: str) -> Any:
        """Whatever stands under `name`; None if nothing does."""
        self._asked[name] = None
        return self._content.get(name)

    def text(self, name: str, default: str | None = None) -> str:
        """The text under `name`, not empty; `default` None makes it compulsory."""
        found = self._typed(name, str)
        if found is None:
            if default is None:
                raise UsageError("{place} lacks `{name}`; add it", place=self.place, name=name)
            return default
        if not found:
            raise UsageError("{place}: `{name}` is empty; give it a value", place=self.place, name=name)
        return str(found)

    def optional_text(self, name: str) -> str | None:
        """The text under `name`, if there is one."""
        return self.text(name) if name in self else None

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        """The whole number under `name`, within bounds."""
        found = self._typed(name, int)
        if found is None:
            return default
        if not least <= found <= most:
            raise UsageError(
                "{place}: `{name}` is {value}; it can be {least} to {most}",
                place=self.place,
                name=name,
                value=found,
                least=least,
                most=most,
            )
        return int(found)

    def truth(self, name: str, default: bool) -> bool:
        """The truth value under `name`."""
        found = self._typed(name, bool)
        return default if found is None else bool(found)

    def choice(self, name: str, choices: Sequence[str], default: str | None = None) -> str | None:
        """The text under `name`, which must be one of `choices`."""
        found = self._typed(name, str)
        if found is None:
            return default
        if found not in choices:
            raise UsageError(
                "{place}: `{name}` is {value}; it can be {choices}",
                place=self.place,
                name=name,
                value=repr(found),
                choices=", ".join(choices),
            )
        return str(found)

    def texts(self, name: str) -> tuple[str, ...]:
        """The list of texts under `name`; a text alone stands for a list of one."""
        found = self.value(name)
        items = [found] if isinstance(found, str) else found if found is not None else []
        if not isinstance(items, list) or not all(isinstance(item, str) and item for item in items):
            raise UsageError("{place}: `{name}` takes a list of texts", place=self.place, name=name)
        return tuple(items)

    def table(self, name: str) -> "PlanTable":
        """The table under `name`; an empty one if there is none."""
        found = self.value(name)
        return PlanTable(within(self.place, name), {} if found is None else found)

    def zone(self) -> ZoneInfo | None:
        """The time zone that is named under `zone`, if one is."""
        name = self.optional_text("zone")
        if name is None:
            return None
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise UsageError(
                "{place}: there is no time zone {value}; write one such as Asia/Shanghai",
                place=self.place,
                value=repr(name),
            ) from error

    def items(self) -> Mapping[str, Any]:
        """Everything in it."""
        self._asked |= dict.fromkeys(self._content)
        return self._content

    def finish(self) -> None:
        """Refuse settings that nobody asked for.

        Raises:
            UsageError: names the first one, and the nearest known name.
        """
        for name in self._content:
            if name not in self._asked:
                known = list(self._asked)
                near = difflib.get_close_matches(name, known, n=1)
                if near:
                    raise UsageError(
                        "{place} has the unknown setting `{name}`; did you mean `{near}`?",
                        place=self.place,
                        name=name,
                        near=near[0],
                    )
                raise UsageError(
                    "{place} has the unknown setting `{name}`; known are {known}",
                    place=self.place,
                    name=name,
                    known=", ".join(sorted(known)),
                )

    def _typed(self, name: str, kind: type) -> Any:
        found = self.value(name)
        # A truth value is a number for Python, and none for people.
        if found is not None and (not isinstance(found, kind) or (kind is int and isinstance(found, bool))):
            raise UsageError(
                "{place}: `{name}` has to be {kind}, not {value}",
                place=self.place,
                name=name,
                kind=_KINDS[kind],
                value=shown(found),
            )
        return found


def within(place: BanyanError, name: str) -> BanyanError:
    """The place of what stands under `name` at a place."""
    return BanyanError("{place}, {name}", place=place, name=name)


def shown(value: object) -> str:
    """A value of a plan in a message, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"
