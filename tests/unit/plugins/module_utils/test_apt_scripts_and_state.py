# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Scripts of packages that cannot run, questions of dpkg, its own damaged files, and packages for another machine."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils import _apt_causes
from stand_ins.apt_board import Board
from stand_ins.apt_failures import ENDED, fail


@pytest.fixture
def board(tmp_path):
    return Board(tmp_path)


def configure(package, said="", code=1):
    return (f"Setting up {package} (1.0) ...\n{said}dpkg: error processing package {package} (--configure):\n "
            f"installed "
            f"{package} package post-installation script subprocess returned error exit status {code}\n" + ENDED)


def unpack(file, why):
    return f"dpkg: error processing archive {file} (--unpack):\n {why}\n{ENDED}"


ADDGROUP = "addgroup: `/sbin/groupadd -g 102 crontab' returned error code 10. Exiting.\n"


@pytest.mark.parametrize("source, log, needed, forbidden", [
    # scripts
    ("armbian/build#2349",
     ("Error while loading /var/lib/dpkg/tmp.ci/preinst: Exec format error\n" + unpack(
         "/tmp/apt-dpkg-install-xF9W1s/06-linux-dtb-current-sunxi64_20.08_arm64.deb",
         "new linux-dtb-current-sunxi64 package pre-installation script subprocess returned error exit status 1")),
     ("/var/lib/dpkg/tmp.ci/preinst cannot be executed", "interpreter"), "exit status"),
    ("elastic/beats#36252, jordansissel/fpm#1945",
     ("dpkg (subprocess): unable to execute installed packetbeat package post-installation script "
      "(/var/lib/dpkg/info/packetbeat.postinst): No such file or directory\n" + configure("packetbeat", code=2)),
     ("package packetbeat cannot be configured: the script /var/lib/dpkg/info/packetbeat.postinst", "interpreter"),
     "exit status"),
    ("influxdata/influxdb#3430",
     ("dpkg (subprocess): unable to execute installed post-installation script (/var/lib/dpkg/info/influxdb.postinst): "
      "Exec format error\n" + configure("influxdb", code=2)), ("influxdb.postinst cannot be executed",), "exit status"),
    ("scm-manager/scm-manager#665",
     ("dpkg (subprocess): unable to execute new pre-installation script (/var/lib/dpkg/tmp.ci/preinst): Exec format "
      "error\n" + unpack("/tmp/x_1_all.deb", "subprocess new pre-installation script returned error exit status 2")),
     ("/var/lib/dpkg/tmp.ci/preinst cannot be executed",), "exit status"),
    ("kind of TheAssassin/AppImageLauncher#497",
     ("dpkg (subprocess): unable to execute new x11-y package pre-installation script (/var/lib/dpkg/tmp.ci/preinst): "
      "Permission denied\n" + unpack("/tmp/x.deb", "exit")), ("noexec", "/var/lib/dpkg/tmp.ci/preinst"), "interpreter"),
    # users and groups
    ("termux/proot-distro#160, podman-container-tools/buildah#2336",
     configure("cron-daemon-common", (
         "groupadd: /etc/group.20856: lock file already used\ngroupadd: cannot lock /etc/group; try again later.\n"
         + ADDGROUP)), ("/etc/group is locked", "/etc/group.lock", "/etc/.pwd.lock"), "returned error code 10"),
    ("endorhq/rover#549, sameersbn/docker-redmine#23",
     configure("cron-daemon-common", "groupadd: failure while writing changes to /etc/group\n" + ADDGROUP),
     ("/etc/group cannot be replaced", "lsattr", "findmnt"), "returned error code 10"),
    # questions
    ("Azure/aks-engine#1724, kind of armbian/configng#884",
     ("Setting up base-files (9.4ubuntu4.8) ...\n\nConfiguration file '/etc/issue'\n ==> Modified (by you or by a "
      "script) "
      "since installation.\n ==> Package distributor has shipped an updated version.\n   What would you like to do "
      "about "
      "it ?  Your options are:\n    Y or I  : install the package maintainer's version\n    N or O  : keep your "
      "currently-installed version\n      D     : show the differences between the versions\n      Z     : start a "
      "shell "
      "to examine the situation\n The default action is to keep your current version.\n*** issue (Y/I/N/O/D/Z) "
      "[default=N] ? dpkg: error processing package base-files (--configure):\n end of file on stdin at conffile "
      "prompt\n"
      + ENDED), ("asks whether to keep /etc/issue", "--force-confold"), "error code"),
    ("the same on a line of its own",
     ("Configuration file '/etc/x.conf'\n ==> Deleted (by you or by a script) since installation.\ndpkg: error "
      "processing "
      "package xyz (--configure):\n end of file on stdin at conffile prompt\n" + ENDED), ("/etc/x.conf",),
     "error code"),
    # files of dpkg, debconf and the interpreters
    ("kind", ("dpkg: unrecoverable fatal error, aborting:\n syntax error in triggers deferred file "
              "'/var/lib/dpkg/triggers/Unincorp' at character '^@'\n" + ENDED),
     ("/var/lib/dpkg/triggers/Unincorp", "move it away", "dpkg --configure -a"), "syntax error"),
    ("cracklib/cracklib#69",
     unpack("/var/cache/apt/archives/cracklib-runtime_2.9.6-3.2_armhf.deb",
            "triggers ci file contains unknown directive 'interest-noaw1it'"), ("arrived damaged", "dmesg"),
     "directive"),
    ("Kicksecure/security-misc#196",
     ("dpkg: cycle found while processing triggers:\n chain of packages whose triggers are or may be responsible:\n  "
      "security-misc -> security-misc\ndpkg: error processing package security-misc (--configure):\n triggers looping, "
      "abandoned\n" + ENDED), ("start each other", "dpkg --configure -a"), "exit status"),
    ("kind", configure("popularity", 'debconf: DbDriver "templatedb": could not open '
                                     '/var/cache/debconf/templates.dat\n'),
     ("/var/cache/debconf/templates.dat-old", "fix_db.pl"), "exit status"),
    ("MichaIng/DietPi#3954",
     configure("mariadb-server-10.3", (
         'debconf: DbDriver "config": Error setting up format object 822: Unrecognized character \\x92; marked by <-- '
         'HERE '
         "after nf::FormaT<-- HERE near column 24 at /usr/share/perl5/Debconf/Format/822.pm line 5, <DEBCONF_CONFIG> "
         "chunk "
         "3.\n")), ("Unrecognized character", "worn card", "dpkg --verify"), "exit status"),
    ("kind", configure("python3-minimal", (
        '  File "/usr/lib/python3.11/codecs.py", line 1\nSyntaxError: source code string cannot contain null bytes\n')),
     ("null bytes", "worn card", "dpkg --verify"), "exit status"),
    # programs and paths
    ("ansible/ansible#45219, grml/grml#144, usableprivacy/upribox#106",
     ("dpkg: warning: 'ldconfig' not found in PATH or not executable\ndpkg: warning: 'start-stop-daemon' not found in "
      "PATH "
      "or not executable\ndpkg: error: 2 expected programs not found in PATH or not executable\nNote: root's PATH "
      "should "
      "usually contain /usr/local/sbin, /usr/sbin and /sbin\n" + ENDED), ("PATH must have /usr/sbin",), "error code"),
    ("ParrotSec/parrot-iso-build#1", "dpkg: error: 1 expected program not found in PATH or not executable\n" + ENDED,
     ("PATH must have /usr/sbin",), "error code"),
    ("MichaIng/DietPi#1425",
     ("LD_LIBRARY_PATH contains the traditional /lib directory,\nbut not the multiarch directory "
      "/lib/arm-linux-gnueabihf.\nIt is not safe to upgrade the C library in this situation;\n" + unpack(
          "/var/cache/apt/archives/libc6_2.19_armhf.deb",
          "subprocess new pre-installation script returned error exit status 1")),
     ("LD_LIBRARY_PATH is",), "exit st"),
    ("kind of longsleep/golang-deb#12",
     unpack("/x_all.deb", "unable to open '/usr/share/go-1.21/x.tar.dpkg-new': No such file or directory"),
     ("the folder of /usr/share/go-1.21/x.tar is missing",), "dpkg-new"),
    ("kind", unpack("/x.deb", "trying to overwrite directory '/usr/share/x' in package y1 with nondirectory"),
     ("/usr/share/x is a folder in package y1", "upgrade y1"), "error processing"),
    ("kind", configure("locales", (
        "  en_US.UTF-8.../usr/sbin/locale-gen: line 41:  1123 Killed                  localedef -i $input\n")),
     ("memory ran out",), "exit status"),
    ("kind", configure("initramfs-tools", (
        "mktemp: failed to create directory via template '/var/tmp/mkinitramfs_XXXXXX': No such file or directory\n")),
     ("no temporary file can be made in /var/tmp: ", "1777"), "exit status"),
    # another architecture
    ("mpromonet/v4l2rtspserver#256",
     unpack("/srv/v4l2rtspserver-0.2.3-Linux-arm64.deb", "package architecture (amd64) does not match system "
            "(arm64)"),
     ("arm64.deb is made for amd64", "the package for arm64"), "error processing"),
    ("awesometic/realtek-r8152-dkms#23, goodtft/LCD-show#181",
     ("dpkg: error processing archive ./xserver-xorg-input-evdev_1%3a2.10.6-1+b1_armhf.deb (--install):\n package "
      "architecture (armhf) does not match system (arm64)\n" + ENDED), ("is made for armhf",), "error processing"),
    # the order of an upgrade
    ("docker/for-linux#1131, debuerreotype/docker-debian-artifacts#109",
     ("E: Could not configure 'libc6:arm64'. \nE: Could not perform immediate configuration on 'libcrypt1:arm64'. "
      "Please "
      "see man 5 apt.conf under APT::Immediate-Configure for details. (2)\n"), ("libc6:arm64", "full-upgrade"),
     "man 5"),
    ("kind", ("E: This installation run will require temporarily removing the essential package libc6:arm64 due to a "
              "Conflicts/Pre-Depends loop. This is often bad, but if you really want to do it, activate the "
              "APT::Force-LoopBreak option.\n"), ("libc6:arm64", "--fix-broken"), "Force-LoopBreak"),
    # commands that apt runs
    ("ansible/ansible#4978",
     ("E: Sub-process /usr/sbin/apt-listbugs apt returned an error code (10)\nE: Failure running script "
      "/usr/sbin/apt-listbugs apt\n"), ("Pre-Install-Pkgs fails (/usr/sbin/apt-listbugs apt)",), "error code"),
    ("SoftCreatR/imei#102",
     ("\n** etckeeper detected uncommitted changes in /etc prior to apt run\n** Aborting apt run. Manually commit and "
      "restart.\n\nE: Problem executing scripts DPkg::Pre-Invoke 'if [ -x /usr/bin/etckeeper ]; then etckeeper "
      "pre-install; fi'\nE: Sub-process returned an error code\n"), ("etckeeper commit",), "apt.conf.d"),
])
def test_the_cause(board, source, log, needed, forbidden):
    message = fail(board, "install", log)
    assert all(word in message for word in needed) and forbidden not in message, message


@pytest.mark.parametrize("text", [
    "Configuration file '/x'\n" * 5000, "unable to execute new " * 9000, "Unrecognized character " * 9000,
    'DbDriver "' * 9000, ("archive x (--a):\n package architecture (" * 5000), "mktemp: failed to create file via "
    "template '/"
    + "a/" * 40000, "unable to open '/" + "x" * 90000, "x: line 1: " + " " * 90000,
])
def test_hostile_output_takes_no_longer(text):
    assert len(_apt_causes.explain((text + "\n") * 3) or "") < 1500
