# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What the tests of fleet.html do with a page, and ask of it."""

from __future__ import annotations

import fleet_sample
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import files as _report
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import html as _report_html

NAMES = "Array.from(document.querySelectorAll('table.boards > tbody:not([hidden]) .name'), name => name.textContent)"
# Says so where anything of a board is taken for more than text.
WATCH = """
window.ran = [];
for (const name of ['alert', 'confirm', 'prompt', 'open', 'fetch'])
  window[name] = (...words) => window.ran.push(name + words);
document.addEventListener('securitypolicyviolation', event => window.ran.push('policy ' + event.violatedDirective));
window.addEventListener('error', event => window.ran.push('error ' + event.message));
"""


def spells(records):
    """A history for boards: two earlier states."""
    was = dict(_report.state(records[0]), status="needs_work", verdict="planned: dkms", driver="0.9.3")
    was.update(since="2026-01-01T12:00:00Z", until="2026-01-05T12:00:00Z", times=5)
    return {
        entry["name"]: [
            was, dict(_report.state(entry), since=entry["checked_at"], until=entry["checked_at"], times=1)]
        for entry in records}


def written(folder, records):
    """Write the page for records; return where."""
    path = folder / "fleet.html"
    report = _report.document(records, fleet_sample.NOW)
    path.write_text(_report_html.html(report, spells(report["boards"])), encoding="utf-8")
    return path.as_uri()


def click(page, selector):
    """Click on the first element that a selector finds."""
    page.run(f"document.querySelector({selector!r}).click()")


def choose(page, name, value):
    """Give a field of the form a value, as its owner would."""
    field = f"document.forms[0].elements[{name!r}]"
    page.run(f"{field}.value = {value!r}; {field}.dispatchEvent(new Event('input', {{bubbles: true}}))")


def sort_by(page, column):
    """Click on the name of a column."""
    page.run(f"Array.from(document.querySelectorAll('.sort')).find(each => each.textContent === {column!r}).click()")


def shown(page):
    """Return the sentence that says how many boards are shown."""
    return page.run("document.querySelector('.shown').textContent")


def in_order(records):
    """Return the names of records as the page shows them first: those that need attention before the others."""
    ranks = list(_report_html.STATUSES)
    return [entry["name"] for entry in sorted(records, key=lambda entry: ranks.index(entry["status"]))]


def turn(page, name):
    """Click on `previous` or `next`."""
    page.run(f"document.querySelector('.pages button[name={name}]').click()")


def per_page(page, size):
    """Choose how many boards a page has; all with an empty size."""
    field = "document.querySelector('.pages select')"
    page.run(f"{field}.value = {size!r}; {field}.dispatchEvent(new Event('input'))")
