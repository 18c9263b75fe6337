# Targets a person types. Each sets up what it needs; `make rules` and `make test` are all a newcomer has to know.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := rules

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# The locks are complete, extras included: nothing is looked up at a registry but the locked files themselves, and nothing is built.
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet --require-virtualenv --no-deps

# Half of the tests wait for a server's next evaluation most of their time.
TEST_JOBS ?= $(shell expr 2 \* $$(nproc 2>/dev/null || echo 2))
# promtool and vmalert-tool spend a quarter of their time on collecting garbage otherwise.
export GOGC ?= 400

.PHONY: help rules webhook test quick check pythons mutants fuzz law chaos demo bench servers lock update-golden format clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*  ## \(.*\)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

rules: $(VENV)/compile.stamp  ## compile thresholds.yaml and runbooks/ into generated/
	$(BIN)/tocsin compile

webhook: $(VENV)/base.stamp  ## install what tocsin-webhook needs, too

test: $(VENV)/dev.stamp servers  ## every test, with real servers
	$(BIN)/python -m pytest --numprocesses $(TEST_JOBS) --dist worksteal

quick: $(VENV)/dev.stamp  ## lint, types and the fast tests, within a minute: for the time between two commits
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q --numprocesses logical --dist worksteal -m "not slow" tests/compiler tests/webhook

check: $(VENV)/dev.stamp servers  ## lint, types, import contracts, generated/ up to date and accepted and proved by promtool and amtool
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/tocsin compile --check
	$(BIN)/python -m testbed.accept generated
	$(BIN)/python -m testbed.audit

pythons: $(VENV)/dev.stamp servers  ## the compiler's tests on each supported Python of this machine
	$(BIN)/python -m testbed.pythons

mutants: $(VENV)/dev.stamp servers  ## change generated/ in hundreds of small ways: its own tests must notice each
	$(BIN)/python -m testbed.mutants generated

fuzz: $(VENV)/dev.stamp servers  ## 100,000 damaged inputs and 50,000 damaged deliveries: none may end in a traceback or a half-written output
	$(BIN)/python -m testbed.fuzz --count 100000 --jobs 2 --ask-every 40
	$(BIN)/python -m testbed.payloads --count 50000
	$(BIN)/python -m testbed.commands
	$(BIN)/python -m testbed.hostile --count 20000

law: $(VENV)/dev.stamp  ## a million steps against the law of ends and holds, and 20 mistakes in the room that decides
	$(BIN)/python -m testbed.law --steps 1000000
	$(BIN)/python -m testbed.law.mutations --count 20 --seed 1

chaos: $(VENV)/dev.stamp servers  ## 2,000 alerts in bad weather, while the webhook is killed 20 times and its receivers fail, on either store, three seeds each: nothing may be lost
	for seed in 1 2 3; do $(BIN)/python -m testbed.chaos --seed $$seed --weather all || exit 1; done
	for seed in 1 2 3; do $(BIN)/python -m testbed.chaos --seed $$seed --weather all --replicas 3 || exit 1; done

demo: $(VENV)/dev.stamp servers  ## a whole pipeline on this machine: breaks a service, shows the page, mends it
	$(BIN)/python -m testbed.demo

bench: $(VENV)/dev.stamp servers  ## the benchmarks, beside what they are compared to
	$(BIN)/python -m benchmarks

servers: .servers/.stamp .servers/browser/.stamp  ## Prometheus and Alertmanager of both supported generations, and Chromium, unpacked into .servers/

.servers/.stamp: testbed/install-servers
	testbed/install-servers .servers

.servers/browser/.stamp: testbed/install-browser
	testbed/install-browser .servers/browser

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/compile.stamp: requirements/compile.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) --only-binary :all: --require-hashes --requirement requirements/compile.txt
	$(PIP) --no-build-isolation --no-index --editable .
	touch $@

$(VENV)/base.stamp: requirements/base.txt $(VENV)/compile.stamp
	$(PIP) --only-binary :all: --require-hashes --requirement requirements/base.txt
	touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/compile.stamp
	$(PIP) --only-binary :all: --require-hashes --requirement requirements/dev.txt
	touch $@

UV_LOCK = uv pip compile --quiet --universal --python-version 3.11 --only-binary :all: --generate-hashes --no-emit-index-url --no-header $(UV_LOCK_FLAGS)

lock:  ## renew the hashed requirements (needs uv; `make lock UV_LOCK_FLAGS=--upgrade` takes newer releases)
	$(UV_LOCK) --extra postgres --extra apprise --group build pyproject.toml --output-file requirements/base.txt
	$(UV_LOCK) --group compile --constraint requirements/base.txt --output-file requirements/compile.txt
	$(UV_LOCK) --extra postgres --extra apprise --group dev --constraint requirements/base.txt pyproject.toml --output-file requirements/dev.txt
	$(UV_LOCK) --group compile-tests --constraint requirements/dev.txt --output-file requirements/compile-tests.txt
	uv venv --quiet --clear build/bill
	uv pip install --quiet --python build/bill --no-deps --only-binary :all: --require-hashes --requirement requirements/base.txt
	uv tool run --quiet --from 'cyclonedx-bom>=7.5' cyclonedx-py environment build/bill --pyproject pyproject.toml --output-reproducible --spec-version 1.6 \
	  | $(PYTHON) -m testbed.bill >requirements/bill.cdx.json

update-golden: $(VENV)/dev.stamp  ## refresh the goldens; read the difference afterwards
	$(BIN)/python -m pytest --numprocesses 0 --snapshot-update
	$(BIN)/python -m compiler.checks docs/checks.md

format: $(VENV)/dev.stamp  ## mend what ruff can mend
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

clean:  ## remove everything that is made here, but generated/
	rm -rf $(VENV) .servers .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist
