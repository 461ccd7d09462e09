#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: npu_audit_info
short_description: Gather facts of a board once, and plan what its NPU needs
version_added: 2.0.0
description:
  - Gathers the facts of M(rkfleet.npu.npu_facts) and makes the plan of P(rkfleet.npu.npu_plan#filter) on the
    controller, in one task. With O(verify), it also runs MobileNet on the board.
  - Made for fleets. If the connection uses pipelining, a small program is sent to the board's Python on standard input.
    No module is unpacked on the board and no file is written. Without pipelining, the modules run instead.
  - The board's package repositories are queried for kernels only if this can change the plan.
  - Of a board's answer, only what is documented is accepted, within limits of size and time.
  - A board that does not answer is a failed board. It stays in the play.
  - In release 1.x this module was called C(npu_audit), and returned the facts as C(ansible_facts).
extends_documentation_fragment:
  - rkfleet.npu._attributes.board
  - rkfleet.npu._attributes
requirements:
  - jmespath on the controller, for O(select)
  - Pillow on the controller, for O(verify)
attributes:
  check_mode:
    details: In check mode O(keep_model) keeps nothing.
  diff_mode:
    support: N/A
    details: Nothing is changed except for what O(keep_model) keeps.
  idempotent:
    details: Nothing is changed except for what O(keep_model) keeps.
options:
  tree:
    description:
      - Where the facts are read instead of on the board itself, for a file tree that was recorded on another board.
      - The keys are the options of M(rkfleet.npu.npu_facts).
    type: dict
    default: {}
  select:
    description:
      - A query, as for P(rkfleet.npu.npu_select#filter). A board that it does not select is skipped. MobileNet is not
        run on it, and the task does not fail if its facts cannot be gathered.
      - The query is evaluated once, when the plan is made. A query for verifications therefore sees the recorded ones.
    type: str
    default: ""
  wanted:
    description: The wanted releases and policies, as for P(rkfleet.npu.npu_plan#filter).
    type: dict
    default: {}
  compatibility:
    description: Data that is merged over the compatibility data of the collection, as for
      P(rkfleet.npu.npu_plan#filter).
    type: dict
    default: {}
  assume_root:
    description: Whether to plan as if the facts had been gathered as root. An audit without root then shows what an
      upgrade with root would do.
    type: bool
    default: false
  verify:
    description: When MobileNet is run on the board, with its current driver and runtime.
    type: str
    default: never
    choices:
      never: Not at all. The last recorded verification counts if it is of the current kernel, driver and runtime.
      needed: If the plan has nothing to do, or depends on the result.
      always: On every board for which a model is known and that is not on hold. The plan is made with the result.
  keep_model:
    description:
      - Whether to keep model and picture in C(/var/lib/rkfleet-npu) on the board, so that they need not be sent the
        next time.
      - Not in check mode.
    type: bool
    default: false
  resolve:
    description:
      - Whether to resolve the public variables of this collection's roles before the board is contacted, and keep their
        values, as M(rkfleet.npu.npu_settings) does.
    type: bool
    default: false
  from_variables:
    description:
      - Takes O(wanted), O(compatibility), O(tree), O(inference) and O(select) from the public variables of role
        P(rkfleet.npu.detect#role), whatever the task has. With many boards that is faster than a template for each.
      - Not set by default.
    type: str
    version_added: 2.0.0
    choices:
      audit: Also takes O(verify), from C(npu_audit_verify).
      upgrade: Includes C(npu_services).
  inference:
    description: How MobileNet is run. In release 1.x this option was called O(proof).
    type: dict
    aliases: [proof]
    default: {}
    suboptions:
      runs:
        description: Number of timed runs, as for M(rkfleet.npu.rknn_mobilenet). It is run once if only the plan depends
          on the result.
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
        description: Base URLs from which model and picture are fetched, as for M(rkfleet.npu.npu_artifact).
        type: list
        elements: str
        default: []
      cache_dir:
        description: Folder on the controller in which fetched files are kept.
        type: path
        default: ~/.cache/rkfleet-npu
      users:
        description: Users of the board as whom it is run, too, as for M(rkfleet.npu.rknn_mobilenet). Not if only the
          plan depends on the result.
        type: list
        elements: str
        default: []
        version_added: 2.0.0
      services:
        description: Systemd units that may be stopped for the run, as for M(rkfleet.npu.rknn_mobilenet).
        type: list
        elements: str
        default: []
        version_added: 2.0.0
      force:
        description: Whether it is run although other processes have the NPU open. Not in check mode.
        type: bool
        default: false
        version_added: 2.0.0
  timeout:
    description: Seconds that gathering the facts may take.
    type: int
    default: 120
notes:
  - Without root, C(unread) in RV(facts) lists what could not be read. Reading the version of a driver requires root or
    membership in the group of the NPU's render node.
seealso:
  - module: rkfleet.npu.npu_facts
  - module: rkfleet.npu.rknn_mobilenet
  - plugin: rkfleet.npu.npu_plan
    plugin_type: filter
    description: The content of the plan.
"""

EXAMPLES = r"""
- name: Gather facts of every board and plan
  rkfleet.npu.npu_audit_info:
    assume_root: true
  register: audit

- name: Show what each board needs
  ansible.builtin.debug:
    msg: "{{ audit.plan.action }}: {{ audit.plan.reason }}"

- name: Verify every board with its current driver, and keep nothing on it
  rkfleet.npu.npu_audit_info:
    verify: always
    inference:
      mirrors: ["https://mirror.example/rknn"]
  become: true
"""

RETURN = r"""
facts:
  description: The facts of the board, as M(rkfleet.npu.npu_facts) returns them in C(ansible_facts.npu).
  returned: when the facts could be gathered
  type: dict
plan:
  description: The plan for the board, as P(rkfleet.npu.npu_plan#filter) returns it.
  returned: when the facts could be gathered
  type: dict
verification:
  description: The result of MobileNet, as M(rkfleet.npu.rknn_mobilenet) returns it. V(null) if it was not run.
  returned: when the facts could be gathered
  type: dict
unverified:
  description: One sentence on why MobileNet could not be run although O(verify) requires it, else V(null).
  returned: when the facts could be gathered
  type: str
busy:
  description: Whether MobileNet was not run because other processes have the NPU open.
  returned: when the facts could be gathered
  type: bool
  version_added: 2.0.0
locked:
  description: One sentence if another run that may still be running holds the lock of the board, so that its NPU must
    not be used now, else V(null). It is V(null) with C(npu_break_lock).
  returned: when the facts could be gathered
  type: str
  version_added: 2.0.0
on_hold:
  description: The C(verdict) V(held) and the C(reason) if a file on the board puts it on hold, else V(null).
  returned: when the facts could be gathered
  type: dict
settled:
  description: Whether the board needs nothing. The plan has nothing to do, MobileNet was verified just now, and the
    record on the board agrees. With O(verify=needed) the record is enough while other processes use the NPU or another
    run holds the board's lock.
  returned: when the facts could be gathered
  type: bool
not_selected:
  description: The reason why the board is skipped if O(select) does not select it, else V(null).
  returned: always
  type: str
cause:
  description: Why it failed, where that is known, as of P(rkfleet.npu.npu_cause#filter).
  returned: failure
  type: str
msg:
  description: The reason of a failure.
  returned: failure
  type: str
"""
