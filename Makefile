# The commands of dfsweb: make run, make test, make check, make bench, make torture, make screenshots,
# make openapi, make nightly, make clean.

PORT ?= 8000
DATA ?= var
NODES ?= 3
# Not ?=: some shells export HOST with the machine's name, and loopback is left only when asked.
HOST = 127.0.0.1
PYTEST_OPTIONS ?=
BENCH_OPTIONS ?=
MINUTES ?= 10
SEED ?= 7
PART ?= 1
TORTURE_OPTIONS ?=
VENV_PYTHON = .venv/bin/python
MESSAGES = DJANGO_SETTINGS_MODULE=dfsweb.settings $(VENV_PYTHON) manage.py
ELSEWHERE = $(foreach folder,.venv tests bench dfsclient static/vendor var,--ignore '$(folder)/*')
GATHERED = --no-wrap --no-obsolete --add-location never $(ELSEWHERE)
TIMED = $(addprefix tests/security/test_,raw_requests.py many_files.py timing.py)
DESCRIBE = $(VENV_PYTHON) manage.py spectacular --validate --fail-on-warn

.PHONY: messages run test check bench torture screenshots openapi nightly clean

# exec: signals reach the launcher itself; it also stops when make ends.
run:
	@PYTHON='$(PYTHON)' sh deploy/venv.sh requirements.txt
	@exec $(VENV_PYTHON) -m dfsweb.launcher --with-parent \
	    --host '$(HOST)' --port '$(PORT)' --data '$(DATA)' --nodes '$(NODES)'

# First what runs no whole system, in as many processes as keep two cores busy; then whole systems, two folders at a
# time, as they mostly wait; the browser, which keeps the cores busy, at last and alone.
test:
	@PYTHON='$(PYTHON)' sh deploy/venv.sh requirements-dev.txt
	@tests() { $(VENV_PYTHON) -m pytest "$$@" $(PYTEST_OPTIONS) || [ $$? = 5 ]; }; \
	tests --numprocesses 4 -m 'not cluster and not e2e'; plain=$$?; \
	tests --numprocesses 2 --dist loadscope -m cluster; systems=$$?; \
	tests -m e2e && [ $$plain$$systems = 00 ]

check:
	@PYTHON='$(PYTHON)' sh deploy/venv.sh requirements-dev.txt
	$(VENV_PYTHON) -m ruff check .
	$(VENV_PYTHON) -m ruff format --check .
	$(VENV_PYTHON) -m mypy
	$(VENV_PYTHON) -c 'import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())'
	$(VENV_PYTHON) -m tests.embedded manage.py makemigrations --check --dry-run
	$(VENV_PYTHON) -m bandit --quiet --severity-level medium -c pyproject.toml -r accounts dfsclient dfsweb files nodes storagenode manage.py
	@$(DESCRIBE) | diff -u docs/openapi.yaml - || { echo 'docs/openapi.yaml is not what the code says: make openapi'; exit 1; }
	@found=$$($(VENV_PYTHON) -m pytest --collect-only -qqq) || { echo "$$found"; exit 1; }

bench:
	@PYTHON='$(PYTHON)' sh deploy/venv.sh requirements-dev.txt
	$(VENV_PYTHON) -m bench $(BENCH_OPTIONS)

# As root it also cuts the power of loop disks and drops packets in a network of its own; the report goes to var/torture.
torture:
	@PYTHON='$(PYTHON)' sh deploy/venv.sh requirements-dev.txt
	@exec $(VENV_PYTHON) -m tests.torture --minutes '$(MINUTES)' --seed '$(SEED)' $(TORTURE_OPTIONS)

# Every page, small and large, light and dark.
screenshots:
	@PYTHON='$(PYTHON)' sh deploy/venv.sh requirements-dev.txt
	$(VENV_PYTHON) -m tests.e2e.screenshots docs/screenshots

# The whole counts of what `make test` runs a sample of: hours, an other SEED each night; a hundredth of them
# by PART=0.01, to see that all of it starts. Side by side, and then alone what is held to a time or runs a whole system.
nightly:
	@PYTHON='$(PYTHON)' sh deploy/venv.sh requirements-dev.txt
	@tests() { NIGHTLY='$(PART)' SEED='$(SEED)' $(VENV_PYTHON) -m pytest "$$@" $(PYTEST_OPTIONS); }; \
	long='--timeout 21600 --durations 20'; \
	tests $$long --numprocesses auto --maxprocesses 4 --dist worksteal tests/fuzz tests/security $(TIMED:%=--ignore %); \
	first=$$?; tests $$long $(TIMED) tests/cluster/test_contract.py && [ $$first = 0 ]

# The description of the API, which `make check` compares with the code.
openapi:
	@PYTHON='$(PYTHON)' sh deploy/venv.sh requirements-dev.txt
	$(DESCRIBE) --file docs/openapi.yaml

# What people read, gathered for a translator and made ready for use; needs the tools of GNU gettext.
# LANGUAGE=de makes locale/de or brings it up to date; see docs/translations.md.
messages:
	@PYTHON='$(PYTHON)' sh deploy/venv.sh requirements-dev.txt
	@mkdir -p locale
	$(MESSAGES) makemessages --locale '$(LANGUAGE)' --domain django $(GATHERED)
	$(MESSAGES) makemessages --locale '$(LANGUAGE)' --domain djangojs $(GATHERED)
	$(MESSAGES) compilemessages --locale '$(LANGUAGE)' --ignore .venv

# The data folder is never touched.
clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
