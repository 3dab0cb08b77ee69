# Everything runs from a virtual environment beside this file. No path is used absolutely and no script of the
# environment is called by its own name, so a folder with a space in its name is as good as any other.
PYTHON := .venv/bin/python
MINUTES ?= 5
# Tests and demonstration start hundreds of processes: each would compile everything again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test lint set-up lock catalogues diagrams samples bench bench-peers mutants soak process-soak fuzz clean

help:
	@echo "make demo        set up, run four nodes, put real records on their ledger and verify them"
	@echo "make test        set up, run every check"
	@echo "make lint        the checks that run nothing"
	@echo "make catalogues  collect the texts for people and update the translations"
	@echo "make diagrams    draw how the house is built, from its imports, and who may do what, from the declarations"
	@echo "make samples     write the sample settings in deploy/ from those that the program knows"
	@echo "make bench       measure; the figures go to benchmarks/results/"
	@echo "make bench-peers  measure beside etcd, NATS and PySyncObj, which are fetched from Debian and PyPI"
	@echo "make soak        simulate networks with fresh seeds for ten minutes; every rule must hold"
	@echo "make process-soak  one network of four real nodes under load and faults, for 70 minutes; writes its report"
	@echo "make fuzz        send nearly right bytes to all that reads what peers send; 5 minutes, or MINUTES=60"
	@echo "make mutants     break agreement on purpose, 5 minutes; the tests must notice each time"
	@echo "make lock        pin the newest allowed releases in requirements.lock"
	@echo "make clean       remove what the targets above made"

demo: set-up
	@$(PYTHON) -m cli demo --once

# Beside the checks, what the tests are made of is compiled once, instead of by every worker.
test: set-up
	@$(PYTHON) -m pytest --collect-only -qq -n 0 >/dev/null 2>&1 & collecting=$$!; \
		$(MAKE) --no-print-directory lint; linted=$$?; wait $$collecting; exit $$linted
	@$(PYTHON) -m pytest

lint: set-up
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy & types=$$!; \
		$(PYTHON) -c "from importlinter.cli import lint_imports_command as run; run()"; layers=$$?; \
		wait $$types && exit $$layers

set-up:
	@sh tools/set-up.sh

lock: set-up
	@$(PYTHON) -m pip install --quiet uv
	@$(PYTHON) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		requirements-dev.in --output-file requirements.lock

diagrams: set-up
	@$(PYTHON) -m tools.diagrams
	@$(PYTHON) -m tools.permissions

samples: set-up
	@$(PYTHON) -m tools.sample_config

catalogues: set-up
	@$(PYTHON) tools/catalogues.py

bench: set-up
	@$(PYTHON) -m benchmarks.append
	@$(PYTHON) -m benchmarks.core
	@$(PYTHON) -m benchmarks.signatures
	@$(PYTHON) -m benchmarks.rules
	@$(PYTHON) -m benchmarks.pipeline
	@$(PYTHON) -m benchmarks.gossip
	@$(PYTHON) -m benchmarks.growth
	@$(PYTHON) -m benchmarks.simulator
	@$(PYTHON) -m benchmarks.sweep
	@$(PYTHON) -m benchmarks.network
	@$(PYTHON) -m benchmarks.start
	@$(PYTHON) -m benchmarks.audit
	@$(PYTHON) -m benchmarks.snapshots
	@$(PYTHON) -m benchmarks.stages
	@$(PYTHON) -m benchmarks.bound
	@$(PYTHON) -m benchmarks.state_sync
	@$(PYTHON) -m benchmarks.restarts
	@$(PYTHON) -m benchmarks.reads
	@$(PYTHON) -m benchmarks.listeners
	@$(PYTHON) -m benchmarks.overload
	@$(PYTHON) -m benchmarks.large_ledger
	@$(PYTHON) -m benchmarks.shapes

bench-peers: set-up
	@$(PYTHON) -m benchmarks.peers

soak: set-up
	@nice -n 10 $(PYTHON) -m tools.soak

process-soak: set-up
	@$(PYTHON) -m tools.process_soak --page docs/reference/soak-report.md

fuzz: set-up
	@nice -n 10 $(PYTHON) -m tools.fuzz --minutes $(MINUTES)

mutants: set-up
	@nice -n 10 $(PYTHON) -m tools.mutants

clean:
	@rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache demo-home
