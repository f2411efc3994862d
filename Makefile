# Two commands matter: `make demo` shows the daemon at work, `make test` proves it. Each does all its own set-up.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TOOLS := $(VENV)/.tools
SBOM ?= build/zoho-tokend.cdx.json
# Each worker has servers of its own. `auto` is two workers for each processor; with 0 there is one process. The order is
# shuffled in the same way every time.
PYTEST_WORKERS ?= auto
PYTEST := $(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadgroup --no-loadscope-reorder --randomly-seed=1

.PHONY: help demo test check lint types arrows fast simulate image image-test systemd-test sbom bench reliability fuzz docs pictures lock clean
.DEFAULT_GOAL := help

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "zoho-tokend needs Python 3.11 or newer; point PYTHON= at one." >&2; exit 1; }
	@echo "Setting up $(VENV) from requirements/dev.txt (hash-locked) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# What some tests drive: promtool checks the metrics, Chromium walks the pages, curl and jq read as a script does, nft and ip break a network, faketime
# steps a clock. Where one is missing and cannot be installed, its tests are skipped by name, with the reason.
$(TOOLS): $(READY)
	@packages=""; \
	command -v promtool >/dev/null || packages="$$packages prometheus"; \
	command -v chromium >/dev/null || packages="$$packages chromium"; \
	command -v curl >/dev/null || packages="$$packages curl"; \
	command -v systemd-analyze >/dev/null || packages="$$packages systemd"; \
	command -v jq >/dev/null || packages="$$packages jq"; \
	command -v ip >/dev/null || packages="$$packages iproute2"; \
	command -v nft >/dev/null || packages="$$packages nftables"; \
	command -v faketime >/dev/null || packages="$$packages faketime"; \
	if [ -n "$$packages" ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Debian's$$packages for the tests ..."; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$packages >/dev/null; \
	fi
	@touch $@

demo: $(READY)  ## the daemon, a real OpenBao server and a Zoho that runs on loopback, live in this terminal
	@$(BIN)/zoho-tokend demo $(DEMO_ARGS)

test: $(TOOLS) check  ## everything: checks, then every test; with CI=true nothing may be skipped
	@$(PYTEST) $(PYTEST_ARGS)

check: lint types arrows  ## the checks without the tests

lint: $(READY)  ## ruff: style and near-ALL lints; hadolint: the Dockerfile
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/hadolint Dockerfile

types: $(READY)  ## mypy, strict
	@$(BIN)/mypy

arrows: $(READY)  ## import-linter: the architecture of the README
	@$(BIN)/lint-imports

fast: $(READY)  ## the tests that take seconds: pure core, wire, codec, virtual time
	@$(PYTEST) tests/unit tests/component $(PYTEST_ARGS)

image:  ## the image, by docker; or ENGINE=podman, ENGINE=buildah; IMAGE_ARGS= goes to it
	@deploy/build-image $(IMAGE_ARGS)

# Where buildah cannot be had there is no image to test: that is said, with the reason, and is no failure.
image-test: $(READY)  ## build the image without a container engine, and run the demo against it
	@reason="$$(tests/image/install-tools)" || { echo "image-test is skipped: $$reason"; exit 0; }; \
	$(BIN)/python -m pytest -m image tests/image $(PYTEST_ARGS)

systemd-test: $(READY)  ## install the unit on a machine that is booted for it, by the page, and see it run
	@reason="$$(tests/systemd/can-boot)" || { echo "systemd-test is skipped: $$reason"; exit 0; }; \
	$(BIN)/python -m pytest -m systemd tests/systemd $(PYTEST_ARGS)

sbom: $(READY)  ## what is in the image, from the lock, as CycloneDX
	@mkdir -p $(dir $(SBOM))
	@SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -W ignore -m cyclonedx_py requirements requirements/runtime.txt --pyproject pyproject.toml --output-reproducible -o $(SBOM)

simulate: $(READY)  ## a minute of simulated years with fresh seeds; SEED=7 replays one, WRITE=1 writes docs/simulation.md
	@$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED)) $(if $(EPISODES),--episodes $(EPISODES)) $(if $(EDGE),--edge "$(EDGE)") $(if $(WRITE),--write) $(SIMULATE_ARGS)

bench: $(READY)  ## the benchmarks, 40 minutes: written to docs/benchmarks.md, and fleets of 100 to 100,000 to docs/sizing.md
	@$(BIN)/python -m tests.benchmarks
	@$(BIN)/python -m tests.benchmarks.sizing

reliability: $(TOOLS)  ## everything that can break, broken: what readers saw, written to docs/reliability.md
	@$(BIN)/python -m tests.reliability

fuzz: $(READY)  ## ten million hostile inputs at everything that parses, written to docs/fuzzing.md
	@$(BIN)/python -m tests.fuzzing

docs: $(TOOLS)  ## write anew what is generated: the tables of the docs, the files for Prometheus and Grafana
	@$(BIN)/python -m tests.support.documents.generated_docs
	@$(BIN)/python -m deploy.monitoring

pictures: $(TOOLS)  ## take the pictures of README.md anew
	@$(BIN)/python -m tests.pictures

lock: $(READY)  ## resolve the requirements anew: hashes, no addresses
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --custom-compile-command "make lock" --extra kubernetes pyproject.toml -o requirements/runtime.txt
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --custom-compile-command "make lock" --extra demo --extra kubernetes --group dev pyproject.toml -o requirements/dev.txt
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --custom-compile-command "make lock" --constraint requirements/dev.txt --group image -o requirements/image.txt
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --custom-compile-command "make lock" --constraint requirements/dev.txt --group ingest pyproject.toml -o requirements/ingest.txt

clean:  ## remove what the other commands made
	@rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
