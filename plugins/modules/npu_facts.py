#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: npu_facts
short_description: Gather facts of a Rockchip board's NPU, its driver and its runtime
version_added: 1.0.0
description:
  - Gathers board, kernel, NPU driver, runtime, boot loader and DKMS state in one call, and returns them in
    C(ansible_facts.npu).
  - Changes nothing, runs no program other than C(apt-cache) and accesses no register of the NPU.
  - The driver version is the one that the running driver reports. The C(version) file in C(/sys/module) is used only
    without root and only for a driver that is bound, since a built-in driver that is suppressed has that file, too.
  - Works without root, and then lists in RV(ansible_facts.npu.unread) what it could not read.
  - Does not fail on unknown hardware.
extends_documentation_fragment:
  - rkfleet.npu._attributes.board
  - rkfleet.npu._attributes.info
  - rkfleet.npu._attributes
attributes:
  facts:
    description: Whether the module returns C(ansible_facts).
    support: full
options:
  root:
    description: Root of the file tree to read, such as one recorded on another board.
    type: path
    default: /
  proc:
    description: Folder to read instead of C(proc) below O(root).
    type: path
  sys:
    description: Folder to read instead of C(sys) below O(root).
    type: path
  dev:
    description: Folder to read instead of C(dev) below O(root).
    type: path
  boot:
    description: Folder to read instead of C(boot) below O(root).
    type: path
  etc:
    description: Folder to read instead of C(etc) below O(root).
    type: path
  lib:
    description: Folder to read instead of C(lib) below O(root).
    type: path
  usr:
    description: Folder to read instead of C(usr) below O(root).
    type: path
  var:
    description: Folder to read instead of C(var) below O(root).
    type: path
seealso:
  - module: rkfleet.npu.npu_audit_info
  - plugin: rkfleet.npu.npu_plan
    plugin_type: filter
    description: Turns these facts into one action and its reason.
"""

EXAMPLES = r"""
- name: Gather the NPU facts of every board without root
  rkfleet.npu.npu_facts:

- name: Show which driver is in use
  ansible.builtin.debug:
    msg: >-
      {{ ansible_facts.npu.board.model }}: driver {{ ansible_facts.npu.driver.version | default('unknown', true) }}
      ({{ ansible_facts.npu.driver.presence }}), runtime {{ ansible_facts.npu.runtime.version | default('none', true) }}

- name: Gather the facts from a file tree that was recorded on another board
  rkfleet.npu.npu_facts:
    root: /srv/recorded/rock5b-17
"""

RETURN = r"""
ansible_facts:
  description: The facts.
  returned: always
  type: dict
  contains:
    npu:
      description: The facts of the NPU. A value that could not be read is V(null).
      returned: always
      type: dict
      contains:
        board:
          description: From the device tree - C(model), C(compatible) (list), C(soc) such as V(rk3588), C(serial).
          returned: always
          type: dict
        os:
          description:
            - C(id), C(id_like), C(codename), C(version) and C(version_id) of C(os-release), and the kind of
              C(container), if it is one, or V(chroot) in a folder of another system.
            - C(libc), the C library - V(glibc), V(musl) or V(uclibc).
            - C(init), V(systemd) or the name of another process 1. V(null) if it cannot be read.
          returned: always
          type: dict
        kernel:
          description:
            - C(release) and C(machine) of the running kernel, C(headers), whether modules can be built for it,
              C(headers_path), C(vendor_headers), whether they include the vendor's own, C(build) of its release
              (C(uname -v)), C(signature) (C(/proc/version_signature) of Ubuntu's kernels), C(compiler) that it was
              built with, C(config) with the few options that the plan needs, C(config_digest) and C(symvers_digest)
              (SHA-256), C(config_source), and C(boot_id).
            - Why headers that are there are no good for a build - C(headers_lack), the files they lack,
              C(headers_release), the other kernel they are for, C(headers_machine), the ELF number of the other machine
              that their programs are for. C(headers_others), C(package) and C(release) of the installed headers of
              other kernels.
            - C(signatures), why the kernel loads signed modules only - V(config) (CONFIG_MODULE_SIG_FORCE), V(argument)
              (C(module.sig_enforce=1)) or V(lockdown). V(null) if it also loads others. A lockdown may be visible to
              root only.
            - C(kexec), what starts the next kernel without the boot loader - V(loaded), one is loaded for kexec,
              V(locked), it also cannot be unloaded, V(reboot), kexec-tools load one at each reboot, or V(null).
          returned: always
          type: dict
        kernels:
          description:
            - The installed kernels, newest first and at most 20, those in C(/lib/modules) that have an image in
              C(/boot) or run.
            - C(release), C(running), C(headers), whether modules can be built for it, C(module), whether an rknpu
              module is installed, by DKMS or with the kernel, C(builtin), whether the driver is built in, and
              C(build_log), the telling lines of a failed build by DKMS.
          returned: always
          type: list
          elements: dict
        device:
          description:
            - C(node) of the NPU in the device tree, its C(address), C(compatible) and C(status).
            - C(name) of the platform device, the C(driver) that is bound to it, and the driver for which it is reserved
              (C(override), of C(driver_override)). C(deferred), what its driver waits for. C(iommu), the status of its
              IOMMU's node.
          returned: always
          type: dict
        driver:
          description:
            - C(presence), how the kernel itself has the driver - V(builtin), V(module), V(absent), or V(rocket) for the
              other driver in the mainline kernel.
            - C(module), the loaded module of the bound driver, V(null) for a built-in one.
            - C(version) and C(date) that the running driver reports, and C(version_source) - V(drm_ioctl),
              V(rknpu_ioctl), V(debugfs), V(procfs) or V(unknown). Without root also V(module) or V(builtin), the
              version in the bound driver's file.
            - C(render_node), the device file. C(builtin_suppressed), whether the running kernel suppresses the built-in
              driver.
            - C(builtin_version), the version of the built-in driver, whether or not it runs.
            - C(loaded) and C(files), rknpu modules that are loaded, and that are installed for the running kernel.
            - C(blocked), lines of modprobe's configuration that keep such a module from being loaded, with C(path),
              C(module) and C(text).
          returned: always
          type: dict
        condition:
          description:
            - The NPU when it was inspected. Unknown values are V(null).
            - Its clock C(hz), the lowest (C(lowest_hz)) and highest (C(highest_hz)) that it has, the highest that it
              may have now (C(limit_hz)), and the C(governor) that decides, from C(/sys/class/devfreq).
            - C(iommu), whether its memory goes through its IOMMU. C(cma) and C(cma_free), the memory in MiB that is
              reserved for devices without one.
            - C(power), V(active), V(suspended) or V(error), and its power C(domains) with C(name) and C(status).
            - C(load) of each core. It and the domains can only be read as root.
          returned: always
          type: dict
          sample:
            cma: 16
            cma_free: 12
            domains: [{name: npu, status: "on"}]
            governor: rknpu_ondemand
            highest_hz: 1000000000
            hz: 1000000000
            iommu: true
            limit_hz: 1000000000
            load: "Core0:  0%, Core1:  0%, Core2:  0%"
            lowest_hz: 300000000
            power: suspended
        kernel_log:
          description:
            - What the kernel log says of the NPU since its driver was loaded. V(null) and empty if it cannot be read.
            - C(jobs_failed) and C(iommu_faults), how many jobs failed and how many page faults the NPU's IOMMU had.
              Jobs that failed while this collection verified the NPU do not count, and are in C(ours).
            - C(complete), whether the log still begins with the boot. C(lines), what tells of faults or explains
              something, with the time after boot and the meaning.
            - C(suspect), the faults it shows although MobileNet may work, with a C(remedy). C(cause), why the
              driver did not start, with a C(cause_remedy).
          returned: always
          type: dict
        runtime:
          description:
            - C(path) of C(librknnrt.so), and C(link), the name under which it is found.
            - C(version) and C(build) as text in the file, C(sha256), C(git_blob), C(size) in bytes.
            - C(loader), the file that a plain C(dlopen) loads. C(others), further copies - C(path), C(version),
              C(sha256), and the C(programs) that have it loaded and use the NPU.
            - C(package), the package that owns the library, C(packaged), the names of it that an upgrade of that
              package would replace, C(diverted), those with a diversion of this collection, and C(diverted_by), another
              package that has diverted one of them.
          returned: always
          type: dict
        rkllm:
          description: C(path) and C(version) of C(librkllmrt.so), the runtime for language models, V(null) without one.
          returned: always
          type: dict
        boot:
          description:
            - C(loader), which started the running kernel - V(grub), V(u-boot-menu), V(radxa), V(armbian), V(dietpi),
              V(orangepi), V(bigtreetech), V(fnos), V(ubuntu), V(update-extlinux), V(update-extlinux-default),
              V(extlinux), or one that is only named - V(network), V(efi), V(boot-image), V(unknown).
            - C(config), the file with the kernel arguments, V(null) if this collection must not edit it.
            - C(files), the C(path) and C(text) of files from which the controller recognizes the boot loader, of
              programs and menus the lines that matter.
            - C(cmdline) of the running kernel, C(configured) arguments, those of the C(next) boot (V(null) with an
              C(error) if they cannot be determined), C(default) arguments of C(u-boot-update), and C(update), the tool
              to run after a change.
            - C(links), boot files that are links or immutable - C(path), C(target), and the C(problem) of a rollback,
              V(loop), V(dangling), V(folder), V(special), V(blank) (in its name), V(elsewhere) (on another file
              system), V(locked) (immutable), or V(null).
          returned: always
          type: dict
        device_nodes:
          description:
            - The device nodes of the NPU, found by its devices in C(/sys) - C(path), C(kind) (V(card), V(render) or
              V(misc)), the device C(number) such as V(226:1), C(group) and C(mode) such as V(0660).
            - C(missing), whether the kernel has the node and C(/dev) does not. C(target), if it is a link. A link
              C(/dev/rknpu) makes the vendor's runtime crash.
          returned: always
          type: list
          elements: dict
          version_added: 2.0.0
        processes:
          description:
            - Processes that have a device node of the NPU open, at most 50, as C(pid), C(name), and the C(nodes) by
              their names on the host.
            - C(cgroups), and by these the systemd C(unit), the C(container), and its C(manager) - V(docker),
              V(podman), V(containerd), V(crio), V(k3s), V(kubernetes), V(lxc), V(nspawn) - each V(null) if there is
              none or it is not known.
          returned: always
          type: list
          elements: dict
        dkms:
          description: Whether DKMS is C(available), its C(version), and its C(modules) - C(name), C(version),
            C(kernel), C(arch), C(state), C(original), whether it keeps a module of the kernel, C(foreign), whether it
            is an NPU driver that this collection did not install, C(package), the package that brought such a driver,
            C(others), whether it builds other modules, too, and C(left_out), what the build left out and why.
          returned: always
          type: dict
        tools:
          description:
            - Whether C(make), C(compiler), C(dkms) and C(kexec) are installed, the version of C(python), and C(bits) of
              the user space.
            - C(packages_interrupted), whether dpkg was interrupted. C(apt), whether apt and dpkg are there.
          returned: always
          type: dict
        packages:
          description:
            - C(kernel), the packages of the running kernel - C(name), C(part) (V(image), V(modules), V(dtb) or
              V(headers)), C(version), and whether it is on C(hold). C(holds), all packages on hold.
          returned: always
          type: dict
          sample:
            holds: []
            kernel: [{hold: false, name: linux-image-vendor-rk35xx, part: image, version: 25.2.3}]
        hardware:
          description: How fast the board builds - number of C(cores), their C(mhz) in total, C(memory) in MiB. Unknown
            values are V(null).
          returned: always
          type: dict
        watchdog:
          description:
            - Whether the hardware watchdog is C(usable) during an upgrade, the C(problem) if not, and its C(timeout) in
              seconds.
            - V(null) if a recorded tree does not have it.
          returned: always
          type: dict
        filesystems:
          description:
            - Where the files are stored that an upgrade writes - C(path), its C(mount) and C(type) of file system,
              whether it is C(read_only), whether changes are C(lasting) over a reboot, and whether it is on the same
              device as C(/) (C(with_root)).
            - Empty if C(/proc) does not list the mounted file systems.
          returned: always
          type: list
          elements: dict
        space:
          description: Free MiB at C(/usr), C(/var), C(/boot) and C(/lib/modules).
          returned: always
          type: dict
        repository:
          description:
            - What the board's package repositories offer as of the last C(apt-get update) - C(kernels), the names of
              the packages with a kernel (C(linux-image-*)), newest first and at most 200, and C(candidates), what apt
              would install of the running kernel's packages, with C(version) and the kernel's C(release).
            - V(null) if C(apt-cache) is missing or does not answer, and for a tree that was recorded on another board.
            - C(vendor_kernels) of the compatibility data has the driver of each kernel package.
          returned: always
          type: dict
        verification:
          description:
            - The last recorded verification, from C(/etc/ansible/facts.d/npu.fact), or V(null).
            - C(kernel), C(driver) and C(runtime_sha256) that it is valid for, and only for these.
          returned: always
          type: dict
        upgrade:
          description:
            - The state that M(rkfleet.npu.npu_transaction) left on the board. C(state), one of V(unknown), V(planned),
              V(staged), V(deployed), V(activating), V(verifying), V(committed), V(rolled_back) and V(rollback_failed),
              its time (C(since)), and the reason in one sentence (C(why)).
            - C(pending), whether an upgrade is neither committed nor rolled back. C(origin), whether
              C(rollback-npu.yml) can restore an earlier state.
            - C(run), the run that made the change. C(baseline), the result of MobileNet before it. C(driver), the
              driver versions C(from) and C(to).
            - C(locked_by), who works on the board, and C(lock), with which process. C(hold), the first line of
              C(/etc/rkfleet-npu/hold), V(null) without that file.
          returned: always
          type: dict
        privileged:
          description: Whether the facts were gathered as root.
          returned: always
          type: bool
        unread:
          description: What could not be read, each with the reason.
          returned: always
          type: list
          elements: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
from ansible_collections.rkfleet.npu.plugins.module_utils._facts.gather import gather
from ansible_collections.rkfleet.npu.plugins.module_utils._facts.installed.apt_kernels import (
    add_candidates,
    apt_kernels,
)

_AREAS = ("proc", "sys", "dev", "boot", "etc", "lib", "usr", "var")


def main():
    options = {area: {"type": "path"} for area in _AREAS}
    options["root"] = {"type": "path", "default": "/"}
    module = AnsibleModule(argument_spec=options, supports_check_mode=True)
    tree = Tree(**module.params)
    ask = (lambda: apt_kernels(module.run_command)) if tree.live else None
    facts = gather(tree, ask_repository=ask)
    if ask:
        add_candidates(tree, facts, module.run_command)
    module.exit_json(changed=False, ansible_facts={"npu": facts})


if __name__ == "__main__":
    main()
