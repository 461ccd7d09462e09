#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: rknn_mobilenet
short_description: Prove the NPU by running a MobileNet
version_added: 1.0.0
description:
  - Runs the vendor's MobileNet through the board's C(librknnrt.so) and compares the five best classes with the expected ones.
  - The inference runs in a child process with a time limit, so a crash or a hang inside the library is a result.
  - A bad result does not fail the task unless O(required=true). RV(diagnosis), RV(evidence) and RV(remedy) say what is
    wrong with the board and what to do.
  - The picture is decoded on the controller, which needs Pillow. The board needs Python and nothing else.
  - Model and picture are sent to a board that does not have them yet, and kept below O(state_dir).
  - A file that is no C(.rknn) model, is cut off, or is for another platform than O(target_platform) fails the task
    before anything is sent.
author:
  - rkfleet.npu contributors (@rkfleet)
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
    details:
      - The inference changes nothing, so it runs in check mode too. Model and picture are sent for it but not kept.
        The task is skipped where they are not on the controller yet. It never fails because of a bad result.
  diff_mode:
    support: none
  platform:
    platforms: debian
options:
  model:
    description: The MobileNet model (C(.rknn)) for the board's SoC, a path on the controller.
    type: path
    required: true
  picture:
    description:
      - The picture, a path on the controller. JPEG or PNG of 224x224 pixels.
      - A file called C(*.rgb) is taken as 150,528 bytes of raw RGB, and Pillow is not needed.
    type: path
    required: true
  target_platform:
    description:
      - The platform the model has to be for, such as V(rk3588), or the vendor's name of a folder of models such as
        V(RK3566_RK3568), where either will do.
      - Without it, a model for any platform is sent, and the runtime on the board decides.
    type: str
  expected_top5:
    description:
      - The classes that have to come out, best first, each a list of index and score such as V([283, 0.46875]).
      - The first one has to be the best; each score has to be right within O(tolerance).
    type: list
    elements: raw
    required: true
  tolerance:
    description: How much a score may differ. The default is one step of the model's output, 1/256.
    type: float
    default: 0.00390625
  library:
    description: The runtime library on the board.
    type: path
    default: /usr/lib/librknnrt.so
  runs:
    description: Timed runs. One more run before them gives the scores and warms up.
    type: int
    default: 10
  timeout:
    description: Seconds for all runs together. When they are over, the child process and what it started are killed.
    type: int
    default: 60
  wanted_driver:
    description: Driver version to name in RV(remedy) where the driver is at fault.
    type: str
  required:
    description: Fail where RV(diagnosis) is not V(ok).
    type: bool
    default: false
  state_dir:
    description:
      - Folder on the board whose subfolder C(models) keeps model and picture.
      - Where the user may not write there, the files are used from the task's temporary folder and sent each time.
    type: path
    default: /var/lib/rkfleet-npu
  cache_dir:
    description:
      - Folder on the controller that keeps the decoded picture.
      - The default is C(rkfleet-npu) below E(XDG_CACHE_HOME) or C(~/.cache).
    type: path
  model_sha256:
    description: SHA-256 of the model. Set by the action plugin.
    type: str
  picture_sha256:
    description: SHA-256 of the raw picture. Set by the action plugin.
    type: str
  model_upload:
    description: The model's copy on the board. Set by the action plugin.
    type: path
  picture_upload:
    description: The raw picture's copy on the board. Set by the action plugin.
    type: path
seealso:
  - module: rkfleet.npu.npu_facts
"""

EXAMPLES = r"""
- name: Prove the NPU
  rkfleet.npu.rknn_mobilenet:
    model: /home/admin/RK3588/mobilenet_v1.rknn
    picture: /home/admin/cat_224x224.jpg
    target_platform: rk3588
    expected_top5:
      - [283, 0.46875]
      - [282, 0.242188]
      - [286, 0.105469]
      - [464, 0.089844]
      - [264, 0.019531]
    wanted_driver: 0.9.6
  become: true
  register: proof

- name: Say what is wrong
  ansible.builtin.debug:
    msg: "{{ proof.diagnosis }}: {{ proof.evidence }}. {{ proof.remedy }}"
  when: proof.diagnosis != 'ok'
"""

RETURN = r"""
verdict:
  description: V(proven) where RV(diagnosis) is V(ok), V(failed) where not, V(skipped) where nothing could be run in check mode.
  returned: always
  type: str
  sample: proven
diagnosis:
  description: What is at fault, V(ok) where nothing is.
  returned: when an inference was tried
  type: str
  choices: [ok, driver, runtime, model, device, memory, timeout, crash]
  sample: driver
evidence:
  description: The runtime's line or the fact that shows it.
  returned: when an inference was tried
  type: str
  sample: "failed to submit!, op id: 1, op name: Conv:MobilenetV1/MobilenetV1/Conv2d_0/Relu6_prequant, flags: 0x5"
remedy:
  description: What to do, V(none) where nothing is to be done.
  returned: when an inference was tried
  type: str
  sample: "driver 0.9.3 cannot run jobs on kernel 6.1.84: upgrade it to 0.9.6 with playbooks/upgrade-npu.yml"
top5:
  description: The five best classes with their scores, best first. Empty where none came out.
  returned: when an inference was tried
  type: list
  elements: dict
  contains:
    index:
      description: Class, from 0 to 1000.
      type: int
      sample: 283
    score:
      description: Probability.
      type: float
      sample: 0.46875
expected_top5:
  description: The classes and scores compared with, in the same form.
  returned: when an inference was tried
  type: list
  elements: dict
tolerance:
  description: How much a score could differ.
  returned: when an inference was tried
  type: float
  sample: 0.00390625
latency_ms:
  description: Time in the library's C(rknn_run), in milliseconds.
  returned: when an inference was tried
  type: dict
  contains:
    runs:
      description: Timed runs that ended.
      type: int
      sample: 10
    min:
      description: The shortest, V(none) where none ended.
      type: float
      sample: 4.702
    median:
      description: The median.
      type: float
      sample: 4.811
    max:
      description: The longest.
      type: float
      sample: 5.13
model_file:
  description: What the model says of itself; what it does not say is V(none) or empty.
  returned: when an inference was tried
  type: dict
  contains:
    format:
      description: Version of the file format.
      type: int
      sample: 6
    size:
      description: Bytes.
      type: int
    target_platforms:
      description: The platforms it is for.
      type: list
      elements: str
      sample: [rk3588]
    toolkit:
      description: Version of the toolkit that made it.
      type: str
      sample: 1.6.0
    compiler:
      description: Version and build of the compiler in it.
      type: str
    framework:
      description: The framework it was converted from.
      type: str
      sample: TensorFlow
sdk_version:
  description: Version and build of the runtime as it states them.
  returned: when an inference was tried
  type: str
  sample: 2.3.2 (429f97ae6b@2025-04-09T09:09:27)
driver_version:
  description: Version of the driver as the runtime found it.
  returned: when an inference was tried
  type: str
  sample: 0.9.6
notes:
  description: The runtime's advice that is no fault, such as a newer driver it recommends.
  returned: when an inference was tried
  type: list
  elements: str
log:
  description: The runtime's log lines, at most 100, without control characters.
  returned: when an inference was tried
  type: list
  elements: str
skip_reason:
  description: Why nothing could be run in check mode.
  returned: when skipped
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rkfleet.npu.plugins.module_utils._board.paths import STATE_DIR
from ansible_collections.rkfleet.npu.plugins.module_utils._inference import verify
from ansible_collections.rkfleet.npu.plugins.module_utils._inference.top5 import pairs


def main():
    """Module entry point."""
    module = AnsibleModule(
        argument_spec=dict(
            model=dict(type="path", required=True),
            picture=dict(type="path", required=True),
            target_platform=dict(type="str"),
            expected_top5=dict(type="list", elements="raw", required=True),
            tolerance=dict(type="float", default=0.00390625),
            library=dict(type="path", default="/usr/lib/librknnrt.so"),
            runs=dict(type="int", default=10),
            timeout=dict(type="int", default=60),
            wanted_driver=dict(type="str"),
            required=dict(type="bool", default=False),
            state_dir=dict(type="path", default=STATE_DIR),
            cache_dir=dict(type="path"),
            model_sha256=dict(type="str"),
            picture_sha256=dict(type="str"),
            model_upload=dict(type="path"),
            picture_upload=dict(type="path"),
        ),
        supports_check_mode=True,
    )
    params = module.params
    if params["runs"] < 0 or params["timeout"] < 1 or not 0 <= params["tolerance"] < 1:
        module.fail_json(msg="runs has to be 0 or more, timeout 1 or more, tolerance from 0 to below 1")
    try:
        pairs(params["expected_top5"])
    except ValueError as error:
        module.fail_json(msg="expected_top5: %s" % error)

    try:
        answer = verify.run(params, keep=not module.check_mode)
    except verify.VerificationError as error:
        module.fail_json(msg=str(error))
    if params["required"] and answer.get("verdict", "proven") != "proven" and not module.check_mode:
        module.fail_json(msg="%(diagnosis)s: %(evidence)s. %(remedy)s" % answer, **answer)
    module.exit_json(**answer)


if __name__ == "__main__":
    main()
