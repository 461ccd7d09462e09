# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Return whether modules can be built for a kernel."""

from __future__ import annotations

import re

RELEASE = re.compile(r"\w[\w.+~-]{0,127}\Z", re.ASCII)


def has_headers(tree, release):
    """Return whether modules can be built for a kernel."""
    build = "/lib/modules/%s/build" % release
    generated = any(tree.exists(build + name)
                    for name in ("/include/generated/autoconf.h", "/include/config/auto.conf"))
    return generated and tree.exists(build + "/Makefile")
