# Solfeggio. `make` alone explains itself.
SONG ?=
OUT ?= out
PIP_ARGS ?=
BIN := .venv/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt $(PIP_ARGS)

help:  ## show this list
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' Makefile
	@echo
	@echo "make listen SONG=song.mp3     hears your own recording (or a folder of them); OUT=folder says where to"
	@echo "make listen PIP_ARGS='...'      more options for pip, such as an index that has the small PyTorch without CUDA"

listen: .venv/.base  ## hear a song (SONG=..., a built-in demo by default) and write its page
ifeq ($(SONG),)
	@$(BIN)/solfeggio demo -o "$(OUT)"
else
	@$(BIN)/solfeggio analyze "$(SONG)" -o "$(OUT)"
endif
	@echo "open the page above in a browser"

test: .venv/.dev  ## run the tests
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow"

check: .venv/.dev  ## lint, format, types, floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: .venv/.dev  ## build the documentation into site/
	$(BIN)/mkdocs build --strict

bench: .venv/.dev  ## measure speed and accuracy beside other libraries
	$(BIN)/python benchmarks/beats.py

.venv/bin/python:
	@for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
		if $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "making .venv with $$($$p --version)"; \
			$$p -m venv .venv || { echo "error: $$p cannot make an environment (on Debian: apt install python3-venv)"; exit 2; }; \
			exit 0; fi; done; \
	echo "error: Python 3.11 or newer is needed (https://www.python.org/downloads)"; exit 2

.venv/.base: pyproject.toml constraints.txt | .venv/bin/python
	@echo "installing solfeggio into .venv"
	@$(PIP) -e .
	@touch $@

.venv/.dev: pyproject.toml constraints.txt | .venv/bin/python
	@echo "installing solfeggio with what tests and training need into .venv"
	@$(PIP) -e ".[dev,train]"
	@touch .venv/.base $@

.PHONY: help listen test check docs bench
