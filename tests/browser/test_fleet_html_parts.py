# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The parts of fleet.html above its table: groups of boards and their commands, drivers and kernels, latency."""

from __future__ import annotations

import collections
import re

import fleet_sample
import pytest
from browser.page import NAMES, WATCH, choose, click, per_page, shown, written


def group(verdict):
    """Return the expression for the group with a verdict."""
    return ("Array.from(document.querySelectorAll('.group'))"
            f".find(each => each.querySelector('.verdict').textContent === {verdict!r})")


def with_verdict(verdict):
    """Return the names of the boards on the page with a verdict."""
    return [entry["name"] for entry in fleet_sample.records(60) if entry["verdict"] == verdict]


def test_boards_can_be_filtered_by_verdict_with_their_counts(page):
    verdicts = collections.Counter(entry["verdict"] for entry in fleet_sample.records(60))
    options = "Array.from(document.forms[0].elements.verdict.options)"
    told = page.run(options + ".map(option => option.text)")
    assert len(verdicts) > 5 and told[0] == "All"
    assert sorted(told[1:]) == sorted(f"{verdict} ({count})" for verdict, count in verdicts.items())
    choose(page, "verdict", page.run(options + ".find(each => each.text.startsWith('planned: dkms (')).value"))
    assert page.run(NAMES) == with_verdict("planned: dkms")


@pytest.mark.parametrize("clipboard", ["allowed", "refused", "missing"])
def test_the_command_for_a_group_is_copied_with_one_click(browser, url, clipboard):
    write = {
        "allowed": "{writeText: text => { window.copied = text; return Promise.resolve(); }}",
        "refused": "{writeText: () => Promise.reject(new Error('refused'))}"}
    before = f"Object.defineProperty(navigator, 'clipboard', {{value: {write.get(clipboard, 'undefined')}}});"
    page = browser.page(url, before=WATCH + before)
    page.run("document.addEventListener('copy', () => { window.copied = window.getSelection().toString(); })")
    button = group("planned: dkms") + ".querySelector('.copy')"
    # Its text changes back later.
    page.run(f"window.done = new Promise(done => new MutationObserver(() => done({button}.textContent))"
             f".observe({button}, {{childList: true}})); 0")
    # Browsers copy what is selected only for what a user does.
    page.run(button + ".focus()")
    page.key("Enter")
    assert page.run("window.done") == "Copied"
    command = "ansible-playbook -i boards.yml rkfleet.npu.upgrade_npu --limit "
    assert page.run("window.copied") == command + ",".join(with_verdict("planned: dkms"))
    assert page.run("document.querySelector('.copied').textContent") == "The command is copied."
    assert page.run("window.ran") == []
    page.close()


def test_a_group_shows_its_boards(page):
    names = with_verdict("unsupported")
    assert page.run(group("unsupported") + ".querySelector('.show').textContent") == f"{len(names)} boards"
    show = group("unsupported") + ".querySelector('.show button').click()"
    page.run(show)
    assert page.run(NAMES) == names
    # Another status does not keep that verdict.
    click(page, ".tile.unknown button")
    assert page.run(NAMES) == with_verdict("not verified")
    click(page, ".tile.unknown button")
    page.run(show)
    page.run(show)
    assert shown(page) == "Showing 1 to 50 of 60 boards"


def test_a_fleet_without_problems_has_nothing_to_do(browser, tmp_path):
    records = [fleet_sample.record(number, "healthy") for number in range(3)]
    page = browser.page(written(tmp_path, records), before=WATCH)
    assert page.run("document.querySelectorAll('.group, .copy').length") == 0 and shown(page) == "Showing all 3 boards"
    assert page.run("window.ran") == []
    page.close()


def test_the_latency_of_each_soc_is_a_picture_and_a_text(page):
    found = {}
    for entry in fleet_sample.records(60):
        if (entry["verification"] or {}).get("latency_ms"):
            found.setdefault(entry["board"]["soc"], []).append(entry)
    told = {name.split(":")[0]: name for role, name, unused in page.accessibility() if name.startswith("Latency of ")
            and role == "image"}
    assert len(told) == len(found) == 3
    for soc, entries in found.items():
        text = told[f"Latency of {len(entries)} boards with {soc}"]
        assert sum(int(count) for count in re.findall(r": (\d+) boards?\.", text)) == len(entries)
    bars = sum(len(re.findall(r"boards?\.", text)) for text in told.values())
    assert page.run("document.querySelectorAll('.bars rect').length") == bars > 9
    buttons = "Array.from(document.querySelectorAll('.strip .soc button'))"
    page.run(buttons + ".find(each => each.textContent === 'rk3576').click()")
    per_page(page, "")
    assert len(page.run(NAMES)) == sum(entry["board"]["soc"] == "rk3576" for entry in fleet_sample.records(60))


def test_one_latency_alone_is_a_number_without_a_picture(browser, tmp_path):
    entry = fleet_sample.record(3, "healthy")
    page = browser.page(written(tmp_path, [entry]))
    median = "{:.1f}".format(entry["verification"]["latency_ms"]["median"])
    assert page.run("document.querySelectorAll('.bars, .scale').length") == 0
    assert page.run("document.querySelector('.strip').textContent").split() == ["rk3576", median, "ms", "1", "board"]
    page.close()


@pytest.mark.parametrize("drivers", [4, 8])
def test_the_matrix_is_not_cut_off_on_a_phone(browser, tmp_path, drivers):
    records = fleet_sample.records(60)
    for number, entry in enumerate(records):
        if entry["kernel"]["release"]:
            entry["kernel"]["release"] += "-with-a-name-that-is-as-long-as-some-are"
            entry["driver"]["version"] = f"0.{number % drivers}.1"
    page = browser.page(written(tmp_path, records), width=360, height=740, phone=True)
    places = "Array.from(document.querySelectorAll('.matrix tbody th, .matrix .figure'))"
    edges = page.run(places + ".map(each => each.getBoundingClientRect().right)")
    assert len(edges) > 20 and max(edges) < 360
    scroll = "document.querySelector('.scroll')"
    assert page.run(f"{scroll}.scrollWidth <= {scroll}.clientWidth")
    # Each number says which driver it is about.
    said = page.run("getComputedStyle(document.querySelector('.matrix .figure'), '::before').content")
    assert re.match(r'"0\.\d\.1', said)
    roles = [role for role, dummy, dummy in page.accessibility()]
    assert roles.count("table") == 2
    page.close()
