# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory says should be there."""

from __future__ import annotations

from pathlib import Path

import yaml
from ansible_collections.aegis.temporal.plugins.module_utils.verify_catalogue import CHECKS
from ansible_collections.aegis.temporal.plugins.module_utils.verify_inventory import (
    DEFAULT_NAMESPACE,
    DEFAULT_TASK_QUEUE,
    members,
    queues,
)

ROLES = Path(__file__).resolve().parents[4] / "roles"


def test_members_have_the_ports_of_their_host():
    nodes = [
        {"host": "one", "address": "192.0.2.1", "services": ["frontend", "history"]},
        {"host": "two", "address": "192.0.2.2", "services": ["history"]},
    ]
    hostvars = {"one": {}, "two": {"temporal_service_settings": {"history": {"membership_port": 6999}}}}
    assert members(nodes, hostvars) == [
        {"service": "frontend", "address": "192.0.2.1", "membership_port": 6933},
        {"service": "history", "address": "192.0.2.1", "membership_port": 6934},
        {"service": "history", "address": "192.0.2.2", "membership_port": 6999},
    ]


def test_every_instance_has_to_poll_the_queue_of_its_host():
    nodes = [
        {"host": "one", "port": 3000, "replicas": 2},
        {"host": "two", "port": 3100, "replicas": 1},
        {"host": "three", "port": 3000, "replicas": 1},
    ]
    hostvars = {
        "one": {},
        "two": {"temporal_worker_identity_host": "zwei"},
        "three": {"temporal_worker_task_queue": "q"},
    }
    assert queues(nodes, hostvars) == [
        {"namespace": "default", "task_queue": "aegis-agents", "identities": ["one:3000", "one:3001", "zwei:3100"]},
        {"namespace": "default", "task_queue": "q", "identities": ["three:3000"]},
    ]


def test_the_defaults_are_those_of_the_role():
    defaults = yaml.safe_load((ROLES / "temporal_worker/defaults/main.yml").read_text())
    assert defaults["temporal_worker_namespace"] == DEFAULT_NAMESPACE
    assert defaults["temporal_worker_task_queue"] == DEFAULT_TASK_QUEUE


def _tasks():
    """All tasks of the role verify, those in blocks included, with the tags that they inherit."""
    for file in sorted((ROLES / "verify/tasks").glob("*.yml")):
        for task in yaml.safe_load(file.read_text()):
            if "block" in task:
                yield from ({**inner, "tags": task["tags"]} for inner in task["block"])
            else:
                yield task


SHARED = "{{ ansible_run_tags | aegis.temporal.verify_tags(ansible_skip_tags%s) }}"


def test_every_check_has_tasks_of_its_tag_and_is_reported_when_it_runs_alone():
    registered = {task["register"]: task for task in _tasks() if "register" in task}
    serving = {other for check in CHECKS for other in check.along}
    for check in CHECKS:
        assert set(check.variables) <= set(registered), check.id
        wanted = SHARED % f", '{check.id}'" if check.id in serving else check.tag
        assert {tuple(registered[name]["tags"]) for name in check.variables} == {(wanted,)}, check.id
    assert registered["__verify_result_report"]["tags"] == [SHARED % ""]


def test_every_task_of_a_check_goes_on_when_it_failed_and_has_an_end():
    for task in _tasks():
        if "register" not in task or task["register"] == "__verify_result_report":
            continue
        assert task["ignore_errors"] is True, task["name"]
        text = yaml.safe_dump(task)
        # cluster_info, namespace and signals have the limits of the connection: ten seconds, four times at most.
        assert "verify_timeout" in text or "aegis.temporal." in text, task["name"]
