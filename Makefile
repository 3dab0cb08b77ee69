# Everything runs from a virtual environment beside this file. No path is used absolutely and no script of the
# environment is called by its own name, so a folder with a space in its name is as good as any other.
PYTHON := .venv/bin/python
MINUTES ?= 5
# Tests and demonstration start hundreds of processes: each would compile everything again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test lint set-up lock catalogues diagrams bench mutants soak fuzz clean

help:
	@echo "make demo        set up, run four nodes, put real records on their ledger and verify them"
	@echo "make test        set up, run every check"
	@echo "make lint        the checks that run nothing"
	@echo "make catalogues  collect the texts for people and update the translations"
	@echo "make diagrams    draw how the house is built, from its imports, and who may do what, from the declarations"
	@echo "make bench       measure; the figures go to benchmarks/results/"
	@echo "make soak        simulate networks with fresh seeds for ten minutes; every rule must hold"
	@echo "make fuzz        send nearly right bytes to all that reads what peers send; 5 minutes, or MINUTES=60"
	@echo "make mutants     break agreement on purpose, 5 minutes; the tests must notice each time"
	@echo "make lock        pin the newest allowed releases in requirements.lock"
	@echo "make clean       remove what the targets above made"

demo: set-up
	@$(PYTHON) -m cli demo --once

test: lint
	@$(PYTHON) -m pytest

lint: set-up
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy
	@$(PYTHON) -c "from importlinter.cli import lint_imports_command as run; run()"

set-up:
	@sh tools/set-up.sh

lock: set-up
	@$(PYTHON) -m pip install --quiet uv
	@$(PYTHON) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		requirements-dev.in --output-file requirements.lock

diagrams: set-up
	@$(PYTHON) -m tools.diagrams
	@$(PYTHON) -m tools.permissions

catalogues: set-up
	@$(PYTHON) tools/catalogues.py

bench: set-up
	@$(PYTHON) -m benchmarks.append
	@$(PYTHON) -m benchmarks.core
	@$(PYTHON) -m benchmarks.rules
	@$(PYTHON) -m benchmarks.pipeline
	@$(PYTHON) -m benchmarks.gossip
	@$(PYTHON) -m benchmarks.simulator
	@$(PYTHON) -m benchmarks.sweep
	@$(PYTHON) -m benchmarks.network
	@$(PYTHON) -m benchmarks.start
	@$(PYTHON) -m benchmarks.audit

soak: set-up
	@nice -n 10 $(PYTHON) -m tools.soak

fuzz: set-up
	@nice -n 10 $(PYTHON) -m tools.fuzz --minutes $(MINUTES)

mutants: set-up
	@nice -n 10 $(PYTHON) -m tools.mutants

clean:
	@rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache demo-home
