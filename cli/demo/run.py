"""The demonstration from beginning to end.

Owns the order: make a network of one node, run it, put the records of a real organisation on its ledger, read all of
it back and compare, verify receipts, restart, audit. Ends with a table of what was compared.
"""

import shutil
import sys
import tempfile
import threading
from pathlib import Path

from cli.audit.run import run_audit
from cli.client import NodeClient
from cli.demo.checks import Checks
from cli.demo.importing import import_events
from cli.demo.membership import BUILT_IN, ROLE_ADMIN, MembershipEvent, pseudonym, read_events, replay
from cli.demo.network import make_network
from cli.demo.node_process import NodeProcess
from cli.demo.reading import read_history, read_notices, read_policy, read_receipt, refused_changes, verify_receipts
from cli.errors import EXIT_UNVERIFIED, UsageError
from cli.language import _, translated
from cli.printer import Printer
from cli.session import Session
from ledger.genesis import Genesis


def run_demo(directory: Path | None, nodes: int, data: Path | None, once: bool, *, as_json: bool = False) -> int:
    """Run the demonstration.

    Args:
        directory: A folder for its files, which must not exist; None takes a temporary one, removed at the end.
        nodes: How many nodes; this version runs one.
        data: A folder with a data set; None takes the built-in one.
        once: End after the checks; else leave the node running until Ctrl-C.
        as_json: Answer with one JSON document on stdout; what else there is to say goes to stderr.

    Returns:
        0 if all checks hold, else 5.

    Raises:
        UsageError: a folder in the way, another number of nodes, an unusable data set.
        CommandError: the node did not start, or went away.
    """
    if nodes != 1:
        raise UsageError("this version demonstrates one node; leave --nodes out")
    events = read_events(data or BUILT_IN)
    if directory is not None:
        return _run_in(directory, events, once, as_json)
    folder = Path(tempfile.mkdtemp(prefix="banyan-demo-"))
    try:
        return _run_in(folder / "demo", events, once, as_json)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run_in(directory: Path, events: list[MembershipEvent], once: bool, as_json: bool) -> int:
    home = directory / "node"
    if home.exists():
        raise UsageError(
            "there is a demonstration in {path} already; remove it, or name another folder", path=str(home)
        )
    directory.mkdir(parents=True, exist_ok=True)
    session, checks = Session(home, json=as_json), Checks()
    printer = Printer(sys.stderr if as_json else sys.stdout)
    genesis = make_network(home)
    printer.line(_("A network of one node, {origin}, in {path}.").format(origin=genesis.name, path=home))
    with NodeProcess(home) as node:
        _import(session, events, checks)
        _read_back(session, events, checks)
        _verify_receipts(session, checks)
        _restart(session, node, checks)
        _audit(session, genesis, checks)
        session.show(checks.to_json(), checks.show)
        if not once:
            _leave_running(home, printer)
    return 0 if checks.hold else EXIT_UNVERIFIED


def _import(session: Session, events: list[MembershipEvent], checks: Checks) -> None:
    report = import_events(session, events)
    checks.compare(_("events put on the ledger as signed notices"), len(events), report.committed)
    checks.compare(_("events refused"), 0, report.failed + report.pending)


def _read_back(session: Session, events: list[MembershipEvent], checks: Checks) -> None:
    """Who is a member, according to the source and according to the ledger alone."""
    with NodeClient(session.home) as client, session.progress(_("Reading back"), len(events)) as advance:
        notices = list(read_notices(client, advance))
        same = sum(
            (notice.kind, notice.at_ms, notice.person, notice.body["account"])
            == (event.kind, event.at_ms, event.person, event.account)
            for notice, event in zip(notices, events, strict=False)
        )
        checks.compare(_("notices with the source's event, time and person, in its order"), len(events), same)
        expected = replay((event.kind, event.account, event.role) for event in events)
        found = replay((notice.kind, notice.person, notice.role) for notice in notices)
        checks.compare(_("members at the end"), len(expected), len(found))
        checks.compare(_("admins among them"), _admins(expected), _admins(found))
        renamed = {pseudonym(account): role for account, role in expected.items()}
        checks.compare(
            _("members who are the source's, each with the same role"), len(expected), _common(renamed, found)
        )
        busiest = max(_counts(events).items(), key=lambda item: (item[1], item[0]))
        history = read_history(client, f"person/{busiest[0]}")
        checks.compare(
            _("links in the history of the person with most events, each verified"), busiest[1], history.link_count
        )


def _admins(members: dict[str, str]) -> int:
    return sum(role == ROLE_ADMIN for role in members.values())


def _common(ours: dict[str, str], theirs: dict[str, str]) -> int:
    return sum(theirs.get(person) == role for person, role in ours.items())


def _counts(events: list[MembershipEvent]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for event in events:
        counts[event.person] = counts.get(event.person, 0) + 1
    return counts


def _verify_receipts(session: Session, checks: Checks) -> None:
    with NodeClient(session.home) as client:
        policy = read_policy(client)
        ids = read_history(client, "unit/kubernetes").transaction_ids
        with session.progress(_("Verifying receipts"), len(ids)) as advance:
            verified = verify_receipts(client, ids, policy, advance)
        checks.compare(_("receipts with proof of their result, verified offline"), len(ids), verified)
        receipt, _result = read_receipt(client, ids[0])
        tried, refused = refused_changes(receipt, policy)
        checks.compare(_("receipts with one bit changed that are refused"), tried, refused)


def _restart(session: Session, node: NodeProcess, checks: Checks) -> None:
    """End the node, start it, and see that it has what it had."""
    with NodeClient(session.home) as client:
        before = client.get("/v1/status")
    checks.compare(_("exit status of the node when it is asked to end"), 0, node.stop())
    node.start()
    with NodeClient(session.home) as client:
        after = client.get("/v1/status")
    kept = after["tree_size"] >= before["tree_size"] and after["state_digest"] == before["state_digest"]
    checks.compare(_("state digest the same after a restart, and no entry lost"), True, kept)


def _audit(session: Session, genesis: Genesis, checks: Checks) -> None:
    """Re-derive everything from the folder, while the node runs."""
    path = session.home.with_name("genesis-of-the-auditor.json")
    path.write_text(genesis.to_json(), encoding="utf-8")
    with session.progress(_("Auditing"), None) as advance:
        report = run_audit(str(session.home), path, lambda phase, done, total: advance(done, total or None))
    finding = _("nothing") if report.finding is None else translated(report.finding)
    checks.compare(_("what the audit of the folder finds wrong"), _("nothing"), finding)


def _leave_running(home: Path, printer: Printer) -> None:
    """Keep the node up for a person to look at; Ctrl-C ends it."""
    try:
        printer.line()
        printer.line(_("The node goes on; try: banyan status --home {path}").format(path=home))
        printer.line(_("Its HTTP API: http://{address}/openapi.json").format(address=_http_address(home)))
        printer.line(_("Ctrl-C ends it."))
        threading.Event().wait()
    except KeyboardInterrupt:
        printer.line(_("Ended."))


def _http_address(home: Path) -> str:
    from daemon.config import read_config

    return read_config(home / "config.toml").http
