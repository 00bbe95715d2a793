# Everything a fresh machine needs is git, make and Python 3.11 or newer.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN_READY := $(VENV)/.run-ready
TEST_READY := $(VENV)/.test-ready
COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host

.PHONY: help demo run test bench burst bench-smoke chaos chaos-short soak check format lock clean

help:
	@echo "make demo    try it in the browser, without a token"
	@echo "make test    everything, on SQLite and PostgreSQL"
	@echo "make run     the real bot, from .env"
	@echo "make bench   how fast it is, beside what others would use"
	@echo "make burst   Telegram's limits, held and used for ten minutes"
	@echo "make chaos   fifty kills at random, and whether anything was lost"
	@echo "make soak    years of a clinic, at random, for HOURS=8"
	@echo "make check   format, lint, types, import contracts"
	@echo "make lock    pin the requirements anew, with hashes"

demo: $(RUN_READY)
	@exec $(BIN)/python -m bot demo

run: $(RUN_READY)
	@exec $(BIN)/python -m bot serve

# Four at a time also on two cores: a good part of the tests waits for processes that it has started.
test: $(TEST_READY)
	$(BIN)/python -m pytest -n 4 --dist worksteal

# Two to three gigabytes of disk under TMPDIR, a quarter of an hour, and nothing else to do on the machine.
bench: $(TEST_READY)
	$(BIN)/python -m tests.bench

# Telegram's limits for ten minutes at a stretch, on one database after the other.
burst: $(TEST_READY)
	$(BIN)/python -m tests.bench --burst 10 --out /dev/null

bench-smoke: $(TEST_READY)
	$(BIN)/python -m tests.bench --smoke --out /dev/null

# On both databases side by side. A seed that broke a promise is printed, and does the same again with --seed.
chaos: $(TEST_READY)
	$(BIN)/python -m tests.chaos

chaos-short: $(TEST_READY)
	$(BIN)/python -m tests.chaos --kills 5 --messages 200

# Ever new seeds; one that broke a promise is printed with its last steps, and comes again with `--years 1 --seed`.
HOURS ?= 8
DATABASE ?= sqlite
soak: $(TEST_READY)
	$(BIN)/python -m tests.year --hours $(HOURS) --database $(DATABASE)

check: $(TEST_READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(TEST_READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(TEST_READY)
	$(COMPILE) --extra dev --output-file requirements-dev.lock pyproject.toml
	$(COMPILE) --constraint requirements-dev.lock --output-file requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=python3.11 …"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The development requirements hold the others: whoever has them needs no second installation.
$(RUN_READY): requirements.lock | $(BIN)/python
	@test -e $(TEST_READY) && test $(TEST_READY) -nt requirements.lock \
		|| $(BIN)/pip install --quiet --require-hashes --requirement requirements.lock
	@touch $@

$(TEST_READY): requirements-dev.lock | $(BIN)/python
	$(BIN)/pip install --quiet --require-hashes --requirement requirements-dev.lock
	@touch $@
