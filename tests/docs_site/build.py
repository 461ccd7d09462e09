# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Build the documentation site (`make docs-site`) into build/docs-site/html: any warning is an error.

The tools have a virtual environment of their own (requirements.txt beside this file); the collection and its other
tests do without them. Once that is made nothing is fetched.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys

import yaml

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent)]

import environment  # noqa: E402
from docs_site import pages  # noqa: E402


def tools(say=lambda line: None):
    """Return the folder of the programs that build the site."""
    shared = [line for line in environment.requirements() if line.startswith(("ansible-core==", "antsibull-docs=="))]
    own = (HERE / "requirements.txt").read_text(encoding="utf-8").splitlines()
    python = next(path for path in map(environment.find_python, environment.CONTROLLER_PYTHONS) if path)
    return environment.make_venv(python, shared + own, say) / "bin"


def run(programs, *command, **variables):
    """Run a program of the site's environment; subprocess.CalledProcessError if it fails."""
    where = dict(os.environ, PATH=f"{programs}{os.pathsep}{os.environ['PATH']}", **variables)
    subprocess.run([str(word) for word in command], env=where, check=True, stdin=subprocess.DEVNULL)


def stage(root, source):
    """Write the pages' sources below `source`, where antsibull-docs has written collection/ already."""
    names = pages.page_names(root)
    readme = (root / "README.md").read_text(encoding="utf-8")
    tree, lists = pages.contents(root)
    for name, page in names.items():
        (source / page).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(pages.PICTURES):
            shutil.copyfile(root / name, source / page)
        elif name.endswith(".md"):
            text = pages.markdown((root / name).read_text(encoding="utf-8"), name, names, root)
            (source / page).write_text(text + (tree if name == "README.md" else ""), encoding="utf-8")
    for page, text in lists.items():
        (source / page).write_text(text, encoding="utf-8")
    for name, row in pages.playbook_rows(readme, root).items():
        path = pages.playbook_file(name)
        row["what"] = pages.markdown(row["what"], "README.md", dict(names, **{"README.md": names[path]}), root)
        text = pages.playbook((root / path).read_text(encoding="utf-8"), name, row)
        (source / names[path]).write_text(text, encoding="utf-8")
    for path in (source / "collection").glob("*.rst"):
        text = path.read_text(encoding="utf-8")
        path.write_text(pages.restructured(text, f"collection/{path.name}", names), encoding="utf-8")


def laid_out(root, folder):
    """Make `folder` the collection as antsibull-docs reads it: links to the project, and the list of the guides."""
    (folder / "docs" / "docsite").mkdir(parents=True)
    for path in [*root.iterdir(), *(root / "docs").iterdir(), *(root / "docs/docsite").iterdir()]:
        place = folder / path.relative_to(root)
        if not place.exists():
            place.symlink_to(path)
    (folder / "docs/docsite/extra-docs.yml").symlink_to(HERE / "extra-docs.yml")


def build(root, output, programs):
    """Build the site of the project in `root` into `output`/html, and return that folder."""
    shutil.rmtree(output, ignore_errors=True)
    collection = output / "source" / "collection"
    collection.mkdir(parents=True, mode=0o755)
    settings = output / "ansible.cfg"
    settings.touch()
    collections = output / "collections"
    laid_out(root, collections / "ansible_collections" / "rkfleet" / "npu")
    run(programs, "antsibull-docs", "collection", "--use-current", "--squash-hierarchy", "--fail-on-error",
        "--dest-dir", collection, "rkfleet.npu", ANSIBLE_COLLECTIONS_PATH=str(collections),
        ANSIBLE_CONFIG=str(settings), ANSIBLE_HOME=str(output / "home"))
    stage(root, output / "source")
    version = yaml.safe_load((root / "galaxy.yml").read_text(encoding="utf-8"))["version"]
    run(programs, "sphinx-build", "-q", "-b", "html", "-c", HERE, "-d", output / "doctrees", "-W", "--keep-going",
        output / "source", output / "html", RKFLEET_VERSION=version)
    return output / "html"


def main():
    """Build the site and print where it is."""
    def say(line):
        print("rkfleet.npu: " + line, file=sys.stderr, flush=True)

    try:
        folder = build(environment.ROOT, environment.ROOT / "build" / "docs-site", tools(say))
    except subprocess.CalledProcessError as error:
        say(f"the documentation site could not be built: {error}")
        return 1
    print((folder / "index.html").as_uri())
    return 0


if __name__ == "__main__":
    sys.exit(main())
