# The front door. `make help` lists what there is.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run test check lint format types imports documents unit bench bench-loss bench-alerts screenshots clean

# uv on the PATH, or one of our own in .tools (see scripts/get_uv.py); nothing else needs to be there but Python 3.11+.
UV := $(shell command -v uv 2>/dev/null || echo .tools/uv)
RUN := $(UV) run --no-sync
PYTEST_ARGS ?=
WORKERS ?= 2

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/.ready ## Install what is missing, start the whole platform, show the main job on a demo site
	@scripts/get_chromium.sh
	@exec $(UV) run --no-sync monitors up --demo

test: check ## Lint, types, import rules, documents, then every test; one pytest summary
	@scripts/get_chromium.sh
	$(RUN) pytest -n $(WORKERS) --dist loadgroup $(PYTEST_ARGS)

check: lint types imports documents ## All checks that run no test

lint: .venv/.ready ## Ruff: rules and format
	$(RUN) ruff check .
	$(RUN) ruff format --check .

format: .venv/.ready ## Ruff: fix what can be fixed
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

types: .venv/.ready ## Pyright, strict
	$(RUN) pyright

imports: .venv/.ready ## contracts <- runtime <- services <- operator, and no I/O in domain code
	$(RUN) lint-imports

documents: .venv/.ready ## Committed schemas and API documents match the code, and break no older reader
	$(RUN) python -m monitors_contracts.documents --check
	$(RUN) python -m monitors_contracts.released --check

unit: .venv/.ready ## The fast tests alone
	$(RUN) pytest -n $(WORKERS) -m "not integration and not browser and not fault and not docker" $(PYTEST_ARGS)

bench: .venv/.ready ## Measure; see docs/benchmarks.md for the method
	$(RUN) python bench/run.py
	$(RUN) python bench/console.py

bench-loss: .venv/.ready ## Kill it, or its receiver, under accepted alerts: what was accepted is told (ALERTMANAGER=... beside it)
	$(RUN) python bench/loss.py

bench-alerts: .venv/.ready ## Alerts from the POST to the webhook: latency, bursts, load (ALERTMANAGER=... beside it)
	$(RUN) python bench/alerts.py

screenshots: .venv/.ready ## Every page of the console, light and dark, phone and desk, as pictures in .screenshots
	@scripts/get_chromium.sh
	MONITORS_SCREENSHOTS=.screenshots $(RUN) pytest -q tests/console/test_every_page.py

clean: ## Remove what was installed and what the demo keeps
	rm -rf .venv .tools .monitors

.tools/uv:
	@python3 scripts/get_uv.py .tools

.venv/.ready: pyproject.toml uv.lock $(wildcard libs/*/pyproject.toml services/*/pyproject.toml) $(if $(findstring .tools,$(UV)),.tools/uv)
	$(UV) sync --locked --all-packages --quiet
	@touch $@
