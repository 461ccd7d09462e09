# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which kernels in the board's repositories have a known driver."""

from __future__ import annotations

import re

from ...module_utils._facts.apt_kernels import PREFIX, newest_first

_NAME = re.compile(r"linux-image-[a-z0-9][a-z0-9+.-]{0,100}\Z")


def vendor_kernels(names, rules, soc=None):
    """Return `[{package, release, driver_version}]`, newest first, of the packages with a known driver.

    Args:
        names: facts.repository.kernels.
        rules: `vendor_kernels` of the compatibility data, of which the first whose `match` fits the whole name counts.
        soc: leave out kernels that a rule says are for other SoCs.
    """
    found = []
    for name in newest_first(names or ()):
        rule = next((rule for rule in rules if re.fullmatch(rule["match"], name)), None)
        if rule and soc and soc not in rule.get("socs", (soc,)):
            continue
        if rule and _NAME.match(name):
            found.append({"package": name, "release": name[len(PREFIX):], "driver_version": rule["driver"]})
    return found
