# SPDX-License-Identifier: Apache-2.0
"""Contract 6.4, 8.1, 8.2, 8.6; contract 1.2, D1.3: what an agent is asked, and what its run comes to."""

from __future__ import annotations

import json
from typing import Any

import grpc
import pytest
from temporalio.client import WorkflowQueryFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from aegis_temporal_worker.activities.publisher import UndeliveredError
from aegis_temporal_worker.interpreter.requests import AgentResult, WorkspaceMount
from aegis_temporal_worker.runtime.proto import aegis_runtime_pb2 as pb

from ..runtime.servers import Keycloak, http_server
from .agents_support import (
    AGENT,
    AGENT_ID,
    LOOKUP,
    RUN_ID,
    completed,
    failed,
    iteration,
    says,
    scene,
    started,
    then_breaks,
    wrote,
)
from .support import EVENTS


async def test_events_first_then_the_agent_with_everything_that_is_known() -> None:
    async with scene() as here:
        attachment = {"volume_id": "v", "path": "/a.txt", "name": "a", "mime_type": "text/plain", "size": 7}
        result = await here.execute(
            input="write {this}",
            intent="briefly",
            context={"k": "ü", "n": 1.0},
            security_context_name="careful",
            workspace=WorkspaceMount("vol", "/workspace", "/srv/vol"),
            attachments=[{**attachment, "sha256": "ab", "new_field": 1}, attachment],
        )
        assert result == AgentResult(True, "done", None, RUN_ID, AGENT_ID, 1)
        assert here.publisher.events == EVENTS
        reference = pb.AttachmentRef(volume_id="v", path="/a.txt", name="a", mime_type="text/plain", size=7)
        assert here.runtime.asked == [
            pb.ExecuteAgentRequest(
                agent_id=AGENT_ID,
                input="write {this}",
                context_json='{"k":"ü","n":1}',
                workflow_execution_id="root",
                tenant_id="acme",
                security_context_name="careful",
                intent="briefly",
                workspace_volume_id="vol",
                workspace_volume_mount_path="/workspace",
                workspace_remote_path="/srv/vol",
                attachments=[pb.AttachmentRef(**_fields(reference), sha256="ab"), reference],
            )
        ]
        assert here.runtime.metadata[0]["x-tenant-id"] == "acme"
        assert here.rest.asked == [LOOKUP, AGENT]


def _fields(message: Any) -> dict[str, Any]:
    return {descriptor.name: value for descriptor, value in message.ListFields()}


async def test_absent_fields_are_absent() -> None:
    async with scene() as here:
        await here.execute(intent="", agent=AGENT_ID)
        (request,) = here.runtime.asked
    for name in ("intent", "security_context_name", "workspace_volume_id", "workspace_remote_path"):
        assert not request.HasField(name)


async def test_the_context_is_the_blackboard_asked_from_the_run() -> None:
    async with scene() as here:
        here.temporal.blackboard = {"A": {"status": "success"}, "score": 1.0}
        environment = here.environment(workflow_id="the-run", workflow_run_id="its-try")
        await here.execute(environment)
        assert here.temporal.queried == [("the-run", "its-try", "agent_context")]
        assert here.runtime.asked[0].context_json == '{"A":{"status":"success"},"score":1}'


async def test_a_context_of_its_own_asks_nobody() -> None:
    async with scene() as here:
        await here.execute(context={})
        assert (here.temporal.queried, here.runtime.asked[0].context_json) == ([], "{}")


@pytest.mark.parametrize(
    ("error", "kind", "final"),
    [
        (RPCError("busy", RPCStatusCode.UNAVAILABLE, b""), "NotBegun", False),
        (WorkflowQueryFailedError("no such query"), "NoAgentContext", True),
    ],
)
async def test_a_run_that_cannot_be_asked_starts_no_agent(error: Exception, kind: str, final: bool) -> None:
    async with scene() as here:
        here.temporal.error = error
        with pytest.raises(ApplicationError) as raised:
            await here.execute()
        assert (raised.value.type, raised.value.non_retryable) == (kind, final)
        assert here.runtime.asked == []


async def test_events_that_cannot_be_delivered_start_no_agent() -> None:
    async with scene() as here:
        here.publisher.error = UndeliveredError("away", 7)
        with pytest.raises(ApplicationError, match="away") as raised:
            await here.execute()
        assert (raised.value.type, raised.value.non_retryable) == ("EventsUndelivered", False)
        assert (here.runtime.asked, here.rest.asked) == ([], [])


async def test_bearer_token_and_tenant_on_the_call_and_the_look_ups() -> None:
    async with http_server(Keycloak()) as url, scene(url) as here:
        await here.execute()
        assert here.runtime.metadata[0]["authorization"] == "Bearer token-1"
        seen = [(headers["Authorization"], headers["X-Tenant-Id"]) for headers in here.rest.headers]
        assert seen == [("Bearer token-1", "acme")] * 2


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([failed("out of tokens", 3)], AgentResult(False, "", "out of tokens", RUN_ID, AGENT_ID, 3)),
        # An agent with an input schema refuses a text that is not JSON; the stream opens before that is found out.
        (
            [started(), failed("Failed to start execution: input is not an object")],
            AgentResult(False, "", "Failed to start execution: input is not an object", RUN_ID, AGENT_ID, 0),
        ),
        (
            [started(), iteration(), wrote("draft"), iteration(2), failed("", 0)],
            AgentResult(False, "draft", "the runtime gave no reason", RUN_ID, AGENT_ID, 2),
        ),
        ([completed("", 0)], AgentResult(True, "", None, RUN_ID, AGENT_ID, 0)),
        ([iteration(), wrote("draft"), completed("final", 4)], AgentResult(True, "final", None, RUN_ID, AGENT_ID, 4)),
    ],
)
async def test_an_ending_of_the_agent_is_a_result(events: list[pb.ExecutionEvent], expected: AgentResult) -> None:
    async with scene() as here:
        here.runtime.on_agent = [says(*events)]
        assert await here.execute() == expected


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.UNAUTHENTICATED,
    ],
)
async def test_a_refusal_of_the_runtime_is_final(code: grpc.StatusCode) -> None:
    async with scene() as here:
        here.runtime.on_agent = [then_breaks(code=code)]
        with pytest.raises(ApplicationError, match="the connection is gone") as raised:
            await here.execute()
        assert (raised.value.type, raised.value.non_retryable) == (f"Runtime.{code.name}", True)
        assert raised.value.details == ({"events_sent": True},)


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED])
async def test_before_the_first_event_what_may_pass_is_tried_again(code: grpc.StatusCode) -> None:
    async with scene() as here:
        here.runtime.on_agent = [then_breaks(code=code), says(completed("later"))]
        with pytest.raises(ApplicationError) as raised:
            await here.execute(here.environment(attempt=50))
        assert (raised.value.type, raised.value.non_retryable) == (f"Runtime.{code.name}", False)
        # The mark is taken back, so the next attempt runs the agent.
        assert here.beats == [{"begun": False}]
        result = await here.execute(here.environment(attempt=51, heartbeat_details=[here.beats[-1]]))
        assert result.output == "later"


@pytest.mark.parametrize(("attempt", "final"), [(2, False), (3, True)])
async def test_before_the_first_event_other_failures_are_tried_three_times(attempt: int, final: bool) -> None:
    async with scene() as here:
        here.runtime.on_agent = [then_breaks(code=grpc.StatusCode.INTERNAL)]
        with pytest.raises(ApplicationError) as raised:
            await here.execute(here.environment(attempt=attempt))
        assert (raised.value.type, raised.value.non_retryable) == ("Runtime.INTERNAL", final)
        here.runtime.on_agent = [says()]
        with pytest.raises(ApplicationError, match="no event came") as raised:
            await here.execute(here.environment(attempt=attempt))
        assert raised.value.non_retryable is final


async def test_no_runtime_is_tried_again() -> None:
    async with scene(aegis_runtime_grpc_url="127.0.0.1:9", aegis_runtime_grpc_connect_timeout_ms=100) as here:
        with pytest.raises(ApplicationError) as raised:
            await here.execute()
        assert (raised.value.type, raised.value.non_retryable) == ("Runtime.UNAVAILABLE", False)


async def test_an_unknown_agent_is_final_and_named() -> None:
    async with scene() as here:
        with pytest.raises(ApplicationError, match='no agent "nobody" in the tenant "acme"') as raised:
            await here.execute(agent="nobody")
        assert raised.value.non_retryable
        assert raised.value.details == ({"events_sent": True},)
        assert here.runtime.asked == []


async def test_a_name_that_means_another_agent_by_now_is_looked_up_anew() -> None:
    other = AGENT_ID.replace("1", "9")
    async with scene() as here:
        await here.execute()
        here.runtime.on_agent = [then_breaks(code=grpc.StatusCode.NOT_FOUND)]
        here.rest.agents["writer"] = other
        with pytest.raises(ApplicationError) as raised:
            await here.execute()
        assert not raised.value.non_retryable
        with pytest.raises(ApplicationError) as raised:
            await here.execute(here.environment(attempt=2))
        assert raised.value.non_retryable
        assert [request.agent_id for request in here.runtime.asked] == [AGENT_ID, AGENT_ID, other]


@pytest.mark.parametrize(
    ("task", "text"),
    [
        ({"attachments": [{"size": "much"}]}, "Attachment no. 1 of the run is no attachment"),
        ({"attachments": ["a.txt"]}, "Attachment no. 1 of the run is no attachment"),
        ({"input": "\ud800"}, "ExecuteAgentRequest cannot be made"),
    ],
)
async def test_a_value_without_a_place_in_the_message_is_final(task: dict[str, Any], text: str) -> None:
    async with scene() as here:
        with pytest.raises(ApplicationError, match=text) as raised:
            await here.execute(**task)
        assert (raised.value.type, raised.value.non_retryable) == ("InvalidRequest", True)
        assert here.runtime.asked == []


async def test_a_lone_surrogate_on_the_blackboard_does_not_stop_an_agent() -> None:
    async with scene() as here:
        await here.execute(context={"broken": "\ud800"})
        assert json.loads(here.runtime.asked[0].context_json) == {"broken": "\ud800"}
