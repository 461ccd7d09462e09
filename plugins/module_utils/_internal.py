# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an action plugin tells its module beside the options of the task: one dictionary, which no user sets."""

from __future__ import annotations


def spec(**options):
    """Return the option I(_internal) of a module's argument specification."""
    return dict(type="dict", options=options)


def parameters(module, name):
    """Return the parameters of a module, those that its action plugin sets included; fail without the action plugin."""
    params = dict(module.params)
    internal = params.pop("_internal")
    if internal is None:
        module.fail_json(msg=f"{name} cannot run without its action plugin, which sends files and settings along: "
                             f"call it as rkfleet.npu.{name} in a task")
    return dict(params, **internal)
