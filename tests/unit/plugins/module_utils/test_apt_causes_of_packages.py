# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Packages that apt and dpkg cannot install, by messages from public reports, made short: cause, remedy, source."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils import _apt_causes
from stand_ins.apt_failures import ENDED, fail
from stand_ins.boards.apt_board import Board

NO_LOCK = ("W: Not using locking for read only lock file /var/lib/dpkg/lock-frontend\n"
           "W: Not using locking for read only lock file /var/lib/dpkg/lock\n")


@pytest.fixture
def board(tmp_path):
    return Board(tmp_path)


def error_of(package, status=1):
    return (f"dpkg: error processing package {package} (--configure):\n installed {package} package post-installation "
            f"script subprocess returned error exit status {status}\n")


@pytest.mark.parametrize("part", ["simulate", "install"])
@pytest.mark.parametrize("source, log, needed", [
    ("servo/ci-runners#57, BerkeleyAutomation/FogROS2#20",
     ("E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 2448 (unattended-upgr)\nE: Unable to "
      "acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?\n"),
     ("process 2448 (unattended-upgr) has locked /var/lib/dpkg/lock-frontend",)),
    ("kind of servo/ci-runners#57", "dpkg: error: dpkg frontend lock was locked by another process with pid 1551\n",
     ("process 1551 has locked dpkg",)),
    ("kind",
     ("E: Could not open lock file /var/lib/dpkg/lock-frontend - open (13: Permission denied)\nE: Unable to acquire "
      "the dpkg frontend lock (/var/lib/dpkg/lock-frontend), are you root?\n"), ("become: true",)),
    ("kind of MichaIng/DietPi#8140",
     ("The following packages will be REMOVED:\n  foo linux-dtb-current-sunxi\nThe following NEW packages will be "
      "installed:\n  dkms\nE: Packages need to be removed but remove is disabled.\n"),
     ("foo linux-dtb-current-sunxi, without which the board may not boot", "do not remove that")),
    ("homebridge/homebridge#2168", "Could not exec dpkg!\n", ("dpkg is missing",)),
    ("MichaIng/DietPi#4243, shivammathur/setup-php#777",
     ("dpkg: unrecoverable fatal error, aborting:\n unknown system group 'ssl-cert' in statoverride file; the system "
      "group got removed\nbefore the override, which is most probably a packaging bug, to recover you\ncan remove the "
      "override manually with dpkg-statoverride\n"), ("group ssl-cert", "dpkg-statoverride --remove")),
    ("MichaIng/DietPi#3037",
     "dpkg: unrecoverable fatal error, aborting:\n unknown group 'netdata' in statoverride file\n", ("group netdata",)),
    ("kind of MichaIng/DietPi#3037",
     "dpkg: unrecoverable fatal error, aborting:\n unknown system user 'ntp' in statoverride file\n", ("user ntp",)),
    ("kind of bamarni/pi64#46",
     "dpkg: error: parsing file '/var/lib/dpkg/updates/0007' near line 0:\n newline in field name '#padding'\n",
     ("/var/lib/dpkg/updates/0007", "remove this file", "dpkg --configure -a")),
    ("kind", "E: flAbsPath on /var/lib/dpkg/status failed - realpath (2: No such file or directory)\n",
     ("/var/lib/dpkg/status", "status-old")),
    ("ayufan: MichaIng/DietPi#1892",
     ("The following packages have unmet dependencies:\n linux-rock64 : Depends: u-boot-rockchip-rock64 (= 2017.09)\n"
      "E: Unmet dependencies. Try 'apt --fix-broken install' with no packages (or specify a solution).\n"),
     ("linux-rock64 needs u-boot-rockchip-rock64 (= 2017.09))", "--fix-broken")),
    ("jiangcuo/pxvirt#94",
     ("The following packages have unmet dependencies:\n pve-firmware : Conflicts: firmware-linux-free but 20200122-1 "
      "is to be installed\nE: Broken packages\n"),
     ("pve-firmware does not go with firmware-linux-free", "only one of")),
    ("kind of Botspot/pi-apps#2259",
     ("dpkg: error processing package libzstd1:arm64 (--configure):\n package libzstd1:arm64 1.5.5-2.1 cannot be "
      "configured because libzstd1:armhf is at a different version (1.5.5-2)\n"),
     ("libzstd1:armhf, for another architecture, must have the same version",)),
    ("MichaIng/DietPi#8126",
     ("The following packages have unmet dependencies:\n linux-image-current-sunxi64 : Breaks: "
      "linux-dtb-current-sunxi64\nE: Unable to correct problems, you have held broken packages.\n"),
     ("linux-image-current-sunxi64 does not go with linux-dtb-current-sunxi64",)),
    ("starfive-tech/linux#73, pimox/pimox7#151, scpcom/sophgo-sg200x-debian#6",
     ("dpkg: warning: files list file for package 'linux-image-x' missing; assuming package has no files currently "
      "installed\ndpkg: error processing archive /x/linux-image-5.15.0.deb (--unpack):\n unable to make backup link of "
      "'./boot/config-5.15.0-starfive' before installing new version: Operation not permitted\ndpkg-deb: error: paste "
      "subprocess was killed by signal (Broken pipe)\n"), ("./boot/config-5.15.0-starfive", "FAT")),
    ("raspberrypi/Raspberry-Pi-OS-64bit#4",
     ("dpkg: error processing archive /x/linux-headers.deb (--unpack):\n error setting ownership of "
      "'./boot/config-5.4.42-v8+': Operation not permitted\n"), ("./boot/config-5.4.42-v8+", "FAT")),
    ("kind",
     ("dpkg-divert: error: 'diversion of /usr/lib/librknnrt.so to /x by a' clashes with 'local diversion of "
      "/usr/lib/librknnrt.so to /y'\n"), ("/usr/lib/librknnrt.so is diverted in two ways", "dpkg-divert --list")),
    ("kind",
     "dpkg-divert: error: rename involves overwriting '/a.distrib' with\n  different file '/a', not allowed\n",
     ("/a.distrib and /a are different files",)),
])
def test_what_ails_apt_or_dpkg_as_a_whole(board, part, source, log, needed):
    message = fail(board, part, log + (ENDED if part == "install" else ""))
    assert message.startswith("dkms cannot be installed: ") and "not available" not in message
    assert all(word in message for word in needed), message


@pytest.mark.parametrize("source, log, needed", [
    # flash-kernel of Debian replaces that of the image, which knew the board
    ("radxa-build/rock-5b#10, Joshua-Riek/ubuntu-rockchip#899, #825",
     ("update-initramfs: Generating /boot/initrd.img-5.10.110-28-rockchip\nUnsupported platform 'Radxa ROCK 5B'.\n"
      "run-parts: /etc/initramfs/post-update.d//flash-kernel exited with return code 1\n"
      + error_of("initramfs-tools")),
     ("flash-kernel does not know the board (Unsupported platform 'Radxa ROCK 5B')", "only if the board boots")),
    ("ev3dev/ev3dev#386",
     ("Unsupported platform.\nrun-parts: /etc/initramfs/post-update.d//flash-kernel exited with return code 1\n"
      + error_of("initramfs-tools")), ("flash-kernel does not know the board",)),
    ("Joshua-Riek/ubuntu-rockchip#509 (NanoPC-T6), #854",
     ("flash-kernel: installing version 5.10.160-rockchip\nmv: cannot move '/tmp/flash-kernel.i39zZ2kR/rk3588.dtb' to "
      "'/boot/firmware/dtbs/rk3588.dtb': No such file or directory\n" + error_of("flash-kernel")),
     ("flash-kernel, which writes the kernel", "/boot/firmware/dtbs/rk3588.dtb", "mounted", "Do not reboot")),
    ("Joshua-Riek/ubuntu-rockchip#265",
     "Can't find /boot/vmlinuz- (see /tmp/flash-kernel-no-kernel-error.log)\n" + error_of("flash-kernel"),
     ("Can't find /boot/vmlinuz-", "Do not reboot")),
    ("TheRemote/Ubuntu-Server-raspi4-unofficial#112",
     ("Couldn't find DTB bcm2711-rpi-4-b.dtb on the following paths: /etc/flash-kernel/dtbs\ncp: cannot stat '': No "
      "such file or directory\n" + error_of("flash-kernel")), ("Couldn't find DTB bcm2711-rpi-4-b.dtb",)),
    ("RPi-Distro/repo#408, remusmp/rpi-rt-kernel#27",
     ("/etc/kernel/postinst.d/initramfs-tools:\nmkinitramfs: failed to determine device for /\nmkinitramfs: workaround "
      "is MODULES=most, check:\ngrep -r MODULES /etc/initramfs-tools\nupdate-initramfs: failed for "
      "/boot/initrd.img-6.18.39 with 1.\nrun-parts: /etc/kernel/postinst.d/initramfs-tools exited with return code 1\n"
      + error_of("linux-image-6.18.39")), ("MODULES=most",)),
    ("spryker/devvm#52",
     ("cp: -r not specified; omitting directory '/etc/udev/rules.d/70-persistent-net.rules'\nE: "
      "/usr/share/initramfs-tools/hooks/udev failed with return 1.\nupdate-initramfs: failed for /boot/initrd.img-x "
      "with 1.\nrun-parts: /etc/kernel/postinst.d/initramfs-tools exited with return code 1\n"
      + error_of("linux-image-x")), ("/usr/share/initramfs-tools/hooks/udev", "dpkg -S")),
    ("MichaIng/DietPi#2977",
     ("/etc/initramfs/post-update.d//99-uboot: 3: .: Can't open /etc/armbian-release\nrun-parts: "
      "/etc/initramfs/post-update.d//99-uboot exited with return code 2\n" + error_of("initramfs-tools")),
     ("/etc/initramfs/post-update.d//99-uboot fails", "Can't open /etc/armbian-release")),
    ("microsoft/WSL#1965, Vanilla-OS/ABRoot#52",
     ("/usr/sbin/grub-probe: error: failed to get canonical path of `overlay'.\nrun-parts: "
      "/etc/kernel/postinst.d/zz-update-grub exited with return code 1\n" + error_of("linux-image-6.1")),
     ("an overlay", "overlayroot")),
    ("ventoy/vtoyboot#39",
     ("grub-probe: error: cannot find a GRUB drive for /dev/mapper/x.  Check your device.map.\nrun-parts: "
      "/etc/kernel/postinst.d/zz-update-grub exited with return code 1\n" + error_of("linux-image-5.13")),
     ("/etc/kernel/postinst.d/zz-update-grub fails", "cannot find a GRUB drive for /dev/mapper/x")),
    ("kind of armbian/build#507",
     ("x: 1\nrun-parts: /etc/kernel/postinst.d/zz-y exited with return code 1\n" + error_of("linux-image-5.13")),
     ("/etc/kernel/postinst.d/zz-y fails",)),
    ("TheAssassin/AppImageLauncher#241",
     ("dpkg: error processing package base-files (--configure):\n package is in a very bad inconsistent state; you "
      "should\n reinstall it before attempting configuration\n"),
     ("package base-files cannot be configured", "apt-get install --reinstall base-files")),
    ("mirage/xen-arm-builder#49",
     "Setting up python3-x (0.92.37.3) ...\nSegmentation fault\n" + error_of("python3-x", 139),
     ("crashed", "storage")),
    ("RPi-Distro/raspberrypi-sys-mods#5",
     ("/var/lib/dpkg/info/raspberrypi-sys-mods.postinst: 49: /var/lib/dpkg/info/raspberrypi-sys-mods.postinst: Syntax "
      'error: ";;" unexpected (expecting "fi")\n' + error_of("raspberrypi-sys-mods", 2)),
     ("the script /var/lib/dpkg/info/raspberrypi-sys-mods.postinst", "another version")),
    # neither is a program of the kernel headers
    ("RPi-Distro/raspberrypi-sys-mods#61",
     ("/var/lib/dpkg/info/raspberrypi-sys-mods.postinst: 27: sed: Exec format error\n"
      + error_of("raspberrypi-sys-mods", 126)), ("sed cannot be executed", "storage")),
    ("armbian/build#2349",
     "Error while loading /var/lib/dpkg/info/linux-dtb-x.postinst: Exec format error\n" + error_of("linux-dtb-x"),
     ("/var/lib/dpkg/info/linux-dtb-x.postinst cannot be executed",)),
    ("MichaIng/DietPi#5443",
     ('  File "/usr/bin/pyclean", line 63\n    except (IOError, OSError), e:\nSyntaxError: invalid syntax\ndpkg: error '
      "processing archive /x/python-ldb.deb (--unpack):\n new python-ldb package pre-removal script subprocess "
      "returned error exit status 1\n"), ("Python of this system", "pyclean", "update-alternatives")),
    # the programs of headers, which are compiled when the package is installed
    ("AvaotaSBC/AvaotaOS#9",
     ("/bin/sh: 1: scripts/basic/fixdep: Exec format error\nmake[1]: *** [x] Error 126\n"
      + error_of("linux-headers-sun55i-t527-bsp", 2)), ("another architecture", "make scripts")),
    ("orangepi-xunlong/orangepi-build#161",
     ("Compiling headers - please wait ...\n/usr/bin/ld: scripts/kconfig/conf.o: Relocations in generic ELF (EM: 62)\n"
      "scripts/kconfig/conf.o: error adding symbols: file in wrong format\ncollect2: error: ld returned 1 exit status\n"
      + error_of("linux-headers-current-rockchip-rk3588", 2)), ("another architecture", "make scripts")),
    ("tuxedocomputers/linux#7",
     ("zstd: error 25 : Write error : No space left on device (cannot write compressed block)\nE: mkinitramfs failure "
      "zstd -q -1 -T0 25\nupdate-initramfs: failed for /boot/initrd.img-6.2 with 1.\n" + error_of("initramfs-tools")),
     ("the disk is full",)),
    ("armbian/build#2496, MichaIng/DietPi#6206 (ROCK 5B)",
     ("dpkg: error processing archive /x/linux-dtb-current-meson64.deb (--unpack):\n cannot copy extracted data for "
      "'./boot/x.dtb' to '/boot/x.dtb.dpkg-new': failed to write (No space left on device)\n"), ("the disk is full",)),
])
def test_what_ails_a_package_that_cannot_be_configured(board, source, log, needed):
    message = fail(board, "install", log + ENDED)
    assert message.startswith("dkms cannot be installed: ")
    assert all(word in message for word in needed) and "purge" not in message, message
    assert "subprocess returned error" not in message


@pytest.mark.parametrize("source, module, log, needed", [
    ("openzfs/zfs#18291 (Armbian, 6.19.6-edge-rockchip64)", "zfs",
     ("configure: error: \n\t*** This kernel does not include the required loadable module\n\t*** support!\n"),
     ("kernel headers are not prepared",)),
    ("kind of openzfs/zfs#18291", "zfs",
     ("configure: error: \n\t*** Cannot build against kernel version 6.19.6.\n\t*** The maximum supported kernel "
      "version is 6.17.\n"), ("supports kernels up to 6.17 only",)),
    ("radxa-pkg/aic8800#29", "aic8800-sdio",
     "x.c:1:2: error: \u2018struct wireless_dev\u2019 has no member named \u2018chandef\u2019\n",
     ("its source does not fit this kernel", "chandef")),
    ("gnif/vendor-reset#77", "vendor-reset",
     ("/x/atom.c:1427:3: error: call to undeclared library function 'strlcpy' with type 'unsigned long (char *, const "
      "char *, unsigned long)'; ISO C99 and later do not support implicit function declarations "
      "[-Wimplicit-function-declaration]\n"), ("its source does not fit this kernel", "strlcpy")),
    # what the package lacks, the kernel's headers do not lack
    ("lwfinger/rtl8852au#147", "rtl8852au", "os_dep/x.c:17:10: fatal error: drv_types.h: No such file or directory\n",
     ("its source does not fit this kernel", "drv_types.h")),
    ("kind of lwfinger/rtl8852au#147", "foo",
     ("make[2]: *** No rule to make target '/var/lib/dkms/foo/1/build/include/version.h', needed by 'a.o'.  Stop.\n"),
     ("its source does not fit this kernel", "version.h")),
    ("kind of lwfinger/rtl8852au#147", "foo", "/var/lib/dkms/foo/1/build/Makefile:3: *** missing separator.  Stop.\n",
     ("its source does not fit this kernel", "Makefile:3")),
    ("kelebek333/rtl8188fu#29, ROCm/legacy-rocm-build#1375", "rtl8188fu",
     ("ERROR: Cannot create report: [Errno 17] File exists: '/var/crash/rtl8188fu-dkms.0.crash'\nx.c:1:2: error: a "
      "thing\n"), ("a thing",)),
])
def test_another_packages_module_that_does_not_build(board, source, module, log, needed):
    folder = board.root / "var/lib/dkms" / module / "1/build"
    folder.mkdir(parents=True)
    (folder / "make.log").write_text(log, encoding="utf-8")
    message = fail(board, "install", (
        "ERROR (dkms apport): kernel package linux-headers-5.10.110-orangepi-rk3588 is not supported\nError! Bad "
        f"return status for module build on kernel: 5.10.110-orangepi-rk3588 (aarch64)\nConsult /var/lib/dkms/{module}/"
        "1/build/make.log for more information.\nError! One or more modules failed to install during autoinstall.\n"
        "Refer to previous errors for more information.\n"
        "run-parts: /etc/kernel/postinst.d/dkms exited with return code 11\n"
        + error_of("linux-image-6.19")) + ENDED)
    assert f"DKMS cannot build the module of {module}/1" in message
    assert all(word in message for word in needed) and "purge" not in message, message
    assert "-k 5.10.110-orangepi-rk3588" in message


def test_what_may_be_removed_by_hand(board):
    message = fail(board, "simulate", "The following packages will be REMOVED:\n  linux-headers-legacy-rk35xx\nE: "
                                      "Packages need to be removed but remove is disabled.\n")
    assert "Remove it by hand if the board does not need it" in message


def test_what_another_package_depends_on_is_not_to_be_removed(board):
    """RadxaOS-SDK/rsdk#42: linux-image-radxa-zero3 would be removed with it."""
    log = error_of("a-dkms") + ("dpkg: dependency problems prevent configuration of linux-image-x:\n linux-image-x "
                                "depends on a-dkms; however:\n")
    assert "dpkg --configure a-dkms" in fail(board, "install", log) and "purge" not in fail(board, "install", log)
    assert "apt-get purge a-dkms" in fail(board, "install", error_of("a-dkms"))


@pytest.mark.parametrize("name", [
    "raspberrypi-kernel-headers", "radxa-overlays-dkms", "task-rockchip", "rockchip-overlay", "orangepi-config",
    "armbian-bsp-cli-rock-5b-vendor", "friendlyelec-config", "kernel-image", "khadas-utils", "flash-kernel",
])
def test_no_advice_to_remove_what_a_vendors_image_needs(board, name):
    """alexreinert/debmatic#196: the kernel's headers of a vendor with another kind of name."""
    assert "purge" not in fail(board, "install", error_of(name) + ENDED)


@pytest.mark.parametrize("part, source, log, needed, forbidden", [
    # a file system that is read-only looks like many things
    ("simulate", "MichaIng/DietPi#7117",
     NO_LOCK + "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem.\n",
     ("mounted read-only", "dmesg"), "--configure -a"),
    ("install", "Heisath/wdmc2-kernel#15, ophub/amlogic-s9xxx-armbian#2093",
     NO_LOCK + ("W: chown to _apt:root of directory /var/cache/apt/archives/partial failed - SetupAPTPartialDirectory "
                "(30: Read-only file system)\nErr:1 http://mirrors.nju.edu.cn/armbian bullseye/main arm64 x\nE: Unable "
                "to fetch some archives, maybe run apt-get update or try with --fix-missing?\n"),
     ("mounted read-only",), "mirror"),
    ("simulate", "ophub/amlogic-s9xxx-armbian#2131",
     "E: List directory /var/lib/apt/lists/partial is missing. - Acquire (30: Read-only file system)\n",
     ("mounted read-only",), "mkdir"),
    ("install", "kind of MichaIng/DietPi#7117",
     ("E: Could not open lock file /var/lib/dpkg/lock-frontend - open (30: Read-only file system)\nE: Unable to "
      "acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), are you root?\n"),
     ("mounted read-only",), "become"),
    ("simulate", "kind of ophub/amlogic-s9xxx-armbian#2131",
     "E: List directory /var/lib/apt/lists/partial is missing. - Acquire (2: No such file or directory)\n",
     ("mkdir -p /var/lib/apt/lists/partial",), "read-only"),
    # files of apt that it cannot parse
    ("simulate", "MichaIng/DietPi#3134 (Tinker Board's image)",
     "E: Syntax error /etc/apt/apt.conf.d/99myown:4: Extra junk at end of file\n",
     ("/etc/apt/apt.conf.d/99myown", "line 4", "semicolon"), "repositor"),
    ("simulate", "linuxmint/mint20-beta#161", "E: Invalid record in the preferences file, no Package header\n",
     ("/etc/apt/preferences",), "repositor"),
    ("simulate", "kind of linuxmint/mint20-beta#161", "E: No priority (or zero) specified for pin\n",
     ("/etc/apt/preferences",), "repositor"),
    ("simulate", "kind of tiny-pilot/tinypilot#1919",
     ("E: Type 'ubuntu' is not known on line 1 in source list /etc/apt/sources.list.d/x.list\nE: The list of sources "
      "could not be read.\n"), ("entry 1 of /etc/apt/sources.list.d/x.list is malformed",), "repositories"),
    ("simulate", "kind, apt since 1.1",
     "E: Type 'xdeb' is not known on stanza 2 in source list /etc/apt/sources.list.d/armbian.sources\n",
     ("entry 2 of /etc/apt/sources.list.d/armbian.sources is malformed",), "repositories"),
    # what apt does not decide alone
    ("simulate", "armbian/configng#899, tenstorrent/tt-installer#137",
     ("The following packages will be DOWNGRADED:\n   libdrm-common libdrm2\n0 upgraded, 3 newly installed, 2 "
      "downgraded, 0 to remove and 0 not upgraded.\nE: Packages were downgraded and -y was used without "
      "--allow-downgrades.\n"), ("downgrade libdrm-common libdrm2", "apt-cache policy"), "repositories"),
    ("simulate", "kind",
     "E: Could not perform immediate configuration on 'libc6:arm64'. Please see man 5 apt.conf for details. (2)\n",
     ("apt finds no order in which libc6:arm64 can be upgraded",), "repositories"),
    # the system itself
    ("install", "microsoft/WSL#8607, s-h-3-l-l/katoolin3#24",
     ("/usr/bin/perl: error while loading shared libraries: libcrypt.so.1: cannot open shared object file: No such "
      "file or directory\n" + error_of("libc6", 127)), ("libcrypt.so.1", "libcrypt1", "--fix-broken"), "apt-file"),
    ("install", "LuckfoxTECH/luckfox-pico#136",
     ("Failed to reload daemon: Refusing to reexecute, not enough space available on /run/systemd. Currently, 10.6M "
      "are free, but a safety buffer of 16.0M is enforced.\n" + error_of("libc6")),
     ("10.6M free in /run", "remount,size=100M /run"), "purge"),
    ("install", "guysoft/CustomPiOS#125",
     ("/usr/bin/apt-key: 57: /usr/bin/apt-key: cannot create /dev/null: Permission denied\nE: The repository "
      "'http://raspbian.raspberrypi.org/raspbian buster InRelease' is not signed.\n"),
     ("/dev/null is no device", "mknod"), "keyring"),
    ("install", "MichaIng/DietPi#7157",
     "foo: line 288: /dev/null: cannot overwrite existing file\n" + error_of("foo"), ("/dev/null is no device",), "xx"),
    ("install", "kind of bamarni/pi64#46",
     "dpkg: error: failed to open package info file '/var/lib/dpkg/status' for reading: No such file or directory\n",
     ("/var/lib/dpkg/status", "status-old"), "xx"),
    ("install", "kind", ("dpkg-deb (subprocess): decompressing archive '/x/linux-headers.deb' (size=1) member "
                         "'data.tar': internal gzip read error: '<fd:4>: data error'\n" + ENDED),
     ("arrived damaged", "apt-get clean"), "xx"),
    # /boot on FAT, or what is immutable
    ("install", "raspberrypi/firmware#1501",
     "ln: failed to create symbolic link '/boot/dtb-': Operation not permitted\n" + error_of("flash-kernel"),
     ("/boot/dtb- is on a file system without links", "FAT"), "purge"),
    ("install", "kind of frank-w/BPI-Router-Linux#39",
     ("dpkg: error processing archive /x/linux-dtb.deb (--unpack):\n unable to install new version of "
      "'./boot/config-6.1.115': Operation not permitted\n" + ENDED), ("./boot/config-6.1.115", "lsattr"), "xx"),
    # the script of a package: what it says, and not that it has failed
    ("install", "alexreinert/debmatic#196",
     ("dpkg-divert: error: error checking '/var/lib/piVCCU/dtb/overlays/x.dtbo': No such file or directory\n"
      + error_of("raspberrypi-kernel", 2)),
     ("raspberrypi-kernel cannot be configured: dpkg-divert: error: error checking",), "exit status"),
    ("install", "hamishcunningham/pi-tronics#8",
     ("cp: cannot stat '/etc/modprobe.d/raspi-blacklist.conf': No such file or directory\n" + error_of("simbamond")),
     ("cannot be configured: cp: cannot stat '/etc/modprobe.d/raspi-blacklist.conf'",), "exit status"),
    ("install", "radekp/qtmoko#154",
     "ln: failed to create symbolic link '/boot/uImage.bin': File exists\n" + error_of("linux-image-x"),
     ("ln: failed to create symbolic link '/boot/uImage.bin': File exists",), "exit status"),
    ("install", "inindev/visionfive2#4",
     ("cp: cannot stat '/lib/firmware/rgx.*': No such file or directory\nrun-parts: "
      "/etc/kernel/postinst.d/zz-initramfs-mod exited with return code 1\nP: Checking for EXTLINUX directory... "
      "found.\n" + error_of("linux-image-6.11.3-1-riscv64")),
     ("zz-initramfs-mod", "cannot stat '/lib/firmware/rgx.*'"), "exit status"),
    ("install", "kind",
     ("Job for foo.service failed because the control process exited with error code.\nSee \"systemctl status "
      "foo.service\" for details.\n" + error_of("foo-server")), ("foo.service does not start", "journalctl -u foo"),
     "exit status"),
    # What another package said before.
    ("install", "kind",
     ("Setting up other (1.0) ...\nJob for other.service failed because a timeout was exceeded.\nSetting up "
      "foo-server (2.1) ...\nfoo-server: cannot read /etc/foo\ninvoke-rc.d: policy-rc.d denied execution of start.\n"
      "foo-server: enabled\n" + error_of("foo-server")), ("cannot be configured: foo-server: cannot read /etc/foo",),
     "other.service"),
    ("install", "kind", ("Can't locate Debconf/Log.pm in @INC (you may need to install the Debconf::Log module) at "
                         "/usr/share/debconf/frontend line 6.\n" + error_of("dkms-x")), ("Debconf/Log.pm",),
     "install perl"),
    # the headers of a kernel whose programs are compiled when they are installed
    ("install", "armbian/build#10310",
     ("Compiling resolve_btfids tools ...\ntools/lib/bpf/libbpf.c:11452:27: error: assignment discards 'const' "
      "qualifier from pointer target type [-Werror=discarded-qualifiers]\ncc1: all warnings being treated as errors\n"
      + error_of("linux-headers-current-imx", 2)), ("tools/lib/bpf/libbpf.c", "does not compile"), "exit status"),
])
def test_the_cause(board, part, source, log, needed, forbidden):
    message = fail(board, part, log)
    assert message.startswith("dkms cannot be installed: ") and "not available" not in message
    assert all(word in message for word in needed) and forbidden not in message, message


def test_links_without_which_armbian_goes_on_are_no_cause(board):
    """OpenNeptune3D/OpenNept4une#251 (6.1.67-current-rockchip64, /boot on FAT), debian-pi/raspbian-ua-netinst#526."""
    message = fail(board, "install", (
        "ln: failed to create hard link '/boot/initrd.img-6.1.67.dpkg-bak' => '/boot/initrd.img-6.1.67': Operation not "
        "permitted\nln: failed to create symbolic link '/boot/uInitrd': Operation not permitted\nupdate-initramfs: "
        "Symlink failed, moving /boot/uInitrd-6.1.67 to /boot/uInitrd\nfoo: the setting bar is invalid\n"
        + error_of("foo-tools")))
    assert "foo-tools cannot be configured: foo: the setting bar is invalid" in message and "FAT" not in message


def test_what_only_ends_with_a_code_is_told_as_it_is(board):
    message = fail(board, "install", error_of("foo-tools"))
    assert "post-installation script subprocess returned error exit status 1" in message


@pytest.mark.parametrize("text", [
    "keyring /a are ignored as the file is not readable\n" * 5000, "x\nrun-parts: /etc/" * 20000,
    "GPG error: x " * 20000, "mv: " * 50000, "Unsupported platform " * 10000, "Failed to fetch http://x 404 " * 9000,
    "ln: failed to create symbolic link '/boot/" * 9000, "will be DOWNGRADED:\n x" * 9000, "x: cannot" * 30000,
    "Failed to fetch http://archive.ubuntu.com/x/binary-arm64/" * 9000, "Syntax error /" * 20000, "unable to " * 30000,
])
def test_hostile_output_takes_no_longer(text):
    assert len(_apt_causes.explain(text) or "") < 1500


def test_hostile_output_of_a_package_takes_no_longer(board):
    assert len(fail(board, "install", "x: " * 200000 + "\n" + error_of("foo-tools"))) < 1500
