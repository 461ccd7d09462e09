# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of npu_audit_info from the public variables of role detect.

As templates in a task, each of a hundred workers compiled them again: a quarter of the controller's time per board.
"""

from __future__ import annotations

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.parsing.convert_bool import boolean

WANTED = ("driver_version", "driver_policy", "driver_strategy", "runtime_version", "runtime_package")


def options_from(values, purpose, spec):
    """Return the options `{wanted, compatibility, tree, inference, select}`, for an audit also `verify`.

    Args:
        values: the resolved variables, `{name: value}`.
        purpose: `audit` or `upgrade`.
        spec: argument specification of the module, by which all but the compatibility data are validated: that has a
            schema of its own, and to copy it takes as long as all the others together.

    Raises:
        ValueError: if a value is not of its type.
    """
    wanted = {name: values["npu_" + name] for name in WANTED}
    wanted["signing"] = bool(values["npu_signing_key"])
    inference = {
        "runs": values["npu_verify_runs"], "timeout": values["npu_verify_timeout"],
        "local_folder": values["npu_local_folder"], "cache_dir": values["npu_cache_dir"],
        "mirrors": [values["npu_mirror"] or values["npu_upstream"]], "users": values["npu_verify_users"],
        "force": boolean(values["npu_force"], strict=False),
    }
    options = {"wanted": wanted, "tree": values["npu_tree"], "inference": inference, "select": values["npu_select"]}
    if purpose == "audit":
        options["verify"] = "always" if boolean(values["npu_audit_verify"], strict=False) else "never"
    else:
        wanted.update(services=values["npu_services"], force=inference["force"])
        inference["services"] = values["npu_services"]
    result = ArgumentSpecValidator({name: spec[name] for name in options}).validate(options)
    if result.error_messages:
        raise ValueError(result.error_messages[0])
    return dict(result.validated_parameters, compatibility=values["npu_compatibility"])
