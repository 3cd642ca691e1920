# The book's commands. `make help` lists them.
# Only Python 3.11 or newer, make and git are needed; everything else goes into .venv.

PYTHON ?= python3
SCALE ?= quick
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BOOK := PYTHONPATH=tools $(BIN)/python -m bookbuild

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help:  ## List the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## */  make \1|/' | column -t -s '|'

.PHONY: setup
setup: $(READY)  ## Create .venv and install what requirements.txt pins

$(READY): requirements.txt constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed, $$($(PYTHON) --version) found; say PYTHON=python3.12 or so"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: book
book: $(READY)  ## Run every chapter that changed and build the site into _build/html
	@$(BOOK) build --scale $(SCALE)

.PHONY: serve
serve: $(READY)  ## Show the built site on localhost (PORT=8000)
	@$(BOOK) serve --port $(PORT)

.PHONY: test
test: $(READY)  ## Run all tests: package, chapters, their outputs, and the strict site
	@$(BIN)/python -m pytest

.PHONY: accept
accept: $(READY)  ## Run every chapter and write its outputs back into book/
	@$(BOOK) accept --scale quick

.PHONY: lint
lint: $(READY)  ## Check the style of code and notebooks
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

.PHONY: bench
bench: $(READY)  ## Run the benchmarks
	@set -e; for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script; done

.PHONY: lock
lock: $(READY)  ## Write constraints.txt from what is installed in .venv
	@$(BOOK) lock

.PHONY: clean
clean:  ## Remove _build (the site and the chapters' cache); .venv stays
	@rm -rf _build
