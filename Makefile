# Each target sets up what it needs, and no more.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
UV := $(shell command -v uv 2>/dev/null)
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
# Else each process compiles what it imports: half of a server's start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup studio screenshots demo test test-heavy coverage check bench proof chaos fuzz matrix docs lock migration clean system

setup: .venv/.setup ## .venv with `salvia` in it

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Salvia needs Python 3.11 or newer; set PYTHON=python3.12"; exit 1; }
	@$(if $(UV),$(UV) venv -q --python $(PYTHON) .venv,$(PYTHON) -m venv .venv)

# install FILES [BIN]: what lock files name, hashes checked
define install
	$(if $(UV),$(UV) pip install -q -p $(or $(2),$(BIN))/python --require-hashes $(1),$(or $(2),$(BIN))/python -m pip install -q --disable-pip-version-check --require-hashes $(1))
endef

.venv/.setup: requirements/runtime.lock requirements/build.lock pyproject.toml | .venv/bin/python
	@$(call install,-r requirements/runtime.lock -r requirements/build.lock)
	@$(if $(UV),$(UV) pip install -q -p $(BIN)/python,$(BIN)/python -m pip install -q --disable-pip-version-check) --no-deps --no-build-isolation -e .
	@touch $@

.venv/.clients: requirements/clients.lock .venv/.setup
	@$(call install,-r requirements/clients.lock)
	@touch $@

.venv/.dev: requirements/dev.lock .venv/.clients
	@$(call install,-r requirements/dev.lock)
	@touch $@

# Studio's page, and what its tests need; costs nothing where it stands.
.venv/.studio: .venv/.dev $(shell find studio -name node_modules -prune -o -type f -print)
	@$(BIN)/python tools/studio.py
	@touch $@

studio: .venv/.setup ## Studio's page, from its sources
	@$(BIN)/python tools/studio.py

# Each major version of the SageMaker SDK in an environment of its own: for tests that are its users.
.venv-sdk%/.setup: requirements/sdk%.lock
	@$(if $(UV),$(UV) venv -q --clear --python $(PYTHON) $(@D),$(PYTHON) -m venv --clear $(@D))
	@$(call install,-r $<,$(@D)/bin)
	@touch $@

.venv/.bench: requirements/bench.lock .venv/.dev
	@$(call install,-r requirements/bench.lock)
	@touch $@

.venv/.docs: requirements/docs.lock .venv/.setup
	@$(call install,-r requirements/docs.lock)
	@touch $@

system: ## bubblewrap, PostgreSQL and OpenMP, where this may be done
	@tools/system-packages

screenshots: system .venv/.studio .venv-sdk2/.setup ## Studio's pages with real work on them: docs/studio-pages.md
	@$(BIN)/python -m tests.gallery $(ARGS)

demo: .venv/.clients ## train a real model through the AWS CLI
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tools/demo.py

# What a database has no part in (what models and programs do, files, bytes, images), or kept_databases, which has
# PostgreSQL's beside SQLite's, is not tested again on PostgreSQL.
ON_POSTGRESQL := $(filter-out $(patsubst %,tests/contract/test_%.py,bad_models bad_requests checkpoints deployments \
  forged_requests iam_simulation kept_databases multi_model_endpoints objectstores overlays \
  protocol_input protocol_output proxy runtimes s3_bytes s3_cli s3_elsewhere s3_gone_client s3_integrity \
  s3_remote scikit_learn script_mode search_random sigv4_suite spot tls training_input transform_jobs warm_pools xgboost_endpoints),$(wildcard tests/contract/test_*.py))
PYTEST := $(BIN)/python -m pytest
# run TESTS: 5: ARGS leave nothing to run
run = { $(PYTEST) $(1) $(ARGS) || [ $$? = 5 ]; }

# Three at a time, about equally long: most of what a test does is wait. What one builds of an image, the others use, and
# the next run.
test test-heavy: export SALVIA_TEST_IMAGES := $(CURDIR)/.test/images
test: system .venv/.studio .venv-sdk2/.setup .venv-sdk3/.setup ## every test but the heavy; contract on PostgreSQL, too
	@mkdir -p $(SALVIA_TEST_IMAGES)
	@{ $(call run,tests/browser); browser=$$?; $(call run,tests/contract) && exit $$browser; \
	} >.test/contract 2>&1 & contract=$$!; \
	{ $(call run,tests/unit); unit=$$?; \
	export SALVIA_TEST_DATABASE=postgresql; $(call run,$(ON_POSTGRESQL)) && exit $$unit; \
	} >.test/unit 2>&1 & unit=$$!; \
	$(call run,tests --ignore tests/browser --ignore tests/contract --ignore tests/unit --ignore tests/heavy); rest=$$?; \
	wait $$contract; contract=$$?; wait $$unit; unit=$$?; cat .test/contract .test/unit; exit $$((rest + contract + unit))

HEAVY := $(sort $(wildcard tests/heavy/test_*.py))
FRAMEWORKS := $(filter %base_images.py %huggingface.py %processing.py %pytorch.py %scikit_learn.py %tensorflow.py,$(HEAVY))
test-heavy: system .venv/.studio .venv-sdk2/.setup .venv-sdk3/.setup ## images that take minutes to build; what they do on real data
	@mkdir -p $(SALVIA_TEST_IMAGES) .test/home && ln -sfn ../images .test/home/images
	@SALVIA_HOME=$(CURDIR)/.test/home $(BIN)/salvia images build $(patsubst containers/%/image.toml,%,$(wildcard containers/*/image.toml)) >.test/built
	@$(call run,$(FRAMEWORKS)) >.test/frameworks 2>&1 & frameworks=$$!; \
	$(call run,$(filter-out $(FRAMEWORKS),$(HEAVY))); rest=$$?; \
	wait $$frameworks; frameworks=$$?; cat .test/frameworks; exit $$((rest + frameworks))

coverage: ## every test, noting which lines ran
	@rm -rf .coverage .coverage.*
	@$(MAKE) test PYTEST="$(BIN)/coverage run -m pytest"
	@$(BIN)/coverage combine -q && $(BIN)/coverage report --skip-covered --sort=cover | tail -n 40

check: .venv/.studio ## style, types, architecture; every test can be imported
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/studio.py check
	$(PYTEST) --collect-only -qq tests >/dev/null

chaos: system .venv/.dev ## kill -9 anything, then count: a hundred jobs, a hundred thousand requests, both databases
	CHAOS_JOBS=100 CHAOS_REQUESTS=100000 $(BIN)/python -m pytest tests/chaos $(ARGS)
	CHAOS_JOBS=100 SALVIA_TEST_DATABASE=postgresql $(BIN)/python -m pytest tests/chaos --ignore tests/chaos/test_replicas.py --ignore tests/chaos/test_gateways.py $(ARGS)

fuzz: system .venv/.dev ## twenty thousand requests that no client would send
	FUZZ_REQUESTS=20000 $(BIN)/python -m pytest tests/fuzz -s --timeout 1200 $(ARGS)

matrix: .venv/.dev ## policies decided beside an independent evaluator; needs npm
	$(BIN)/python -m tests.oracle.matrix $(ARGS)

bench: system .venv/.bench .venv/.studio ## ratios beside moto's server, in one run; ARGS=studio for one part
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tests/bench/run.py $(ARGS)

proof: system .venv/.dev .venv-sdk2/.setup ## every image on real data, beside its library by itself: docs/proof.md
	$(BIN)/python tests/proof/run.py $(ARGS)

docs: .venv/.docs ## site/
	$(BIN)/mkdocs build -q --strict

lock: ## renew the lock files
	tools/lock

clean:
	rm -rf .venv .venv-sdk2 .venv-sdk3 site .demo .bench .test .coverage .coverage.*
