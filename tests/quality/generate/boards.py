# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""docs/boards.md, from the tests' marks.

A mark is `@pytest.mark.case(case="...", plan="...", result="...")` with plain strings, on a test, on one of its
parameter sets, or in the module's table of them. The tests are parsed, not run or imported.
"""

from __future__ import annotations

import ast
import collections
import pathlib
import re

from .markdown import HEAD, ROOT, table

TESTS = ("tests/unit", "tests/integration", "tests/builds", "tests/witness", "tests/lab")
KEYS = ("case", "plan", "result")
# All kinds of boards, in the order of the table: title, and the pattern that the mark of its test must match.
# tests/quality/docs/test_docs.py fails if one has no test.
REQUIRED = [
    ("bullseye, Linux 5.10, driver 0.8.2 of the vendor's kernel, MobileNet works", r"bullseye.*5\.10.*0\.8\.2"),
    ("bookworm, vendor kernel, driver 0.9.3 built in", r"bookworm.*0\.9\.3.*built in"),
    ("bookworm, vendor kernel, driver 0.9.3 as a module (=m)", r"module \(=m\)"),
    ("Debian's stock kernel: no driver, none of the vendor's headers", r"(?i)stock.*6\.1"),
    ("the vendor's own sources 0.9.6 and 0.9.8, unmodified", r"(?i)unmodified|vendor's (own )?(sources?|tarballs?)"),
    ("a kernel whose headers define vm_flags_set already", r"vm_flags_set"),
    ("BSP 5.10 without rockchip_uninit_opp_table", r"uninit_opp_table"),
    ("BSP 6.1.43 without rockchip_opp_set_low_length", r"opp_set_low_length"),
    ("kernel 6.11 and newer", r"6\.11"),
    ("kernel 6.13 and newer", r"6\.13"),
    ("kernel 6.14 and newer", r"6\.14"),
    ("kernel 6.15 and newer", r"6\.15"),
    ("kernel 6.16 and newer", r"6\.16"),
    ("mainline with rocket bound", r"rocket"),
    (
        "the repository offers a vendor kernel with a new enough driver",
        r"(?i)repository.*(vendor|kernel).*driver|vendor kernel.*repository",
    ),
    ("npu_driver_strategy auto, vendor_kernel and dkms", r"npu_driver_strategy"),
    ("headers not installed, but in the repository", r"(?i)headers.*not installed.*in the.*repository"),
    ("headers nowhere", r"(?i)headers nowhere"),
    ("boot loader: Radxa", r"boot loader.*Radxa"),
    ("boot loader: Armbian", r"boot loader.*Armbian"),
    ("boot loader: DietPi", r"boot loader.*DietPi"),
    ("boot loader: Orange Pi", r"boot loader.*Orange Pi"),
    ("boot loader: plain u-boot-menu", r"boot loader.*u-boot-menu"),
    ("boot loader: extlinux.conf by hand", r"boot loader.*extlinux\.conf"),
    ("boot loader: GRUB", r"boot loader.*GRUB"),
    ("boot loader: ubuntuEnv.txt", r"boot loader.*ubuntuEnv"),
    ("boot loader: unknown", r"boot loader.*unknown"),
    *(
        ("SoC " + soc, rf"SoC.*\b{soc}\b")
        for soc in ("RK3588", "RK3588S", "RK3582", "RK3568", "RK3566", "RK3576", "RK3562")
    ),
    ("DMA_HEAP variant with /dev/rknpu", r"DMA_HEAP"),
    ("another architecture", r"another architecture"),
    ("container", r"container"),
    ("no device tree", r"device tree"),
    ("Python too old", r"Python.*too old"),
]


def marks(path):
    """[(dictionary of KEYS, name of the test or None for a whole file)] of one test file.

    Raises:
        ValueError: A mark is not of the documented form.
    """
    text = path.read_text(encoding="utf-8")
    if "pytest.mark.case" not in text:
        return []
    tree = ast.parse(text)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    owners = {}
    for function in functions:
        for node in ast.walk(function):
            owners.setdefault(id(node), function.name)
    # A table of parameter sets at the top of the file belongs to the test whose decorators name it.
    users = {
        node.id: function.name
        for function in functions
        for decorator in function.decorator_list
        for node in ast.walk(decorator)
        if isinstance(node, ast.Name)
    }
    for statement in tree.body:
        user = next(
            (users[target.id] for target in getattr(statement, "targets", ()) if getattr(target, "id", None) in users),
            None,
        )
        for node in ast.walk(statement) if user else ():
            owners.setdefault(id(node), user)
    found = []
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.case"):
            continue
        values = {
            word.arg: word.value.value
            for word in node.keywords
            if isinstance(word.value, ast.Constant) and isinstance(word.value.value, str)
        }
        if node.args or set(values) != set(KEYS) or not all(value.strip() for value in values.values()):
            raise ValueError(
                f"{path}:{node.lineno}: a mark `case` has case=, plan= and result=, each a plain string"
            )
        found.append((values, owners.get(id(node))))
    return found


def cases(root=ROOT):
    """{(case, plan, result): [(file, test or None), ...]} of all tests, files relative to root."""
    found = collections.defaultdict(list)
    for folder in TESTS:
        for path in sorted((root / folder).rglob("test_*.py")):
            for values, test in marks(path):
                place = (str(path.relative_to(root)), test)
                if place not in found[tuple(values[key] for key in KEYS)]:
                    found[tuple(values[key] for key in KEYS)].append(place)
    return dict(found)


def untested(found):
    """The required cases that no mark matches."""
    return [title for title, pattern in REQUIRED if not any(re.search(pattern, case) for case, unused, unused in found)]


def _order(case):
    return next((index for index, (unused, pattern) in enumerate(REQUIRED) if re.search(pattern, case)), len(REQUIRED))


def _shown_by(places):
    by_file = collections.defaultdict(list)
    for file, test in places:
        by_file[file].append(test)
    kinds = {
        "tests/integration": "emulated board",
        "tests/builds": "builds",
        "tests/witness": "the vendor's own runtime",
    }
    shown = []
    for file, tests in by_file.items():
        kind = next((name for folder, name in kinds.items() if file.startswith(folder)), "recorded facts")
        shown.append(
            "{}: [{}](https://github.com/rkfleet/npu/blob/main/{})".format(
                kind, ", ".join(f"`{test}`" for test in tests if test) or f"`{pathlib.Path(file).name}`", file
            )
        )
    return "; ".join(shown)


def boards(found):
    """Text of docs/boards.md."""
    rows = sorted(found, key=lambda row: (_order(row[0]), row))
    return (
        HEAD % "the tests' marks"
        + """# Supported boards

Each kind of board with its plan and result. A test shows each row: on an emulated board, by building against the
headers of such a kernel, or from recorded facts if only the facts of a board differ. The actions of a plan are `none`
(nothing to do), `dkms` (a module is built), `dkms_over_builtin` (a module is built and the kernel's own driver
suppressed), `vendor_kernel` (a kernel of the board's own repository) and `unsupported` (nothing is changed; the plan
has the reason and a remedy).

"""
        + table(("Case", "Plan", "Result", "Shown by"), [[*row, _shown_by(found[row])] for row in rows])
    )
