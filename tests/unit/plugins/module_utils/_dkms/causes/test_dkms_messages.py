# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What DKMS itself says (github.com/dkms-project/dkms, releases 2.8 to 3.4, and public reports): cause and remedy."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.causes import build_causes, build_log

ENDED = ("dpkg: error processing package x-dkms (--configure):\n installed x-dkms package post-installation script "
         "subprocess returned error exit status 10\nE: Sub-process /usr/bin/dpkg returned an error code (1)\n")


@pytest.mark.parametrize("source, log, needed, forbidden", [
    ("DEEPX-AI/dx-all-suite#141 (NanoPi R6C, 6.1.141)",
     ("Adding dxrt-driver-dkms/2.1.0-2 to DKMS...\nError! DKMS tree already contains: dxrt-driver-dkms-2.1.0-2\nYou "
      "cannot add the same module/version combo more than once.\nError: 'dkms add' failed for x.\n"),
     ("still has dxrt-driver-dkms-2.1.0-2 of", "dkms remove", "dpkg --configure -a"), "xx"),
    ("dkms 3.4", "Error! DKMS tree already contains: rknpu/0.9.8\nx\n", ("still has rknpu/0.9.8 of",), "xx"),
    ("dkms-project/dkms#529 (DKMS 3.2 takes less)",
     ("dkms.conf: Error! Unsupported NO_WEAK_MODULES value '1'\n\nError! Bad conf file.\nFile: /var/lib/dkms/ni1045tr/"
      "25.0.0f175/source/dkms.conf does not represent a valid dkms.conf file.\n"),
     ("/var/lib/dkms/ni1045tr/25.0.0f175/source/dkms.conf (Unsupported NO_WEAK_MODULES value '1')", "newer"), "remove"),
    ("intel/ipu6-drivers#82", ("dkms.conf: Error! No 'PACKAGE_VERSION' directive specified.\nError! Bad conf file.\n"
                               "File:  does not represent a valid dkms.conf file.\n"),
     ("cannot read the dkms.conf of a package", "correct it"), "remove"),
    ("cilynx/rtl88x2BU_WiFi_linux_v5.3.1_27678.20180430_COEX20180427-5959#34",
     ("make ARCH=arm64 CROSS_COMPILE= -C /lib/modules/4.4.167/build M=/var/lib/dkms/rtl88x2bu/#MODULE_VERSION#/build  "
      "modules\nscripts/Makefile.build:474: *** missing separator.  Stop.\n"),
     ("version of rtl88x2bu is still #MODULE_VERSION#", "PACKAGE_VERSION"), "reinstall"),
    ("Joshua-Riek/ubuntu-rockchip#186, ophub/amlogic-s9xxx-armbian#450",
     ("Error! The /var/lib/dkms/wireguard/1.0.20210606/5.10.160-rockchip-rk3588/aarch64/dkms.conf for module wireguard "
      "includes a BUILD_EXCLUSIVE directive which does not match this kernel/arch.\n"),
     ("BUILD_EXCLUSIVE", "kernel has the module itself (modinfo"), "xx"),
    ("pop-os/system76-driver#345",
     ("Error! Could not locate dkms.conf file.\nFile: /var/lib/dkms/system76/1.0.15~1723747371/source/dkms.conf does "
      "not exist.\n"),
     ("source of system76/1.0.15~1723747371:", "folder /var/lib/dkms/system76/1.0.15~1723747371"), "xx"),
    ("dkms-project/dkms#302",
     ("dkms: autoinstall for kernel 6.3.0-2-amd64 was skipped since the kernel headers for this kernel do not seem to "
      "be installed.\n"), ("no headers of kernel 6.3.0-2-amd64",), "xx"),
    ("dkms 3.0.11", ("dkms autoinstall on 6.1.99/aarch64 failed for rknpu(10)\nError! One or more modules failed to "
                     "install during autoinstall.\n"), ("modules of rknpu(10)", "make.log"), "One or more"),
    ("dkms ldtarball", "Error! rknpu-0.9.8 is already added!\nAborting.\n", ("still has rknpu-0.9.8 of",), "xx"),
    ("dkms test suite", ("Error! Aborting build of module dkms_dependencies/1.0 for kernel 6.1.99 (aarch64) due to "
                         "missing BUILD_DEPENDS: dkms_test.\nYou may override by specifying --force.\n"),
     ("another package first (dkms_test)", "dkms status"), "xx"),
    ("dkms 3.4", "zfs/2.3.1 autoinstall failed due to missing dependencies: spl.\n",
     ("another package first (spl)",), "xx"),
    ("pop-os/pop#3426, morrownr/8812au#17, linux-surface/linux-surface#112",
     ("Error! Could not locate dkms.conf file.\nFile: /var/lib/dkms/system76/1.0/source/dkms.conf does not exist.\n"),
     ("no longer has the source", "dkms remove"), "xx"),
    ("dkms 3.2", ("Error! rtl8812/5.6.4 is broken! Missing the source directory or the symbolic link pointing to it.\n"
                  "Manual intervention is required!\n"), ("no longer has the source", "--all"), "xx"),
    ("56679347602",
     ("depmod.....(bad exit status: 135)\nDKMS: uninstall completed.\nError! Problems with depmod detected.  "
      "Automatically uninstalling this module.\nDKMS: Install Failed (depmod problems).  Module rolled back to built "
      "state.\n"), ("depmod", "storage", "dmesg"), "xx"),
    ("dkms 3.0", "Error! Application of patch fix-6.12.patch failed.\nCheck /x for more information.\n",
     ("(fix-6.12.patch) does not fit",), "xx"),
    ("KyleGospo/gasket-dkms#17, Fred78290/nct6687d#128 (dkms 3.2.1)",
     ("Error!  Build of gasket.ko failed for: 6.8.0-52-generic (x86_64)\nMake sure the name of the generated module is "
      "correct and at the root of the\nbuild directory, or consult make.log in the build directory\n"),
     ("without making gasket.ko", "dkms.conf"), "xx"),
    ("dkms 3.2", "Error! Missing module 'rknpu' in /var/lib/dkms/rknpu/0.9.8/6.1.99/.tmp_aarch64_a1B2c3/module\n",
     ("without making rknpu",), "xx"),
    ("OpenVoiceOS/ovos-installer#94, uboslinux/ubos-admin#614",
     ("depmod: ERROR: could not open directory /lib/modules/6.6.22-v8+: No such file or directory\ndepmod: FATAL: "
      "could "
      "not search modules: No such file or directory\nError! Problems with depmod detected.  Automatically "
      "uninstalling "
      "this module.\n"), ("/lib/modules/6.6.22-v8+ is gone", "reboot"), "dmesg"),
    ("dkms 2.8 to 3.2", ("Error! The directory /lib/modules/6.1.84-8-rk2410 doesn't exist.\nYou cannot install a "
                         "module "
                         "onto a non-existant kernel.\n"), ("/lib/modules/6.1.84-8-rk2410 is gone", "reboot"), "dmesg"),
    ("kind", ("/usr/sbin/dkms: line 1751: depmod: command not found\nError! Problems with depmod detected.  "
              "Automatically "
              "uninstalling this module.\n"), ("depmod", "install kmod"), "dmesg"),
    ("kind", ("mktemp: failed to create directory via template '/tmp/dkms.XXXXXX': Permission denied\nError! Unable to "
              "make temporary directory.\n"), ("no temporary file can be made in /tmp", "1777"), "Unable"),
    ("kind", "depmod: ERROR: openat(/lib/modules/6.1.84, modules.dep.1234.5, 301, 644): Read-only file system\n",
     ("/lib/modules/6.1.84 is on a file system that is mounted read-only",), "depmod -a"),
    ("kind", "/etc/dkms/framework.conf: line 12: syntax error near unexpected token `('\n",
     ("/etc/dkms/framework.conf, which DKMS reads", "correct it"), "install ("),
    ("dkms 3.2",
     ("Autoinstall on 6.1.99 failed for module(s) evdi(10) rtl8812au(21).\n\nError! One or more modules failed to "
      "install during autoinstall.\n"), ("modules of evdi(10) rtl8812au(21) (10: the source",), "One or more"),
    ("dkms 3.4", ("Error! Patch fix.patch as specified in dkms.conf cannot be found in "
                  "/var/lib/dkms/x/1/build/patches/.\n"),
     ("(fix.patch) does not fit",), "xx"),
    ("dkms 3.4", "Error! Missing module rknpu in /var/lib/dkms/rknpu/0.9.8/6.1.99/aarch64/module\n",
     ("without making rknpu,",), "xx"),
    # a cause that the log has counts before what DKMS makes of it
    ("kind", ("Error! Build of rknpu.ko failed for: 6.1.99 (aarch64)\ncp: error 'x': No space left on device\n"),
     ("the disk is full",), "without making"),
    ("kind", "depmod.....(bad exit status: 1)\ndepmod: FATAL: x: No space left on device\n", ("the disk is full",),
     "depmod,"),
    ("kind", ("Error! Could not locate dkms.conf file.\n/bin/sh: 1: scripts/basic/fixdep: not found\n"),
     ("scripts/basic/fixdep",), "no longer has"),
], ids=str)
def test_the_cause(source, log, needed, forbidden):
    for causes in (build_causes.CAUSES, build_causes.FOREIGN):
        sentence = build_log.explain(log + ENDED, causes)
        assert all(word in (sentence or "") for word in needed) and forbidden not in sentence, sentence


@pytest.mark.parametrize("log", [
    # dkms 3.2 and 3.4 say so without a failure
    "Autoinstall on 6.1.99 was skipped for module(s) rtl8852be.\n",
    ("x/1 autoinstall deferred: BUILD_DEPENDS not registered with DKMS: y.\nAutoinstall on 6.1.99 deferred module(s) "
     "x/1 due to BUILD_DEPENDS not yet registered with DKMS.\n"),
    "depmod....\n", "Running depmod... done.\n",
    "Autoinstall of module rknpu/0.9.8 for kernel 6.1.99 (aarch64)\n",
])
def test_what_is_no_failure(log):
    assert build_log.explain(log) is None


@pytest.mark.parametrize("text", ["depmod." * 9000, "missing BUILD_DEPENDS: " * 4000, "Build of x failed for " * 4000,
                                  "DKMS tree already contains: " + "x" * 90000, "x" * 90000 + " is already added"])
def test_hostile_logs_take_no_longer(text):
    assert len(build_log.explain(text) or "") < 1000
