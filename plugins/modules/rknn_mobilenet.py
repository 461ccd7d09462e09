#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: rknn_mobilenet
short_description: Verify the NPU by running MobileNet
version_added: 1.0.0
description:
  - Runs the vendor's MobileNet with C(librknnrt.so) on the board and compares the five best classes with the expected
    ones.
  - The inference runs in a child process with a time limit, so a crash or a hang inside the library is a result.
  - A bad result does not fail the task unless O(required=true). RV(diagnosis), RV(evidence) and RV(remedy) explain the
    problem and what to do.
  - The picture is decoded on the controller.
  - As root it writes a line to the kernel log when the inference begins and when it ends, so that
    M(rkfleet.npu.npu_facts) does not count the jobs that fail in between.
  - Model and picture are sent to the board if it does not have them yet, and kept in O(state_dir).
  - The task fails before anything is sent if the model is not an C(.rknn) file, is truncated, or is for another
    platform than O(target_platform).
extends_documentation_fragment:
  - rkfleet.npu._attributes.board
  - rkfleet.npu._attributes
  - rkfleet.npu._options.internal
  - rkfleet.npu._options.state_dir
requirements:
  - Pillow on the controller, unless O(picture) is raw RGB
attributes:
  check_mode:
    details:
      - The inference changes nothing, so it runs in check mode, too. Model and picture are sent for it but not kept.
        The task is skipped if they are not on the controller yet. It never fails because of a bad result.
options:
  model:
    description: The MobileNet model (C(.rknn)) for the board's SoC, a path on the controller.
    type: path
    required: true
  picture:
    description:
      - The picture, a path on the controller. JPEG or PNG of 224x224 pixels.
      - A file named C(*.rgb) is read as 150,528 bytes of raw RGB. Pillow is not needed for it.
    type: path
    required: true
  target_platform:
    description:
      - The platform that the model must be for, such as V(rk3588), or the vendor's name of a folder of models such as
        V(RK3566_RK3568), which allows either.
      - Without it, a model for any platform is sent, and the runtime on the board decides.
    type: str
  expected_top5:
    description:
      - The expected classes, best first, each a list of index and score such as V([283, 0.46875]).
      - The best class must be the first one, and each score must be correct within O(tolerance).
    type: list
    elements: raw
    required: true
  tolerance:
    description: Allowed difference of a score. The default is one step of the model's output, 1/256.
    type: float
    default: 0.00390625
  library:
    description: Path of the runtime library on the board.
    type: path
    default: /usr/lib/librknnrt.so
  runs:
    description: Number of timed runs. One more run before them provides the scores and warms up.
    type: int
    default: 10
  cores:
    description:
      - Number of cores of the SoC's NPU. Where there are several, one run is made on each of them, and all answers must
        be the same. With some drivers the first core works and the others do not.
      - What the driver says of itself in C(/sys/kernel/debug/rknpu/load) goes before it.
    type: int
    version_added: 2.0.0
  timeout:
    description: Seconds for all runs of a user together. After that the child process and its own children are killed.
    type: int
    default: 60
  wanted_driver:
    description: Driver version to name in RV(remedy) if the driver is at fault.
    type: str
  users:
    description: Users of the board as whom MobileNet is run, too, after the task's own user, which must be root then.
    type: list
    elements: str
    default: []
    version_added: 2.0.0
  services:
    description:
      - Systemd units that may be stopped for the time of the run if the NPU is in use. They are started again.
      - Not in check mode.
    type: list
    elements: str
    default: []
    version_added: 2.0.0
  force:
    description: Whether to run MobileNet although other processes have the NPU open. Not in check mode.
    type: bool
    default: false
    version_added: 2.0.0
  required:
    description: Whether to fail if RV(diagnosis) is not V(ok).
    type: bool
    default: false
  state_dir:
    description:
      - Folder on the board, in whose subfolder C(models) model and picture are kept.
      - If the user may not write there, the files are used from the temporary folder of the task and sent each time.
  cache_dir:
    description:
      - Folder on the controller in which the decoded picture is kept.
      - The default is C(rkfleet-npu) in E(XDG_CACHE_HOME) or C(~/.cache).
    type: path
seealso:
  - module: rkfleet.npu.npu_facts
"""

EXAMPLES = r"""
- name: Verify the NPU
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
  register: mobilenet

- name: Show what is wrong
  ansible.builtin.debug:
    msg: "{{ mobilenet.diagnosis }}: {{ mobilenet.evidence }}. {{ mobilenet.remedy }}"
  when: mobilenet.diagnosis != 'ok'
"""

RETURN = r"""
verdict:
  description: V(verified) if RV(diagnosis) is V(ok), V(failed) if not, V(skipped) if nothing could be run in check
    mode.
  returned: always
  type: str
  sample: verified
diagnosis:
  description: The cause of the failure, V(ok) without one. V(busy) if other processes use the NPU, and it was not run.
  returned: when an inference was run
  type: str
  choices: [ok, driver, runtime, model, device, memory, timeout, crash, busy]
  sample: driver
evidence:
  description: The log line of the runtime, or the fact, that shows the cause.
  returned: when an inference was run
  type: str
  sample: "failed to submit!, op id: 1, op name: Conv:MobilenetV1/MobilenetV1/Conv2d_0/Relu6_prequant, flags: 0x5"
remedy:
  description: What to do, V(none) if nothing.
  returned: when an inference was run
  type: str
  sample: "driver 0.9.3 cannot run jobs on kernel 6.1.84: upgrade it to 0.9.6 with playbooks/upgrade-npu.yml"
may_change:
  description: What an upgrade may change because of it.
  returned: when an inference was run
  type: str
  choices: [driver, runtime, nothing]
  sample: driver
  version_added: 2.0.0
top5:
  description: The five best classes with their scores, best first. Empty without a result.
  returned: when an inference was run
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
  description: The expected classes and scores, in the same form.
  returned: when an inference was run
  type: list
  elements: dict
tolerance:
  description: The allowed difference of a score.
  returned: when an inference was run
  type: float
  sample: 0.00390625
latency_ms:
  description: Time in the library's C(rknn_run), in milliseconds.
  returned: when an inference was run
  type: dict
  contains:
    runs:
      description: Number of timed runs that ended.
      type: int
      sample: 10
    min:
      description: The shortest, V(none) if none ended.
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
cores:
  description: The cores of an NPU with several that gave the expected result. Empty if the runtime cannot choose one.
  returned: when an inference was run
  type: list
  elements: int
  sample: [0, 1, 2]
  version_added: 2.0.0
users:
  description: The users of O(users) as whom it gave the expected result.
  returned: when an inference was run
  type: list
  elements: str
  version_added: 2.0.0
model_file:
  description: The metadata of the model. What is missing in it is V(none) or empty.
  returned: when an inference was run
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
      description: The platforms that the model is for.
      type: list
      elements: str
      sample: [rk3588]
    toolkit:
      description: Version of the toolkit that converted the model.
      type: str
      sample: 1.6.0
    compiler:
      description: Version and build of the toolkit's compiler.
      type: str
    framework:
      description: The framework that the model was converted from.
      type: str
      sample: TensorFlow
sdk_version:
  description: Version and build that the runtime reports of itself.
  returned: when an inference was run
  type: str
  sample: 2.3.2 (429f97ae6b@2025-04-09T09:09:27)
driver_version:
  description: Version of the driver that the runtime reports.
  returned: when an inference was run
  type: str
  sample: 0.9.6
notes:
  description: Advice of the runtime that is not an error, for example to use a newer driver.
  returned: when an inference was run
  type: list
  elements: str
log:
  description: The runtime's log lines, at most 100, without control characters.
  returned: when an inference was run
  type: list
  elements: str
skip_reason:
  description: The reason why nothing could be run in check mode.
  returned: when skipped
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rkfleet.npu.plugins.module_utils import _internal
from ansible_collections.rkfleet.npu.plugins.module_utils._board.paths import STATE_DIR
from ansible_collections.rkfleet.npu.plugins.module_utils._inference import verify

ARGUMENTS = dict(argument_spec=dict(
    model=dict(type="path", required=True),
    picture=dict(type="path", required=True),
    target_platform=dict(type="str"),
    expected_top5=dict(type="list", elements="raw", required=True),
    tolerance=dict(type="float", default=0.00390625),
    library=dict(type="path", default="/usr/lib/librknnrt.so"),
    runs=dict(type="int", default=10),
    cores=dict(type="int"),
    timeout=dict(type="int", default=60),
    wanted_driver=dict(type="str"),
    users=dict(type="list", elements="str", default=[]),
    services=dict(type="list", elements="str", default=[]),
    force=dict(type="bool", default=False),
    required=dict(type="bool", default=False),
    state_dir=dict(type="path", default=STATE_DIR),
    cache_dir=dict(type="path"),
    _internal=_internal.OPTION,
))


def main():
    """Module entry point."""
    module = AnsibleModule(**ARGUMENTS, supports_check_mode=True)
    # The files' checksums, and their copies on the board if they were sent.
    params = _internal.parameters(
        module, "rknn_mobilenet", model_sha256=None, picture_sha256=None, model_upload=None, picture_upload=None
    )
    if module.check_mode:
        params.update(services=[], force=False)
    try:
        answer = verify.run(params, keep=not module.check_mode)
    except verify.VerificationError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**answer)


if __name__ == "__main__":
    main()
