# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The cause of a failure, where it shows, and the sentence on a board that cannot be read."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._answers import failure


@pytest.mark.parametrize(
    "text, code, cause",
    [
        ("sudo: a password is required; it ended with 1", 1, "sudo"),
        ("Missing sudo password", 1, "sudo"),
        ("Python 3 is not installed", 127, "python"),
        ("Traceback", 1, ""),
        ("sudo: /usr/bin/python9: command not found", 127, "python"),
        ("/bin/sh: 1: /usr/bin/python3: Permission denied", 126, "python"),
        ("Unknown option: -I", 2, "python"),
        ("SyntaxError: future feature annotations is not defined", 1, "python"),
        ("Python 3.7 is too old, 3.9 or newer is needed", 1, "python"),
        ("Welcome to the host of pseudo files; it ended with 0", 0, ""),
    ],
)
def test_the_cause_shows_where_a_command_failed(text, code, cause):
    assert failure.cause_in(text, code) == cause


@pytest.mark.parametrize(
    "cause, said",
    [
        ("no_answer", "a: why"),
        ("malformed", "a: why"),
        ("hostile", "a: why"),
        ("", "a: cannot read the board as root: why"),
        ("python", "a: cannot read the board as root: why"),
        (
            "sudo",
            "a: cannot read the board as root: why. Give the user of this board sudo without a password, "
            "or run with --ask-become-pass.",
        ),
    ],
)
def test_the_sentence(cause, said):
    assert failure.cannot_read("a", True, "why", cause) == said
    assert failure.cannot_read("a", False, "why", cause) == said.replace(" as root", "")


def answer(stderr="", stdout="", code=1):
    return failure.explained("there is no answer", failure.first_line(stdout, stderr), code)


@pytest.mark.parametrize("stderr, stdout, code, why", [
    ("/bin/sh: 1: /usr/bin/python9: not found\n", "", 127,
     ", because its Python was not started (the board said: /bin/sh: 1: /usr/bin/python9: not found; it ended with "
     "127)"),
    # pyenv's shim: the first line says what is wrong, the last one what there is.
    ("pyenv: python3: command not found\n\nThe `python3' command exists in these Python versions:\n  3.11.2\n", "", 127,
     ", because its Python was not started (the board said: pyenv: python3: command not found; it ended with 127)"),
    ("Unknown option: -I\nusage: /usr/bin/python2 [option] ...\nTry `python -h' for more information.\n", "", 2,
     ", because its Python is too old (the board said: Unknown option: -I; it ended with 2)"),
    ('  File "<stdin>", line 5\n    from __future__ import annotations\n    ^\nSyntaxError: future feature annotations '
     "is not defined\n", "", 1,
     ", because its Python is too old (the board said: SyntaxError: future feature annotations is not defined; it "
     "ended with 1)"),
    ("Warning: Permanently added '10.0.0.2' (ED25519) to the list of known hosts.\n",
     "\nThis account is currently not available.\nbye\n", 1,
     " (the board said: This account is currently not available.; it ended with 1)"),
    ("", "", 0, " (the board said nothing; it ended with 0)"),
])
def test_a_broken_python_is_one_sentence_with_what_the_board_said_first(stderr, stdout, code, why):
    said = answer(stderr, stdout, code)
    assert said.startswith("there is no answer" + why) and "\n" not in said
    assert ("install Python 3.9 or newer, or set ansible_python_interpreter" in said) == ("Python" in why)
