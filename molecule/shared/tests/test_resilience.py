# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any process may be killed: systemd brings it back, and a workflow that was running completes."""

from __future__ import annotations

import asyncio
import time
import uuid

import requests
import temporalio.client
import testinfra
from temporalio.service import RPCError
from units import kill_and_wait, units_of

TIMEOUT_SECONDS = 10
RESULT_DEADLINE_SECONDS = 300
STEPS = 5


def _definition() -> dict:
    """Steps of two seconds; one whose command was lost with its worker is run again, as its author says here."""
    states = {
        f"STEP{number}": {
            "kind": "System",
            "command": "sleep 2",
            "env": {},
            "timeout": "30s",
            "transitions": [
                {"condition": "on_success", "target": f"STEP{number + 1}"},
                {"condition": "on_failure", "target": f"STEP{number}"},
            ],
        }
        for number in range(STEPS)
    }
    states[f"STEP{STEPS}"] = {"kind": "System", "command": "true", "env": {}, "timeout": "30s", "transitions": []}
    return {
        "workflow_id": str(uuid.uuid4()),
        "tenant_id": "aegis-system",
        "name": "molecule-steps",
        "version": "1.0.0",
        "scope": "tenant",
        "initial_state": "STEP0",
        "context": {},
        "states": states,
    }


async def _start(address: str, definition: dict, workflow_id: str) -> None:
    client = await temporalio.client.Client.connect(address)
    await client.start_workflow(
        "aegis_workflow",
        {
            "workflow_id": definition["workflow_id"],
            "tenant_id": definition["tenant_id"],
            "input": {},
            "blackboard": None,
            "security_context_name": None,
        },
        id=workflow_id,
        task_queue="aegis-agents",
    )


async def _result(address: str, workflow_id: str) -> dict:
    deadline = time.monotonic() + RESULT_DEADLINE_SECONDS
    while True:
        try:
            client = await temporalio.client.Client.connect(address)
            handle = client.get_workflow_handle(workflow_id)
            return await asyncio.wait_for(handle.result(), max(1, deadline - time.monotonic()))
        except (RPCError, RuntimeError) as error:  # the frontend was just killed, too
            assert time.monotonic() < deadline, error
            await asyncio.sleep(1)


def test_every_process_is_killed_and_the_running_workflow_completes(deployment):
    definition = _definition()
    frontend = f"{deployment.address('temporal')}:7233"
    answer = requests.post(deployment.register_url, json=definition, timeout=TIMEOUT_SECONDS)
    assert answer.status_code == requests.codes.ok, answer.text
    workflow_id = str(uuid.uuid4())
    asyncio.run(_start(frontend, definition, workflow_id))

    groups = ("postgres", "temporal", "temporal_ui", "temporal_worker")
    names = sorted({name for group in groups for name in deployment.groups[group]})
    killed = []
    for name in names:
        host = testinfra.get_host(f"ansible://{name}", ansible_inventory=str(deployment.inventory))
        for _group, unit in units_of(host, deployment):
            kill_and_wait(host, unit)
            killed.append(f"{name} {unit}")
    assert len(killed) >= len(groups)

    result = asyncio.run(_result(frontend, workflow_id))
    assert result["status"] == "completed", (result, killed)
    assert result["final_state"] == f"STEP{STEPS}"
