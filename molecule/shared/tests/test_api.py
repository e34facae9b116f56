# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user and an orchestrator meet: HTTP, pollers, namespaces and a workflow that completes."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
import uuid

import requests
import temporalio.client
from playbook import REPOSITORY

TIMEOUT_SECONDS = 10
DEADLINE_SECONDS = 120
QUEUE = "aegis-agents"


def _json(url: str) -> dict:
    """Fetch JSON, waiting for services that the tests of restarts may have just killed."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        try:
            response = requests.get(url, timeout=TIMEOUT_SECONDS)
            if response.status_code == requests.codes.ok:
                return response.json()
            problem = f"{response.status_code} {response.text}"
        except requests.ConnectionError as error:
            problem = str(error)
        assert time.monotonic() < deadline, f"{url}: {problem}"
        time.sleep(0.5)


def test_worker_health_begins_as_documented(deployment):
    for address in deployment.addresses("temporal_worker"):
        health = _json(f"http://{address}:3000/health")
        assert list(itertools.islice(health.items(), 3)) == [
            ("status", "healthy"),
            ("temporal", "connected"),
            ("database", "connected"),
        ]


def test_every_worker_polls(deployment):
    frontend = deployment.address("temporal")
    queue = f"http://{frontend}:7243/api/v1/namespaces/default/task-queues/{QUEUE}"
    wanted = len(deployment.groups["temporal_worker"])
    deadline = time.monotonic() + DEADLINE_SECONDS
    while len({poller["identity"] for poller in _json(queue).get("pollers", [])}) < wanted:
        assert time.monotonic() < deadline, _json(queue)
        time.sleep(1)


def test_every_frontend_answers_with_the_same_shard_count(deployment):
    for address in deployment.addresses("temporal"):
        assert _json(f"http://{address}:7243/api/v1/cluster-info")["historyShardCount"] == 512


def test_registrations_have_one_listener(deployment):
    """With a port of their own they are taken there alone, and no definition can be read there."""
    api = f"http://{deployment.address('temporal_worker')}:3000/register-workflow"
    if deployment.register_url == api:
        # Empty, so refused as a definition: the route is there.
        assert requests.post(api, json={}, timeout=TIMEOUT_SECONDS).status_code == requests.codes.bad_request
        return
    assert requests.post(api, json={}, timeout=TIMEOUT_SECONDS).status_code == requests.codes.not_found
    answer = requests.post(deployment.register_url, json={}, timeout=TIMEOUT_SECONDS)
    assert answer.status_code == requests.codes.bad_request, answer.text
    listener = deployment.register_url.removesuffix("/register-workflow")
    assert requests.get(f"{listener}/health", timeout=TIMEOUT_SECONDS).status_code == requests.codes.ok
    assert requests.get(f"{listener}/workflows", timeout=TIMEOUT_SECONDS).status_code == requests.codes.not_found


def test_an_echo_workflow_completes(deployment):
    definition = json.loads((REPOSITORY / "roles/verify/files/echo.json").read_text(encoding="utf-8"))
    definition["workflow_id"] = str(uuid.uuid4())
    definition["name"] = "molecule-echo"
    worker = f"http://{deployment.address('temporal_worker')}:3000"
    answer = requests.post(deployment.register_url, json=definition, timeout=TIMEOUT_SECONDS)
    assert answer.status_code == requests.codes.ok, answer.text

    async def run() -> dict:
        client = await temporalio.client.Client.connect(f"{deployment.address('temporal')}:7233")
        return await asyncio.wait_for(
            client.execute_workflow(
                "aegis_workflow",
                {
                    "workflow_id": definition["workflow_id"],
                    "input": {},
                    "blackboard": None,
                    "security_context_name": None,
                    "tenant_id": definition["tenant_id"],
                },
                id=str(uuid.uuid4()),
                task_queue=QUEUE,
            ),
            DEADLINE_SECONDS,
        )

    result = asyncio.run(run())
    assert result["status"] == "completed", result
    assert result["final_state"] == "COMPLETE"
    assert result["final_output"] == {"message": "Hello from aegis.temporal"}
    assert (
        requests.delete(f"{worker}/workflows/{definition['workflow_id']}", timeout=TIMEOUT_SECONDS).json()["status"]
        == "deleted"
    )
