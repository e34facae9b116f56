# SPDX-License-Identifier: Apache-2.0
"""The activity that runs one container step (contract 6.8, 8.2, 8.6; 1.2, D1.1, D1.3).

Read-only root and run-as-user have no field in the protocol. The runtime makes the container's own attempts, after
errors of the step only; the call is made once.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from temporalio import activity

from ..interpreter.requests import ContainerResult, ContainerStep
from ..runtime.client import RuntimeClient
from ..runtime.errors import RuntimeCallError
from ..runtime.proto import aegis_runtime_pb2 as pb
from . import names
from .messages import ContainerInput
from .once import at_most_once, request_of
from .preparing import prepare
from .publisher import EventPublisher

_METHOD: Final = "ExecuteContainerRun"
# Exit code of a step that was ended at its limit, as timeout(1) of GNU coreutils has it.
TIMED_OUT: Final = 124
# The runtime ends a container at its limit itself; this is for pulling its image and for a runtime that does not.
_MARGIN_SECONDS: Final = 600
# Without a limit that can be read here the runtime's own one counts, and this is for a runtime that has none.
_LONGEST_SECONDS: Final = 24 * 3600


class ContainerActivities:
    """Containers."""

    def __init__(self, runtime: RuntimeClient, publisher: EventPublisher) -> None:
        self._runtime = runtime
        self._publisher = publisher

    @activity.defn(name=names.CONTAINER)
    async def execute(self, asked: ContainerInput) -> ContainerResult:
        """Deliver the waiting events, then run the container.

        Raises what ``at_most_once`` raises; a container that did not end in time is a result. A failed pull of its
        image comes as UNAVAILABLE, like a lost connection, and is final as that is.
        """
        request = _request(asked.container, asked.run.tenant_id)
        preparation = prepare(self._runtime, self._publisher, asked, _METHOD)
        return await at_most_once("The container", preparation, lambda: self._run(request, asked))

    async def _run(self, request: pb.ExecuteContainerRunRequest, asked: ContainerInput) -> ContainerResult:
        clock = asyncio.get_running_loop().time
        begun = clock()
        try:
            response = await self._runtime.execute_container_run(
                request, tenant_id=asked.run.tenant_id, deadline=deadline(asked.container)
            )
        except RuntimeCallError as error:
            if not error.timed_out:
                raise
            return ContainerResult(
                exit_code=TIMED_OUT,
                stdout="",
                stderr=f"The container did not end within {_limit(asked.container)}: {error.details}",
                duration_ms=round((clock() - begun) * 1000),
                timed_out=True,
            )
        return ContainerResult(
            exit_code=response.exit_code,
            stdout=response.stdout,
            stderr=response.stderr,
            duration_ms=response.duration_ms,
            attempts=response.attempts,
        )


def deadline(step: ContainerStep) -> float:
    """Seconds that the call may take, all attempts of the container included."""
    if step.limit_seconds is None:
        return _LONGEST_SECONDS
    return step.limit_seconds * max(1, step.max_attempts) + _MARGIN_SECONDS


def _limit(step: ContainerStep) -> str:
    if step.limit_seconds is not None:
        return f"its limit of {step.limit_seconds} s"
    return f"its limit of {step.timeout}" if step.timeout else "the runtime's limit"


def _request(step: ContainerStep, tenant_id: str) -> pb.ExecuteContainerRunRequest:
    """Every field of the message (contract 8.2); the tenant goes along here and in the call's metadata."""
    return request_of(
        pb.ExecuteContainerRunRequest,
        execution_id=step.execution_id,
        name=step.name,
        image=step.image,
        image_pull_policy=step.image_pull_policy,
        command=step.command,
        env=step.env,
        workdir=step.workdir,
        volumes=[_volume(volume) for volume in step.volumes],
        resources=_resources(step),
        registry_credentials=step.registry_credentials,
        shell=step.shell,
        state_name=step.state_name,
        max_attempts=max(1, step.max_attempts),
        tenant_id=tenant_id,
        workflow_execution_id=step.workflow_execution_id,
        network_mode=step.network_mode,
    )


def _resources(step: ContainerStep) -> pb.ContainerResources | None:
    """Absent when the step says nothing, so that the runtime's defaults hold."""
    if step.cpu_millicores is None and step.memory is None and step.timeout is None:
        return None
    return request_of(
        pb.ContainerResources, cpu_millicores=step.cpu_millicores, memory=step.memory, timeout=step.timeout
    )


def _volume(volume: dict[str, Any]) -> pb.ContainerVolume:
    return request_of(
        pb.ContainerVolume,
        name=volume.get("name"),
        mount_path=volume.get("mount_path"),
        read_only=volume.get("read_only"),
    )
