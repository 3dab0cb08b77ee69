"""The demonstration from beginning to end.

Owns the order: make a network of nodes in a ring, run them, put the records of a real organisation on their ledger
while the leader is killed and comes back, read all of it back and compare, verify receipts, audit. Ends with a table of
what was compared.
"""

import shutil
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from cli.audit.audited_voters import policy_of
from cli.audit.run import run_audit
from cli.client import NodeClient
from cli.demo.cluster import Cluster, interruption_deferred
from cli.demo.network import make_network
from cli.demo.outage import LeaderOutage, Outage
from cli.demo.reading import read_receipt, refused_changes, verify_receipts
from cli.demo.termination import termination_as_interruption
from cli.demo.trial import Source, Trial
from cli.errors import EXIT_UNVERIFIED, UsageError
from cli.language import _, translated
from cli.printer import Printer
from cli.session import Session
from daemon.config import read_config


def run_demo(directory: Path | None, nodes: int, source: Source, once: bool, *, as_json: bool = False) -> int:
    """Run the demonstration.

    Args:
        directory: A folder for its files, which must not exist; None takes a temporary one, removed at the end.
        nodes: How many nodes, 1 to 21; with two and more the leader is killed in the middle.
        source: What is put on the ledger.
        once: End after the checks; else leave the nodes running until Ctrl-C.
        as_json: Answer with one JSON document on stdout; what else there is to say goes to stderr.

    Returns:
        0 if all checks hold, else 5.

    Raises:
        UsageError: a folder in the way.
        CommandError: a node did not start, or went away.
        KeyboardInterrupt: Ctrl-C or SIGTERM; the nodes are ended, a temporary folder is gone.
    """
    with ExitStack() as stack:
        stack.enter_context(termination_as_interruption())
        if directory is None:
            directory = Path(tempfile.mkdtemp(prefix="banyan-demo-"))
            stack.callback(_remove, directory)
        elif (directory / "node-1").exists():
            raise UsageError(
                "there is a demonstration in {path} already; remove it, or name another folder", path=str(directory)
            )
        directory.mkdir(parents=True, exist_ok=True)
        return _run_in(directory, nodes, source, once, as_json)


def _remove(directory: Path) -> None:
    with interruption_deferred():
        shutil.rmtree(directory, ignore_errors=True)


def _run_in(directory: Path, count: int, source: Source, once: bool, as_json: bool) -> int:
    printer = Printer(sys.stderr if as_json else sys.stdout)
    genesis, places = make_network(directory, count, source.pack)
    printer.fields([(_("Network"), genesis.name), (_("Nodes"), count), (_("Folder"), directory)])
    printer.line()
    rows = [
        (place.name, read_config(place.home / "config.toml").listen, ", ".join(place.neighbours)) for place in places
    ]
    printer.table((_("Node"), _("Address"), _("Neighbours")), rows)
    session = Session(places[0].home, json=as_json)
    with Cluster(places) as cluster:
        trial = Trial(session, directory, genesis, cluster, source, cluster.nodes[0])
        _import(trial)
        _verify_receipts(trial, source.compare(trial))
        if count == 1:
            _restart(trial)
        _audit(trial)
        shown = {} if trial.picture is None else trial.picture.to_json()
        document = {**trial.checks.to_json(), "figures": dict(trial.figures), **shown}
        session.show(document, lambda shown: _show(trial, shown))
        if not once:
            _leave_running(trial, printer)
    return 0 if trial.checks.hold else EXIT_UNVERIFIED


def _import(trial: Trial) -> None:
    """All records, with the leader killed when half of them are on the ledger; then all nodes at the same height."""
    cluster, checks = trial.cluster, trial.checks
    total = trial.source.row_count
    with trial.session.progress(_("Importing"), total) as advance, ExitStack() as stack:
        alone = len(cluster.nodes) == 1
        outage = None if alone else stack.enter_context(LeaderOutage(cluster, total))
        importer = trial.source.importing(trial, outage.watch if outage else _nobody_watches)
        cluster.wait_for_leader()
        started = time.monotonic()
        importer.run(advance)
    standings = cluster.wait_until_level()
    trial.figures.append((_("import, until every node has all of it"), _seconds(time.monotonic() - started)))
    checks.compare(_("rows of the source on the ledger as signed transactions"), total, importer.outcome.accepted)
    checks.compare(_("rows refused"), 0, importer.outcome.refused)
    if not alone:
        assert outage is not None
        _tell_outage(trial, outage.outage, total)
    same = sum(one is not None and one == standings[0] for one in standings)
    checks.compare(_("nodes with the same state digest at the same height"), len(cluster.nodes), same)


def _tell_outage(trial: Trial, outage: Outage | None, total: int) -> None:
    in_the_middle = outage is not None and 0 < outage.settled < total
    trial.checks.compare(_("leader killed in the middle of the import, and the next one elected"), True, in_the_middle)
    if outage is None:
        return
    trial.node = outage.killed.node
    trial.figures += [
        (_("leader killed"), f"{outage.killed.node.place.name} ({_('term')} {outage.killed.term})"),
        (_("rows on the ledger by then, and under way"), f"{outage.settled}, {outage.sent}"),
        (_("next leader"), f"{outage.followed_by.node.place.name} ({_('term')} {outage.followed_by.term})"),
        (_("without a leader"), _seconds(outage.leaderless_s)),
        (_("killed node away"), _seconds(outage.absent_s)),
    ]


def _nobody_watches(_part: object) -> None:
    """One node: nobody is killed."""


def _verify_receipts(trial: Trial, ids: list[str]) -> None:
    """Every event's receipt, against the policy that follows from the genesis alone."""
    policy = policy_of(trial.genesis)
    homes = [node.place.home for node in trial.cluster.nodes]
    started = time.monotonic()
    with trial.session.progress(_("Verifying receipts"), len(ids)) as advance:
        verified = verify_receipts(homes, ids, policy, advance)
    trial.figures.append((_("receipts of all events, fetched and verified"), _seconds(time.monotonic() - started)))
    trial.checks.compare(
        _("receipts of events with proof of their result, verified offline"), trial.source.receipt_count, verified
    )
    with NodeClient(trial.node.place.home) as client:
        receipt, _result = read_receipt(client, ids[0])
    tried, refused = refused_changes(receipt, policy)
    trial.checks.compare(_("receipts with one bit changed that are refused"), tried, refused)


def _restart(trial: Trial) -> None:
    """End the only node, start it, and see that it has what it had."""
    (before,) = trial.cluster.standings()
    trial.checks.compare(_("exit status of the node when it is asked to end"), 0, trial.node.process.stop())
    trial.node.process.start()
    (after,) = trial.cluster.standings()
    kept = before is not None and after is not None
    if before is not None and after is not None:
        kept = after.tree_size >= before.tree_size and after.state_digest == before.state_digest
    trial.checks.compare(_("state digest the same after a restart, and no entry lost"), True, kept)


def _audit(trial: Trial) -> None:
    """Re-derive everything from the folder of a node that does not lead, while it runs."""
    path = trial.directory / "genesis-of-the-auditor.json"
    path.write_text(trial.genesis.to_json(), encoding="utf-8")
    leader = trial.cluster.wait_for_leader().node
    node = next((one for one in trial.cluster.nodes if one is not leader), leader)
    with trial.session.progress(_("Auditing"), None) as advance:
        report = run_audit(str(node.place.home), path, lambda phase, done, total: advance(done, total or None))
    finding = _("nothing") if report.finding is None else translated(report.finding)
    trial.checks.compare(
        _("what the audit of the folder of {name} finds wrong").format(name=node.place.name), _("nothing"), finding
    )


def _show(trial: Trial, printer: Printer) -> None:
    if trial.picture is not None:
        trial.picture.show(printer)
    printer.line()
    printer.fields(trial.figures)
    trial.checks.show(printer)


def _leave_running(trial: Trial, printer: Printer) -> None:
    """Keep the nodes up for a person to look at; Ctrl-C ends them."""
    home = trial.cluster.nodes[0].place.home
    try:
        printer.line()
        printer.line(_("The nodes go on; try: banyan status --home {path}").format(path=home))
        for node in trial.cluster.nodes:
            address = read_config(node.place.home / "config.toml").http
            printer.line(
                _("The HTTP API of {name}: http://{address}/openapi.json").format(name=node.place.name, address=address)
            )
        printer.line(_("Ctrl-C ends them."))
        threading.Event().wait()
    except KeyboardInterrupt:
        printer.line(_("Ended."))


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s"
