PYTHON ?= python3
BIN := .venv/bin

.PHONY: help setup demo test check lint train evaluate bench clean
help:     ## print the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-9s %s\n", $$1, $$2}' Makefile

.venv/ready: pyproject.toml constraints.txt
	@echo "Setting up: a virtual environment in .venv, packages as pinned in constraints.txt (a few minutes, once)."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Henji needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12 …")'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@$(BIN)/python -c 'import model'  # the inner loops are made once for this processor
	@touch $@

setup: .venv/ready   ## virtual environment with everything in it

demo: setup          ## classify the sample log, suggest replies, check them
	@echo "Demo: reads data/samples/log.csv, says what each buyer wants, and proposes a checked reply; results go to out/."
	@mkdir -p out
	@$(BIN)/henji classify data/samples/log.csv -o out/classified.csv
	@$(BIN)/henji suggest data/samples/log.csv --orders data/samples/orders.csv -o out/replies.xlsx
	@$(BIN)/henji suggest data/samples/log.csv --orders data/samples/orders.csv -o out/replies.html
	@$(BIN)/henji check data/samples/replies.csv -o out/findings.csv || test $$? -eq 1  # 1: breaches found, as they should be
	@echo "Done: open out/classified.csv, out/replies.xlsx (out/replies.html in a browser) and out/findings.csv."

test: setup          ## every test and every example in the documentation
	@echo "Testing: unit tests, doctests and the README; no network is used."
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile

check: lint test     ## format, lint, types, import direction, then the tests

lint: setup
	@echo "Checking: format, lint, types, import direction."
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

train: setup         ## rebuild model/pretrained from data/samples/labelled
	@echo "Training: data/samples/labelled → model/pretrained."
	@$(BIN)/python -m training.train

evaluate: setup      ## cross-validation by writing batch, and the unseen set
	@echo "Evaluating: cross-validation that leaves out whole batches of writing, then data/samples/unseen."
	@$(BIN)/python -m training.evaluate

.venv/bench/ready: bench/requirements.txt bench/package.json | setup
	@mkdir -p .venv/bench && cp bench/package.json .venv/bench/
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --upgrade --target .venv/bench -r bench/requirements.txt || echo "Without fastText and proselint."
	@npm install --prefix .venv/bench --silent --no-audit --no-fund || echo "Without textlint and write-good: npm is not here."
	@touch $@

bench: setup .venv/bench/ready  ## speed and accuracy beside scikit-learn, fastText and linters, to docs/bench
	@echo "Benchmark: half an hour and more, for a log of a million messages is read too."
	@echo "A part of it: make bench ONLY=Logs SIZES=10000; what is made stays when the rest is stopped."
	@$(BIN)/python -m bench $(if $(ONLY),--only $(ONLY)) $(if $(SIZES),--sizes $(SIZES))

clean:               ## remove what was built
	@echo "Cleaning: .venv, caches and out/."
	@rm -rf .venv out build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
