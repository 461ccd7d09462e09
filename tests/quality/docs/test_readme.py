# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The Chinese README says what the English one says, and pictures of the documents are files of the project."""

from __future__ import annotations

import re

import pytest

FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


def commands(block):
    """Return the lines of a code block without the comments, which are translated."""
    return [re.sub(r"(^|\s+)#.*", "", line) for line in block.splitlines()]


def outline(text):
    """Return what both READMEs must share of each section, in order.

    Returns [{"level", "code": [lines of each block], "links": [target], "names": [inline code], "rows": number of table
    rows}]. A sentence may name things in another order, so links and names are sorted.
    """
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    blocks = FENCE.findall(text)
    plain = FENCE.sub("```", text)
    found = []
    for section in re.split(r"^(?=#+ )", plain, flags=re.MULTILINE)[1:]:
        count = len(re.findall(r"^```$", section, re.MULTILINE))
        code, blocks = blocks[:count], blocks[count:]
        links = re.findall(r"\]\(([^)\s]+)\)", section)
        found.append({
            "level": len(section.split(" ", 1)[0]), "code": [commands(block) for block in code],
            "links": sorted(link for link in links if not link.startswith("README")),
            "names": sorted(re.findall(r"`([^`\n]+)`", section)),
            "rows": len(re.findall(r"^\|", section, re.MULTILINE)),
        })
    return found


def test_the_chinese_readme_is_in_step(root):
    english, chinese = (outline((root / name).read_text(encoding="utf-8")) for name in ("README.md", "README.zh-CN.md"))
    assert len(english) == len(chinese) > 5, "a heading is missing in one of README.md and README.zh-CN.md"
    for number, (ours, theirs) in enumerate(zip(english, chinese, strict=True), 1):
        for what, value in ours.items():
            assert theirs[what] == value, f"heading {number} of README.zh-CN.md: {what} differ from README.md"


def test_the_readmes_link_to_each_other(root):
    assert "(README.zh-CN.md)" in (root / "README.md").read_text(encoding="utf-8")
    assert "(README.md)" in (root / "README.zh-CN.md").read_text(encoding="utf-8")


ENGLISH = "# A\nText `x` [b](b.md).\n```\nmake look    # a minute\n```\n## B\n| a | b |\n|---|---|\n"


@pytest.mark.parametrize(("before", "after"), [
    ("## B\n", ""),                              # a heading is missing
    ("## B\n", "### B\n"),                       # of another level
    ("make look ", "make demo "),                # another command
    ("`x`", "`y`"),                              # another name
    ("b.md", "c.md"),                            # another link
    ("|---|---|\n", "|---|---|\n| c | d |\n"),   # another row
])
def test_a_readme_that_is_not_in_step_is_found(before, after):
    assert outline(ENGLISH) != outline(ENGLISH.replace(before, after))


def test_a_translated_comment_and_another_order_are_in_step():
    chinese = ENGLISH.replace("# a minute", "# 一分钟").replace("Text `x` [b](b.md)", "[b](b.md) `x`")
    assert outline(chinese) == outline(ENGLISH)


def test_pictures_and_badges_are_files_of_the_project(root, project_files):
    """A badge of a service would say what nobody here can check, and a picture from elsewhere tells who reads it."""
    for name in project_files:
        if name.endswith(".md") and name != "CHANGELOG.md":
            text = FENCE.sub("", (root / name).read_text(encoding="utf-8"))
            for target in re.findall(r"!\[[^\]]*\]\(([^)\s]+)\)", text):
                assert ((root / name).parent / target).is_file(), (name, target)
            assert "<img" not in text, name
