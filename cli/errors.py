"""What a command can say when it fails, and the exit status that goes with it.

    BanyanError
    └── CommandError            exit 1: something on this machine is in the way
        ├── UsageError          exit 2: the command was called in the wrong way, or with a file that is not what it says
        ├── UnreachableError    exit 3: no node answers
        ├── RefusedError        exit 4: the ledger, or the node, says no
        └── VerificationError   exit 5: a proof, or a ledger, is not what it claims to be

Owns the exit statuses, which scripts rely on. Source: docs/reference/commands.md.
"""

from ledger.errors import BanyanError

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_UNREACHABLE = 3
EXIT_REFUSED = 4
EXIT_UNVERIFIED = 5
# A node ended, and would end again as soon as it was started: who starts it by itself (systemd) leaves it alone.
EXIT_HALTED = 6
# Errors that end a node so: it is too old for its network; what it signed and what it stores contradict each other.
HALTING_CODES = frozenset(("protocol-too-old", "ledger-contradiction", "database-stale"))
# 128 + SIGINT, as shells count it.
EXIT_INTERRUPTED = 130
# 128 + SIGPIPE: whoever read our output went away.
EXIT_BROKEN_PIPE = 141


class CommandError(BanyanError):
    """A command failed for a reason outside the ledger (a file, a disk, an answer that makes no sense)."""

    code = "command-failed"
    exit_status = EXIT_FAILED


class UsageError(CommandError):
    """The command line, or a file it names, is not what the command needs."""

    code = "usage"
    exit_status = EXIT_USAGE


class UnreachableError(CommandError):
    """The node does not answer."""

    code = "node-unreachable"
    exit_status = EXIT_UNREACHABLE


class RefusedError(CommandError):
    """The node or the ledger refused; `code` is the reason's own."""

    code = "refused"
    exit_status = EXIT_REFUSED


class VerificationError(CommandError):
    """What was to be verified does not hold."""

    code = "verification-failed"
    exit_status = EXIT_UNVERIFIED
