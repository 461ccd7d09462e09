# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Fetching by pinned digest: where from, in which order, and what is refused."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import multiprocessing
import re
import socketserver
import threading
import time

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._artifact import fetch
from stand_ins.fetch_mirror import CONTENT, PATH, pins


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


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture(params=[(b"", b"H"), (OK, b"x"), (b"", b"HTTP/1.1 100 Continue\r\n\r\n"), (OK + b"\r\n", b"x"),
                        (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0")],
                ids=["status", "header", "continue", "content", "chunk"])
def dripping(request, monkeypatch):
    """A mirror that sends a bit now and then, for ever; and the number of its connections."""
    begins, bit = request.param

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            server.connections += 1
            with contextlib.suppress(OSError):
                self.request.sendall(begins)
                while server.connections < 100:
                    self.request.sendall(bit)
                    time.sleep(0.1)

    monkeypatch.setattr(fetch, "LONGEST", 1)
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.connections, server.daemon_threads = 0, True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.connections = 100  # all end, whoever still has them open
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_slow_mirror_does_not_block_the_run(tmp_path, dripping):
    slow = "http://127.0.0.1:%d" % dripping.server_address[1]
    told = re.escape("cannot get librknnrt.so: tried %s/%s (it takes longer than 1 s)" % (slow, PATH))
    with pytest.raises(fetch.ArtifactError, match=told):
        fetch.fetch(dict(pins(), size=1 << 20), PATH, str(tmp_path), mirrors=[slow])


@pytest.mark.parametrize("dripping", [(b"", b"H")], indirect=True)
def test_after_a_slow_mirror_the_next_one_is_asked(tmp_path, mirror, dripping, monkeypatch):
    monkeypatch.setattr(fetch, "LONGEST", 5)
    slow = "http://127.0.0.1:%d" % dripping.server_address[1]
    assert fetch.fetch(pins(), PATH, str(tmp_path), mirrors=[slow, mirror])[1] == mirror + "/" + PATH


@pytest.mark.parametrize("dripping", [(b"", b"H")], indirect=True)
def test_boards_do_not_wait_for_a_slow_mirror_one_after_the_other(tmp_path, mirror, dripping, monkeypatch):
    slow, forked = "http://127.0.0.1:%d" % dripping.server_address[1], multiprocessing.get_context("fork")
    began = forked.Barrier(6)

    def worker():
        began.wait(30)
        with pytest.raises(fetch.ArtifactError, match="tried %s.* .it takes longer than 1 s" % slow):
            fetch.fetch(pins(), PATH, str(tmp_path), mirrors=[slow])

    workers = [forked.Process(target=worker) for number in range(5)]
    folder = tmp_path / "artifacts" / pins()["sha256"]
    folder.mkdir(parents=True)
    with open(folder / ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for one in workers:
            one.start()
        began.wait(30)
        time.sleep(1)  # all wait for the lock, on a busy machine, too
        fcntl.flock(lock, fcntl.LOCK_UN)  # those that were forked have it open
    for one in workers:
        one.join()
    assert [one.exitcode for one in workers] == [0] * 5 and dripping.connections == 1
    # What failed before a board began is tried again, and one that waits is not refused what other mirrors have.
    began = forked.Barrier(1)
    again = forked.Process(target=worker)
    again.start()
    while dripping.connections == 1:
        time.sleep(0.01)
    monkeypatch.setattr(fetch, "LONGEST", 60)
    assert fetch.fetch(pins(), PATH, str(tmp_path), mirrors=[mirror])[1] == mirror + "/" + PATH
    again.join()
    assert again.exitcode == 0


def test_a_server_that_does_not_answer(tmp_path, nobody):
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


def test_check_mode_stores_nothing_in_the_cache(tmp_path, mirror):
    path, dummy = fetch.fetch(pins(), PATH, str(tmp_path / "cache"), mirrors=[mirror], keep_in=str(tmp_path / "run"))
    assert path.startswith(str(tmp_path / "run")) and path.endswith("librknnrt.so")
    assert not (tmp_path / "cache").exists()


def test_check_mode_detects_wrong_content(tmp_path, mirror):
    wrong = dict(pins(b"other"), size=0)
    with pytest.raises(fetch.ArtifactError, match="pinned is"):
        fetch.fetch(wrong, PATH, str(tmp_path / "cache"), mirrors=[mirror], keep_in=str(tmp_path))
