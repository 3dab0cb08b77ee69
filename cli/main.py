"""The entry point of `banyan`: chooses the language, runs the command, and turns every failure into one sentence.

Owns the last line of defence: whatever can be foreseen ends in a sentence on stderr and an exit status, never in a
traceback. With `--json` the sentence is a JSON document. Source: docs/reference/commands.md.
"""

import json
import os
import sys
from collections.abc import Sequence
from itertools import pairwise

from cli import language
from cli.errors import (
    EXIT_BROKEN_PIPE,
    EXIT_FAILED,
    EXIT_HALTED,
    EXIT_INTERRUPTED,
    HALTING_CODES,
    CommandError,
)
from cli.language import _, phrase, translated
from ledger.errors import BanyanError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status (0, or as docs/reference/commands.md lists them).

    Args:
        arguments: Without the program's name; None takes the process's own.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in _own_words(words)
    try:
        _prepare_streams()
        language.use_language(_language_option(words))
        status = _run(words)
        sys.stdout.flush()
    except KeyboardInterrupt:
        status = _fail(_("Interrupted."), "interrupted", EXIT_INTERRUPTED, {}, as_json)
    except (BrokenPipeError, SystemExit):
        # Typer and rich end the process themselves when, and only when, nobody reads what they print.
        status = _give_up_output()
    except BanyanError as error:
        exit_status = error.exit_status if isinstance(error, CommandError) else _exit_status_of(error)
        status = _fail(translated(error), error.code, exit_status, error.params, as_json)
    except OSError as error:
        status = _fail(_system_sentence(error), "system", EXIT_FAILED, {}, as_json)
    return status


def _run(words: list[str]) -> int:
    from typer import Abort, TyperException

    from cli.application import build_application
    from cli.usage import usage_error

    application = build_application()
    try:
        result = application.main(args=words, prog_name="banyan", standalone_mode=False)
    except TyperException as error:
        # `banyan` alone: Typer's "error" is the help page, which it has printed.
        if type(error).__name__ == "NoArgsIsHelpError":
            sys.stderr.write(error.message.rstrip() + "\n")
            return error.exit_code
        raise usage_error(error) from error
    except Abort:
        raise KeyboardInterrupt from None
    if result == EXIT_INTERRUPTED:
        # Typer swallows Ctrl-C and returns this number, which no command returns by itself.
        raise KeyboardInterrupt
    return result if isinstance(result, int) else 0


def _exit_status_of(error: BanyanError) -> int:
    return EXIT_HALTED if error.code in HALTING_CODES else EXIT_FAILED


def _own_words(words: list[str]) -> list[str]:
    """The words before `--`: what follows is never an option."""
    return words[: words.index("--")] if "--" in words else words


def _language_option(words: list[str]) -> str | None:
    """The known language that `--lang` names; a wrong one is refused later, when the command line is parsed."""
    own = _own_words(words)
    named = [word.removeprefix("--lang=") for word in own if word.startswith("--lang=")]
    named += [after for word, after in pairwise(own) if word == "--lang"]
    return named[-1] if named and named[-1] in language.LANGUAGES else None


def _prepare_streams() -> None:
    # A terminal that cannot show a character gets an escape for it, not an error.
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _fail(sentence: str, code: str, exit_status: int, params: dict[str, object], as_json: bool) -> int:
    # Reasons of other programs may have several lines.
    sentence = " ".join(line.strip() for line in sentence.splitlines())
    try:
        sys.stdout.flush()
        if as_json:
            shown = {name: value if isinstance(value, int | bool) else str(value) for name, value in params.items()}
            document = {"error": {"code": code, "message": sentence, "params": shown, "exit_status": exit_status}}
            sys.stderr.write(json.dumps(document, ensure_ascii=False) + "\n")
        else:
            from cli.printer import printable

            sys.stderr.write(_("Error: {sentence}").format(sentence=printable(sentence)) + "\n")
        sys.stderr.flush()
    except BrokenPipeError:
        _give_up_output()
    return exit_status


def _system_sentence(error: OSError) -> str:
    reason = phrase(error.strerror or str(error))
    if error.filename is None:
        return _("the system refuses: {reason}").format(reason=reason)
    return _("{path} cannot be used: {reason}; check the path and its permissions").format(
        path=error.filename, reason=reason
    )


def _give_up_output() -> int:
    """Whoever read our output went away: say nothing more, to nobody."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            os.dup2(nowhere, stream.fileno())
        except (OSError, ValueError):
            # Not a file of the system (a test's buffer): there is nothing to redirect.
            continue
    return EXIT_BROKEN_PIPE
