# Everything runs in .venv, made here with what the lock file names.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.locked

.PHONY: demo test lint bench quality torture lock clean setup replay-setup audit sbom fuzz

demo: setup
	@$(BIN)/scrapy demo

test: setup
	@$(BIN)/python -m pytest -q -n 3 --dist loadfile $(ARGS)

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: setup
	@$(BIN)/python -m tests.benchmarks

quality: setup
	@$(BIN)/python -m tests.quality $(ARGS)

# Kills, full disks, I/O errors, damage, jumping clocks: about an hour and a half; ARGS='--kills 100 --lives 1' is less.
torture: setup
	@$(BIN)/python -m tests.torture $(ARGS)

# Known vulnerabilities of what is locked, as PyPI's advisories have them; and what is locked as CycloneDX. Both tools
# are put into an environment of their own, so that they are no part of what they judge.
TOOLS := .venv-tools
LOCKS := requirements.lock deploy/requirements.lock requirements-pywb.lock

audit: $(TOOLS)/.audit
	@failed=0; for lock in $(LOCKS); do \
		echo "$$lock:"; \
		$(TOOLS)/bin/pip-audit --requirement $$lock --require-hashes --disable-pip --progress-spinner off \
			>$(TOOLS)/audit.log 2>&1; code=$$?; \
		missed=$$(grep -c "could not be audited" $(TOOLS)/audit.log); \
		if grep -qE "ConnectionError|ServiceError|ConnectTimeout|Max retries|HTTPError|ProxyError|SSLError" $(TOOLS)/audit.log; then \
			echo "The advisory service at pypi.org can't be reached from here: NOTHING WAS CHECKED."; failed=1; \
		elif test $$missed -gt 0; then grep -v "could not be audited" $(TOOLS)/audit.log; failed=1; \
			echo "$$missed packages are unknown to the advisory service as it is reached from here: THEY WERE NOT CHECKED."; \
		else cat $(TOOLS)/audit.log; test $$code -eq 0 || failed=1; fi; \
	done; exit $$failed

sbom: $(TOOLS)/.sbom
	@for lock in $(LOCKS); do \
		name=$$(echo $$lock | tr / - | sed 's/\.lock$$//'); \
		PYTHONWARNINGS=ignore $(TOOLS)/bin/cyclonedx-py requirements --output-reproducible --pyproject pyproject.toml \
			--output-format JSON --output-file $$name.cdx.json $$lock && echo "$$name.cdx.json"; \
	done

$(TOOLS)/.audit $(TOOLS)/.sbom:
	@test -x $(TOOLS)/bin/python || $(PYTHON) -m venv $(TOOLS)
	@$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check \
		$(if $(findstring audit,$@),"pip-audit==2.*","cyclonedx-bom==7.*")
	@touch $@

# Half an hour a target; atheris is used where it is installed.
fuzz: setup
	@$(BIN)/python -m tests.fuzzing all --minutes 30 $(ARGS)

setup: $(STAMP)

# pywb, for scrapy serve, which does it on first use otherwise.
replay-setup: setup
	@$(BIN)/scrapy serve --setup-only

$(STAMP): requirements.lock
	@command -v $(PYTHON) >/dev/null || { echo "newswarc needs Python 3.11 or newer: apt install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "newswarc needs Python 3.11 or newer, but $(PYTHON) is $$($(PYTHON) -V); give another one with make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "newswarc needs Python's venv module: apt install python3-venv" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked dependencies into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $(STAMP)

# After a change of dependencies in pyproject.toml.
lock:
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url --no-emit-find-links --extra fast --extra web --extra parquet --extra watch --extra opentimestamps --group dev pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links --extra fast --extra web --extra parquet --extra watch --extra opentimestamps --constraint requirements.lock pyproject.toml -o deploy/requirements.lock
	@printf "pywb>=2.10,<2.11\nzstandard>=0.25\n" | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --no-emit-index-url --no-emit-find-links - -o requirements-pywb.lock

clean:
	rm -rf $(VENV) $(TOOLS) .venv-pywb .venv-pywb.lock .pytest_cache .mypy_cache .ruff_cache .hypothesis
