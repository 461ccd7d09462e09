# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Debian's Chromium without a screen, told what to do by its DevTools protocol through a pair of pipes: no driver, no port, nothing else to install."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time

# The last ones keep it from asking hosts of its maker's for anything.
FLAGS = (
    "--headless=new", "--remote-debugging-pipe", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run",
    "--no-default-browser-check", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
    "--disable-domain-reliability", "--disable-features=OptimizationHints,MediaRouter,Translate", "--host-resolver-rules=MAP * ~NOTFOUND",
)
TIMEOUT = 120  # a machine that also runs emulated boards may take its time
KEYS = {"Enter": (13, "\r"), "Tab": (9, ""), "Space": (32, " ")}


class Browser:
    """A running Chromium."""

    def __init__(self, folder):
        program = shutil.which("chromium")
        assert program, "the tests of the report need Chromium: make host installs it on Debian; on Ubuntu it is snap install chromium"
        read, self._write = os.pipe()
        self._read, write = os.pipe()
        command = [program, *FLAGS, "--user-data-dir=%s" % folder, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        # The protocol wants the numbers 3 and 4.
        script = 'exec 3<&%d 4>&%d && exec "$@"' % (read, write)
        with open(os.path.join(str(folder) + ".log"), "wb") as log:
            self._process = subprocess.Popen(
                ["bash", "-c", script, "chromium", *command], pass_fds=(read, write), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        os.close(read)
        os.close(write)
        self._number, self._rest, self.events = 0, b"", []

    def close(self):
        """End it, and wait until it has ended."""
        try:
            self.send("Browser.close")
            self._process.wait(TIMEOUT)
        except (AssertionError, OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        os.close(self._read)
        os.close(self._write)

    def send(self, method, session=None, **params):
        """Call a method of the protocol and return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params, **({"sessionId": session} if session else {})}
        os.write(self._write, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + TIMEOUT
        while True:
            answer = self._receive(deadline, method)
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer)
                return answer["result"]
            self.events.append(answer)

    def wait_for(self, method, session):
        """Wait for an event of a page and return what it says."""
        deadline = time.monotonic() + TIMEOUT
        while True:
            for event in self.events:
                if event.get("method") == method and event.get("sessionId") == session:
                    self.events.remove(event)
                    return event["params"]
            self.events.append(self._receive(deadline, method))

    def page(self, url, **settings):
        """Open a page, wait until it is there, and return it."""
        return Page(self, url, **settings)

    def _receive(self, deadline, what):
        while b"\0" not in self._rest:
            ready = select.select([self._read], [], [], max(0, deadline - time.monotonic()))[0]
            assert ready, "Chromium does not answer to %s" % what
            chunk = os.read(self._read, 1 << 20)
            assert chunk, "Chromium has ended, exit code %s" % self._process.wait(TIMEOUT)
            self._rest += chunk
        message, unused, self._rest = self._rest.partition(b"\0")
        return json.loads(message)


class Page:
    """A page of its own, at a width and height in CSS pixels."""

    def __init__(self, browser, url, width=1280, height=900, dark=False, phone=False, script=True, before="", media=""):
        self._browser = browser
        self.target = browser.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = browser.send("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(domain + ".enable")
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2 if phone else 1, mobile=phone)
        self.send("Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.send("Emulation.setScriptExecutionDisabled", value=not script)
        if before:
            self.send("Page.addScriptToEvaluateOnNewDocument", source=before)
        self.send("Page.navigate", url=url)
        browser.wait_for("Page.loadEventFired", self._session)

    def send(self, method, **params):
        """Call a method of the protocol for this page."""
        return self._browser.send(method, self._session, **params)

    def events(self, method):
        """Return what events of a kind this page has had said so far."""
        self.send("Runtime.evaluate", expression="0")
        return [event["params"] for event in self._browser.events if event.get("method") == method and event.get("sessionId") == self._session]

    def run(self, script):
        """Evaluate an expression in the page and return its value."""
        answer = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def key(self, name):
        """Press a key."""
        code, text = KEYS[name]
        common = {"key": text if name == "Space" else name, "code": name, "windowsVirtualKeyCode": code}
        self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        self.send("Input.dispatchKeyEvent", type="keyUp", **common)

    def type(self, text):
        """Type a text into what has the focus."""
        self.send("Input.insertText", text=text)

    def accessibility(self):
        """Return what a screen reader is told, as C((role, name, properties))."""
        # Switched on only here: to keep that tree up to date takes longer than all else.
        self.send("Accessibility.enable")
        nodes = self.send("Accessibility.getFullAXTree")["nodes"]
        self.send("Accessibility.disable")
        told = []
        for node in nodes:
            if not node.get("ignored"):
                properties = {each["name"]: each["value"].get("value") for each in node.get("properties", [])}
                told.append((node["role"]["value"], (node.get("name") or {}).get("value", ""), properties))
        return told

    def screenshot(self, path, whole=False):
        """Write what can be seen to a PNG file."""
        clip = {}
        if whole:
            size = self.send("Page.getLayoutMetrics")["cssContentSize"]
            clip = {"captureBeyondViewport": True, "clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}}
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot", format="png", **clip)["data"]))

    def close(self):
        """Close it."""
        self._browser.send("Target.closeTarget", targetId=self.target)
