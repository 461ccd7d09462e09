#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: npu_audit
short_description: Look at a board once, and plan what its NPU needs
version_added: 1.3.0
description:
  - Reads what M(rkfleet.npu.npu_facts) reads, and plans on the controller what P(rkfleet.npu.npu_plan#filter) plans, in one task.
    With O(verify) it has a MobileNet run, too.
  - Made for fleets. Where the connection pipelines, the board's Python is given a small program on its standard input, and that is all that
    the board has to do - no module is unpacked there and no file is written. Elsewhere the modules are run.
  - The board's package repositories are asked for kernels only where that could change the plan.
  - What a board answers is taken only in the shape and size that is documented.
  - A board that does not answer has failed, and is not lost to the play.
options:
  tree:
    description: Where to read a board instead of its own files, for a tree recorded on another board.
    type: dict
    default: {}
    suboptions:
      root:
        description: Root of the tree to read.
        type: path
      proc:
        description: Folder to read instead of C(proc) below the root.
        type: path
      sys:
        description: Folder to read instead of C(sys) below the root.
        type: path
      dev:
        description: Folder to read instead of C(dev) below the root.
        type: path
      boot:
        description: Folder to read instead of C(boot) below the root.
        type: path
      etc:
        description: Folder to read instead of C(etc) below the root.
        type: path
      lib:
        description: Folder to read instead of C(lib) below the root.
        type: path
      usr:
        description: Folder to read instead of C(usr) below the root.
        type: path
      var:
        description: Folder to read instead of C(var) below the root.
        type: path
  select:
    description:
      - A query, as for P(rkfleet.npu.npu_select#filter). A board that it does not select is left aside - no MobileNet runs there, and where
        it could not be read the task has not failed.
      - It is asked once, when the plan is made, so a query about verifications is about the recorded ones.
    type: str
    default: ""
  wanted:
    description: What is wanted, as for P(rkfleet.npu.npu_plan#filter).
    type: dict
    default: {}
  compatibility:
    description: Data merged over what the collection ships, as for P(rkfleet.npu.npu_plan#filter).
    type: dict
    default: {}
  assume_root:
    description: Plan as if the board had been read as root, so that a look without root says what an upgrade with root would do.
    type: bool
    default: false
  verify:
    description: When the board runs a MobileNet with the driver and runtime it has.
    type: str
    default: never
    choices:
      never: Not at all. The last verification that was recorded counts, where it is of this kernel, driver and runtime.
      needed: Where nothing is to be done by the plan, or where the plan cannot be made without it.
      always: Wherever a model for it is known. The plan is made with what it said.
  keep_model:
    description: Keep model and picture below C(/var/lib/rkfleet-npu) on the board, so that they need not be sent the next time. Not in check mode.
    type: bool
    default: false
  resolve:
    description:
      - Whether the public variables of this collection's roles are resolved and kept before the board is contacted, as
        M(rkfleet.npu.npu_settings) does.
    type: bool
    default: false
    version_added: 1.6.0
  proof:
    description: How the MobileNet is run.
    type: dict
    default: {}
    suboptions:
      runs:
        description: Timed runs, as for M(rkfleet.npu.rknn_mobilenet). One, where only the plan needs it.
        type: int
        default: 10
      timeout:
        description: Seconds for all runs together.
        type: int
        default: 60
      local_folder:
        description: Folder on the controller with model and picture, as for M(rkfleet.npu.npu_artifact).
        type: path
      mirrors:
        description: Where model and picture are fetched from, as for M(rkfleet.npu.npu_artifact).
        type: list
        elements: str
        default: []
      cache_dir:
        description: Folder on the controller where they are kept.
        type: path
        default: ~/.cache/rkfleet-npu
  timeout:
    description: Seconds that reading a board may take.
    type: int
    default: 120
attributes:
  check_mode:
    description: Can run in check mode and return the same as in a real run.
    support: full
    details: In check mode O(keep_model) keeps nothing.
  diff_mode:
    description: Shows what would change.
    support: N/A
    details: Nothing that could be shown changes.
  facts:
    description: Returns a fact the running play can use at once.
    support: full
  idempotent:
    description: A second run changes nothing.
    support: full
    details: Nothing is changed but what O(keep_model) keeps.
  platform:
    description: Where it runs.
    platforms: posix
    support: full
    details: Written for Debian and its relatives on arm64 boards with a Rockchip SoC.
notes:
  - Without root it says in C(ansible_facts.npu.unread) what it could not read. The version of a driver takes root, or the group of the NPU's render node.
author:
  - rkfleet.npu contributors (@rkfleet)
seealso:
  - module: rkfleet.npu.npu_facts
  - module: rkfleet.npu.rknn_mobilenet
  - plugin: rkfleet.npu.npu_plan
    plugin_type: filter
    description: What the plan holds.
"""

EXAMPLES = r"""
- name: Look at every board
  rkfleet.npu.npu_audit:
    assume_root: true
  register: audit

- name: Say what each needs
  ansible.builtin.debug:
    msg: "{{ audit.plan.action }}: {{ audit.plan.reason }}"

- name: Prove every board as it is, and leave nothing behind
  rkfleet.npu.npu_audit:
    verify: always
    proof:
      mirrors: ["https://mirror.example/rknn"]
  become: true
"""

RETURN = r"""
ansible_facts:
  description: The fact C(npu), as of M(rkfleet.npu.npu_facts), and the interpreter where it had to be looked for.
  returned: when the board could be read
  type: dict
plan:
  description: What P(rkfleet.npu.npu_plan#filter) says of it.
  returned: when the board could be read
  type: dict
verification:
  description: What M(rkfleet.npu.rknn_mobilenet) says of it, V(null) where it was not run.
  returned: when the board could be read
  type: dict
unverified:
  description: In a sentence why MobileNet could not be run although O(verify) asks for it, or V(null).
  returned: when the board could be read
  type: str
left:
  description: The C(verdict) V(held) and the C(reason), where a file on the board holds it, else V(null).
  returned: when the board could be read
  type: dict
settled:
  description: Whether nothing is left to do for the board - nothing by the plan, proven just now, and its own record says so, too.
  returned: when the board could be read
  type: bool
not_selected:
  description: Why the board is left aside, where O(select) does not select it, else V(null).
  returned: always
  type: str
cause:
  description: Why it failed, where that is known, as of P(rkfleet.npu.npu_cause#filter).
  returned: failure
  type: str
msg:
  description: What is the matter, where it failed.
  returned: failure
  type: str
"""
