# Only the targets that make the environment use the network; run them again and nothing is reinstalled.
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
TERRITORY ?= est-ensemble
# The interpreter of a new environment: the first of these that is Python 3.11, 3.12 or 3.13.
PYTHON ?= python3.13 python3.12 python3.11 python3

# Modules are compiled as they are imported: of those of all packages a fifth ever is.
ifeq ($(UV),)
INSTALL := $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check
else
INSTALL := $(UV) pip install --quiet --python $(BIN)/python
endif

PIN := uv pip compile --quiet --upgrade --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --no-emit-index-url --custom-compile-command "make pins"

# Each process takes a part of the tests in their order, so that what a module sets up is made once; who is done first
# takes over from another. Three keep two cores busy while one waits for a browser, a server or a command.
PYTEST := -m pytest -n 3 --dist worksteal

LEAFLET := $(CURDIR)/essgeo/maps/leaflet

# Leaflet's own pages say which release is the newest; a new one is copied to essgeo/maps/leaflet by hand.
PIN_SCRIPTS := npm install --prefix requirements/scripts --package-lock-only --omit-lockfile-registry-resolved --silent \
	--save-dev --save-exact eslint@9 @eslint/js@9 typescript @types/leaflet@1 leaflet@1

# Tests start many processes: modules are compiled once, whatever the shell asks.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help study notebook docs test test-all check format bench addok minimums pins clean

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "make %-9s %s\n", $$1, $$2 }'

study: $(VENV)/.run ## install what is needed and run the study of TERRITORY (est-ensemble)
	@$(BIN)/essgeo study $(TERRITORY)

notebook: $(VENV)/.notebook ## open the notebooks in JupyterLab
	@$(BIN)/jupyter lab --notebook-dir notebooks

docs: $(VENV)/.docs build/notebooks/.done ## build the site in build/site; a warning is an error
	@PYTHONPATH=docs $(BIN)/python -m sphinx --builder html --fail-on-warning --keep-going --quiet --doctree-dir build/doctrees docs build/site
	@$(BIN)/python docs/check_site.py build/site

test: $(VENV)/.dev ## run the tests but the slow ones; ARGS="-k zoning" narrows
	@$(BIN)/python $(PYTEST) -m "not slow" $(ARGS)

test-all: $(VENV)/.dev ## run every test
	@$(BIN)/python $(PYTEST) $(ARGS)

check: $(VENV)/.dev build/scripts/.done ## lint, formatting, types, import order; of the scripts of the maps too (needs npm)
	@cd build/scripts/node_modules/leaflet/dist && cmp leaflet.js $(LEAFLET)/leaflet.js && cmp leaflet.css $(LEAFLET)/leaflet.css
	NODE_PATH=build/scripts/node_modules build/scripts/node_modules/.bin/eslint --max-warnings 0 --config requirements/scripts/eslint.config.js essgeo/maps/static/*.js
	build/scripts/node_modules/.bin/tsc --project requirements/scripts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev ## format the code
	$(BIN)/ruff format

bench: $(VENV)/.dev ## time every benchmarks/bench_*.py, the whole study among them
	@for bench in benchmarks/bench_*.py; do echo "== $$bench"; $(BIN)/python $$bench || exit 1; done

addok: build/addok/.done ## install addok, the geocoder that tests and benchmarks compare with (they also need redis-server)

minimums: $(BIN)/python ## run the tests with the lowest versions pyproject.toml allows (needs uv)
	uv venv --quiet --clear --python $(BIN)/python build/minimums
	uv pip install --quiet --python build/minimums/bin/python --resolution lowest-direct --group test --editable ".[cluster]"
	build/minimums/bin/python $(PYTEST) $(ARGS)

pins: ## choose the newest versions again (needs uv and npm)
	$(PIN) pyproject.toml --group dev --extra cluster --output-file requirements/dev.txt
	$(PIN) pyproject.toml --group build --constraints requirements/dev.txt --output-file requirements/run.txt
	$(PIN) pyproject.toml --extra notebook --constraints requirements/dev.txt --output-file requirements/notebook.txt
	$(PIN) pyproject.toml --group docs --constraints requirements/dev.txt --output-file requirements/docs.txt
	$(PIN) --group addok --output-file requirements/addok.txt # it and essgeo never share an environment
	$(PIN) --group install --output-file requirements/install.txt
	$(PIN_SCRIPTS)

clean: ## remove the environment, caches and builds
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

build/addok/.done: requirements/addok.txt $(BIN)/python
	@echo "Installing addok in build/addok"
ifeq ($(UV),)
	@$(BIN)/python -m venv build/addok
	@build/addok/bin/python -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes -r requirements/addok.txt
else
	@$(UV) venv --quiet --allow-existing --python $(BIN)/python build/addok
	@$(UV) pip install --quiet --python build/addok/bin/python --require-hashes -r requirements/addok.txt
endif
	@touch $@

build/scripts/.done: requirements/scripts/package.json requirements/scripts/package-lock.json
	@command -v npm >/dev/null || { echo "The scripts of the maps are checked by npm packages: install npm (Debian: apt-get install npm)." >&2; exit 1; }
	@echo "Installing the tools that check the scripts in build/scripts"
	@mkdir -p build/scripts && cp $^ build/scripts/
	@npm ci --prefix build/scripts --ignore-scripts --no-audit --no-fund --silent
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	@echo "Installing the tools of the tests and checks"
	@$(INSTALL) --require-hashes -r requirements/dev.txt
	@touch $@

# The tests run the notebooks too, and leave them here: after them there is nothing to do.
build/notebooks/.done: $(wildcard notebooks/*.ipynb) $(shell find essgeo data -type f -not -name "*.pyc") | $(VENV)/.docs
	@echo "Running the notebooks"
	@$(BIN)/python docs/run_notebooks.py

$(VENV)/.docs: requirements/docs.txt $(VENV)/.run
	@echo "Installing Sphinx"
	@$(INSTALL) --require-hashes -r requirements/docs.txt
	@touch $@

$(VENV)/.notebook: requirements/notebook.txt $(VENV)/.run
	@echo "Installing JupyterLab"
	@$(INSTALL) --require-hashes -r requirements/notebook.txt
	@touch $@

$(VENV)/.run: requirements/run.txt pyproject.toml $(BIN)/python
	@echo "Installing essgeo in $(VENV)"
	@$(INSTALL) --require-hashes -r requirements/run.txt
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(BIN)/python:
	@for name in $(PYTHON); do \
		"$$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null || continue; \
		found="$$name"; \
		if [ -n "$(UV)" ]; then "$(UV)" venv --quiet --allow-existing --python "$$(command -v $$name)" $(VENV) && exit; \
		elif "$$name" -c 'import ensurepip, venv' 2>/dev/null; then "$$name" -m venv $(VENV) && exit; fi; \
	done; \
	if [ -n "$$found" ]; then \
		echo "$$found cannot make a virtual environment: install its venv module (Debian: apt-get install python3-venv)." >&2; \
	else \
		echo "essgeo needs Python 3.11, 3.12 or 3.13; none of these is one: $(PYTHON). Name yours: make PYTHON=/path/to/python" >&2; \
	fi; exit 1
