# Gridmill's two commands are `make demo` and `make test`; each does all of its own set-up.

# Real data for the tests; see CONTRIBUTING.md.
GRIDMILL_TEST_DATA ?= $(wildcard ../shared/data)
override GRIDMILL_TEST_DATA := $(if $(GRIDMILL_TEST_DATA),$(abspath $(GRIDMILL_TEST_DATA)))
GRIDMILL_BINARY := $(abspath build/release/gridmill)
export GRIDMILL_TEST_DATA GRIDMILL_BINARY

JOBS ?= $(shell nproc)

.PHONY: help setup build test torture fuzz demo bench format lint check-includes check-globals clean need-data
.DEFAULT_GOAL := help
.NOTPARALLEL:

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*##/\1:/p' Makefile | \
	  awk -F ':  *' '{name = $$1; sub(/^[^ ]* */, ""); printf "  make %-15s %s\n", name, $$0}'

setup:  ## install what is missing: Debian packages, Python peers in .venv, the chart library
	@tools/setup.sh

build:  ## the command, build/release/gridmill (after `make setup`)
	@$(call cmake_build,release)

test: need-data setup build  ## every test: C++ under sanitizers, then Python against the real peers
	@$(call cmake_build,dev)
	@status=0; \
	ctest --preset dev --parallel $(JOBS) --progress || status=1; \
	.venv/bin/python -m pytest tests -n $(JOBS) $(PYTEST_ARGS) || status=1; \
	exit $$status  # both are run, whichever fails

torture: setup build  ## the long tests: kills at a hundred random moments, 4 GiB budgets, thousands of schedules
	@$(call cmake_configure,dev); cmake --build --preset dev --parallel $(JOBS) --target test_engine
	GRIDMILL_SEEDS=$${GRIDMILL_SEEDS:-5000} build/dev/tests/test_engine --gtest_filter='Schedule.*'
	GRIDMILL_TORTURE=1 GRIDMILL_KILLS=$${GRIDMILL_KILLS:-100} \
	  GRIDMILL_ROUNDS=$${GRIDMILL_ROUNDS:-100} .venv/bin/python -m pytest \
	  tests/jobs/test_kills.py tests/jobs/test_zip_kills.py tests/jobs/test_memory.py tests/jobs/test_write_region.py tests/jobs/test_append.py $(PYTEST_ARGS)

fuzz: setup  ## hostile files against the readers: GRIDMILL_FUZZ_SECONDS (30) for each kind of file
	@tools/fuzz.sh

demo: setup build  ## convert, verify and plot real climatologies
	@tools/demo.sh

bench: setup  ## the speed ratios of docs/benchmarks.md (quiet machine, several minutes)
	@$(call cmake_build,bench)
	GRIDMILL_BINARY=$(abspath build/bench/gridmill) .venv/bin/python bench/run.py

format:  ## rewrite the C++ files with clang-format
	@tools/format.sh

lint:  ## clang-tidy on the C++ files that changed (GRIDMILL_LINT_BASE=COMMIT, or `all`)
	@$(call cmake_configure,lint)
	@tools/lint.py

check-includes:  ## which room may include which, and the doors to the system and to data
	@tools/check_includes.py

check-globals:  ## no mutable globals in what `make build` has built
	@tools/check_globals.py

clean:  ## remove what was built (keeps .venv, .venv-zarr2 and web/node_modules)
	rm -rf build demo-output

# Configuring takes half a second; its chatter is shown by `cmake --preset` run by hand.
define cmake_configure
command -v cmake >/dev/null || { echo 'cmake is missing: run `make setup`' >&2; exit 1; }; \
cmake --preset $(1) >/dev/null || exit 1
endef
define cmake_build
$(call cmake_configure,$(1)); echo "building: $(1)"; \
cmake --build --preset $(1) --parallel $(JOBS)
endef

need-data:
	@if [ -d "$$GRIDMILL_TEST_DATA" ]; then :; \
	elif [ "$$GRIDMILL_NO_REAL_DATA" = 1 ]; then \
	  echo 'WARNING: no real data: the tests that need it are skipped (GRIDMILL_NO_REAL_DATA=1)'; \
	else \
	  echo "There is no real data to test with ($${GRIDMILL_TEST_DATA:-../shared/data})." >&2; \
	  echo 'Set GRIDMILL_TEST_DATA to its folder, or GRIDMILL_NO_REAL_DATA=1 to test without.' >&2; \
	  exit 1; \
	fi
