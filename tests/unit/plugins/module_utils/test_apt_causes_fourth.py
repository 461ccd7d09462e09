# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Messages of apt and dpkg of a fourth round of public reports, made short: cause, remedy, source."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils import _apt_causes
from stand_ins.apt_board import Board
from stand_ins.apt_failures import ENDED, fail

NO_LOCK = ("W: Not using locking for read only lock file /var/lib/dpkg/lock-frontend\n"
           "W: Not using locking for read only lock file /var/lib/dpkg/lock\n")


@pytest.fixture
def board(tmp_path):
    return Board(tmp_path)


def error_of(package, status=1):
    return (f"dpkg: error processing package {package} (--configure):\n installed {package} package post-installation "
            f"script subprocess returned error exit status {status}\nErrors were encountered while processing:\n"
            f" {package}\n" + ENDED)


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


@pytest.mark.parametrize("source, log, rc, needed, forbidden", [
    ("MichaIng/DietPi#1271 (NanoPi NEO), pivpn/pivpn#322", (
        "W: Failed to fetch http://apt.armbian.com/dists/jessie/InRelease  Unable to find expected entry "
        "'utils/binary-armhf/Packages' in Release file (Wrong sources.list entry or malformed file)\nE: Some index "
        "files failed to download. They have been ignored, or old ones used instead.\n"), 0,
     ("has no utils/binary-armhf/Packages", "sources.list"), "archive.debian.org"),
    ("MichaIng/DietPi#4663 (NanoPi)", (
        "Err:6 https://apt.armbian.com buster Release\n  Redirection from https to "
        "'http://armbian.hosthatch.com/apt/dists/buster/Release' is forbidden [IP: 192.0.2.1 443]\nE: The repository "
        "'https://apt.armbian.com buster Release' does not have a Release file.\n"), 100,
     ("from https to http://armbian.hosthatch.com", "another mirror"), "archive.debian.org"),
    ("Botspot/pi-apps#2998", (
        "E: Failed to fetch http://archive.ubuntu.com/ubuntu/dists/resolute/main/binary-armhf/Packages  404  Not Found "
        "[IP: 192.0.2.1 80]\nE: Some index files failed to download. They have been ignored, or old ones used.\n"), 100,
     ("archive.ubuntu.com has no packages for armhf", "ports.ubuntu.com"), "old-releases"),
    ("kind of Botspot/pi-apps#2998", (
        "Error: Failed to fetch http://de.archive.ubuntu.com/ubuntu/dists/noble/main/binary-arm64/Packages  404  Not "
        "Found\n"), 100, ("de.archive.ubuntu.com has no packages for arm64",), "old-releases"),
    ("kind of MichaIng/DietPi#669", (
        "W: Failed to fetch http://ftp.debian.org/x/InRelease  Something wicked happened resolving "
        "'ftp.debian.org:http' (-5 - No address associated with hostname)\n"), 0,
     ("cannot resolve the name ftp.debian.org",), "key"),
    ("kind of MichaIng/DietPi#7562", (
        "W: Failed to fetch https://x.example/InRelease  server certificate verification failed. CAfile: "
        "/etc/ssl/certs/ca-certificates.crt CRLfile: none\n"), 0, ("ca-certificates",), "key"),
    ("kind of Debian/apt#103", "E: Failed to fetch http://x.example/InRelease  Unsupported proxy configured: foo://x\n",
     100, ("the proxy refuses", "Acquire::http::Proxy"), "key"),
])
def test_why_a_repository_cannot_be_read(board, source, log, rc, needed, forbidden):
    cause = fail(board, "update", log, rc).split("apt-get update failed: ")[1]
    assert all(word in cause for word in needed) and forbidden not in cause, cause


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
    "ln: failed to create symbolic link '/boot/" * 9000, "will be DOWNGRADED:\n x" * 9000, "x: cannot" * 30000,
    "Failed to fetch http://archive.ubuntu.com/x/binary-arm64/" * 9000, "Syntax error /" * 20000, "unable to " * 30000,
])
def test_hostile_output_takes_no_longer(text):
    assert len(_apt_causes.explain(text) or "") < 1500


def test_hostile_output_of_a_package_takes_no_longer(board):
    assert len(fail(board, "install", "x: " * 200000 + "\n" + error_of("foo-tools"))) < 1500
