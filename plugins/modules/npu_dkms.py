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
  - Lays the vendor's unmodified source and the collection's build files out as a DKMS package,
    builds the module for the running kernel and installs it, so that DKMS builds it again for every later kernel.
  - Nothing is loaded. The new module is used from the next boot on.
  - A build that fails is taken away again, and a module that was there before is put back. The log is kept on the controller.
  - A module counts as installed when its file is there and states the right kernel and name. The exit code of C(dkms) is no proof.
  - What a power cut left half done in C(/usr/src) and in DKMS's database is cleaned up and done again.
  - With O(store) a module is built once for all boards with the same kernel. What one board has built is kept on the controller, and other boards
    get it by C(dkms ldtarball), which takes no compiler and no headers. Checksum, kernel, name, version, signature and the versions of its symbols
    are checked on the board before anything is changed. Where one of them is wrong, the board builds for itself if it can, and its build is not kept.
  - A signature is verified with C(openssl cms), on the controller before a module is kept and on the board before one of another host is used. Where
    C(openssl) is missing, or the module is compressed with zstd, it is not verified, and the module is not shared.
author:
  - rkfleet.npu contributors (@rkfleet)
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  platform:
    platforms: debian
options:
  state:
    description: Whether the package is installed, or taken away for all kernels.
    type: str
    choices: [present, absent]
    default: present
  package:
    description: Name of the DKMS package.
    type: str
    default: rknpu
  version:
    description: Version of the driver. The source must state the same.
    type: str
    required: true
  module:
    description: Name of the kernel module. It must not be that of a driver built into the kernel.
    type: str
    default: rknpu
  kernel:
    description: Kernel release to build for.
    type: str
    required: true
  source:
    description: The vendor's tarball, a path on the controller. Needed for O(state=present).
    type: path
  build_files:
    description: Folder on the controller with Kbuild, probes and compat layer. Needed for O(state=present).
    type: path
  log_dir:
    description: Folder on the controller that keeps the log of a build. Without it, no log is kept.
    type: path
  signing_key:
    description:
      - Path on the board of a private key, in PEM format and without a passphrase, that DKMS signs modules with, now and at later
        kernel updates. It must be a plain file that only root can read, in a folder that only root can write to.
      - DKMS is told its path in C(/etc/dkms/framework.conf.d/rkfleet-npu.conf), so other DKMS packages are signed with it, too.
      - Without it, what was set up to sign with is taken away. DKMS then does as it does without this module.
    type: path
    version_added: 1.2.0
  signing_cert:
    description: Path on the board of the certificate of O(signing_key), which the kernel must trust. Needed with O(signing_key).
    type: path
    version_added: 1.2.0
  store:
    description:
      - Folder on the controller that keeps what was built, for other boards. Only you may write to it. Without it, the board builds.
      - A build is that of another board when all that changes its result is the same. This includes what M(rkfleet.npu.npu_facts) found of the
        kernel, so that module has to be run before.
      - Other tasks, and other runs on the same controller, wait for the one that builds.
    type: path
    version_added: 1.3.0
  store_keep:
    description: How many builds O(store) keeps. Those that were used last stay.
    type: int
    default: 50
    version_added: 1.3.0
  store_from:
    description:
      - Hosts and groups of the inventory that may fill O(store). A host that is not among them builds for itself, and what it has built is not shared.
      - What another host has put there does not count either.
      - Without it O(store_fill) decides.
    type: list
    elements: str
    default: []
    version_added: 1.6.0
  store_fill:
    description: Whether what this host builds is put into O(store). Only asked where O(store_from) is empty.
    type: bool
    default: true
    version_added: 1.6.0
  store_agree:
    description:
      - How many hosts must have built the same module from the same inputs before it is handed out. Until then each host builds for itself.
      - Where two hosts built different modules from the same inputs, none is handed out, and RV(notes) names both.
    type: int
    default: 1
    version_added: 1.6.0
  source_digest:
    description:
      - Checksum that O(source) must have, as it is pinned, a SHA-256 or a blob id of git. By default the SHA-256 of what is there.
      - It also tells O(source) from other files in O(store).
    type: str
    version_added: 1.3.0
  state_dir:
    description: Folder on the board that notes how far an upgrade has come.
    type: path
    default: /var/lib/rkfleet-npu
    version_added: 1.2.0
  timeout:
    description: How many seconds the board may take to answer. One that takes longer has failed, as one that is lost.
    type: int
    default: 3600
    version_added: 1.6.0
  archive:
    description: The source tree on the board. Set by the action plugin.
    type: path
  archive_sha256:
    description: SHA-256 of O(archive). Set by the action plugin.
    type: str
  binary:
    description:
      - A module that was built elsewhere, with C(name), C(sha256), C(path) on the board and C(log). In check mode it has no path.
        Set by the action plugin.
    type: dict
    version_added: 1.3.0
  collect:
    description: Whether a module that was built is sent to the controller. Set by the action plugin.
    type: bool
    default: false
    version_added: 1.3.0
"""

EXAMPLES = r"""
- name: Build and install driver 0.9.6 beside the one built into the kernel
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
    - What was done, or would be done in check mode. One or more of V(clean), V(signing), V(tree), V(repair), V(install), V(load), V(remove).
    - V(install) builds and installs, V(load) takes the module from O(store) and installs it.
  returned: success
  type: list
  elements: str
  sample: [tree, install]
module_file:
  description: The installed module.
  returned: success, when it is there
  type: str
  sample: /lib/modules/6.1.43-15-rk2312/updates/dkms/rknpu_dkms.ko
probes:
  description: What the feature probes found in the kernel's headers.
  returned: after a build
  type: list
  elements: str
  sample: ["probe vm_flags_set: missing, supplied"]
notes:
  description: What the owner should know, such as that a module from O(store) was of no use here.
  returned: success
  type: list
  elements: str
  sample: []
stored:
  description:
    - The build in O(store) that the module came from, or that it has become, with C(key), C(board), C(built_at), C(sha256) and C(file).
    - V(null) where nothing was built or loaded.
  returned: success, with O(store)
  type: dict
log_file:
  description: The build log on the controller.
  returned: after a build, with O(log_dir)
  type: str
  sample: build/logs/rock5b-1-rknpu-0.9.6-6.1.43-15-rk2312.log
"""

import os

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import prebuilt
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.package import DkmsPackage
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.source_tree import DkmsError
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.build_log import probe_lines
from ansible_collections.rkfleet.npu.plugins.module_utils._board.files import told
from ansible_collections.rkfleet.npu.plugins.module_utils._board.paths import STATE_DIR
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.signing import Signing, SigningError
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction.state import advance


def main():
    """Module entry point."""
    module = AnsibleModule(
        argument_spec=dict(
            state=dict(type="str", choices=["present", "absent"], default="present"),
            package=dict(type="str", default="rknpu"),
            version=dict(type="str", required=True),
            module=dict(type="str", default="rknpu"),
            kernel=dict(type="str", required=True),
            source=dict(type="path"),
            build_files=dict(type="path"),
            log_dir=dict(type="path"),
            store=dict(type="path"),
            store_keep=dict(type="int", default=50),
            store_from=dict(type="list", elements="str", default=[]),
            store_fill=dict(type="bool", default=True),
            store_agree=dict(type="int", default=1),
            source_digest=dict(type="str"),
            # A path, which is no secret.
            signing_key=dict(type="path", no_log=False),
            signing_cert=dict(type="path"),
            state_dir=dict(type="path", default=STATE_DIR),
            timeout=dict(type="int", default=3600),
            archive=dict(type="path"),
            archive_sha256=dict(type="str"),
            binary=dict(type="dict"),
            collect=dict(type="bool", default=False),
        ),
        required_if=[("state", "present", ("archive_sha256",))],
        supports_check_mode=True,
    )
    params = module.params
    present, log, notes = params["state"] == "present", "", []
    binary = prebuilt.Binary(**params["binary"]) if params["binary"] else None
    try:
        signing = Signing(params["signing_key"] or "", params["signing_cert"] or "") if present else Signing()
        package = DkmsPackage(
            module.run_command, params["package"], params["version"], params["kernel"], params["module"], signing=signing
        )
        steps = package.steps(params["archive_sha256"], stored=bool(binary)) if present else package.steps_back()
        if steps and not module.check_mode:
            if present:
                if "install" in steps:
                    require_tools(module, params["kernel"])
                if "load" in steps:
                    notes = use(module, package, binary)
                log = package.deploy(params["archive"], params["archive_sha256"], steps, binary)
                unknown = package.signing.not_verified(module.run_command, package.module_file())
                if unknown:
                    notes.append("the signature of the module is not verified: %s" % unknown)
            else:
                package.clean()
                package.signing.apply()
                package.remove()
        if present and not module.check_mode:
            advance(params["state_dir"], "staged")
    except DkmsError as error:
        if binary:
            refuse(module, str(error))
        module.fail_json(msg=str(error), log=error.log)
    except SigningError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg="cannot write the driver's source or module: %s" % told(error))
    built = prebuilt.collect(module.run_command, package.module_file(), package.modules + "/build") if params["collect"] and "install" in steps else None
    module.exit_json(
        changed=bool(steps), steps=steps, module_file=package.module_file(), probes=probe_lines(log), notes=notes, log=log, built=built
    )


def use(module, package, binary):
    """Look at a module from the store before anything is changed; returns notes."""
    module.get_bin_path("dkms", required=True)
    problem, compared = package.binary_problem(binary)
    if problem:
        refuse(module, problem)
    module.log("rkfleet.npu: module %s of the store: %s" % (binary.sha256, compared))
    lacking = prebuilt.lacking(package.modules)
    return ["the board lacks %s, so DKMS cannot build the driver after a kernel update: run the upgrade again then" % " and ".join(lacking)] if lacking else []


def refuse(module, why):
    """End with a module of the store that is of no use here, and nothing changed."""
    module.exit_json(changed=False, refused=why, steps=[])


def require_tools(module, kernel):
    """Stop before anything is changed where the build cannot work."""
    module.get_bin_path("dkms", required=True)
    if not os.path.exists("/lib/modules/%s/build/Makefile" % kernel):
        module.fail_json(msg="the headers of kernel %s are missing: install linux-headers-%s" % (kernel, kernel))


if __name__ == "__main__":
    main()
