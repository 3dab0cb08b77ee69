#!/bin/sh
# Prints the interpreter that .venv is made with. A distribution's own comes before what PATH names first: it is built with
# profile-guided optimisation, one that was compiled on the spot mostly is not (docs/adr/0044-which-interpreter.md).
# BANYAN_PYTHON overrules both.
set -eu

fits='import sys; sys.exit(sys.version_info < (3, 11))'
if [ -n "${BANYAN_PYTHON:-}" ]; then
    if "$BANYAN_PYTHON" -c "$fits" 2>/dev/null; then
        echo "$BANYAN_PYTHON"
        exit 0
    fi
    echo "set-up: BANYAN_PYTHON is '$BANYAN_PYTHON', which is no Python 3.11 or later; name another or unset it" >&2
    exit 1
fi

# One that can make virtual environments as it is comes before one that a package has to be installed for.
for needed in 'import ensurepip, venv' ''; do
    for candidate in /usr/bin/python3 python3 python3.13 python3.12 python3.11; do
        if "$candidate" -c "$fits" 2>/dev/null && "$candidate" -c "$needed" 2>/dev/null; then
            echo "$candidate"
            exit 0
        fi
    done
done
echo "set-up: no Python 3.11 or later was found; install one: apt-get install python3 python3-venv" >&2
exit 1
