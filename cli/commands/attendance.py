"""`banyan attendance open|codes|sign-in`: lists of who was there. Source: docs/reference/attendance.md."""

import os
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.language import N_, _
from cli.printer import Printer, time_text
from cli.session import Session

if TYPE_CHECKING:
    from cli.attendance_codes import AttendanceCodes
    from cli.client import Answer
    from ledger.encoding import Value

MINUTES_DEFAULT = 60
WINDOW_SECONDS_DEFAULT = 60
_UNIT_HELP = N_("The unit whose list it is.")
_KEY = Annotated[
    Path | None,
    typer.Option("--key", metavar="FILE", help=N_("Key to sign with. Default: $BANYAN_KEY, then admin.key in --home.")),
]


def attendance_open(
    session: Session,
    unit: Annotated[str, typer.Option("--unit", help=_UNIT_HELP)],
    title: Annotated[str, typer.Option("--title", help=N_("What people read above the code."))],
    role: Annotated[
        list[str], typer.Option("--role", help=N_("An office whose holders sign in, such as member; once for each."))
    ],
    secret: Annotated[
        Path, typer.Option("--secret", metavar="FILE", help=N_("Where the secret of the codes is kept; a new file."))
    ],
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="TIME", help=N_("When it begins, such as 2026-03-02T14:00+08:00. Default: now.")),
    ] = None,
    minutes: Annotated[
        int, typer.Option("--minutes", min=1, help=N_("For how long codes are shown."))
    ] = MINUTES_DEFAULT,
    window: Annotated[
        int, typer.Option("--window", min=15, max=3600, help=N_("After how many seconds the code changes."))
    ] = WINDOW_SECONDS_DEFAULT,
    about: Annotated[
        str | None, typer.Option("--about", metavar="RECORD", help=N_("What it is for, as kind and id of a record."))
    ] = None,
    key: _KEY = None,
) -> None:
    """Open an attendance list, and keep the secret of its codes."""
    from cli.attendance_codes import AttendanceCodes
    from cli.errors import UsageError
    from cli.genesis_file import read_home_genesis
    from cli.named_file import check_new
    from contracts.attendance.session import WINDOWS_MAX

    check_new(secret)
    windows = -(-minutes * 60 // window)
    if windows > WINDOWS_MAX:
        raise UsageError(
            "{minutes} minutes are {count} windows of {window} seconds, and a list has at most {limit}; let the code"
            " change less often",
            minutes=minutes,
            count=windows,
            window=window,
            limit=WINDOWS_MAX,
        )
    network_id = read_home_genesis(session.home).network_id
    codes = AttendanceCodes.drawn(network_id, unit, title, _starts_ms(at), window, windows)
    # Before it is handed in: a list whose secret is lost would be of no use.
    codes.write(secret)
    arguments: dict[str, Value] = {
        "hashes": list(codes.hashes()),
        "roles": list(role),
        "starts": codes.starts_ms,
        "title": title,
        "unit": unit,
        "window_seconds": window,
    }
    answer = _hand_in(session, "attendance.open", arguments if about is None else arguments | {"about": about}, key)
    number = _number(answer)
    document = {"unit": unit, "number": number, "starts_ms": codes.starts_ms, "windows": windows, "file": str(secret)}

    def render(printer: Printer) -> None:
        printer.good(_("The attendance list {number} of {unit} is open.").format(number=number, unit=unit))
        printer.fields([(_("Begins"), time_text(codes.starts_ms)), (_("Codes"), windows)])
        session.note(_("Next: `banyan attendance codes {path}` shows the code of the moment.").format(path=secret))

    session.show(document, render)


def attendance_codes(
    session: Session,
    secret: Annotated[Path, typer.Argument(metavar="FILE", help=N_("The file with the secret of the codes."))],
    every: Annotated[
        bool, typer.Option("--all", help=N_("All codes with their times, to be put on another device."))
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", help=N_("Show each code as its time comes, until the last one or Ctrl-C."))
    ] = False,
) -> int:
    """Show the code of the moment, or all of them."""
    from cli.attendance_codes import AttendanceCodes
    from cli.errors import EXIT_FAILED, UsageError

    codes = AttendanceCodes.read(secret)
    if follow:
        if every or session.json:
            raise UsageError("--follow shows one code after the other; leave out --all and --json")
        return _follow(codes)
    now_ms = time.time_ns() // 1_000_000
    current = codes.window_at(now_ms)
    shown = list(range(codes.windows)) if every else [] if current is None else [current]
    document = {
        "unit": codes.unit,
        "title": codes.title,
        "now_ms": now_ms,
        "codes": [
            {"window": one, "begin_ms": codes.begin_ms(one), "end_ms": codes.begin_ms(one + 1), "code": codes.code(one)}
            for one in shown
        ],
    }
    session.show(document, lambda printer: _render_codes(printer, codes, shown, every, now_ms))
    return 0 if shown else EXIT_FAILED


def _follow(codes: "AttendanceCodes") -> int:
    """Show every code from its beginning to its end; ends with the last window at the latest."""
    import sys

    from cli.attendance_codes import grouped

    printer = Printer(sys.stdout)
    printer.line(f"{codes.unit} · {codes.title}")
    while True:
        now_ms = time.time_ns() // 1_000_000
        window = codes.window_at(now_ms)
        if window is None and now_ms >= codes.starts_ms:
            return 0
        if window is not None:
            printer.line(f"{time_text(now_ms)}  {grouped(codes.code(window))}")
            # Another program may be what puts it on the screen.
            sys.stdout.flush()
        # A window is whole seconds long: what is left of it is never much less than a tick.
        until_ms = codes.starts_ms if window is None else codes.begin_ms(window + 1)
        time.sleep((until_ms - now_ms) / 1000)


def _render_codes(printer: Printer, codes: "AttendanceCodes", shown: list[int], every: bool, now_ms: int) -> None:
    from cli.attendance_codes import grouped

    printer.line(f"{codes.unit} · {codes.title}")
    if every:
        rows = ([time_text(codes.begin_ms(one)), grouped(codes.code(one))] for one in shown)
        printer.table([_("From"), _("Code")], rows)
    elif shown:
        printer.good(grouped(codes.code(shown[0])))
        left = -(-(codes.begin_ms(shown[0] + 1) - now_ms) // 1000)
        printer.line(_("It changes in {seconds} seconds.").format(seconds=left))
    elif now_ms < codes.starts_ms:
        printer.bad(_("Codes are shown from {time} on.").format(time=time_text(codes.starts_ms)))
    else:
        printer.bad(_("The last code was shown until {time}.").format(time=time_text(codes.begin_ms(codes.windows))))


def attendance_sign_in(
    session: Session,
    unit: Annotated[str, typer.Argument(metavar="UNIT", help=_UNIT_HELP)],
    number: Annotated[int, typer.Argument(metavar="NUMBER", min=1, help=N_("The number of the list."))],
    code: Annotated[str, typer.Argument(metavar="CODE", help=N_("The code that is shown now."))],
    key: _KEY = None,
) -> None:
    """Sign in with the code that is shown now."""
    from cli.attendance_codes import read_code

    arguments: dict[str, Value] = {"unit": unit, "number": number, "code": read_code(code)}
    answer = _hand_in(session, "attendance.sign-in", arguments, key)
    document = {"unit": unit, "number": number, "id": answer["id"], "height": answer["height"]}
    said = _("You are on the list {number} of {unit}.").format(number=number, unit=unit)
    session.show(document, lambda printer: printer.good(said))


def _starts_ms(at: str | None) -> int:
    from cli.errors import UsageError

    if at is None:
        return time.time_ns() // 1_000_000
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or moment.timestamp() < 0:
        raise UsageError("{text} is no time; write it with its zone, such as 2026-03-02T14:00+08:00", text=repr(at))
    return int(moment.timestamp()) * 1000


def _hand_in(session: Session, operation: str, arguments: "dict[str, Value]", key: Path | None) -> "Answer":
    from cli.handing_in import check_result, hand_in
    from cli.operation_arguments import declaration_of, prepare
    from ledger.detached import SALT_SIZE_BYTES

    declaration = declaration_of(operation)
    prepared = prepare(operation, arguments, {}, lambda _name: os.urandom(SALT_SIZE_BYTES), declaration)
    answer = hand_in(session, operation, prepared, key)
    check_result(answer)
    return answer


def _number(answer: "Answer") -> int:
    """The number of the list that a committed transaction opened."""
    events = answer["result"]["events"]
    return next(int(one["data"]["number"]) for one in events if one["name"] == "attendance.opened")
