# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every host's checks reach the report, also those that never ran, and only what was chosen."""

from __future__ import annotations

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.verify_catalogue import CHECKS, chosen, tags
from ansible_collections.aegis.temporal.plugins.module_utils.verify_checks import verify_blocked, verify_checks
from ansible_collections.aegis.temporal.plugins.module_utils.verify_report import rows

IDS = [check.id for check in CHECKS]
HOSTS = {"server": ["one", "two"], "haproxy": ["proxy"], "ui": ["ui"], "worker": ["worker"], "version": ["worker"]}
GOOD = {"failed": False, "elapsed": 0.5}
BAD = {"failed": True, "msg": "broken"}


def _hostvars(**results):
    """All checks of all hosts went well, but for ``results``: id or id_host to the registered result."""
    found = {}
    for host in ("one", "two", "proxy", "ui", "worker"):
        found[host] = {f"__verify_result_{key}": results.get(f"{key}_{host}", results.get(key, GOOD)) for key in IDS}
    return found


def _checks(ids=None, hosts=None, **results):
    return verify_checks(_hostvars(**results), hosts or HOSTS, ids or IDS)


def _ids(checks):
    return [(check["id"], check["host"]) for check in checks]


def test_every_part_has_its_checks_and_every_need_comes_before_what_needs_it():
    checks = _checks()
    assert [key for key in IDS if key not in {check["id"] for check in checks}] == []
    assert _ids(checks)[:2] == [("database", "one"), ("database", "two")]
    assert all(IDS.index(need) < IDS.index(check["id"]) for check in checks for need in check["needs"])
    assert all(entry["result"] == "passed" for entry in rows(checks))


def test_a_part_without_hosts_has_no_checks_and_a_host_that_was_never_asked_has_its_row():
    assert {check["id"] for check in _checks(hosts={"ui": ["ui"]})} == {"ui", "ui_api"}
    never = verify_checks({"one": {}, "two": {}}, {"server": ["one", "two"]}, ["services", "ring"])
    assert _ids(never) == [("services", "one"), ("services", "two"), ("ring", "one")]
    assert [entry["result"] for entry in rows(never)] == ["failed", "failed", "blocked"]


def test_only_hosts_with_a_version_are_asked_for_it_and_a_schedule_needs_the_answer():
    assert ("routing", "worker") in _ids(_checks())
    assert "routing" not in {check["id"] for check in _checks(hosts={**HOSTS, "version": []})}
    assert verify_blocked(_checks(routing=BAD), "worker") == ["schedule"]


def test_what_ran_once_is_told_of_the_host_that_has_the_result():
    hostvars = {"one": {}, "two": {"__verify_result_ring": GOOD}}
    assert _ids(verify_checks(hostvars, {"server": ["one", "two"]}, ["ring"])) == [("ring", "two")]


def test_what_needs_a_failure_is_not_tried_and_what_did_not_run_yet_blocks_nobody():
    assert verify_blocked(_checks(), "worker") == []
    assert verify_blocked(_checks(echo=BAD), "worker") == ["gate", "visibility", "schedule"]
    assert verify_blocked(_checks(workers={"unreachable": True}), "worker") == [
        "pollers",
        "routing",
        "register",
        "definitions",
        "echo",
        "gate",
        "visibility",
        "schedule",
        "cleanup",
    ]
    assert verify_blocked(verify_checks({"one": {}, "two": {}}, {"server": ["one"]}, IDS), "one") == []


def test_what_runs_on_every_host_is_tried_where_its_own_need_is_well():
    checks = _checks(database_one=BAD)
    assert "services" in verify_blocked(checks, "one")
    assert "services" not in verify_blocked(checks, "two")
    # Once for the cluster, which is not well.
    assert "ring" in verify_blocked(checks, "two")


@pytest.mark.parametrize(
    "result",
    [
        {"unreachable": True},
        {"failed": True, "msg": "Module result deserialization failed: No start of json char found"},
    ],
)
def test_a_host_that_is_not_reached_has_that_as_its_cause(result):
    (check,) = verify_checks({"ui": {"__verify_result_ui": result}}, {"ui": ["ui"]}, ["ui"])
    assert check["cause"].startswith("Ansible does not reach the host")


def test_a_failure_on_one_host_blocks_the_cluster_but_not_the_other_hosts():
    entries = {(entry["id"], entry["host"]): entry["result"] for entry in rows(_checks(database_one=BAD))}
    assert (entries["services", "one"], entries["services", "two"]) == ("blocked", "passed")
    assert (entries["database", "one"], entries["ring", "one"], entries["ui", "ui"]) == ("failed", "blocked", "passed")


@pytest.mark.parametrize(
    ("run", "skip", "expected"),
    [
        (["all"], [], IDS),
        (["verify"], ["verify_ui"], [key for key in IDS if key != "ui"]),
        (["verify_ui", "verify_ring"], [], ["ring", "ui"]),
        # What it leaves is removed, and what it needs of the worker is done.
        (["verify_gate"], [], ["register", "gate", "cleanup"]),
        (["verify_visibility"], [], ["register", "echo", "visibility", "cleanup"]),
        (["temporal_worker"], [], []),
        (["all"], ["verify"], []),
    ],
)
def test_tags_choose_checks(run, skip, expected):
    assert chosen(run, skip) == expected


def test_a_check_of_several_tasks_fails_with_any_of_them():
    hostvars = _hostvars()
    hostvars["worker"]["__verify_result_begun"] = BAD
    hostvars["worker"]["__verify_result_gate"] = {"skipped": True}
    (check,) = verify_checks(hostvars, HOSTS, ["gate"])
    assert check["result"]["msg"] == "broken"
    hostvars["one"]["__verify_result_services"] = {"skipped": True}
    hostvars["one"]["__verify_result_metrics"] = GOOD
    assert [entry["result"] for entry in rows(verify_checks(hostvars, HOSTS, ["services"]))] == ["passed", "passed"]


@pytest.mark.parametrize(
    ("run", "skip", "part", "expected"),
    [
        (["verify_gate"], [], "register", ["verify_register", "verify_gate"]),
        (["verify_gate"], [], "echo", ["never"]),
        (["verify_ring"], [], "", ["verify_ring"]),
        # To skip one check never skips what others need of its tasks.
        (["all"], ["verify_visibility"], "echo", ["verify_echo"]),
        (
            ["all"],
            ["verify_echo", "verify_register"],
            "register",
            ["verify_definitions", "verify_gate", "verify_visibility", "verify_schedule"],
        ),
        (["all"], ["verify"], "", ["never"]),
    ],
)
def test_tags_of_a_task_that_serves_several_checks(run, skip, part, expected):
    assert tags(run, skip, part) == expected


def test_the_report_has_no_tag_that_is_skipped():
    assert tags(["all"], ["verify_echo"]) == [check.tag for check in CHECKS if check.id != "echo"]
