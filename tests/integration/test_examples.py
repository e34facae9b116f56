# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The EXAMPLES of the documentation, run by ansible-playbook as they are written, against this run's addresses."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml
from loopback_stack import TemporalStack, find_health_probe
from loopback_stack.binaries import find_server_binaries
from loopback_stack.processes import ManagedProcess
from module_testing import AegisWorker, http_answer, misbehaving, play, run_module

REPOSITORY = Path(__file__).resolve().parents[2]
MODULES = (
    "cluster_info",
    "namespace",
    "namespace_info",
    "nexus_endpoint",
    "nexus_endpoint_info",
    "pollers",
    "schedule",
    "schedule_info",
    "search_attribute",
    "search_attribute_info",
    "service_health",
    "task_queue_config",
    "worker_deployment_info",
    "worker_deployment_version",
    "worker_health",
    "workflow_info",
    "workflow_run",
    "workflow_signal",
    "workflow_terminate",
)
NEWER = {
    "nexus_endpoint": "1.25",
    "nexus_endpoint_info": "1.25",
    "task_queue_config": "1.29",
    "worker_deployment_info": "1.29.1",
    "worker_deployment_version": "1.29.1",
}
"""The first server with what a module sets, where that is not the oldest that is supported."""
PROBE = "/opt/aegis-temporal/grpc-health-probe/current/bin/grpc_health_probe"
DEFINITION_MODULES = ("workflow_definition", "workflow_definition_info")
ECHO = REPOSITORY / "roles/temporal_worker/files/aegis_temporal_worker/tests/fixtures/echo.json"
WELL = {"status": "healthy", "temporal": "connected", "database": "connected"}
HEALTHY = json.dumps({**WELL, "namespace": "default", "task_queue": "aegis-agents"}).encode()


@pytest.fixture(scope="module")
def agents(start_worker: Callable[..., ManagedProcess], temporal_stack: TemporalStack) -> None:
    """The workers that the examples speak of, and the workflow that waits for a signal."""
    start_worker("aegis-agents", "worker-1:3000")
    start_worker("aegis-agents", "worker-1:3001")
    if not temporal_stack.is_older_than("1.29"):
        versions = {"deployment_name": "aegis-worker", "http_url": temporal_stack.http_url}
        for host, build in (("worker-3", "2026-11-16"), ("worker-2", "2026-11-23")):
            start_worker("aegis-agents", f"{host}:3000", version=("aegis-worker", build))
        assert not run_module("worker_deployment_version", {**versions, "build_id": "2026-11-16"}).failed
    waiting = {"workflow_id": "approval-17", "input": [{"await_signal": True}], "wait": False}
    options = {"http_url": temporal_stack.http_url, "task_queue": "aegis-agents", "workflow_type": "echo", **waiting}
    assert not run_module("workflow_run", options).failed


@pytest.mark.usefixtures("agents")
@pytest.mark.parametrize("name", MODULES)
def test_examples_run(
    temporal_stack: TemporalStack, tmp_path: Path, needs_server: Callable[[str, str], None], name: str
) -> None:
    if name in NEWER:
        needs_server(NEWER[name], f"the examples of {name}")
    module = importlib.import_module(f"ansible_collections.aegis.temporal.plugins.modules.{name}")
    with ExitStack() as servers:
        healthy = http_answer("200 OK", HEALTHY)
        server, store = temporal_stack.server, temporal_stack.store
        addresses = {
            "http://127.0.0.1:7243": temporal_stack.http_url,
            "http://127.0.0.1:17243": temporal_stack.http_url,
            "127.0.0.1:7233": temporal_stack.address,
            "127.0.0.1:7234": server.grpc_address("history"),
            "127.0.0.1:7235": server.grpc_address("matching"),
            "port: 15432": f"port: {store.port}\n      name: {store.name}\n      user: {store.user}",
            "http://127.0.0.1:3000": servers.enter_context(misbehaving(healthy)).url,
            "http://127.0.0.1:3001": servers.enter_context(misbehaving(healthy)).url,
        }
        text = module.EXAMPLES
        if PROBE in text:
            addresses[PROBE] = str(find_health_probe())
        for documented, actual in addresses.items():
            text = text.replace(documented, actual)
        tasks = yaml.safe_load(text)
        if temporal_stack.is_older_than("1.29"):
            # Older servers tell neither the backlog nor versions, which tests/integration/test_pollers.py asserts.
            newer = {"max_backlog", "build_id"}
            tasks = [task for task in tasks if not newer & set(task.get("aegis.temporal.pollers", {}))]
        all_are_ok(tmp_path, tasks, environment={"TEMPORAL_DATABASE_PASSWORD": store.password})


@pytest.mark.parametrize("name", DEFINITION_MODULES)
def test_examples_run_on_a_worker(real_worker: AegisWorker, tmp_path: Path, name: str) -> None:
    module = importlib.import_module(f"ansible_collections.aegis.temporal.plugins.modules.{name}")
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "report.json").write_bytes(ECHO.read_bytes())
    # As text: the tag !unsafe would be lost on the way through a YAML library.
    text = module.EXAMPLES.replace("http://127.0.0.1:3000", real_worker.url)
    (tmp_path / "tasks.yml").write_text(text)
    done = play(tmp_path, [{"import_tasks": "tasks.yml"}], variables={"temporal_worker_api_token": real_worker.token})
    assert done.returncode == 0, done.output
    assert len(done.tasks) == text.count("\n- name:")


@pytest.mark.usefixtures("agents")
def test_the_action_group_sets_the_connection_once(temporal_stack: TemporalStack, tmp_path: Path) -> None:
    tasks = [
        {"aegis.temporal.namespace": {"name": "grouped"}},
        {"aegis.temporal.pollers": {"task_queue": "aegis-agents"}},
        {"aegis.temporal.schedule": {"schedule_id": "grouped", "action": {"task_queue": "q", "workflow_type": "echo"}}},
        {"aegis.temporal.workflow_run": {"task_queue": "aegis-agents", "workflow_type": "echo", "input": [{}]}},
        {"aegis.temporal.namespace_info": {"name": "grouped"}},
        {"aegis.temporal.search_attribute": {"search_attributes": []}},
        {"aegis.temporal.search_attribute_info": {"namespace": "grouped"}},
        {"aegis.temporal.cluster_info": {}},
        {"aegis.temporal.service_health": {"address": temporal_stack.address}},
        {"aegis.temporal.workflow_info": {"limit": 1}},
        {"aegis.temporal.workflow_terminate": {"workflow_id": "none-of-this-id"}},
    ]
    all_are_ok(tmp_path, tasks, {"group/aegis.temporal.temporal": {"http_url": temporal_stack.http_url}})


def test_the_example_of_cluster_members(temporal_stack: TemporalStack, tmp_path: Path) -> None:
    """Its addresses are those of two hosts, so the members are put in their place."""
    module = importlib.import_module("ansible_collections.aegis.temporal.plugins.modules.cluster_members")
    (task,) = yaml.safe_load(module.EXAMPLES)
    options, store = task["aegis.temporal.cluster_members"], temporal_stack.store
    options["database"].update(host=store.host, port=store.port, name=store.name, user=store.user)
    for member in options["expected"]:
        address, _colon, port = temporal_stack.server.membership_address(member["service"]).rpartition(":")
        member.update(address=address, membership_port=int(port))
    done = play(tmp_path, [task], variables={"temporal_database_password": store.password})
    assert done.returncode == 0, done.output


def test_the_examples_of_history_shards(temporal_stack: TemporalStack, tmp_path: Path) -> None:
    """Their cluster has two hosts and 512 shards, that of the tests one and 4."""
    module = importlib.import_module("ansible_collections.aegis.temporal.plugins.modules.history_shards")
    server, store = temporal_stack.server, temporal_stack.store
    tasks = yaml.safe_load(module.EXAMPLES)
    for task in tasks:
        options = task["aegis.temporal.history_shards"]
        options["database"].update(host=store.host, port=store.port, name=store.name, user=store.user)
        options["history_shards"] = 4
        for process in options.get("processes", []):
            process.update(address=server.host, metrics_url=server.metrics_url)
    done = play(tmp_path, tasks, variables={"temporal_database_password": store.password})
    assert done.returncode == 0, done.output
    assert len(done.tasks) == len(tasks)


@pytest.mark.parametrize("name", ["orchestrator_config", "dynamic_config", "host_entries"])
def test_examples_that_write_a_file(tmp_path: Path, name: str) -> None:
    module = importlib.import_module(f"ansible_collections.aegis.temporal.plugins.modules.{name}")
    paths = {
        "/etc/aegis/aegis-config.yaml": tmp_path / "aegis-config.yaml",
        "/etc/temporal/dynamicconfig.yaml": tmp_path / "dynamicconfig.yaml",
        "/opt/aegis-temporal/temporal-server/current/bin/temporal-server": find_server_binaries().server,
    }
    paths["/etc/aegis/aegis-config.yaml"].write_text("kind: NodeConfig\n")
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost\n")
    # The file of this machine is left alone.
    paths["host_entries:"] = f"host_entries:\n    path: {hosts}"
    text = module.EXAMPLES.replace("  become: true\n", "")
    for documented, actual in paths.items():
        text = text.replace(documented, str(actual))
    all_are_ok(tmp_path, yaml.safe_load(text))


def all_are_ok(
    directory: Path, tasks: list[dict[str, Any]], module_defaults: dict[str, Any] | None = None, **how: Any
) -> None:
    done = play(directory, tasks, module_defaults=module_defaults, **how)
    assert done.returncode == 0, done.output
    assert len(done.tasks) == len(tasks)
