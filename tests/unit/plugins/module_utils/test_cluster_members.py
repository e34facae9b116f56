# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which members are missing and which are too many."""

from __future__ import annotations

from ansible_collections.aegis.temporal.plugins.module_utils.cluster_members import (
    difference,
    newer_than,
    still_there,
)
from ansible_collections.aegis.temporal.plugins.module_utils.timestamps import parse_timestamp


def _member(service="history", address="192.0.2.1", port=6934, fresh=True):
    return {"service": service, "address": address, "membership_port": port, "fresh": fresh}


def test_the_same_members_however_often_they_were_started():
    restarted = [_member(), _member(fresh=False), _member()]
    assert difference(restarted, [_member()]) == ([], [])


def test_a_member_that_no_longer_reports_is_missing_and_no_longer_unexpected():
    assert difference([_member(fresh=False)], [_member()]) == (["history 192.0.2.1:6934"], [])
    assert difference([_member(), _member("worker", fresh=False)], [_member()]) == ([], [])


def test_a_stranger_and_another_port_are_not_expected():
    found = difference([_member(port=6935), _member(address="192.0.2.9")], [_member()])
    assert found == (["history 192.0.2.1:6934"], ["history 192.0.2.1:6935", "history 192.0.2.9:6934"])


def test_one_address_in_two_ways_of_writing_is_one_member():
    assert difference([_member(address="2001:db8:0:0::1")], [_member(address="[2001:DB8::1]")]) == ([], [])


def test_a_process_that_was_restarted_is_not_taken_for_the_one_before():
    before = {**_member(), "session_start": "2026-11-28T10:00:00Z"}
    after = {**_member(), "session_start": "2026-11-28T10:05:00Z"}
    now = parse_timestamp("2026-11-28T10:05:10Z").timestamp()
    assert newer_than([before], 20, now) == []
    assert newer_than([before, after], 20, now) == [after]


def test_who_still_reports_is_still_there():
    gone, left = _member(fresh=False), _member("matching", port=6935)
    assert still_there([gone, left], [_member(), _member("matching", port=6935)]) == ["matching 192.0.2.1:6935"]
    assert still_there([gone], [_member()]) == []
