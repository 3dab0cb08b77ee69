"""`banyan peers`: who is connected and how well, and who was turned away."""

from typing import Any

from cli.language import N_, _
from cli.printer import Printer, time_text
from cli.session import Session

_REACHES = {
    "reached": N_("reaches it at its address"),
    "not-reached": N_("does not reach it at its address"),
    "unknown": N_("has not tried its address"),
}
_STANDINGS = {"ok": N_("good"), "disconnect": N_("avoided"), "ban": N_("banned")}


def peers(session: Session) -> None:
    """Show the neighbours of the node, what went wrong with others, and who was turned away."""
    from cli.client import NodeClient

    with NodeClient(session.home) as client:
        document = client.get("/v1/peers")
    session.show(document, lambda printer: _render(session, printer, document))


def _render(session: Session, printer: Printer, document: dict[str, Any]) -> None:
    if not document["peers"] and not document["strangers"]:
        session.note(_("No other node has been in contact."))
        return
    if document["peers"]:
        printer.table(
            [
                _("Name"),
                _("Connected"),
                _("Height"),
                _("Behind"),
                _("Standing"),
                _("Address"),
                _("Sent"),
                _("Received"),
            ],
            (_row(one) for one in document["peers"]),
        )
    for one in document["peers"]:
        _render_troubles(printer, one, document["clock_ms"])
    if document["strangers"]:
        printer.line()
        printer.table(
            [_("Turned away"), _("When"), _("Why")],
            ([one["address"], time_text(one["at_ms"]), _reason(one)] for one in document["strangers"]),
        )


def _row(one: dict[str, Any]) -> list[object]:
    from cli.size_text import size_text

    connected = _("neighbour") if one["connected"] and one["neighbour"] else _("yes") if one["connected"] else _("no")
    return [
        one["name"] or one["id"],
        connected,
        _or_unknown(one["height"]),
        _or_unknown(one["lag_blocks"]),
        f"{_(_STANDINGS.get(one['standing'], one['standing']))} ({one['score']})",
        one["address"] or "",
        size_text(one["sent_size_bytes"]),
        size_text(one["received_size_bytes"]),
    ]


def _sight(one: dict[str, Any]) -> str | None:
    """What a connected peer said of itself and of this node, and who of the two dialled."""
    sight = one.get("sight")
    if not one["connected"] or sight is None:
        return None
    return _("{dialled} · clock {seconds} s · version {version} · sees this node at {address}, {reach}").format(
        dialled=_("this node dialled") if one["dialled"] else _("it dialled"),
        seconds=f"{sight['clock_offset_ms'] / 1000:+.1f}",
        version=sight["software"] or "?",
        address=sight["address"],
        reach=_(_REACHES.get(sight["reach"], sight["reach"])),
    )


def _render_troubles(printer: Printer, one: dict[str, Any], clock_ms: int) -> None:
    """What there is to say of a peer beyond its line: what went wrong, and what it sees."""
    told = [_("{offence}: {detail}").format(offence=each["offence"], detail=each["detail"]) for each in one["offences"]]
    if one["ending"] is not None and not one["connected"]:
        told.append(
            _("last connection, {time}: {reason}").format(
                time=time_text(one["ending"]["at_ms"]), reason=_reason(one["ending"])
            )
        )
    if one["banned_until_ms"] is not None and one["banned_until_ms"] > clock_ms:
        told.append(_("banned until {time}").format(time=time_text(one["banned_until_ms"])))
    seen = _sight(one)
    for text in (*told, *([seen] if seen is not None else [])):
        printer.line(f"  {one['name'] or one['id']}: {text}")


def _reason(one: dict[str, Any]) -> str:
    reason, detail = str(one["reason"]), str(one["detail"])
    # Many a detail says the reason itself first.
    return detail if detail.startswith(reason) else f"{reason} ({detail})" if detail else reason


def _or_unknown(value: int | None) -> object:
    return "?" if value is None else value
