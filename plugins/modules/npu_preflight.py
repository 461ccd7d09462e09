#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: npu_preflight
short_description: Try whether an RKNPU driver builds for kernels that are not running
version_added: 1.1.0
description:
  - Builds the driver for each of the kernels as DKMS would, in a folder that goes away again, and says which are fine and
    which fail with what. This is what to do before a board gets a new kernel.
  - What the compatibility data says is not supported is said before anything is built.
  - Where a kernel's headers are installed, they are taken. Otherwise the package with them is downloaded from the board's own
    repositories and unpacked, together with the packages of headers and build programs it depends on. Nothing is installed.
  - Nothing on the board changes, in check mode or not, and neither root nor a running NPU is needed. A trial needs
    C(make) and a compiler on the board, and 400 MiB free below C(/var/tmp) where headers have to be unpacked.
author:
  - rkfleet.npu contributors (@rkfleet)
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
    details: The same is done, as nothing changes.
  diff_mode:
    support: none
  platform:
    platforms: debian
options:
  kernels:
    description: Kernel releases to try, as C(uname -r) would print them.
    type: list
    elements: str
    required: true
  version:
    description: Version of the driver. The source must state the same.
    type: str
    required: true
  module:
    description: Name of the kernel module, which is another one over a driver built into the kernel.
    type: str
    default: rknpu
  source:
    description: The vendor's tarball, a path on the controller.
    type: path
  build_files:
    description: Folder on the controller with Kbuild, probes and compat layer.
    type: path
  log_dir:
    description: Folder on the controller that keeps the log of each build. Without it, no log is kept.
    type: path
  compatibility:
    description: Rows laid over the compatibility data of this collection, which says what is not supported and how packages are called.
    type: dict
    default: {}
  timeout:
    description: How many seconds the board may take for each kernel. One that takes longer has failed, as one that is lost.
    type: int
    default: 3600
    version_added: 1.6.0
  archive:
    description: The source tree on the board. Set by the action plugin.
    type: path
  archive_sha256:
    description: SHA-256 of O(archive). Set by the action plugin.
    type: str
  signing:
    description: Whether DKMS signs what it builds on the board, so that a kernel which demands that is tried, too.
    type: bool
    default: false
    version_added: 1.2.0
  store:
    description:
      - Folder on the controller that keeps what was built, as M(rkfleet.npu.npu_dkms) has it. With it, the only kernel in O(kernels) is that of
        the board whose task this is, and the task is delegated to a host that builds for it. Nothing is built where it is there already.
    type: path
    version_added: 1.3.0
  store_keep:
    description: How many builds O(store) keeps.
    type: int
    default: 50
    version_added: 1.3.0
  store_from:
    description: Hosts and groups of the inventory that may fill O(store), as for M(rkfleet.npu.npu_dkms). Without it, the host that builds may.
    type: list
    elements: str
    default: []
    version_added: 1.6.0
  store_agree:
    description: How many hosts must have built the same module before it is handed out, as for M(rkfleet.npu.npu_dkms).
    type: int
    default: 1
    version_added: 1.6.0
  source_digest:
    description: Checksum that O(source) must have, as it is pinned. By default the SHA-256 of what is there.
    type: str
    version_added: 1.3.0
  signing_key:
    description: Path of a private key on the host that builds. What O(store) keeps is signed with it.
    type: path
    version_added: 1.3.0
  signing_cert:
    description: Path of its certificate there. Needed with O(signing_key).
    type: path
    version_added: 1.3.0
  collect:
    description: Whether a module that was built is sent to the controller. Set by the action plugin.
    type: bool
    default: false
    version_added: 1.3.0
  packages:
    description: Which package holds the headers of which kernel. Set by the action plugin.
    type: dict
    default: {}
seealso:
  - module: rkfleet.npu.npu_dkms
"""

EXAMPLES = r"""
- name: Would the NPU survive the next kernel?
  rkfleet.npu.npu_preflight:
    kernels: [6.1.84-12-rk2410]
    version: 0.9.6
    module: rknpu_dkms
    source: /home/admin/rknpu_driver_0.9.6_20240322.tar.bz2
    build_files: "{{ role_path }}/files/dkms"
    log_dir: build/logs
"""

RETURN = r"""
stored:
  description: The build that is in O(store) now, V(null) where none is.
  returned: success, with O(store)
  type: dict
kernels:
  description: What became of each kernel, in the order asked.
  returned: success
  type: list
  elements: dict
  contains:
    release:
      description: The kernel.
      type: str
      returned: always
    verdict:
      description: V(builds), V(fails), V(unsupported), or V(no_headers) where they are not to be had.
      type: str
      returned: always
    reason:
      description: One sentence on why, and what to do.
      type: str
      returned: always
    headers:
      description: Where the headers came from.
      type: str
      returned: always
    probes:
      description: What the feature probes found in them.
      type: list
      elements: str
      returned: always
    log_file:
      description: The build log on the controller, V(null) where nothing was built or O(log_dir) is not given.
      type: str
      returned: always
  sample:
    - headers: those of package linux-headers-6.1.84-12-rk2410, which is not installed
      log_file: build/logs/rock5b-1-preflight-0.9.6-6.1.84-12-rk2410.log
      probes: ["probe vm_flags_set: missing, supplied"]
      reason: module rknpu_dkms builds with those of package linux-headers-6.1.84-12-rk2410, which is not installed
      release: 6.1.84-12-rk2410
      verdict: builds
"""

import os
import tempfile

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import trial_build
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.source_tree import DkmsError, unpack_tree
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.build_log import LOG_BYTES
from ansible_collections.rkfleet.npu.plugins.module_utils._facts.headers import RELEASE
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.signing import Signing, SigningError

SCRATCH = "/var/tmp"


def main():
    """Module entry point."""
    module = AnsibleModule(
        argument_spec=dict(
            kernels=dict(type="list", elements="str", required=True),
            version=dict(type="str", required=True),
            module=dict(type="str", default="rknpu"),
            source=dict(type="path"),
            build_files=dict(type="path"),
            log_dir=dict(type="path"),
            store=dict(type="path"),
            store_keep=dict(type="int", default=50),
            store_from=dict(type="list", elements="str", default=[]),
            store_agree=dict(type="int", default=1),
            source_digest=dict(type="str"),
            compatibility=dict(type="dict", default={}),
            timeout=dict(type="int", default=3600),
            archive=dict(type="path"),
            archive_sha256=dict(type="str"),
            packages=dict(type="dict", default={}),
            signing=dict(type="bool", default=False),
            # A path, which is no secret.
            signing_key=dict(type="path", no_log=False),
            signing_cert=dict(type="path"),
            collect=dict(type="bool", default=False),
        ),
        required_together=[("archive", "archive_sha256"), ("signing_key", "signing_cert")],
        supports_check_mode=True,
    )
    params = module.params
    for release in params["kernels"]:
        if not RELEASE.match(release):
            module.fail_json(msg="%r is not the release of a kernel" % release)
    # What compilers and apt say is read; modinfo is not on the path of an ordinary user.
    environment = {"LC_ALL": "C", "MAKEFLAGS": "", "PATH": os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"}

    def run(command, folder):
        try:
            return module.run_command(command, cwd=folder, environ_update=environment, handle_exceptions=False)
        except OSError as error:
            return 127, "", "%s: %s" % (command[0], error.strerror)

    found = []
    sign_with = (params["signing_key"], params["signing_cert"]) if params["signing_key"] else None
    try:
        if sign_with:
            Signing(*sign_with)  # refuses what is not to be signed with
        with tempfile.TemporaryDirectory(prefix="rkfleet-", dir=SCRATCH) as scratch:
            tree = os.path.join(scratch, "tree")
            unpack_tree(params["archive"], params["archive_sha256"], tree)
            for release in params["kernels"]:
                with tempfile.TemporaryDirectory(prefix="kernel-", dir=scratch) as folder:
                    package = params["packages"].get(release) or "linux-headers-" + release
                    found.append(trial_build.check(run, release, package, params["module"], tree, folder, signing=params["signing"] or bool(sign_with),
                                                  collect=params["collect"], sign_with=sign_with))
                    found[-1]["log"] = found[-1]["log"][-LOG_BYTES:].encode("utf-8", "replace").decode()
    except (DkmsError, SigningError) as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg="cannot try it below %s: %s" % (SCRATCH, error))
    module.exit_json(changed=False, kernels=found)


if __name__ == "__main__":
    main()
