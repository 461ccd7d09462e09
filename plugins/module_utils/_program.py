# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The functions of a program on the standard input of a board's Python: see plugins/plugin_utils/_action/payload.py."""

from __future__ import annotations

import binascii
import json
import os
import signal
import sys

from ._board.paths import STATE_DIR
from ._board.tree import Tree
from ._dkms import headers_match
from ._facts.gather import gather
from ._facts.installed import apt_kernels
from ._inference import record as _record
from ._inference import verify
from ._recording import recorder


def facts(params):
    """Return the facts of a board. Its repositories are only queried if its driver is not the wanted one."""
    tree = Tree(**params["tree"])
    facts_of_board = gather(tree)
    asked = params["ask_repository"] or facts_of_board["driver"]["version"] != params["driver_version"]
    if tree.live and asked:
        facts_of_board["repository"] = apt_kernels.read(tree, lambda: apt_kernels.apt_kernels(_run))
        apt_kernels.add_candidates(tree, facts_of_board, _run)
    # Paths on this machine, which differ from the board's in a recorded tree.
    library = facts_of_board["runtime"]["path"]
    return {"facts": facts_of_board, "asked": asked, "library": library and tree.real(library),
            "state_dir": tree.real(STATE_DIR)}


def recording(params):
    """Return the facts of a board and what they were read from."""
    tree = recorder.Recorder(params["rules"], **params["tree"])
    return {"recording": recorder.record(tree, _run if tree.live else None)}


def headers(params):
    """Return the number of symbol versions that prove installed headers, 0 if nothing is proven."""
    return {"symbols": headers_match.proven(_run, params["release"])}


def proof(params):
    """Return the result of MobileNet like module rknn_mobilenet; `missing` if the board lacks model or picture."""
    sent = dict((name, binascii.a2b_base64(text)) for name, text in params["sent"].items())
    return {"proof": verify.run(params["arguments"], params["keep"], sent)}


def record(params):
    """Record the last verification on the board like module npu_record."""
    return {"record": _record.put(**params["arguments"])}


def _run(words):
    """Return `(rc, stdout, stderr)` of a command like AnsibleModule.run_command, which is not available here."""
    # In memory: nothing is written on the board, and no pipe can be full.
    files = [os.memfd_create(name) for name in ("stdout", "stderr")]
    pid = os.fork()
    if not pid:
        try:
            for number, handle in enumerate([os.open(os.devnull, os.O_RDONLY)] + files):
                os.dup2(handle, number)
            os.execvp(words[0], words)
        finally:
            os._exit(127)
    rc = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    outputs = []
    for handle in files:
        os.lseek(handle, 0, os.SEEK_SET)
        with open(handle, "rb") as stream:
            outputs.append(stream.read().decode("utf-8", "replace"))
    return rc, outputs[0], outputs[1]


def main(function, text):
    """Call a function and print its result between two markers, to find it in the output of a login."""
    params = json.loads(text)
    # A board that hangs on a file must not hold up all the others.
    signal.alarm(params["seconds"])
    try:
        answer = globals()[function](params)
    except Exception as error:  # pylint: disable=broad-exception-caught
        answer = {"error": "%s: %s" % (type(error).__name__, error)}
    answer["python"] = sys.executable
    sys.stdout.write("\n%s%s%s\n" % (params["marker"], json.dumps(answer), params["marker"]))
