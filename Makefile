# Everything one does with this checkout. Needs Python 3.11 or newer, git and make; the rest installs itself into .venv.

PYTHON ?= python3
PORT ?= 8000
DATA ?= ./var
RESET ?=
UPGRADE ?=
AT_ONCE ?= 4
export PYTHON
# Many a container forbids Python to keep what it has compiled: then each of a thousand processes compiles it all anew.
export PYTHONDONTWRITEBYTECODE :=

VENV := .venv/bin
COMPILE = .tools/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	$(if $(UPGRADE),--upgrade)

.DEFAULT_GOAL := help
.PHONY: help demo test tests lint bench soak requirements .venv

help: ## Say what there is
	@sed -n 's/^\([a-z.]*\):.*## /\1|/p' Makefile | while IFS='|' read -r name text; do printf '  make %-13s %s\n' "$$name" "$$text"; done

demo: ## Serve a whole municipality at http://localhost:8000 (PORT=8000 DATA=./var; RESET=1 starts over)
	@requirements/install run
	@exec $(VENV)/unilogin demo --port "$(PORT)" --data "$(DATA)" $(if $(filter-out 0 no false,$(RESET)),--reset)

# The tests stand back too: what stands back behind them, such as a delivery, would get no turn while all are busy.
test: ## Check the style, the types and the house rules, and run every test (installs Chromium)
	@requirements/install dev
	@said=$$(mktemp); \
	{ $(MAKE) --no-print-directory lint >"$$said" 2>&1 && cat "$$said" || { cat "$$said"; exit 1; }; } & lint=$$!; \
	trap 'kill $$lint 2>/dev/null; rm -f "$$said"' EXIT; trap 'exit 130' INT TERM; \
	requirements/browser && requirements/node-packages tests/peers || exit 1; \
	printf '\n== Tests; style, types and house rules are looked at beside them\n'; \
	$(MAKE) --no-print-directory tests; tests=$$?; \
	wait $$lint || { printf '\n== Style, types or house rules: see above what they say\n'; exit 1; }; \
	exit $$tests

# Deliveries stand back behind everybody (SCHED_IDLE), and tests wait for them: so the tests stand back as well.
tests: # what "make test" does when all is installed
	@nice -n 19 $(VENV)/pytest -q -n $(AT_ONCE) --dist loadfile --durations=15 $(ARGS) || { \
		printf '\n== Once more, alone: what failed on a busy machine and passes now is a matter of time, and named above\n'; \
		$(VENV)/pytest -q --last-failed --last-failed-no-failures=none $(ARGS); }

lint: ## Check the style, the types and the house rules only
	@requirements/install dev
	@printf '\n== Style\n'
	@$(VENV)/ruff check
	@$(VENV)/ruff format --check
	@printf '\n== Types\n'
	@$(VENV)/mypy
	@printf '\n== House rules\n'
	@$(VENV)/lint-imports
	@! grep -nE '://|^ *--?[a-z-]*(index|find-links)' requirements/*.txt || { echo 'Lock files hold no addresses.'; exit 1; }

bench: ## Measure against the budgets (takes a while)
	@requirements/install dev
	@requirements/node-packages tests/peers
	@exec $(VENV)/python -m bench $(ARGS)

soak: ## Break everything at random for MINUTES=20 (SEED=… repeats a run), then the long tests (LONG=no leaves them out)
	@requirements/install dev
	@$(VENV)/python -m tests.faults.soak --minutes $(or $(MINUTES),20) $(if $(SEED),--seed $(SEED))
	@$(if $(filter no,$(LONG)),true,exec $(VENV)/pytest -q -m soak tests $(ARGS))

.venv: ## Make the environment for working on Unilogin
	@requirements/install dev

requirements: ## Write requirements/*.txt after a change in pyproject.toml (UPGRADE=1 takes the newest versions)
	@requirements/install dev
	@. requirements/shell.sh && use_the_index_of_pip && \
	echo 'uv' | $(COMPILE) - -o requirements/uv.txt && \
	$(VENV)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"])' | \
		$(COMPILE) - -o requirements/build.txt && \
	$(COMPILE) pyproject.toml --extra embedded --extra demo -o requirements/run.txt && \
	$(COMPILE) pyproject.toml --extra embedded --extra demo --extra dev -c requirements/run.txt -o requirements/dev.txt
	@requirements/install dev
