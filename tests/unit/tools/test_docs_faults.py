# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/faults.md tells exactly what the scenario `faults` asserts, and the faults fit the checks that there are."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.aegis.temporal.plugins.module_utils.verify_catalogue import CHECKS
from faults import FAULTS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "faults.md"


def test_the_page_has_the_rows_of_the_test_and_no_others():
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    assert lines[1:] == [fault.row for fault in FAULTS]


def test_every_fault_has_a_name_of_its_own_and_fails_something():
    assert len({fault.name for fault in FAULTS}) == len({fault.what for fault in FAULTS}) == len(FAULTS) >= 20
    assert all(fault.says and all(fault.says.values()) for fault in FAULTS)
    assert all(fault.there and bool(fault.inject) == bool(fault.remove) for fault in FAULTS)
    assert all(bool(fault.inject) != bool(fault.variables) for fault in FAULTS)


# The scenario of the faults has no proxy and no version of the worker: these fail in those of molecule/haproxy and
# molecule/blue_green.
ELSEWHERE = {"haproxy", "haproxy_frontends", "routing"}


def test_every_check_is_the_root_of_a_fault_or_blocked_by_one_and_what_is_blocked_needs_a_root():
    needs = {check.id: set(check.needs) for check in CHECKS}
    named = {row.partition("@")[0] for fault in FAULTS for row in (*fault.says, *fault.blocked)}
    assert named == set(needs) - ELSEWHERE
    for fault in FAULTS:
        bad = {row.partition("@")[0] for row in (*fault.says, *fault.blocked)}
        for row in fault.blocked:
            assert needs[row.partition("@")[0]] & bad, (fault.name, row)
