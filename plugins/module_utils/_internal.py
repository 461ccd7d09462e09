# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Parameters that an action plugin passes to its module beside the task's options, in one option that no task sets."""

from __future__ import annotations

import json

# Not secret, but too long for the board's log. Ansible masks such a value wherever a result has it: so it is one text,
# and never as short as "{}".
OPTION = dict(type="json", no_log=True)


def option(name, settings):
    """Return the value of the option for a module of this name."""
    return json.dumps({"for": name, **settings})


def parameters(module, name, **defaults):
    """Return the parameters of a module together with those of its action plugin; fail if there was no action plugin.

    Args:
        name: The module's name.
        defaults: What only the action plugin sets, each with the value that it has otherwise.
    """
    params = dict(module.params)
    internal = params.pop("_internal")
    if internal is None:
        module.fail_json(msg=f"{name} cannot run without its action plugin, which sends files and settings along: "
                             f"call it as rkfleet.npu.{name} in a task")
    settings = json.loads(internal)
    del settings["for"]
    return {**params, **defaults, **settings}
