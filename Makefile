# One command per job; the logic is Python: include/local/install.py and include/local/__main__.py.

SHELL := /bin/sh
.DEFAULT_GOAL := help
PYTHON ?= $(shell for python in .venv/bin/python python3 python3.13 python3.12 python3.11; do \
	if $$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; \
	then echo $$python; exit; fi; done)
VENV := .venv/bin
UV := $(firstword $(wildcard .venv/bin/uv) uv)

.PHONY: help setup run stop clean test lint lock bench bench-peers

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: ## Install the pinned packages into .venv (PYTHON=python3.12 chooses the interpreter)
	@test -n "$(PYTHON)" || { echo "setup failed: no Python 3.11, 3.12 or 3.13 found; name one with PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -m include.local.install

run: setup ## Start the whole stack and stay until Ctrl-C (ONCE=1 stops after the summary)
	@$(VENV)/python -m include.local up $(if $(filter-out 0,$(ONCE)),--once)

stop: ## Stop the stack, also what a killed one left behind
	@test -z "$(PYTHON)" || $(PYTHON) -m include.local down

clean: ## Stop the stack and remove everything that was installed, stored or cached
	@test -z "$(PYTHON)" || $(PYTHON) -m include.local clean
	@rm -rf .venv .local .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

test: setup lint ## Lint, then run all tests
	@$(VENV)/python -m pytest -q -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

lint: setup ## Check the style of Python and SQL
	@$(VENV)/ruff check .
	@$(VENV)/ruff format --check .
	@$(VENV)/sqlfluff lint --disable-progress-bar dbt_project/models dbt_project/tests migrations/sql

lock: setup ## Compile every requirements.in into its requirements.txt, and the pins of the image
	@$(UV) pip compile --quiet --universal --python-version 3.11 requirements.in -o requirements.txt
	@$(UV) pip compile --quiet --universal --python-version 3.11 benchmarks/peers/requirements.in -o benchmarks/peers/requirements.txt
	@$(UV) pip compile --quiet --python-version 3.13 --python-platform linux requirements-image.in -o requirements-image.txt

bench: setup ## Measure the path against what PostgreSQL itself needs (QUICK=1 takes about a minute)
	@$(VENV)/python -m benchmarks $(if $(filter-out 0,$(QUICK)),--quick)

bench-peers: setup ## Install what people use today into .local/peers; `make bench` then measures it as well
	@$(VENV)/python -m benchmarks.peers.install
