# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The inventory of running boards, for Ansible."""

from __future__ import annotations

import json

from . import boards

HEADER = """\
# SPDX-License-Identifier: GPL-3.0-or-later
# Written by tests/lab/lab; the next `up` or `down` writes it again.
# EMULATED or light boards. What npu_mirror serves are stand-ins, not the vendor's files: npu_compatibility holds their hashes.
---
"""


def data(ports: dict[str, int], mirror: str, compatibility: dict) -> dict:
    """The inventory as plain data. *ports*: board → ssh port on 127.0.0.1."""
    return {
        "all": {
            "children": {
                "lab": {
                    "hosts": {name: {"ansible_port": port} for name, port in ports.items()},
                    "vars": {
                        "ansible_host": "127.0.0.1",
                        **_ssh("known_hosts"),
                        "npu_reboot_timeout": 600,
                        "npu_verify_timeout": 180,
                        "npu_mirror": mirror,
                        "npu_compatibility": compatibility,
                    },
                }
            }
        }
    }


def fleet(hosts: dict[str, dict], groups: dict[str, dict], port: int, tree: dict, mirror: str, compatibility: dict) -> dict:
    """The inventory of light boards. *hosts*: board → its variables; *groups*: group → boards; *tree*: npu_tree."""
    common = {"ansible_port": port, **_ssh("fleet_known_hosts"), "npu_tree": tree, "npu_mirror": mirror, "npu_compatibility": compatibility}
    kinds = {name: {"hosts": boards_of} for name, boards_of in groups.items()}
    return {"all": {"children": {"fleet": {"hosts": hosts, "vars": common}, **kinds}}}


def _ssh(known_hosts: str) -> dict:
    """How boards are reached; *known_hosts*: the file beside the inventory with their keys."""
    common = [f"-o {option}" for option in boards.ssh_options(f"'\"{{{{ inventory_dir }}}}/{known_hosts}\"'")]
    return {
        "ansible_user": boards.USER,
        "ansible_ssh_private_key_file": "{{ inventory_dir }}/id_ed25519",
        "ansible_ssh_common_args": " ".join(["-F none", *common]),
        # No compression: it costs an emulated CPU more than loopback gains. The control path is
        # Ansible's own, which has host, port and user in it: one connection for each board.
        "ansible_ssh_args": "-o ControlMaster=auto -o ControlPersist=600s -o ServerAliveInterval=15 -o ServerAliveCountMax=12",
        "ansible_ssh_pipelining": True,
        "ansible_ssh_timeout": 120,
        "ansible_python_interpreter": "/usr/bin/python3",
    }


def text(inventory: dict) -> str:
    """The inventory file. JSON strings are YAML strings, so every scalar is written as JSON."""
    return HEADER + "\n".join(_lines(inventory, 0)) + "\n"


def _lines(mapping: dict, depth: int):
    for name, value in mapping.items():
        label = "  " * depth + (name if name.replace("_", "").isalnum() and not name[0].isdigit() else json.dumps(name)) + ":"
        if isinstance(value, dict) and value:
            yield label
            yield from _lines(value, depth + 1)
        else:
            yield f"{label} {json.dumps(value)}"
