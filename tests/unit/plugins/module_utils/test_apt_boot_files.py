# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Packages whose scripts fail to make what the board boots: initial RAM disk, GRUB's entry, links, alternatives."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils import _apt_causes
from stand_ins.apt_failures import ENDED, READ, failure
from stand_ins.boards.apt_board import Board


@pytest.fixture
def fail(tmp_path):
    """Function (what apt prints to its standard error, and output) that returns why dkms is not installed."""

    def failing(err, out=READ):
        board = Board(tmp_path)
        run = board.run
        board.run = lambda command: (100, out, err) if (
            command[:2] == ["apt-get", "install"] and "--simulate" not in command) else run(command)
        return failure(board)

    return failing


def configure(package, said):
    return (f"{said}dpkg: error processing package {package} (--configure):\n installed {package} package "
            f"post-installation script subprocess returned error exit status 1\n{ENDED}")


FAILED = "update-initramfs: failed for /boot/initrd.img-5.10.0 with 1.\n"
RUN_PARTS = FAILED + "run-parts: /etc/kernel/postinst.d/initramfs-tools exited with return code 1\n"
MISSING = ("W: missing /lib/modules/5.10.0-rc1-sev-es+\nW: Ensure all necessary drivers are built into the linux "
           "image!\n"
           "depmod: ERROR: could not open directory /lib/modules/5.10.0-rc1-sev-es+: No such file or "
           "directory\ndepmod: "
           "FATAL: could not search modules: No such file or directory\ncat: /var/tmp/mkinitramfs_hJNrHa/lib/modules/"
           "5.10.0-rc1-sev-es+/modules.builtin: No such file or directory\n")


@pytest.mark.parametrize("source, package, said, needed, forbidden", [
    ("AMDESE/AMDSEV#57, kind", "linux-image-5.10.0", MISSING + RUN_PARTS,
     ("for kernel 5.10.0-rc1-sev-es+, whose modules are gone", "linux-image-5.10.0-rc1-sev-es+"), "by hand"),
    ("RobertCNelson/omap-image-builder#130, kind", "initramfs-tools",
     ("WARNING: missing /lib/modules/5.4.24-armv7-x20\nEnsure all necessary drivers are built into the linux "
      "image!\nE: "
      "/usr/share/initramfs-tools/hooks/fsck failed with return 1.\n" + FAILED), (("5.4.24-armv7-x20, "
                                                                                   "whose"),), "hooks/fsck"),
    ("another kernel's warning", "initramfs-tools",
     (MISSING + "update-initramfs: Generating /boot/initrd.img-6.1.84\nE: /usr/share/initramfs-tools/hooks/fsck "
                "failed with "
      "return 1.\n" + FAILED), ("hooks/fsck",), "whose modules are gone"),
    ("elementary/appcenter#1777, kind without the compressor's line", "linux-image-5.11.0-41-generic",
     "E: mkinitramfs failure cpio 141 lz4 -9 -l 24\n" + RUN_PARTS,
     ("cannot write or compress", "(cpio 141 lz4 -9 -l 24)", "/boot"), "by hand"),
    ("kind", "linux-image-6.1.84", "E: mkinitramfs failure zstd -q -9 -T0 137\n" + RUN_PARTS,
     ("memory ran out", "COMPRESS=gzip"), "by hand"),
    ("kworkflow/kworkflow#764, kind", "initramfs-tools",
     ("W: zstd compression (CONFIG_RD_ZSTD) not supported by kernel, using gzip\nE: gzip compression (CONFIG_RD_GZIP) "
      "not "
      "supported by kernel\n" + FAILED), ("made with gzip", "COMPRESS"), "failed for"),
    ("raspberrypi/linux#5496, kworkflow/kworkflow#764", "initramfs-tools",
     ("grep: /boot/config-6.1.21-v8+: No such file or directory\nW: zstd compression (CONFIG_RD_ZSTD) not supported by "
      "kernel, using gzip\ngrep: /boot/config-6.1.21-v8+: No such file or directory\nE: gzip compression "
      "(CONFIG_RD_GZIP) "
      "not supported by kernel\n" + RUN_PARTS), ("/boot/config-6.1.21-v8+ is missing",), "COMPRESS"),
    ("rr-developer/LUKS-on-Raspberry-Pi#7", "initramfs-tools",
     ("W: Possible missing firmware /lib/firmware/rtl_nic/rtl8156b-2.fw for built-in driver r8152\ncryptsetup: ERROR: "
      "Couldn't resolve device /dev/root\ncryptsetup: WARNING: Couldn't determine root device\nE: "
      "/etc/initramfs-tools/hooks/luks_hooks failed with return 1.\n" + FAILED),
     ("luks_hooks", "(cryptsetup: ERROR: Couldn't resolve device /dev/root)"), "WARNING"),
    ("armbian/build#1124", "linux-image-legacy",
     ("E: busybox or busybox-static, version 1:1.22.0-17~ or later, is required but not installed\n" + RUN_PARTS),
     ("install busybox",), "by hand"),
    ("kind of MichaIng/DietPi#7557", "linux-image-current-sunxi",
     ("/etc/initramfs/post-update.d//99-uboot: 15: mkimage: not found\nrun-parts: "
      "/etc/initramfs/post-update.d//99-uboot "
      "exited with return code 127\n" + RUN_PARTS), ("mkimage", "install u-boot-tools"), "dpkg -S"),
    ("kind", "linux-image-6.12.0-rk3588",
     ("run-parts: executing /etc/kernel/postinst.d/zz-systemd-boot 6.12.0-rk3588 "
      "/boot/vmlinuz-6.12.0-rk3588\nrun-parts: "
      "/etc/kernel/postinst.d/zz-systemd-boot exited with return code 1\n"), ("zz-systemd-boot fails: run it by hand",),
     "executing"),
    # GRUB
    ("MichielDerhaeg/build-linux#5, kind", "grub-efi-arm64",
     "Installing for arm64-efi platform.\ngrub-install: error: cannot find EFI directory.\n", ("/boot/efi",), "error:"),
    ("Vanilla-OS/vanilla-installer#417", "grub-efi-arm64",
     ("grub-install: warning: Cannot set EFI variable Boot0001\ngrub-install: warning: efivarfs_set_variable: writing "
      "to fd "
      "7 failed: No space left on device.\ngrub-install: error: failed to register the EfI boot entry: No space left "
      "on "
      "device\n"), ("does not keep GRUB's entry (No space left", "removable"), "the disk is full"),
    ("ASoft-se/Gentoo-HAI#64", "grub-efi-arm64-signed",
     ("EFI variables are not supported on this system.\ngrub-install: error: efibootmgr failed to register the boot "
      "entry: "
      "No such file or directory.\n"), ("does not keep GRUB's entry (No such file",), "efibootmgr"),
    # links and alternatives
    ("MichaIng/DietPi#2751, debuerreotype/docker-debian-artifacts#42", "openjdk-11-jre-headless",
     ("update-alternatives: error: error creating symbolic link '/usr/share/man/man1/rmid.1.gz.dpkg-tmp': No such "
      "file or "
      "directory\n"), ("mkdir -p /usr/share/man/man1)",), "rmid"),
    ("tianon/docker-brew-debian#65", "openjdk-7-jre-headless",
     ("update-alternatives: error: error creating symbolic link `/usr/share/man/man1/rmid.1.gz.dpkg-tmp': No such "
      "file or "
      "directory\n"), ("mkdir -p /usr/share/man/man1)",), "rmid"),
    ("kind", "gcc-12", "update-alternatives: error: alternative path /usr/bin/gcc-12 doesn't exist\n",
     ("/usr/bin/gcc-12 is missing: reinstall",), "error:"),
    ("kind", "gcc-12", ("update-alternatives: error: /var/lib/dpkg/alternatives/gcc corrupt: unexpected end of file "
                        "while "
     "trying to read status\n"), ("/var/lib/dpkg/alternatives/gcc", "damaged", "worn card"), "unexpected"),
    ("kind", "linux-dtb-vendor", ("dpkg-maintscript-helper: error: directory '/boot/dtb' contains files not owned by "
                                  "package "
     "linux-dtb, cannot switch to symlink\n"), ("/boot/dtb has files", "package linux-dtb", "move them"), "error:"),
    ("kind of microsoft/WSL", "udev", "Failed to reload daemon: Access denied\n", (("Failed to reload "
                                                                                    "daemon"),), "status 1"),
])
def test_the_cause(fail, source, package, said, needed, forbidden):
    message = fail(configure(package, said))
    assert all(word in message for word in needed) and forbidden not in message, message


@pytest.mark.parametrize("source, err, needed, forbidden", [
    ("ExpressLRS/ExpressLRS-Configurator#654",
     ("dpkg: error processing archive /tmp/expresslrs-configurator_1.7.2_amd64.deb (--unpack):\n error creating hard "
      "link "
      "'./usr/share/icons/hicolor/96x96/apps/x.png': Invalid cross-device link\n" + ENDED),
     ("./usr/share/icons/hicolor/96x96/apps/x.png under two names", "findmnt"), "error processing"),
    # the script that runs before a package is unpacked says what is wrong
    ("kind", ("dpkg-maintscript-helper: error: file '/etc/x' not owned by package 'y1:arm64'\ndpkg: error processing "
              "archive "
              "/tmp/y1.deb (--unpack):\n new y1 package pre-installation script subprocess returned error exit status "
              "1\n"
              + ENDED), (("/tmp/y1.deb refuses to be installed: dpkg-maintscript-helper: error: file "
                         "'/etc/x'"),), "status 1"),
    ("the older sentence", ("cp: cannot stat '/boot/armbianEnv.txt': No such file or directory\ndpkg: error processing "
                            "archive /tmp/y1.deb (--unpack):\n subprocess new pre-installation script returned error "
                            "exit "
                            "status 1\n" + ENDED), ("cannot stat '/boot/armbianEnv.txt'",), "status 1"),
])
def test_a_package_that_is_not_unpacked(fail, source, err, needed, forbidden):
    message = fail(err)
    assert all(word in message for word in needed) and forbidden not in message, message


@pytest.mark.parametrize("package", ["dbus", "proxmox-ve", "pve-manager", "mawk", "debconf", "iwd", "lvm2",
                                     "tailscale"])
def test_a_package_without_which_a_board_may_be_lost_is_not_to_be_removed(fail, package):
    assert "purge" not in fail(configure(package, "something: failed\n"))


def test_a_full_disk_stays_one(fail):
    assert "the disk is full" in fail(configure("linux-image-x", "cp: error writing '/boot/x': No space left on "
                                                "device\n"))


@pytest.mark.parametrize("text", [
    "WARNING: missing /lib/modules/x\n" * 5000, "x\nW: y\n" * 9000, "W: missing /lib/modules/" + "x" * 90000,
    "dpkg: error processing archive x (--unpack):\n new " + "a " * 40000, "run-parts: x\n" * 20000,
    "grub-install: error: " * 9000, "efibootmgr No space left" * 9000,
])
def test_hostile_output_takes_no_longer(tmp_path, text):
    assert len(_apt_causes.explain((text + "\n") * 3) or "") < 1500
    assert len(_apt_causes.reason(lambda path: str(tmp_path), "", (text + "\n") * 3, ())[0]) < 1500
