# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What of a URL is shown."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils import _url
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import compatibility


@pytest.mark.parametrize(
    "url, shown",
    [
        ("https://h/x/y", "https://h/x/y"),
        ("https://h:8443/x", "https://h:8443/x"),
        ("/srv/npu/a@b?c#d", "/srv/npu/a@b?c#d"),
        ("a/b", "a/b"),
        ("", ""),
        ("https://user:pw@h/x", "https://h/x"),
        ("https://token@h:1/x", "https://h:1/x"),
        ("https://user:p@w@h/x", "https://h/x"),
        ("https://user:p/w@h/x", "https://h/x"),
        ("https://user:p?w@h/x", "https://***"),
        ("https://user:p w@h/x", "https://h/x"),
        ("https://user:p\nw@h/x", "https://h/x"),
        ("https://h/x?sig=pw", "https://h/x?***"),
        ("https://h/x#pw", "https://h/x?***"),
        ("https://u:pw@h/x?a=pw@pw", "https://***"),
        ("https://u:p#w@h/x", "https://***"),
    ],
)
def test_without_secrets(url, shown):
    assert _url.without_secrets(url) == shown


def test_a_sentence():
    said = "Redirection to url 'https://u:pw@h/x?token=pw' is not allowed; nor to <ftp://u:pw@h/y>, file:/z?pw and http://h/w. Why? It is so: 1/2 at 10:30"
    assert _url.text_without_secrets(said) == (
        "Redirection to url 'https://h/x?***' is not allowed; nor to <ftp://h/y>, file:/z?*** and http://h/w. Why? It is so: 1/2 at 10:30"
    )


def test_a_path_with_credentials_in_the_compatibility_data_is_refused_and_not_shown():
    errors = compatibility.validate(compatibility.merged({"drivers": {"0.9.9": {
        "path": "https://user:s3cret@h/x.tar.bz2?token=s3cret", "sha256": "0" * 64, "runtime": "2.3.2"}}}))
    assert errors == ["drivers.0.9.9.path: 'https://h/x.tar.bz2?***' is not in the form expected"]
