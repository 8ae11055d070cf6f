# Everything a developer types. `make` alone lists the targets.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BENCH_VENV := .venv-bench
BENCH_READY := $(BENCH_VENV)/.ready
TRAIN_VENV := .venv-train
TRAIN_READY := $(TRAIN_VENV)/.ready

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

# What the library of C is made from.
NATIVE := hatch_build.py $(shell find streams -name '*.[ch]' -o -path streams/native/build.py)

$(READY): requirements.lock pyproject.toml $(NATIVE)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Groundswell needs Python 3.11 or newer; name one with: make PYTHON=python3.12 …"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@# Where there is no C compiler, a package has one.
	@PYTHONPATH=streams/native $(BIN)/python -c 'import build; assert build.compiler()' 2>/dev/null || \
	    $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement compiler.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: install
install: $(READY) ## Create .venv from the lock file; the command is then .venv/bin/groundswell

.PHONY: demo
demo: $(READY) ## A week of a small coffee shop in about a minute: start here
	$(BIN)/groundswell demo

.PHONY: test
test: $(READY) lint ## Lint, types, contracts and every test, on a real Kafka
	@# Tests on Kafka wait a lot: meanwhile another process runs the rest, and tells of it at the end.
	@$(BIN)/pytest --ignore=tests/broker --ignore=tests/chaos >$(VENV)/others.log 2>&1 & others=$$!; \
	$(BIN)/pytest tests/broker tests/chaos; kafka=$$?; \
	wait $$others; rest=$$?; cat $(VENV)/others.log; exit $$((kafka + rest))

.PHONY: chaos
chaos: $(READY) ## Faults under load on a real Kafka, judged by the replay; SEED=17 ROUNDS=1 plays that round again
	$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED)) $(if $(ROUNDS),--rounds $(ROUNDS))

.PHONY: lint
lint: $(READY) ## Formatting, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: format
format: $(READY) ## Put the code in shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: dashboards
dashboards: $(READY) ## Write Grafana's dashboards and the table of metrics into deploy/ anew
	$(BIN)/python -m dashboards

$(TRAIN_READY): training/requirements.txt
	$(PYTHON) -m venv $(TRAIN_VENV)
	$(TRAIN_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement training/requirements.txt
	@touch $@

.PHONY: train
train: $(READY) $(TRAIN_READY) ## Build the scorer's weights anew from ../shared/data (three hours on two idle cores; goes on where it stopped)
	$(TRAIN_VENV)/bin/python -m training.train
	$(BIN)/groundswell eval all

$(BENCH_READY): bench/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Groundswell needs Python 3.11 or newer; name one with: make PYTHON=python3.12 …"; exit 1; }
	$(PYTHON) -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement bench/requirements.txt \
	    || { echo "The contestants can't be installed in $(BENCH_VENV); ours alone: $(BIN)/python -m bench --only groundswell,path,path2"; exit 1; }
	@touch $@

.PHONY: bench
bench: $(READY) $(BENCH_READY) ## Speed beside Faust, Bytewax, Quix and a loop by hand; ROUNDS= EVENTS= MINUTES= ONLY=name,name INPUT=file JSON=file
	$(BIN)/python -m bench $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(EVENTS),--events $(EVENTS)) $(if $(ONLY),--only $(ONLY)) \
	    $(if $(MINUTES),--minutes $(MINUTES)) $(if $(INPUT),--input $(INPUT)) $(if $(JSON),--json $(JSON))

.PHONY: lock
lock: $(READY) ## Compile requirements.lock anew from pyproject.toml, and from it what the image installs
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --custom-compile-command 'make lock' --group dev pyproject.toml --output-file requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --custom-compile-command 'make lock' --constraint requirements.lock --extra apprise --extra otel pyproject.toml \
	    --output-file deploy/requirements.txt
	echo hatchling | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --custom-compile-command 'make lock' --constraint requirements.lock - \
	    --output-file deploy/build.txt
	echo ziglang | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --custom-compile-command 'make lock' - --output-file compiler.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --custom-compile-command 'make lock' --constraint requirements.lock pyproject.toml training/requirements.in \
	    --output-file training/requirements.txt
	sed -n 's/^\(faust-streaming\|mode-streaming\|aiokafka\|orjson\)==\([^ ]*\).*/\1==\2/p' requirements.lock \
	    | cat bench/requirements.in - | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --custom-compile-command 'make lock' - --output-file bench/requirements.txt

.PHONY: clean
clean: ## Remove .venv and caches
	rm -rf $(VENV) $(BENCH_VENV) $(TRAIN_VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache dist
