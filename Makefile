# `make demo` and `make test` do all the set-up on a fresh Debian 12 or 13, as root or with sudo.
# sudo drops the environment: what the person set for pacsmith, and the way out through a proxy, is kept by name.
KEPT := $(shell env | sed -nE 's/^(PACSMITH_[A-Z_]+|(https?|ftp|all|no)_proxy|(HTTPS?|FTP|ALL|NO)_PROXY)=.*/\1/p' | sort -u | paste -sd,)
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo $(if $(KEPT),--preserve-env=$(KEPT)))
BIN := .venv/bin
LAB_TESTS = $(SUDO) $(BIN)/pytest tests/lab -q -p no:cacheprovider --durations=8

.PHONY: help demo demo-down setup test lint unit bases lab lab-clinic lab-stations lab-ward lab-engine lab-others lab-long vagrant molecule lock wheel
help:            ## this list
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/ -/'

demo: setup ## build, verify and document the fictional hospital in the lab
	$(SUDO) scripts/demo

demo-down: ## take the demo's lab down
	$(SUDO) $(BIN)/pacsmith lab down example

setup: ## install what is missing for `make demo`
	@scripts/setup demo

test: ## install what is missing and run every check
	@scripts/setup test
	@$(MAKE) --no-print-directory -j2 -Otarget lint bases unit
	@$(MAKE) --no-print-directory lab

lint: ## ruff, mypy --strict, import layers, shellcheck, ansible-lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	shellcheck scripts/setup scripts/demo .ci/run
	PATH="$(CURDIR)/$(BIN):$$PATH" ansible-lint -q roles

unit: ## tests that need no host
	$(BIN)/pytest tests/unit -q -n 2

bases: ## the lab's base trees, made while other checks run (root)
	$(SUDO) $(BIN)/python -m tests.lab.prepare

lab: ## tests on real hosts in the lab, three groups side by side, the longest first (root); `make lab-long` has more
	@$(MAKE) --no-print-directory -j3 -Otarget lab-others vagrant lab-clinic lab-ward molecule lab-engine

lab-clinic: ## lab tests that share one archive, built once
	$(LAB_TESTS) -m "clinic and not long"

lab-stations: ## lab tests that share a host of each class, built once, and look at the screens of its stations
	$(LAB_TESTS) -m stations

lab-ward: ## lab tests of a ward with DICOM TLS
	$(LAB_TESTS) -m ward

lab-engine: ## lab tests of Ansible's engine
	$(LAB_TESTS) -m engine

lab-others: ## all other lab tests but the long ones
	$(LAB_TESTS) -m "not clinic and not ward and not stations and not engine and not vagrant and not long"

lab-long: lab-stations ## lab tests that take too long to gate a landing: faults on screens, login, burn-in, NVIDIA ...
	$(LAB_TESTS) -m long

vagrant: ## lab tests that boot one host of each class with Vagrant's provider lxc
	$(LAB_TESTS) -m "vagrant and not long"

molecule: ## the scenario of the Ansible role in the lab: create, converge, idempotence, side effect, verify
	cd roles/workstation && $(SUDO) env PATH="$(CURDIR)/$(BIN):$$PATH" molecule test

lock: ## resolve requirements.lock anew (versions and hashes, no address), on every supported Python
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra dev pyproject.toml -o requirements.lock

wheel: setup ## a wheel with specs and roles in dist/
	$(BIN)/python -m build --wheel --no-isolation
