# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Sphinx's settings for the documentation site. Nothing is fetched: no intersphinx inventory, no font, no script."""

from __future__ import annotations

import os

from docutils import nodes

project = "rkfleet.npu"
copyright = "2026, rkfleet.npu contributors"
release = version = os.environ["RKFLEET_VERSION"]

extensions = ["myst_parser", "sphinx_antsibull_ext"]
myst_heading_anchors = 6
nitpicky = True
default_role = "any"
highlight_language = "text"
pygments_style = "ansible"
smartquotes = False  # commands are copied from the pages

html_theme = "furo"
html_title = f"rkfleet.npu {release}"
html_copy_source = False
html_show_sphinx = False
html_use_index = False
# Tables of options and return values, whose own colors are for a white page.
DARK = {
    "table-background-header": "#1c2a33",
    "table-background-even": "#1b2229",
    "table-background-odd": "#131416",
    "table-border": "#3c4148",
    "narrowtable-background": "#1b2229",
    "option-type": "#d2a8ff",
    "option-elements": "#d2a8ff",
    "option-required": "#ff7b72",
    "option-version-added": "#7ee787",
    "option-aliases": "#7ee787",
    "option-default": "#79c0ff",
    "option-sample": "#79c0ff",
    "option-sample-header": "#79c0ff",
    "attribute-support-full": "#7ee787",
    "attribute-support-partial": "#e3b341",
    "attribute-support-none": "#ff7b72",
    "attribute-support-na": "#79c0ff",
    "links-background": "#1f6f70",
    "links-background-active": "#2b8a8b",
}
html_theme_options = {"dark_css_variables": {f"antsibull-{name}": color for name, color in DARK.items()}}

ANSIBLE = "https://docs.ansible.com/projects/ansible/latest/"
# Labels of Ansible's own documentation that antsibull-docs refers to.
LABELS = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "callback_plugins": "plugins/callback.html",
    "common_return_values": "reference_appendices/common_return_values.html",
    "filter_plugins": "plugins/filter.html",
    "inventory_plugins": "plugins/inventory.html",
    "lookup_plugins": "plugins/lookup.html",
}


def ansible_link(app, env, node, content):
    """Link a label of Ansible's documentation to its public place; None for a label that is ours, or misspelled."""
    label = node.get("reftarget", "")
    parts = label.split(".")
    if label in LABELS:
        page = LABELS[label]
    elif node.get("reftype") == "envvar" and label.startswith("ANSIBLE_"):
        page = "reference_appendices/config.html#envvar-" + label
    elif parts[0] == "ansible_collections" and parts[1:2] == ["ansible"] and len(parts) == 4:
        page = "collections/" + "/".join(parts[1:]) + ".html"
    else:
        return None
    return nodes.reference("", "", content, refuri=ANSIBLE + page)


def setup(app):
    """Register the links to Ansible's documentation."""
    app.connect("missing-reference", ansible_link)
