# Every target sets itself up: a virtual environment, the locked packages, and the tool and the embedded cloud, editable.
# PYTHON=/path/to/python3.13 make test   chooses the Python; otherwise the first one >= 3.11 found is used. The system's
# comes first: distributions build it with optimisations; the tests take 1.25 times as long on one built without.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CANDIDATES := $(or $(PYTHON),/usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11)
SUITABLE := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))

# The tests start many processes: each would compile the whole tool again where this is set.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo demo-app demo-day docs test test-cloud test-slow test-rest coverage crash crash-lives crash-stacks crash-verbs faults simulate mutate mutate-stacks test-wheels test-docker test-aws lint audit audit-policies moto-canary types bench refusals release clean
.DELETE_ON_ERROR:

demo: $(READY)
	PATH="$(CURDIR)/$(BIN):$$PATH" bash demos/demo.sh

demo-app: $(READY)
	PATH="$(CURDIR)/$(BIN):$$PATH" bash demos/demo_app.sh

# Deployments, failures and rollbacks under load, and a look inside: the Django example in real containers.
demo-day: $(READY)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python demos/day.py

# In an order that SEED draws: of the files, and of the tests in each but those that say otherwise. It is printed.
SEED := $(or $(SEED),$(shell date +%s))
WORKERS := 2
ORDER := -n $(WORKERS) --dist loadfile --no-loadscope-reorder --random-order --random-order-seed=$(SEED)
TESTS := $(ORDER) tests/cloud tests/contract tests/simulation tests/unit
# PART=1/2: the files of one half, for two machines (tests/parts.py)
SHARE := $(if $(PART),--part $(PART))

# All that needs no cloud, and one test of each file that does. ROOM=deployment: all of one room but whole lives.
test: $(READY)
	@echo "make test SEED=$(SEED)$(if $(ROOM), ROOM=$(ROOM))"
ifdef ROOM
	$(BIN)/python -m pytest $(ORDER) -m "not slow and not enumeration" $(wildcard tests/*/$(ROOM))
else
	$(BIN)/python -m pytest $(TESTS) -m "not enumeration" --tier quick $(SHARE)
endif

# The other tests on the embedded cloud.
test-cloud: $(READY)
	@echo "make test-cloud SEED=$(SEED)"
	$(BIN)/python -m pytest $(TESTS) -m "not enumeration" --tier cloud $(SHARE)

# Whole lives of a stack, and what takes long with single resource types: the three are all that a matrix of machines runs.
test-slow: $(READY)
	@echo "make test-slow SEED=$(SEED)"
	$(BIN)/python -m pytest $(TESTS) -m "not enumeration" --tier slow $(SHARE)

# Both of them in one run: no worker waits for the last file of the first. Continuous integration on one machine runs a quarter.
test-rest: $(READY)
	@echo "make test-rest SEED=$(SEED)"
	$(BIN)/python -m pytest $(TESTS) -m "not enumeration" --tier cloud,slow $(SHARE)

coverage: $(READY)
	$(BIN)/python -m pytest --cov --cov-report=term $(TESTS)

# ARGS: see docs/developers/crash.md
crash: $(READY)
	$(BIN)/python -m tests.cloud.crash $(ARGS)

# deploy, scale, sleep and the others, around each of their writes. ARGS: see docs/developers/crash.md
crash-verbs: $(READY)
	$(BIN)/python -m tests.cloud.crash.verbs $(ARGS)

# Drawn sequences of commands, edits and losses, with kills in them. ARGS: see docs/developers/crash.md
crash-lives: $(READY)
	$(BIN)/python -m tests.cloud.crash.lives $(ARGS)

# Drawn stacks and edits of them, under faults and kills, compared with the same made from nothing. ARGS: as above
crash-stacks: $(READY)
	$(BIN)/python -m tests.cloud.crash.stacks $(ARGS)

# Deliberate faults in the tool, each of which the lives of drawn stacks have to find. ARGS: as above
mutate-stacks: $(READY)
	$(BIN)/python -m tests.cloud.crash.mutants $(ARGS)

# ARGS: see docs/developers/faults.md
faults: $(READY)
	$(BIN)/python -m tests.cloud.faults $(ARGS)

# ARGS: see docs/developers/simulation.md
simulate: $(READY)
	$(BIN)/python -m tests.simulation $(ARGS)

# ARGS: see docs/developers/simulation.md
mutate: $(READY)
	$(BIN)/python -m tests.simulation.mutations $(ARGS)

# What users install: both wheels, in empty environments of every supported Python that the machine has; from the package
# index come the locked versions of what they need.
test-wheels: $(READY)
	$(BIN)/python -m pytest -n 2 -rs --timeout 3600 tests/wheels

# Three workers, as they wait for containers most of the time, on one engine. ARGS: more for pytest, such as --durations=0.
test-docker: $(READY)
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(SHARE) $(ARGS) tests/docker

# On AWS, and costs money: PROFILE, DOMAIN, REGION and ARGS, see docs/developers/aws.md. It shows what it will make, and asks.
test-aws: $(READY)
	$(BIN)/python -m tests.aws $(if $(PROFILE),--profile "$(PROFILE)") $(if $(DOMAIN),--domain "$(DOMAIN)") $(if $(REGION),--region "$(REGION)") $(ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python -m tests.audit bandit

# bandit over the code, Prowler over stacks on the embedded cloud, the locked packages; against tests/audit/waivers.toml. Some
# minutes. ARGS: the names of some.
audit: $(READY) $(VENV)-prowler/.ready $(VENV)-supply/.ready
	$(BIN)/python -m tests.audit $(ARGS)

# The programs of an audit, in an environment of their own, from tests/audit/NAME.lock.
$(VENV)-%/.ready: tests/audit/%.lock | $(READY)
	@echo "Installing $< into $(VENV)-$*"
	@$(BIN)/python -m venv --clear $(VENV)-$*
	@$(VENV)-$*/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	@touch $@

# The printed policies against AWS's reference and known escalations: a part of `make audit`.
audit: audit-policies
audit-policies: $(READY) $(VENV)-policies/.ready
	$(BIN)/python -m tests.audit.policies

# The tests of the embedded cloud with the newest moto, and else what is locked. MOTO=5.2.4: with that one instead;
# HASH=sha256:...: only if its wheel has that hash, which a run before has told; ARGS: with other tests. See docs/developers/cloud.md
moto-canary: $(READY)
	@echo "Installing the locked packages, and $(if $(MOTO),moto $(MOTO),the newest moto), into $(VENV)-moto"
	@$(BIN)/python -m venv --clear $(VENV)-moto
	@$(VENV)-moto/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@$(VENV)-moto/bin/python -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: -d $(VENV)-moto/new 'moto$(if $(MOTO),==$(MOTO))'
	@for wheel in $(VENV)-moto/new/*.whl; do \
	  echo "$$wheel $(if $(HASH),--hash=$(HASH),$$($(VENV)-moto/bin/python -m pip hash "$$wheel" | grep -e --hash))"; \
	done | tee $(VENV)-moto/new/lock
	@$(VENV)-moto/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $(VENV)-moto/new/lock
	@-$(VENV)-moto/bin/python -m pip check --disable-pip-version-check
	@$(VENV)-moto/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e ./emulator -e .
	PATH="$(CURDIR)/$(VENV)-moto/bin:$$PATH" $(VENV)-moto/bin/python -m tests.cloud.canary $(ARGS)

# What the embedded cloud refuses, each with its source, as build/refusals.md; the figures in docs/developers/cloud.md with it.
refusals: $(READY)
	$(BIN)/python -m tests.cloud.refusals.document

# The documents as a site of two halves, for users in build/site and for developers below it; fails on a link that leads nowhere.
docs: $(READY)
	$(BIN)/python -m tools.reference
	$(BIN)/python -m tools.site

# VERSION=1.2.3: checks, builds both distributions into dist/, tags; uploads nothing. See docs/developers/releasing.md
release: $(READY)
	@$(BIN)/python -m tests.release "$(VERSION)"

types: $(READY)
	$(BIN)/mypy

# ARGS: the names of some, see benchmarks/README.md
bench: $(READY)
	$(BIN)/python -m benchmarks $(ARGS)

clean:
	rm -rf $(VENV) $(VENV)-moto $(VENV)-policies $(VENV)-prowler $(VENV)-supply .venv-ansible build dist .coverage .coverage.* .grimp_cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Done once, and again when the lock or the metadata of the two distributions changes.
$(READY): requirements.lock pyproject.toml emulator/pyproject.toml
	@if [ ! -x $(BIN)/python ] || ! $(BIN)/python -c '$(SUITABLE)' 2>/dev/null; then \
	  for python in $(CANDIDATES); do \
	    if "$$python" -c '$(SUITABLE)' 2>/dev/null; then found=$$python; break; fi; \
	  done; \
	  if [ -z "$$found" ]; then \
	    echo "make: no Python 3.11 or newer with its venv module among: $(CANDIDATES). Install one (Debian: apt-get install python3 python3-venv), or say PYTHON=/path/to/python make ..." >&2; exit 1; \
	  fi; \
	  echo "Making $(VENV) with $$found"; \
	  "$$found" -m venv --clear $(VENV) || exit 1; \
	fi
	@echo "Installing the locked packages"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e ./emulator -e .
	@$(BIN)/python -m pip check --disable-pip-version-check
	@touch $@
