# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""More messages of apt, dpkg and update-initramfs from public reports, made short: cause, remedy, source."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils import _apt, _apt_causes
from stand_ins.apt_board import Board
from stand_ins.apt_failures import ENDED, fail

SQV = "Sub-process /usr/bin/sqv returned an error code (1), error message is: "
UNSIGNED = "Error: The repository '{} trixie InRelease' is not signed.\n"


@pytest.fixture
def board(tmp_path):
    return Board(tmp_path)


@pytest.mark.parametrize("source, rc, log, needed, forbidden", [
    # apt since 3.0 (Debian 13) checks signatures with sqv
    ("dariogriffo/debian.griffo.io#14", 100,
     ("Warning: OpenPGP signature verification failed: https://deb.griffo.io/apt trixie InRelease: " + SQV
      + "Missing key EA0F721D231FDD3A0A17B9AC7808B4DD62C41256, which is needed to verify signature.\n"
      + UNSIGNED.format("https://deb.griffo.io/apt")),
     ("key EA0F721D231FDD3A0A17B9AC7808B4DD62C41256", "https://deb.griffo.io/apt", "keyring"), "remove"),
    ("FrodeSolheim/fs-uae#323", 100,
     ("Warning: GPG error: http://download.opensuse.org/x  InRelease: " + SQV
      + "Missing key BF2C3F2504BFEF00, which is needed to verify signature.\n"), ("key BF2C3F2504BFEF00",), "remove"),
    ("gyazo/Gyazo-for-Linux#185", 100,
     ("Warning: OpenPGP signature verification failed: https://packagecloud.io/gyazo/debian trixie InRelease: " + SQV
      + "Signing key on 95AACBB669E1156E914474C16987671B9AB241C3 is not bound:            primary key   because: No "
      "binding signature at time 2022-10-20T06:52:27Z   because: Policy rejected non-revocation signature "
      "(PositiveCertification) requiring collision resistance   because: SHA1 is not considered secure since "
      "2013-02-01T00:00:00Z\n" + UNSIGNED.format("https://packagecloud.io/gyazo/debian")),
     ("https://packagecloud.io/gyazo/debian", "SHA1", "current key"), "not on the board"),
    # apt goes on with the older lists and ends with 0
    ("syncthing/syncthing#10551, openresty/openresty#1097", 0,
     ("Warning: An error occurred during the signature verification. The repository is not updated and the previous "
      "index files will be used. OpenPGP signature verification failed: https://apt.syncthing.net syncthing InRelease: "
      + SQV + "Missing key FBA2E162F2F44657B38F0309E5665F9BD5970C47, which is needed to verify signature. Signing key "
      "on 37C84554E7E0A261E4F76E1ED26E6ED000654A3E is not bound:            No binding signature at time "
      "2026-02-03T01:40:11Z   because: Policy rejected non-revocation signature (PositiveCertification) requiring "
      "second pre-image resistance   because: SHA1 is not considered secure since 2023-02-01T00:00:00Z\n"),
     ("https://apt.syncthing.net", "SHA1"), "not on the board"),
    ("raspberrypi/rpi-image-gen#171", 100,
     ("Warning: Failed to fetch http://archive.raspberrypi.com/debian/dists/trixie/InRelease  " + SQV + "Signing key "
      "on CF8A1AF502A2AA2D763BAE7E82B129927FA3303E is not bound: because: Expired on 2026-02-01T00:00:00Z\n"),
     ("http://archive.raspberrypi.com/debian", "has expired"), "not on the board"),
    # the key is there and apt does not use it
    ("dariogriffo/debian.griffo.io#2", 0,
     ("W: https://debian.griffo.io/apt/dists/noble/InRelease: The key(s) in the keyring /etc/apt/trusted.gpg.d/g.gpg "
      "are ignored as the file is not readable by user '_apt' executing apt-key.\nW: GPG error: "
      "https://debian.griffo.io/apt noble InRelease: The following signatures couldn't be verified because the public "
      "key is not available: NO_PUBKEY 7808B4DD62C41256\n"),
     ("/etc/apt/trusted.gpg.d/g.gpg", "chmod 644"), "not on the board"),
    ("zhj-buffer/Cross-Compile-Jetson#3, ReproNim/neurodocker#476", 100,
     ("Err:1 http://ports.ubuntu.com/ubuntu-ports bionic InRelease\nW: GPG error: http://ports.ubuntu.com/ubuntu-ports "
      "bionic InRelease: Couldn't create temporary file /tmp/apt.conf.dK8U7t for passing config to apt-key\nE: The "
      "repository 'http://ports.ubuntu.com/ubuntu-ports bionic InRelease' is not signed.\n"),
     ("chmod 1777 /tmp", "gpgv"), "keyring"),
    ("cloudfoundry/bosh-linux-stemcell-builder#39, microsoft/WSL#2856", 0,
     ("W: Failed to fetch http://a.example/InRelease  Could not execute 'apt-key' to verify signature (is gnupg "
      "installed?)\n"), ("chmod 1777 /tmp",), "keyring"),
    ("kind of raspberrypi forums: full disk", 100,
     ("W: GPG error: http://raspbian.raspberrypi.org/raspbian stretch InRelease: At least one invalid signature was "
      "encountered.\nE: The repository 'http://raspbian.raspberrypi.org/raspbian stretch InRelease' is not signed.\n"),
     ("raspbian", "make room", "/var/lib/apt/lists"), "remove the repository"),
    # something else than the repository answers
    ("blikvm/blikvm#179 (Armbian), allinurl/goaccess#2850", 100,
     ("E: Failed to fetch http://deb.volian.org/volian/dists/scar/InRelease  Clearsigned file isn't valid, got "
      "'NOSPLIT' (does the network require authentication?)\nE: The repository 'http://deb.volian.org/volian scar "
      "InRelease' is no longer signed.\n"), ("another page", "deb.volian.org", "login"), "current key"),
    ("64studio/pdk#29", 100,
     ("E: GPG error: http://apt.64studio.com lenny-backports InRelease:  Clearsigned file isn't valid, got 'NO DATA' "
      "(does the network require authentication?)\n"), ("another page",), "current key"),
    ("Debian/apt#103", 0,
     ("W: Failed to fetch http://cu.archive.ubuntu.com/ubuntu/dists/bionic/InRelease  407  Proxy Authentication "
      "Required [IP: 192.0.2.1 8080]\n"), ("the proxy refuses", "Acquire::http::Proxy"), "mirror"),
    ("saltstack-formulas/apt-cacher-formula#15", 100,
     "E: Failed to fetch https://x.example/InRelease  Received HTTP code 403 from proxy after CONNECT\n",
     ("the proxy refuses",), "current key"),
    ("Debian/apt#121", 0,
     ("W: Failed to fetch http://ppa.launchpad.net/x/dists/focal/InRelease  500  Software caused connection abort [IP: "
      "192.0.2.1 80]\n"), ("http://ppa.launchpad.net/x", "network and proxy"), "key"),
    ("Joshua-Riek/ubuntu-rockchip#418", 100,
     ("E: Failed to fetch https://apt.armbian.com/dists/bookworm/InRelease  403  Forbidden [IP: 192.0.2.1 443]\nE: The "
      "repository 'https://apt.armbian.com bookworm InRelease' is not signed.\n"),
     ("HTTP 403", "remove its line"), "key"),
    ("kind of Debian/apt#121", 100,
     "E: Failed to fetch https://apt.armbian.com/dists/bookworm/InRelease  503  Backend fetch failed [IP: 192.0.2.1]\n",
     ("HTTP 503", "later"), "key"),
    ("kind of tiny-pilot/tinypilot#1919, bigtreetech/CB1#227", 100,
     ("E: Failed to fetch http://mirror.example/debian/dists/buster/main/binary-arm64/Packages  404  Not Found [IP: "
      "192.0.2.1 80]\nE: Some index files failed to download. They have been ignored, or old ones used instead.\n"),
     ("no longer has", "archive.debian.org"), "key"),
    ("SuperManito/LinuxMirrors#98 (radxa-zero3, 5.10.160-26-rk356x)", 100,
     ("E: The repository 'https://mirrors.tuna.tsinghua.edu.cn/debian bullseye-backports Release' does not have a "
      "Release file.\n"), ("bullseye-backports does not exist", "remove its line"), "key"),
    ("edge-core/sonic-buildimage#565", 100,
     ("E: The value 'bullseye-backports' is invalid for APT::Default-Release as such a release is not available in the "
      "sources\n"), ("APT::Default-Release is bullseye-backports", "/etc/apt"), "key"),
    ("MichaIng/DietPi#669", 100,
     ("E: The method driver /usr/lib/apt/methods/https could not be found.\nN: Is the package apt-transport-https "
      "installed?\n"), ("install apt-transport-https",), "key"),
    # encrypted connections
    ("MichaIng/DietPi#7562 (apt.armbian.com)", 100,
     ("W: Failed to fetch https://apt.armbian.com/dists/bookworm/InRelease  Certificate verification failed: The "
      "certificate is NOT trusted. The certificate chain uses expired certificate.  Could not handshake: Error in the "
      "certificate verification. [IP: 192.0.2.1 443]\n"), ("expired", "clock is ahead"), "install ca-certificates"),
    ("openSUSE/MirrorCache#326", 100,
     ("E: Failed to fetch https://mirror.example/x.deb  Could not handshake: Error in the pull function. [IP: "
      "192.0.2.1 443]\n"), ("no encrypted connection", "firewall"), "key"),
    ("zcash/zcash#3203, TamerPlatform/Tools_Repository#274", 0,
     "W: Failed to fetch https://apt.example/Packages  gnutls_handshake() failed: Handshake failed\n",
     ("no encrypted connection",), "key"),
    ("MichaIng/DietPi#6910", 0,
     "W: Failed to fetch http://ftp.de.debian.org/x/InRelease  Connection timed out [IP: 192.0.2.1 80]\n",
     ("cannot reach http://ftp.de.debian.org",), "key"),
    ("kind of MichaIng/DietPi#6910", 0,
     ("W: Failed to fetch http://a.example/InRelease  Error reading from server. Remote end closed connection [IP: "
      "192.0.2.1 80]\n"), ("cannot reach http://a.example",), "key"),
    ("MichaIng/DietPi#4487", 100,
     ("E: Problem executing scripts APT::Update::Post-Invoke-Success 'test -x /usr/bin/apt-show-versions || exit 0 ; "
      "apt-show-versions -i'\nE: Sub-process returned an error code\n"),
     ("APT::Update::Post-Invoke-Success", "apt-show-versions", "/etc/apt/apt.conf.d"), "key"),
])
def test_why_a_repository_cannot_be_read(board, source, rc, log, needed, forbidden):
    message = fail(board, "update", log, rc)
    assert "not available from the board's repositories: dkms" in message
    cause = message.split("apt-get update failed: ")[1]
    assert all(word in cause for word in needed) and forbidden not in cause, message


@pytest.mark.parametrize("log", [
    # binwiederhier/ntfy#1401, alexreinert/debmatic#407: until then the key is accepted
    ("Warning: https://archive.heckel.io/apt/dists/debian/InRelease: Policy will reject signature within a year, see "
     "--audit for details\n"),
    # dexogen/pipbs#17
    ("Notice: Skipping acquire of configured file 'main/binary-armhf/Packages' as repository "
     "'https://dexogen.github.io/pipbs trixie InRelease' doesn't support architecture 'armhf'\n"),
    # MichaIng/DietPi#5443
    "W: Target Packages (main/binary-armhf/Packages) is configured multiple times in /etc/apt/a.list:1 and b.list:1\n",
])
def test_warnings_on_repositories_that_can_be_read_are_no_cause(board, log):
    assert "update failed" not in fail(board, "update", log, 0)


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


@pytest.mark.parametrize("text", [
    "keyring /a are ignored as the file is not readable\n" * 5000, "x\nrun-parts: /etc/" * 20000,
    "GPG error: x " * 20000, "mv: " * 50000, "Unsupported platform " * 10000, "Failed to fetch http://x 404 " * 9000,
])
def test_hostile_output_takes_no_longer(text):
    assert len(_apt_causes.explain(text) or "") < 1500 and _apt.LISTS_VALID
