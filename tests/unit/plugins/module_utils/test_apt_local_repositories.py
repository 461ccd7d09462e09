# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""apt with repositories on the board's own disk or disc, downloads that crash, other releases, and removals."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils import _apt_causes
from stand_ins.apt_failures import ENDED, fail
from stand_ins.boards.apt_board import Board

CDROM = "cdrom://[Debian GNU/Linux 10.3.0 _Buster_ - Official amd64 DVD Binary-1 20200208-12:08] buster Release"
UNREACHED = "Some index files failed to download. They have been ignored, or old ones used instead.\n"


@pytest.fixture
def board(tmp_path):
    return Board(tmp_path)


def removal(package, why="installed {} package pre-removal script subprocess returned error exit status 1"):
    return (f"Removing {package} (0.10.15) ...\nfoo: cannot stop\ndpkg: error processing "
            f"package {package} (--remove):\n "
            + why.format(package) + f"\ndpkg: too many errors, stopping\nErrors were encountered while processing:\n "
            f"{package}\n" + ENDED)


@pytest.mark.parametrize("source, log, needed, forbidden", [
    ("signalwire/freeswitch#409, openmediavault/openmediavault#998",
     (f"Err:2 {CDROM}\n  Please use apt-cdrom to make this CD-ROM recognized by APT. apt-get update cannot be used to "
      f"add new CD-ROMs\nE: The repository '{CDROM}' does not have a Release file.\n"),
     ("sources.list", "cdrom:", "remove"),
     "archive.debian.org"),
    ("elementary/os#79", "E: The repository 'cdrom://elementary OS 5.0 bionic Release' does not have a Release file.\n",
     ("cdrom:",), "archive.debian.org"),
    ("kind of glenux/docker-debian-repository#8",
     ("Err:2 file:/opt/debs ./ Release\n  File not found - /opt/debs/./Release (2: No such file or directory)\nE: The "
      "repository 'file:/opt/debs ./ Release' does not have a Release file.\n"),
     ("the local repository /opt/debs has no Release", "apt-ftparchive", "mount"), "archive.debian.org"),
    ("kind", "E: The repository 'file:///mnt/usb/apt stable Release' no longer has a Release file.\n",
     ("the local repository /mnt/usb/apt has",), "archive.debian.org"),
    ("kind of thctlo/Kopano#6",
     ("Err:1 file:/root/debs ./ Packages\n  Could not open file /root/debs/./Packages - open (13: Permission "
      "denied)\nE: Failed to fetch file:/root/debs/./Packages  Could not open file /root/debs/./Packages - open (13: "
      "Permission denied)\n"), ("may not read the local repository /root/debs", "not /root"), "archive.debian.org"),
    # apt's own folders
    ("termux/proot-distro#189",
     ("Err:4 http://ports.ubuntu.com/ubuntu-ports hirsute Release\n  Could not open file /var/lib/apt/lists/partial/"
      "ports.ubuntu.com_ubuntu-ports_dists_hirsute_Release - open (13: Permission denied) [IP: 192.0.2.1 80]\nE: The "
      "repository 'http://ports.ubuntu.com/ubuntu-ports hirsute Release' does not have a Release file.\n"),
     ("_apt may not write to /var/lib/apt/lists/partial", "chown -R _apt:root /var/lib/apt/lists/partial"),
     "archive.debian.org"),
    ("WhitewaterFoundry/Pengwin#515",
     ("Err:5 https://packagecloud.io/x/debian buster Release\n  Could not open file "
      "/var/lib/apt/lists/partial/p_Release - open (5: Input/output error) [IP: 192.0.2.1 443]\n"
      "E: The repository 'https://packagecloud.io/x/debian "
      "buster Release' does not have a Release file.\n"), ("the storage does not work", "dmesg"), "archive.debian.org"),
    # downloads that crash
    ("MichaIng/DietPi#1285, termux/termux-packages#2089",
     ("E: Method https has died unexpectedly!\nE: Sub-process https received a segmentation fault.\nE: Method "
      "/usr/lib/apt/methods/https did not start correctly\nE: Failed to fetch https://x.example/InRelease\nE: "
      + UNREACHED), ("begin with https crashed", "memory"), "repository no longer"),
    ("digitalocean/do-agent#145",
     "E: Method https has died unexpectedly!\nE: Sub-process https received signal 9.\n",
     ("was killed", "dmesg"), "xx"),
    # what arrives is no use
    ("retorquere/zotero-pkg#69, wavebox/waveboxapp#1372",
     ("W: Failed to fetch https://zotero.retorque.re/file/apt-package-archive/./InRelease  The HTTP server sent an "
      "invalid "
      "Content-Range header Bad header data [IP: 172.67.136.194 443]\n"), (("./InRelease arrived "
                                                                            "damaged"), "no proxy"), "W:"),
    ("fossology/fossology#942",
     "W: Failed to fetch https://www.fossology.org/releases/3.0.0/ubuntu/dists/14.04/Packages  Bad header line\n",
     ("arrived damaged",), "W:"),
    ("kind", ("E: Failed to fetch store:/var/lib/apt/lists/partial/x_Packages.gz  Empty files can't be valid "
              "archives\n"),
     ("arrived damaged",), "E:"),
    ("kind", ("E: Failed to fetch store:/var/lib/apt/lists/partial/x_Packages.xz  Internal error, could not open: "
              "lzma_read: "
              "Read error (7)\n"), ("arrived damaged",), "E:"),
    ("jdx/mise#1109, freight-team/freight#125, vagnum08/cpupower-gui#49",
     ("W: No Hash entry in Release file /var/lib/apt/lists/partial/rtx.pub_deb_dists_stable_InRelease\nE: The "
      "repository "
      "'https://rtx.pub/deb stable InRelease' provides only weak security information.\n"),
     ("https://rtx.pub/deb stable has no hash", "SHA256"), "E:"),
    ("dnbert/prm#59, LiskArchive/lisk-sdk#44",
     ("E: Failed to fetch http://archive.lisk.io/dists/lisk/Release  No Hash entry in Release file "
      "/var/lib/apt/lists/partial/"
      "archive.lisk.io_dists_lisk_Release which is considered strong enough for security purposes\n"),
     ("http://archive.lisk.io/dists/lisk/Release has no hash",), "E:"),
    ("MichaIng/DietPi#3851, BelaPlatform/bela-image#15",
     "E: Archives directory /var/cache/apt/archives/partial is missing. - Acquire (2: No such file or directory)\n",
     ("mkdir -p /var/cache/apt/archives/partial",), "E:"),
    ("debuerreotype/debuerreotype#61", "E: Lists directory /var/lib/apt/lists/partial is missing.\n",
     ("mkdir -p /var/lib/apt/lists/partial",), "E:"),
    ("kind", ("E: Failed to fetch http://deb.debian.org/debian/dists/bookworm/InRelease  Could not connect to "
              "0.0.0.0:80 "
              "(0.0.0.0). - connect (111: Connection refused)\n"), ("0.0.0.0", "Pi-hole"), "E:"),
    ("kind", ("E: Failed to fetch http://deb.debian.org/debian/dists/bookworm/InRelease  Could not connect to "
              "deb.debian.org:80 (0.0.0.0). - connect (111: Connection refused)\n"), ("Pi-hole",), "E:"),
    # keys
    ("stefansundin/powermate.deb#3",
     ("Warning: OpenPGP signature verification failed: http://ppa.launchpad.net/s/p/ubuntu focal InRelease: "
      "Sub-process /usr/bin/sqv returned an error code (1), error message is: Missing key "
      "FB5DD1A9B52EFA0644B6E7AE5452638A654E89B7, which is needed to verify signature. Signing key on "
      "56E09F98278D83F630475E16FFE1FFFFAFEC55BB is not "
      "bound:            Policy rejected asymmetric algorithm   because: RSA1024 is not considered secure since "
      "2014-02-01\n"),
     ("http://ppa.launchpad.net/s/p/ubuntu", "RSA1024", "current key"), "not on the board"),
])
def test_why_a_repository_cannot_be_read(board, source, log, needed, forbidden):
    cause = fail(board, "update", log).split("apt-get update failed: ")[1]
    assert all(word in cause for word in needed) and forbidden not in cause, cause


def test_a_signature_that_is_only_going_to_be_refused_is_no_failure(board):
    """armbian/configng#632."""
    message = fail(board, "update", "Warning: https://github.armbian.com/configng/dists/stable/InRelease: Policy will "
                   "reject signature within a year, see --audit for details\n", 0)
    assert "apt-get update failed" not in message


@pytest.mark.parametrize("part, source, log, needed, forbidden", [
    # The package is for a newer release of the distribution: no other libc6 may be brought for it.
    ("simulate", "cwill747/meshcore-uconsole#49",
     ("The following packages have unmet dependencies:\n meshcore-uconsole : Depends: libc6 (>= 2.38) but "
      "2.36-9+rpt2+deb12u13 is to be installed\n                     Depends: libgpiod3 but it is not installable\nE: "
      "Unable to correct problems, you have held broken packages.\n"),
     ("needs libc6 (>= 2.38), but 2.36-9", "newer than in the release of the board's system"), "apt-mark showhold"),
    ("simulate", "mysteriumnetwork/node#3040",
     ("The following packages have unmet dependencies:\n myst : Depends: libc6 (>= 2.32) but 2.31-0ubuntu9.1 is to be "
      "installed\nE: Unable to correct problems, you have held broken packages.\n"), ("for this release",), "upgrade"),
    ("simulate", "ayufan-rock64/linux-build#422",
     ("The following packages have unmet dependencies:\n u-boot-rockpro64-2020.01-ayufan-2009-gdc530db2 : Conflicts: "
      "u-boot-virtual\n                                                  Conflicts: u-boot-mainline\nE: Unable to "
      "correct problems, you have held broken packages.\n"),
     ("does not go with u-boot-virtual: only one of them",), "reports"),
    ("simulate", "sfztools/sfizz-ui#163",
     ("Unsatisfied dependencies:\n sfizz:armhf : Depends: libglib2.0-0:armhf (>= 2.16.0) but it is not "
      "installable\nError: "
      "Unable to correct problems, you have held broken packages.\n"), ("no repository of the board has it",),
     "same version"),
    ("simulate", "ayufan-rock64/linux-build#139",
     ("The following packages have unmet dependencies:\n mpv : Depends: libavcodec58 (>= 7:3.5~git20180113) but it is "
      "not "
      "going to be installed or\n                libavcodec-extra58 (>= 7:3.5~git20180113) but it is not going to be "
      "installed\nE: Unable to correct problems, you have held broken packages.\n"),
     ("but it is not going to be installed: ",), "installed or"),
    ("simulate", "rauc/rauc#1799",
     ("The following packages have unmet dependencies:\n   clang-19 : Depends: libc6-dev but it is not installable or\n"
      "              Recommends: llvm-19-dev but it is not installable\nE: Unable to correct problems, you have held "
      "broken "
      "packages.\n"), ("clang-19 needs libc6-dev, but it is not installable: no repository",), "installable or"),
    ("install", "travis-ci/travis-ci#9361",
     ("dpkg-deb: error: archive '/tmp/x.deb' has premature member 'control.tar.xz' before 'control.tar.gz', giving up\n"
      "dpkg: error processing archive /tmp/x.deb (--unpack):\n subprocess dpkg-deb --control returned error exit "
      "status 2\n" + ENDED), ("/tmp/x.deb is made for a newer release",), "exit status"),
    ("install", "termux/proot#376",
     "dpkg: error: error creating new backup file '/var/lib/dpkg/status-old': Operation not permitted\n" + ENDED,
     ("/var/lib/dpkg/status-old", "without links", "lsattr"), "xx"),
    ("install", "kind of Joshua-Riek/ubuntu-rockchip#529",
     ("dpkg-deb: error: '/tmp/x.deb' contains ununderstood data member a.tar, giving up\ndpkg-deb: error: paste "
      "subprocess was killed by signal (Broken pipe)\n" + ENDED),
     ("contains ununderstood data member",), "Broken pipe"),
    # a removal that was begun before
    ("install", "datto/dattobd#256, elastio/elastio-snap#66", removal("dattobd-dkms"),
     ("dattobd-dkms cannot be removed: ", "dpkg --purge dattobd-dkms"), "--configure"),
    ("install", "xanmod/linux#159", removal("linux-image-5.12.8-xanmod1", (
        "installed {} package post-removal script subprocess returned error exit status 1")),
     ("linux-image-5.12.8-xanmod1 cannot be removed: ",), "--configure"),
    ("install", "microsoft/WSL#2288", removal("docker-ce", (
        "package is in a very bad inconsistent state; you should\n reinstall it before attempting a removal")),
     ("installed in part: run apt-get install --reinstall docker-ce",), "--configure docker-ce"),
])
def test_the_cause(board, part, source, log, needed, forbidden):
    message = fail(board, part, log)
    assert all(word in message for word in needed) and forbidden not in message, message


@pytest.mark.parametrize("text", [
    "file:/" * 9000, "repository 'file:/x " * 9000, "Could not open file /var/lib/apt/" * 9000, "copy:/ x" * 30000,
    "Failed to fetch file:/" + "x" * 90000,
])
def test_hostile_output_takes_no_longer(text):
    assert len(_apt_causes.explain((text + "\n") * 3) or "") < 1500
