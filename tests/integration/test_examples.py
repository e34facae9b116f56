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
from loopback_stack import TemporalStack
from loopback_stack.binaries import find_server_binaries
from loopback_stack.processes import ManagedProcess
from module_testing import http_answer, misbehaving, play

MODULES = ("namespace", "pollers", "workflow_run", "worker_health")
HEALTHY = json.dumps({"status": "healthy", "temporal": "connected", "database": "connected"}).encode()


@pytest.fixture(scope="module")
def agents(start_worker: Callable[..., ManagedProcess]) -> None:
    """The workers that the examples speak of."""
    start_worker("aegis-agents", "worker-1:3000")
    start_worker("aegis-agents", "worker-1:3001")


@pytest.mark.usefixtures("agents")
@pytest.mark.parametrize("name", MODULES)
def test_examples_run(temporal_stack: TemporalStack, tmp_path: Path, name: str) -> None:
    module = importlib.import_module(f"ansible_collections.aegis.temporal.plugins.modules.{name}")
    with ExitStack() as servers:
        healthy = http_answer("200 OK", HEALTHY)
        addresses = {
            "http://127.0.0.1:7243": temporal_stack.http_url,
            "127.0.0.1:7233": temporal_stack.address,
            "http://127.0.0.1:3000": servers.enter_context(misbehaving(healthy)).url,
            "http://127.0.0.1:3001": servers.enter_context(misbehaving(healthy)).url,
        }
        text = module.EXAMPLES
        for documented, actual in addresses.items():
            text = text.replace(documented, actual)
        tasks = yaml.safe_load(text)
        all_are_ok(tmp_path, tasks)


@pytest.mark.usefixtures("agents")
def test_the_action_group_sets_the_connection_once(temporal_stack: TemporalStack, tmp_path: Path) -> None:
    tasks = [
        {"aegis.temporal.namespace": {"name": "grouped"}},
        {"aegis.temporal.pollers": {"task_queue": "aegis-agents"}},
        {"aegis.temporal.workflow_run": {"task_queue": "aegis-agents", "workflow_type": "echo", "input": [{}]}},
    ]
    all_are_ok(tmp_path, tasks, {"group/aegis.temporal.temporal": {"http_url": temporal_stack.http_url}})


@pytest.mark.parametrize("name", ["orchestrator_config", "dynamic_config"])
def test_examples_that_write_a_file(tmp_path: Path, name: str) -> None:
    module = importlib.import_module(f"ansible_collections.aegis.temporal.plugins.modules.{name}")
    paths = {
        "/etc/aegis/aegis-config.yaml": tmp_path / "aegis-config.yaml",
        "/etc/temporal/dynamicconfig.yaml": tmp_path / "dynamicconfig.yaml",
        "/opt/aegis-temporal/temporal-server/current/bin/temporal-server": find_server_binaries().server,
    }
    paths["/etc/aegis/aegis-config.yaml"].write_text("kind: NodeConfig\n")
    text = module.EXAMPLES
    for documented, actual in paths.items():
        text = text.replace(documented, str(actual))
    all_are_ok(tmp_path, yaml.safe_load(text))


def all_are_ok(directory: Path, tasks: list[dict[str, Any]], module_defaults: dict[str, Any] | None = None) -> None:
    done = play(directory, tasks, module_defaults=module_defaults)
    assert done.returncode == 0, done.output
    assert len(done.tasks) == len(tasks)
