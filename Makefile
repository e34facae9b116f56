# Each target is one line to a tool: `make help` lists them.
SHELL := bash
.DEFAULT_GOAL := help
export ORCHESTRATOR_URL RUNTIME_GRPC_URL QUICKSTART_DATABASE_PORT PROVIDER

.PHONY: help up down status verify test test-all bench lint build lock

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## ?/  make \1\t/' | expand -t 18

up: ## a complete deployment on three containers of this machine, proved by a workflow that completes; PROVIDER=container
	@tools/quickstart.sh up

down: ## remove the quickstart; only caches stay
	@tools/quickstart.sh down

status: ## what runs in the quickstart, and whether it is healthy
	@tools/quickstart.sh status

verify: ## run the verification against the quickstart again
	@tools/quickstart.sh verify

test: ## everything that CI runs
	@tools/test.sh all

test-all: ## make test, and what is too long for it
	@tools/test.sh everything

bench: ## benchmarks of the worker; WHAT=throughput (or several) for single ones
	@tools/bench.sh $(WHAT)

lint: ## ansible-lint, yamllint, ruff, mypy, shell syntax, changelog
	@tools/test.sh lint

build: ## the collection's tarball, checked by installing it
	@tools/test.sh build

lock: ## lock the development environment and the worker's wheelhouse anew
	@tools/lock.sh
