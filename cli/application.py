"""The commands of `banyan`, in the order of the overview.

Owns the list. The modules named here import nothing heavy: trio, lmdb, the web and the store are loaded by the
command that needs them, so that `banyan --help` is there at once.
"""

from functools import cache
from importlib import metadata
from typing import Any

from cli.commands.attendance import attendance_codes, attendance_open, attendance_sign_in
from cli.commands.audit import audit
from cli.commands.backup import backup, restore
from cli.commands.bench import bench
from cli.commands.chain import block, status, tx
from cli.commands.commitment import commitment_new, commitment_show
from cli.commands.demo import demo
from cli.commands.doctor import doctor
from cli.commands.history import history
from cli.commands.import_plan import import_plan
from cli.commands.invite import invite
from cli.commands.keygen import keygen
from cli.commands.keys import keys_change, keys_list, keys_next, keys_rotate, keys_seal, keys_unseal
from cli.commands.network import network_new
from cli.commands.node_folder import init, join, run
from cli.commands.pack import pack_check, pack_propose, pack_test
from cli.commands.peers import peers
from cli.commands.proofs import policy, receipt
from cli.commands.protocol import (
    protocol_announce,
    protocol_cancel,
    protocol_set,
    protocol_show,
    protocol_statement,
)
from cli.commands.prove_key import prove_key
from cli.commands.records import get, list_records
from cli.commands.report import report_commands
from cli.commands.simulate import simulate
from cli.commands.snapshot import snapshot_list, snapshot_make, snapshot_verify
from cli.commands.submit import submit
from cli.commands.submit_batch import submit_batch
from cli.commands.successor import successor_draft, successor_endorse, successor_policy, successor_show
from cli.commands.verify import verify
from cli.commands.voters import (
    voters_add,
    voters_approve,
    voters_list,
    voters_promote,
    voters_remove,
    voters_transfer,
)
from cli.commands.watch import watch
from cli.declaration import Command, build
from cli.language import N_, language

SUMMARY = N_("A ledger that a membership organisation runs itself.")

_SET_UP = N_("Set up and run")
_WRITE = N_("Write")
_READ = N_("Read")
_PROVE = N_("Prove and verify")
_TRY = N_("Try out")

COMMANDS = (
    Command("keygen", keygen, N_("Make a member's key and print its public part."), _SET_UP),
    Command("prove-key", prove_key, N_("Show that a key can sign, for who enrols its owner or adds it."), _SET_UP),
    Command("init", init, N_("Make a node's folder: settings, secret seed, public description."), _SET_UP),
    Command("network new", network_new, N_("Make the genesis of a new network from its first nodes."), _SET_UP),
    Command("join", join, N_("Tie a node's folder to a network."), _SET_UP),
    Command("invite", invite, N_("Invite a node that the genesis does not name to join through this one."), _SET_UP),
    Command("run", run, N_("Run the node in the foreground; READY is printed once it serves."), _SET_UP),
    Command("status", status, N_("Show how the node is."), _SET_UP),
    Command("watch", watch, N_("Show nodes, roles, heights, lag and throughput, live."), _SET_UP),
    Command("doctor", doctor, N_("Tell what is wrong with node and network, where, and what to do."), _SET_UP),
    Command("peers", peers, N_("Show who is connected and how well, and who was turned away."), _SET_UP),
    Command("voters list", voters_list, N_("Show the nodes, who of them votes, and what is proposed."), _SET_UP),
    Command("voters add", voters_add, N_("Take a node into the registry; it follows without a vote."), _SET_UP),
    Command("voters promote", voters_promote, N_("Make a voter of a node that follows."), _SET_UP),
    Command("voters remove", voters_remove, N_("Take a voter's vote away, or a node out of the registry."), _SET_UP),
    Command("voters approve", voters_approve, N_("Approve what another administrator has proposed."), _SET_UP),
    Command("voters transfer", voters_transfer, N_("Let another voter lead."), _SET_UP),
    Command("protocol show", protocol_show, N_("Show the protocol's version, and what nodes can follow."), _SET_UP),
    Command("protocol statement", protocol_statement, N_("Print what the running node can follow."), _SET_UP),
    Command("protocol announce", protocol_announce, N_("Announce what nodes can follow."), _SET_UP),
    Command("protocol set", protocol_set, N_("Let blocks follow a newer version from a height on."), _SET_UP),
    Command("protocol cancel", protocol_cancel, N_("Take back the version that is scheduled."), _SET_UP),
    Command("keys list", keys_list, N_("Show how old the keys of the nodes are."), _SET_UP),
    Command("keys next", keys_next, N_("Make a node's next keys beside those it has."), _SET_UP),
    Command("keys rotate", keys_rotate, N_("Replace a node's keys, step by step; can be run again."), _SET_UP),
    Command("keys change", keys_change, N_("Go on under the next keys, whatever the ledger here says."), _SET_UP),
    Command("keys seal", keys_seal, N_("Put the node's seed under a passphrase."), _SET_UP),
    Command("keys unseal", keys_unseal, N_("Leave the node's seed in the clear."), _SET_UP),
    Command("snapshot make", snapshot_make, N_("Make a snapshot of the state for other nodes."), _SET_UP),
    Command("snapshot list", snapshot_list, N_("Show the snapshots that the node has."), _SET_UP),
    Command("snapshot verify", snapshot_verify, N_("Hold snapshots against the headers of the ledger."), _SET_UP),
    Command("pack check", pack_check, N_("Tell what a policy pack declares, or all that is wrong."), _SET_UP),
    Command("pack test", pack_test, N_("Play the scenarios of a policy pack on a ledger in memory."), _SET_UP),
    Command("pack propose", pack_propose, N_("Publish a policy pack and propose to put it in force."), _SET_UP),
    Command("backup", backup, N_("Back the ledger up while the node runs: whole, or what is new."), _SET_UP),
    Command("restore", restore, N_("Put a ledger back from a backup, safely as to what the node signed."), _SET_UP),
    Command("successor draft", successor_draft, N_("Draft a network that takes over from a lost one."), _SET_UP),
    Command("successor endorse", successor_endorse, N_("Sign a successor's genesis as a survivor."), _SET_UP),
    Command("successor show", successor_show, N_("Show whom a network takes over from, verified."), _SET_UP),
    Command("successor policy", successor_policy, N_("Print the old network's policy, for its receipts."), _SET_UP),
    Command("demo", demo, N_("Run a network on this machine with a real data set."), _SET_UP),
    Command("submit", submit, N_("Hand in one transaction and wait for what becomes of it."), _WRITE),
    Command("submit-batch", submit_batch, N_("Hand in many from a file; can be broken off and resumed."), _WRITE),
    Command("import", import_plan, N_("Bring in tables (CSV, XLSX) by a plan; checked first, never twice."), _WRITE),
    Command("attendance open", attendance_open, N_("Open an attendance list with codes that change."), _WRITE),
    Command("attendance codes", attendance_codes, N_("Show the code that people sign in with now."), _WRITE),
    Command("attendance sign-in", attendance_sign_in, N_("Sign in with the code that is shown now."), _WRITE),
    Command("commitment new", commitment_new, N_("Commit to words that are shown later, such as a pledge."), _WRITE),
    Command("commitment show", commitment_show, N_("Show what a file commits to."), _WRITE),
    Command("get", get, N_("Show one record."), _READ),
    Command("list", list_records, N_("Show records of one kind."), _READ),
    Command("history", history, N_("Show all that concerns a unit or person, each link verified."), _READ),
    Command("tx", tx, N_("Show a committed transaction, decoded."), _READ),
    Command("block", block, N_("Show a block, decoded."), _READ),
    *report_commands(_READ),
    Command("receipt", receipt, N_("Get the receipt of a transaction and its result proof."), _PROVE),
    Command("policy", policy, N_("Print the network's verification policy."), _PROVE),
    Command("verify", verify, N_("Verify receipts offline: what is proven, by whom, as of when."), _PROVE),
    Command("audit", audit, N_("Re-derive a whole ledger and name the first thing that is wrong."), _PROVE),
    Command("simulate", simulate, N_("Run a virtual network with faults, judged by rules."), _TRY),
    Command("bench", bench, N_("Measure a network of real nodes on this machine."), _TRY),
)
GROUPS = {
    "successor": N_("A network that takes over from one that lost its quorum for good."),
    "commitment": N_("Words that are committed to now and shown later."),
    "attendance": N_("Who was there: lists with codes that change."),
    "network": N_("Make a network."),
    "report": N_("Figures and lists about units, computed from the ledger; anybody gets the same."),
    "keys": N_("The keys of nodes: how old they are, new ones, a passphrase."),
    "pack": N_("Policy packs: check one, and propose to put it in force."),
    "protocol": N_("Which version of the protocol the network follows, and from when on."),
    "snapshot": N_("The state in chunks that new nodes fetch and check."),
    "voters": N_("Who belongs to the network as a node, and who votes."),
}


def version() -> str:
    """The installed version; `0` where the project runs from its folder without being installed."""
    try:
        return metadata.version("banyan-ledger")
    except metadata.PackageNotFoundError:
        return "0"


def build_application() -> Any:
    """The whole command line, with its texts in the language in use."""
    return _application(language())


@cache
def _application(_language: str) -> Any:
    # Its texts are those of the language that it is built in. A program that runs many commands, as the tests do,
    # builds it once for each: what one command leaves in it, the next one's own words replace.
    return build(COMMANDS, GROUPS, SUMMARY, version())
