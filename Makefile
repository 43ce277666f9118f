# The two commands a newcomer needs: `make run` and `make test`. Each installs what it needs.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
export DAGSTER_HOME ?= $(CURDIR)/.dagster_home

.PHONY: install run demo dev test lint format bench lock clean

install: $(VENV)/.installed

$(VENV)/.installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip sync --quiet --compile-bytecode --python $(VENV) requirements.lock
	$(BIN)/uv pip install --quiet --python $(VENV) --no-deps --editable .
	touch $@

run: install ## Run the main job on the bundled real sample, into ./lake
	$(BIN)/aicache-analytics run --landing samples/landing --lake lake

demo: install ## Run the main job on 60 generated days, into ./demo/lake
	test -d demo/landing || $(BIN)/aicache-analytics generate --events 300000 --days 60 demo/landing
	DAGSTER_HOME=$(CURDIR)/demo/dagster_home \
		$(BIN)/aicache-analytics run --landing demo/landing --lake demo/lake

dev: install ## Start the Dagster UI and daemon on ./landing and ./lake
	mkdir -p landing $(DAGSTER_HOME)
	test -f $(DAGSTER_HOME)/dagster.yaml || cp dagster.yaml $(DAGSTER_HOME)/
	$(BIN)/dagster dev

test: install ## Run every test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest --numprocesses 2 --dist loadfile

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: install ## Measure speed as ratios against a floor, and print the table; BENCH="NAME …" for some
	$(BIN)/python -m analytics_pipeline_tests.benchmarks $(BENCH)

lock: ## Renew requirements.lock from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --group dev --extra dbt --extra pdf --universal --generate-hashes \
		--no-header --no-annotate --no-emit-index-url --quiet --output-file requirements.lock

clean:
	rm -rf $(VENV) .dagster_home lake demo
