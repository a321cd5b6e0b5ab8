# make lab      set up if needed, open JupyterLab on lesson 00      (make lab ARGS=--no-browser)
# make test     set up if needed, run every test, lesson and quiz
# make help     the rest
#
# TORCH_INDEX=<url>   take torch and torchvision from this package index (CPU-only wheels, say)
# PYTHON=python3.12   the Python that makes .venv (3.11 or newer)

PYTHON      ?= python3
TORCH_INDEX ?=
ARGS        ?=
WORKERS     ?= 2

ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif
PY  := $(BIN)/python
PIP := $(PY) -m pip install --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help setup lab test notebooks check lint bench doctor clean

help:  ## this list
	@grep -hE '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

.venv/pip.stamp:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else f"This course needs Python 3.11 or newer; $(PYTHON) is {v[0]}.{v[1]}. Try: make lab PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	@touch $@

.venv/setup.stamp: .venv/pip.stamp pyproject.toml constraints.txt
	@echo "Installing the course into .venv. PyTorch is large: a few minutes on a quick line."
	$(if $(TORCH_INDEX),$(PIP) --no-deps --index-url $(TORCH_INDEX) torch torchvision)
	$(PIP) --editable .
	@touch $@

.venv/test.stamp: .venv/setup.stamp
	$(PIP) --editable '.[test]'
	$(PY) tests/browser/find_chromium.py || $(BIN)/playwright install chromium || echo "No Chromium to be had: the browser tests will say so."
	@touch $@

setup: .venv/setup.stamp  ## make .venv and install the exact versions of constraints.txt

lab: .venv/setup.stamp  ## open JupyterLab on lesson 00
	$(PY) -m ftlib lab $(ARGS)

test: .venv/test.stamp  ## every test; every lesson and quiz re-run and compared with what is committed
	OMP_NUM_THREADS=1 $(PY) -m pytest --nbval --nbval-current-env --nbval-sanitize-with tests/notebooks/sanitize.cfg \
	  --numprocesses $(WORKERS) --dist loadscope tests notebooks quizzes $(ARGS)

notebooks: .venv/test.stamp  ## build lessons, quizzes and proofs from their sources (ARGS="02 --force")
	$(PY) -m ftlib build $(ARGS)

check: .venv/test.stamp  ## validate the question banks
	$(PY) -m ftlib check $(ARGS)

lint: .venv/test.stamp  ## ruff, as the pre-commit hook runs it
	$(PY) -m ruff check . && $(PY) -m ruff format --check .

bench: .venv/test.stamp  ## every benchmark of benchmarks/ (long)
	$(PIP) --editable '.[bench]'
	$(PY) benchmarks/run_all.py $(ARGS)

doctor: .venv/setup.stamp  ## what is installed, which device is used, do data and weights load
	$(PY) -m ftlib doctor

clean:  ## remove .venv and caches; your progress lies elsewhere and stays
	rm -rf .venv .ftlib .pytest_cache .ruff_cache .hypothesis
