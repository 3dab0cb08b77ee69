"""The records of a real organisation as the source of the demonstration.

Owns reading the data set, and what is compared of it; the comparisons themselves are `cli.demo.comparing`.
"""

from pathlib import Path

from cli.demo.comparing import compare_groups, compare_histories, compare_members
from cli.demo.importing import Importer, Watch
from cli.demo.membership import BUILT_IN, read_events
from cli.demo.organisation import read_organisation
from cli.demo.picture import Picture
from cli.demo.plan import plan_import
from cli.demo.recording import PACK
from cli.demo.trial import Trial
from cli.signer import open_signing_key
from cli.submission_maker import SubmissionMaker


class Recorded:
    """A data set of membership events, and of groups where it has them."""

    pack = PACK

    def __init__(self, folder: Path | None) -> None:
        """`folder` holds the data set; None takes the built-in one.

        Raises:
            UsageError: it cannot be used; the message names file and line.
        """
        folder = folder or BUILT_IN
        self._events, self._organisation = read_events(folder), read_organisation(folder)
        self._parts = plan_import(self._events, self._organisation)
        self.row_count = sum(map(len, self._parts))
        self.receipt_count = len(self._events)

    def importing(self, trial: Trial, watch: Watch) -> Importer:
        """As `banyan submit-batch` does it, with the administrator's key."""
        key = open_signing_key(None, trial.cluster.nodes[0].place.home)
        maker = SubmissionMaker.of(trial.genesis, key)
        return Importer(trial.cluster, maker, trial.directory / "import", self._parts, watch)

    def compare(self, trial: Trial) -> list[str]:
        """Members, groups and histories; the ids of all events' transactions."""
        picture = Picture()
        trial.picture = picture
        compare_members(trial, self._events, picture)
        compare_groups(trial, self._organisation, picture)
        return compare_histories(trial, self._events, self._organisation, picture)
