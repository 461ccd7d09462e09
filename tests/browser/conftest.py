# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A browser, and the page of sixty boards in it."""

from __future__ import annotations

import fleet_sample
import pytest
from browser.chromium import Browser
from browser.page import WATCH, written


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """A browser for all tests."""
    running = Browser(tmp_path_factory.mktemp("chromium"))
    yield running
    running.close()


@pytest.fixture(scope="session")
def url(tmp_path_factory):
    """The page of sixty boards of many kinds."""
    return written(tmp_path_factory.mktemp("report"), fleet_sample.records(60))


@pytest.fixture
def page(browser, url):
    """That page in a window of usual size."""
    opened = browser.page(url, before=WATCH)
    yield opened
    assert opened.run("window.ran") == []
    opened.close()
