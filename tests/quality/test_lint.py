# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The linters: ansible-lint, antsibull-docs, antsibull-changelog."""

from __future__ import annotations


def test_ansible_lint(run):
    run("ansible-lint", "--offline", "--profile", "production", "--nocolor")


def test_documentation(run, copy):
    run("antsibull-docs", "lint-collection-docs", "--plugin-docs", "--skip-rstcheck", copy)


def test_changelog(run):
    run("antsibull-changelog", "lint")
