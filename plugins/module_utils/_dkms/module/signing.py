# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Configure DKMS to sign modules, now and after every later kernel update, and check the signatures.

The key stays in its place: DKMS only gets its path. Since 3.0 DKMS signs by itself and reads fragments of its
configuration. Debian's 2.8.4 (bullseye) supports neither, but calls a program to sign. All of them continue silently if
signing fails.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import shutil
import stat
import struct
import tempfile

from ..._board.files import ensure_dir, read_file, write_file
from ..._board.paths import SIGNING_CONFIG, SIGNING_FRAGMENT, SIGNING_TOOL
from .module_layout import unpacked

OWNER = 0
_PATH = re.compile(r"(?:/[A-Za-z0-9_+-][A-Za-z0-9_.+-]*)+\Z")
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")
_LIMIT = 1 << 16
_HEAD = """\
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# Written by rkfleet.npu.npu_dkms.
"""
# DKMS ignores unknown variables.
_FRAGMENT_TEXT = _HEAD + 'mok_signing_key="%s"\nmok_certificate="%s"\nsign_tool="' + SIGNING_TOOL + '"\n'
LINE = f"[ ! -e {SIGNING_FRAGMENT} ] || . {SIGNING_FRAGMENT}  # rkfleet.npu: with what modules are signed"
_TOOL_COMMENT = "# sign-module KERNEL FILE: called by DKMS before 3.0, which does not sign by itself.\n"
_TOOL_TEXT = "#!/bin/sh\n" + _HEAD + _TOOL_COMMENT + rf"""set -eu
. {SIGNING_FRAGMENT}
build=/lib/modules/$1/build
hash=$(sed -n 's/^CONFIG_MODULE_SIG_HASH="\([a-z0-9-]*\)"$/\1/p' "$build/.config")
exec "$build/scripts/sign-file" "${{hash:-sha512}}" "$mok_signing_key" "$mok_certificate" "$2"
"""


# include/linux/module_signature.h: what the kernel expects at the very end of the file.
MAGIC = b"~Module signature appended~\n"
_TRAILER = struct.Struct(">5B3xI")
_PKCS7 = 2


class NotVerified(Exception):
    """A signature that cannot be verified on this machine, so it may be valid, with one sentence why."""


class SigningError(Exception):
    """A key or certificate that must not be used, with one sentence why."""


class Signing:
    """The configuration of DKMS for signing; without a key, the configuration of an earlier run is removed.

    Args:
        key: Path of a private key on this machine, `""` for none. It is checked, but neither copied nor printed.
        cert: Path of its certificate on this machine.
        root: Root folder of the machine's files.

    Raises:
        SigningError: The key or the certificate must not be used.
    """

    def __init__(self, key="", cert="", root="/"):
        self.root, self.serial, self.certificate = root, None, None
        if bool(key) != bool(cert):
            raise SigningError("npu_signing_key and npu_signing_cert go together, and %s is not set" % (
                "npu_signing_cert" if key else "npu_signing_key"))
        if key:
            self._check("npu_signing_key", key, 0o077)
            self._check("npu_signing_cert", cert, 0o022)
            self._check_key(key)
            try:
                self.certificate = read_file(self._place(cert), _LIMIT)
                self.serial = certificate_serial(self.certificate)
            except ValueError as error:
                raise SigningError(f"npu_signing_cert: {cert} is not an X.509 certificate ({error})") from error
        self.after = self._wanted(key, cert)

    def _place(self, path):
        return os.path.join(self.root, path.lstrip("/"))

    def _check(self, name, path, forbidden):
        # The path is written into a file that a shell reads.
        if not _PATH.match(path):
            raise SigningError(f"{name} is {path!r}: set it to the absolute path of a file on the board, with only "
                               "letters, digits and ._+-")
        try:
            st = os.lstat(self._place(path))
        except OSError as error:
            raise SigningError(
                f"{name}: {path} does not exist; it must be on the machine that builds, which is the board") from error
        if not stat.S_ISREG(st.st_mode):
            raise SigningError(f"{name}: {path} is not a plain file")
        if st.st_uid != OWNER or st.st_mode & forbidden:
            raise SigningError("%s: %s belongs to user %d and has mode %04o: 'chown root %s && chmod %s %s'" % (
                name, path, st.st_uid, st.st_mode & 0o7777, path, "600" if forbidden == 0o077 else "644", path))
        folder = os.path.dirname(path)
        while True:
            st = os.lstat(self._place(folder))
            if not stat.S_ISDIR(st.st_mode) or st.st_uid != OWNER or st.st_mode & 0o022:
                raise SigningError(
                    f"{name}: {path} is in {folder}, which is a link or writable for users other than root")
            if folder == "/":
                return
            folder = os.path.dirname(folder)

    def _check_key(self, key):
        content = read_file(self._place(key), _LIMIT)
        if b"ENCRYPTED" in content:
            raise SigningError(f"npu_signing_key: {key} has a passphrase, which cannot be entered when a kernel update "
                               "makes DKMS build the module again")
        if b"PRIVATE KEY-----" not in content:
            raise SigningError(f"npu_signing_key: {key} is not a private key in PEM format")

    def _wanted(self, key, cert):
        """Return `{path: (content or None, mode)}` of the files of the configuration."""
        script = b"".join(read_file(self._place(path)) or b"" for path in ("/usr/sbin/dkms", "/usr/bin/dkms"))
        old = bool(key) and b"framework.conf.d" not in script
        wanted = {SIGNING_TOOL: (_TOOL_TEXT.encode() if old else None, 0o755),
                  SIGNING_FRAGMENT: ((_FRAGMENT_TEXT % (key, cert)).encode() if key else None, 0o644)}
        text = (read_file(self._place(SIGNING_CONFIG)) or b"").decode("utf-8", "surrogateescape")
        bare = re.sub(rf"^{re.escape(LINE)}\n?", "", text, flags=re.M)
        if old:
            bare = "{}{}{}\n".format(bare, "" if not bare or bare.endswith("\n") else "\n", LINE)
        wanted[SIGNING_CONFIG] = (bare.encode("utf-8", "surrogateescape") or None, None)
        return wanted

    def changes(self):
        """Return the files that would change."""
        return [path for path, (content, dummy) in self.after.items()
                if (read_file(self._place(path)) or None) != content]

    def apply(self):
        """Write or remove the files that changes() returns."""
        for path in self.changes():
            content, mode = self.after[path]
            place = self._place(path)
            if content is None:
                os.unlink(place)
            else:
                ensure_dir(os.path.dirname(place))
                write_file(place, content, mode)

    def module_problem(self, run, path, log="", strict=True):
        """Return one sentence on a wrong signature of a module, or None.

        Args:
            run: Callable that runs a list of arguments and returns `(rc, stdout, stderr)`.
            path: Path of the module.
            log: Log of the build, which may have the reason for a missing signature.
            strict: Whether a signature that cannot be verified on this machine is a problem, too. For a module that
                the board itself built it is not.
        """
        if self.serial is None:
            return None
        found = "".join(run(["modinfo", "-F", "sig_key", path])[1].split()).replace(":", "").lower().lstrip("0")
        if found == self.serial:
            try:
                problem = signature_problem(run, _content(run, path), self.certificate)
            except NotVerified as error:
                problem = f"its signature is not verified: {error}" if strict else None
            return f"{path}: {problem}" if problem else None
        if found:
            signer = run(["modinfo", "-F", "signer", path])[1].strip() or "?"
            return f"{path} is signed by {signer} ({found}), and not by npu_signing_cert"
        why = re.search(r"^(.{0,200}modules won't be signed)|^(?:Warning: )?(Failed to sign module.{0,200})", log, re.M)
        reason = ": " + why.group(0) if why else ", although DKMS is configured to: does the certificate match the key?"
        return f"{path} is not signed{reason}"

    def not_verified(self, run, path):
        """Return one sentence on why the signature of a module cannot be verified on this machine, or None."""
        if self.serial is None:
            return None
        try:
            signature_problem(run, _content(run, path), self.certificate)
        except NotVerified as error:
            return str(error)
        return None


def split_signature(content):
    """Return `(module without signature, signature in DER or None)` of an uncompressed module."""
    end = len(content) - len(MAGIC) - _TRAILER.size
    if end < 0 or not content.endswith(MAGIC):
        return content, None
    algorithm, digest, kind, signer, key_id, length = _TRAILER.unpack_from(content, end)
    if kind != _PKCS7 or algorithm or digest or signer or key_id or not 0 < length <= end:
        return content, None
    return content[:end - length], content[end - length:end]


def signature_problem(run, content, certificate):
    """Return one sentence if an uncompressed module has no valid signature for this certificate, or None.

    Args:
        run: Callable that runs a list of arguments and returns `(rc, stdout, stderr)`.
        content: The module.
        certificate: X.509 certificate, PEM or DER.

    Raises:
        NotVerified: The signature cannot be verified on this machine.
    """
    body, signature = split_signature(content)
    if signature is None:
        return "it is not signed"
    if not shutil.which("openssl"):
        raise NotVerified("openssl is missing: install it")
    try:
        pem = as_pem(certificate)
    except ValueError as error:
        raise NotVerified(f"the certificate cannot be read ({error})") from error
    try:
        with tempfile.TemporaryDirectory(prefix="rkfleet-") as folder:
            paths = {}
            for name, data in (("module", body), ("signature", signature), ("certificate", pem)):
                paths[name] = os.path.join(folder, name)
                with open(paths[name], "wb") as stream:
                    stream.write(data)
            # The only accepted signer is this certificate, which needs no chain of trust.
            command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", paths["signature"], "-content",
                       paths["module"],
                       "-certfile", paths["certificate"], "-noverify", "-nointern", "-out", os.devnull]
            rc, dummy, err = run(command)
    except OSError as error:
        raise NotVerified(f"openssl cannot be run: {error}") from error
    if rc == 0:
        return None
    reasons = [line.strip() for line in err.splitlines() if ":error:" in line or line.startswith("error:")]
    reason = (reasons or err.strip().splitlines() or ["ended with %d" % rc])[0]
    return f"its signature is not valid for npu_signing_cert (openssl: {reason[-150:]})"


def as_pem(content):
    """Return an X.509 certificate, PEM or DER, as PEM: the only form that openssl 1.1.1 reads with -certfile.

    Raises:
        ValueError: It is not a certificate.
    """
    certificate_serial(content)
    pem = _PEM.search(content)
    data = base64.b64decode(b"".join(pem.group(1).split())) if pem else content
    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(data) + b"-----END CERTIFICATE-----\n"


def _content(run, path):
    """Return the unpacked module in a file; raise NotVerified if it cannot be read on this machine."""
    try:
        return unpacked(path, run)
    except ValueError as error:
        raise NotVerified(f"{path} cannot be read ({error})") from error


def certificate_serial(content):
    """Return the serial number of an X.509 certificate (PEM or DER) in hex, without leading zeros.

    A signature contains the serial number of its certificate.

    Raises:
        ValueError: It is not a certificate.
    """
    pem = _PEM.search(content or b"")
    try:
        data = base64.b64decode(b"".join(pem.group(1).split()), validate=True) if pem else content or b""
        tag, start, end = _element(data, 0)
        inner, start, dummy = _element(data, start)
        if tag != 0x30 or inner != 0x30 or end > len(data):
            raise ValueError("it is cut off, or something else")
        tag, value, end = _element(data, start)
        if tag == 0xA0:  # the version
            tag, value, end = _element(data, end)
        if tag != 0x02 or not 0 < end - value <= 21:
            raise ValueError("it has no serial number")
    except (IndexError, binascii.Error) as error:
        raise ValueError("it is cut off, or something else") from error
    return data[value:end].hex().lstrip("0")


def _element(data, at):
    """Return `(tag, start, end)` of the DER element at this offset."""
    length, start = data[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        if not 0 < size <= 4:
            raise ValueError("it is cut off, or something else")
        length, start = int.from_bytes(data[start:start + size], "big"), start + size
    return data[at], start, start + length
