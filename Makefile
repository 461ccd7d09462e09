# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# `make` alone lists the targets. Each target installs what it needs; the second time that takes no time.
.DEFAULT_GOAL := help
.PHONY: help setup host lint unit test faults bench rollout docs docs-site look demo demo-recording artefact clean
PYTEST = .venv/bin/python -m pytest -c tests/pytest.ini --rootdir=. $(PYTEST_ARGS)
LAB = .venv/bin/python tests/lab/lab

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*##/  make \1\t/p' $(MAKEFILE_LIST) | expand -t 24

setup:  ## create .venv and build/collections (ANSIBLE_CORE=2.18.19: with another ansible-core)
	@python3 tests/environment.py

host: setup  ## install what the emulated boards need on this machine (root or sudo), and report what is missing
	@$(LAB) install-host-packages
	@$(LAB) doctor

lint: setup  ## run linters, sanity with each ansible-core, checks of documentation, licenses and the artifact
	@$(PYTEST) tests/quality

unit: setup  ## run the unit tests: seconds
	@$(PYTEST) tests/unit tests/lab

# Two cores: a worker for emulated boards, and one for all else (tests/conftest.py); PYTEST_ARGS="-n 3" where there are more.
# Rare or long tests run in `make lint` and `make faults`.
test: host  ## run all but the rarest tests, emulated boards included: half an hour, three quarters the first time
	@exec .venv/bin/python tests/run.py -n 2 --dist loadscope --no-loadscope-reorder -m "not lint_only and not faults_only" $(PYTEST_ARGS)

faults: host  ## run the fault matrix on emulated boards, four hours, and the tests that make test leaves out
	@PATH="$(CURDIR)/.venv/bin:$$PATH" exec .venv/bin/python tests/faults/run.py

bench: host  ## measure speed and memory as ratios (BENCH_ONLY="audit memory": some of them)
	@PATH="$(CURDIR)/.venv/bin:$$PATH" exec .venv/bin/python tests/bench/run.py

rollout: host  ## upgrade 200 light boards with faults, killed controllers and two at once: hours (ROLLOUT_BOARDS=40: fewer)
	@PATH="$(CURDIR)/.venv/bin:$$PATH" exec .venv/bin/python tests/rollout/run.py

docs: setup  ## write the generated documents: compatibility, boards, diagnoses, schema, variables of the roles, demo.svg
	@.venv/bin/python tests/quality/generate_docs.py

docs-site: setup  ## build the documentation as a web site, build/docs-site/html/index.html: a minute
	@.venv/bin/python tests/docs_site/build.py

look:  ## audit twenty made-up boards on this machine, with table and report: a minute, without root
	@python3 tests/lab/look.py

demo: host  ## upgrade an emulated ROCK 5B from a failing to a working MobileNet
	@PATH="$(CURDIR)/.venv/bin:$$PATH" exec tests/lab/demo

demo-recording: setup  ## run make demo, and draw docs/demo.svg, the README's picture, from its output
	@$(MAKE) --no-print-directory demo >build/demo-output.txt 2>&1 || { cat build/demo-output.txt; exit 1; }
	@.venv/bin/python tests/lab/demo_recording.py build/demo-output.txt

artefact: setup  ## build build/rkfleet-npu-VERSION.tar.gz
	@.venv/bin/ansible-galaxy collection build --force --output-path build

clean:  ## stop the boards and remove build/ and .venv, but not the caches outside the checkout
	@if [ -d build ]; then python3 tests/lab/lab down --everywhere --purge; fi
	@rm -rf build .venv tests/output .ansible
