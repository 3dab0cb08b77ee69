"""Putting the events on the ledger, the way `banyan submit-batch` does.

Owns the file of transactions that is made from the events; the batch itself is the command's own machinery, with its
journal and its report.
"""

import json

from cli.batch_file import measure
from cli.batch_journal import BatchJournal
from cli.batch_report import BatchReport
from cli.batch_run import BatchRun
from cli.batch_stream import BatchStream
from cli.client import NodeClient
from cli.demo.membership import MembershipEvent
from cli.genesis_file import read_home_genesis
from cli.language import _
from cli.session import Session
from cli.signer import open_signing_key
from cli.submission_maker import SubmissionMaker


def import_events(session: Session, events: list[MembershipEvent]) -> BatchReport:
    """Submit one signed notice an event, in order, and wait for all of them.

    Raises:
        UnreachableError: the node went away.
    """
    path = session.home.with_name("events.jsonl")
    with path.open("w", encoding="utf-8") as file:
        for event in events:
            file.write(json.dumps({"op": "notice.post", "args": event.arguments()}) + "\n")
    batch = measure(path)
    maker = SubmissionMaker.of(read_home_genesis(session.home), open_signing_key(None, session.home))
    report = BatchReport(path.with_name(path.name + ".failed"))
    journal = BatchJournal(path.with_name(path.name + ".progress"), batch, maker.network_id, maker.key.signing.public)
    try:
        with NodeClient(session.home) as client:
            run = BatchRun(batch, journal, maker, client, report)
            with session.progress(_("Submitting"), len(events)) as advance, BatchStream(session.home) as stream:
                run.run(stream, advance)
    finally:
        journal.close()
        report.close()
    return report
