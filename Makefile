# Everything starts here. Each target sets up what it needs; nothing but Python 3.11+ and make is assumed.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
JOBS   ?= 2

.PHONY: help demo test check format bench docs clean

help:            ## Show what can be made
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Keepwell needs Python 3.11 or newer; try: make PYTHON=python3.12"; exit 1; }
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@echo "Installing Keepwell into $(VENV) (about a minute the first time) …"
	@$(BIN)/pip install --quiet --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	@echo "Installing the tools for tests and checks …"
	@$(BIN)/pip install --quiet --editable '.[dev,onnx,postgres]'
	@touch $@

$(VENV)/installed-docs: $(VENV)/installed
	@$(BIN)/pip install --quiet --editable '.[docs]'
	@touch $@

demo: $(VENV)/installed      ## Watch a model being trained, served, drifting and healing
	@$(BIN)/keepwell demo

test: $(VENV)/installed-dev  ## Run all tests
	$(BIN)/pytest -n $(JOBS) --dist worksteal

check: $(VENV)/installed-dev ## Lint, formatting, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/installed-dev ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/installed-dev ## Measure, and print ratios
	$(BIN)/python -m benchmarks

docs: $(VENV)/installed-docs ## Build the documentation into docs/_build
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build

clean:           ## Remove what was built
	rm -rf $(VENV) docs/_build build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
