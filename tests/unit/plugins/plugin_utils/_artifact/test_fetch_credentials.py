# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Passwords of mirrors and proxies are used and shown nowhere."""

from __future__ import annotations

import base64
import functools
import http.server
import io
import threading

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._artifact import fetch
from stand_ins.fetch_mirror import CONTENT, PATH, pins

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
