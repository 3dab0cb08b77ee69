"""Typer's commands with help in the language in use.

Owns the few texts that Typer has built in. Typer reads them from module variables when it prints a help page, so
they are set right before that.
"""

from typing import Any

from typer.core import TyperCommand, TyperGroup

from cli.language import N_, _

# Typer's variable in `rich_utils`, and its text.
_TEXTS = {
    "DEFAULT_STRING": N_("[default: {}]"),
    "ENVVAR_STRING": N_("[env var: {}]"),
    "REQUIRED_LONG_STRING": N_("[required]"),
    "ARGUMENTS_PANEL_TITLE": N_("Arguments"),
    "OPTIONS_PANEL_TITLE": N_("Options"),
    "COMMANDS_PANEL_TITLE": N_("Commands"),
}
_HELP_OPTION = N_("Show this message and exit.")
_USAGE_PREFIX = "Usage: "


def _translate_texts() -> None:
    from typer import rich_utils

    for name, text in _TEXTS.items():
        setattr(rich_utils, name, _(text))


def _usage(text: str) -> str:
    return _("Usage: {text}").format(text=text.removeprefix(_USAGE_PREFIX))


class BanyanCommand(TyperCommand):
    """One command."""

    def get_help_option(self, ctx: Any) -> Any:
        """Typer's `--help`, with its help in the language in use."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = _(_HELP_OPTION)
            option.metavar = ""
        return option

    def get_usage(self, ctx: Any) -> str:
        """The usage line."""
        return _usage(super().get_usage(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help page."""
        _translate_texts()
        super().format_help(ctx, formatter)


class BanyanGroup(TyperGroup):
    """A command that is followed by another one."""

    def get_help_option(self, ctx: Any) -> Any:
        """Typer's `--help`, with its help in the language in use."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = _(_HELP_OPTION)
            option.metavar = ""
        return option

    def get_usage(self, ctx: Any) -> str:
        """The usage line."""
        return _usage(super().get_usage(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help page."""
        _translate_texts()
        super().format_help(ctx, formatter)
