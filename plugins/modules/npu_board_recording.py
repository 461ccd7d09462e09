#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: npu_board_recording
short_description: Record a board in a file on the controller, for an issue or a test
version_added: 2.0.0
description:
  - Gathers the facts of M(rkfleet.npu.npu_facts), plans as P(rkfleet.npu.npu_plan#filter) does, and writes both to one
    JSON file with what the facts were read from - the part of C(/proc), C(/sys), C(/boot), C(/etc) and so on, the
    driver's answer, the packages that C(apt-cache) lists, and the lines of the kernel log about the NPU.
  - Serial numbers, addresses, UUIDs, names of hosts, users and networks are replaced on the controller, each by the
    same value everywhere. Keys, passwords and files that are not on a fixed list are never read into it.
  - The file stays on the controller. RV(contents) and RV(replaced) tell what is in it.
  - Not to be confused with M(rkfleet.npu.npu_record), which writes the result of a verification on the board.
  - A program is sent to the board's Python on standard input, which leaves no file there.
extends_documentation_fragment:
  - rkfleet.npu._attributes.board
  - rkfleet.npu._attributes.info
  - rkfleet.npu._attributes
attributes:
  check_mode:
    details: The board is read, and the file is not written.
options:
  folder:
    description: Folder on the controller for the file C(BOARD.json). It is created with mode 0700.
    type: path
    default: npu-recordings
  names:
    description: More words to replace, such as names of people, networks and places.
    type: list
    elements: str
    default: []
  wanted:
    description: What is wanted, as of P(rkfleet.npu.npu_plan#filter).
    type: dict
    default: {}
  compatibility:
    description: Rows merged over the compatibility data of the collection.
    type: dict
    default: {}
  tree:
    description: Folders to read instead of the board's own, as options of M(rkfleet.npu.npu_facts).
    type: dict
    default: {}
  timeout:
    description: Seconds that the board may take to answer.
    type: int
    default: 120
seealso:
  - module: rkfleet.npu.npu_facts
"""

EXAMPLES = r"""
- name: Record the board
  rkfleet.npu.npu_board_recording:
    folder: npu-recordings
  become: true
"""

RETURN = r"""
path:
  description: The file on the controller.
  returned: success
  type: str
  sample: npu-recordings/rock5b-1.json
size:
  description: Its size in bytes.
  returned: success
  type: int
  sample: 48211
contents:
  description: What is in it, a line for each file of the board, program and other part.
  returned: success
  type: list
  elements: str
  sample: ["/proc/cmdline: 87 bytes", "/usr/lib/librknnrt.so: 140 of 7726232 bytes"]
replaced:
  description: What was replaced, the number of different values by their kind.
  returned: success
  type: dict
  sample: {UUID: 3, serial number: 1}
names_kept:
  description: Names that were not replaced, because the board's model, its kernel's release or a path of the kernel has
    the same word.
  returned: success
  type: list
  elements: str
  sample: [rock-5b]
summary:
  description: All of this in lines to print.
  returned: success
  type: list
  elements: str
  sample: ["rock5b-1: recorded in npu-recordings/rock5b-1.json (48211 bytes). It stays on this controller."]
cause:
  description: Why it failed, where that is known, as of P(rkfleet.npu.npu_cause#filter).
  returned: failure
  type: str
"""
