#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rkfleet.npu.plugins.module_utils._facts.gather import gather
from ansible_collections.rkfleet.npu.plugins.module_utils._facts.apt_kernels import add_candidates, apt_kernels
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree

_AREAS = ("proc", "sys", "dev", "boot", "etc", "lib", "usr", "var")


def main():
    options = dict((area, {"type": "path"}) for area in _AREAS)
    options["root"] = {"type": "path", "default": "/"}
    module = AnsibleModule(argument_spec=options, supports_check_mode=True)
    areas = dict((area, module.params[area]) for area in _AREAS)
    tree = Tree(module.params["root"], **areas)
    ask = (lambda: apt_kernels(module.run_command)) if tree.live else None
    facts = gather(tree, ask_repository=ask)
    if ask:
        add_candidates(tree, facts, module.run_command)
    module.exit_json(changed=False, ansible_facts={"npu": facts})


if __name__ == "__main__":
    main()
