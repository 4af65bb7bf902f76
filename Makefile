# Two commands: `make demo` and `make test`. Everything they need is installed into .venv first.
.DEFAULT_GOAL := help
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
INSTALLED := .venv/.installed

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

install: $(INSTALLED) ## make .venv with the `recsys` command in it

$(INSTALLED): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "recsys needs Python 3.11 or later; set PYTHON=… (this one is %s)" % sys.version.split()[0])'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: install ## train on the shipped real data, register, serve on PORT, show answers
	$(BIN)/recsys demo --port $(PORT)

train: install ## train on what was imported, register, promote if it earns it
	$(BIN)/recsys train

serve: install ## serve the champion on PORT
	$(BIN)/recsys serve --port $(PORT)

test: install ## run all tests
	$(BIN)/pytest --numprocesses auto

check: install ## format, lint, types and import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install ## measure the hot paths as ratios to a bare route in the same run
	$(BIN)/python -m tests.bench

lock: ## pin every dependency by hash (needs uv)
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --quiet --upgrade -o requirements.lock

.PHONY: help install demo train serve test check bench lock
