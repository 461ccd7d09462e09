# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Change the file of ours that appends to GRUB's kernel arguments."""

from __future__ import annotations

from ..loaders.grub import LINE, own_arguments

_TEXT = """\
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# Written by rkfleet.npu.npu_boot; removed by its state=absent. After a change, run update-grub.
%s
"""


def edit(text, unused_key, change, default):
    """Return the text of the file, "" if it is not needed.

    Args:
        default: the arguments that the owner's configuration of GRUB sets.

    Raises:
        ValueError: the argument is to be removed, and the owner has set it.
    """
    ours = own_arguments(text)
    if not ours and change(default) == default:
        return text  # the owner has set it, or it is not there
    changed = change(ours)
    if changed == ours:
        if not ours:
            raise ValueError("the argument is in the owner's configuration of GRUB: remove it by hand")
        return text
    return _TEXT % (LINE % changed) if changed.strip() else ""
