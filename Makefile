# One command does everything, the same here and in CI.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
CACHE  := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/watchkeeper
JOBS   ?= 2

.PHONY: help setup page programs demo test check format reference bench clean

help:
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: $(VENV)/.ready page ## create .venv with all that the other targets need

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	WATCHKEEPER_SKIP_PAGE=1 $(BIN)/python -m pip install --quiet --editable ".[apprise,demo,kafka,nats,otel,postgres]" --group dev
	@touch $@

page: $(VENV)/.ready ## build the page into the package (skipped when nothing changed)
	$(BIN)/python hatch_build.py

programs: ## install what only the tests need (PostgreSQL, NATS, Chromium) where this machine allows it
	tools/test-programs

demo: setup ## watch a real model on real flights, then serve the page
	$(BIN)/watchkeeper demo

test: setup programs ## check, then every other test
	$(MAKE) --no-print-directory check
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup tests --ignore tests/docs --ignore tests/architecture

check: setup ## format, lint, types, import contracts, doctests, docs, schemas
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/python -m pytest -q -n $(JOBS) src tests/docs tests/architecture

format: $(VENV)/.ready ## format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

reference: $(VENV)/.ready ## write the generated pages of docs/reference
	$(BIN)/python tools/reference.py

bench: setup ## measure, print ratios, and record them in benchmarks/RESULTS.md
	$(BIN)/python benchmarks/run.py

clean: ## remove what was built here
	rm -rf $(VENV) build dist web/node_modules web/dist src/watchkeeper/server/page
