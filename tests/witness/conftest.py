# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The vendor's own files for the tests beside; what cannot be had here skips them, with the reason."""

from __future__ import annotations

import pytest
from witness import vendor


@pytest.fixture(scope="session", name="models")
def models_fixture(tmp_path_factory):
    """Return genuine models by platform, and the ONNX file."""
    try:
        return vendor.models(tmp_path_factory.mktemp("genuine"), *vendor.PLATFORMS)
    except vendor.UnavailableError as error:
        pytest.skip(str(error))
