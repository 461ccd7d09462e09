# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Programs for a board's Python, sent on its standard input instead of a module: only the code that is called.

A module includes Ansible's own library, which a board compiles again for each task. That takes most of the time of a
task.
"""

from __future__ import annotations

import ast
import contextlib
import fcntl
import functools
import json
import os
import pathlib
import re
import secrets
import tempfile
import time

from .._schema.values import parse_json

PACKAGE = "ansible_collections.rkfleet.npu.plugins.module_utils"
FOLDER = pathlib.Path(__file__).parent.parent.parent / "module_utils"
LONGEST_ANSWER = 1 << 20
PATIENCE = 60
"""Seconds to wait for what another worker makes."""
# Must parse with any Python, so that one which is too old can report it.
_FRAME = '''\
import sys
import types
if sys.version_info < (3, 9):
    sys.stderr.write("Python %%d.%%d is too old, 3.9 or newer is needed" %% sys.version_info[:2])
    sys.exit(1)
PACKAGE = %(package)r
PACKAGES = %(packages)r
SOURCES = %(sources)s
def add(name):
    module = types.ModuleType(name)
    sys.modules[name] = module
    parent, dummy, last = name.rpartition(".")
    if parent in sys.modules:
        setattr(sys.modules[parent], last, module)
    return module
for name in PACKAGES:
    add(name).__path__ = []
for name, source in SOURCES:
    module = add(PACKAGE + "." + name)
    module.__package__ = module.__name__.rpartition(".")[0]
    exec(compile(source, name + ".py", "exec", 0, True), module.__dict__)
module.main(%(function)r, PARAMS)
'''


class PayloadError(Exception):
    """The output of a program is not an answer: one sentence why."""


def compose(module, function):
    """Return a program that calls `main(function, PARAMS)` of a module of module_utils, with only the code it needs.

    Args:
        module: name of the module, which has `main` and `function`.
    """
    needed = _needed(module, ("main", function))
    # Imported modules come first.
    order = []

    def put(name, above=()):
        if name in order or name in above:
            return
        for other, dummy in _links(name, needed[name]):
            if other in needed:
                put(other, (*above, name))
        order.append(name)

    put(module)
    sources = ",\n".join("(%r, %s)" % (name, _literal(_source(name, needed[name]))) for name in order)
    packages = [PACKAGE, *sorted({"%s.%s" % (PACKAGE, name.rpartition(".")[0]) for name in order if "." in name})]
    return _FRAME % {"package": PACKAGE, "packages": packages, "sources": "[%s]" % sources, "function": function}


def ready(module, function, folder):
    """Return the program of `compose`, cached in a folder of this run.

    Args:
        folder: Ansible's own temporary folder of the run, which only this user can access.
    """
    return cached_text(os.path.join(folder, "rkfleet-npu-%s.py" % function), lambda: compose(module, function))


def cached_text(path, make, patience=None):
    """Return the text of a file; if it is missing, create it with what `make()` returns.

    All workers of a run get here at once. One of them makes the text, and the others wait for it for a while. Composed
    in each of 25 forks, the program took a third of the controller's time for an audit of 100 boards.

    Args:
        patience: seconds to wait for the other one; None for those of work that needs no network.
    """
    with contextlib.suppress(FileNotFoundError), open(path, encoding="utf-8") as stream:
        return stream.read()
    with _locked(path + ".lock", PATIENCE if patience is None else patience):
        with contextlib.suppress(FileNotFoundError), open(path, encoding="utf-8") as stream:
            return stream.read()
        text = make()
        # Several workers may still get here at once.
        put_text(path, text)
    return text


def put_text(path, text):
    """Put a complete file in place, whatever other workers do."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=os.path.dirname(path), delete=False) as stream:
        stream.write(text)
    os.replace(stream.name, path)


@contextlib.contextmanager
def _locked(path, seconds):
    """Hold the lock of a file, which ends with the process at the latest; do without it after these seconds.

    So all boards wait at once for a mirror that does not answer, and not one after the other.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + seconds
        # Some network file systems have no locks: OSError.
        with contextlib.suppress(OSError):
            while not _is_locked(handle) and time.monotonic() < deadline:
                time.sleep(0.02)
        yield
    finally:
        os.close(handle)


def _is_locked(handle):
    """Return whether the lock of an open file could be acquired."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def fill(program, params):
    """Return `(program with its parameters, marker)`; the marker encloses the answer in the output."""
    marker = secrets.token_hex(16)
    return "PARAMS = %r\n%s" % (json.dumps(dict(params, marker=marker)), program), marker


def parse(output, marker, longest=LONGEST_ANSWER):
    """Return the answer of a program, a dictionary, ignoring what the login on the board printed around it.

    Raises:
        PayloadError: if there is no answer, or an invalid one.
    """
    if len(output) > longest:
        raise PayloadError("the answer has %d characters, more than %d" % (len(output), longest))
    parts = output.split(marker)
    if len(parts) != 3:
        raise PayloadError("there is no answer")
    try:
        answer = parse_json(parts[1])
    except ValueError as error:
        raise PayloadError("the answer is not JSON") from error
    if not isinstance(answer, dict):
        raise PayloadError("the answer is not an object")
    return answer


# -- as much of the code as is called
# ---------------------------------------------------------------------------------------

def _needed(module, names):
    """Return `{module: names}` of all that these names need, by what each top-level statement binds and uses."""
    needed, todo = {}, [(module, name) for name in names]
    while todo:
        where, name = todo.pop()
        if name in needed.setdefault(where, set()):
            continue
        statements = _statements(where)
        if name == "*":
            todo += [(where, bound) for bound in statements]
        elif name not in statements:
            continue  # a builtin, an argument, a local variable
        elif isinstance(statements[name], ast.ImportFrom):
            todo += [link for link in _imported(where, statements[name], name) if link[1] != "*"]
        else:
            todo += _uses(where, statements[name])
        needed[where].add(name)
    return needed


def _uses(where, statement):
    """Return `(module, name)` of what a statement uses of our modules; name is `*` for a whole module."""
    uses, attributes = [], {}
    own = _own(statement)
    aliases = {name: module for name, module in _aliases(where).items() if name not in own}
    for node in ast.walk(statement):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
            attributes[node.value] = node.attr
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and node.id not in own:
            uses.append((where, node.id))
            if node.id in aliases:
                uses.append((aliases[node.id], attributes.get(node, "*")))
        elif isinstance(node, ast.ImportFrom):
            uses += [link for link in _imported(where, node) if link[1] != "*"]
    return uses


def _own(statement):
    """Return the local names of a function: its arguments and what it assigns."""
    if not isinstance(statement, ast.FunctionDef):
        return set()
    nodes = list(ast.walk(statement))
    names = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    shared = {name for node in nodes if isinstance(node, ast.Global) for name in node.names}
    # The default of an argument may refer to a top-level name.
    outside = {
        node.id for default in statement.args.defaults + statement.args.kw_defaults if default
        for node in ast.walk(default) if isinstance(node, ast.Name)
    }
    return (names | {node.arg for node in nodes if isinstance(node, ast.arg)}) - shared - outside


def _links(where, names):
    """Return what the statements that bind these names import from our modules."""
    return [
        link for name, statement in _statements(where).items()
        if name in names and isinstance(statement, ast.ImportFrom) for link in _imported(where, statement, name)
    ]


def _imported(where, node, only=None):
    """Return `(module, name)` of what an import in the module `where` imports from our modules; `*` for a module."""
    base = node.module or ""
    if node.level:
        above = (PACKAGE + "." + where).split(".")[:-node.level]
        base = ".".join(above + ([base] if base else []))
    if base.startswith("ansible."):
        raise ValueError("a program for a board cannot import %s" % base)
    if base != PACKAGE and not base.startswith(PACKAGE + "."):
        if node.level:
            raise ValueError("a program for a board cannot import %s" % base)
        return []
    inner = base[len(PACKAGE) + 1:]
    whole = _path(inner).is_dir()
    return [(".".join(filter(None, (inner, alias.name))), "*") if whole else (inner, alias.name)
            for alias in node.names if only in (None, alias.asname or alias.name)]


def _path(name):
    """Return the path of a module or package below module_utils, without extension."""
    return FOLDER.joinpath(*filter(None, name.split(".")))


def _aliases(where):
    """Return `{name: module}` of our modules that a module imports under a name."""
    return {name: module for name, statement in _statements(where).items() if isinstance(statement, ast.ImportFrom)
            for module, whole in _imported(where, statement, name) if whole == "*"}


_PARSED = {}


def _statements(where):
    """Return `{name: statement}` of a module, for each name that a top-level statement binds."""
    if where not in _PARSED:
        _PARSED[where] = {}
        for statement in ast.parse(_path(where).with_suffix(".py").read_text(encoding="utf-8")).body:
            for name in _bound(statement):
                if name in _PARSED[where]:
                    raise ValueError("%s binds %s twice" % (where, name))
                _PARSED[where][name] = statement
    return _PARSED[where]


def _bound(statement):
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return [statement.name]
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return (
            [] if getattr(statement, "module", "") == "__future__"
            else [alias.asname or alias.name.split(".")[0] for alias in statement.names]
        )
    if isinstance(statement, ast.Assign):
        return [node.id for target in statement.targets for node in ast.walk(target) if isinstance(node, ast.Name)]
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return []  # a docstring
    raise ValueError(
        "a module for boards has a top-level statement that binds no name: %s" % ast.unparse(statement)[:80]
    )


def _source(where, names):
    """Return the source of a module with only the statements that bind these names."""
    kept, seen = [], set()
    for name, statement in _statements(where).items():
        if name not in names or id(statement) in seen:
            continue
        seen.add(id(statement))
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            wanted = [alias for alias in statement.names if (alias.asname or alias.name.split(".")[0]) in names]
            statement = type(statement)(**dict(ast.iter_fields(statement), names=wanted))
        kept.append(_text(statement))
    return "\n".join(kept) + "\n"


@functools.cache
def _text(statement):
    """Return the source of a top-level statement without docstrings. The statement itself loses them, too."""
    return _narrow(ast.unparse(_Bare().visit(statement)))


def _literal(source):
    """Return a source, which ends with a line break, as a literal that repeats it without escapes where it can."""
    return repr(source) if "'''" in source or "\r" in source else "r'''%s'''" % source


def _narrow(text):
    """Return the same statement, indented by one space a level: a sixth less to send."""
    narrow = re.sub(r"^(?: {4})+", lambda match: " " * (len(match.group()) // 4), text, flags=re.M)
    # Unless that would change a multi-line string. Comparing takes most of the time of composing a program.
    if not any(quotes in text for quotes in ("\"\"\"", "'''")):
        return narrow
    return narrow if ast.dump(ast.parse(narrow)) == ast.dump(ast.parse(text)) else text


class _Bare(ast.NodeTransformer):
    """Removes docstrings, which a board would parse each time."""

    def visit_FunctionDef(self, node):  # pylint: disable=invalid-name
        self.generic_visit(node)
        if ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        return node

    visit_ClassDef = visit_FunctionDef
