"""`banyan backup` and `banyan restore`: the ledger of a node in files, and a node's folder out of them."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.language import N_, _
from cli.printer import Printer
from cli.session import Session
from cli.size_text import size_text

if TYPE_CHECKING:
    from daemon.restored_home import Restored
    from storage.backup.encryption import Identity
    from storage.backup.making import MadePart

# An identity file has a few lines; an SSH key of 8,192 bits about 7 kB.
_IDENTITY_SIZE_BYTES_MAX = 64 * 1024


def backup(
    session: Session,
    out: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help=N_("Where it goes: a file, or a folder that gets a part with what is new each time.")
        ),
    ],
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="FILE|HEIGHT",
            help=N_("Only what came after an earlier backup or block; 0 makes a folder begin anew."),
        ),
    ] = None,
    recipient: Annotated[
        list[str] | None,
        typer.Option(
            "--recipient",
            metavar="KEY",
            help=N_("Encrypt to this key, age1… or an SSH public key; once for each who shall be able to restore."),
        ),
    ] = None,
) -> None:
    """Back the node's ledger up, while it runs or not."""
    from cli.application import version
    from cli.backup_target import choose_target
    from cli.errors import CommandError
    from cli.genesis_file import read_home_genesis
    from daemon.database_folder import checked_inheritance
    from daemon.home import Home
    from storage.backup.encryption import Recipient
    from storage.backup.making import PartMaker
    from storage.backup.reading_store import Moment
    from storage.lmdb_store import LmdbStore
    from storage.probe import probe

    recipients = [Recipient(text) for text in recipient or ()]
    genesis = read_home_genesis(session.home)
    home = Home(session.home)
    database = home.database
    probe(database, genesis.network_id)
    store = LmdbStore.open(database, genesis.network_id, readonly=True, reads_all=True)
    try:
        moment = Moment(*store.checked_state())
        if moment.height == 0:
            raise CommandError(
                "the ledger in {path} has no blocks yet; there is nothing to back up", path=str(database)
            )
        target = choose_target(store, genesis.network_id, out, since, moment.height, bool(recipients))
        if target is None:
            _show_nothing_new(session, moment.height)
            return
        inherited = checked_inheritance(genesis, home.inheritance) if target.first_height == 1 else ()
        now_ms = time.time_ns() // 1_000_000
        with session.progress(_("Backing up"), None) as advance:
            maker = PartMaker(store, database, genesis.to_json(), version(), now_ms, recipients, advance, inherited)
            made = maker.make(*target, moment)
    finally:
        store.close()
    session.show(_made_document(made), lambda printer: _render_made(session, printer, made))


def _show_nothing_new(session: Session, height: int) -> None:
    def render(printer: Printer) -> None:
        printer.good(_("Nothing is new since block {height}; no part was made.").format(height=height))

    session.show({"file": None, "last_height": height}, render)


def _made_document(made: "MadePart") -> dict[str, object]:
    end = made.end
    return {
        "file": str(made.path),
        "size_bytes": made.size_bytes,
        "encrypted": made.is_encrypted,
        "first_height": made.first_height,
        "last_height": end.last_height,
        "block_hash": end.header_hash.hex(),
        "tree_size": end.tree_size,
        "tree_root": end.tree_root.hex(),
        "state_digest": end.state_digest.hex(),
        "entries": end.entry_count,
        "values": end.value_count,
        "values_missing": end.missing_count,
    }


def _render_made(session: Session, printer: Printer, made: "MadePart") -> None:
    end = made.end
    printer.good(_("The backup is in {path}; it was read back and holds together.").format(path=made.path))
    printer.fields(
        [
            (_("Blocks"), _("{first} to {last}").format(first=made.first_height, last=end.last_height)),
            (_("Entries"), end.entry_count),
            (_("Size"), size_text(made.size_bytes)),
            (_("Encrypted"), _("yes") if made.is_encrypted else _("no")),
            (_("Block"), end.header_hash.hex()),
            (_("Log root"), end.tree_root.hex()),
            (_("State digest"), end.state_digest.hex()),
            (_("Detached values"), end.value_count),
            (_("Detached values that this node does not hold"), end.missing_count),
        ]
    )
    if made.first_height > 1:
        session.note(_("It continues an earlier backup: to restore, give all parts from block 1 on."))
    session.note(
        _("Seed and sign-state are never in a backup: keep the seed elsewhere, and never copy the sign-state.")
    )


def restore(
    session: Session,
    part: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help=N_("The parts, in any order, or the folder that they are in.")),
    ],
    identity: Annotated[
        list[Path] | None,
        typer.Option(
            "--identity",
            metavar="FILE",
            help=N_("A private key that opens encrypted parts, as `age-keygen` writes it; once for each."),
        ),
    ] = None,
    genesis: Annotated[
        Path | None,
        typer.Option(
            "--genesis", metavar="FILE", help=N_("The network's genesis.json; without it the backup's own is taken.")
        ),
    ] = None,
) -> None:
    """Put a node's ledger back from a backup."""
    from cli.errors import VerificationError
    from cli.genesis_file import read_genesis
    from cli.seed_passphrase import ask_seed_passphrase
    from daemon.restored_home import restore_home
    from storage.backup.errors import BackupDamagedError

    identities = [one for path in identity or () for one in _identities(path)]
    network = read_genesis(genesis) if genesis is not None else None
    parts = _parts(part)
    try:
        with session.progress(_("Restoring"), None) as advance:
            restored = restore_home(session.home, parts, identities, network, advance, ask_seed_passphrase)
    except BackupDamagedError as error:
        raise VerificationError("{reason}", reason=error) from error
    session.show(_restored_document(session, restored), lambda printer: _render_restored(session, printer, restored))


def _identities(path: Path) -> "list[Identity]":
    from cli.named_file import read_bytes
    from storage.backup.encryption import Identity

    return Identity.read_all(read_bytes(path, _IDENTITY_SIZE_BYTES_MAX), str(path))


def _parts(paths: list[Path]) -> list[Path]:
    from cli.errors import UsageError
    from storage.backup.part_folder import parts_in

    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise UsageError("{path} is not there; give a file or folder that `banyan backup` wrote", path=str(path))
        inside = parts_in(path) if path.is_dir() else [path]
        if not inside:
            raise UsageError("there is no backup in the folder {path}; give another one", path=str(path))
        found += inside
    return found


def _restored_document(session: Session, restored: "Restored") -> dict[str, object]:
    head = restored.head
    return {
        "home": str(session.home),
        "network": {"id": restored.genesis.network_id.hex(), "name": restored.genesis.name},
        "height": head.executed_height,
        "block_hash": head.tip_hash.hex(),
        "tree_size": head.tree_size,
        "state_digest": head.state_digest.hex(),
        "values": restored.value_count,
        "node": restored.has_node,
        "voter": restored.is_voter,
        "signed_height": restored.signed_height,
    }


def _render_restored(session: Session, printer: Printer, restored: "Restored") -> None:
    head = restored.head
    name = restored.genesis.name
    printer.good(_("The ledger of {name} is restored in {path}.").format(name=name, path=session.home))
    printer.fields(
        [
            (_("Network id"), restored.genesis.network_id.hex()),
            (_("Height"), head.executed_height),
            (_("Block"), head.tip_hash.hex()),
            (_("Log entries"), head.tree_size),
            (_("State digest"), head.state_digest.hex()),
            (_("Detached values"), restored.value_count),
        ]
    )
    if not restored.has_node:
        session.note(
            _(
                "This folder has no node: it can be read and audited. To run one, make a node with `banyan init` in a"
                " new folder and restore there."
            )
        )
        return
    if restored.signed_height:
        session.note(
            _(
                "This node has signed up to block {height}, which the backup does not hold: it signs nothing until it"
                " has caught up from other voters."
            ).format(height=restored.signed_height)
        )
    elif not restored.is_voter:
        session.note(_("This node is no voter: the others let it in once it is registered, or by invitation."))
    session.note(_("Next: `banyan run --home {path}`.").format(path=session.home))
