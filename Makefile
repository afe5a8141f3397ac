# Two commands are enough: `make run` and `make test`. Each sets up all that it needs.

VENV  := .venv
BIN   := $(VENV)/bin
READY := $(VENV)/.ready
EMPTY := build/empty-venv
LOCK  := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links
PIP   := python -m pip --disable-pip-version-check -qq
# Ahead of time and by date, also where the environment says otherwise: each start would pay for it.
COMPILE := python -m compileall -qq -j 0 --invalidation-mode timestamp
APT   := DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0
ROOT_ON_DEBIAN := [ "$$(id -u)" = 0 ] && [ -f /etc/debian_version ]

.DEFAULT_GOAL := help
ifndef AT_ONCE
.NOTPARALLEL:
endif
.PHONY: help setup run test checks lint types imports wheel tests browser bench screenshots words lock

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## .venv with the locked dependencies (quick when nothing changed)
	@$(BIN)/$(COMPILE) bot handlers schedules

run: setup ## set-up, then the bot: http://127.0.0.1:8000
	@$(BIN)/tertulia run

test: setup browser checks tests ## set-up, then everything that CI checks

checks: setup # two at a time: each is one process
	@$(MAKE) --no-print-directory --jobs 2 --output-sync AT_ONCE=1 types wheel lint imports

lint: setup ## style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup ## types, strictly
	$(BIN)/mypy

imports: setup ## who may import whom
	$(BIN)/lint-imports --no-logo

tests: setup ## the tests alone; ARGS="-k word" to choose
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 2 --dist worksteal $(ARGS)

wheel: setup $(EMPTY)/.ready ## build the wheel and ask it for help in an empty environment
	@rm -rf build/dist && $(BIN)/python -m hatchling build -t wheel -d build/dist
	@$(EMPTY)/bin/$(PIP) install --no-deps --force-reinstall build/dist/*.whl
	@cd build/dist && ../../$(EMPTY)/bin/tertulia --help > help.txt && echo "the wheel works: $$(ls *.whl)"

bench: setup ## measure into bench/RESULTS.md; ONLY=search,export to choose, QUICK=1 to try it
	$(BIN)/python -m bench $(if $(ONLY),--only $(ONLY)) $(if $(QUICK),--quick)

screenshots: setup browser ## take the pictures of the README again
	TERTULIA_SCREENSHOTS=docs/images $(BIN)/pytest -m browser

words: setup ## collect every sentence into bot/words/en.po, and compile the English
	$(BIN)/python -m tests.harvest

lock: setup ## resolve the dependencies anew and pin them with hashes
	@mkdir -p build
	$(BIN)/$(LOCK) pyproject.toml --upgrade --extra postgres --extra pdf --extra dev -o requirements.lock
	@$(BIN)/python -c 'import tomllib; project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
	  print(*project["optional-dependencies"]["bench"], sep="\n")' > build/bench.in
	$(BIN)/$(LOCK) build/bench.in --upgrade --no-annotate -c requirements.lock -o requirements-bench.lock
	@! grep -nE '://|--index|--find-links' requirements.lock requirements-bench.lock

# A Python of 3.11 or newer that can make environments; Debian has `venv` in a package of its own.
$(READY): requirements.lock pyproject.toml
	@find_python() { for python in $$PYTHON python3 python3.11 python3.12 python3.13 python3.14 python; do \
	    "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2> /dev/null && return; done; false; }; \
	  if ! $(BIN)/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then \
	    find_python || { $(ROOT_ON_DEBIAN) && $(APT) update && $(APT) install -y --no-install-recommends python3 python3-venv && find_python; } \
	      || { echo "Tertulia needs Python 3.11 or newer with venv (Debian: apt install python3 python3-venv)" >&2; exit 1; }; \
	    echo "making $(VENV) with $$($$python --version)"; $$python -m venv --clear $(VENV); fi
	@echo "installing the locked dependencies (a minute, the first time)"
	@$(BIN)/$(PIP) install --no-compile --require-hashes -r requirements.lock
	@$(BIN)/$(PIP) install --no-deps --no-build-isolation -e .
	@$(BIN)/$(COMPILE) $(VENV)/lib || true # packages carry templates that are no Python
	@touch $@

# Only what the wheel asks for, at the locked versions: a dependency that is used but not declared shows here.
$(EMPTY)/.ready: requirements.lock pyproject.toml
	@echo "making an empty environment for the wheel"
	@rm -rf build/deps && $(BIN)/python -m hatchling build -t wheel -d build/deps > /dev/null
	@mkdir -p build && sed -nE 's/^([a-z].*==[^ ]+)( ;[^\\]*)?.*/\1\2/p' requirements.lock > build/constraints.txt
	@$(BIN)/python -m venv --clear $(EMPTY)
	@$(EMPTY)/bin/$(PIP) install --no-compile -c build/constraints.txt build/deps/*.whl
	@touch $@

browser: # the system's Chromium, for the tests that need eyes
	@command -v chromium > /dev/null || { $(ROOT_ON_DEBIAN) && echo "installing Chromium" && $(APT) update \
	    && $(APT) install -y --no-install-recommends chromium fonts-noto-color-emoji > /dev/null; } \
	  || { echo "the browser tests need Chromium (Debian: apt install chromium); without it they are skipped" >&2; [ -z "$$CI" ]; }
