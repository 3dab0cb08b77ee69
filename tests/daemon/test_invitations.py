"""Invitations at both ends: who may join with one, what is refused with which reason, and what outlives a restart."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from daemon.errors import HomeError
from daemon.home import Home, create_home, join_home, open_home
from daemon.hospitality import HOUR_MS, Hospitality
from ledger.errors import BanyanError
from ledger.genesis import Genesis, parse_genesis
from ledger.node_keys import NodeDescription, NodeKeys
from p2p.contacts import Contact
from p2p.invitations import Invitation
from p2p.transport_errors import InvalidInvitationError
from tests.daemon.networks import START_MS, administrator_key, genesis_text, node_description, node_keys

HOST = node_keys(1)
HOST_CONTACT = Contact(HOST.node_id, HOST.transport.public, "127.0.0.1:7001")


@pytest.fixture
def guest(tmp_path: Path) -> NodeDescription:
    """A node that no genesis names."""
    return create_home(tmp_path / "guest", "guest", "127.0.0.1:7101")


def network(**changes: object) -> Genesis:
    return parse_genesis(genesis_text(**changes))


def invite(guest: NodeDescription, genesis: Genesis, tmp_path: Path, hours: int = 1) -> Invitation:
    host = Hospitality(tmp_path / "invitations", genesis.network_id, HOST, START_MS)
    return host.make(guest, HOST_CONTACT, hours, START_MS)


def refusal(kind: type[BanyanError], act: Callable[[], object]) -> str:
    with pytest.raises(kind) as caught:
        act()
    return str(caught.value)


def test_a_node_joins_with_an_invitation_and_runs_after_it_expired(tmp_path: Path, guest: NodeDescription) -> None:
    genesis, folder = network(), tmp_path / "guest"
    invitation = invite(guest, genesis, tmp_path)
    join_home(folder, genesis, invitation, START_MS)
    # Again, and again without it: the folder keeps it.
    join_home(folder, genesis, invitation, START_MS)
    join_home(folder, genesis)
    opened = open_home(folder)
    assert opened.invitation == invitation
    opened.close()


def test_what_does_not_fit_is_refused_with_the_reason(tmp_path: Path, guest: NodeDescription) -> None:
    genesis, folder = network(), tmp_path / "guest"
    good = invite(guest, genesis, tmp_path)
    stranger = NodeKeys.from_seed(b"s" * 32)
    forged = Invitation.make(
        genesis.network_id, good.guest, (HOST_CONTACT,), START_MS, START_MS + HOUR_MS, stranger.agreement
    )
    for invitation, at_ms, reason in (
        (good, START_MS + HOUR_MS, "has expired"),
        (invite(guest, network(name="other.example/ledger"), tmp_path), START_MS, "for another network"),
        (
            invite(node_description(7, "seven"), genesis, tmp_path),
            START_MS,
            "for the node " + node_keys(7).node_id.hex(),
        ),
        (forged, START_MS, "nobody who may invite"),
        (replace(good, expiry_ms=good.expiry_ms + 1), START_MS, "signature of the invitation is wrong"),
    ):
        assert reason in refusal(
            InvalidInvitationError,
            lambda invitation=invitation, at_ms=at_ms: join_home(folder, genesis, invitation, at_ms),  # type: ignore[misc]
        )
    assert not Home(folder).database.exists()


def test_an_administrator_may_invite_too(tmp_path: Path, guest: NodeDescription) -> None:
    genesis = network()
    good = invite(guest, genesis, tmp_path)
    by_hand = Invitation.make(
        genesis.network_id, good.guest, (HOST_CONTACT,), START_MS, START_MS + HOUR_MS, administrator_key()
    )
    join_home(tmp_path / "guest", genesis, by_hand, START_MS)
    opened = open_home(tmp_path / "guest")
    assert opened.invitation == by_hand
    opened.close()


def test_a_damaged_invitation_in_the_folder_is_named(tmp_path: Path, guest: NodeDescription) -> None:
    genesis, folder = network(), tmp_path / "guest"
    join_home(folder, genesis, invite(guest, genesis, tmp_path), START_MS)
    Home(folder).invitation.write_text("BANYAN-INVITATION-1:nonsense", "utf-8")
    assert "join again" in refusal(HomeError, lambda: open_home(folder))


def test_a_host_remembers_whom_it_invited_until_that_expires(tmp_path: Path, guest: NodeDescription) -> None:
    genesis, path = network(), tmp_path / "invitations"
    host = Hospitality(path, genesis.network_id, HOST, START_MS)
    first, other = (host.make(one, HOST_CONTACT, 1, START_MS) for one in (guest, node_description(7, "seven")))
    longer = host.make(guest, HOST_CONTACT, 3, START_MS)
    for one in (first, other, longer):
        host.keep(one, START_MS)
    assert host.invitations == (other, longer), "a node has one invitation, the last"
    assert Hospitality(path, genesis.network_id, HOST, START_MS).invitations == (other, longer)
    assert Hospitality(path, genesis.network_id, HOST, START_MS + HOUR_MS).invitations == (longer,)
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("nonsense\n", "utf-8")
    assert "take it away" in refusal(
        InvalidInvitationError, lambda: Hospitality(path, genesis.network_id, HOST, START_MS)
    )


def test_a_node_that_cannot_be_dialled_invites_nobody(tmp_path: Path, guest: NodeDescription) -> None:
    host = Hospitality(tmp_path / "invitations", network().network_id, HOST, START_MS)
    unreachable = HOST_CONTACT._replace(address=None)
    assert "only dials out" in refusal(InvalidInvitationError, lambda: host.make(guest, unreachable, 1, START_MS))
