"""How a command is declared, and how a declaration becomes a command of Typer's.

Owns the options that every command takes (`--json`, `--home`, `--lang`) and the translation of help texts. A command is
a function of a `Session` and its own options; it answers through the session and returns its exit status, None for 0.
"""

import copy
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from cli.help import BanyanCommand, BanyanGroup
from cli.language import LANGUAGES, N_, _
from cli.session import Session, default_home

_JSON_HELP = N_("Answer with one JSON document on standard output.")
_HOME_HELP = N_("The node's folder. Default: $BANYAN_HOME, then ./banyan-home.")
_LANG_HELP = N_("Language of messages: en or zh_CN. Default: as the system says.")
_COMMON_PANEL = N_("Options of every command")


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its words (`network new`), its function, one sentence of help, the panel of the overview it is in."""

    name: str
    function: Callable[..., int | None]
    help: str
    panel: str


@dataclass(slots=True)
class _Before:
    """What stood before the command: `banyan --json status`."""

    home: Path | None = None
    json: bool = False


def _common_parameters() -> list[inspect.Parameter]:
    panel = _(_COMMON_PANEL)
    options: list[tuple[str, Any, Any, Any]] = [
        ("as_json", bool, typer.Option("--json", metavar="", help=_(_JSON_HELP), rich_help_panel=panel), False),
        ("home", Path | None, typer.Option("--home", metavar="DIR", help=_(_HOME_HELP), rich_help_panel=panel), None),
        ("lang", str | None, typer.Option("--lang", metavar="LANG", help=_(_LANG_HELP), rich_help_panel=panel), None),
    ]
    return [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option])
        for name, kind, option, default in options
    ]


def _check_language(lang: str | None) -> None:
    # The language itself is chosen before Typer runs (cli.main), because help is printed while it parses.
    if lang is not None and lang not in LANGUAGES:
        raise typer.BadParameter(_("take one of {choices}").format(choices=", ".join(LANGUAGES)), param_hint="--lang")


def _translated(parameter: inspect.Parameter) -> inspect.Parameter:
    kind, option = get_args(parameter.annotation)
    option = copy.copy(option)
    option.help = _(option.help or "")
    if kind is bool:
        # Typer would show a type behind a switch that takes no value.
        option.metavar = ""
    return parameter.replace(annotation=Annotated[kind, option], kind=inspect.Parameter.KEYWORD_ONLY)


def _callback(command: Command, before: _Before) -> Callable[..., int | None]:
    """`command.function` with the options of every command added to its own."""
    own = list(inspect.signature(command.function, eval_str=True).parameters.values())[1:]

    def run(*, as_json: bool, home: Path | None, lang: str | None, **options: Any) -> int | None:
        _check_language(lang)
        session = Session(home=home or before.home or default_home(), json=as_json or before.json)
        return command.function(session, **options)

    parameters = [_translated(parameter) for parameter in own] + _common_parameters()
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _root_callback(before: _Before, version: str) -> Callable[..., None]:
    def show_version(wanted: bool) -> None:
        if wanted:
            typer.echo(f"banyan {version}")
            raise typer.Exit

    def remember(*, as_json: bool, home: Path | None, lang: str | None, version: bool) -> None:
        _check_language(lang)
        before.home, before.json = home, as_json

    version_option = typer.Option(
        "--version", metavar="", callback=show_version, is_eager=True, help=_("Show the version and exit.")
    )
    parameters = [
        *_common_parameters(),
        inspect.Parameter(
            "version", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Annotated[bool, version_option]
        ),
    ]
    remember.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    remember.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return remember


def build(commands: Sequence[Command], groups: dict[str, str], summary: str, version: str) -> Any:
    """The command line made of `commands`, ready to be called with arguments; texts in the language in use.

    Args:
        commands: In the order of the overview.
        groups: Help for the first words of commands of two words.
        summary: What the whole is.
        version: For `--version`.
    """
    before = _Before()
    settings: dict[str, Any] = {"add_completion": False, "no_args_is_help": True, "rich_markup_mode": "rich"}
    root = typer.Typer(cls=BanyanGroup, help=_(summary), callback=_root_callback(before, version), **settings)
    folders: dict[str, typer.Typer] = {}
    for command in commands:
        first, _space, second = command.name.partition(" ")
        target = root
        if second:
            if first not in folders:
                folders[first] = typer.Typer(cls=BanyanGroup, help=_(groups[first]), **settings)
                root.add_typer(folders[first], name=first, rich_help_panel=_(command.panel))
            target = folders[first]
        target.command(second or first, cls=BanyanCommand, help=_(command.help), rich_help_panel=_(command.panel))(
            _callback(command, before)
        )
    application = typer.main.get_command(root)
    # Typer puts groups last; the overview has the order of the declarations.
    order = dict.fromkeys(command.name.partition(" ")[0] for command in commands)
    application.commands = {name: application.commands[name] for name in order}  # type: ignore[attr-defined]
    return application
