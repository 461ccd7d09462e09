# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The documentation site: its parts, which run everywhere, and the built site (`make lint`), without a warning."""

from __future__ import annotations

import html.parser
import re
import shutil
import urllib.parse

import pytest
import yaml
from docs_site import build, pages


@pytest.fixture(scope="module")
def names(root):
    """Which document is which page."""
    return pages.page_names(root)


def test_every_guide_is_listed_once(root):
    listed = [guide for unused, guides in pages.sections(root) for guide in guides]
    there = sorted(path.stem for path in (root / "docs").glob("*.md"))
    assert sorted(listed) == there, "tests/docs_site/extra-docs.yml"


def test_every_playbook_is_listed(root):
    rows = pages.playbook_rows((root / "README.md").read_text(encoding="utf-8"), root)
    files = sorted(path.stem for path in root.glob("playbooks/*_npu.yml"))
    assert sorted(rows) == sorted(pages.playbooks(root)) == files
    assert rows["stage_npu"]["roles"] == rows["upgrade_npu"]["roles"] != []


def test_the_collection_does_not_need_the_site(root):
    galaxy = yaml.safe_load((root / "galaxy.yml").read_text(encoding="utf-8"))
    assert {"build", "tests"} <= set(galaxy["build_ignore"])
    for name in ("requirements.txt", "tests/requirements.txt", "bindep.txt", "meta/execution-environment.yml"):
        assert not re.search(r"^(sphinx|furo|myst)", (root / name).read_text(encoding="utf-8"), re.MULTILINE), name


@pytest.mark.parametrize(("source", "target", "expected"), [
    ("README.md", "docs/report.md#y", "collection/docsite/report.md#y"),
    ("README.md", "README.zh-CN.md", "zh-CN.md"),
    ("README.md", "docs/demo.svg", "collection/docsite/demo.svg"),
    ("README.md", "roles", "collection/index.rst"),
    ("docs/audit.md", "report.md", "report.md"),
    ("docs/report.md", "grafana.png", "grafana.png"),
    ("docs/audit.md", "#x", "#x"),
    ("docs/audit.md", "https://jmespath.org", "https://jmespath.org"),
    ("docs/audit.md", "../README.md#use-it", "../../index.md#use-it"),
    ("docs/audit.md", "../roles/guard/README.md#x", "../../roles/guard.md#x"),
    ("docs/audit.md", "https://github.com/rkfleet/npu/tree/main/docs/store.md#x", "store.md#x"),
    ("docs/audit.md", "https://github.com/rkfleet/npu/issues", "https://github.com/rkfleet/npu/issues"),
    ("docs/audit.md", "fleet.schema.json", "https://github.com/rkfleet/npu/blob/main/docs/fleet.schema.json"),
    ("docs/audit.md", "../tests", "https://github.com/rkfleet/npu/tree/main/tests"),
    ("roles/guard/README.md", "../detect/README.md", "detect.md"),
    ("examples/README.md", "one-board", "https://github.com/rkfleet/npu/blob/main/examples/one-board"),
])
def test_links_stay_on_the_site_where_there_is_a_page(root, names, source, target, expected):
    assert pages.link(target, source, names, root) == expected


def test_code_is_not_changed(root, names):
    text = "[a](docs/report.md) `[a](docs/report.md)`\n```\n[a](docs/report.md)\n```\n"
    assert pages.markdown(text, "README.md", names, root) == text.replace("docs/", "collection/docsite/", 1)


def test_links_of_modules_to_guides_stay_on_the_site(names):
    text = "`x <https://github.com/rkfleet/npu/tree/main/docs/store.md#a-b>`__ <https://github.com/rkfleet/npu/issues>"
    assert pages.restructured(text, "collection/npu_dkms_module.rst", names) == (
        "`x <docsite/store.html#a-b>`__ <https://github.com/rkfleet/npu/issues>")


def test_a_page_has_one_list_of_its_headings_and_the_index_a_title_that_says_what_it_lists(names):
    text = "Rkfleet.Npu\n===========\n\n.. contents::\n   :local:\n   :depth: 1\n\nDescription\n"
    title = "Modules, roles and plugins\n==========================\n"
    assert pages.restructured(text, "collection/index.rst", names) == title + "\n\nDescription\n"


PLAYBOOK = """---
# Copyright: (c) Y
# Tries it. Changes
# nothing.
#   ansible-playbook -i boards.yml playbooks/try-npu.yml \\
#     -e x=1
- name: Try
  hosts: all  # code
"""


def test_a_playbooks_page_has_its_comment_command_roles_and_source():
    page = pages.playbook(PLAYBOOK, "try_npu", {"what": "Tries", "roles": ["detect"]})
    assert page.startswith("# try_npu playbook\nTries.\n\nTries it. Changes nothing.\n")
    assert "```\nansible-playbook -i boards.yml rkfleet.npu.try_npu \\\n  -e x=1\n```" in page
    assert "Roles: [detect](../roles/detect.md)." in page and "hosts: all  # code\n```" in page


class Links(html.parser.HTMLParser):
    """What a page links to, loads, and can be linked at."""

    def __init__(self, text):
        super().__init__()
        self.links, self.loads, self.anchors = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.anchors.update(values[key] for key in ("id", "name") if values.get(key))
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if tag == "link" and values.get("rel") in ("stylesheet", "icon", "preload", "preconnect", "manifest"):
            self.loads.append(values["href"])
        self.loads += [values["src"]] if values.get("src") else []


@pytest.fixture(scope="module")
def site(root, tmp_path_factory):
    """The built site. Any warning of antsibull-docs or Sphinx fails here."""
    return build.build(root, tmp_path_factory.mktemp("site"), build.tools())


@pytest.fixture(scope="module")
def read(site):
    """{path of a page: what it links to}."""
    return {path: Links(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}


@pytest.mark.lint_only
def test_everything_has_a_page(root, site):
    for kind in ("modules", "lookup", "callback", "inventory"):
        suffix = kind.removesuffix("s")
        for path in (root / "plugins" / kind).glob("*.py"):
            assert (site / f"collection/{path.stem}_{suffix}.html").exists(), path.stem
    for path in (root / "plugins/filter").glob("*.yml"):
        assert (site / f"collection/{path.stem}_filter.html").exists(), path.stem
    for path in (root / "roles").glob("*/meta/argument_specs.yml"):
        assert (site / f"collection/{path.parts[-3]}_role.html").exists(), path
    for page in pages.page_names(root).values():
        assert (site / page).suffix in pages.PICTURES or (site / page).with_suffix(".html").exists(), page
    assert "v1.5.0" in (site / "changelog.html").read_text(encoding="utf-8").replace("\\", "")


@pytest.mark.lint_only
def test_no_page_has_what_the_theme_reports_as_an_error(site):
    assert not [path for path in site.rglob("*.html") if 'class="contents' in path.read_text(encoding="utf-8")]


@pytest.mark.lint_only
def test_every_link_within_the_site_leads_somewhere(site, read):
    dead = set()
    for path, page in read.items():
        for link in page.links:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme:
                continue
            target = (path.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else path
            known = read[target].anchors if target in read else ()
            anchor = urllib.parse.unquote(parts.fragment)
            if not target.exists() or (anchor and target in read and anchor not in known):
                dead.add((str(path.relative_to(site)), link))
    assert not sorted(dead)


@pytest.mark.lint_only
def test_the_site_loads_nothing_from_elsewhere(site, read):
    assert not {load for page in read.values() for load in page.loads if re.match(r"(\w+:)?//", load)}
    for path in site.rglob("*.css"):
        assert not re.search(r"@import|url\(['\"]?(https?:)?//", path.read_text(encoding="utf-8")), path


@pytest.mark.lint_only
@pytest.mark.skipif(not shutil.which("chromium"), reason="needs Chromium: make host")
@pytest.mark.parametrize("page", ["index", "zh-CN", "collection/docsite/first-board", "collection/npu_facts_module"])
def test_pages_fit_a_phone_are_dark_if_wanted_and_can_be_searched(site, tmp_path, page):
    from browser.chromium import Browser

    browser = Browser(tmp_path / "chromium")
    try:
        for settings in ({"width": 390, "height": 844, "phone": True}, {"width": 1440, "height": 900}):
            shown = browser.page((site / f"{page}.html").as_uri(), **settings)
            assert shown.run("document.documentElement.scrollWidth <= innerWidth"), settings
        dark = browser.page((site / "collection/npu_facts_module.html").as_uri(), dark=True)
        cell = "getComputedStyle(document.querySelector('.ansible-option-table .row-odd td')).backgroundColor"
        assert dark.run(cell) == "rgb(19, 20, 22)", "a dark page has tables with a light ground"
        found = browser.page((site / "search.html").as_uri() + "?q=npu_facts")
        script = "new Promise(done => setInterval(() => document.querySelector('ul.search li') && done(true), 50))"
        assert found.run(script)
        assert found.run("document.querySelector('ul.search').textContent").count("npu_facts")
    finally:
        browser.close()
