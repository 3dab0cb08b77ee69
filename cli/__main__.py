"""The entry of `banyan`, and of `python -m cli`, which is the same command.

Owns the moment before the command line is there: who breaks it off while its modules are read is told so as later.
"""

import sys


def main() -> int:
    """Run the command that the process was given; its exit status (docs/reference/commands.md)."""
    try:
        from cli.main import main as run
    except KeyboardInterrupt:
        from cli.errors import EXIT_INTERRUPTED

        # What knows the language is among the modules that were not read.
        sys.stderr.write("Error: Interrupted.\n")
        return EXIT_INTERRUPTED
    return run()


if __name__ == "__main__":
    sys.exit(main())
