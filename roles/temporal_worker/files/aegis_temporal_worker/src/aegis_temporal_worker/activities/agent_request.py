# SPDX-License-Identifier: Apache-2.0
"""The runtime's message for one run of an agent (contract 8.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from google.protobuf.json_format import ParseDict, ParseError
from temporalio.exceptions import ApplicationError

from ..runtime.proto import aegis_runtime_pb2 as pb
from .messages import AgentInput
from .once import request_of


def agent_request(asked: AgentInput) -> pb.ExecuteAgentRequest:
    """The message, still without the agent's UUID and its context.

    The run's own id goes along for every agent: it decides whose repositories and bindings the agent gets (contract
    1.2, D1.3). Raises a final ``ApplicationError`` for a value that has no place in the message.
    """
    task, workspace = asked.agent, asked.agent.workspace
    return request_of(
        pb.ExecuteAgentRequest,
        input=task.input,
        workflow_execution_id=task.workflow_execution_id,
        tenant_id=asked.run.tenant_id,
        security_context_name=task.security_context_name or None,
        intent=task.intent or None,
        workspace_volume_id=workspace.volume_id if workspace else None,
        workspace_volume_mount_path=workspace.mount_path if workspace else None,
        workspace_remote_path=workspace.remote_path if workspace else None,
        attachments=list(_attachments(task.attachments)),
    )


def _attachments(given: Iterable[Any]) -> Iterator[pb.AttachmentRef]:
    for number, item in enumerate(given, start=1):
        if not isinstance(item, dict):
            raise _no_attachment(number, "it is not an object")
        try:
            # Also takes names in camel case, and a size as text; fields of a newer orchestrator are left out.
            yield ParseDict(item, pb.AttachmentRef(), ignore_unknown_fields=True)
        except (ParseError, TypeError, ValueError) as error:
            raise _no_attachment(number, str(error)) from None


def _no_attachment(number: int, reason: str) -> ApplicationError:
    return ApplicationError(
        f"Attachment no. {number} of the run is no attachment: {reason}", type="InvalidRequest", non_retryable=True
    )
