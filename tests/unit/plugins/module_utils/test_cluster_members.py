# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which members are missing and which are too many."""

from __future__ import annotations

import datetime

from ansible_collections.aegis.temporal.plugins.module_utils.cluster_members import difference


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


def test_the_process_before_a_restart_is_not_the_one_that_is_expected():
    def since(seconds):
        moment = datetime.datetime.now(tz=datetime.UTC) - datetime.timedelta(seconds=seconds)
        return {**_member(), "session_start": moment.strftime("%Y-%m-%dT%H:%M:%SZ")}

    expected = [{**_member(), "max_session_age": 20}]
    assert difference([since(60)], expected) == (["history 192.0.2.1:6934"], [])
    assert difference([since(60), since(10)], expected) == ([], [])
    assert difference([since(60)], [_member()]) == ([], [])
