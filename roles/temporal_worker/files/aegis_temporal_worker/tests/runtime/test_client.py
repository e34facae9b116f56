# SPDX-License-Identifier: Apache-2.0
"""Contract 8.1, 8.6: metadata, deadlines, the wait for the channel, and errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest

from aegis_temporal_worker.runtime.client import RuntimeClient
from aegis_temporal_worker.runtime.errors import RuntimeCallError
from aegis_temporal_worker.runtime.proto import aegis_runtime_pb2 as pb

from .servers import Context, Keycloak, Runtime, Settings, grpc_server, http_server

COMMAND = pb.ExecuteSystemCommandRequest(command="true", env={"A": "b"}, timeout_seconds=9)


@pytest.fixture
def runtime() -> Runtime:
    return Runtime()


@pytest.fixture
async def settings(runtime: Runtime) -> AsyncIterator[Settings]:
    async with grpc_server(runtime) as port:
        yield Settings(aegis_runtime_grpc_url=f"127.0.0.1:{port}")


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[RuntimeClient]:
    made = RuntimeClient(settings)
    yield made
    await made.close()


async def test_request_and_answer(client: RuntimeClient, runtime: Runtime) -> None:
    answer = await client.execute_system_command(COMMAND, tenant_id="acme", deadline=5)
    assert (answer.exit_code, answer.stdout, answer.stderr, answer.duration_ms) == (0, "out", "err", 12)
    assert runtime.requests == [COMMAND]
    assert runtime.metadata[0]["x-tenant-id"] == "acme"
    assert "authorization" not in runtime.metadata[0]


async def test_a_scheme_before_the_address_is_tolerated(settings: Settings, runtime: Runtime) -> None:
    settings.aegis_runtime_grpc_url = f"grpc://{settings.aegis_runtime_grpc_url}"
    client = RuntimeClient(settings)
    await client.execute_system_command(COMMAND, tenant_id="", deadline=5)
    await client.close()
    assert "x-tenant-id" not in runtime.metadata[0]


async def test_token_on_every_call(settings: Settings, runtime: Runtime) -> None:
    async with http_server(Keycloak()) as url:
        client = RuntimeClient(settings.with_keycloak(url))
        await client.execute_system_command(COMMAND, tenant_id="acme", deadline=5)
        await client.create_workspace_volume(pb.CreateWorkspaceVolumeRequest(), tenant_id="acme", deadline=5)
        await client.close()
    assert [seen["authorization"] for seen in runtime.metadata] == ["Bearer token-1", "Bearer token-1"]


async def test_refused_token_is_replaced_once(settings: Settings, runtime: Runtime) -> None:
    async def refuse(context: Context) -> pb.ExecuteSystemCommandResponse:
        await context.abort(grpc.StatusCode.UNAUTHENTICATED, "no")
        raise AssertionError("abort raises")

    runtime.on_command = refuse
    async with http_server(Keycloak()) as url:
        client = RuntimeClient(settings.with_keycloak(url))
        with pytest.raises(RuntimeCallError) as raised:
            await client.execute_system_command(COMMAND, tenant_id="acme", deadline=5)
        await client.close()
    assert [seen["authorization"] for seen in runtime.metadata] == ["Bearer token-1", "Bearer token-2"]
    assert raised.value.code is grpc.StatusCode.UNAUTHENTICATED
    assert not raised.value.retryable


async def test_refused_token_of_a_stream_is_replaced_once(settings: Settings, runtime: Runtime) -> None:
    async with http_server(Keycloak()) as url:
        client = RuntimeClient(settings.with_keycloak(url))
        request = pb.ExecuteAgentRequest(agent_id="a", input="hello")
        events = [event async for event in client.execute_agent(request, tenant_id="acme", deadline=5)]
        await client.close()
    assert [event.WhichOneof("event") for event in events] == ["execution_started", "execution_completed"]
    assert events[1].execution_completed.final_output == "hello"
    assert [seen["authorization"] for seen in runtime.metadata] == ["Bearer token-1", "Bearer token-2"]


async def test_token_endpoint_away_is_retryable_and_nothing_was_called(settings: Settings, runtime: Runtime) -> None:
    client = RuntimeClient(settings.with_keycloak("http://127.0.0.1:9"))
    with pytest.raises(RuntimeCallError) as raised:
        await client.execute_system_command(COMMAND, tenant_id="acme", deadline=5)
    await client.close()
    assert raised.value.retryable
    assert runtime.requests == []


async def test_no_runtime_is_retryable_because_nothing_began() -> None:
    client = RuntimeClient(Settings(aegis_runtime_grpc_connect_timeout_ms=100))
    with pytest.raises(RuntimeCallError) as raised:
        await client.execute_system_command(COMMAND, tenant_id="acme", deadline=5)
    await client.close()
    assert raised.value.code is grpc.StatusCode.UNAVAILABLE
    assert raised.value.retryable
    assert not raised.value.begun
    assert "ExecuteSystemCommand" in str(raised.value)


async def test_a_runtime_that_comes_up_meanwhile_is_used(runtime: Runtime) -> None:
    async with grpc_server(Runtime()) as port:
        pass
    client = RuntimeClient(Settings(aegis_runtime_grpc_url=f"127.0.0.1:{port}"))
    call = asyncio.create_task(client.execute_system_command(COMMAND, tenant_id="acme", deadline=5))
    await asyncio.sleep(0)
    async with grpc_server(runtime, port):
        assert (await call).stdout == "out"
        await client.close()


async def test_a_call_that_breaks_off_is_not_retryable(settings: Settings) -> None:
    runtime = Runtime()
    begun = asyncio.Event()

    async def hang(_: Context) -> pb.ExecuteSystemCommandResponse:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    runtime.on_command = hang
    async with grpc_server(runtime) as port:
        settings.aegis_runtime_grpc_url = f"127.0.0.1:{port}"
        client = RuntimeClient(settings)
        call = asyncio.create_task(client.execute_system_command(COMMAND, tenant_id="acme", deadline=30))
        await begun.wait()
    with pytest.raises(RuntimeCallError) as raised:
        await call
    await client.close()
    assert raised.value.begun
    assert not raised.value.retryable


async def test_deadline(client: RuntimeClient, runtime: Runtime) -> None:
    """Contract 8.1, 9.3 no. 47."""

    async def hang(_: Context) -> pb.ExecuteSystemCommandResponse:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    runtime.on_command = hang
    with pytest.raises(RuntimeCallError) as raised:
        await client.execute_system_command(COMMAND, tenant_id="acme", deadline=0.2)
    assert raised.value.timed_out
    assert not raised.value.retryable


@pytest.mark.parametrize(
    ("code", "retryable"),
    [
        (grpc.StatusCode.RESOURCE_EXHAUSTED, True),
        (grpc.StatusCode.UNAVAILABLE, False),
        (grpc.StatusCode.INVALID_ARGUMENT, False),
        (grpc.StatusCode.NOT_FOUND, False),
        (grpc.StatusCode.PERMISSION_DENIED, False),
        (grpc.StatusCode.FAILED_PRECONDITION, False),
        (grpc.StatusCode.UNIMPLEMENTED, False),
        (grpc.StatusCode.INTERNAL, False),
    ],
)
async def test_error_mapping(client: RuntimeClient, runtime: Runtime, code: grpc.StatusCode, retryable: bool) -> None:
    async def refuse(context: Context) -> pb.ExecuteSystemCommandResponse:
        await context.abort(code, "because")
        raise AssertionError("abort raises")

    runtime.on_command = refuse
    with pytest.raises(RuntimeCallError, match="because") as raised:
        await client.execute_system_command(COMMAND, tenant_id="acme", deadline=5)
    assert raised.value.code is code
    assert raised.value.retryable is retryable


async def test_every_method_of_the_worker_reaches_its_rpc(client: RuntimeClient) -> None:
    calls = {
        "ValidateWithJudges": client.validate_with_judges(pb.ValidateWithJudgesRequest(), tenant_id="acme", deadline=5),
        "ExecuteContainerRun": client.execute_container_run(
            pb.ExecuteContainerRunRequest(), tenant_id="acme", deadline=5
        ),
        "InvokeOutputHandler": client.invoke_output_handler(
            pb.InvokeOutputHandlerRequest(), tenant_id="acme", deadline=5
        ),
        "RunRepositoryAction": client.run_repository_action(
            pb.RunRepositoryActionRequest(), tenant_id="acme", deadline=5
        ),
        "RunImageGenerate": client.run_image_generate(pb.RunImageGenerateRequest(), tenant_id="acme", deadline=5),
    }
    for method, call in calls.items():
        with pytest.raises(RuntimeCallError) as raised:
            await call
        assert (raised.value.method, raised.value.code) == (method, grpc.StatusCode.UNIMPLEMENTED)
