# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Kernel arguments in the boot loader's own configuration: which file, what it says, merging and taking out.

Everything but read() is a pure function of text. merge_argument() changes one place: an existing
`initcall_blacklist=a,b` becomes `initcall_blacklist=a,b,rknpu_init`, otherwise one argument is appended; all
else, comments, quotes and line ends included, stays byte for byte. remove_argument() is its reverse. Both
return the text unchanged where there is nothing to do, and raise ValueError, with one sentence fit for the
operator, where the text is not what the kind promises.

Kinds: `u-boot-menu` (/etc/default/u-boot or a fragment, then u-boot-update), `radxa` (/etc/kernel/cmdline,
then u-boot-update), `armbian`, `dietpi`, `orangepi` (extraargs= in an environment file), `extlinux`
(extlinux.conf kept by hand), `unknown`.
"""

from __future__ import annotations

import re

from .._board.tree import clean

ENVIRONMENT_FILES = (("armbian", "/boot/armbianEnv.txt"), ("orangepi", "/boot/orangepiEnv.txt"), ("dietpi", "/boot/dietpiEnv.txt"))
EXTLINUX = "/boot/extlinux/extlinux.conf"
U_BOOT_DEFAULT = "/etc/default/u-boot"
KERNEL_CMDLINE = "/etc/kernel/cmdline"
READ_CONFIG = "/usr/share/u-boot-menu/read-config"
KINDS = ("u-boot-menu", "radxa", "armbian", "dietpi", "orangepi", "extlinux", "unknown")
DEFAULT_ARGUMENTS = "ro quiet"
"""What u-boot-update gives a kernel when nothing is configured (its own ${U_BOOT_PARAMETERS:-...})."""

_ADDED = "  # rkfleet.npu: nothing was set here, the default applied"
_VARIABLE = "U_BOOT_PARAMETERS"
_TEXT_LIMIT = 64 * 1024
_LINE_LIMIT = 2047  # COMMAND_LINE_SIZE of arm64, less the NUL
_WORD = re.compile(r'(?:[^\s"]|"[^"]*")+')
_LIST = re.compile(r"[A-Za-z0-9_.,-]*\Z")
_PART = re.compile(r"[A-Za-z0-9_.]+\Z")
_UPDATE_TOOLS = ("/usr/sbin/u-boot-update", "/usr/bin/u-boot-update", "/usr/local/sbin/u-boot-update")
_UPDATE_DEFAULT = re.compile(r"\$\{U_BOOT_PARAMETERS:-([^}$`\n]{0,500})\}")


# -- a line of kernel arguments ------------------------------------------------------------------------------

def _words(arguments):
    """Matches of the arguments meant for the kernel: double quotes hold blanks together, `--` ends them."""
    for match in _WORD.finditer(arguments):
        if match.group() == "--":
            return
        yield match


def _values(word, name):
    """The comma list of one argument `name=a,b`, or None when it is another argument."""
    bare = word[1:-1] if len(word) > 1 and word[0] == word[-1] == '"' else word
    key, equals, value = bare.partition("=")
    if not equals or key.replace("-", "_") != name.replace("-", "_"):
        return None
    return [item for item in value.strip('"').split(",") if item]


def has_argument(arguments, name, value):
    """Whether name=...,value,... stands among the kernel's arguments."""
    return any(value in (_values(match.group(), name) or ()) for match in _words(arguments or ""))


def _check(arguments, name, value):
    if not _PART.match(name) or not _PART.match(value):
        raise ValueError("%s=%s is not a kernel argument that can be merged" % (name, value))
    if arguments.count('"') % 2:
        raise ValueError("the kernel arguments have a double quote that is never closed")


def _hits(arguments, name):
    hits = [match for match in _words(arguments) if _values(match.group(), name) is not None]
    for match in hits:
        if not _LIST.match(match.group().replace('"', "").partition("=")[2]):
            raise ValueError("%s is written in a way that cannot be edited safely: %s" % (name, clean(match.group(), 80)))
    return hits


def merge_words(arguments, name, value):
    """A line of kernel arguments with value in name's comma list."""
    _check(arguments, name, value)
    hits = _hits(arguments, name)
    if has_argument(arguments, name, value):
        return arguments
    if hits:
        at = hits[-1].end() - len(hits[-1].group()) + len(hits[-1].group().rstrip('"'))
        comma = "," if _values(hits[-1].group(), name) and arguments[at - 1] != "," else ""
        merged = arguments[:at] + comma + value + arguments[at:]
    else:
        words = list(_words(arguments))
        at = words[-1].end() if words else len(arguments) - len(arguments.lstrip())
        merged = "%s%s%s=%s%s" % (arguments[:at], " " if words else "", name, value,
                                  ("" if words or not arguments[at:] else " ") + arguments[at:])
    if len(merged.strip()) > _LINE_LIMIT:
        raise ValueError("the kernel arguments would be longer than the %d characters a kernel takes" % _LINE_LIMIT)
    return merged


def remove_words(arguments, name, value):
    """The reverse of merge_words(): value out of the list, the argument too where nothing is left of it."""
    _check(arguments, name, value)
    for match in reversed(_hits(arguments, name)):
        word = match.group()
        values = _values(word, name)
        if value not in values:
            continue
        kept = [item for item in values if item != value]
        if kept:
            head, equals, rest = word.partition("=")
            quote = rest[:1] if rest[:1] == '"' else ""
            tail = '"' if word.endswith('"') else ""
            arguments = arguments[:match.start()] + head + equals + quote + ",".join(kept) + tail + arguments[match.end():]
        else:
            before, after = arguments[:match.start()], arguments[match.end():]
            arguments = before.rstrip(" \t") + after if before.strip() else before + after.lstrip(" \t")
    return arguments


# -- the files ----------------------------------------------------------------------------------------------

def _checked(text):
    if len(text) > _TEXT_LIMIT:
        raise ValueError("the configuration is larger than %d KiB: not a boot loader's" % (_TEXT_LIMIT // 1024))
    if "\0" in text:
        raise ValueError("the configuration holds NUL bytes: not a text file")
    return text


def _end_of_quote(text, at):
    """Position behind the quoted part that begins at `at`."""
    quote, place = text[at], at + 1
    while place < len(text):
        if text[place] == "\\" and quote == '"':
            place += 1
        elif text[place] == quote:
            return place + 1
        place += 1
    raise ValueError("a quote in line %d is never closed" % (text.count("\n", 0, at) + 1))


def _end_of_word(text, at):
    while at < len(text) and text[at] not in " \t\r\n;&|<>()":
        if text[at] in "'\"":
            at = _end_of_quote(text, at)
        else:
            at += 2 if text[at] == "\\" else 1
    return min(at, len(text))


def _assignments(text, name):
    """(start, end) of the value of every `name=value` in a shell file, as the shell would find words."""
    at, fresh = 0, True
    while at < len(text):
        char = text[at]
        if char == "#" and fresh:
            at = text.find("\n", at)
            if at < 0:
                return
        elif char in " \t\r\n;&|(){}":
            fresh = True
            at += 1
        elif fresh and text.startswith(name + "=", at):
            start = at + len(name) + 1
            at = _end_of_word(text, start)
            yield start, at
            fresh = False
        else:
            end = _end_of_word(text, at)
            at, fresh = (end if end > at else at + 1), False


def _shell_value(raw):
    """What a shell makes of one raw word, variables left as they are written."""
    value, at = [], 0
    while at < len(raw):
        if raw[at] == "'":
            end = _end_of_quote(raw, at)
            value.append(raw[at + 1:end - 1])
        elif raw[at] == '"':
            end = _end_of_quote(raw, at)
            value.append(re.sub(r'\\([\\"$`])|\\\n', lambda m: m.group(1) or "", raw[at + 1:end - 1]))
        elif raw[at] == "\\":
            end = at + 2
            value.append(raw[at + 1:end].replace("\n", ""))
        else:
            end = at + 1
            value.append(raw[at])
        at = end
    return "".join(value)


def shell_variable(text, name):
    """The last value a shell file gives a variable, or None where it sets none. ValueError for an open quote."""
    spans = list(_assignments(_checked(text), name))
    return _shell_value(text[slice(*spans[-1])]) if spans else None


def _newline(text):
    return "\r\n" if "\r\n" in text else "\n"


def _edit_shell(text, edit, default):
    spans = list(_assignments(text, _VARIABLE))
    if not spans:
        changed = edit(default)
        if changed == default:
            return text
        newline = _newline(text)
        # Beside the commented-out example where there is one, else at the end.
        example = re.search(r"^#[ \t]*%s=.*$\n?" % _VARIABLE, text, re.M)
        at = example.end() if example else len(text)
        before = text[:at] + ("" if not at or text[at - 1] == "\n" else newline)
        return '%s%s="%s"%s%s%s' % (before, _VARIABLE, changed, _ADDED, newline, text[at:])
    start, end = spans[-1]
    raw = text[start:end]
    if "`" in raw or "$(" in raw:
        raise ValueError("%s is computed by a command: add the argument by hand" % _VARIABLE)
    if not _shell_value(raw).strip():
        changed = edit(default)
        return text if changed == default else '%s"%s"%s' % (text[:start], changed, text[end:])
    quote = raw[0] if raw[0] in "'\"" else ""
    if quote and _end_of_quote(raw, 0) != len(raw) or not quote and re.search(r"[\"'\\]", raw):
        raise ValueError("%s is put together of several quoted parts: add the argument by hand" % _VARIABLE)
    inner = raw[1:-1] if quote else raw
    changed = edit(inner)
    if changed == inner:
        return text
    # The line this function made itself goes as a whole when the default alone is left of it.
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end) + 1 or len(text)
    if text[end:line_end].rstrip("\r\n") == _ADDED and changed == default:
        return text[:line_start] + text[line_end:]
    quote = quote or ('"' if re.search(r"\s", changed) else "")
    return text[:start] + quote + changed + quote + text[end:]


def _edit_line(text, edit, unused_default):
    lines = [match for match in re.finditer(r"[^\r\n]+", text) if match.group().strip()]
    if len(lines) != 1:
        raise ValueError("%s has %d lines of arguments where one is expected" % (KERNEL_CMDLINE, len(lines)))
    line = lines[0]
    return text[:line.start()] + edit(line.group()) + text[line.end():]


def _append_line(text, at, line):
    """text with a line put in at `at` (an end of line or of text), in the file's style of line ends."""
    newline = _newline(text)
    if at and text[at - 1] != "\n":
        return text[:at] + newline + line + text[at:]
    return text[:at] + line + newline + text[at:]


def _drop_line(text, start, end):
    """text without the line that holds start..end; a file that ended without a line break still does."""
    start = text.rfind("\n", 0, start) + 1
    stop = text.find("\n", end) + 1
    if stop:
        return text[:start] + text[stop:]
    return re.sub(r"\r?\n\Z", "", text[:start])


def _edit_environment(text, edit, unused_default):
    matches = list(re.finditer(r"^[ \t]*extraargs=([^\r\n]*)", text, re.M))
    if not matches:
        changed = edit("")
        return _append_line(text, len(text), "extraargs=" + changed) if changed else text
    match = matches[-1]  # U-Boot's env import takes the last
    changed = edit(match.group(1))
    if changed == match.group(1):
        return text
    if not changed.strip() and len(matches) == 1:
        return _drop_line(text, match.start(), match.end())
    return text[:match.start(1)] + changed + text[match.end(1):]


def _default_label(text):
    """(lines of the default label as matches, its append match or None) of an extlinux.conf."""
    labels, default, chosen = [], None, None
    for line in re.finditer(r"^[ \t]*(?!#)(\S+)[ \t]*([^\r\n]*)", text, re.M):
        key, rest = line.group(1).lower(), line.group(2).strip()
        if key == "label":
            labels.append((rest, [line]))
        elif key == "default" and not labels:
            default = rest
        elif labels:
            if key == "default":
                default = rest
            elif key == "menu" and rest.lower() == "default":
                chosen = labels[-1][0]
            labels[-1][1].append(line)
    if not labels:
        raise ValueError("extlinux.conf has no label: nothing there boots a kernel")
    wanted = default if default is not None else chosen
    lines = next((lines for name, lines in labels if name == wanted), labels[0][1])
    appends = [line for line in lines if line.group(1).lower() == "append"]
    if len(appends) > 1:
        raise ValueError("the default entry of extlinux.conf has %d append lines" % len(appends))
    return lines, appends[0] if appends else None


def _edit_extlinux(text, edit, unused_default):
    # Only the entry that boots: the others are the owner's way back, and may start kernels without our module.
    lines, append = _default_label(text)
    if append is None:
        changed = edit("")
        if not changed:
            return text
        indent = re.match(r"[ \t]*", lines[-1].group()).group() if len(lines) > 1 else "    "
        at = text.find("\n", lines[-1].end()) + 1 or len(text)
        return _append_line(text, at, "%sappend %s" % (indent, changed))
    changed = edit(append.group(2))
    if changed == append.group(2):
        return text
    if not changed.strip():
        return _drop_line(text, append.start(), append.end())
    return text[:append.start(2)] + changed + text[append.end(2):]


_EDITORS = {
    "u-boot-menu": _edit_shell, "radxa": _edit_line, "extlinux": _edit_extlinux,
    "armbian": _edit_environment, "dietpi": _edit_environment, "orangepi": _edit_environment,
}


def _editor(kind):
    if kind not in _EDITORS:
        raise ValueError("no way is known to set kernel arguments with the boot loader %r" % (kind,))
    return _EDITORS[kind]


def _changed(kind, text, edit, default, argument, expected):
    """The text after edit, read back: a configuration nobody foresaw is refused, never half understood."""
    changed = _editor(kind)(_checked(text), edit, default)
    if has_argument(configured_arguments(kind, changed, default), *argument) is not expected:
        raise ValueError("the configuration is written in a way that cannot be edited safely: change it by hand")
    return changed


def merge_argument(kind, text, name, value, default=DEFAULT_ARGUMENTS):
    """The configuration with `value` in the kernel argument `name`; the same text where it is there already.

    kind: one of KINDS; text: the configuration's content ("" for a missing file of u-boot-menu); default: what
    u-boot-update takes when U_BOOT_PARAMETERS is not set, kept when the variable is set for the first time.
    """
    return _changed(kind, text, lambda arguments: merge_words(arguments, name, value), default, (name, value), True)


def remove_argument(kind, text, name, value, default=DEFAULT_ARGUMENTS):
    """The configuration without it: the reverse of merge_argument()."""
    return _changed(kind, text, lambda arguments: remove_words(arguments, name, value), default, (name, value), False)


def configured_arguments(kind, text, default=DEFAULT_ARGUMENTS):
    """The kernel arguments the configuration asks for, as one line ("" for none). ValueError as above."""
    _editor(kind)
    _checked(text)
    if kind == "u-boot-menu":
        return " ".join((shell_variable(text, _VARIABLE) or "").split()) or default
    if kind == "radxa":
        return " ".join(text.split())
    if kind == "extlinux":
        return extlinux_default_append(text)
    matches = re.findall(r"^[ \t]*extraargs=([^\r\n]*)", text, re.M)
    return matches[-1].strip() if matches else ""


def extlinux_default_append(text):
    """The arguments of the entry an extlinux.conf boots by default: to check what u-boot-update has made."""
    append = _default_label(_checked(text))[1]
    return append.group(2).strip() if append else ""


def extlinux_default_image(text):
    """The file of the kernel that an extlinux.conf boots by default, as it is written there, or None."""
    for line in _default_label(_checked(text))[0]:
        if line.group(1).lower() in ("linux", "kernel"):
            return line.group(2).strip() or None
    return None


def extlinux_default_kernel(text):
    """The release of the kernel that an extlinux.conf boots by default, None where its file name does not say it."""
    found = re.search(r"/vmlinu[xz]-(\S+)\Z", extlinux_default_image(text) or "")
    return found.group(1) if found else None


# -- which loader a board has -------------------------------------------------------------------------------

def _u_boot_menu(tree, tool):
    """(kind, config, default) for a board with u-boot-update, or None where that is switched off."""
    # From 4.2.4 on the script sources what reads the configuration.
    script = "".join(tree.text(path, _TEXT_LIMIT) or "" for path in (tool, READ_CONFIG))
    found = _UPDATE_DEFAULT.search(script)
    default = clean(found.group(1), 500) if found else DEFAULT_ARGUMENTS
    files = [U_BOOT_DEFAULT]
    if "u-boot-menu/conf.d" in script:
        for folder in ("/usr/share/u-boot-menu/conf.d", "/etc/u-boot-menu/conf.d"):
            files += ["%s/%s" % (folder, name) for name in tree.names(folder) if name.endswith(".conf")]
    config, arguments, enabled = U_BOOT_DEFAULT, None, None
    for path in files:  # the last one wins, as in the script
        text = tree.text(path, _TEXT_LIMIT + 1)
        if text is None:
            continue
        value = shell_variable(text, _VARIABLE)
        if value is not None:
            config, arguments = path, value
        enabled = shell_variable(text, "U_BOOT_UPDATE") or enabled
    if enabled not in (None, "true"):
        return None
    if not (arguments or "").strip() and KERNEL_CMDLINE in script and tree.exists(KERNEL_CMDLINE):
        return "radxa", KERNEL_CMDLINE, default
    return "u-boot-menu", config, default


def _uses_extlinux(tree, cmdline):
    """Whether the running kernel was started with what extlinux.conf says."""
    try:
        words = extlinux_default_append(tree.text(EXTLINUX, _TEXT_LIMIT) or "").split()
    except ValueError:
        return False
    return bool(words) and set(words) <= set(cmdline.split())


def read(tree, cmdline):
    """{loader, config, cmdline, configured, next, default, update, error}.

    configured is what the configuration asks for, next what the boot loader will read at the next boot (they differ
    where the update tool was not run). Both are None where they cannot be told, error then says why. update is the
    tool to run after a change.
    """
    result = {"loader": "unknown", "config": None, "cmdline": cmdline, "configured": None, "next": None,
              "default": DEFAULT_ARGUMENTS, "update": None, "error": None}
    tool = next((path for path in _UPDATE_TOOLS if tree.exists(path)), None)
    environment = next((item for item in ENVIRONMENT_FILES if tree.exists(item[1])), None)
    try:
        if environment and not (tree.exists(EXTLINUX) and _uses_extlinux(tree, cmdline)):
            result.update(loader=environment[0], config=environment[1])
        else:
            menu = _u_boot_menu(tree, tool) if tool else None
            if menu:
                result.update(loader=menu[0], config=menu[1], default=menu[2], update=tool)
            elif tree.exists(EXTLINUX):
                result.update(loader="extlinux", config=EXTLINUX)
        if result["config"]:
            text = tree.text(result["config"], _TEXT_LIMIT + 1)
            if text is None and tree.exists(result["config"]):
                result["error"] = "%s cannot be read" % result["config"]
            else:
                result["configured"] = clean(configured_arguments(result["loader"], text or "", result["default"]), 2048)
                result["next"] = result["configured"]
                if result["update"]:
                    made = tree.text(EXTLINUX, _TEXT_LIMIT)
                    result["next"] = clean(extlinux_default_append(made), 2048) if made else None
    except ValueError as error:
        result["error"] = clean("%s: %s" % (result["config"] or U_BOOT_DEFAULT, error))
    return result
