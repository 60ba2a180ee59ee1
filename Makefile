# SPDX-License-Identifier: Apache-2.0
# The door for people and for CI: every target installs the Debian 12 packages it needs, configures its
# preset and runs. CMakePresets.json holds the configurations; cmake/probity.cmake the flags.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build
MAKEFLAGS += --no-print-directory

JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 60
RELEASE := build/release
INSTALL := .ci/install-packages

# One list per purpose; a target installs the union of what it uses. docs/dependencies.md says why each is here.
build_packages := cmake ninja-build g++ libc6-dev libelf-dev libbpf-dev zlib1g-dev libfmt-dev libcli11-dev \
  nlohmann-json3-dev libpcap-dev libsqlite3-dev libcadical-dev libssl-dev libgtest-dev libbenchmark-dev \
  clang-14 linux-libc-dev
test_packages := z3 cvc5 git patch llvm-19 gcc-bpf binutils-riscv64-linux-gnu g++-riscv64-linux-gnu qemu-user
clang_packages := clang-19 libclang-rt-19-dev
browser_packages := chromium-headless-shell
lint_packages := clang-19 clang-tidy-19
format_packages := clang-format-19

configure = cmake --preset $(1) $(if $(shell command -v ccache),-DCMAKE_CXX_COMPILER_LAUNCHER=ccache) >/dev/null
compile = $(call configure,$(1)) && cmake --build --preset $(1) -j $(JOBS) $(2)
# Ends with ctest's own summary: nothing may print after it.
run_tests = ctest --test-dir build/$(1) -j $(JOBS) --output-on-failure --no-tests=error $(2)

.PHONY: setup build demo test test-all test-corpus bench fuzz format lint clean help

help:
	@echo "make setup | build | demo | test | test-all | test-corpus | bench | fuzz | format | lint | clean"

setup:
	@$(INSTALL) $(build_packages)

## The command: build/release/bin/probity
build: setup
	@$(call compile,release,--target probity)

## The main job on our own firewall: load, run on two engines, prove, refute.
demo: build
	@examples/demo.sh

## Everything fast: builds all, checks the freestanding half links alone, runs every test not labelled slow.
test: setup
	@$(INSTALL) $(test_packages)
	@$(call compile,release)
	@$(call compile,freestanding)
	@$(call run_tests,release,-LE slow)

## test, then the same and the slow suites under sanitizers, the fuzz targets, and a build with clang.
test-all:
	@$(INSTALL) $(browser_packages)
	@$(MAKE) test
	@$(INSTALL) $(clang_packages)
	@$(call compile,clang)
	@$(MAKE) fuzz
	@$(call compile,asan-ubsan)
	@$(call run_tests,asan-ubsan,-LE slow)
	@ctest --test-dir $(RELEASE) -j $(JOBS) --output-on-failure --no-tests=ignore -L slow

## Ground truth from the folder named by PROBITY_CORPUS, on the engine that PROBITY_ENGINE names (default: interp, and
## real objects on jit and emu:rv64, too): one line `FILE: PASSED of TOTAL` per file. docs/corpus.md describes the rows.
test-corpus: setup
	@$(call compile,release,--target corpus_runner)
	@$(RELEASE)/bin/corpus_runner

## Prints ns per executed insn and the ratio to native code, and every other measured claim.
bench: setup
	@$(call compile,release)
	@for bench in $(RELEASE)/bin/*_bench; do echo "== $${bench##*/}"; "$$bench"; done

fuzz: setup
	@$(INSTALL) $(clang_packages)
	@$(call compile,fuzz,--target fuzz_targets)
	@FUZZ_SECONDS=$(FUZZ_SECONDS) JOBS=$(JOBS) fuzz/run.sh build/fuzz/bin

sources := git ls-files --cached --others --exclude-standard -- '*.cpp' '*.hpp' '*.h' '*.c'

## Formats every source, and writes the generated README of every folder.
format: setup
	@$(INSTALL) $(format_packages) git
	@$(sources) ':!bench/programs' | xargs -r clang-format-19 -i
	@$(call compile,release,--target folder_readmes)
	@$(RELEASE)/bin/folder_readmes --write

## clang-tidy over LINT_FILES: by default what differs from main; `make lint LINT_FILES=all` reads everything.
lint: setup
	@$(INSTALL) $(lint_packages) git
	@$(call configure,clang)
	@.ci/lint build/clang $(JOBS) $(LINT_FILES)

clean:
	@rm -rf build
