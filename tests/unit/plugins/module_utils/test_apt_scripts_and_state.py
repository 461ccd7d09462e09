# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Scripts of packages that cannot run, questions of dpkg, its own damaged files, and packages for another machine."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils import _apt_causes
from stand_ins.apt_failures import ENDED, fail
from stand_ins.boards.apt_board import Board


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


def failed(package, said="", how="old {} package postinst maintainer script subprocess failed with exit status 1"):
    """Return what dpkg 1.23 and apt 3.1 print of a package whose script fails."""
    return (f"Setting up {package} (1.0)...\n{said}dpkg: error processing package {package} (--configure):\n "
            + how.format(package) + "\nError: Sub-process /usr/bin/dpkg returned an error code (1)\n")


@pytest.mark.parametrize("source, log, needed, forbidden", [
    # dpkg 1.23 (Ubuntu 26.04, Debian 14) says "cannot" and "maintainer script"
    ("54144621311", failed("linux-image-6.19.10", (
        "dracut[F]: Cannot find module directory\ndracut[F]: and --no-kernel was not specified\nupdate-initramfs: "
        "failed for /boot/initrd.img-6.19.10 with 1.\nrun-parts: /etc/kernel/postinst.d/initramfs-tools exited with "
        "return code 1\n")),
        ("linux-image-6.19.10 cannot be configured: dracut", "Cannot find module directory"), "by hand"),
    ("60403025095", failed("xpf", "/var/lib/dpkg/info/xpf.postinst: 148: starts: not found\n"),
     ("xpf cannot be configured: /var/lib/dpkg/info/xpf.postinst: 148: starts: not found",), "maintainer script"),
    # what no word tells for an error
    ("BeamRecorder/Beam#25",
     failed("beam", "gtk-update-icon-cache: Cache file created successfully.\nBeam input helper was not found\n"),
     ("beam cannot be configured: its script ended behind the words 'Beam input helper was not found'",),
     "maintainer script"),
    ("66770113706", (
        "Preparing to unpack .../wazuh_4_arm64.deb ...\ncp: cannot stat '/boot/armbianEnv.txt': No such file or "
        "directory\ndpkg: error processing archive /x/wazuh_4_arm64.deb (--unpack):\n new wazuh package preinst "
        "maintainer script "
        "subprocess failed with exit status 127\n"),
     ("/x/wazuh_4_arm64.deb refuses to be installed: cp: cannot stat",), "maintainer script"),
    ("dpkg 1.23", (
        "dpkg (subprocess): cannot execute old x-dkms package postinst maintainer script (/var/lib/dpkg/info/x-dkms."
        "postinst): Exec format error\n" + failed("x-dkms")), ("x-dkms.postinst cannot be executed",), "exit status"),
    ("dpkg 1.23", unpack("/x/linux-image.deb", (
        "cannot make backup link of './boot/config-5.15.0' before installing new version: Operation not permitted")),
     ("./boot/config-5.15.0", "FAT"), "error processing"),
    ("dpkg 1.23", unpack("/x.deb", "cannot create hard link './usr/share/x': Invalid cross-device link"),
     ("./usr/share/x under two names",), "error processing"),
    ("dpkg 1.23", unpack("/x.deb", "cannot open '/usr/share/go/x.tar.dpkg-new': No such file or directory"),
     ("the folder of /usr/share/go/x.tar is missing",), "dpkg-new"),
    ("dpkg 1.23", ("dpkg: error: dpkg frontend lock was locked by /usr/bin/apt process with pid 1551\nNote: removing "
                   "the lock file is always wrong\n"), ("process 1551 (/usr/bin/apt) has locked dpkg",), "removing"),
    ("dpkg 1.23", ("dpkg: unrecoverable fatal error, aborting:\n invalid syntax in triggers deferred file "
                   "'/var/lib/dpkg/triggers/Unincorp' at character '^@'\n"),
     ("/var/lib/dpkg/triggers/Unincorp", "move it away"), "xx"),
    ("dpkg 1.23", "dpkg: error: cannot open package control file '/var/lib/dpkg/status' for reading: No such file\n",
     ("/var/lib/dpkg/status", "status-old"), "cannot open"),
    ("dpkg 1.23", ("dpkg-deb: error: archive '/x.deb' is truncated or corrupt, giving up\n" + unpack(
        "/x.deb", "dpkg-deb --control subprocess failed with exit status 2")), ("arrived damaged",), "giving up"),
    ("kind", ("dpkg-deb: error: tar subprocess was killed by signal (Killed)\n" + unpack(
        "/x.deb", "dpkg-deb --fsys-tarfile subprocess returned error exit status 2")), ("memory ran out",), "fsys"),
    ("kind", ("dpkg-deb (subprocess): decompressing archive '/x.deb' (size=1) member 'data.tar': zstd error: Data "
              "corruption detected\n"), ("arrived damaged",), "zstd"),
    # locks and folders of dpkg
    ("RPi-Distro: older apt",
     ("E: Could not get lock /var/lib/dpkg/lock-frontend - open (11: Resource temporarily unavailable)\nE: Unable to "
      "acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?\n"),
     ("another process", "fuser -v"), "E:"),
    ("kind", "dpkg: error: dpkg status database is locked by another process\n", ("another process", "fuser -v"),
     "status"),
    ("kind", "dpkg: error: cannot scan updates directory '/var/lib/dpkg/updates/': No such file or directory\n",
     ("mkdir -p /var/lib/dpkg/updates",), "scan"),
    ("kind", "E: Could not open file /var/lib/apt/lists/x_Packages - open (2: No such file or directory)\n",
     ("package lists are damaged",), "E:"),
    ("MichaIng/DietPi#4282",
     ("apt-get: error while loading shared libraries: /usr/lib/aarch64-linux-gnu/libapt-pkg.so.6.0: "
      "nonzero padding in e_ident\n"), ("libapt-pkg.so.6.0 is missing, damaged",), "e_ident"),
    ("MichaIng/DietPi#1960", "E: Problem parsing dependency 2\nE: Error occurred while processing x (NewVersion2)\n",
     ("package lists are damaged",), "NewVersion2"),
    # merged /usr
    ("MichaIng/DietPi#6705, ophub/amlogic-s9xxx-armbian#2109",
     ("* The usr-is-merged package cannot be installed because this system does\n* not have a merged /usr.\n*\n"
      + unpack("/tmp/usr-is-merged_35_all.deb",
               "new usr-is-merged package pre-installation script subprocess returned error exit status 1")),
     ("convert-usrmerge", "merged /usr"), "error processing"),
    ("apt 3.1", "Error: Unmerged usr is no longer supported, use usrmerge to convert to a merged-usr system.\n",
     ("convert-usrmerge",), "Error:"),
    ("CypherpunkArmory/UserLAnd#1640", configure("usrmerge", (
        "FATAL ERROR:\ncp --no-dereference /support/x.so /usr/support/x.so: rc=1\n\nYou can try correcting the errors "
        "reported and running again\n/usr/lib/usrmerge/convert-usrmerge until it will complete without errors.\nDo not "
        "install or update other Debian packages until the program\nhas been run successfully.\n\nE: usrmerge "
        "failed.\n")),
     ("cannot be merged into /usr (cp --no-dereference",), "purge"),
    ("kind", configure("usrmerge", "FATAL ERROR:\nBoth /lib/x and /usr/lib/x exist.\n\nE: usrmerge failed.\n"),
     ("/lib/x and /usr/lib/x differ", "dpkg -S"), "purge"),
    # what a package brings that the board does not take
    ("ophub/amlogic-s9xxx-armbian#511", configure("firefox", (
        "==> Installing the firefox snap\nerror: system does not fully support snapd: cannot mount squashfs image "
        "using \"squashfs\": mount: unknown filesystem type 'squashfs'.\n")), ("only installs a snap", "apt-mark hold"),
     "exit status"),
    ("70869794884", configure("systemd", "Failed to enable units: Protocol driver not attached.\n"),
     ("the kernel that runs is too old",), "exit status"),
    ("kind", unpack("/x/libc6_2.31-13_arm64.deb", "x").replace("dpkg: error", (
        "ERROR: Your kernel version indicates a revision number\nof 255 or greater.  Glibc has a number of built in\n"
        "dpkg: error"), 1), ("third number is above 254",), "error processing"),
    ("kind", configure("resolvconf", "rm: cannot remove '/etc/resolv.conf': Operation not permitted\n"),
     ("lsattr /etc/resolv.conf",), "FAT"),
    ("kind", unpack("/x.deb", "unable to stat './usr/lib/x' (which was about to be installed): Too many levels of "
                    "symbolic links"), ("namei -l /usr/lib/x",), "error processing"),
    ("kind", configure("foo-server", 'invoke-rc.d: initscript foo-server, action "start" failed.\n'),
     ("its service foo-server does not start", "journalctl -u foo-server"), "exit status"),
    ("kind", configure("initramfs-tools", (
        "/usr/sbin/mkinitramfs: 1: /var/tmp/mkinitramfs_abc/sbin/ldconfig: Permission denied\nE: "
        "/usr/share/initramfs-tools/hooks/fixrtc failed with return 126.\n")), ("/var/tmp, as that is mounted noexec",),
     "fixrtc"),
    ("raspberrypi/firmware#1963", configure("linux-image-6.12", (
        "/etc/kernel/postinst.d/z50-raspi-firmware: 78: rsync: not found\nrun-parts: "
        "/etc/kernel/postinst.d/z50-raspi-firmware exited with return code 127\n")),
     ("the program rsync, which the script /etc/kernel/postinst.d/z50-raspi-firmware needs", "install it"), "dpkg -S"),
    # what apt would remove, or does not find
    ("kind", ("W: (pve-apt-hook) You are attempting to remove the meta-package 'proxmox-ve'!\nE: Sub-process "
              "/usr/share/proxmox-ve/pve-apt-hook returned an error code (1)\nE: Failure running script "
              "/usr/share/proxmox-ve/pve-apt-hook\n"), ("remove proxmox-ve", "do not allow"), "apt.conf.d"),
    ("apt 2.6", "E: Removing essential system-critical packages is not permitted. This might break the system.\n",
     ("without which the system does not run", "apt-mark showhold"), "E:"),
    ("apt 2.6", ("WARNING: The following essential packages will be removed.\nThis should NOT be done unless you know "
                 "exactly what you are doing!\n  init systemd-sysv (due to init)\nE: Essential packages were removed "
                 "and -y was used without --allow-remove-essential.\n"), ("remove init systemd-sysv",), "E:"),
    ("apt 2.6", "E: Error, pkgProblemResolver::Resolve generated breaks, this may be caused by held packages.\n",
     ("apt-mark showhold", "preferences.d"), "E:"),
    ("apt 3.1", "Error: More space needed in /boot than available: 190 MB > 20 MB, installation may fail\n",
     ("the disk is full",), "Error"),
    ("kind",
     ("dpkg: dependency problems prevent configuration of linux-image-x:\n linux-image-x depends on foo (>= 1); "
      "however:\n  Package foo is not installed.\n\ndpkg: error processing package linux-image-x "
      "(--configure):\n "
      "dependency problems - leaving unconfigured\n" + ENDED),
     ("linux-image-x needs foo (>= 1), which is not installed", "--fix-broken"), "leaving"),
])
def test_the_cause_with_newer_releases(board, source, log, needed, forbidden):
    message = fail(board, "install", log)
    assert all(word in message for word in needed) and forbidden not in message, message


def test_a_log_that_cannot_be_written_is_no_cause(board):
    message = fail(board, "install", (
        "E: Can not write log (Is /dev/pts mounted?) - posix_openpt (19: No such device)\n" + configure("foo-tools")))
    assert "Can not write log" not in message and "exit status 1" in message


@pytest.mark.parametrize("text", [
    "cannot execute a b " * 9000, " cannot open '/" + "x" * 90000, "Both /a and /usr/" * 9000, "FATAL ERROR:\n" * 9000,
    "essential packages will be removed\n" * 9000, "dpkg: error: /var/lib/dpkg/" * 9000, "dracut[F]: " * 9000,
    "Failed to parse keyring \"/" * 9000, "No binding signature at time " * 9000, "rm: cannot remove '/" * 9000,
    "Configuration file '/x'\n" * 5000, "unable to execute new " * 9000, "Unrecognized character " * 9000,
    'DbDriver "' * 9000, ("archive x (--a):\n package architecture (" * 5000), "mktemp: failed to create file via "
    "template '/"
    + "a/" * 40000, "unable to open '/" + "x" * 90000, "x: line 1: " + " " * 90000,
])
def test_hostile_output_takes_no_longer(text):
    assert len(_apt_causes.explain((text + "\n") * 3) or "") < 1500
