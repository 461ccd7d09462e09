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
  - Gathers board, kernel, NPU driver, runtime, boot loader and DKMS state in one call, and returns them as the fact
    C(ansible_facts.npu).
  - Changes nothing, runs no program other than C(apt-cache) and never accesses a register of the NPU.
  - The driver version is the one that the running driver reports. The C(version) file in C(/sys/module) is used only
    without root and only for a driver that is bound, since a built-in driver that is suppressed has that file, too.
  - Works without root, and then lists in RV(ansible_facts.npu.unread) what it could not read.
  - Does not fail on unexpected hardware. On a machine that is not a Rockchip board the facts show it.
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
    description: Root of the file tree to read, for a tree that was recorded on another board.
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
      description: Everything below. What could not be read is V(null).
      returned: always
      type: dict
      contains:
        board:
          description: From the device tree - C(model), C(compatible) (list), C(soc) such as V(rk3588), C(serial).
          returned: always
          type: dict
          sample:
            compatible: [radxa,rock-5b, rockchip,rk3588]
            model: Radxa ROCK 5B
            serial: 1234567890abcdef
            soc: rk3588
        os:
          description:
            - C(id), C(codename), C(version), C(version_id) by C(os-release), and the kind of C(container), if it is
              one.
            - C(init), V(systemd) or the name of what else runs as process 1, V(null) where that cannot be seen.
          returned: always
          type: dict
          sample: {codename: bookworm, container: null, id: debian, init: systemd, version: 12 (bookworm), version_id: "12"}
        kernel:
          description:
            - C(release) and C(machine) of the running kernel; C(headers), whether modules can be built for it,
              C(headers_path), and C(vendor_headers), whether they hold the vendor's own; C(build), which build of its
              release it is (as C(uname -v) prints it), and C(compiler), by what it was compiled; C(config) with the few
              options the plan asks about, C(config_digest) and C(symvers_digest) (sha256), C(config_source);
              C(boot_id).
            - C(signatures) - what makes it load signed modules only - V(config) (CONFIG_MODULE_SIG_FORCE), V(argument)
              (C(module.sig_enforce=1)), V(lockdown), or V(null) where it loads others too. Without root a lockdown may
              not be seen.
            - C(kexec) - what starts the next kernel past the boot loader - V(loaded), a kernel that is loaded for
              kexec, V(locked), one that cannot be unloaded either, V(reboot), kexec-tools, which loads one at each
              reboot, or V(null).
          returned: always
          type: dict
          sample: {headers: true, headers_path: /usr/src/linux-headers-6.1.99-1-rk2312, machine: aarch64, release: 6.1.99-1-rk2312}
        kernels:
          description:
            - The installed kernels, those below C(/lib/modules) with an image in C(/boot), newest first and at most 20.
            - C(release); C(running); C(headers), whether modules can be built for it; C(module), whether an rknpu
              module is there, built by DKMS or the kernel's own; C(builtin), whether the driver is built in;
              C(build_error), in a sentence why DKMS could not build its module for it, or V(null).
          returned: always
          type: list
          elements: dict
          sample:
            - build_error: null
              builtin: true
              headers: true
              module: true
              release: 6.1.99-1-rk2312
              running: true
        device:
          description:
            - The NPU's C(node) in the device tree, its C(address), C(compatible) and C(status).
            - The platform device's C(name) and the C(driver) bound to it.
          returned: always
          type: dict
          sample:
            address: fdab0000
            compatible: [rockchip,rk3588-rknpu]
            driver: RKNPU
            name: fdab0000.npu
            node: /npu@fdab0000
            status: okay
        driver:
          description:
            - C(presence) - how the kernel itself has the driver - V(builtin), V(module), V(absent), or V(rocket) for
              mainline's other driver.
            - C(module) - the loaded module the bound driver came from, V(null) for a built-in.
            - C(version) and C(date) as the running driver answers, and C(version_source) - V(drm_ioctl),
              V(rknpu_ioctl), V(debugfs), V(procfs) or V(unknown); without root also V(module) or V(builtin), what the
              bound driver carries.
            - C(render_node) - the device file. C(held_down) - whether the running kernel was told not to start the
              built-in.
            - C(builtin_version) - the version the built-in carries, which says nothing about what runs.
            - C(loaded) and C(files) - rknpu modules loaded and present for the running kernel.
          returned: always
          type: dict
          sample:
            builtin_version: 0.9.3
            date: "20240322"
            files: [updates/dkms/rknpu_dkms.ko]
            held_down: true
            loaded: [rknpu_dkms]
            module: rknpu_dkms
            presence: builtin
            render_node: /dev/dri/renderD129
            version: 0.9.6
            version_source: drm_ioctl
        runtime:
          description:
            - C(path) of C(librknnrt.so) and C(link), the name it is reached by.
            - C(version) and C(build) as text in the file, C(sha256), C(git_blob), C(size) in bytes.
            - C(loader) is what a plain C(dlopen) would take, C(others) are further copies.
          returned: always
          type: dict
          sample: {build: "429f97ae6b@2025-04-09T09:09:27", path: /usr/lib/librknnrt.so, size: 7726232, version: 2.3.2}
        boot:
          description:
            - C(loader) - V(u-boot-menu), V(radxa), V(armbian), V(dietpi), V(orangepi), V(extlinux) or V(unknown).
            - C(config), the file that holds the kernel arguments.
            - C(cmdline) of the running kernel, C(configured) arguments and those the boot loader will take C(next)
              (V(null) with an C(error) where they cannot be told), C(default) arguments of C(u-boot-update), and
              C(update), the tool to run after a change.
            - C(links), those files of the boot configuration that are symbolic links - C(path), C(target), and the
              C(problem) why the target cannot be rolled back, one of V(loop), V(dangling), V(folder), V(special),
              V(blank) (in its name) and V(elsewhere) (on another file system), or V(null).
          returned: always
          type: dict
          sample: {config: /etc/default/u-boot, configured: ro quiet, loader: u-boot-menu, update: /usr/sbin/u-boot-update}
        processes:
          description: Processes that have the NPU's device file open, as C(pid) and C(name).
          returned: always
          type: list
          elements: dict
          sample: [{name: python3, pid: 812}]
        dkms:
          description: Whether DKMS is C(available), its C(version), and its C(modules) - C(name), C(version),
            C(kernel), C(arch), C(state), C(original).
          returned: always
          type: dict
          sample:
            available: true
            modules: [{arch: aarch64, kernel: 6.1.99-1-rk2312, name: rknpu, original: false, state: installed, version: 0.9.6}]
            version: 3.0.10
        tools:
          description:
            - Whether C(make), C(compiler), C(dkms) and C(kexec) are there, the version of C(python) and the C(bits) of
              the user space.
            - C(packages_interrupted), whether dpkg was cut off at its work.
          returned: always
          type: dict
          sample: {bits: 64, compiler: true, dkms: true, kexec: false, make: true, packages_interrupted: false, python: 3.11.2}
        hardware:
          description: How fast it builds - C(cores), C(mhz) of all of them together, C(memory) in MiB. What it does not
            say is V(null).
          returned: always
          type: dict
          sample: {cores: 8, memory: 15876, mhz: 16416}
        watchdog:
          description:
            - Whether the hardware watchdog is C(usable) for a board on trial, the C(problem) why not, and its
              C(timeout) in seconds.
            - V(null) where a recorded tree does not say.
          returned: always
          type: dict
          sample: {problem: null, timeout: 44, usable: true}
        filesystems:
          description:
            - What the files lie on that an upgrade writes. C(path), the C(mount) it is on and the C(type) of file
              system; whether that is C(read_only), whether what is written to it is C(lasting) over a reboot, and
              whether it is the same device as C(/) (C(with_root)).
            - Empty where C(/proc) does not say what is mounted.
          returned: always
          type: list
          elements: dict
          sample: [{lasting: true, mount: /, path: /etc, read_only: false, type: ext4, with_root: true}]
        space:
          description: Free MiB at C(/usr), C(/var), C(/boot) and C(/lib/modules).
          returned: always
          type: dict
          sample: {/boot: 180, /lib/modules: 5120, /usr: 5120, /var: 5120}
        repository:
          description:
            - What the board's package repositories offer, as C(apt-get update) last saw them - C(kernels), the names of
              the packages with a kernel (C(linux-image-*)), newest first and at most 200.
            - V(null) where there is no C(apt-cache), where it does not answer, and for a tree recorded on another
              board.
            - Which driver a package's kernel has is said by C(vendor_kernels) of the compatibility data.
          returned: always
          type: dict
          sample: {kernels: [linux-image-6.1.84-12-rk2410, linux-image-6.1.84-9-rk2410, linux-image-6.1.43-26-rk2312]}
        verification:
          description:
            - The last recorded verification, from C(/etc/ansible/facts.d/npu.fact), or V(null).
            - With the C(kernel), C(driver) and C(runtime_sha256) it was of. It says nothing of others.
          returned: always
          type: dict
        upgrade:
          description:
            - What M(rkfleet.npu.npu_transaction) has left on the board. The C(state), one of V(unknown), V(planned),
              V(staged), V(deployed), V(activating), V(verifying), V(committed), V(rolled_back) and V(rollback_failed);
              C(since) when, and C(why), a sentence.
            - C(pending) says that an upgrade is neither committed nor rolled back, C(origin) that there is something for
              C(rollback-npu.yml).
            - C(run) names the run that made the change. C(baseline) is what MobileNet said before it, C(driver) the
              driver versions C(from) and C(to).
            - C(locked_by) names the run that works on the board. C(hold) is the first line of C(/etc/rkfleet-npu/hold),
              V(null) where there is none.
          returned: always
          type: dict
          sample: {state: committed, pending: false, hold: null}
        privileged:
          description: Whether this was read as root.
          returned: always
          type: bool
        unread:
          description: What could not be read, each with the reason.
          returned: always
          type: list
          elements: str
          sample: ["driver version from /dev/dri/renderD129: Permission denied"]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rkfleet.npu.plugins.module_utils._facts.gather import gather
from ansible_collections.rkfleet.npu.plugins.module_utils._facts.apt_kernels import apt_kernels
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree

_AREAS = ("proc", "sys", "dev", "boot", "etc", "lib", "usr", "var")


def main():
    options = dict((area, {"type": "path"}) for area in _AREAS)
    options["root"] = {"type": "path", "default": "/"}
    module = AnsibleModule(argument_spec=options, supports_check_mode=True)
    areas = dict((area, module.params[area]) for area in _AREAS)
    tree = Tree(module.params["root"], **areas)
    ask = (lambda: apt_kernels(module.run_command)) if tree.live else None
    module.exit_json(changed=False, ansible_facts={"npu": gather(tree, ask_repository=ask)})


if __name__ == "__main__":
    main()
