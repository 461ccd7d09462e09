#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: npu_trial_build_info
short_description: Find out whether an RKNPU driver builds for kernels that are not running
version_added: 2.0.0
description:
  - Builds the driver for each of the kernels like DKMS, in a temporary folder, and returns which builds succeed and why
    others fail. Use it before a board gets a new kernel.
  - Kernels that the compatibility data marks as unsupported are reported without a build.
  - If the headers of a kernel are installed, they are used. Otherwise the package with the headers is downloaded from
    the board's own repositories and unpacked, together with the packages of headers and build programs that it depends
    on. Nothing is installed.
  - Nothing on the board is changed, with and without check mode. Neither root nor a running NPU is required. A build
    requires C(make) and a compiler on the board, and 400 MiB of free space in C(/var/tmp) if headers have to be
    unpacked.
  - In release 1.x this module was called C(npu_preflight).
extends_documentation_fragment:
  - rkfleet.npu._attributes.board
  - rkfleet.npu._attributes.info
  - rkfleet.npu._attributes
  - rkfleet.npu._build
  - rkfleet.npu._build.signing
  - rkfleet.npu._build.source
  - rkfleet.npu._build.store
  - rkfleet.npu._build.store_fill
  - rkfleet.npu._options.internal
options:
  kernels:
    description: Kernel releases to build for, as C(uname -r) prints them.
    type: list
    elements: str
    required: true
  compatibility:
    description: Data that is merged over the compatibility data of this collection, with unsupported kernels and names
      of header packages.
    type: dict
    default: {}
  timeout:
    description: Seconds that the board may take for each kernel. After that the task fails.
  signing:
    description: Whether DKMS signs modules on the board. If so, builds for kernels that require signed modules are
      tried, too.
    type: bool
    default: false
  only_layout:
    description:
      - Whether to build an empty module instead of the driver, only to compare it with the modules that came with each
        kernel. It takes seconds, and O(source) is not required.
      - Nothing is built if it is certain that installed headers are the kernel's and that modules can be compiled with
        them. It is if they have the kernel's configuration, the symbol versions that its own modules need
        (C(CONFIG_MODVERSIONS)) and a compiler of the version that the kernel was configured for.
      - Headers of the right release that were made with another configuration give modules that crash the kernel when
        they are loaded. The verdict is then V(fails).
    type: bool
    default: false
  store:
    description:
      - Folder on the controller in which builds are kept, as for M(rkfleet.npu.npu_dkms). With it, O(kernels) must be
        the kernel of the task's board alone, and the task must be delegated to the host that builds. Nothing is built
        if the store has the build already.
  store_from:
    description: Hosts and inventory groups that may fill O(store), as for M(rkfleet.npu.npu_dkms). If empty, the host
      that builds may.
  signing_key:
    description: Path of a private key on the host that builds, with which builds for O(store) are signed.
seealso:
  - module: rkfleet.npu.npu_dkms
"""

EXAMPLES = r"""
- name: Find out whether the driver builds for the next kernel
  rkfleet.npu.npu_trial_build_info:
    kernels: [6.1.84-12-rk2410]
    version: 0.9.6
    module: rknpu_dkms
    source: /home/admin/rknpu_driver_0.9.6_20240322.tar.bz2
    build_files: "{{ role_path }}/files/dkms"
    log_dir: build/logs
"""

RETURN = r"""
stored:
  description: The build in O(store), V(null) without one.
  returned: success, with O(store)
  type: dict
kernels:
  description: The result for each kernel, in the order of O(kernels).
  returned: success
  type: list
  elements: dict
  contains:
    release:
      description: The kernel release.
      type: str
      returned: always
    verdict:
      description: V(builds), V(fails), V(unsupported), V(no_headers) if the headers are not available, or V(no_tools)
        if C(make) is missing.
      type: str
      returned: always
    reason:
      description: One sentence on why, and what to do.
      type: str
      returned: always
    headers:
      description: Source of the headers.
      type: str
      returned: always
    probes:
      description: Results of the feature probes on the headers.
      type: list
      elements: str
      returned: always
    losses:
      description: What the build left out, and its cause.
      type: list
      elements: dict
      returned: always
      sample: [{name: devfreq, cause: "not here: soc/rockchip/rockchip_opp_select.h"}]
    layout:
      description:
        - What the layout of the built module was compared with, or why it was not compared. With O(only_layout) also
          what proves that no module needs to be built.
        - V(null) if nothing was tried.
      type: str
      returned: always
    log_file:
      description: Path of the build log on the controller. V(null) if nothing was built or O(log_dir) is not set.
      type: str
      returned: always
  sample:
    - headers: those of package linux-headers-6.1.84-12-rk2410, which is not installed
      layout: compared with cts.ko, rk_crypto.ko; 13 structures compared with BTF
      losses: []
      log_file: build/logs/rock5b-1-preflight-0.9.6-6.1.84-12-rk2410.log
      probes: ["probe vm_flags_set: missing, supplied"]
      reason: module rknpu_dkms builds with those of package linux-headers-6.1.84-12-rk2410, which is not installed
      release: 6.1.84-12-rk2410
      verdict: builds
"""

import os
import tempfile

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rkfleet.npu.plugins.module_utils import _internal
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import trial_build
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.arguments import BUILD
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.module.signing import Signing, SigningError
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.source_tree import LOG_BYTES, DkmsError, unpack_tree
from ansible_collections.rkfleet.npu.plugins.module_utils._facts.installed.headers import RELEASE

SCRATCH = "/var/tmp"


def main():
    """Module entry point."""
    module = AnsibleModule(
        argument_spec=dict(
            BUILD,
            kernels=dict(type="list", elements="str", required=True),
            compatibility=dict(type="dict", default={}),
            only_layout=dict(type="bool", default=False),
            signing=dict(type="bool", default=False),
            _internal=_internal.OPTION,
        ),
        required_together=[("signing_key", "signing_cert")],
        supports_check_mode=True,
    )
    # The source tree on the board, the packages with the headers, and whether the controller gets what is built.
    params = _internal.parameters(
        module, "npu_trial_build_info", archive=None, archive_sha256=None, packages={}, collect=False
    )
    for release in params["kernels"]:
        if not RELEASE.match(release):
            module.fail_json(msg="%r is not a kernel release" % release)
    # The output of compilers and apt is parsed; the kernel's makefile drops LC_ALL.
    # modinfo is not on the PATH of an ordinary user.
    environment = {**dict.fromkeys(("LC_ALL", "LANG", "LC_MESSAGES"), "C"), "MAKEFLAGS": "",
                   "PATH": os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"}

    def run(command, folder):
        try:
            return module.run_command(command, cwd=folder, environ_update=environment, handle_exceptions=False)
        except OSError as error:
            return 127, "", "%s: %s" % (command[0], error.strerror)

    found = []
    sign_with = (params["signing_key"], params["signing_cert"]) if params["signing_key"] else None
    try:
        if sign_with:
            Signing(*sign_with)  # fails if the key is not usable
        with tempfile.TemporaryDirectory(prefix="rkfleet-", dir=SCRATCH) as scratch:
            tree = os.path.join(scratch, "tree")
            unpack_tree(params["archive"], params["archive_sha256"], tree)
            for release in params["kernels"]:
                with tempfile.TemporaryDirectory(prefix="kernel-", dir=scratch) as folder:
                    package = params["packages"].get(release, "linux-headers-" + release)
                    found.append(trial_build.check(
                        run, release, package, params["module"], tree, folder,
                        signing=params["signing"] or bool(sign_with), collect=params["collect"], sign_with=sign_with,
                    ))
                    found[-1]["log"] = found[-1]["log"][-LOG_BYTES:].encode("utf-8", "replace").decode()
    except (DkmsError, SigningError) as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg="the trial build in %s failed: %s" % (SCRATCH, error))
    module.exit_json(changed=False, kernels=found)


if __name__ == "__main__":
    main()
