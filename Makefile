# What a developer or an operator does with Keepsake. Everything starts from a bare Python and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
UV := $(VENV)/uv/bin/uv
PAGES := templates
ARGS ?=
LANGUAGES ?=
ENGINES := .venv-engines
COVERAGE := SLIPCOVER_ENABLED=1 SLIPCOVER_SOURCE=channels_cfg,config,conversations,reporting SLIPCOVER_OMIT='*/migrations/*'

.PHONY: demo run test lint format bench engines messages lock clean programs
.DEFAULT_GOAL := demo

demo: $(STAMP)
	@$(BIN)/python manage.py serve_portal --demo $(ARGS)

run: $(STAMP)
	@$(BIN)/python manage.py serve_portal $(ARGS)

# Python may keep what it has compiled: tests start a hundred processes.
test: $(STAMP) programs
	@PYTHONDONTWRITEBYTECODE= $(COVERAGE) $(BIN)/python -m pytest -n 3 --dist loadgroup $(ARGS)

bench: $(STAMP)
	@$(BIN)/python -m tests.bench $(ARGS)

# Engines of others read what the portal writes for them, and count what its pages count; LibreOffice shows the rows of
# its workbook. They are large, and have an environment of their own.
engines: $(STAMP) $(ENGINES)/installed
	@sh tests/install_programs.sh java soffice
	@ENGINES=$(ENGINES) $(BIN)/python -m tests.engines $(ARGS)

$(ENGINES)/installed: requirements/engines.txt
	rm -rf $(ENGINES)
	$(PYTHON) -m venv $(ENGINES)
	$(ENGINES)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/engines.txt
	touch $@

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	if [ -d $(PAGES) ]; then $(BIN)/djlint $(PAGES) --lint; fi
	$(BIN)/python manage.py makemigrations --check --dry-run

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# A lock that changed means a new environment, so that nothing left over from the old one is relied on.
$(STAMP): requirements/run.txt requirements/dev.txt
	rm -rf $(VENV)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Keepsake needs Python 3.11 or newer; try make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.txt
	touch $@

# Texts of the portal for translators: make messages LANGUAGES="fi sv" writes or renews locale/*/LC_MESSAGES/django.po,
# and puts what is translated in them into use for languages that the settings name.
messages: $(STAMP)
	@command -v xgettext > /dev/null || { echo "xgettext is missing. Install gettext: apt-get install gettext"; exit 1; }
	@test -n "$(LANGUAGES)" || { echo 'Say for which languages: make messages LANGUAGES="fi sv"'; exit 1; }
	$(BIN)/python manage.py makemessages $(LANGUAGES:%=--locale %) --ignore ".venv" --ignore "var" --ignore "tests"
	$(BIN)/python manage.py compilemessages $(LANGUAGES:%=--locale %) --ignore ".venv"

# Programs of the distribution that tests drive; a test whose program is missing is skipped, and says so.
programs:
	@sh tests/install_programs.sh chromium-headless-shell redis-server rabbitmq-server dovecot

COMPILE := $(UV) pip compile --no-config --quiet --generate-hashes --universal --python-version 3.11 \
	--fork-strategy fewest --no-emit-index-url --no-annotate --custom-compile-command "make lock" \
	--upgrade

lock: $(STAMP)
	$(PYTHON) -m venv $(VENV)/uv && $(VENV)/uv/bin/pip install --quiet uv
	$(COMPILE) pyproject.toml --output-file requirements/run.txt
	$(COMPILE) pyproject.toml --group dev --constraint requirements/run.txt --output-file requirements/dev.txt
	$(COMPILE) --group engines --output-file requirements/engines.txt

clean:
	rm -rf $(VENV) $(ENGINES) var .mypy_cache .ruff_cache .pytest_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
