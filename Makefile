# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# `make` alone lists what there is. Every target sets itself up; a second time that costs nothing.
.DEFAULT_GOAL := help
.PHONY: help setup host lint unit test faults bench docs demo artefact clean
PYTEST = .venv/bin/python -m pytest -c tests/pytest.ini --rootdir=. $(PYTEST_ARGS)
LAB = .venv/bin/python tests/lab/lab

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*##/  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

setup:  ## the virtual environment .venv and build/collections (ANSIBLE_CORE=2.18.19: with another ansible-core)
	@python3 tests/environment.py

host: setup  ## what the emulated boards need from this machine: install it (root or sudo), then say what is missing
	@$(LAB) install-host-packages
	@$(LAB) doctor

lint: setup  ## linters, sanity with each ansible-core, documentation, licenses, the artefact
	@$(PYTEST) tests/quality

unit: setup  ## unit tests, seconds
	@$(PYTEST) tests/unit tests/lab

# Emulated boards wait as much as they compute: two at a time, and beside them what needs none (tests/conftest.py). What is rare or
# long is left out: `make lint` and `make faults` have it.
test: host  ## all but the rarest tests, emulated boards included: three quarters of an hour, an hour the first time
	@exec .venv/bin/python tests/run.py -n 3 --dist loadscope --no-loadscope-reorder -m "not lint_only and not faults_only" $(PYTEST_ARGS)

faults: host  ## break emulated boards in every way we could think of, three hours, and what make test leaves out: no board may end worse than it began
	@PATH="$(CURDIR)/.venv/bin:$$PATH" exec .venv/bin/python tests/faults/run.py

bench: host  ## ratios: audit and second run to ping, upgrade to by hand, downtime to reboot ... (BENCH_ONLY="audit memory": some of them)
	@PATH="$(CURDIR)/.venv/bin:$$PATH" exec .venv/bin/python tests/bench/run.py

docs: setup  ## docs/compatibility.md from the data, docs/boards.md from the tests, docs/fleet.schema.json from the schema
	@.venv/bin/python tests/quality/generate_docs.py

demo: host  ## watch an emulated ROCK 5B go from a failing MobileNet to a proven one
	@PATH="$(CURDIR)/.venv/bin:$$PATH" exec tests/lab/demo

artefact: setup  ## build/rkfleet-npu-VERSION.tar.gz
	@.venv/bin/ansible-galaxy collection build --force --output-path build

clean:  ## stop the boards and remove build/ and .venv; the caches outside the checkout stay
	@if [ -d build ]; then python3 tests/lab/lab down --everywhere --purge; fi
	@rm -rf build .venv tests/output .ansible
