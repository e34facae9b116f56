# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker with one workflow and one activity, for tests of the modules.

    python echo_worker.py ADDRESS NAMESPACE TASK_QUEUE IDENTITY [DEPLOYMENT_NAME BUILD_ID]

The workflow type C(echo) returns its argument; with C(sleep) it waits that many seconds first, with C(fail) it fails
with that message (and the cause C(because)), with C(again) it continues as new once, with C(stumble) its activity fails
with that message again and again, with C(await_signal) it waits for the signal C(finish) and returns the signal's
arguments, with C(deaf) it goes on when it is asked to cancel. The query C(order) tells its argument and the query's
own.
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


@activity.defn
async def stumble(message: str) -> None:
    """Fail in a way that is tried again."""
    raise ApplicationError(message)


@workflow.defn(name="echo")
class Echo:
    """Say it again."""

    def __init__(self) -> None:
        self.order: dict[str, Any] = {}
        self.signalled: list[Any] | None = None

    @workflow.signal
    def finish(self, *arguments: Any) -> None:
        """What C(await_signal) waits for."""
        self.signalled = list(arguments)

    @workflow.query(name="order")
    def show_order(self, *arguments: Any) -> dict[str, Any]:
        """The order, and what was asked."""
        return {"order": self.order, "asked": list(arguments)}

    @workflow.run
    async def run(self, order: dict[str, Any]) -> Any:
        """Do what the order says."""
        self.order = order
        workflow.set_current_details("**echo** works")
        if "again" in order:
            workflow.continue_as_new({key: value for key, value in order.items() if key != "again"})
        if "sleep" in order:
            await self._sleep(order["sleep"], deaf="deaf" in order)
        if "stumble" in order:
            await workflow.execute_activity(
                stumble, order["stumble"], start_to_close_timeout=timedelta(seconds=30), activity_id="stumbling"
            )
        if "await_signal" in order:
            await workflow.wait_condition(lambda: self.signalled is not None)
            return self.signalled
        if "fail" in order:
            cause = ApplicationError(order["because"]) if "because" in order else None
            raise ApplicationError(order["fail"], non_retryable=True) from cause
        return await workflow.execute_activity(repeat, order, start_to_close_timeout=timedelta(seconds=30))

    async def _sleep(self, seconds: float, *, deaf: bool) -> None:
        try:
            await workflow.sleep(seconds)
        except asyncio.CancelledError:
            if not deaf:
                raise
            await workflow.sleep(seconds)


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
        activities=[repeat, stumble],
        identity=identity,
        workflow_runner=UnsandboxedWorkflowRunner(),
        deployment_config=versioned,
    )
    await worker.run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
