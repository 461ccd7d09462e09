# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Predicates about a board that are used in several places; missing facts and plans are allowed."""

from __future__ import annotations

from .._schema.values import dictionary


def has_work(plan):
    """Return whether a plan changes something."""
    return plan.get("action") != "none" or dictionary(plan.get("runtime")).get("install") is True


def is_pending(facts):
    """Return whether an upgrade is neither committed nor rolled back."""
    return bool(dictionary(facts.get("upgrade")).get("pending"))


def needs_nothing(plan, facts):
    """Return whether the plan changes nothing and no upgrade is pending."""
    return not has_work(plan) and not is_pending(facts)


def setup_of(facts):
    """Return the setup that a verification covers: `{kernel, driver, runtime_sha256}` of these facts."""
    places = {"kernel": ("kernel", "release"), "driver": ("driver", "version"), "runtime_sha256": ("runtime", "sha256")}
    return {name: dictionary(facts.get(part)).get(key) for name, (part, key) in places.items()}


def verification_now(facts, tried):
    """Return `facts.verification` after MobileNet was run: `tried` is what module rknn_mobilenet returned."""
    shown = {name: tried.get(name) for name in ("diagnosis", "evidence", "remedy")}
    return dict(setup_of(facts), **shown, fresh=True)


def is_current(verification, facts):
    """Return whether a verification is of the kernel, driver and runtime of these facts."""
    setup = setup_of(facts)
    return bool(setup["driver"]) and all(verification.get(name) == value for name, value in setup.items())


def current_diagnosis(facts):
    """Return the diagnosis of the recorded verification if it is current, else None."""
    recorded = dictionary(facts.get("verification"))
    return recorded.get("diagnosis") if is_current(recorded, facts) else None
