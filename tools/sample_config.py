"""Writes the sample settings in `deploy/` from `daemon.config`; `make samples`, and a test compares.

Source: docs/adr/0036-packaging.md.
"""

from pathlib import Path

from daemon.config import SMALL_MACHINE, Config

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
# Addresses that are set aside for documents (RFC 5737).
NAME, LISTEN, HTTP = "branch-1.example", "192.0.2.1:7001", "127.0.0.1:8001"


def samples() -> dict[Path, str]:
    """What `banyan init` and `banyan init --small` write into `config.toml`, by the sample's path."""
    return {
        DEPLOY / "config.sample.toml": Config(NAME, LISTEN, HTTP).to_toml(),
        DEPLOY / "config.small.toml": Config(NAME, LISTEN, HTTP, **SMALL_MACHINE).to_toml(),
    }


if __name__ == "__main__":
    for path, text in samples().items():
        path.write_text(text, "utf-8")
