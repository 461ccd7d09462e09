# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who has the NPU open: the systemd unit or container of a process, and how it is stopped. Pure functions.

The paths of its cgroups (with cgroup v1 one for each controller) name its unit, and its container in the way of the
container's manager. Where containers are nested, the outermost one counts: the host can stop that.
"""

from __future__ import annotations

import re
import shlex

from ...module_utils._board.tree import clean
from ...module_utils._facts.holders import told

# A word is no option of the command that is recommended.
_ID, _WORD = r"([0-9a-f]{4,64})", r"(\w[\w.@:\\-]{0,199})"
_CONTAINERS = (
    ("docker", rf"docker-{_ID}\.scope\Z"),
    ("podman", rf"libpod-(?:payload-|conmon-)?{_ID}(?:\.scope)?\Z"),
    ("containerd", rf"(?:.*:)?cri-containerd[-:]{_ID}(?:\.scope)?\Z"),
    ("containerd", rf"nerdctl-{_ID}\.scope\Z"),
    ("crio", rf"crio-(?:conmon-)?{_ID}(?:\.scope)?\Z"),
    ("lxc", rf"lxc\.(?:payload|monitor)\.{_WORD}\Z"),
    ("nspawn", rf"systemd-nspawn@{_WORD}\.service\Z"),
)
# Of any manager: the identifiers of OCI containers have 64 digits.
_ANY = re.compile(r"(?:.*[-:])?([0-9a-f]{64})(?:\.scope)?\Z")
_FOLDERS = {"docker": "docker", "libpod_parent": "podman", "lxc": "lxc", "lxc.payload": "lxc", "lxc.monitor": "lxc",
            "machine.slice": "nspawn", "default": "containerd", "k8s.io": "containerd"}
"""Folders whose subfolders are containers by their names, in hierarchies without systemd's scopes."""
_NAMES = {"lxc": rf"{_WORD}\Z", "nspawn": rf"machine-{_WORD}\.scope\Z"}
_POD = re.compile(r"(?:.*-)?pod([0-9a-f][0-9a-f_-]{6,40})(?:\.slice)?(?:\Z|:)")
_UNIT = re.compile(rf"{_WORD}\.(?:service|scope)\Z")
_OWNER = re.compile(r"/user-(\d{1,10})\.slice/")
# What somebody starts by hand or by cron is in these, where PAM makes no session, as on DietPi.
# Stopping them ends no such program, but the access to the board.
_LOGIN = re.compile(r"(?:sshd?|dropbear|telnetd|x?inetd|\S*getty|login|cron|crond|anacron|atd|user|containerd|docker|"
                    r"dbus|dbus-broker|systemd-\w+)(?:@.*)?\.service\Z")
MOST_SHOWN = 5


def complete(processes):
    """Return the processes of holders() with `unit`, `container` and `manager`, each a name or None.

    `manager` is `docker`, `podman`, `containerd`, `crio`, `k3s`, `kubernetes`, `lxc`, `nspawn`, or None also for a
    container of an unknown one.
    """
    return [dict(process, **owner(process.get("cgroups") or ())) for process in processes or ()]


def owner(cgroups):
    """Return `{unit, container, manager}` by the paths of a process's cgroups."""
    found = [_in_path([part for part in path.split("/") if part]) for path in cgroups]
    found.sort(key=lambda item: (item["container"] is None, item["manager"] is None, item["unit"] is None))
    best = found[0] if found else {"unit": None, "container": None, "manager": None}
    units = [item["unit"] for item in found if item["unit"]]
    return best if best["unit"] or best["container"] or not units else dict(best, unit=units[0])


def _in_path(parts):
    unit = container = manager = None
    for number, part in enumerate(parts):
        if _UNIT.match(part):
            unit = part
        container, manager = _container(part, parts[number - 1] if number else "")
        if container:
            break
    if container and any(part.startswith("kubepods") for part in parts) and manager in (None, "kubernetes"):
        manager = "kubernetes"
    if container and any(part.startswith("k3s") for part in parts):
        manager = "k3s"
    if container:
        # As all managers accept them.
        container = container[:12] if re.match(_ID + r"\Z", container) else container[:64]
    return {"unit": unit, "container": container, "manager": manager}


def _container(part, above):
    for manager, pattern in _CONTAINERS:
        match = re.match(pattern, part)
        if match:
            return match.group(1), manager
    manager = _FOLDERS.get(above)
    if manager:
        match = re.match(_NAMES.get(manager, _ID + r"\Z"), part)
        if match:
            # systemd writes a hyphen of a machine's name so.
            return match.group(match.lastindex or 0).replace(r"\x2d", "-"), manager
    if _POD.match(above) and re.match(_ID + r"\Z", part):
        return part, "kubernetes"
    match = _ANY.match(part)
    return (match.group(1), None) if match else (None, None)


def _is_pod(user):
    return any("kubepods" in path for path in user.get("cgroups") or ())


def _user_id(user):
    """Return the number of the user whose service manager or containers they are, or None."""
    ids = {match.group(1) for match in map(_OWNER.search, user.get("cgroups") or ()) if match}
    return ids.pop() if len(ids) == 1 else None


def _service(user):
    """Return the systemd unit that ends a process when it is stopped, or None."""
    unit = user.get("unit") or ""
    return unit if unit.endswith(".service") and not _LOGIN.match(unit) else None


def named(user):
    """Return a process in words: `llama-server (pid 812, llama.service)`."""
    where, manager = user.get("unit"), user.get("manager")
    if user.get("container"):
        where = "{}container {}".format(f"{manager} " if manager else "", user["container"])
    return "{} (pid {}{})".format(user["name"], user["pid"], f", {where}" if where else "")


def describe(users):
    """Return these processes in words, the first of many."""
    more = len(users) - MOST_SHOWN
    return ", ".join(map(named, users[:MOST_SHOWN])) + (f" and {more} more" if more > 0 else "")


def stop_command(user):
    """Return the command that stops what a process belongs to."""
    container, manager, unit = user.get("container"), user.get("manager"), _service(user)
    user_id = _user_id(user)
    if manager == "podman" and unit:
        manager = container = None  # systemd runs the container, and would start it again
    if container and (_is_pod(user) or manager in ("kubernetes", "k3s")):
        return "{} scale --replicas=0 WORKLOAD for the pod of container {} (what is only stopped is restarted)".format(
            "k3s kubectl" if manager == "k3s" else "kubectl (on k3s: k3s kubectl)", container)
    if container:
        command = {"docker": "docker stop %s", "podman": "podman stop %s", "containerd": "nerdctl stop %s",
                   "crio": "crictl stop %s", "lxc": "lxc-stop -n %s", "nspawn": "machinectl poweroff %s"}.get(manager)
        command = command % container if command else "kill {}".format(user["pid"])
        if manager == "lxc" and not user_id:
            # Cgroups do not tell LXC, LXD, Incus and Proxmox apart, and lxc-stop knows no containers of LXD and Incus.
            command += (f" (Proxmox: pct stop {container})" if container.isdigit()
                        else f" (LXD: lxc stop {container}, Incus: incus stop {container})")
        return command + (f" as user {user_id}" if user_id and manager not in (None, "nspawn") else "")
    if unit:
        name = shlex.quote(unit)
        return f"systemctl --user stop {name} as user {user_id}" if user_id else f"systemctl stop {name}"
    return "kill {}".format(user["pid"])


def how_to_stop(users):
    """Return the commands that stop these processes, each once, the first of many."""
    return "; ".join(list(dict.fromkeys(map(stop_command, users)))[:MOST_SHOWN])


def refusal(users):
    """Return `(what is wrong, what to do)` where these processes are in the way, each without a full stop."""
    units = [user["unit"] for user in users if not user.get("container") and not _user_id(user) and _service(user)]
    named_units = ", ".join(dict.fromkeys(units)) or "its service"
    return (f"the NPU is in use by {describe(users)}",
            f"stop it ({how_to_stop(users)}), add {named_units} to npu_services, or set npu_force to true")


def explained(answer):
    """Return the answer of a module that met users of the NPU, with unit, container and command, without `in_use`.

    Args:
        answer: validated, with `in_use` as holders() returns them, where the module has refused because of them.
    """
    users = complete(answer.pop("in_use", None))
    if not users:
        return answer
    plain, better = told(users), {}
    for key in ("msg", "evidence", "remedy"):
        text = answer.get(key)
        if text:
            text = text.replace(plain, describe(users)).replace("stop it", f"stop it ({how_to_stop(users)})", 1)
            better[key] = clean(text, 2000)
    return {**answer, **better}
