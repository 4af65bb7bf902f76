# Two commands: `make demo` and `make test`. What each needs is installed into .venv first.
.DEFAULT_GOAL := help
VENV ?= .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell test -x $(BIN)/python && echo $(BIN)/python || echo python3)
PORT ?= 8000

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

install: python ## make .venv with the `recsys` command in it; PYTHON=python3.13 picks another Python
	@$(PYTHON) install.py $(VENV)

tools: python ## add what tests and checks
	@$(PYTHON) install.py $(VENV) --dev

python:
	@command -v $(PYTHON) >/dev/null || { echo "recsys needs Python 3.11 or later, and there is no $(PYTHON); set PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "recsys needs Python 3.11 or later; set PYTHON=… (this one is %s)" % sys.version.split()[0])'

demo: install ## train on the shipped real data, register, serve on PORT, show answers
	$(BIN)/recsys demo --port $(PORT)

train: install ## train on what was imported, register, promote if it earns it
	$(BIN)/recsys train

serve: install ## serve the champion on PORT
	$(BIN)/recsys serve --port $(PORT)

PYTEST := $(BIN)/pytest --numprocesses auto --dist loadfile
test: tools ## run all tests
	$(PYTEST)

coverage: tools ## run all tests and say which lines none of them reaches; half as slow again
	$(PYTEST) --cov --cov-report=term --cov-fail-under=95

check: tools ## format, lint, types and import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: tools ## measure the hot paths as ratios to a bare route in the same run
	$(BIN)/python -m tests.bench

PIN := uv pip compile --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	--no-strip-extras --no-emit-index-url --custom-compile-command 'make lock' --quiet $(UPGRADE)
lock: ## pin every dependency by hash (needs uv); UPGRADE=--upgrade takes the newest of each
	$(PIN) pyproject.toml -o requirements.lock
	$(PIN) pyproject.toml --extra s3 --extra spark -c requirements.lock -o requirements-scale.lock
	$(PIN) pyproject.toml --group dev -c requirements.lock -c requirements-scale.lock -o requirements-dev.lock
	$(PIN) --group install -c requirements-dev.lock -o requirements-install.lock

.PHONY: help install tools python demo train serve test coverage check bench lock
