#!/bin/sh
# Makes .venv with exactly what requirements.lock pins; does nothing where that is already done.
set -eu
cd "$(dirname "$0")/.."

# Who names an interpreter gets it, also where there is an environment that another one made.
if [ -n "${BANYAN_PYTHON:-}" ]; then
    python=$(sh tools/choose-python.sh)
    build='import sys; print(sys.base_prefix, sys.version)'
    if [ -e .venv ] && [ "$("$python" -c "$build")" != "$(.venv/bin/python -c "$build" 2>/dev/null)" ]; then
        echo "set-up: .venv was made with another Python"
        rm -rf .venv
    fi
fi

stamp=.venv/set-up.sha256
wanted=$(cat requirements.lock requirements.in setup.py pyproject.toml cli/locale/*/LC_MESSAGES/*.po 2>/dev/null | sha256sum)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && .venv/bin/python -c '' 2>/dev/null; then
    exit 0
fi

python=$(sh tools/choose-python.sh)

# Debian keeps the means to make virtual environments in a package of its own.
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    package=$("$python" -c 'import sys; print("python3.%d-venv" % sys.version_info[1])')
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
        echo "set-up: installing $package"
        apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y "$package" >/dev/null
    else
        echo "set-up: Python cannot make virtual environments here; run as root: apt-get install $package" >&2
        exit 1
    fi
fi

# One whose making was interrupted has an interpreter but no pip yet.
if ! BANYAN_PYTHON=.venv/bin/python sh tools/choose-python.sh >/dev/null 2>&1 ||
    ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    echo "set-up: making .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv
fi
# -qq: the ways in which registries are set up on a machine may warn on every package; errors are still shown.
echo "set-up: installing what requirements.lock pins"
.venv/bin/python -m pip --disable-pip-version-check install -qq --root-user-action ignore \
    --require-hashes --requirement requirements.lock
.venv/bin/python -m pip --disable-pip-version-check install -qq --root-user-action ignore \
    --no-deps --no-build-isolation --editable .
echo "$wanted" >"$stamp"
