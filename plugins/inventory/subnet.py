# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: subnet
short_description: Find boards by SSH in address ranges
version_added: 1.3.0
author: rkfleet.npu contributors (@rkfleet)
description:
  - Contacts every address in O(ranges), and no other, and adds a host for each address with an SSH server.
  - With O(identify), it also logs in to identify the boards, and adds them to groups such as C(soc_rk3588),
    C(kernel_6_1_43_15_rk2312) and C(driver_builtin). Nothing is changed on them. Hosts that cannot be identified are in
    the group C(npu_unidentified).
  - Every host has the variables C(ansible_host), C(ansible_port) and C(npu_subnet) with the results - C(address),
    C(port), C(software) of the SSH server, C(identified), C(error), C(model), C(soc), C(serial), C(compatible),
    C(kernel), C(hostname), C(driver) (V(builtin), V(module), V(rocket) or V(absent)) and the kernel C(module) of the
    driver.
  - Answers are not trusted. Their size and time are limited, and characters with a meaning in templates are replaced.
  - The name of the inventory file must end in C(npu_subnet.yml) or C(npu_subnet.yaml).
requirements:
  - netaddr (Python library) on the controller
  - C(ssh), for O(identify)
extends_documentation_fragment:
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [rkfleet.npu.subnet]
  ranges:
    description:
      - The addresses, IPv4 or IPv6 - networks (V(10.1.0.0/24), without network and broadcast address), ranges
        (V(10.1.0.10-10.1.0.99)) and single addresses.
    type: list
    elements: str
    required: true
  exclude:
    description: Addresses of O(ranges) that are not contacted, in the same form.
    type: list
    elements: str
    default: []
  max_addresses:
    description: Maximum number of addresses. With more, the plugin fails before it contacts any.
    type: int
    default: 4096
  ports:
    description: Ports of SSH servers. The first one that answers is used.
    type: list
    elements: int
    default: [22]
  timeout:
    description: Seconds to wait for the connection to a host and the greeting of its SSH server.
    type: float
    default: 2
  concurrency:
    description: Number of addresses that are contacted at the same time.
    type: int
    default: 64
  identify:
    description: Whether to log in to the hosts to identify the boards.
    type: bool
    default: false
  identify_timeout:
    description: Seconds to wait for the identification of a host.
    type: float
    default: 15
  identify_concurrency:
    description: Number of hosts that are identified at the same time.
    type: int
    default: 16
  keep:
    description: Which hosts are added to the inventory.
    type: str
    choices:
      all: All with an SSH server.
      identified: Those that could be identified.
      rockchip: Those that are Rockchip boards.
    default: all
  name_by:
    description:
      - What the hosts are named after. A board is named after its address if it has no valid serial number or host
        name, or if another host of the inventory has that name. If several boards share it, their addresses are
        appended.
    type: str
    choices: [address, serial, hostname]
    default: address
  default_groups:
    description: Whether to add the groups C(soc_...), C(kernel_...), C(driver_...) and C(npu_unidentified).
    type: bool
    default: true
  ssh_executable:
    description: The SSH client. It reads your configuration (C(~/.ssh/config), C(known_hosts)).
    type: str
    default: ssh
  ssh_user:
    description: User for O(identify). If empty, the configuration of SSH decides. Plays use C(ansible_user) as usual.
    type: str
    default: ""
  ssh_private_key:
    description: File with the private key for O(identify). If empty, the configuration of SSH decides.
    type: str
    default: ""
  ssh_args:
    description:
      - Further options of the SSH client, one word in each element, such as V(["-o",
        "StrictHostKeyChecking=accept-new"]).
      - The SSH client decides on unknown host keys. By default it refuses them, since no operator can confirm them, and
        the host is not identified.
    type: list
    elements: str
    default: []
  tree:
    description: Paths of C(/proc) and C(/sys) on a board, for file trees that were recorded on other boards.
    type: dict
    default: {}
    suboptions:
      proc:
        description: Folder to read instead of C(/proc).
        type: str
        default: /proc
      sys:
        description: Folder to read instead of C(/sys).
        type: str
        default: /sys
notes:
  - A board with several addresses in the ranges is added once, with its first address and with a warning, if serial
    number and boot ID are the same. If only the serial number is the same, both are added with a warning, and with
    O(name_by=serial) both names include the address.
  - What a host reports of itself is not verified. Do not set passwords and other secrets as variables of hosts that are
    named after V(serial) or V(hostname).
  - With O(cache), no address is contacted until the cache expires, C(--flush-cache) is set or the inventory file is
    changed.
"""

EXAMPLES = r"""
# lab.npu_subnet.yml: every host with ssh in a network
plugin: rkfleet.npu.subnet
ranges: [10.1.0.0/24]

# fleet.npu_subnet.yml: boards only, by their serial number, with groups by SoC, kernel and driver, and one of our own
# plugin: rkfleet.npu.subnet
# ranges: [10.1.0.10-10.1.0.99, 10.1.2.0/24, "fd00:1::10-fd00:1::20"]
# exclude: [10.1.2.1, 10.1.2.128/25]
# identify: true
# keep: rockchip
# name_by: serial
# ssh_user: radxa
# ssh_args: ["-o", "StrictHostKeyChecking=accept-new"]
# cache: true
# cache_plugin: ansible.builtin.jsonfile
# cache_connection: ~/.cache/rkfleet-npu/inventory
# compose:
#   ansible_user: "'radxa'"
# groups:
#   rock5b: "npu_subnet.model is search('ROCK 5B')"
"""

import hashlib
import json
import math

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible_collections.rkfleet.npu.plugins.plugin_utils import _subnet

# Options that affect the result: a cache made with other values is not used.
OPTIONS = (
    "ranges", "exclude", "ports", "identify", "ssh_executable", "ssh_user", "ssh_private_key", "ssh_args", "tree",
)
LIMITS = {
    "max_addresses": 1 << 20, "concurrency": 512, "timeout": 600, "identify_timeout": 600, "identify_concurrency": 128,
}


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """The interface to Ansible; the scan itself is in plugin_utils/_subnet.py."""

    NAME = "rkfleet.npu.subnet"

    def verify_file(self, path):
        """Return whether the file is for this plugin, by its name."""
        return super().verify_file(path) and path.endswith(("npu_subnet.yml", "npu_subnet.yaml"))

    def parse(self, inventory, loader, path, cache=True):
        """Read the file, scan the ranges, and add the hosts."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        try:
            boards = self._found(path, cache)
        except (ValueError, OSError) as error:
            raise AnsibleParserError("%s: %s" % (path, error)) from error
        self._warn_of_unidentified(boards)
        keep = self.get_option("keep")
        boards = [
            board for board in boards if keep == "all" or board["identified"] and (keep == "identified" or board["soc"])
        ]
        boards, sentences = _subnet.without_duplicates(boards)
        for sentence in sentences:
            self.display.warning(sentence)
        taken = {*inventory.groups, *inventory.hosts}
        for name, board in _subnet.named(boards, self.get_option("name_by"), taken).items():
            self._add(name, board)

    def _found(self, path, cache):
        """Return the hosts found now, or when the cache was filled."""
        self._check()
        places = _subnet.addresses(
            self.get_option("ranges"), self.get_option("exclude"), self.get_option("max_addresses")
        )
        client = self._client()
        options = {name: self.get_option(name) for name in OPTIONS}
        digest = hashlib.sha256(json.dumps(options, sort_keys=True).encode()).hexdigest()
        key = self.get_cache_key(path)
        kept = self._cache.get(key) if self.get_option("cache") and cache else None
        if isinstance(kept, dict) and kept.get("options") == digest:
            return kept["boards"]
        found = _subnet.scan(
            places, self.get_option("ports"), self.get_option("timeout"), self.get_option("concurrency")
        )
        self.display.vv("%s: %d of %d addresses speak ssh" % (path, len(found), len(places)))
        if self.get_option("identify"):
            boards = _subnet.identify(found, client, self.get_option("identify_concurrency"))
        else:
            boards = _subnet.unidentified(found)
        if self.get_option("cache"):
            self._cache[key] = {"options": digest, "boards": boards}
        return boards

    def _check(self):
        for name, most in LIMITS.items():
            value = self.get_option(name)
            if not (math.isfinite(value) and 0 < value <= most):
                raise ValueError("%s is %s: it must be more than 0 and at most %s" % (name, value, most))
        ports = self.get_option("ports")
        # Ansible does not validate the elements of a list.
        if not ports or not all(isinstance(port, int) and 0 < port < 65536 for port in ports):
            raise ValueError("ports is %s: ports must be numbers from 1 to 65535" % ports)
        if not all(isinstance(word, str) for word in self.get_option("ssh_args")):
            raise ValueError("ssh_args is %s: each element must be a text" % self.get_option("ssh_args"))
        if not self.get_option("ranges"):
            raise ValueError("ranges is empty: name the addresses to contact")

    def _client(self):
        tree = self.get_option("tree") or {}
        unknown = sorted(set(tree) - {"proc", "sys"})
        if unknown:
            raise ValueError("tree has %s: it can have proc and sys only" % ", ".join(map(str, unknown)))
        client = {
            "executable": self.get_option("ssh_executable"), "user": self.get_option("ssh_user"),
            "key": self.get_option("ssh_private_key"), "args": self.get_option("ssh_args"),
            "timeout": self.get_option("identify_timeout"), "proc": str(tree.get("proc") or "/proc"),
            "sys": str(tree.get("sys") or "/sys"),
        }
        # Report wrong paths once, as an error of the file, instead of for each board.
        _subnet.command("192.0.2.1", 22, client)
        return client

    def _warn_of_unidentified(self, boards):
        """Warn of hosts that could not be identified."""
        failed = [board for board in boards if board.get("error")]
        if failed:
            some = ", ".join("%s (%s)" % (board["address"], board["error"]) for board in failed[:5]) + (
                ", ..." if len(failed) > 5 else ""
            )
            self.display.warning(
                "%d of %d hosts could not be identified: %s" % (len(failed), len(boards), some)
            )

    def _add(self, name, board):
        strict = self.get_option("strict")
        self.inventory.add_host(name)
        for variable, value in (
            ("ansible_host", board["address"]),
            ("ansible_port", board["port"]),
            ("npu_subnet", board),
        ):
            self.inventory.set_variable(name, variable, value)
        if self.get_option("identify") and self.get_option("default_groups"):
            for group in _subnet.groups_of(board):
                self.inventory.add_child(self.inventory.add_group(group), name)
        self._set_composite_vars(self.get_option("compose"), self.inventory.get_host(name).get_vars(), name, strict)
        variables = self.inventory.get_host(name).get_vars()
        self._add_host_to_composed_groups(self.get_option("groups"), variables, name, strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, name, strict)
