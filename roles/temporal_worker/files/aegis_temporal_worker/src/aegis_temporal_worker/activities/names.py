# SPDX-License-Identifier: Apache-2.0
"""Activity types, as they stand in Temporal's histories and on people's screens."""

from __future__ import annotations

from typing import Final

FETCH_DEFINITION: Final = "fetchWorkflowDefinition"
PUBLISH_EVENTS: Final = "publishEventActivity"
SYSTEM_COMMAND: Final = "executeSystemCommandActivity"
CREATE_WORKSPACE: Final = "createEphemeralWorkspaceActivity"
DESTROY_WORKSPACE: Final = "destroyWorkspaceVolumeActivity"
