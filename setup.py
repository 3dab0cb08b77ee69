"""Metadata and the explicit list of packages; the message catalogues are compiled on the way."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent
LOCALE = HERE / "cli" / "locale"
# Written out, so that a folder becomes part of the application only on purpose; tests/test_house.py compares.
PACKAGES = [
    "cli",
    "cli.audit",
    "cli.bench",
    "cli.commands",
    "cli.demo",
    "cli.doctor",
    "cli.importing",
    "cli.invented",
    "cli.reports",
    "consensus",
    "contracts",
    "contracts.attendance",
    "contracts.authority",
    "contracts.ballots",
    "contracts.ballots.counting",
    "contracts.calendar",
    "contracts.cases",
    "contracts.completeness",
    "contracts.indices",
    "contracts.members",
    "contracts.packs",
    "contracts.packs.sections",
    "contracts.records",
    "contracts.rules",
    "contracts.schedule",
    "contracts.treasury",
    "contracts.units",
    "contracts.warnings",
    "daemon",
    "daemon.api",
    "ledger",
    "p2p",
    "packs",
    "simulator",
    "simulator.checkers",
    "simulator.liars",
    "storage",
    "storage.backup",
]


class BuildWithCatalogues(build_py):
    """Compiles each `.po` to the `.mo` beside it before the packages are collected, for editable installs too."""

    def run(self) -> None:
        """Compile, then build as usual; a checkout without catalogues builds too."""
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po

        for source in sorted(LOCALE.glob("*/LC_MESSAGES/*.po")):
            with source.open("rb") as texts:
                catalogue = read_po(texts)
            with source.with_suffix(".mo").open("wb") as compiled:
                write_mo(compiled, catalogue)
        super().run()


setup(
    name="banyan-ledger",
    version="0.1.0",
    description="A ledger that a membership organisation runs itself",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=PACKAGES,
    package_data={
        "cli": ["locale/*.pot", "locale/*/LC_MESSAGES/*.po", "locale/*/LC_MESSAGES/*.mo"],
        "cli.demo": ["data/*/*"],
        "packs": ["*/*.toml", "*/scenarios/*.toml"],
    },
    install_requires=[
        line
        for line in (HERE / "requirements.in").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ],
    entry_points={"console_scripts": ["banyan=cli.__main__:main"]},
    cmdclass={"build_py": BuildWithCatalogues},
    zip_safe=False,
)
