# Everything sets itself up: `make demo` and `make test` need Python 3.11+ and Node 20+ and nothing else.
PYTHON ?= python3
ARGS ?=
PY := .venv/bin/python
PY_TRAIN := .venv-train/bin/python
PY_BENCH := .venv-bench/bin/python
# Two tests at a time, those of a file one after another.
BESIDE := -n 2 --dist loadfile
PACKAGES := fabwafer edge_component lambdas infra sandbox bench
SOURCES := $(PACKAGES) training tests scripts notebooks app.py
# The CDK's runtime prints a banner about each old Node version at every start.
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20
# scripts/setup compiles nothing: what is imported is compiled once, here too where the environment forbids it.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-loop sandbox test test-sandbox test-browser test-long test-arm64 check lint types imports synth bench bench-drift bench-model bench-review \
	model-report walk format schemas openapi lock component app train portal portal-check

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | expand -t 16

setup: app ## the Python environment and the CDK command line

app:
	@$(PYTHON) scripts/setup app node

train:
	@$(PYTHON) scripts/setup train

demo: app ## a fab and its cloud on this machine: play wafers, check that all arrived (ARGS="--wafers N ...")
	@$(PYTHON) scripts/setup emulator
	@$(PY) -m sandbox demo $(ARGS)

demo-loop: app train ## a model that lacks a class learns it: answers, training, rollout, a bad candidate's way back (ARGS="--data NPZ")
	@$(PYTHON) scripts/setup emulator
	@mkdir -p build
	@$(PY) -m sandbox loop --json build/loop.json --page build/loop.html $(ARGS)

sandbox: app ## the same, and it stays up, with the review portal and its users
	@$(PYTHON) scripts/setup emulator
	@$(PY) -m sandbox up $(ARGS)

test: app train ## every test that needs no emulator
	@command -v mosquitto >/dev/null || echo "make test: mosquitto is not installed: the tests against a second broker are skipped"
	@$(PY) -m pytest -q $(BESIDE) -m "not sandbox and not long and not arm64 and not browser" --ignore=tests/training \
		--cov=fabwafer --cov=edge_component --cov=lambdas --cov-report=term:skip-covered --cov-fail-under=95
	@$(PY_TRAIN) -m pytest -q $(BESIDE) -m "not long" tests/training

test-sandbox: app ## the deployed system under faults, bad input and intruders
	@$(PYTHON) scripts/setup emulator
	@$(PY) -m pytest -q -m "sandbox and not long" tests/sandbox

test-browser: app ## the deployed portal in Chromium: keyboard, faults, roles, axe (FABWAFER_SHOTS=docs/screens keeps pictures)
	@$(PYTHON) scripts/setup emulator
	@$(PY) -m pytest -q -m "browser and not long" tests/browser

test-long: app ## the long forms: minutes offline, thousands of wafers
	@$(PYTHON) scripts/setup emulator
	@$(PY) -m pytest -q -m long --ignore=tests/training --ignore=tests/browser --timeout=1200
	@$(PY) -m pytest -q -m long tests/browser

test-arm64: app ## the built component in an arm64 Debian under qemu (root cached in .cache)
	@$(PYTHON) scripts/setup emulator
	@$(PY) scripts/test_arm64 $(ARGS)

check: lint types imports test portal-check test-sandbox test-browser synth ## the one definition of green

lint: app
	@.venv/bin/ruff check $(SOURCES)
	@.venv/bin/ruff format --check -q $(SOURCES)
	@$(PY) scripts/write_schemas --check
	@$(PY) scripts/write_openapi --check

types: app train
	@.venv/bin/mypy $(PACKAGES) app.py
	@.venv-train/bin/mypy training

imports: app
	@.venv/bin/lint-imports

synth: component ## CloudFormation templates into cdk.out
	@node_modules/.bin/cdk synth --quiet $(ARGS)

component: app ## the Greengrass artifacts into build/component
	@$(PY) scripts/build_component

bench: app ## measure the edge and the functions; docs/benchmarks.md keeps the table
	@$(PY) -m bench $(ARGS)

bench-review: app ## the review API from 1,000 to 100,000 predictions in the deployed sandbox
	@$(PYTHON) scripts/setup emulator
	@$(PY) -m bench.review_api $(ARGS)

bench-drift: app ## delays and false alarms of the drift detectors, simulated on lots that cluster as WM-811K's do
	@$(PY) -m bench.drift $(ARGS)

bench-model: train ## the shipped model beside its fp32, other runtimes and larger networks, in the same document
	@$(PYTHON) scripts/setup bench
	@$(PY_TRAIN) -m bench.model.references
	@$(PY_BENCH) -m bench.model $(ARGS)

model-report: train ## the model card and its figures, from the files in models/wafer-map/report
	@$(PY_TRAIN) -m training.report $(if $(FABWAFER_DATA),--data "$(FABWAFER_DATA)") $(ARGS)

walk: app ## the way of a wafer through the files
	@$(PY) scripts/walk

format: app
	@.venv/bin/ruff check --fix -q $(SOURCES)
	@.venv/bin/ruff format -q $(SOURCES)

schemas: app ## write docs/schemas from the models
	@$(PY) scripts/write_schemas

openapi: app ## write portal/openapi.json from the review API's code
	@$(PY) scripts/write_openapi

portal: ## build the review portal into portal/dist
	@cd portal && npm ci --no-fund --no-audit && npm run build

portal-check: ## the portal's types, lint and tests
	@cd portal && npm ci --no-fund --no-audit && npm run types:check && npm run lint && npm test

lock: app ## compile requirements/*.txt anew
	@$(PY) scripts/lock
