# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bare Temporal worker as a process; all arguments are variables of the environment.

``BARE_KIND``: ``default`` is what one gets without asking: the sandbox, asyncio's loop, the SDK's converter. ``lean``
leaves the sandbox out and takes uvloop. ``outside`` is ``default`` with the work of ``bare_outside`` in each activity.
All else is the SDK's defaults in all of them.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import AsyncExitStack

import uvloop
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from .bare_workflow import Bare, nothing

KINDS = ("default", "lean", "outside")


async def work(kind: str) -> None:
    """Work until the process is ended."""
    variables = os.environ
    client = await Client.connect(variables["TEMPORAL_ADDRESS"], namespace=variables["TEMPORAL_NAMESPACE"])
    async with AsyncExitStack() as stack:
        called = nothing
        if kind == "outside":
            import aiohttp
            import grpc

            from .bare_outside import Outside

            session = await stack.enter_async_context(aiohttp.ClientSession())
            channel = await stack.enter_async_context(grpc.aio.insecure_channel(variables["AEGIS_RUNTIME_GRPC_URL"]))
            called = Outside(session, channel, variables["AEGIS_ORCHESTRATOR_URL"]).work
        worker = Worker(
            client,
            task_queue=variables["TEMPORAL_TASK_QUEUE"],
            workflows=[Bare],
            activities=[called],
            workflow_runner=UnsandboxedWorkflowRunner() if kind == "lean" else SandboxedWorkflowRunner(),
        )
        await worker.run()


def main() -> None:
    """Run the command line."""
    kind = os.environ["BARE_KIND"]
    if kind not in KINDS:
        sys.exit(f"BARE_KIND is {kind!r}, not one of {', '.join(KINDS)}")
    run = uvloop.run if kind == "lean" else asyncio.run
    run(work(kind))


if __name__ == "__main__":
    main()
