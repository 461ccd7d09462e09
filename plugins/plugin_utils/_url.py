# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Remove secrets from URLs: messages and results end up in logs, reports and terminals."""

from __future__ import annotations

import re

# Up to the last @: in a malformed URL, user and password may hold any character.
_USER = re.compile(r"(?<=://).*@", re.DOTALL)
# In a sentence a URL ends at white space or a quotation mark.
_IN_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/[^\s'\"<>]+")


def without_secrets(url):
    """Return a URL without user, password, query and fragment; anything else unchanged."""
    return _without(url) if "://" in url else url


def text_without_secrets(text):
    """Return a sentence with secrets removed from each URL in it."""
    return _IN_TEXT.sub(lambda match: _without(match[0]), text)


def _without(url):
    head, query = re.fullmatch(r"([^?#]*)(.*)", url, re.DOTALL).groups()
    if "@" in query:
        # The ? may be part of a password, or the @ part of a query.
        return head.partition(":")[0] + "://***"
    return _USER.sub("", head) + ("?***" if query else "")
