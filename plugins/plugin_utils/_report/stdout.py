# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Print text beside what the stdout callback prints. Standard output belongs to the callback."""

from __future__ import annotations

from ansible import constants as C
from ansible.plugins.callback.default import CallbackModule as Default
from ansible.plugins.loader import callback_loader
from ansible.utils.display import Display

# Those of ansible-core that print text and do not derive from the default callback.
TEXT = ("minimal", "oneline")


def show(text, color=None):
    """Print lines: on standard output if the stdout callback prints text there, else on standard error.

    A callback such as ansible.posix.json prints one document, which any other line would break.
    """
    Display().display(text, color=color, stderr=not is_for_text(C.DEFAULT_STDOUT_CALLBACK))


def is_for_text(name):
    """Return whether the stdout callback of this name prints text: Ansible's own, and those that derive from it.

    The latter are also the callbacks of ansible-runner and of this collection. Ansible itself falls back to its default
    callback if it cannot load the plugin.
    """
    if name.rpartition(".")[2] in TEXT and name.rpartition(".")[0] in ("", "ansible.builtin", "ansible.legacy"):
        return True
    found = callback_loader.get(name, class_only=True)
    return found is None or issubclass(found, Default)
