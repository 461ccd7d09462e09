#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: npu_dkms
short_description: Build and install an RKNPU driver with DKMS
version_added: 1.0.0
description:
  - Creates a DKMS package from the vendor's unmodified source and the build files of this collection, builds the module
    for the running kernel and installs it. DKMS then builds it again for later kernels.
  - No kernel module is loaded. The new one starts at the next boot.
  - After a failed build the previous module is restored. The log is kept on the controller.
  - A module counts as installed if its file is there and states the right kernel and name, whatever C(dkms) returns.
  - Its layout is compared with modules that came with the kernel and with the kernel's BTF. Headers of the right
    release but another configuration give modules that crash it.
  - Remains of an interrupted run in C(/usr/src) and DKMS's database are removed.
  - With O(store), a module is built once for all boards with the same kernel. The build of one board is kept on the
    controller, and other boards install it with C(dkms ldtarball), without a compiler and kernel headers. Checksum,
    kernel, name, version, signature and symbol versions are checked on the board first. If one of them is wrong, the
    board builds the module itself if it can, and that build is not kept.
  - Signatures are verified with C(openssl cms), on the controller before a module is kept, and on the board before a
    module of another host is installed. If C(openssl) is missing, or the module is compressed with zstd, the signature
    is not verified and the module is not shared.
extends_documentation_fragment:
  - rkfleet.npu._attributes.board
  - rkfleet.npu._attributes
  - rkfleet.npu._build
  - rkfleet.npu._build.signing
  - rkfleet.npu._build.source
  - rkfleet.npu._build.store
  - rkfleet.npu._build.store_fill
  - rkfleet.npu._options.internal
  - rkfleet.npu._options.state_dir
options:
  state:
    description: Whether the package is installed, or removed for all kernels.
    type: str
    choices: [present, absent]
    default: present
  package:
    description: Name of the DKMS package.
    type: str
    default: rknpu
  replaces:
    description:
      - Versions of a DKMS package of this name that this collection did not install and that are replaced. Any other
        one is refused. C(NAME/VERSION) is a DKMS package of another name with a module of the same name.
      - Use it only in a transaction of M(rkfleet.npu.npu_transaction) with the same C(replaces), whose restore point
        has them.
      - DKMS builds the highest version for a new kernel, so none of them may stay beside ours.
    type: list
    elements: str
    default: []
    version_added: 2.0.0
  kernel:
    description: Kernel release to build for.
    type: str
    required: true
  source:
    description: The vendor's tarball, a path on the controller. Required with O(state=present).
  build_files:
    description: Folder on the controller with Kbuild, probes and the compatibility layer. Required with
      O(state=present).
  source_digest:
    version_added: 1.3.0
  signing_key:
    description:
      - Path on the board of a private key in PEM format, without a passphrase, with which DKMS signs modules, now and
        at later kernel updates. It must be a regular file that only root can read, in a folder that only root can write
        to.
      - DKMS reads its path from C(/etc/dkms/framework.conf.d/rkfleet-npu.conf), so other DKMS packages are signed with
        it, too.
      - Without it, that configuration is removed.
    version_added: 1.2.0
  signing_cert:
    description: Path on the board of the certificate of O(signing_key), which the kernel must trust. Required with
      O(signing_key).
    version_added: 1.2.0
  store:
    description:
      - Folder on the controller in which builds are kept for other boards. No other user may write to it. Without it,
        the board builds the module.
      - The build of another board is used if all inputs of the build are the same. These include facts of the kernel,
        so M(rkfleet.npu.npu_facts) must run before.
      - Tasks that need the same build, also of other runs on the same controller, wait for the one that builds.
    version_added: 1.3.0
  store_keep:
    version_added: 1.3.0
  store_from:
    description:
      - Hosts and inventory groups that may fill O(store). Any other host builds for itself, and its build is not
        shared.
      - Builds of other hosts in the store are ignored.
    version_added: 2.0.0
  store_fill:
    description: Whether the builds of this host are kept in O(store). Only used if O(store_from) is empty.
    type: bool
    default: true
    version_added: 2.0.0
  store_agree:
    description:
      - Number of hosts that must have built the same module from the same inputs before it is used on other hosts.
        Until then each host builds for itself.
      - If two hosts built different modules from them, neither is used, and RV(notes) names both.
    version_added: 2.0.0
  state_dir:
    version_added: 1.2.0
  timeout:
    version_added: 2.0.0
seealso:
  - module: rkfleet.npu.npu_store_info
  - module: rkfleet.npu.npu_trial_build_info
"""

EXAMPLES = r"""
- name: Build and install driver 0.9.6 beside the built-in one
  rkfleet.npu.npu_dkms:
    version: 0.9.6
    module: rknpu_dkms
    kernel: 6.1.43-15-rk2312
    source: /home/admin/rknpu_driver_0.9.6_20240322.tar.bz2
    build_files: "{{ role_path }}/files/dkms"
  become: true
"""

RETURN = r"""
steps:
  description:
    - The steps that were done, or would be done in check mode. One or more of V(clean), V(signing), V(tree), V(repair),
      V(displace), V(install), V(load), V(replace), V(remove).
    - V(install) builds and installs the module, V(load) installs the one from O(store).
  returned: success
  type: list
  elements: str
  sample: [tree, install]
module_file:
  description: The installed module.
  returned: success, if it exists
  type: str
  sample: /lib/modules/6.1.43-15-rk2312/updates/dkms/rknpu_dkms.ko
probes:
  description: Results of the feature probes.
  returned: after a build
  type: list
  elements: str
  sample: ["probe vm_flags_set: missing, supplied"]
losses:
  description: What the build left out, and its cause.
  returned: after a build
  type: list
  elements: dict
  sample: [{name: devfreq, cause: "not here: soc/rockchip/rockchip_opp_select.h"}]
layout:
  description: What the module's layout was compared with, or why it was not.
  returned: success
  type: str
  sample: compared with cts.ko, rk_crypto.ko
notes:
  description: Notes, such as that a module of O(store) was not used.
  returned: success
  type: list
  elements: str
stored:
  description:
    - The build in O(store) that was installed or added, with C(key), C(board), C(built_at), C(sha256) and C(file).
    - V(null) if nothing was built or loaded.
  returned: success, with O(store)
  type: dict
log_file:
  description: The build log.
  returned: after a build, with O(log_dir)
  type: str
  sample: build/logs/rock5b-1-rknpu-0.9.6-6.1.43-15-rk2312.log
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rkfleet.npu.plugins.module_utils import _internal
from ansible_collections.rkfleet.npu.plugins.module_utils._board.paths import STATE_DIR
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import steps
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.arguments import BUILD

ARGUMENTS = dict(argument_spec=dict(
    BUILD,
    state=dict(type="str", choices=["present", "absent"], default="present"),
    package=dict(type="str", default="rknpu"),
    replaces=dict(type="list", elements="str", default=[]),
    kernel=dict(type="str", required=True),
    store_fill=dict(type="bool", default=True),
    state_dir=dict(type="path", default=STATE_DIR),
    _internal=_internal.OPTION,
))


def main():
    """Module entry point."""
    module = AnsibleModule(**ARGUMENTS, supports_check_mode=True)
    steps.run(module, _internal.parameters(module, "npu_dkms", **steps.INTERNAL))


if __name__ == "__main__":
    main()
