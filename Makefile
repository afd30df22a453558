# make demo   marks the sample class        make test    everything that CI asks for
# make bench  ratios of time                make clean   takes away what was made here
# make proofs every proof (`make test` judges one chaff a criterion), and each check spoilt in turn:
#             does `corrige validate` notice?
# make attacks the whole attack suite
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
OUT ?= reports
N ?= auto
STAMP := $(VENV)/.corrige-installed

# The sample class is our own, so without bubblewrap it may run without a sandbox (and says so).
SANDBOX ?= $(shell bwrap --ro-bind / / --unshare-all true >/dev/null 2>&1 && echo auto || echo none)

.PHONY: messages demo test lint unit validate proofs attacks bench clean environment

demo: $(STAMP)
	@if [ "$(SANDBOX)" = none ]; then \
	  echo "bubblewrap does not work here (apt-get install bubblewrap): the sample class is ours,"; \
	  echo "so it runs WITHOUT a sandbox. Never do this with notebooks of others."; \
	fi
	@test -f data/p3/higgs_train.pkl || $(BIN)/corrige data p3
	$(BIN)/corrige grade submissions/p3 -a p3 -n $(N) --data data/p3 --out $(OUT) --sandbox $(SANDBOX)

test: lint unit validate

lint: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

validate: $(STAMP)
	$(BIN)/corrige validate --brief -n $(N) --out $(OUT)

proofs: $(STAMP)
	$(BIN)/corrige validate -n $(N) --out $(OUT)
	$(BIN)/python tests/batch/blank_checks.py p3
	$(BIN)/python tests/batch/blank_checks.py p2
	$(BIN)/python tests/batch/blank_checks.py t1
	$(BIN)/python tests/batch/blank_checks.py t2

unit: $(STAMP)
	$(BIN)/pytest -n $(N) --dist loadfile

# The whole attack suite; `make test` runs a part of it.
attacks: $(STAMP)
	$(BIN)/pytest -n $(N) --all-attacks tests/attacks tests/batch/test_nothing_lost.py

bench: $(STAMP)
	$(BIN)/python benchmarks/bench.py

environment: $(STAMP)

# Brings graders/locale up to date; then translate what is empty or marked fuzzy.
messages: $(STAMP)
	@mkdir -p .corrige
	$(BIN)/python -m babel.messages.frontend -q extract -F babel.cfg --project corrige \
	  --add-location=file --sort-by-file -w 100 -o .corrige/messages.pot graders
	$(BIN)/python -m babel.messages.frontend -q update -i .corrige/messages.pot -l es -w 100 \
	  -o graders/locale/es/corrige.po --previous --ignore-obsolete --ignore-pot-creation-date

# Made once; again when the dependencies change.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or later is needed: make PYTHON=python3.12 ..."; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

clean:
	rm -rf .corrige build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find reports -mindepth 1 ! -name README.md -delete
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
