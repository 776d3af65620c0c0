# The commands of a working day. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help setup demo test check lint types unit simulation integration simulate mutants bench lock clean
SHELL := /bin/sh
PIPELINE := .venv/bin/pipeline
PYTEST := .venv/bin/python -m pytest
# Every branch of what decides about a record is taken by a test.
COVERAGE := --cov=pipeline.core --cov=pipeline.transforms --cov=pipeline.consumer --cov=pipeline.producer --cov-fail-under=100

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install everything into .venv (does nothing when it is up to date)
	@infra/setup.sh

demo: setup ## run the pipeline on real records of this machine; KEEP=1 leaves it up, PORT=4600 if 4566 is taken
	@$(PIPELINE) demo $(if $(KEEP),--keep) $(if $(PORT),--port $(PORT))

test: check integration ## everything: lint, types, unit, contract and integration tests

check: setup ## the fast, offline part of the tests
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target unit lint types simulation

lint: setup
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/lint-imports
	$(PIPELINE) schema check

types: setup
	.venv/bin/mypy

unit: setup
	$(PYTEST) tests/unit tests/contract $(COVERAGE)

simulation: setup
	$(PYTEST) tests/simulation

integration: setup
	$(PYTEST) -m integration tests/integration

simulate: setup ## 10,000 schedules of faults for consumers and for producers, and a kill at every call; a few minutes
	.venv/bin/python -m tests.simulation
	.venv/bin/python -m tests.simulation.producing

mutants: setup ## seed known bugs one by one, and see that a test notices each; about five minutes
	.venv/bin/python -m tests.mutants

bench: setup ## what a record costs, as ratios within one run
	.venv/bin/python tests/benchmarks/bench_process.py
	.venv/bin/python tests/benchmarks/bench_access_log.py
	.venv/bin/python tests/benchmarks/bench_items.py
	.venv/bin/python tests/benchmarks/bench_producer.py

lock: setup ## write the lock files anew
	cd requirements && ../.pipeline/uv/bin/uv pip compile --quiet --universal --generate-hashes bootstrap.in --output-file bootstrap.txt
	.pipeline/uv/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.13 --group dev pyproject.toml --output-file requirements/dev.txt
	.pipeline/uv/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.13 --constraint requirements/dev.txt requirements/lambda.in --output-file requirements/lambda.txt
	infra/localstack/lock.sh

clean: ## remove everything that was installed or built here
	rm -rf .venv .pipeline dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage htmlcov
