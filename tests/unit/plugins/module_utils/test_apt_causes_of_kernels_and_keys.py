# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Kernel packages that are not configured, files that dpkg cannot replace, keys: from public reports, made short."""

from __future__ import annotations

import pytest
from stand_ins.apt_failures import ENDED, fail
from stand_ins.boards.apt_board import Board

SQV = "Sub-process /usr/bin/sqv returned an error code (1), error message is: "
SCRIPT = " installed {0} package post-installation script subprocess "


@pytest.fixture
def board(tmp_path):
    return Board(tmp_path)


def error_of(package, how="returned error exit status 1"):
    return f"dpkg: error processing package {package} (--configure):\n" + SCRIPT.format(package) + how + "\n" + ENDED


@pytest.mark.parametrize("part, source, log, needed, forbidden", [
    # the script of a kernel's package ends before it has written where the boot loader finds the kernel
    ("install", "armbian/build#10766, armbian/configng#1026 (headers are configured behind the image)",
     ("Setting up linux-image-edge-sunxi64 (26.11.0) ...\nError! Your kernel headers for kernel 7.1.8-edge-sunxi64 "
      "cannot be found at /lib/modules/7.1.8-edge-sunxi64/build or /lib/modules/7.1.8-edge-sunxi64/source.\n"
      "run-parts: /etc/kernel/postinst.d/dkms exited with return code 11\n" + error_of("linux-image-edge-sunxi64")),
     ("no headers of kernel 7.1.8-edge-sunxi64", "Do not reboot before that", "dpkg --configure linux-image-edge-"),
     "purge"),
    ("install", "osmc/osmc#80",
     ("run-parts: executing /etc/kernel/postinst.d/process-vmlinuz-rbp 3.18.3-osmc\nrun-parts: "
      "/etc/kernel/postinst.d/process-vmlinuz-rbp exited with return code 1\n" + error_of("rbp-image-3.18.3-osmc")),
     ("process-vmlinuz-rbp fails", "Do not reboot"), "purge"),
    ("install", "kind of ayufan-rock64/linux-build#321",
     error_of("board-package-rock64-0.7-44"), ("board-package-rock64-0.7-44 cannot be configured",), "purge"),
    ("install", "jiangcuo/Proxmox-Arm64#56 (what waits for headers boots)",
     ("Error! Bad return status for module build on kernel: 6.1.0-13-arm64 (aarch64)\nConsult /var/lib/dkms/ceph-dkms/"
      "0.0.2/build/make.log for more information.\nrun-parts: /etc/kernel/header_postinst.d/dkms exited with return "
      "code 11\n" + error_of("linux-headers-6.1.0-13-arm64")),
     ("ceph-dkms/0.0.2", "dkms remove ceph-dkms/0.0.2 -k 6.1.0-13-arm64"), "reboot"),
    ("install", "pop-os/pop#2814",
     ("update-initramfs: Generating /boot/initrd.img-6.1.11-76060111-generic\n"
      + error_of("linux-image-6.1.11-76060111-generic", "was interrupted")),
     ("ended from outside", "dpkg --configure -a", "Do not reboot"), "exit status"),
    ("install", "kind of pop-os/pop#2814",
     error_of("foo-tools", "was killed by signal (Terminated)"), ("ended from outside",), "reboot"),
    ("install", "kind of radxa-build/rock-5b-plus#2 (a folder is printed as a heading)",
     ("/etc/kernel/postinst.d/zz-x:\nrun-parts: /etc/kernel/postinst.d/zz-x exited with return code 1\n"
      + error_of("linux-image-6.12.32+deb13-arm64")), ("script /etc/kernel/postinst.d/zz-x fails: run it by hand",),
     "zz-x:)"),
    # a package of another release of the distribution
    ("install", "bkw777/mainline#87, #317",
     ("dpkg: dependency problems prevent configuration of linux-headers-5.14.11-051411-generic:\n "
      "linux-headers-5.14.11-051411-generic depends on libc6 (>= 2.34); however:\n  Version of libc6:amd64 on system "
      "is 2.31-0ubuntu9.2.\n\ndpkg: error processing package linux-headers-5.14.11-051411-generic (--install):\n "
      "dependency problems - leaving unconfigured\n" + ENDED),
     ("needs libc6 (>= 2.34), and version 2.31-0ubuntu9.2 is installed", "a package or a repository for this release"),
     "fix-broken"),
    ("install", "kind of bkw777/mainline#87",
     ("dpkg: dependency problems prevent configuration of a-dkms:\n a-dkms depends on dkms (>= 3.0); however:\n  "
      "Version of dkms on system is 2.8.4-3.\n\n" + ENDED),
     ("a-dkms needs dkms (>= 3.0), and version 2.8.4-3 is installed", "fix-broken"), "release"),
    ("simulate", "armbian/build#9890 (Debian 11 has pahole in dwarves)",
     ("The following packages have unmet dependencies:\n linux-headers-edge-mvebu : Depends: pahole but it is not "
      "installable\nE: Unable to correct problems, you have held broken packages.\n"),
     ("linux-headers-edge-mvebu needs pahole", "a package for this release"), "fix-broken"),
    # files
    ("install", "microsoft/WSL#8871",
     ("dpkg: error processing archive /x/systemd_247.3-7+deb11u1_amd64.deb (--unpack):\n unable to make backup link of "
      "'./usr/lib/tmpfiles.d/tmp.conf' before installing new version: Invalid cross-device link\ndpkg-deb: error: "
      "paste subprocess was killed by signal (Broken pipe)\n" + ENDED),
     ("/usr/lib/tmpfiles.d/tmp.conf is mounted on its own", "findmnt"), "two names"),
    ("install", "radxa/apt#56, #15, ayufan-rock64/linux-build#128",
     ("dpkg: error processing archive /x/firmware-misc-nonfree_20241210-1~bpo12+1_all.deb (--unpack):\n trying to "
      "overwrite '/lib/firmware/arm/mali/arch10.8/mali_csffw.bin', which is also in package radxa-firmware 0.2.22\n"
      + ENDED), ("mali_csffw.bin", "upgrade radxa-firmware first", "apt-mark hold"), "purge"),
    ("install", "kind of raspberrypi/linux#124",
     ("dpkg: error processing archive /x.deb (--unpack):\n cannot copy extracted data for './usr/lib/x' to "
      "'/usr/lib/x.dpkg-new': failed to read (Input/output error)\n" + ENDED), ("the storage does not work",), "xx"),
    ("install", "kind of tianon/docker-brew-debian: the words are broken into lines elsewhere for each name",
     ("Preparing to unpack .../base-files_13.8_arm64.deb ...\n\n***\n*\n* The base-files package cannot be installed "
      "because this system does not have\n* a merged /usr.\n*\ndpkg: error processing archive /x/base-files_13.8_"
      "arm64.deb (--unpack):\n new base-files package pre-installation script subprocess returned error exit status 1\n"
      + ENDED), ("merged /usr", "usrmerge"), "exit status"),
    # the script of a package, without the words that most failures have
    ("install", "kind of DietPi: systemd-sysusers",
     ("Setting up systemd (257.7-1) ...\nFailed to check if group systemd-network already exists: Connection refused\n"
      + error_of("systemd")), ("Failed to check if group systemd-network already exists",), "exit status"),
    ("install", "kind: behind a trigger",
     ("Processing triggers for libc-bin (2.36-9) ...\n/usr/sbin/ldconfig.real: /lib/aarch64-linux-gnu/libx.so.1 is not "
      "a symbolic link\n" + error_of("libc-bin")), ("libx.so.1 is not a symbolic link",), "exit status"),
    ("install", "kind",
     "dpkg: error: unable to access the dpkg database directory /var/lib/dpkg: Permission denied\n",
     ("become: true",), "xx"),
    ("install", "MichaIng/DietPi#6767",
     ("stat: cannot read file system information for '/boot/firmware': No such file or directory\nError: missing "
      "/boot/firmware, did you forget to mount it?\n" + error_of("raspi-firmware")),
     ("apt-get remove raspi-firmware", "on a Raspberry Pi mount"), "stat: cannot"),
    ("install", "raspberrypi/firmware#1842",
     ("raspi-firmware: missing /boot/firmware, did you forget to mount it?\nrun-parts: /etc/initramfs/post-update.d//"
      "z50-raspi-firmware exited with return code 1\n" + error_of("initramfs-tools")),
     ("apt-get remove raspi-firmware", "dpkg --configure initramfs-tools"), "purge"),
    # what dracut cannot find is no failure by itself
    ("install", "dracut-ng/dracut#2438, elementary/plymouth-theme#34",
     ("dracut-install: ERROR: installing '/usr/share/kbd/consolefonts/eurlatgr.*'\ndracut[E]: FAILED: /usr/lib/dracut/"
      "dracut-install -D /tmp/user/0/dracut.dLFLnug/initramfs /usr/share/kbd/consolefonts/eurlatgr.*\nSetting up "
      "plymouth-theme-elementary (6.0.0) ...\n/etc/initramfs-tools/conf.d/splash: No such file or directory (os error "
      "2)\n" + error_of("plymouth-theme-elementary")), ("conf.d/splash: No such file",), "dracut cannot"),
    ("install", "kind of the same that ends it",
     ("dracut-install: ERROR: installing 'x.ko'\ndracut[E]: FAILED: /usr/lib/dracut/dracut-install x.ko\nrun-parts: "
      "/etc/kernel/postinst.d/dracut exited with return code 1\n" + error_of("linux-image-6.19.10")),
     ("dracut cannot make the initial RAM disk (installing 'x.ko')",), "by hand to see"),
    ("install", "MichaIng/DietPi#6616 (mkimage says behind it what it has made)",
     ("cp: '/boot/uInitrd-5.4.75-meson' and '/boot/uInitrd' are the same file\nImage Name:   uInitrd\nCreated:      "
      "Thu Sep 14 17:07:08 2023\nImage Type:   AArch64 Linux RAMDisk Image (gzip compressed)\nrun-parts: /etc/"
      "initramfs/post-update.d//99-uboot exited with return code 1\n" + error_of("initramfs-tools")),
     ("99-uboot fails (cp: '/boot/uInitrd-5.4.75-meson' and '/boot/uInitrd' are the same file)",), "Image Type"),
    ("install", "mdrjr/odroid-utility#7 (also of an empty file)",
     ("update-initramfs: Generating /boot/initrd.img-3.8.13.28\nrun-parts: failed to exec /etc/initramfs/post-update."
      "d//flash-kernel: Exec format error\nrun-parts: /etc/initramfs/post-update.d//flash-kernel exited with return "
      "code 1\n" + error_of("initramfs-tools")),
     ("flash-kernel cannot be executed (Exec format error)", "#!/bin/sh"), "by hand"),
    ("install", "alexreinert/debmatic#354 (the script's own words)",
     ("Setting up pivccu-modules-dkms (1.0.84) ...\nCheck kernel headers ... FAILED\nNo headers found for current "
      "active kernel 6.1.28-v8+\n" + error_of("pivccu-modules-dkms")),
     ("no headers of kernel 6.1.28-v8+", "update kernel and headers together"), "behind the words"),
    # services that may not start
    ("install", "MichaIng/DietPi#1320",
     ("Setting up networkaudiod (3.5.1-35) ...\nFailed to enable unit: Unit file /etc/systemd/system/networkaudiod."
      "service is masked.\n" + error_of("networkaudiod")), ("systemctl unmask networkaudiod.service",), "journalctl"),
    ("install", "OpenMediaVault-Plugin-Developers/installScript#112",
     ("Setting up openmediavault (6.0.46-4) ...\nFailed to preset unit: Unit file /etc/systemd/system/systemd-networkd."
      "service is masked.\n/usr/bin/deb-systemd-helper: error: systemctl preset failed on systemd-networkd.service: No "
      "such file or directory\n" + error_of("openmediavault")), ("systemd-networkd.service is masked",), "No such"),
    ("install", "kind of rkaczorek/astroberry-server#126",
     ("Setting up dnsmasq (2.90) ...\nFailed to restart dnsmasq.service: Unit dnsmasq.service is masked.\ninvoke-rc."
      "d: initscript dnsmasq, action \"restart\" failed.\n" + error_of("dnsmasq")), ("unmask dnsmasq.service",),
     "journal"),
    ("install", "kind of MichaIng/DietPi#4261 (a script that has taken it, of another package too)",
     ("Setting up x-mods (1) ...\nFailed to try-restart sshswitch.service: Unit sshswitch.service is masked.\ncp: "
      "cannot stat '/boot/x': No such file or directory\nSetting up y-mods (1) ...\nFailed to try-restart y.service: "
      "Unit y.service is masked.\n" + error_of("x-mods")), ("cp: cannot stat '/boot/x'",), "masked"),
    ("install", "rkaczorek/astroberry-server#126",
     ("Unpacking oacapture (1.8.0-2) over (1.8.0-1) ...\nFailed to restart udev.service: Unit udev.service is masked."
      "\ndpkg: warning: old oacapture package post-removal script subprocess returned error exit status 1\ndpkg: "
      "trying script from the new package instead ...\nFailed to restart udev.service: Unit udev.service is masked.\n"
      "dpkg: error processing archive /var/cache/apt/archives/oacapture_1.8.0-2_armhf.deb (--unpack):\n new oacapture "
      "package post-removal script subprocess returned error exit status 1\n" + ENDED),
     ("systemctl unmask udev.service",), "E: "),
    # what a script says before a package is unpacked, without a word that tells an error
    ("install", "kind of F1ATB/Remote-SDR#17",
     ("Preparing to unpack .../libc6_2.41-12_arm64.deb ...\nERROR: This version of the GNU libc requires kernel version"
      "\n3.10 or later.  Please upgrade your kernel before installing\nglibc.\n\ndpkg: error processing archive /var/"
      "cache/apt/archives/libc6_2.41-12_arm64.deb (--unpack):\n new libc6:arm64 package pre-installation script "
      "subprocess returned error exit status 1\n" + ENDED),
     ("libc6_2.41-12_arm64.deb refuses", "requires kernel version 3.10"), "status 1"),
    ("install", "amazingfate/rk3588-live-iso#3",
     "E: Internal Error, No file name for linux-image-legacy-rk35xx:arm64\n",
     ("no repository has it", "dpkg --install FILE"), "Internal"),
    ("install", "lhelontra/tensorflow-on-arm#113",
     ("apt-get: /usr/lib/aarch64-linux-gnu/libstdc++.so.6: version `GLIBCXX_3.4.26' not found (required by /usr/lib/"
      "aarch64-linux-gnu/libapt-private.so.0.0)\n"),
     ("does not start, as /usr/lib/aarch64-linux-gnu/libstdc++.so.6 is",), "Reading"),
])
def test_the_cause(board, part, source, log, needed, forbidden):
    message = fail(board, part, log)
    assert message.startswith("dkms cannot be installed: ") and "not available" not in message
    assert all(word in message for word in needed) and forbidden not in message, message


@pytest.mark.parametrize("packages", [
    "board-package-rock64-0.7-30 linux-rock64",  # ayufan-rock64/linux-build#255
    "cups wpasupplicant", "ifupdown", "radxa-system-config-common", "libc6 foo", "task-rk3588",
])
def test_what_apt_must_not_remove(board, packages):
    message = fail(board, "simulate", f"The following packages will be REMOVED:\n  {packages}\nE: Packages need to be "
                                      "removed but remove is disabled.\n")
    assert f"{packages}, without which the board may not boot" in message and "by hand" not in message


@pytest.mark.parametrize("source, log, needed", [
    # the beginning of apt's output only
    ("owntone/owntone-server#2005, raspberrypi/rpi-image-gen#171",
     ("Err:7 http://www.gyfgafguf.dk/raspbian/owntone trixie InRelease\n  " + SQV + "Signing key on "
      "E0AD26FB82525DC958B0A1D4F62793319870F4F5 is not bound:            No binding signature at time "
      "2026-04-22T21:48:57Z   because: Policy rejected non-revocation signature (PositiveCertification) requiring "
      "second pre-image resistance   because: SHA1 is not considered secure since 2026-02-01T00:00:00Z\n"),
     ("http://www.gyfgafguf.dk/raspbian/owntone", "SHA1", "current key")),
    ("armbian/build#3936",
     ("Get:1 http://archive.ubuntu.com/ubuntu jammy InRelease [270 kB]\nErr:1 http://archive.ubuntu.com/ubuntu jammy "
      "InRelease\n  The following signatures couldn't be verified because the public key is not available: NO_PUBKEY "
      "871920D1991BC93C\n"), ("key 871920D1991BC93C", "http://archive.ubuntu.com/ubuntu")),
    ("kind of radxa/apt#2",
     ("Err:4 http://apt.radxa.com/rabian-stable jessie InRelease\n  The following signatures were invalid: BADSIG "
      "C184E3BA32B4B98C build (radxa apt server) <build@radxa.com>\n"),
     ("signature of repository http://apt.radxa.com/rabian-stable is not valid",)),
    ("cp2004/Octoprint-Upgrade-To-Py3#64 (a fingerprint alone)",
     ("W: GPG error: https://www.linux-projects.org/listing/uv4l_repo/raspbian wheezy InRelease: The following "
      "signatures were invalid: 88E8F32F724468BA39585D4099DA5D2AFCE635A4\nE: The repository "
      "'http://www.linux-projects.org/listing/uv4l_repo/raspbian wheezy InRelease' is not signed.\n"),
     ("uv4l_repo/raspbian has no valid signature", "current key")),
    ("kind",
     ("Warning: OpenPGP signature verification failed: http://x.example trixie InRelease: " + SQV + "Verifying "
      "signature:             Malformed MPI: leading bit is not set\n"), ("http://x.example has no valid signature",)),
    ("kind: the warning on the file behind the error",
     ("W: GPG error: http://apt.armbian.com noble InRelease: The following signatures couldn't be verified because the "
      "public key is not available: NO_PUBKEY 93D6889F9F0E78D5\nW: http://apt.armbian.com/dists/noble/InRelease: The "
      "key(s) in the keyring /usr/share/keyrings/armbian.gpg are ignored as the file is not readable by user '_apt' "
      "executing apt-key.\n"), ("chmod 644 /usr/share/keyrings/armbian.gpg",)),
    ("kind of AdityaGarg8/t2-ubuntu-repo#25, ubuntu-rockchip's PPA on a newer Ubuntu",
     ("Error: The repository 'https://ppa.launchpadcontent.net/jjriek/rockchip/ubuntu plucky Release' does not have a "
      "Release file.\n"), ("jjriek/rockchip/ubuntu plucky does not exist", "not for this release")),
    ("kind (Ubuntu Pro, not attached any more)",
     ("E: Failed to fetch https://esm.ubuntu.com/apps/ubuntu/dists/jammy-apps-security/InRelease  401  Unauthorized "
      "[IP: 185.125.190.52 443]\n"), ("Ubuntu Pro", "pro attach", "esm.ubuntu.com /etc/apt")),
    ("tuna/issues#595, #826, #540 (mirrors have ports apart)",
     ("E: Failed to fetch https://mirrors.tuna.tsinghua.edu.cn/ubuntu/dists/bionic/main/binary-arm64/Packages  404  "
      "Not Found [IP: 101.6.8.193 443]\nE: Some index files failed to download. They have been ignored, or old ones "
      "used instead.\n"), ("mirrors.tuna.tsinghua.edu.cn has no packages for arm64", "mirror's ubuntu-ports")),
    ("kind, the other way round (amd64 added on a board)",
     ("E: Failed to fetch http://ports.ubuntu.com/ubuntu-ports/dists/noble/main/binary-amd64/Packages  404  Not Found "
      "[IP: 185.125.190.39 80]\n"), ("ubuntu-ports has no packages for amd64", "arch=", "archive.ubuntu.com/ubuntu")),
    ("kind: another owner's archive of the same layout",
     ("E: Failed to fetch https://ppa.launchpadcontent.net/x/y/ubuntu/dists/noble/main/binary-arm64/Packages  404  Not "
      "Found [IP: 185.125.190.80 443]\n"), ("the repository no longer has https://ppa.launchpadcontent.net/x/y",)),
    ("microsoft/wslg#497, MichaIng/DietPi#4487 (the file is another package's)",
     ("sh: 1: /usr/lib/cnf-update-db: not found\nE: Problem executing scripts APT::Update::Post-Invoke-Success 'if "
      "/usr/bin/test -w /var/lib/command-not-found/ -a -e /usr/lib/cnf-update-db; then /usr/lib/cnf-update-db > /dev/"
      "null; fi'\nE: Sub-process returned an error code\n"), ("cnf-update-db", "reinstall the package")),
])
def test_why_a_repository_fails(board, source, log, needed):
    cause = fail(board, "update", log).split("apt-get update failed: ")[1]
    assert all(word in cause for word in needed), cause


def test_the_next_line_belongs_to_an_error_only_if_it_is_indented(board):
    log = ("Err:1 http://good.example trixie InRelease\n  404  Not Found [IP: 1.2.3.4 80]\nErr:2 http://bad.example "
           "trixie InRelease\n  The following signatures couldn't be verified: NO_PUBKEY 871920D1991BC93C\n")
    assert "with which repository http://bad.example is signed" in fail(board, "update", log)
