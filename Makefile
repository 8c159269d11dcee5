# make app    start the page on http://127.0.0.1:7860
# make check  lint, types, import contracts and the quick tests: under a minute
# make test   the same with the whole suite
# make fuzz   10,000 hostile files: each must end in a picture or in a reason
# make attack every known attack on the page, each with its verdict
# make load   400 photos by 40 clients at once through the page; make soak: 2,000 one after another
# make flood  200 photos by 40 clients, alone and beside a hostile one: none is lost, p95 at most doubles
# make bench  time and memory beside the usual way, as tables
# make venv   only build .venv from the pinned requirements
# make test-all   the same, and the Space built and started as the Hub does it (needs root)
# make space SPACE=owner/name   put the page on a Hugging Face Space
# PYTHON=python3.12 make …  uses another Python (3.11 or later)

PYTHON ?= python3
PORT ?= 7860
BIN := .venv/bin

.PHONY: app check test test-all lint types venv browser nginx wheel space space-check clean
.PHONY: fuzz attack load soak flood bench
.DEFAULT_GOAL := app

app: .venv/run.stamp
	@$(BIN)/python app.py --port $(PORT)

check: venv types
	$(BIN)/python -m pytest -n 2 -m "not slow and not browser"

test: venv browser nginx types
	$(BIN)/python -m pytest

# Nothing here changes a file; `make lint` does.
types: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy

test-all: test space-check

# Ten thousand hostile files through the whole way; `make test` runs a minute of them.
fuzz: venv
	$(BIN)/python -m tests.fuzz --files 10000 --odd 3000 --worst 120

# Some minutes; `make test` makes those of them that are quick.
attack: venv
	$(BIN)/python -m tests.attack

# Through the page's public endpoint: 400 photos by 40 clients at once; 2,000 photos one after another.
load: venv
	$(BIN)/python -m tests.load --clients 40 --photos 400

flood: venv
	$(BIN)/python -m tests.load --clients 40 --photos 200 --flood

soak: venv
	$(BIN)/python -m tests.load --clients 1 --photos 2000

# This beside the usual way and a network of ECCV16's size: time, memory, ratios. On a quiet machine.
bench: venv
	PYTHONPATH=. $(BIN)/python scripts/bench.py

lint: venv
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/lint-imports --no-cache

# dist/colorizer-*.whl, which pip installs anywhere, weights included.
wheel: venv
	$(BIN)/python -m build --wheel --no-isolation

space: .venv/run.stamp
	@test -n "$(SPACE)" || { echo "Say which: make space SPACE=owner/name" >&2; exit 2; }
	$(BIN)/python -m colorizer deploy $(SPACE)

space-check: .venv/run.stamp
	$(BIN)/python scripts/space_check.py

venv: .venv/dev.stamp .venv/wheels.stamp

# What the tests of the page drive; on Debian root gets it by itself, everybody else gets instructions.
browser: venv
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
	    ! $(BIN)/python -m tests.helpers.chromium >/dev/null 2>&1; then \
	  apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; \
	fi
	@$(BIN)/python -m tests.helpers.chromium

# The proxy that the tests put in front of two pages; root gets it by itself, too.
nginx:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
	    ! command -v nginx >/dev/null && ! [ -x /usr/sbin/nginx ]; then \
	  apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nginx; \
	fi
	@command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || \
	  { echo "The tests need nginx; on Debian: apt-get install nginx" >&2; exit 1; }

# A stamp is touched when its install succeeded: nothing is installed again until a pinned file changes.
.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed; $(PYTHON) is $$($(PYTHON) --version 2>&1)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
	  { echo "Python's venv module is missing; on Debian: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/run.stamp: requirements.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/dev.stamp: requirements-dev.txt .venv/run.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

# What the tests install the package from, so that they need no network.
.venv/wheels.stamp: requirements.txt pyproject.toml tests/helpers/wheels.py .venv/dev.stamp
	rm -rf .venv/wheels
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --only-binary=:all: --dest .venv/wheels \
	    $$($(BIN)/python -m tests.helpers.wheels)
	@touch $@

clean:
	rm -rf .venv .pytest_cache .ruff_cache .mypy_cache .gradio dist
