# SPDX-License-Identifier: Apache-2.0
"""Contract 4.6, 8.1; contract 1.2, D1.3: what holds for every call of the runtime."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
from google.protobuf.message import Message
from grpc import aio

from aegis_temporal_worker.activities import names
from aegis_temporal_worker.activities.services import open_services
from aegis_temporal_worker.runtime.client import RuntimeClient
from aegis_temporal_worker.runtime.proto import aegis_runtime_pb2 as pb

from ..runtime.servers import Context, Keycloak, Runtime, Settings, grpc_server, http_server

# The reference's activity types that still name the same work. The others are folded into these: the limit of an agent
# and the agents and steps of a parallel state into the activity of one agent or container; nothing stores trajectories.
REFERENCES_TYPES = {
    "fetchWorkflowDefinition",
    "publishEventActivity",
    "executeAgentActivity",
    "executeSystemCommandActivity",
    "runRepositoryActionActivity",
    "validateOutputActivity",
    "executeContainerRunActivity",
    "createEphemeralWorkspaceActivity",
    "destroyWorkspaceVolumeActivity",
    "executeOutputHandlerActivity",
    "fireScheduleActivity",
}
OUR_TYPES = {"findWorkflowDefinition", "runImageGenerateActivity"}


def test_contract_4_6_activity_types_have_the_references_names() -> None:
    assert {value for name, value in vars(names).items() if name.isupper()} == REFERENCES_TYPES | OUR_TYPES


class Listening(Runtime):
    """Keeps the metadata of every RPC."""

    async def _heard(self, response: Message, context: Context) -> Any:
        self._seen(context)
        return response

    async def ExecuteAgent(self, request: pb.ExecuteAgentRequest, context: Context) -> AsyncIterator[pb.ExecutionEvent]:  # noqa: N802 - the protocol's name
        self._seen(context)
        yield pb.ExecutionEvent(execution_completed=pb.ExecutionCompleted(execution_id="run"))

    async def DestroyWorkspaceVolume(self, request: pb.DestroyWorkspaceVolumeRequest, context: Context) -> Any:  # noqa: N802 - the protocol's name
        return await self._heard(pb.DestroyWorkspaceVolumeResponse(), context)

    async def ValidateWithJudges(self, request: pb.ValidateWithJudgesRequest, context: Context) -> Any:  # noqa: N802 - the protocol's name
        return await self._heard(pb.ValidateWithJudgesResponse(), context)

    async def ExecuteContainerRun(self, request: pb.ExecuteContainerRunRequest, context: Context) -> Any:  # noqa: N802 - the protocol's name
        return await self._heard(pb.ExecuteContainerRunResponse(), context)

    async def InvokeOutputHandler(self, request: pb.InvokeOutputHandlerRequest, context: Context) -> Any:  # noqa: N802 - the protocol's name
        return await self._heard(pb.InvokeOutputHandlerResponse(), context)

    async def RunRepositoryAction(self, request: pb.RunRepositoryActionRequest, context: Context) -> Any:  # noqa: N802 - the protocol's name
        return await self._heard(pb.RunRepositoryActionResponse(), context)

    async def RunImageGenerate(self, request: pb.RunImageGenerateRequest, context: Context) -> Any:  # noqa: N802 - the protocol's name
        return await self._heard(pb.RunImageGenerateResponse(), context)


async def call(client: RuntimeClient, method: str) -> None:
    given = {"tenant_id": "acme", "deadline": 5.0}
    if method == "execute_agent":
        async with aclosing(client.execute_agent(pb.ExecuteAgentRequest(), tenant_id="acme", deadline=5.0)) as events:
            async for _event in events:
                pass
        return
    request = {
        "execute_system_command": pb.ExecuteSystemCommandRequest,
        "validate_with_judges": pb.ValidateWithJudgesRequest,
        "execute_container_run": pb.ExecuteContainerRunRequest,
        "create_workspace_volume": pb.CreateWorkspaceVolumeRequest,
        "destroy_workspace_volume": pb.DestroyWorkspaceVolumeRequest,
        "invoke_output_handler": pb.InvokeOutputHandlerRequest,
        "run_repository_action": pb.RunRepositoryActionRequest,
        "run_image_generate": pb.RunImageGenerateRequest,
    }[method]
    await getattr(client, method)(request(), **given)


# Calls of the runtime's own service; the health service is another one (tests/runtime/test_health.py).
METHODS = [
    name
    for name, item in vars(RuntimeClient).items()
    if callable(item) and not name.startswith("_") and name not in ("close", "ready", "health")
]


def test_every_method_is_called() -> None:
    assert len(METHODS) == 9


@pytest.mark.parametrize("method", METHODS)
async def test_contract_8_1_token_and_tenant_on_every_call(method: str) -> None:
    """Contract 1.2, D1.3: some RPCs look at the metadata only."""
    runtime = Listening()
    async with http_server(Keycloak()) as url, grpc_server(runtime) as port:
        client = RuntimeClient(Settings(aegis_runtime_grpc_url=f"127.0.0.1:{port}").with_keycloak(url))
        await call(client, method)
        await client.close()
    assert [(seen["authorization"], seen["x-tenant-id"]) for seen in runtime.metadata] == [("Bearer token-1", "acme")]


async def test_contract_8_1_one_channel_with_the_configured_options(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 1.1: the variables of the channel; contract 1.2, D1.2: pings go on while a gate waits for a person."""
    made: list[tuple[str, dict[str, object]]] = []
    channel = aio.insecure_channel

    def note(target: str, options: list[tuple[str, object]]) -> aio.Channel:
        made.append((target, dict(options)))
        return channel(target, options)

    monkeypatch.setattr(aio, "insecure_channel", note)
    settings = Settings(
        aegis_runtime_grpc_url="grpc://runtime:50051",
        aegis_runtime_grpc_keepalive_time_ms=1,
        aegis_runtime_grpc_keepalive_timeout_ms=2,
        aegis_runtime_grpc_max_reconnect_backoff_ms=3,
        aegis_runtime_grpc_dns_min_time_between_resolutions_ms=4,
    )
    async with open_services(settings):
        pass
    ((target, options),) = made
    assert target == "runtime:50051"
    assert {name: options[name] for name in options if name != "grpc.service_config_disable_resolution"} == {
        "grpc.keepalive_time_ms": 1,
        "grpc.keepalive_timeout_ms": 2,
        "grpc.http2.max_pings_without_data": 0,
        "grpc.max_reconnect_backoff_ms": 3,
        "grpc.dns_min_time_between_resolutions_ms": 4,
        "grpc.max_receive_message_length": 8 * 1024 * 1024,
        "grpc.max_send_message_length": 8 * 1024 * 1024,
    }
