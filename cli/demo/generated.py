"""An invented organisation as the source of the demonstration.

Owns what is compared: what the nodes have beside what the invention counted on its own while it was written.
"""

from dataclasses import dataclass
from random import Random
from typing import Any

from cli.client import NodeClient
from cli.demo.importing import Watch
from cli.demo.network import shipped_pack
from cli.demo.reading import read_records
from cli.demo.step_importing import StepImporter
from cli.demo.trial import Trial
from cli.invented.elections import KIND_BALLOT
from cli.invented.founding import PACK, TYPE_MEMBER
from cli.invented.invention import Invention
from cli.invented.meetings import TYPE_MEETING
from cli.invented.signing import InventedSigner
from cli.invented.story import Story
from cli.invented.study import TYPE_STUDY_YEAR
from cli.language import _
from cli.printer import Printer
from cli.signer import open_signing_key
from contracts.ballots.outcome import ELECTED
from contracts.treasury.books import KIND_BOOKS
from contracts.units.tree import KIND_UNIT

# Receipts are fetched and verified for so many transactions, drawn from all.
RECEIPTS_MAX = 500


@dataclass(slots=True)
class GeneratedPicture:
    """What was read back, in numbers."""

    units: int = 0
    members: int = 0
    meetings: int = 0
    study_years: int = 0
    elections: int = 0
    due_fen: int = 0
    paid_fen: int = 0

    def to_json(self) -> dict[str, Any]:
        """The same as `show`."""
        return {
            "organisation": {
                "units": self.units,
                "members": self.members,
                "meetings": self.meetings,
                "study_years": self.study_years,
                "elections": self.elections,
                "dues": {"due_fen": self.due_fen, "paid_fen": self.paid_fen},
            }
        }

    def show(self, printer: Printer) -> None:
        """A few lines."""
        printer.line()
        printer.line(_("An invented organisation; none of its people exist."), "bold")
        printer.fields(
            [
                (_("Units"), self.units),
                (_("Members"), self.members),
                (_("Meetings with confirmed minutes"), self.meetings),
                (_("Complete years of study"), self.study_years),
                (_("Elections"), self.elections),
                (_("Dues owed (yuan)"), f"{self.due_fen / 100:,.2f}"),
                (_("Dues paid (yuan)"), f"{self.paid_fen / 100:,.2f}"),
            ]
        )


class Generated:
    """An invention, all of its steps in memory."""

    pack = PACK

    def __init__(self, wish: Invention) -> None:
        self._wish = wish
        self._story = Story(wish, shipped_pack(PACK))
        self._steps = list(self._story.steps())
        self.row_count = len(self._steps)
        self.receipt_count = min(RECEIPTS_MAX, self.row_count)
        self._import: StepImporter | None = None

    def importing(self, trial: Trial, watch: Watch) -> StepImporter:
        """With keys of everybody who signs, which follow from the seed."""
        administrator = open_signing_key(None, trial.cluster.nodes[0].place.home).signing
        signer = InventedSigner(trial.genesis.network_id, administrator, self._wish.seed)
        self._import = StepImporter(trial.cluster, signer, self._steps, watch)
        return self._import

    def compare(self, trial: Trial) -> list[str]:
        """Units, members, books and meetings on every node; ids of transactions, drawn from all."""
        pictures = [self._read(node.place.home) for node in trial.cluster.nodes]
        checks, wanted = trial.checks, self._wanted()
        found = pictures[trial.cluster.nodes.index(trial.node)]
        checks.compare(_("units"), wanted.units, found.units)
        checks.compare(_("members"), wanted.members, found.members)
        checks.compare(_("meetings with confirmed minutes"), wanted.meetings, found.meetings)
        checks.compare(_("complete years of study"), wanted.study_years, found.study_years)
        checks.compare(_("elections, every committee elected"), wanted.elections, found.elections)
        checks.compare(_("dues owed, in fen"), wanted.due_fen, found.due_fen)
        checks.compare(_("dues paid, in fen"), wanted.paid_fen, found.paid_fen)
        same = sum(one == wanted for one in pictures)
        checks.compare(_("nodes that have all of it"), len(pictures), same)
        trial.picture = found
        assert self._import is not None, "it was imported before it is compared"
        return Random(self._wish.seed).sample(self._import.ids, self.receipt_count)  # noqa: S311

    def _wanted(self) -> GeneratedPicture:
        story = self._story
        return GeneratedPicture(
            story.tree.unit_count,
            story.tree.member_count,
            story.meetings.held.total(),
            story.study.complete.total(),
            story.elections.held,
            sum(story.dues.due.values()),
            sum(story.dues.paid.values()),
        )

    def _read(self, home: Any) -> GeneratedPicture:
        with NodeClient(home) as client:
            units = sum(1 for _one in read_records(client, KIND_UNIT))
            members = sum(1 for _one in read_records(client, TYPE_MEMBER, state="full"))
            meetings = sum(1 for _one in read_records(client, TYPE_MEETING, state="minuted"))
            study = sum(1 for _one in read_records(client, TYPE_STUDY_YEAR, state="complete"))
            ballots = [one["fields"].get("result") for one in read_records(client, KIND_BALLOT)]
            elections = sum(result is not None and result["outcome"] == ELECTED for result in ballots)
            dues = [one["fields"]["dues"] for one in read_records(client, KIND_BOOKS)]
        return GeneratedPicture(
            units,
            members,
            meetings,
            study,
            elections,
            sum(one["due"] for one in dues),
            sum(one["paid"] for one in dues),
        )
