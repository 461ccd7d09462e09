# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The pages of the documentation site, made of the project's documents: names, links, and what has no document."""

from __future__ import annotations

import pathlib
import posixpath
import re

import yaml

PUBLIC = "https://github.com/rkfleet/npu/{0}/main/"
# How a document, a message or a module's documentation names a file of the project.
OURS = re.compile(r"https://github\.com/rkfleet/npu/(?:blob|tree)/main/")
TOP = {
    "README.md": "index.md",
    "README.zh-CN.md": "zh-CN.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security-policy.md",
    "CODE_OF_CONDUCT.md": "code-of-conduct.md",
    "examples/README.md": "examples.md",
    "examples": "examples.md",
    "roles": "collection/index.rst",
}
PICTURES = (".svg", ".png")
# Where antsibull-docs expects what extra-docs.yml lists.
GUIDES = "collection/docsite/"
CODE = re.compile(r"(^```.*?^```[^\n]*$|`[^`\n]*`|<!--.*?-->)", re.DOTALL | re.MULTILINE)
INDEX = "Modules, roles and plugins"
LINK = re.compile(r"\]\(([^)\s]+)\)")


def sections(root):
    """Return [(title, [name of a guide, without a suffix])] as tests/docs_site/extra-docs.yml has them."""
    data = yaml.safe_load((root / "tests/docs_site/extra-docs.yml").read_text(encoding="utf-8"))
    return [(section["title"], section["toctree"]) for section in data["sections"]]


def playbooks(root):
    """Return the names of the playbooks, "upgrade_npu", in the order of the README's table."""
    readme = (root / "README.md").read_text(encoding="utf-8")
    return [f"{name}_npu" for name in re.findall(r"^\| `(\w+)-npu\.yml`", readme, re.MULTILINE)]


def playbook_file(name):
    """Return where a playbook is in the project, of the name by which it is called: "upgrade_npu"."""
    return f"playbooks/{name.replace('_', '-')}.yml"


def page_names(root):
    """Return {path in the project: path of the page's source}; pictures keep their suffix."""
    names = {path: page for path, page in TOP.items() if (root / path).exists()}
    shown = [path.name for path in (root / "docs").glob("*.*") if path.suffix in (".md", *PICTURES)]
    names.update({f"docs/{name}": GUIDES + name for name in shown})
    for specs in root.glob("roles/*/meta/argument_specs.yml"):
        role = specs.parts[-3]
        names.update({f"roles/{role}/README.md": f"roles/{role}.md", f"roles/{role}": f"roles/{role}.md"})
    for name in playbooks(root):
        names.update(dict.fromkeys((f"playbooks/{name}.yml", playbook_file(name)), f"playbooks/{name}.md"))
    return names


def link(target, source, names, root):
    """Return what a link of the document `source` (path in the project) has to be on its page.

    A file that has no page is linked at its public place. Whatever is no file of the project stays as it is.
    """
    path, mark, anchor = target.partition("#")
    if OURS.match(path):
        path = OURS.sub("", path)
    elif not path or re.match(r"\w+:", path):
        return target
    else:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
    if path in names:
        return posixpath.relpath(names[path], posixpath.dirname(names[source]) or ".") + mark + anchor
    return PUBLIC.format("tree" if (root / path).is_dir() else "blob") + path + mark + anchor


def markdown(text, source, names, root):
    """Return a document's text with its links as its page needs them; code stays as it is."""
    parts = CODE.split(text)
    for number in range(0, len(parts), 2):
        parts[number] = LINK.sub(lambda found: f"]({link(found[1], source, names, root)})", parts[number])
    return "".join(parts)


def restructured(text, page, names):
    """Return a page of antsibull-docs as the site needs it.

    Links to our guides stay on the site. The theme shows the headings of a page beside it, and does not accept a second
    list of them. The first page gets a title that says what it lists.
    """

    def local(found):
        path, mark, anchor = OURS.sub("", found[0]).partition("#")
        if path not in names:
            return found[0]
        target = pathlib.PurePosixPath(names[path]).with_suffix(".html")
        return posixpath.relpath(target, posixpath.dirname(page) or ".") + mark + anchor

    text = re.sub(OURS.pattern + r"[\w./-]+(?:#[\w-]+)?", local, text)
    text = re.sub(r"^\.\. contents::\n(?:[ ]+\S.*\n)*", "", text, flags=re.MULTILINE)
    return re.sub(r"^Rkfleet\.Npu\n=+$", f"{INDEX}\n{'=' * len(INDEX)}", text, flags=re.MULTILINE)


def playbook(text, name, row):
    """Return a page for a playbook, from the comment at its head and its row of the README's table.

    Args:
        text: the playbook.
        name: as it is called, "upgrade_npu".
        row: {"what": what it does, "roles": [role]}.
    """
    head = [line[2:] for line in text.partition("\n- ")[0].splitlines() if line.startswith("# ")]
    head = [line for line in head if not line.startswith(("SPDX", "Copyright"))]
    prose = " ".join(line for line in head if not line.startswith(" "))
    indents = {True: "", False: "  "}
    example = [indents["ansible-playbook" in line] + line.strip() for line in head if line.startswith(" ")]
    command = "\n".join(example).replace(playbook_file(name), "rkfleet.npu." + name)
    roles = ", ".join(f"[{role}](../roles/{role}.md)" for role in row["roles"])
    return f"""# {name} playbook
{row["what"]}.

{prose}

```
{command}
```

Roles: {roles}. Their variables can be set in the inventory.

## Source
```yaml
{text.strip()}
```
"""


def playbook_rows(text, root):
    """Return {name: {"what": …, "roles": […]}} of the README's table of playbooks. "the same" are the roles above."""
    rows, previous = {}, []
    for name, what, roles in re.findall(r"^\| `(\w+)-npu\.yml`[^|]*\| (.*?) \| (.*?) \|$", text, re.MULTILINE):
        named = [role for role in re.split(r",\s*", roles) if (root / "roles" / role).is_dir()]
        previous = named or previous
        rows[f"{name}_npu"] = {"what": what[0].upper() + what[1:], "roles": previous}
    return rows


def toctree(caption, entries):
    """Return a part of the site's table of contents."""
    return "\n".join(["", "```{toctree}", ":hidden:", f":caption: {caption}", "", *entries, "```", ""])


def contents(root):
    """Return the site's table of contents, which the first page has at its end."""
    roles = sorted(specs.parts[-3] for specs in root.glob("roles/*/meta/argument_specs.yml"))
    parts = [toctree(title, [GUIDES + guide for guide in guides]) for title, guides in sections(root)]
    parts.append(toctree("Reference", ["playbooks", "roles", "collection/index", "examples"]))
    project = ["changelog", "contributing", "security-policy", "code-of-conduct", "简体中文 <zh-CN>"]
    parts.append(toctree("Project", project))
    lists = {
        "playbooks.md": "# Playbooks\n" + listing(f"playbooks/{name}" for name in playbooks(root)),
        "roles.md": "# Roles\nThe phases of an upgrade. Each has its README, and a page of all its variables.\n"
                    + listing(name for role in roles for name in (f"roles/{role}", f"collection/{role}_role")),
    }
    return "".join(parts), lists


def listing(entries):
    """Return a list of pages, shown with their titles."""
    return "\n".join(["", "```{toctree}", ":maxdepth: 1", "", *entries, "```", ""])
