# SPDX-License-Identifier: Apache-2.0
"""Worker Versioning, for those who name a deployment and a build (https://docs.temporal.io/worker-versioning).

New and running workflows go to the build that an operator makes the deployment's current one, so that a new build can
be started beside the old one, take a share, and be taken back.

The behaviour is auto-upgrade, not pinned. A run may wait for a person for days. Pinned to its build it would need a
worker of that build for as long, while an upgrade here replaces the worker of a host: such a run would be stuck without
any error. Auto-upgrade asks of a new build what is asked without versioning too: that it replays the histories of the
builds before it, which the recorded histories in the tests watch over.
"""

from __future__ import annotations

from typing import Protocol

from temporalio.api.workflowservice.v1 import ListWorkerDeploymentsRequest
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import WorkerDeploymentConfig

from .. import __version__


class VersioningSettings(Protocol):
    """Both or none."""

    @property
    def temporal_deployment_name(self) -> str | None:
        """Name of the deployment."""

    @property
    def temporal_build_id(self) -> str | None:
        """Build of this worker."""


def deployment_config(settings: VersioningSettings) -> WorkerDeploymentConfig | None:
    """What the worker says of its version; None for a worker without versions."""
    if not settings.temporal_deployment_name or not settings.temporal_build_id:
        return None
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(settings.temporal_deployment_name, settings.temporal_build_id),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE,
    )


def unversioned_build_id(settings: VersioningSettings) -> str | None:
    """What a worker without versions writes into histories as its build: the package's version.

    None for a worker with versions: its deployment says it. Without either the SDK reads the code of every loaded
    module anew and makes a checksum of it: 0.15 s of CPU time at every start, for a text that tells nobody anything.
    """
    return __version__ if deployment_config(settings) is None else None


async def require_versioning(client: Client, settings: VersioningSettings) -> None:
    """Ask the server whether it knows deployments, when the settings name one.

    The documentation names 1.29.1 as the first server for them. One that does not know them would take the worker's
    polls as those of a worker without a version, and nobody would notice.

    Raises ``RuntimeError`` naming the variables, or ``RPCError`` when the server cannot be asked.
    """
    if deployment_config(settings) is None:
        return
    request = ListWorkerDeploymentsRequest(namespace=client.namespace, page_size=1)
    try:
        await client.workflow_service.list_worker_deployments(request, retry=True)
    except RPCError as error:
        if error.status is not RPCStatusCode.UNIMPLEMENTED:
            raise
        raise RuntimeError(
            "TEMPORAL_DEPLOYMENT_NAME and TEMPORAL_BUILD_ID are set, but this Temporal Server has no Worker "
            f"Versioning by deployments ({error}). Unset both, or upgrade the server to 1.29.1 or later."
        ) from None
