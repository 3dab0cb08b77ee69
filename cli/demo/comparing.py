"""What the ledger says, beside what the source says.

Owns the comparisons; what is compared was read from nodes by `cli.demo.reading`. Nothing is compared with itself: one
side is always the source's file.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack

from cli.client import NodeClient
from cli.demo.membership import ROLE_ADMIN, MembershipEvent, busiest_account, pseudonym, replay
from cli.demo.organisation import ROOT_UNIT, Organisation
from cli.demo.picture import Administrator, Episode, Kind, Picture
from cli.demo.reading import Happening, Membership, read_account, read_history, read_memberships, read_records
from cli.demo.recording import Told, told_by
from cli.demo.trial import Trial
from cli.language import _
from contracts.units.meetings import KIND_MEETING, STATE_SCHEDULED
from contracts.units.office import KIND_OFFICE, STATE_HELD
from contracts.units.tree import KIND_UNIT


def compare_members(trial: Trial, events: list[MembershipEvent], picture: Picture) -> None:
    """Who is a member, in which role: on every node, and behind the pseudonyms."""
    members = replay(events)
    expected = {pseudonym(account): role for account, role in members.items()}
    same = 0
    memberships: dict[str, Membership] = {}
    for node in trial.cluster.nodes:
        with NodeClient(node.place.home) as client:
            found = read_memberships(client)
        same += _active(found) == expected
        if node is trial.node:
            memberships = found
    checks, active = trial.checks, _active(memberships)
    checks.compare(_("members at the end"), len(expected), len(active))
    checks.compare(_("admins among them"), _admins(members), _admins(active))
    nodes = len(trial.cluster.nodes)
    checks.compare(_("nodes whose members are the source's, each with the same role"), nodes, same)
    told = {person: (one.event_count, one.at_ms) for person, one in memberships.items()}
    source = _told_by(events)
    checks.compare(
        _("people with as many events as in the source, and the time of the last one"),
        len(source),
        _common(source, told),
    )
    with ExitStack() as stack:
        advance = stack.enter_context(trial.session.progress(_("Reading names"), len(active)))
        # The one that was killed first: what it is still fetching lies with the others.
        nodes_in_turn = sorted(trial.cluster.nodes, key=lambda node: node is not trial.node)
        clients = [stack.enter_context(NodeClient(node.place.home)) for node in nodes_in_turn]
        accounts: dict[str, str] = {}
        for person in active:
            accounts[person] = read_account(clients, memberships[person].commitment)
            advance(len(accounts), None)
    named = {pseudonym(account): account for account in members}
    checks.compare(
        _("members whose account name fits its commitment and the source"), len(named), _common(named, accounts)
    )
    picture.member_count, picture.left_count = len(active), len(memberships) - len(active)
    picture.administrators = sorted(
        Administrator(accounts[person], memberships[person].at_ms)
        for person, role in active.items()
        if role == ROLE_ADMIN
    )


def compare_histories(
    trial: Trial, events: list[MembershipEvent], organisation: Organisation, picture: Picture
) -> list[str]:
    """Every person's events in their order; the ids of their transactions."""
    with NodeClient(trial.node.place.home) as client:
        happened = [one for one in read_history(client, f"unit/{ROOT_UNIT}") if _told(one) is not None]
        by_person: dict[str, list[tuple[str, int, str]]] = {}
        for one in happened:
            by_person.setdefault(_person_of(one), []).append(_event_of(one))
        source: dict[str, list[tuple[str, int, str]]] = {}
        for event in events:
            role = "" if event.kind == "left" else event.role
            source.setdefault(event.person, []).append((event.kind, event.at_ms, role))
        trial.checks.compare(
            _("people whose events stand on the ledger as in the source, in its order"),
            len(source),
            _common(source, by_person),
        )
        account, count = busiest_account(events)
        offices = sum(role.account == account for role in organisation.roles)
        history = read_history(client, f"person/{pseudonym(account)}")
    trial.checks.compare(
        _("links in the history of the person with most events, each verified"), count + offices, len(history)
    )
    picture.account = account
    picture.history = list(map(_episode, history))
    return [one.transaction_id for one in happened]


def compare_groups(trial: Trial, organisation: Organisation, picture: Picture) -> None:
    """Groups with their parents, who leads them, when they meet; nothing where the source has no groups."""
    if not organisation.groups:
        return
    checks = trial.checks
    with NodeClient(trial.node.place.home) as client:
        units = [one["fields"] for one in read_records(client, KIND_UNIT)]
        held_offices = [one["fields"] for one in read_records(client, KIND_OFFICE, state=STATE_HELD)]
        meetings = [one["fields"] for one in read_records(client, KIND_MEETING, state=STATE_SCHEDULED)]
    below = [one for one in units if one["unit"] != ROOT_UNIT]
    # Those of the organisation itself are its members' and were looked at as such.
    offices = [one for one in held_offices if one["unit"] != ROOT_UNIT]
    checks.compare(
        _("groups with the source's kind, name and parent"),
        len(organisation.groups),
        _same(organisation.groups, [(one["unit"], one["kind"], one["name"], one["parent"]) for one in below]),
    )
    checks.compare(
        _("offices in groups, held by the source's people"),
        len(organisation.roles),
        _same(
            [(role.unit, role.role, role.person) for role in organisation.roles],
            [(one["unit"], one["role"], one["person"]) for one in offices],
        ),
    )
    columns = ("unit", "title", "day", "clock", "zone", "frequency")
    checks.compare(
        _("regular meetings in the very words of the source"),
        len(organisation.meetings),
        _same(organisation.meetings, [tuple(one[column] for column in columns) for one in meetings]),
    )
    kinds = Counter(one["kind"] for one in below)
    kind_of = {one["unit"]: one["kind"] for one in units}
    held, planned = (Counter(kind_of[one["unit"]] for one in some) for some in (offices, meetings))
    picture.kinds = [Kind(kind, count, held[kind], planned[kind]) for kind, count in kinds.most_common()]


def _same(source: Iterable[tuple[str, ...]], ledger: Sequence[tuple[str, ...]]) -> int:
    """How many of the source's rows the ledger has; less one for each that it has beside them."""
    wanted, found = Counter(map(tuple, source)), Counter(map(tuple, ledger))
    return (wanted & found).total() - (found - wanted).total()


def _told(one: Happening) -> Told | None:
    return told_by(one.operation, one.arguments.get("transition"))


def _person_of(one: Happening) -> str:
    """Whom a transition is about: what creates a record says it, later ones name the record."""
    arguments = one.arguments
    return str(arguments["id"].rpartition("/")[2] if "id" in arguments else arguments["fields"]["person"])


def _event_of(one: Happening) -> tuple[str, int, str]:
    told = _told(one)
    assert told is not None, "only such are asked"
    return told.kind, one.arguments["at"], told.role


def _episode(one: Happening) -> Episode:
    arguments, told = one.arguments, _told(one)
    if told is None:
        return Episode(arguments.get("at"), one.operation, arguments["unit"], arguments.get("role", ""))
    unit = arguments["unit"] if "unit" in arguments else arguments["id"].rpartition("/")[0]
    return Episode(arguments["at"], arguments["transition"], unit, told.role)


def _told_by(events: list[MembershipEvent]) -> dict[str, tuple[int, int]]:
    """Of each person: how many events, and the time of the last."""
    told: dict[str, tuple[int, int]] = {}
    for event in events:
        told[event.person] = (told.get(event.person, (0, 0))[0] + 1, event.at_ms)
    return told


def _active(memberships: dict[str, Membership]) -> dict[str, str]:
    return {person: one.role for person, one in memberships.items() if one.is_active}


def _admins(members: dict[str, str]) -> int:
    return sum(role == ROLE_ADMIN for role in members.values())


def _common(ours: Mapping[str, object], theirs: Mapping[str, object]) -> int:
    return sum(theirs.get(key) == value for key, value in ours.items())
