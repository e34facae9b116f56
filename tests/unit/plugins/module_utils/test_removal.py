# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last of a kind stays unless told, and data is never removed."""

from __future__ import annotations

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.removal import problems

ALL = ("temporal_worker", "temporal_ui", "haproxy", "temporal")
HOSTVARS = {
    "db": {"ansible_host": "192.0.2.1"},
    "s1": {"ansible_host": "192.0.2.2", "temporal_services": ["frontend", "matching", "history"]},
    "s2": {"ansible_host": "192.0.2.3", "temporal_services": ["frontend", "history", "worker"]},
    "s3": {"ansible_host": "192.0.2.4", "temporal_services": ["worker", "matching"]},
    "w1": {"ansible_host": "192.0.2.5"},
    "w2": {"ansible_host": "192.0.2.6"},
    "w3": {"ansible_host": "192.0.2.7", "temporal_worker_task_queue": "slow"},
    "p1": {"ansible_host": "192.0.2.8"},
    "p2": {"ansible_host": "192.0.2.9"},
}
GROUPS = {
    "all": list(HOSTVARS),
    "postgres": ["db"],
    "temporal": ["s1", "s2", "s3"],
    "haproxy": ["p1", "p2"],
    "temporal_ui": ["s1", "w1"],
    "temporal_worker": ["w1", "w2", "w3"],
}


def _problems(*leaving, parts=ALL, last=False):
    return problems(GROUPS, HOSTVARS, leaving, parts, last)


@pytest.mark.parametrize("leaving", [["w1"], ["w2"], ["s1"], ["s2"], ["s3"], ["p1"], ["s3", "w2"]])
def test_what_others_do_too_may_go(leaving):
    assert _problems(*leaving) == []


@pytest.mark.parametrize(
    ("leaving", "said"),
    [
        (["w1", "w2"], ["the task queue 'aegis-agents' of namespace 'default'"]),
        (["w3"], ["the task queue 'slow' of namespace 'default'"]),
        (["s1", "w1"], ["the last Temporal UI"]),
        (["p1", "p2"], ["haproxy_state: absent in group_vars/haproxy"]),
        (["s1", "s2"], ["runs frontend, history."]),
        (["s2", "s3"], ["runs worker."]),
        (["w1", "w2", "w3"], ["'aegis-agents'", "'slow'"]),
    ],
)
def test_the_last_stays_and_the_way_out_is_told(leaving, said):
    found = _problems(*leaving)
    assert len(found) == len(said), found
    for problem, words in zip(found, said, strict=True):
        assert words in problem
        assert "-e remove_last=true" in problem
    assert _problems(*leaving, last=True) == []


def test_the_way_out_is_that_of_who_asks():
    (found,) = problems(GROUPS, HOSTVARS, ["w3"], ["temporal_worker"], option="drain_last")
    assert "-e drain_last=true" in found
    assert "remove_last" not in found


def test_only_the_parts_that_go_count():
    assert _problems("s1", "w1", parts=["temporal_worker"]) == []
    assert _problems("w1", "w2", parts=["temporal", "temporal_ui"]) == []


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        (["postgres"], "It holds the data"),
        (["temporal_workers"], "Give some of temporal_worker, temporal_ui, haproxy, temporal."),
        ("temporal_worker", "not a list"),
    ],
)
def test_a_part_that_cannot_be_removed_is_named_even_when_the_last_may_go(parts, words):
    (found,) = _problems("db", parts=parts, last=True)
    assert words in found
    assert "remove_groups" in found
