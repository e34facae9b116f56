# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker with one workflow and one activity, for tests of the modules.

    python echo_worker.py ADDRESS NAMESPACE TASK_QUEUE IDENTITY [DEPLOYMENT_NAME BUILD_ID]

The workflow type C(echo) returns its argument; with C(sleep) it waits that many seconds first, with C(fail) it fails
with that message, with C(again) it continues as new once.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker, WorkerDeploymentConfig


@activity.defn
async def repeat(value: Any) -> Any:
    """Return the value."""
    return value


@workflow.defn(name="echo")
class Echo:
    """Say it again."""

    @workflow.run
    async def run(self, order: dict[str, Any]) -> Any:
        """Do what the order says."""
        if "again" in order:
            workflow.continue_as_new({key: value for key, value in order.items() if key != "again"})
        if "sleep" in order:
            await workflow.sleep(order["sleep"])
        if "fail" in order:
            raise ApplicationError(order["fail"], non_retryable=True)
        return await workflow.execute_activity(repeat, order, start_to_close_timeout=timedelta(seconds=30))


async def main(address: str, namespace: str, task_queue: str, identity: str, *version: str) -> None:
    """Work until the process is ended, as a version of a worker deployment when one is given."""
    versioned = None
    if version:
        name, build = version
        versioned = WorkerDeploymentConfig(
            version=WorkerDeploymentVersion(deployment_name=name, build_id=build),
            use_worker_versioning=True,
            default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE,
        )
    client = await Client.connect(address, namespace=namespace, identity=identity)
    worker = Worker(
        client,
        task_queue=task_queue,
        workflows=[Echo],
        activities=[repeat],
        identity=identity,
        workflow_runner=UnsandboxedWorkflowRunner(),
        deployment_config=versioned,
    )
    await worker.run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
