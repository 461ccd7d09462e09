# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of modules that build, as in doc_fragments/_build.py."""

from __future__ import annotations

_PATH = {"type": "path"}
BUILD = dict(
    version=dict(type="str", required=True),
    module=dict(type="str", default="rknpu"),
    source=_PATH,
    source_digest=dict(type="str"),
    build_files=_PATH,
    log_dir=_PATH,
    timeout=dict(type="int", default=3600),
    store=_PATH,
    store_keep=dict(type="int", default=50),
    store_from=dict(type="list", elements="str", default=[]),
    store_agree=dict(type="int", default=1),
    # No secret.
    signing_key=dict(type="path", no_log=False),
    signing_cert=_PATH,
)
