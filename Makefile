# capmap from the command line; `make help` lists the targets. The build itself is CMake's: CMakePresets.json.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
JOBS ?= $(shell nproc)
SECONDS ?= 60
# bash counts time in a variable of this name.
unexport SECONDS
QUICK := ^(unit|property|integration|fuzz-replay)$$
OWN_SOURCES = find common agent controller tests -name '*.cpp' -o -name '*.hpp'
SCRIPTS = .ci/run $(wildcard packaging/*.sh tests/*/*.sh tests/system/*/*.sh)

# $(call build,preset): configure and build, warnings are errors.
build = cmake --preset $(1) -DCAPMAP_TESTS=ON >/dev/null && cmake --build --preset $(1) -j $(JOBS)
PROGRAMS = capmap-agent capmap-probe capmap-controller capmapctl
# $(call tests,preset,labels)
tests = ctest --preset $(1) -L '$(2)' --no-tests=error --output-on-failure

# $(call pack,static runtime,kind): rpms are for systems with an older libstdc++, so it is linked in.
pack = cmake --preset packages -DCAPMAP_STATIC_RUNTIME=$(1) >/dev/null && cmake --build --preset packages -j $(JOBS) && packaging/make_packages.sh $(2)

.PHONY: help deps build test test-full demo manual packages test-packages repository bench fuzz fuzz-planted format lint clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/:.*## /|/' | awk -F'|' '{ printf "  make %-13s %s\n", $$1, $$2 }'

deps:  ## install what building and testing needs and this machine lacks
	@packaging/install_deps.sh build test

build: deps  ## build everything into build/release
	@$(call build,release)

test: build  ## build, then unit, property and integration tests and the fuzz corpus
	@$(call tests,release,$(QUICK))

test-full: test  ## test, then stories with real programs, then all under address and thread sanitizers
	@ctest --preset release -L '^system$$' --output-on-failure
	@packaging/install_deps.sh fuzz
	@$(call build,asan)
	@$(call tests,asan,$(QUICK))
	@$(call build,tsan)
	@TSAN_OPTIONS="suppressions=$(CURDIR)/tests/support/tsan.supp history_size=4" $(call tests,tsan,$(QUICK))

demo:  ## from nothing to a node on the map, on this machine; ONCE=1 ends after showing it
	@packaging/install_deps.sh build
	@cmake --preset release -DCAPMAP_TESTS=OFF >/dev/null && cmake --build --preset release -j $(JOBS) --target $(PROGRAMS)
	@ONCE=$(ONCE) packaging/demo.sh build/release

manual: build  ## put what the command line tells of itself into the manual pages
	@packaging/man/manual.sh build/release

packages:  ## debs and rpms of what is built into build/packages, symbols apart: build/packages/dist
	@packaging/install_deps.sh build packages
	@$(call pack,OFF,deb)
	@$(call pack,ON,rpm)

test-packages:  ## lintian and rpmlint say nothing new; and they install, join, upgrade, go: debs, rpms, repository, examples
	@packaging/install_deps.sh packages
	@tests/system/check_packages.sh build/packages/dist
	@tests/system/packages.sh build/packages/dist
	@tests/system/packages_rpm.sh build/packages/dist
	@tests/system/repository.sh build/packages/dist
	@tests/system/check_examples.py build/packages

repository:  ## a signed repository for apt and dnf of those packages, KEY=fingerprint of a key of gpg: build/packages/repository
	@packaging/install_deps.sh packages
	@KEY=$(KEY) packaging/make_repository.sh build/packages/dist build/packages/repository

bench: build  ## measure the promises of the design; build/bench.json, and a table with ratios to a reference
	@tests/bench/all.sh build/release

fuzz:  ## fuzz every entrance for outside bytes, SECONDS=60 each
	@packaging/install_deps.sh build fuzz
	@JOBS=$(JOBS) tests/fuzz/run.sh $(SECONDS)

fuzz-planted:  ## does each fuzz target find a check that is gone? SECONDS=60 each
	@packaging/install_deps.sh build fuzz
	@JOBS=$(JOBS) tests/fuzz/planted.sh $(SECONDS)

format:  ## lay out our sources with clang-format
	@packaging/install_deps.sh lint
	@$(OWN_SOURCES) | xargs clang-format -i

lint: deps  ## layout, include arrows, shell scripts, clang-tidy
	@packaging/install_deps.sh lint
	@$(OWN_SOURCES) | xargs clang-format --dry-run -Werror
	@tests/support/check_includes.sh && tests/support/check_style.sh
	@shellcheck -e SC2317 $(SCRIPTS)
	@cmake --preset release >/dev/null && cmake --build --preset release --target capmap_schema_code
	@run-clang-tidy -quiet -j $(JOBS) -p build/release '^$(CURDIR)/(common|agent|controller)/'

clean:  ## remove build/
	@rm -rf build
