# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Repositories that apt cannot read, by messages from public reports, made short: cause, remedy, source."""

from __future__ import annotations

import pytest
from stand_ins.apt_failures import fail
from stand_ins.boards.apt_board import Board

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
def test_why_a_repository_cannot_be_used(board, source, log, rc, needed, forbidden):
    cause = fail(board, "update", log, rc).split("apt-get update failed: ")[1]
    assert all(word in cause for word in needed) and forbidden not in cause, cause


SQV_KEYS = "Warning: OpenPGP signature verification failed: https://x.example/apt trixie InRelease: " + SQV + (
    'Error: Failed to parse keyring "{0}"  Caused by:     0: Reading "{0}": {1}     1: {1}\n')


@pytest.mark.parametrize("source, rc, log, needed, forbidden", [
    # the file of keys that an entry names: apt since 3.0
    ("YunoHost/issues#2674, #2725, tuna-os/tunaOS#806", 100,
     SQV_KEYS.format("/etc/apt/trusted.gpg.d/extra_php_version.gpg", "No such file or directory (os error 2)")
     + UNSIGNED.format("https://x.example/apt"),
     ("/etc/apt/trusted.gpg.d/extra_php_version.gpg", "Signed-By", "is missing"), "remove the repository"),
    ("YunoHost/issues#2831", 100,
     SQV_KEYS.format("/usr/share/keyrings/sury_php.gpg", "Permission denied (os error 13)")
     + UNSIGNED.format("https://x.example/apt"),
     ("chmod 644 /usr/share/keyrings/sury_php.gpg",), "remove the repository"),
    ("qgis/QGIS#60340, wimpysworld/deb-get#1433, freedomofpress/dangerzone#1052", 100,
     SQV_KEYS.format("/etc/apt/keyrings/qgis-archive-keyring.gpg", "EOF") + UNSIGNED.format("https://x.example/apt"),
     ("/etc/apt/keyrings/qgis-archive-keyring.gpg is not a file of keys", "keybox"), "remove the repository"),
    ("kind", 100,
     ("Warning: OpenPGP signature verification failed: http://deb.debian.org/debian trixie InRelease: " + SQV
      + "Signing key on 4D64FEC119C2029067D6E791F8D2585B8783D481 is not bound:            primary key   because: No "
      "binding signature at time 2024-05-13T19:32:10Z\n" + UNSIGNED.format("http://deb.debian.org/debian")),
     ("not valid on 2024-05-13", "timedatectl"), "remove the repository"),
    ("kind (Ubuntu 24.04)", 100,
     ("W: GPG error: http://ppa.launchpad.net/x noble InRelease: The following signatures were invalid: untrusted "
      "public key algorithm: rsa1024\nE: The repository 'http://ppa.launchpad.net/x noble InRelease' is not signed.\n"),
     ("rsa1024", "no longer accepts"), "has no valid"),
    # encrypted connections
    ("kind of cri-o/packaging#383: another server answers", 100,
     ("E: Failed to fetch https://apt.armbian.com/InRelease  Certificate verification failed: The certificate is NOT "
      "trusted. The name in the certificate does not match the expected.  Could not handshake: Error in the "
      "certificate verification. [IP: 192.0.2.1 443]\n"), ("for another name", "login"), "install ca-certificates"),
    ("apt 3.0 (OpenSSL)", 100,
     ("Error: Failed to fetch https://apt.armbian.com/InRelease  SSL connection failed: error:0A000086:SSL routines::"
      "certificate verify failed / Success [IP: 192.0.2.1 443]\n"), ("not trusted", "ca-certificates"), "http://"),
    ("apt 3.0", 100,
     ("E: Failed to fetch https://x.example/InRelease  Could not wait for server fd - select (11: Resource temporarily "
      "unavailable) [IP: 192.0.2.1 443]\n"), ("cannot reach https://x.example",), "select"),
    ("apt 3.0", 100, "E: Failed to fetch http://x.example/InRelease  Redirection loop encountered\n",
     ("another mirror",), "Redirection"),
    ("kind", 100, "W: Failed to fetch http://x.example/InRelease  Unable to connect to 127.0.0.1:9999:\n",
     ("cannot reach 127.0.0.1:9999:", "proxy"), "::"),
    ("kind", 100,
     ("E: Failed to fetch https://enterprise.proxmox.com/debian/pve/dists/bookworm/InRelease  401  Unauthorized [IP: "
      "192.0.2.1 443]\nE: The repository 'https://enterprise.proxmox.com/debian/pve bookworm InRelease' is not "
      "signed.\n"),
     ("subscription", "pve-no-subscription"), "still public"),
    # files in /etc/apt
    ("kind", 100,
     ("E: Unable to read /etc/apt/sources.list.d/x.list - open (13: Permission denied)\nE: The list of sources could "
      "not be read.\n"), ("apt cannot read /etc/apt/sources.list.d/x.list", "644"), "E:"),
    ("kind", 100,
     "E: Opening configuration file /etc/apt/apt.conf.d/99x - ifstream::ifstream (13: Permission denied)\n",
     ("apt cannot read /etc/apt/apt.conf.d/99x",), "ifstream"),
    ("apt 3.0", 100,
     "E: Conflicting values set for option Trusted regarding source http://x.example/ bookworm\n",
     ("http://x.example/", "different values of Trusted"), "keys"),
    ("apt 3.0", 100,
     "E: Invalid value set for option Signed-By regarding source https://apt.armbian.com/ bookworm (not a key)\n",
     ("https://apt.armbian.com/", "a value of Signed-By"), "E:"),
    ("kind", 100, "E: Unable to mkstemp /tmp/clearsigned.message.aBcDeF - GetTempFile (13: Permission denied)\n",
     ("no temporary file can be made in /tmp", "1777"), "E:"),
])
def test_why_a_repository_fails_since_apt_3(board, source, rc, log, needed, forbidden):
    cause = fail(board, "update", log, rc).split("apt-get update failed: ")[1]
    assert all(word in cause for word in needed) and forbidden not in cause, cause


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
