# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""fleet.html in a real browser: what it shows, that it can be used by everybody, and that no board can make it do anything."""

from __future__ import annotations

import re

import fleet_sample
import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import board_record
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import files as _report
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import html as _report_html
from browser.page import NAMES, WATCH, choose, click, in_order, per_page, shown, sort_by, turn, written

# The contrast of every text with what is behind it, worst first.
CONTRAST = r"""(() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = text => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1);
    return Array.from(canvas.getImageData(0, 0, 1, 1).data);
  };
  const linear = v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = rgb => [0.2126, 0.7152, 0.0722].reduce((sum, part, i) => sum + part * linear(rgb[i] / 255), 0);
  const behind = node => {
    for (; node; node = node.parentElement) {
      const color = rgba(getComputedStyle(node).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255];
  };
  const worst = {};
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode.parentElement;
    if (!walk.currentNode.textContent.trim() || !node.getClientRects().length || node.closest('option,script,style')) continue;
    const style = getComputedStyle(node), a = light(rgba(node.closest('svg') ? style.fill : style.color)), b = light(behind(node));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), name = node.tagName + '.' + node.getAttribute('class');
    worst[name] = Math.min(worst[name] || 99, ratio);
  }
  return worst;
})()"""


def test_boards_that_need_attention_come_first_and_totals_are_right(page):
    records = fleet_sample.records(60)
    assert page.run(NAMES) == in_order(records)[:50] != [entry["name"] for entry in records[:50]]
    assert page.run("document.querySelector('[aria-sort]').textContent") == "Status"
    for status in _report_html.STATUSES:
        count = sum(entry["status"] == status for entry in records)
        assert count and page.run("document.querySelector('.tile.%s .number').textContent" % status) == str(count)
    assert shown(page) == "Showing 1 to 50 of 60 boards"


def test_pages_can_be_turned_and_have_the_size_that_is_chosen(page):
    names = in_order(fleet_sample.records(60))
    place = "document.querySelector('.pages .place').textContent"
    assert page.run(place) == "Page 1 of 2"
    turn(page, "previous")
    assert page.run(NAMES) == names[:50]
    turn(page, "next")
    assert page.run(NAMES) == names[50:] and shown(page) == "Showing 51 to 60 of 60 boards"
    assert page.run("document.getElementById('boards').getBoundingClientRect().top") < 400
    turn(page, "next")
    assert page.run(place) == "Page 2 of 2"
    assert page.run("document.querySelector('.pages [name=next]').getAttribute('aria-disabled')") == "true"
    per_page(page, "20")
    assert page.run(NAMES) == names[:20] and page.run(place) == "Page 1 of 3"
    turn(page, "next")
    # What is filtered, searched or sorted is shown from its first page on.
    choose(page, "status", "healthy")
    assert page.run(place).startswith("Page 1 of ") and shown(page).startswith("Showing 1 to 20 of ")
    assert shown(page).endswith("that match, of 60 boards")
    choose(page, "status", "")
    turn(page, "next")
    sort_by(page, "Board")
    assert page.run(NAMES) == ["rock-%d" % number for number in range(1, 21)]
    per_page(page, "")
    assert page.run(NAMES) == ["rock-%d" % number for number in range(1, 61)] and shown(page) == "Showing all 60 boards"
    page.run("window.dispatchEvent(new Event('beforeprint'))")
    assert len(page.run(NAMES)) == 60
    page.run("window.dispatchEvent(new Event('afterprint'))")
    choose(page, "search", "rock-7")
    assert page.run("document.querySelector('.pages').hidden")


def test_a_column_sorts_both_ways_and_shows_its_order(page):
    per_page(page, "")
    records = {entry["name"]: entry for entry in fleet_sample.records(60)}
    for column, key in (("Driver", lambda entry: entry["driver"]["version"]), ("Latency", lambda entry: (entry["verification"] or {}).get("latency_ms")),
                        ("Kernel", lambda entry: entry["kernel"]["release"])):
        for direction in ("ascending", "descending"):
            sort_by(page, column)
            said = page.run("Array.from(document.querySelectorAll('[aria-sort]'), head => head.textContent + ' ' + head.getAttribute('aria-sort'))")
            assert said == ["%s %s" % (column, direction)]
            values = [key(records[name]) for name in page.run(NAMES)]
            known = [value["median"] if isinstance(value, dict) else value for value in values if value is not None]
            # What is not known is last, either way.
            assert values[len(known):] == [None] * (len(values) - len(known))
            order = known if column == "Latency" else [_report_html._report_text.natural(value) for value in known]
            assert order == sorted(order, reverse=direction == "descending") and len(set(known)) > 1
    sort_by(page, "Status")
    assert page.run("document.querySelector('[aria-sort]').getAttribute('aria-sort')") == "ascending"
    order = page.run("Array.from(document.querySelectorAll('table.boards > tbody'), body => body.dataset.status)")
    assert order == sorted(order, key=list(_report_html.STATUSES).index) and order[0] == "needs_work"


def test_a_newer_version_with_two_digits_sorts_after_one_with_one(browser, tmp_path):
    records = fleet_sample.records(3)
    for entry, version in zip(records, ("0.10.0", "0.9.6", "0.9.10")):
        entry["driver"]["version"] = version
    page = browser.page(written(tmp_path, records))
    sort_by(page, "Driver")
    assert page.run(NAMES) == ["rock-2", "rock-3", "rock-1"]
    page.close()


def test_filters_and_search_narrow_the_table_together_and_the_count_is_shown(page):
    records = fleet_sample.records(60)
    choose(page, "status", "needs_work")
    sick = [entry["name"] for entry in records if entry["status"] == "needs_work"]
    assert page.run(NAMES) == sick and shown(page) == "Showing %d of 60 boards" % len(sick)
    number = page.run("Array.from(document.forms[0].elements.soc.options).find(option => option.text.startsWith('rk3588')).value")
    choose(page, "soc", number)
    both = [entry["name"] for entry in records if entry["status"] == "needs_work" and entry["board"]["soc"] == "rk3588"]
    assert page.run(NAMES) == both and 0 < len(both) < len(sick)
    choose(page, "search", both[0].upper())
    assert both[0] in page.run(NAMES) and len(page.run(NAMES)) < len(both) + 1
    choose(page, "search", "no such thing")
    assert page.run(NAMES) == [] and shown(page) == "Showing 0 of 60 boards"
    assert page.run("!document.querySelector('.none-shown').hidden")
    click(page, ".none-shown button")
    page.run("new Promise(done => setTimeout(done, 50))")
    assert shown(page) == "Showing 1 to 50 of 60 boards" and page.run("document.activeElement.name") == "search"


def test_search_finds_what_is_in_the_details(page):
    serial = fleet_sample.records(60)[7]["board"]["serial"]
    choose(page, "search", serial)
    assert page.run(NAMES) == ["rock-8"]


def test_a_total_and_a_cell_of_the_matrix_filter(page):
    records = fleet_sample.records(60)
    click(page, ".tile.unknown button")
    assert page.run(NAMES) == [entry["name"] for entry in records if entry["status"] == "unknown"]
    assert page.run("document.querySelector('.tile.unknown button').getAttribute('aria-pressed')") == "true"
    click(page, ".tile.unknown button")
    assert shown(page) == "Showing 1 to 50 of 60 boards"
    said = page.run("document.querySelector('.matrix td[data-kernel] .figure').textContent")
    click(page, ".matrix td[data-kernel] button")
    assert said.endswith(" of %d" % len(page.run(NAMES)))


def test_details_open_and_close_and_show_plan_reason_evidence_and_history(page):
    entry = next(entry for entry in fleet_sample.records(60) if entry["plan"]["changes"])
    row = "Array.from(document.querySelectorAll('table.boards > tbody')).find(body => body.querySelector('.name').textContent === %r)" % entry["name"]
    visible = "%s.rows[1].getClientRects().length > 0 ? %s.rows[1].innerText : ''" % (row, row)
    assert page.run(visible) == ""
    page.run("%s.querySelector('.open').click()" % row)
    text = page.run(visible)
    assert all(part in text for part in (entry["reason"], entry["remedy"], entry["plan"]["changes"][0], entry["evidence"][0], entry["board"]["serial"]))
    assert "planned: dkms, driver 0.9.3" in text and "1 January 2026, 12:00 UTC to 5 January 2026, 12:00 UTC, 5 times" in text
    assert page.run("%s.querySelector('.open').getAttribute('aria-expanded')" % row) == "true"
    page.run("%s.querySelector('.open').click()" % row)
    assert page.run(visible) == ""


def test_the_keyboard_reaches_and_works_everything(page):
    page.key("Tab")
    assert page.run("document.activeElement.className") == "skip" and page.run("document.activeElement.getBoundingClientRect().left >= 0")
    seen = []
    for dummy in range(120):
        page.key("Tab")
        seen.append(page.run("(e => (e.className || e.name || e.type || '') + ' ' + getComputedStyle(e).outlineStyle)(document.activeElement)"))
        if seen[-1].startswith("open"):
            break
    kinds = {each.split()[0] for each in seen}
    assert {"search", "status", "verdict", "kernel", "driver", "soc", "reset", "sort", "open", "copy", "plain"} <= kinds
    # Whatever has the focus can be seen to have it.
    assert not [each for each in seen if each.endswith(" none")]
    page.key("Enter")
    assert page.run("document.activeElement.getAttribute('aria-expanded')") == "true"
    page.key("Space")
    assert page.run("document.activeElement.getAttribute('aria-expanded')") == "false"
    page.run("document.forms[0].elements.search.focus()")
    page.type("rock-17")
    assert page.run(NAMES) == ["rock-17"]


@pytest.mark.parametrize("width", [1280, 360])
def test_a_screen_reader_gets_names_and_roles(browser, url, width):
    page = browser.page(url, width=width, phone=width < 500)
    told = page.accessibility()
    roles = [role for role, dummy, dummy in told]
    assert {"banner", "main", "contentinfo", "search", "status"} <= set(roles)
    assert [name for role, name, dummy in told if role == "heading"][:5] == [
        "NPU fleet report", "Totals", "What to do", "Drivers and kernels", "Latency of one inference"]
    # As cards on a phone it is a table all the same.
    tables = [name for role, name, dummy in told if role == "table"]
    assert any(name.startswith("All boards of the fleet") for name in tables) and any(name.startswith("Healthy boards of all") for name in tables)
    heads = [name for role, name, dummy in told if role == "columnheader"]
    assert {"Board", "Status", "SoC", "Kernel", "Driver", "Runtime", "Latency", "Plan"} <= set(heads)
    assert [name for role, name, dummy in told if role == "rowheader" and name.startswith("rock-7 ")]
    assert not [role for role, name, dummy in told if role in ("button", "textbox", "searchbox", "combobox", "link", "image") and not name]
    assert [properties["live"] for role, dummy, properties in told if role == "status"] == ["polite"] * 2
    assert "navigation" in roles
    page.close()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_can_be_read_in_light_and_dark(browser, url, dark):
    page = browser.page(url, dark=dark)
    click(page, ".open")
    back = page.run("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", back)[:3])) < 200) is dark
    ratios = page.run(CONTRAST)
    assert len(ratios) > 15 and {name: ratio for name, ratio in ratios.items() if ratio < 4.5} == {}
    page.close()


@pytest.mark.parametrize("kind", ["usual", "hostile"])
def test_a_phone_has_no_sideways_scrolling(browser, url, tmp_path, kind):
    if kind == "hostile":
        url = written(tmp_path, hostile_records())
    page = browser.page(url, width=360, height=740, phone=True)
    page.run("document.querySelectorAll('.open').forEach(button => button.click())")
    assert page.run("document.documentElement.scrollWidth") == 360
    everything = "table.boards tbody *, .sort, .group *, .pages *, .matrix tbody *, .strip > *"
    edges = "Array.from(document.querySelectorAll('%s'), each => each.getBoundingClientRect().right)" % everything
    assert page.run("Math.max(...%s)" % edges) <= 360
    touched = ".tile button, .sort, .copy, .show button, .pages button, .pages select, .matrix button, .tools select"
    fingers = "Array.from(document.querySelectorAll('%s, .tools button'), each => each.getBoundingClientRect().height)" % touched
    assert min(page.run(fingers)) >= 24
    page.close()


def test_without_script_it_is_a_plain_table(browser, url):
    page = browser.page(url, script=False)
    told = page.accessibility()
    assert sum(role == "rowheader" and name.startswith("rock-") for role, name, dummy in told) == 60
    # Each board's details can be opened all the same, and nothing is there that does not work.
    assert sum(role == "DisclosureTriangle" and name.startswith("Details of rock-") for role, name, dummy in told) == 60
    assert not [name for role, name, dummy in told if role in ("button", "searchbox")]
    page.close()


def test_a_printed_page_has_no_form(browser, url):
    page = browser.page(url, media="print")
    assert page.run("document.querySelectorAll('.copy').length") > 2
    for each in page.run("Array.from(document.querySelectorAll('.tools, .pages, .copy'), each => each.getClientRects().length)"):
        assert each == 0
    assert page.run("document.querySelector('table.boards').getClientRects().length") > 0
    page.close()


def hostile_records():
    """A board for each hostile text, which has it everywhere, names included, as it is read from a file with it."""
    entries = []
    for number, text in enumerate(fleet_sample.HOSTILE):
        name, there = fleet_sample.variables(number, kind="failing" if number % 2 else "over")
        entry = fleet_sample.hostile(board_record.record(name, there, fleet_sample.NOW), text)
        entries.append(_report.conform(dict(entry, name="%d %s" % (number, text), checked_at=text)))
    return entries


def test_answers_of_a_board_are_plain_text(browser, tmp_path):
    page = browser.page(written(tmp_path, hostile_records()), before=WATCH)
    page.run("document.querySelectorAll('.open').forEach(button => button.click())")
    choose(page, "search", "script")
    choose(page, "search", "")
    for column in ("Board", "Status", "SoC", "Kernel", "Driver", "Runtime", "Latency", "Plan"):
        sort_by(page, column)
    page.run("new Promise(done => setTimeout(done, 300))")
    assert page.run("window.ran") == []
    assert page.run("document.querySelectorAll('script').length + document.querySelectorAll('style').length") == 2
    assert page.run("document.querySelectorAll('img, iframe, object, embed, link, base, [onerror], [onmouseover], [style]').length") == 0
    assert page.run("document.querySelectorAll('a').length") == 1
    per_page(page, "")
    assert len(page.run(NAMES)) == len(fleet_sample.HOSTILE)
    assert page.run("document.body.textContent.includes('<script>alert(\"x\")</script>')")
    # What turns the direction of text around or cannot be seen is not there.
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\x1b\x7f-\x9f]", page.run("document.body.textContent"))
    asked = [event["request"]["url"] for event in page.events("Network.requestWillBeSent")]
    assert [each for each in asked if not each.startswith("file:///")] == [] and len(asked) == 1
    assert page.events("Log.entryAdded") == [] and page.events("Page.javascriptDialogOpening") == []
    page.close()


def test_even_what_got_through_the_escaping_would_not_run(browser, tmp_path):
    url = written(tmp_path, fleet_sample.records(2))
    path = tmp_path / "fleet.html"
    path.write_text(path.read_text().replace("<h2 id=\"boards-title\">", "<script>alert(1)</script><img src=x onerror=alert(2)><h2 id=\"boards-title\">"))
    page = browser.page(url, before=WATCH)
    ran = page.run("window.ran")
    assert ran and not [each for each in ran if not each.startswith("policy ")]
    page.close()


def test_a_thousand_boards_can_be_used(browser, tmp_path):
    page = browser.page(written(tmp_path, fleet_sample.records(1000)), before=WATCH)
    sort_by(page, "Latency")
    choose(page, "search", "rock-99")
    names = page.run(NAMES)
    assert sorted(names, key=_report_html._report_text.natural) == ["rock-99", *("rock-%d" % number for number in range(990, 1000))]
    assert page.run("window.ran") == []
    page.close()
