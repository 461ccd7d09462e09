# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""How DKMS is configured to sign modules, which keys are refused, and whether a module is signed by the right one."""

from __future__ import annotations

import base64
import gzip
import hashlib
import lzma
import os
import shutil
import subprocess

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board import paths
from ansible_collections.rkfleet.npu.plugins.module_utils._boot.menus import default_kernel_paths
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import package as _dkms_install
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import source_tree
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.module import prebuilt
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.module import signing as _signing

KEY, CERT = "/etc/keys/npu.key", "/etc/keys/npu.der"
DKMS = {"3": "#!/bin/bash\nfor i in /etc/dkms/framework.conf /etc/dkms/framework.conf.d/*.conf; do :; done\n",
        "2.8": '#!/bin/bash\ndkms_frameworkconf="/etc/dkms/framework.conf"\n'}
OWNERS = "## the owner's own\n# sign_tool=\"/etc/dkms/sign_helper.sh\""


def der(tag, *content):
    content = b"".join(content)
    length = bytes([len(content)]) if len(content) < 128 else b"\x82" + len(content).to_bytes(2, "big")
    return bytes([tag]) + length + content


def certificate(serial=b"\x00\x8a\x01", version=True):
    """The beginning of an X.509 certificate, and enough behind it."""
    inner = (der(0xA0, der(2, b"\x02")) if version else b"") + der(2, serial) + der(0x30, b"x" * 200)
    return der(0x30, der(0x30, inner), der(0x30), der(3, b"\0"))


class Machine:
    def __init__(self, root):
        self.root = root
        self.write("/usr/sbin/dkms", DKMS["3"]).write(KEY, "-----BEGIN PRIVATE KEY-----\nsecret\n",
                                                      0o600).write(CERT, certificate(), 0o644)
        self.write("/etc/dkms/framework.conf", OWNERS)
        (root / "usr/lib").mkdir()

    def path(self, path):
        return self.root / path.lstrip("/")

    def write(self, path, content="", mode=0o644):
        self.path(path).parent.mkdir(parents=True, exist_ok=True)
        self.path(path).write_bytes(content if isinstance(content, bytes) else content.encode())
        self.path(path).chmod(mode)
        return self

    def signing(self, key=KEY, cert=CERT):
        return _signing.Signing(key, cert, str(self.root))

    def files(self):
        return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in self.root.rglob("*")
                if path.is_file()}


@pytest.fixture
def machine(tmp_path, monkeypatch):
    monkeypatch.setattr(_signing, "OWNER", os.getuid())
    tmp_path.chmod(0o755)
    machine = Machine(tmp_path / "board")
    for folder, folders, _names in os.walk(machine.root):
        for name in [folder, *(os.path.join(folder, name) for name in folders)]:
            os.chmod(name, 0o755)
    return machine


def test_dkms_3_is_configured_by_a_fragment_which_is_removed_again(machine):
    before = machine.files()
    signing = machine.signing()
    assert signing.changes() == [paths.SIGNING_FRAGMENT]
    signing.apply()
    text = machine.path(paths.SIGNING_FRAGMENT).read_text()
    assert 'mok_signing_key="%s"\nmok_certificate="%s"\n' % (KEY, CERT) in text and "secret" not in text
    assert machine.path("/etc/dkms/framework.conf").read_text() == OWNERS
    assert machine.signing().changes() == []
    none = machine.signing("", "")
    assert none.changes() == [paths.SIGNING_FRAGMENT]
    none.apply()
    assert machine.files() == before and machine.signing("", "").changes() == []


def test_dkms_2_8_is_configured_with_a_signing_program(machine, tmp_path):
    before = machine.write("/usr/sbin/dkms", DKMS["2.8"]).files()
    machine.signing().apply()
    assert machine.signing().changes() == []
    config = machine.path("/etc/dkms/framework.conf").read_text()
    assert config == OWNERS + "\n" + _signing.LINE + "\n"
    # As DKMS reads it, and as it calls it; every path as below the machine's root.
    shell = "set -e\n" + config + '\nprintf "%s" "$sign_tool"'
    text = machine.path(paths.SIGNING_FRAGMENT).read_text()
    moved = machine.path(paths.SIGNING_FRAGMENT).with_suffix(".moved")
    moved.write_text(text)
    done = subprocess.run(["bash", "-c", shell.replace(paths.SIGNING_FRAGMENT, str(moved))], check=True,
                          stdout=subprocess.PIPE, text=True)
    assert done.stdout == paths.SIGNING_TOOL == default_kernel_paths.FOLDER + "/sign-module"
    moved.unlink()
    build = tmp_path / "board/lib/modules/5.10.1/build"
    machine.write("/lib/modules/5.10.1/build/.config", 'CONFIG_MODULE_SIG_HASH="sha256"\n')
    machine.write("/lib/modules/5.10.1/build/scripts/sign-file", '#!/bin/sh\necho "$@"\n', 0o755)
    tool = machine.path(paths.SIGNING_TOOL)
    assert os.access(tool, os.X_OK)
    script = tool.read_text().replace(paths.SIGNING_FRAGMENT,
                                      str(machine.path(paths.SIGNING_FRAGMENT))).replace("/lib/modules",
                                                                                         str(tmp_path / "board/lib/modules"))
    done = subprocess.run(["sh", "-c", script, "sign-module", "5.10.1", "/x.ko"], check=True, stdout=subprocess.PIPE,
                          text=True)
    assert done.stdout == "sha256 %s %s /x.ko\n" % (KEY, CERT)
    shutil.rmtree(tmp_path / "board/lib")
    machine.signing("", "").apply()
    after = machine.files()
    assert after.pop("etc/dkms/framework.conf").decode() == OWNERS + "\n" and build
    before.pop("etc/dkms/framework.conf")
    assert after == before


@pytest.mark.parametrize("change, said", [
    (lambda m: m.path(KEY).unlink(),
     "npu_signing_key: /etc/keys/npu.key does not exist; it must be on the machine that builds"),
    (lambda m: m.path(KEY).chmod(0o640), "mode 0640: 'chown root /etc/keys/npu.key && chmod 600 /etc/keys/npu.key'"),
    (lambda m: m.path(KEY).chmod(0o604), "mode 0604"),
    (lambda m: m.path(CERT).chmod(0o664), "npu_signing_cert: .* mode 0664"),
    (lambda m: m.path("/etc/keys").chmod(0o777), "is in /etc/keys, which is a link or writable for users other than root"),
    (lambda m: m.path("/etc").chmod(0o1777), "is in /etc, which is a link or writable for users other than root"),
    (lambda m: (m.path(KEY).rename(m.path("/etc/keys/x")), m.path(KEY).symlink_to("x")), "is not a plain file"),
    (lambda m: (m.path(KEY).unlink(), m.path(KEY).mkdir()), "is not a plain file"),
    (lambda m: m.path(KEY).write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"), "has a passphrase"),
    (lambda m: m.path(KEY).write_text("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"), "has a passphrase"),
    (lambda m: m.path(KEY).write_text("no key"), "is not a private key in PEM format"),
    (lambda m: m.path(CERT).write_text("no certificate"), "is not an X.509 certificate"),
    (lambda m: m.path(CERT).write_bytes(certificate()[:9]), "is not an X.509 certificate"),
])
def test_keys_that_are_refused(machine, change, said):
    change(machine)
    before = machine.files()
    with pytest.raises(_signing.SigningError, match=said) as error:
        machine.signing()
    assert "secret" not in str(error.value) and machine.files() == before


def test_a_key_of_another_user_is_refused(machine, monkeypatch):
    monkeypatch.setattr(_signing, "OWNER", os.getuid() + 1)
    with pytest.raises(_signing.SigningError, match="belongs to user %d" % os.getuid()):
        machine.signing()


@pytest.mark.parametrize("path",
                         ['/etc/keys/a"; reboot; "', "/etc/keys/$(reboot)", "keys/npu.key", "/etc/keys/../npu.key",
                          "/etc//npu.key", "/a b"])
def test_paths_with_shell_characters_are_refused(machine, path):
    with pytest.raises(_signing.SigningError, match="set it to the absolute path"):
        machine.signing(key=path)
    with pytest.raises(_signing.SigningError, match="set it to the absolute path"):
        machine.signing(cert=path)


def test_key_and_certificate_go_together(machine):
    with pytest.raises(_signing.SigningError, match="npu_signing_cert is not set"):
        machine.signing(cert="")
    with pytest.raises(_signing.SigningError, match="npu_signing_key is not set"):
        machine.signing(key="")


def test_serial_numbers():
    pem = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(certificate()) + b"-----END CERTIFICATE-----\n"
    assert _signing.certificate_serial(certificate()) == _signing.certificate_serial(pem) == "8a01"
    assert _signing.certificate_serial(certificate(b"\x05", version=False)) == "5"
    for broken in (b"", b"\x30", certificate()[:40], b"\x30\x80" + certificate(), der(0x30, der(0x30, der(4, b"x"))),
                   b"\x30\x85" + b"\xff" * 9):
        with pytest.raises(ValueError):
            _signing.certificate_serial(broken)


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")
@pytest.mark.parametrize("form", ["DER", "PEM"])
def test_the_serial_number_of_a_real_certificate(tmp_path, form):
    command = ["openssl", "req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test/", "-outform",
               form]
    subprocess.run([*command, "-keyout", str(tmp_path / "key"), "-out", str(tmp_path / "cert")], check=True,
                   stderr=subprocess.DEVNULL)
    said = subprocess.run(["openssl", "x509", "-inform", form, "-in", str(tmp_path / "cert"), "-noout", "-serial"],
                          check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    assert _signing.certificate_serial((tmp_path / "cert").read_bytes()) == said.strip().partition("=")[2].lower().lstrip("0")


@pytest.mark.parametrize("sig_key, log, said", [
    ("8A:01\n", "", None), ("00:8A:01\n", "", None),
    ("", "", "/x.ko is not signed, although DKMS is configured to: does the certificate match the key?"),
    ("", "Sign command: /x\nBinary /x not found, modules won't be signed\n",
     "/x.ko is not signed: Binary /x not found, modules won't be signed"),
    ("8B:01\n", "", "/x.ko is signed by DKMS module signing key (8b01), and not by npu_signing_cert"),
])
def test_a_module_signed_by_another_certificate_is_reported(machine, sig_key, log, said):
    def run(command):
        return 0, {"sig_key": sig_key, "signer": "DKMS module signing key\n"}[command[2]], ""

    assert machine.signing().module_problem(run, "/x.ko", log, strict=False) == said
    # The serial number alone is no proof.
    assert (said or "/x.ko: its signature is not verified: ") in machine.signing().module_problem(run, "/x.ko", log)
    assert machine.signing("", "").module_problem(run, "/x.ko", log) is None


def unverified(*unused):
    raise _signing.NotVerified("openssl is missing")


def test_an_unsigned_build_is_removed_with_its_configuration(machine, tmp_path, monkeypatch):
    """The whole way: see test_dkms_install for the rest of it."""
    module = machine.path("/lib/modules/6.1.1/updates/dkms/rknpu.ko")
    answers = {"vermagic": "6.1.1", "name": "rknpu", "version": "0.9.6", "sig_key": "", "signer": ""}

    def run(command):
        if command[:2] == ["dkms", "install"]:
            machine.write("/lib/modules/6.1.1/updates/dkms/rknpu.ko", "ELF")
            machine.path("/var/lib/dkms/rknpu/0.9.6").mkdir(parents=True, exist_ok=True)
            link = machine.path("/var/lib/dkms/rknpu/kernel-6.1.1-aarch64")
            link.unlink(missing_ok=True)
            link.symlink_to("0.9.6/6.1.1/aarch64")
        return 0, answers.get((command + [""])[2], ""), ""

    machine.path("/lib/modules/6.1.1").mkdir(parents=True)
    monkeypatch.setattr(_dkms_install.DkmsPackage, "headers_problem", lambda package: None)
    monkeypatch.setattr(_dkms_install, "unpack_tree", lambda archive, digest, folder: machine.write(
        "/" + os.path.relpath(os.path.join(folder, "rkfleet.json"), machine.root), '{"digest": "x"}'))
    package = _dkms_install.DkmsPackage(run, "rknpu", "0.9.6", "6.1.1", "rknpu", str(machine.root), machine.signing())
    before = machine.files()
    assert package.steps("x") == ["signing", "tree", "install"]
    with pytest.raises(source_tree.DkmsError, match="rknpu.ko is not signed"):
        package.deploy("archive", "x", package.steps("x"))
    assert machine.files() == before and not module.exists()
    answers["sig_key"] = "8A:01"
    # Nothing but the serial number is known of a signature that cannot be verified: enough for what the board built
    # itself.
    monkeypatch.setattr(_signing, "signature_problem", unverified)
    assert package.signing.not_verified(run, str(machine.path(CERT))) == "openssl is missing"
    package.deploy("archive", "x", package.steps("x"))
    assert module.exists() and package.steps("x") == []
    # Signed by another key than the one that is wanted now: it is built and signed anew.
    answers["sig_key"] = "77"
    assert package.steps("x") == ["repair", "install"]


MODULE = b"\x7fELF" + bytes(100) + b"HONEST CODE"


def system(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def pem(certificate):
    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(certificate) + b"-----END CERTIFICATE-----\n"


needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")


@needs_openssl
@pytest.mark.parametrize("form", [bytes, pem], ids=["DER", "PEM"])
def test_a_signature_is_that_of_the_certificate_over_these_very_bytes(signer, form):
    certificate, signed = form(signer.certificate), signer.sign(MODULE)
    assert _signing.split_signature(signed)[0] == MODULE and _signing.split_signature(MODULE) == (MODULE, None)
    assert _signing.signature_problem(system, signed, certificate) is None
    for module in (signed.replace(b"HONEST CODE", b"EVIL CODE!!"), signed.replace(b"HONEST", b"HONES"), b"x" + signed,
                   signer.sign(MODULE, other=True),
                   MODULE + b"more" + signed[len(MODULE):]):
        problem = _signing.signature_problem(system, module, certificate)
        assert problem.startswith("its signature is not valid for npu_signing_cert (openssl: ")
    assert _signing.signature_problem(system, MODULE, certificate) == "it is not signed"
    # The serial numbers of both certificates are the same.
    assert _signing.certificate_serial(signer.certificate) == _signing.certificate_serial(signer.other_certificate)


@needs_openssl
def test_no_signer_at_all_and_a_signature_that_brings_its_own_content_are_no_signatures(signer, tmp_path):
    (tmp_path / "cert.pem").write_bytes(pem(signer.certificate))
    empty = subprocess.run(["openssl", "crl2pkcs7", "-nocrl", "-certfile", str(tmp_path / "cert.pem"), "-outform",
                            "DER"], check=True,
                           stdout=subprocess.PIPE).stdout
    inside = subprocess.run(["openssl", "cms", "-sign", "-binary", "-nodetach", "-noattr", "-nocerts", "-outform",
                             "DER", "-signer", "ours.pem",
                             "-inkey", "ours.key"], cwd=signer.folder, input=MODULE, check=True,
                            stdout=subprocess.PIPE).stdout
    for signature in (empty, inside, b"\x30\x03\x02\x01\x00", b"no DER at all"):
        trailer = signer.sign(MODULE)[-len(_signing.MAGIC) - 12:-len(_signing.MAGIC) - 4] + len(signature).to_bytes(4, "big") + _signing.MAGIC
        evil = MODULE.replace(b"HONEST", b"EVILLY") + signature + trailer
        assert _signing.split_signature(evil)[1] == signature
        assert "is not valid" in _signing.signature_problem(system, evil, signer.certificate)


@pytest.mark.parametrize("end", [
    _signing.MAGIC, b"\0\0\2\0\0\0\0\0\0\0\0\x10" + _signing.MAGIC,
    b"x" * 20 + b"\0\0\1\0\0\0\0\0\0\0\0\x10" + _signing.MAGIC,
    b"x" * 20 + b"\0\0\2\0\0\0\0\0\xff\xff\xff\xff" + _signing.MAGIC,
    b"x" * 20 + b"\0\0\2\0\0\0\0\0\0\0\0\0" + _signing.MAGIC,
])
def test_data_that_the_kernel_ignores_is_not_a_signature(end):
    assert _signing.split_signature(end) == (end, None)


@needs_openssl
@pytest.mark.parametrize("suffix", ["", ".xz", ".gz", ".zst"])
def test_the_file_of_a_module_is_verified_whatever_it_is_compressed_with(machine, signer, tmp_path, suffix):
    if suffix == ".zst" and not shutil.which("zstd"):
        pytest.skip("needs zstd")
    machine.write(CERT, signer.certificate)

    def run(command):
        if command[0] == "modinfo":
            return 0, {"sig_key": "12:34:AB:CD\n", "signer": "test\n"}[command[2]], ""
        return system(command)

    def file(content):
        path = tmp_path / "rknpu.ko"
        path.write_bytes(content)
        if suffix == ".zst":
            subprocess.run(["zstd", "-q", "-f", str(path)], check=True)
        elif suffix:
            (tmp_path / ("rknpu.ko" + suffix)).write_bytes({".xz": lzma, ".gz": gzip}[suffix].compress(content))
        return str(path) + suffix

    signing, honest = machine.signing(), signer.sign(MODULE)
    assert signing.module_problem(run, file(honest),
                                  strict=True) is None and signing.not_verified(run, file(honest)) is None
    forged = file(honest.replace(b"HONEST CODE", b"EVIL CODE!!"))
    for strict in (True, False):
        assert signing.module_problem(run, forged,
                                      strict=strict).startswith(forged + ": its signature is not valid for npu_signing_cert")


@needs_openssl
@pytest.mark.parametrize("missing, content, why", [
    ("openssl", None, "openssl is missing: install it"),
    ("zstd", b"\x28\xb5\x2f\xfd", "%s cannot be read (it is compressed, and program zstd is missing)"),
    ("nothing", b"\x1f\x8b", "%s cannot be read (Compressed file ended before the end-of-stream marker was reached)"),
    ("nothing", bytes((16 << 20) + 1), "%s cannot be read (it is too large)"),
    ("nothing", gzip.compress(bytes((64 << 20) + 1), 1), "%s cannot be read (it is too large when unpacked)"),
], ids=["no openssl", "no zstd", "cut off", "large", "large inside"])
def test_without_a_check_prebuilt_modules_are_refused_and_own_ones_reported(
        machine, signer, tmp_path, monkeypatch, missing, content, why):
    machine.write(CERT, signer.certificate)
    path = tmp_path / "rknpu.ko"
    path.write_bytes(content or signer.sign(MODULE))
    monkeypatch.setattr(shutil, "which", lambda name: None if name == missing else "/usr/bin/" + name)

    def run(command):
        assert command[0] == "modinfo"
        return 0, "12:34:AB:CD\n", ""

    signing, why = machine.signing(), why.replace("%s", str(path))
    assert signing.module_problem(run, str(path)) == f"{path}: its signature is not verified: {why}"
    assert signing.module_problem(run, str(path), strict=False) is None
    assert signing.not_verified(run, str(path)) == why
    assert machine.signing("", "").not_verified(run, str(path)) is None


@needs_openssl
def test_a_module_of_the_store_with_a_forged_signature_is_refused_by_the_board(machine, signer, tmp_path):
    """What is refused is not loaded: see npu_dkms."""
    machine.write(CERT, signer.certificate)
    path = tmp_path / "rknpu.ko"
    path.write_bytes(signer.sign(MODULE).replace(b"HONEST CODE", b"EVIL CODE!!"))
    answers = {"vermagic": "6.1.1", "name": "rknpu", "version": "0.9.6", "alias": "", "sig_key": "12:34:AB:CD",
               "signer": "test"}

    def run(command):
        return (0, answers[command[2]], "") if command[0] == "modinfo" else system(command)

    package = _dkms_install.DkmsPackage(run, "rknpu", "0.9.6", "6.1.1", "rknpu", str(machine.root), machine.signing())
    binary = prebuilt.Binary("rknpu.ko", hashlib.sha256(path.read_bytes()).hexdigest(), str(path))
    assert "its signature is not valid for npu_signing_cert" in package.binary_problem(binary)[0]
