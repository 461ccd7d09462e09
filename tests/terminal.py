# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Commands on a real terminal (a pty) whose screen is read back by an emulator."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

import pyte

# Where a live line of the callback ends.
LIVE_ENDS = rb"(?<=\x1b\[\?7h)"


class Terminal:
    """A command on a terminal: *screen* as it is now, *raw* what was written to it, *frames* what its last line with text said, each once in a row."""

    def __init__(self, argv, env, columns=120, rows=40, canvas=None):
        # With a wider canvas than it has columns, the screen shows long lines as they are.
        self.screen, self.raw, self.frames, self.code = pyte.Screen(canvas or columns, rows), b"", [], None
        self._stream = pyte.ByteStream(self.screen)
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            try:
                os.execvpe(argv[0], argv, env)
            finally:
                os._exit(127)
        self._window(columns, rows)

    def resize(self, columns, rows=40) -> None:
        """Make the window another size."""
        self._window(columns, rows)
        self.screen.resize(rows, columns)

    def _window(self, columns, rows):
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text: bytes) -> None:
        """Type."""
        os.write(self._fd, text)

    def lines(self) -> list[str]:
        """The screen's lines, without what is empty below them."""
        lines = [self._line(row) for row in range(max(self.screen.buffer, default=-1) + 1)]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def _line(self, row) -> str:
        # Of what was written only: pyte's own display is of all cells of a screen that may have half a million.
        cells = self.screen.buffer.get(row, {})
        return "".join(cells[column].data if column in cells else " " for column in range(max(cells, default=-1) + 1)).rstrip()

    def _last(self) -> str:
        return next(filter(None, map(self._line, sorted(self.screen.buffer, reverse=True))), "")

    def until(self, says=None, limit=120) -> bool:
        """Read until *says*, a function of the last line, is true, or else to the end; whether it was."""
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline:
            if not select.select([self._fd], [], [], 0.2)[0]:
                continue
            try:
                data = os.read(self._fd, 65536)
            except OSError:
                data = b""
            if not data:
                self._reap()
                return False
            self.raw += data
            said = False
            # On a busy machine several live lines come at once.
            for piece in re.split(LIVE_ENDS, data):
                self._stream.feed(piece)
                last = self._last()
                if self.frames[-1:] != [last]:
                    self.frames.append(last)
                said = said or bool(says and says(last))
            if said:
                return True
        raise AssertionError("it takes too long:\n" + "\n".join(self.lines()))

    def close(self) -> None:
        """End it, if it still runs; ansible-playbook is asked, as it has children to tell."""
        if self.code is not None:
            return
        os.kill(self.pid, signal.SIGTERM)
        try:
            self.until(limit=10)
        except AssertionError:
            os.kill(self.pid, signal.SIGKILL)
            self._reap()

    def _reap(self):
        self.code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self._fd)
