# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The functions of a program on the standard input of a board's Python: see plugins/plugin_utils/_action/payload.py."""

from __future__ import annotations

import binascii
import json
import os
import shutil
import signal
import sys
import syslog

from . import _runtime_install
from ._board.paths import STATE_DIR
from ._board.tree import clean
from ._boot import configure
from ._dkms import headers_match
from ._dkms import steps as dkms_steps
from ._facts.gather import gather
from ._facts.installed import apt_kernels
from ._facts.still_tree import StillTree
from ._inference import record as _record
from ._inference import verify
from ._recording import recorder
from ._transaction import steps


def facts(params):
    """Return the facts of a board. Its repositories are only queried if its driver is not the wanted one."""
    tree = StillTree(**params["tree"])
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
    try:
        return {"proof": verify.run(_with_paths(params), params["keep"], sent)}
    except verify.VerificationError as error:
        return {"proof": {"failed": True, "msg": str(error)}}


def record(params):
    """Record the last verification on the board like module npu_record."""
    return {"record": _record.put(**params["arguments"])}


def npu_boot(params):
    """Configure how the board starts its driver like module npu_boot."""
    return _answer_of("npu_boot", configure.run, configure.INTERNAL, params)


def npu_dkms(params):
    """Build and install a driver, or remove it, like module npu_dkms."""
    return _answer_of("npu_dkms", dkms_steps.run, dkms_steps.INTERNAL, params)


def npu_runtime(params):
    """Install a runtime like module npu_runtime."""
    return _answer_of("npu_runtime", _runtime_install.run, _runtime_install.INTERNAL, params)


def npu_transaction(params):
    """Do a step of an upgrade like module npu_transaction."""
    return _answer_of("npu_transaction", steps.run, steps.INTERNAL, params)


class _Ended(SystemExit):
    """The end of a task, with its result; like that of a module, code that handles errors does not catch it."""


class _Task:
    """As much of AnsibleModule as the tasks of this collection need; the controller has validated their arguments."""

    def __init__(self, name, check_mode, facility):
        self.check_mode, self.facility = check_mode, facility
        if facility:
            syslog.openlog("ansible-rkfleet.npu." + name, 0, getattr(syslog, facility, syslog.LOG_USER))

    def exit_json(self, **result):
        """End the task."""
        raise _Ended(result)

    def fail_json(self, msg, **result):
        """End the task as failed."""
        raise _Ended(dict(result, failed=True, msg=msg))

    def log(self, text):
        """Write a line to the board's log, unless Ansible is set to write none."""
        if self.facility:
            syslog.syslog(syslog.LOG_INFO, text)

    def get_bin_path(self, name, required=False, opt_dirs=()):
        """Return the path of a program, also of one in a folder for root; None if it is missing."""
        folders = [*opt_dirs, os.environ.get("PATH", os.defpath), "/sbin", "/usr/sbin", "/usr/local/sbin"]
        path = shutil.which(name, path=os.pathsep.join(folders))
        if required and not path:
            self.fail_json("the board has no program %s" % name)
        return path

    def run_command(self, words, check_rc=False):
        """Return `(rc, stdout, stderr)` of a command; the task fails if the program is missing."""
        if not shutil.which(words[0]):
            self.fail_json("the board has no program %s" % words[0])
        rc, out, err = _run(words)
        if rc and check_rc:
            self.fail_json("%s ended with code %d: %s" % (words[0], rc, (err or out).strip()[:500]), rc=rc)
        return rc, out, err


def _answer_of(name, run, internal, params):
    """Return what a task ends with. The board's log has its arguments, as of a module.

    Args:
        internal: its parameters that no option sets.
        params: `check_mode`, `log` (the facility, empty for no log), `arguments` and the names of those that are
            `paths` on the board.
    """
    arguments = dict(internal, **_with_paths(params))
    task = _Task(name, params["check_mode"], params["log"])
    given = ["%s=%s" % (key, clean(str(value))) for key, value in arguments.items() if key not in internal]
    task.log("Invoked with " + " ".join(given))
    try:
        run(task, arguments)
    except _Ended as ended:
        return {"answer": ended.args[0]}
    raise ValueError("the task returned nothing")


def _with_paths(params):
    """Return the arguments with the board's own paths expanded."""
    return dict(params["arguments"], **{name: _expanded(params["arguments"][name]) for name in params["paths"]})


def _expanded(value):
    if isinstance(value, list):
        return [_expanded(item) for item in value]
    return value and os.path.expanduser(os.path.expandvars(value))


def _run(words):
    """Return `(rc, stdout, stderr)` of a command like AnsibleModule.run_command, which is not available here."""
    # In memory: nothing is written on the board, and no pipe can be full.
    files = [os.memfd_create(name) for name in ("stdout", "stderr")]
    pid = os.fork()
    if not pid:
        try:
            for number, handle in enumerate([os.open(os.devnull, os.O_RDONLY)] + files):
                os.dup2(handle, number)
            # Python ignores these, and what a shell script starts would, too.
            for ignored in (signal.SIGPIPE, signal.SIGXFSZ):
                signal.signal(ignored, signal.SIG_DFL)
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
    # A board that hangs on a file must not hold up all the others. What changes the board must not be cut off.
    signal.alarm(params["seconds"] or 0)
    try:
        answer = globals()[function](params)
    except Exception as error:  # pylint: disable=broad-exception-caught
        answer = {"error": "%s: %s" % (type(error).__name__, error)}
    answer["python"] = sys.executable
    sys.stdout.write("\n%s%s%s\n" % (params["marker"], json.dumps(answer), params["marker"]))
    sys.stdout.flush()
    # Nothing is left to do. Python would free each object.
    os._exit(0)
