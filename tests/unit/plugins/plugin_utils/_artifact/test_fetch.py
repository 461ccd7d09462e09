# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Fetching by pinned digest: where from, in which order, and what is refused."""

from __future__ import annotations

import base64
import functools
import hashlib
import http.server
import io
import os
import socket
import threading
import types

import pytest

from ansible_collections.rkfleet.npu.plugins.plugin_utils import _private
from ansible_collections.rkfleet.npu.plugins.plugin_utils._artifact import fetch

CONTENT = b"librknnrt version: 2.3.2"
PATH = "airockchip/rknn-toolkit2/v2.3.2/librknnrt.so"


def pins(content=CONTENT, **more):
    return dict(sha256=hashlib.sha256(content).hexdigest(), size=len(content), **more)


@pytest.fixture
def folder(tmp_path):
    file = tmp_path / "mirror" / PATH
    file.parent.mkdir(parents=True)
    file.write_bytes(CONTENT)
    return tmp_path / "mirror"


@pytest.fixture
def mirror(folder):
    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield "http://127.0.0.1:%d" % server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def nobody():
    """A mirror that refuses the connection."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        yield "http://127.0.0.1:%d" % free.getsockname()[1]


def test_from_mirror_then_from_cache(tmp_path, mirror, nobody):
    path, source = fetch.fetch(pins(), PATH, str(tmp_path / "cache"), mirrors=[mirror])
    assert open(path, "rb").read() == CONTENT
    assert source == mirror + "/" + PATH
    assert fetch.fetch(pins(), PATH, str(tmp_path / "cache"), mirrors=[nobody]) == (path, "cache")


def test_a_damaged_cache_is_fetched_again(tmp_path, mirror):
    path, dummy = fetch.fetch(pins(), PATH, str(tmp_path / "cache"), mirrors=[mirror])
    with open(path, "wb") as stream:
        stream.write(b"damaged")
    assert fetch.fetch(pins(), PATH, str(tmp_path / "cache"), mirrors=[mirror]) == (path, mirror + "/" + PATH)
    assert open(path, "rb").read() == CONTENT


def test_git_blob_is_enough(tmp_path, mirror):
    blob = hashlib.sha1(b"blob %d\0" % len(CONTENT) + CONTENT).hexdigest()
    path, dummy = fetch.fetch({"git_blob": blob}, PATH, str(tmp_path), mirrors=[mirror])
    assert open(path, "rb").read() == CONTENT


@pytest.mark.parametrize("name", [PATH, "librknnrt.so"])
def test_a_local_folder_comes_first(tmp_path, folder, nobody, name):
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "librknnrt.so").write_bytes(CONTENT)
    where = folder if name == PATH else bare
    dummy, source = fetch.fetch(pins(), PATH, str(tmp_path / "cache"), str(where), [nobody])
    assert source == str(where / name)


def test_other_content_is_an_error_that_names_both_digests_and_keeps_nothing(tmp_path, mirror):
    wanted = pins(b"something else, as long")
    wanted["size"] = len(CONTENT)
    with pytest.raises(fetch.ArtifactError) as error:
        fetch.fetch(wanted, PATH, str(tmp_path / "cache"), mirrors=[mirror])
    assert wanted["sha256"] in str(error.value)
    assert hashlib.sha256(CONTENT).hexdigest() in str(error.value)
    assert [file.name for file in (tmp_path / "cache").rglob("*") if file.is_file()] == [".lock"]


def test_more_than_the_pinned_size_is_not_read_to_its_end(tmp_path, mirror):
    with pytest.raises(fetch.ArtifactError, match="larger than 3 bytes"):
        fetch.fetch(dict(pins(), size=3), PATH, str(tmp_path), mirrors=[mirror])


def test_a_slow_mirror_does_not_block_the_run(tmp_path, mirror, monkeypatch):
    clock = [0]

    class Dripping(io.BytesIO):
        def read1(self, size=-1):
            clock[0] += 299
            return super().read1(1)

        def read(self, size=-1):
            raise AssertionError("it waits until all has come")

    usual = fetch.open_url
    monkeypatch.setattr(
        fetch, "open_url",
        lambda source, timeout: Dripping(b"x" * 10000) if "drip" in source else usual(source, timeout=timeout),
    )
    monkeypatch.setattr(fetch, "time", types.SimpleNamespace(monotonic=lambda: clock[0]))
    with pytest.raises(fetch.ArtifactError, match="cannot get .* .the download takes longer than 3600 s"):
        fetch.fetch(pins(), PATH, str(tmp_path / "cache"), mirrors=["http://drip.example"])
    # As one that does not answer: the next one is asked.
    assert (
        fetch.fetch(pins(), PATH, str(tmp_path / "cache"), mirrors=["http://drip.example", mirror])[1]
        == mirror + "/" + PATH
    )


def test_nobody_there(tmp_path, nobody):
    with pytest.raises(fetch.ArtifactError, match="cannot get librknnrt.so: tried %s" % nobody):
        fetch.fetch(pins(), PATH, str(tmp_path), mirrors=[nobody])


def test_without_a_pin_nothing_is_fetched(tmp_path, mirror):
    with pytest.raises(fetch.ArtifactError, match="no pinned checksum"):
        fetch.fetch({"size": len(CONTENT)}, PATH, str(tmp_path), mirrors=[mirror])


def test_a_whole_url_is_fetched_without_mirrors(tmp_path, monkeypatch, nobody):
    url, asked = "https://files.example.com/npu/librknnrt.so", []
    monkeypatch.setattr(fetch, "open_url", lambda source, timeout: asked.append(source) or io.BytesIO(CONTENT))
    path, source = fetch.fetch(pins(), url, str(tmp_path / "cache"), mirrors=[nobody])
    assert asked == [source] == [url]
    assert path.startswith(str(tmp_path / "cache")) and open(path, "rb").read() == CONTENT
    assert fetch.fetch(pins(), url, str(tmp_path / "cache"))[1] == "cache"


def test_a_local_folder_may_hold_what_a_url_names(tmp_path, folder):
    (tmp_path / "librknnrt.so").write_bytes(CONTENT)
    assert fetch.fetch(pins(), "https://files.example.com/npu/librknnrt.so", str(tmp_path / "cache"), str(tmp_path))[
        1
    ] == str(tmp_path / "librknnrt.so")


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd", "../x", "a/../b", "a//b", "", "a/./b", "a\\b", "http://example.com/x", "https://",
        "https://example.com", "https://example.com/../x",
    ],
)
def test_a_path_that_leaves_the_folder(tmp_path, path):
    with pytest.raises(fetch.ArtifactError, match="neither the relative path"):
        fetch.fetch(pins(), path, str(tmp_path))


def test_check_mode_stores_nothing(tmp_path, mirror):
    path, dummy = fetch.fetch(pins(), PATH, str(tmp_path / "cache"), mirrors=[mirror], keep=False)
    assert path.endswith("librknnrt.so")
    assert not (tmp_path / "cache").exists()


def test_check_mode_detects_wrong_content(tmp_path, mirror):
    with pytest.raises(fetch.ArtifactError, match="pinned is"):
        fetch.fetch(dict(pins(b"other"), size=0), PATH, str(tmp_path / "cache"), mirrors=[mirror], keep=False)


# -- credentials
# --------------------------------------------------------------------------------------------------------------

SECRET = "s3cret"
BASIC = "Basic " + base64.b64encode(b"user:s3cret").decode()


@pytest.fixture
def private(folder, monkeypatch, tmp_path):
    """Return `(address, requests)` of a mirror with basic authentication; /to/ADDRESS/... redirects.

    Proxies and the .netrc file of the user are not used.
    """
    for name in ("NETRC", "http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

        def do_GET(self):
            asked.append((self.headers["Host"], self.path, self.headers["Authorization"]))
            if self.path.startswith("/to/"):
                self.send_response(302)
                self.send_header("Location", self.path[len("/to/"):] + "?token=" + SECRET)
                self.end_headers()
            elif self.path.startswith("/nonsense"):
                self.wfile.write(b"HTTP/9\x1b[31m " + SECRET.encode() + b"\r\n\r\n")
            elif self.path.startswith("/negotiate"):
                self.send_response(401)
                self.send_header("WWW-Authenticate", "Negotiate " + SECRET)
                self.end_headers()
            elif self.path.startswith("/open/"):
                self.path = self.path[len("/open"):]
                super().do_GET()
            elif self.headers["Authorization"] == BASIC:
                super().do_GET()
            else:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="mirror"')
                self.end_headers()

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield "127.0.0.1:%d" % server.server_port, asked
    server.shutdown()
    thread.join()
    server.server_close()


def netrc_file(tmp_path, text, mode=0o600):
    (tmp_path / ".netrc").write_text(text)
    (tmp_path / ".netrc").chmod(mode)


def test_credentials_in_the_url_of_a_mirror_are_used_and_not_shown(tmp_path, private):
    address, dummy = private
    path, source = fetch.fetch(pins(), PATH, str(tmp_path / "cache"), mirrors=["http://user:%s@%s" % (SECRET, address)])
    assert open(path, "rb").read() == CONTENT and source == "http://%s/%s" % (address, PATH)
    with pytest.raises(fetch.ArtifactError) as error:
        fetch.fetch(pins(b"another"), PATH, str(tmp_path / "cache"), mirrors=["http://user:%s@%s" % (SECRET, address)])
    assert SECRET not in str(error.value) and "from http://%s/%s:" % (address, PATH) in str(error.value)


def test_credentials_in_netrc_are_used(tmp_path, private):
    address, asked = private
    netrc_file(tmp_path, "machine 127.0.0.1 login user password %s\n" % SECRET)
    path, source = fetch.fetch(pins(), PATH, str(tmp_path / "cache"), mirrors=["http://" + address])
    assert open(path, "rb").read() == CONTENT and source == "http://%s/%s" % (address, PATH)
    assert [authorization for host, path, authorization in asked] == [BASIC]


@pytest.mark.parametrize("login", ["", "user:s3cret@"], ids=["netrc", "in the URL"])
def test_a_redirect_does_not_forward_the_password(tmp_path, private, mirror, login):
    address, asked = private
    netrc_file(tmp_path, "machine 127.0.0.1 login user password %s\n" % SECRET)
    # The same machine at another port, which is somebody else's as well as another name would be.
    other = "http://localhost:%s/open" % address.rpartition(":")[2]
    dummy, source = fetch.fetch(
        pins(), PATH, str(tmp_path / "cache"), mirrors=["http://%s%s/to/%s" % (login, address, other)]
    )
    assert [host for host, path, authorization in asked] == [address, other.split("/")[2]]
    assert asked[1][2] is None and SECRET not in source


@pytest.mark.parametrize(
    "mirrors",
    [
        ["http://user:s3cret@NOBODY/x"],
        ["http://s3cret@NOBODY"],
        ["http://user:s3cret:s3cret@NOBODY"],
        ["http://user:s3cret/s3cret@NOBODY"],
        ["http://user:s3cret?s3cret@NOBODY/"],
        ["http://user:s3cret#s3cret@NOBODY/"],
        ["http://user:p@s3cret@NOBODY"],
        ["http://user:s3cret s3cret@NOBODY"],
        ["http://user:s3cret@NOBODY:port/"],
        ["gopher://user:s3cret@NOBODY"],
        ["http://user:s3cret@[::1/"],
        ["http://NOBODY/x?token=s3cret&", "http://user:s3cret@PRIVATE/to/file:///"],
        ["http://NOBODY/#s3cret"],
        ["http://user:s3cret@PRIVATE/nonsense"],
        ["http://user:s3cret@PRIVATE/negotiate"],
        ["http://PRIVATE/to/gopher://user:s3cret@NOBODY"],
        ["http://PRIVATE/to/http://user:s3cret@NOBODY"],
    ],
)
def test_no_message_has_credentials(tmp_path, private, nobody, mirrors):
    netrc_file(tmp_path, "machine example.com login user password %s\n" % SECRET)
    mirrors = [mirror.replace("NOBODY", nobody.split("//")[1]).replace("PRIVATE", private[0]) for mirror in mirrors]
    with pytest.raises(fetch.ArtifactError) as error:
        fetch.fetch(pins(), PATH, str(tmp_path / "cache"), mirrors=mirrors, timeout=5)
    told = str(error.value)
    assert told.startswith("cannot get librknnrt.so: tried ") and SECRET not in told and told.isprintable()


@pytest.mark.parametrize("variable", ["http_proxy", "https_proxy"])
@pytest.mark.parametrize(
    "proxy",
    ["http://user:s3cret@NOBODY", "http:user:s3cret", "http://user:s3cret@127.0.0.1:s3cret", "http://user:s3cret@[::1"],
)
def test_no_message_has_the_password_of_a_proxy(tmp_path, private, nobody, monkeypatch, variable, proxy):
    monkeypatch.setenv(variable, proxy.replace("NOBODY", nobody.split("//")[1]))
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(fetch.ArtifactError) as error:
        fetch.fetch(
            pins(), PATH, str(tmp_path / "cache"), mirrors=["%s://127.0.0.1:9/x" % variable.partition("_")[0]],
            timeout=5,
        )
    assert SECRET not in str(error.value) and "://127.0.0.1:9/x/" in str(error.value)


@pytest.mark.parametrize(
    "text, mode",
    [
        ("machine x login y password z s3cret\n", 0o600),
        ("s3cret\n", 0o600),
        ("machine 127.0.0.1 login user password s3cret\n", 0o644),
    ],
)
def test_an_unusable_netrc_is_reported_and_not_shown(tmp_path, private, text, mode):
    netrc_file(tmp_path, text, mode)
    with pytest.raises(
        fetch.ArtifactError,
        match=r"the \.netrc file cannot be used: its syntax is wrong( in line [12])?, or others can read it",
    ) as error:
        fetch.fetch(pins(), PATH, str(tmp_path / "cache"), mirrors=["http://" + private[0]])
    assert SECRET not in str(error.value)


def test_a_mirror_without_a_scheme_is_not_a_file(tmp_path):
    with pytest.raises(fetch.ArtifactError, match="a mirror is not a URL such as https://mirror.example.com") as error:
        fetch.fetch(pins(), PATH, str(tmp_path / "cache"), mirrors=["user:s3cret@mirror.example.com/x"])
    assert SECRET not in str(error.value)


def test_a_token_in_a_url_is_not_in_file_names_or_messages(tmp_path, monkeypatch):
    url = "https://user:s3cret@files.example.com/npu/librknnrt.so?token=s3cret/s3cret#s3cret"
    asked = []
    monkeypatch.setattr(fetch, "open_url", lambda source, timeout: asked.append(source) or io.BytesIO(CONTENT))
    path, source = fetch.fetch(pins(), url, str(tmp_path / "cache"))
    assert (
        asked == [url] and path.endswith("/librknnrt.so") and SECRET not in path
        and source == "https://files.example.com/npu/librknnrt.so?***"
    )
    for content, given in (
        (b"other", url),
        (CONTENT, "https://user:s3cret@files.example.com/../x?s3cret"),
        (CONTENT, "https://user:s3cret@/"),
        (CONTENT, "http://user:s3cret@files.example.com/x"),
        (CONTENT, "https://user:s3cret@h/?token=s3cret"),
    ):
        with pytest.raises(fetch.ArtifactError) as error:
            fetch.fetch(pins(content), given, str(tmp_path / "cache"))
        assert SECRET not in str(error.value)
    with pytest.raises(fetch.ArtifactError, match="no pinned checksum") as error:
        fetch.fetch({}, url, str(tmp_path / "cache"))
    assert SECRET not in str(error.value)


# -- a cache that others can write to, and what is read once --

@pytest.mark.parametrize("which", ["", "artifacts", "artifacts/DIGEST"])
def test_a_cache_that_others_can_write_to_is_refused(tmp_path, mirror, which):
    cache = tmp_path / "cache"
    fetch.fetch(pins(), PATH, str(cache), mirrors=[mirror])
    folder = cache / which.replace("DIGEST", pins()["sha256"])
    folder.chmod(0o777)
    for keep in (True, False):
        with pytest.raises(
            fetch.ArtifactError,
            match="other users can write to npu_cache_dir .* has mode 0777 .* or set npu_cache_dir to",
        ):
            fetch.fetch(pins(), PATH, str(cache), mirrors=[mirror], keep=keep)
    folder.chmod(0o755)
    assert fetch.fetch(pins(), PATH, str(cache), mirrors=[mirror])[1] == "cache"


def test_a_cache_in_a_folder_of_others_is_refused_unless_it_is_sticky(tmp_path, mirror):
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o777)
    with pytest.raises(fetch.ArtifactError, match="/shared has mode 0777"):
        fetch.fetch(pins(), PATH, str(tmp_path / "shared/cache"), mirrors=[mirror])
    assert not (tmp_path / "shared/cache").exists()
    (tmp_path / "shared").chmod(0o1777)
    assert fetch.fetch(pins(), PATH, str(tmp_path / "shared/cache"), mirrors=[mirror])


@pytest.mark.parametrize("group, members, refused", [
    (0, [], False), (4711, [], False), (4711, ["admin"], False), (4711, ["admin", "eve"], True), (4712, [], True)])
def test_a_group_without_other_members_may_write(tmp_path, monkeypatch, group, members, refused):
    """The group that a system makes for each user, and root's, which is the one of many containers."""
    entries = {0: ("root", []), 4711: ("admin", members), 4712: ("staff", [])}
    monkeypatch.setattr(_private.pwd, "getpwuid", lambda number: types.SimpleNamespace(pw_name="admin", pw_gid=4711))
    monkeypatch.setattr(
        _private.grp, "getgrgid",
        lambda number: types.SimpleNamespace(gr_name=entries[number][0], gr_gid=number, gr_mem=entries[number][1]),
    )
    tmp_path.chmod(0o770)
    real = os.stat

    def stat(path, **more):
        there = real(path, **more)
        return (
            types.SimpleNamespace(st_mode=there.st_mode, st_uid=there.st_uid, st_gid=group)
            if str(path) == str(tmp_path) else there
        )

    monkeypatch.setattr(_private.os, "stat", stat)
    assert bool(_private.others_can_write(str(tmp_path))) == refused
    assert _private.others_can_write(str(tmp_path), strict=True)


def test_a_file_is_read_once_and_is_what_is_pinned(tmp_path):
    path = tmp_path / "librknnrt.so"
    path.write_bytes(CONTENT)
    blob = hashlib.sha1(b"blob %d\0" % len(CONTENT) + CONTENT).hexdigest()
    for given in (
        None, {}, pins(), {"git_blob": blob.upper()}, {"sha256": pins()["sha256"].upper()}, pins(git_blob="0" * 40),
    ):
        assert fetch.read(str(path), given) == CONTENT
    path.write_bytes(CONTENT.swapcase())
    for given, wanted in ((pins(), pins()["sha256"]), ({"git_blob": blob}, blob)):
        with pytest.raises(
            fetch.ArtifactError, match="librknnrt.so has been changed: .*, pinned is %s; it was not used" % wanted
        ):
            fetch.read(str(path), given)
    with pytest.raises(fetch.ArtifactError, match="larger than 3 bytes"):
        fetch.read(str(path), dict(pins(), size=3))


def test_a_file_swapped_in_the_cache_is_not_used(tmp_path, mirror):
    file, dummy = fetch.fetch(pins(), PATH, str(tmp_path / "cache"), mirrors=[mirror])
    (tmp_path / "run").mkdir()
    copy = fetch.private_copy(file, pins(), str(tmp_path / "run"))
    with open(file, "wb") as stream:
        stream.write(CONTENT.swapcase())
    with open(copy, "rb") as stream:
        assert stream.read() == CONTENT
    assert (
        copy.startswith(str(tmp_path / "run")) and os.path.basename(copy) == "librknnrt.so"
        and os.stat(copy).st_mode & 0o777 == 0o600
    )
    with pytest.raises(fetch.ArtifactError, match="has been changed"):
        fetch.private_copy(file, pins(), str(tmp_path / "run"))
