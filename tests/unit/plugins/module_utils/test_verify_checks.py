# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every host's checks reach the report, also those that never ran."""

from __future__ import annotations

from ansible_collections.aegis.temporal.plugins.module_utils.verify_checks import verify_checks

GROUPS = {"temporal": ["server"], "temporal_ui": ["ui"], "temporal_worker": ["worker"]}
PROBE = {"item": {"argv": ["probe", "-addr=192.0.2.1:7233", "-service=temporal.api.workflowservice.v1.HistoryService"]}}


def _hostvars(**run):
    return {
        "server": {"temporal_health": {"results": [PROBE]}},
        "ui": {"temporal_ui_health": {"elapsed": 0}},
        "worker": {
            "verify_worker_health": {"workers": [{}, {}]},
            "verify_pollers": {"pollers": [{"identity": "b"}, {"identity": "a"}, {"identity": "a"}]},
            "verify_run": run,
        },
    }


def _by_name(hostvars):
    return {check["name"]: check for check in verify_checks(hostvars, GROUPS, "worker")}


def test_every_part_has_its_check():
    checks = _by_name(_hostvars(workflow_id="an-id", history_length=19))
    assert list(checks) == [
        "HistoryService answers SERVING",
        "Temporal UI answers",
        "workers are healthy",
        "workers poll the task queue",
        "a worker takes a definition",
        "an echo workflow ran to Completed",
        "the definition is removed again",
    ]
    assert checks["workers poll the task queue"]["detail"] == "a, b"
    assert checks["workers are healthy"]["detail"] == "2 instance(s)"
    # Nobody registered anything: the report counts a check without a result as failed.
    assert checks["a worker takes a definition"]["result"] is None


def test_a_host_that_was_never_asked_still_has_a_row():
    checks = verify_checks({"server": {}, "ui": {}, "worker": {}}, GROUPS, "worker")
    assert [check["host"] for check in checks].count("server") == 1


def test_the_cause_of_a_failed_workflow_is_its_own_error():
    failed = {"failed": True, "msg": "closed", "result": {"status": "failed", "error": "no such command"}}
    run = _by_name(_hostvars(**failed))["an echo workflow ran to Completed"]
    assert run["result"]["msg"] == "the echo workflow failed: no such command"


def test_a_workflow_that_never_ended_points_at_the_orchestrator():
    run = _by_name(_hostvars(failed=True, msg="Workflow x ended as timed_out."))["an echo workflow ran to Completed"]
    assert run["result"]["msg"].startswith("Workflow x ended as timed_out. ")
    assert "temporal_worker_runtime_grpc_url" in run["result"]["msg"]
