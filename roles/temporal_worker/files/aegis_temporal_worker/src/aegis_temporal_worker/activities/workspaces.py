# SPDX-License-Identifier: Apache-2.0
"""The activities that create a run's workspace and give it up."""

from __future__ import annotations

from typing import Final

import grpc
from temporalio import activity

from ..interpreter.requests import Volume
from ..runtime.client import RuntimeClient
from ..runtime.errors import RuntimeCallError
from ..runtime.proto import aegis_runtime_pb2 as pb
from . import names
from .errors import from_runtime
from .heartbeat import beating
from .messages import WorkspaceInput, WorkspaceReference

_DEADLINE_SECONDS: Final = 90
# Creating a workspace twice leaves one that its time to live removes, so a call that broke off is made again.
_AGAIN: Final = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
)


class WorkspaceActivities:
    """Workspace volumes."""

    def __init__(self, runtime: RuntimeClient) -> None:
        self._runtime = runtime

    @activity.defn(name=names.CREATE_WORKSPACE)
    async def create(self, workspace: WorkspaceInput) -> Volume:
        """Create an ephemeral volume."""
        request = pb.CreateWorkspaceVolumeRequest(
            workflow_execution_id=workspace.run.execution_id,
            tenant_id=workspace.run.tenant_id,
            ttl_hours=workspace.ttl_hours,
            size_limit_mb=workspace.size_limit_mb,
        )
        try:
            async with beating():
                volume = await self._runtime.create_workspace_volume(
                    request, tenant_id=workspace.run.tenant_id, deadline=_DEADLINE_SECONDS
                )
        except RuntimeCallError as error:
            raise from_runtime(error, retryable=error.code in _AGAIN) from None
        return Volume(volume.volume_id, volume.remote_path)

    @activity.defn(name=names.DESTROY_WORKSPACE)
    async def destroy(self, workspace: WorkspaceReference) -> None:
        """Unmount a volume."""
        request = pb.DestroyWorkspaceVolumeRequest(
            volume_id=workspace.volume_id, workflow_execution_id=workspace.run.execution_id
        )
        try:
            async with beating():
                await self._runtime.destroy_workspace_volume(
                    request, tenant_id=workspace.run.tenant_id, deadline=_DEADLINE_SECONDS
                )
        except RuntimeCallError as error:
            raise from_runtime(error, retryable=error.code in _AGAIN) from None
