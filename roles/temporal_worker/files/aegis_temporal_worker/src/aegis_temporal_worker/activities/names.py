# SPDX-License-Identifier: Apache-2.0
"""Activity types, as they stand in Temporal's histories and on people's screens (contract 4.6)."""

from __future__ import annotations

from typing import Final

FETCH_DEFINITION: Final = "fetchWorkflowDefinition"
FIND_WORKFLOW: Final = "findWorkflowDefinition"
PUBLISH_EVENTS: Final = "publishEventActivity"
SYSTEM_COMMAND: Final = "executeSystemCommandActivity"
AGENT: Final = "executeAgentActivity"
JUDGES: Final = "validateOutputActivity"
ACTION: Final = "runRepositoryActionActivity"
IMAGE: Final = "runImageGenerateActivity"
CONTAINER: Final = "executeContainerRunActivity"
OUTPUT_HANDLER: Final = "executeOutputHandlerActivity"
CREATE_WORKSPACE: Final = "createEphemeralWorkspaceActivity"
DESTROY_WORKSPACE: Final = "destroyWorkspaceVolumeActivity"
FIRE_SCHEDULE: Final = "fireScheduleActivity"
