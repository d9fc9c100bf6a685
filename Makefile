.PHONY: help setup run test lint chaos bench lock clean

help: ## this list
	@echo "make TARGET, where TARGET is:"
	@sed -n 's/^\([a-z]*\): *##* *\(.*\)/  \1|\2/p' Makefile | awk -F'|' '{printf "%-9s %s\n", $$1, $$2}'

setup: ## install what is missing: Debian packages, Python packages, Asterisk, prompts
	@scripts/setup.sh

run: ## start everything and place a demonstration call; ONCE=1 ends after it
	@scripts/setup.sh
	@.venv/bin/sternik demo $(if $(ONCE),--once)

test: ## all checks and tests, with the time each group took
	@scripts/setup.sh test
	@scripts/test.sh

lint: ## style, types and layers only
	@scripts/setup.sh
	@scripts/test.sh lint

chaos: ## end programs under live calls, at length
	@scripts/setup.sh test
	@scripts/chaos.sh

bench: ## measure reaction time, recognition and load
	@scripts/setup.sh test
	@scripts/bench.sh

lock: ## choose the versions of all Python packages anew into requirements.lock
	@scripts/setup.sh
	@scripts/lock.sh

clean: ## remove what was made in this checkout: environment, prompts, models, databases
	rm -rf .venv var build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
