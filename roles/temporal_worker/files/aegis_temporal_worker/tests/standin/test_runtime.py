# SPDX-License-Identifier: Apache-2.0
"""The gRPC runtime of the stand-in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import grpc
import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub
from tenacity import AsyncRetrying, Retrying, retry_if_result, stop_after_delay, wait_fixed

from aegis_temporal_worker.runtime.health import SERVICE
from aegis_temporal_worker.runtime.proto import aegis_runtime_pb2 as pb
from aegis_temporal_worker.runtime.proto.aegis_runtime_pb2_grpc import AegisRuntimeStub
from aegis_temporal_worker.standin.script import ScriptError, agent_uuid, load_script

if TYPE_CHECKING:
    from conftest import Client

Start = Callable[..., "Awaitable[Client]"]


async def code_of(call: Awaitable[Any]) -> grpc.StatusCode:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    assert "aegis-standin" in (caught.value.details() or "")
    code: grpc.StatusCode = caught.value.code()
    return code


class TestCommands:
    """They really run."""

    async def test_environment_output_and_exit_code(self, client: Client) -> None:
        result = await client.runtime.ExecuteSystemCommand(
            pb.ExecuteSystemCommandRequest(
                command='echo "$MESSAGE"; echo problem >&2; exit 3', env={"MESSAGE": "grüße; $(id)"}
            )
        )
        assert (result.exit_code, result.stdout, result.stderr) == (3, "grüße; $(id)\n", "problem\n")

    async def test_nothing_of_the_stand_ins_own_environment_leaks(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PLANTED", "c4n4ry")
        result = await client.runtime.ExecuteSystemCommand(pb.ExecuteSystemCommandRequest(command="env"))
        assert "c4n4ry" not in result.stdout

    async def test_the_working_directory_is_below_the_scratch_directory(self, client: Client) -> None:
        result = await client.runtime.ExecuteSystemCommand(
            pb.ExecuteSystemCommandRequest(command="pwd", workdir="/workspace/repo")
        )
        assert result.stdout.strip() == str(client.scratch / "workspace/repo")
        code = await code_of(
            client.runtime.ExecuteSystemCommand(pb.ExecuteSystemCommandRequest(command="pwd", workdir="../.."))
        )
        assert code is grpc.StatusCode.INVALID_ARGUMENT

    async def test_the_limit_kills_the_children_too(self, client: Client) -> None:
        marker = client.scratch / "child.pid"
        code = await code_of(
            client.runtime.ExecuteSystemCommand(
                pb.ExecuteSystemCommandRequest(command=f"sleep 600 & echo $! > {marker}; wait", timeout_seconds=1)
            )
        )
        assert code is grpc.StatusCode.DEADLINE_EXCEEDED
        # It was sent SIGKILL; the kernel takes a moment.
        Retrying(retry=retry_if_result(lambda lives: lives), stop=stop_after_delay(10), wait=wait_fixed(0.02))(
            _lives, int(marker.read_text())
        )

    async def test_a_signal_becomes_128_plus_its_number(self, client: Client) -> None:
        result = await client.runtime.ExecuteSystemCommand(pb.ExecuteSystemCommandRequest(command="kill -9 $$"))
        assert result.exit_code == 137

    async def test_pings_during_a_silent_call_do_not_end_it(self, client: Client) -> None:
        # A client pings once a second at most; gRPC's server forgives two early pings by default.
        options = [("grpc.keepalive_time_ms", 1000), ("grpc.http2.max_pings_without_data", 0)]
        async with grpc.aio.insecure_channel(client.grpc_address, options=options) as channel:
            stub = AegisRuntimeStub(channel)
            result = await stub.ExecuteSystemCommand(pb.ExecuteSystemCommandRequest(command="sleep 6; echo done"))
        assert result.stdout == "done\n"

    async def test_the_call_is_in_the_ledger(self, client: Client) -> None:
        await client.runtime.ExecuteSystemCommand(
            pb.ExecuteSystemCommandRequest(command="true"), metadata=(("x-tenant-id", "acme"),)
        )
        (entry,) = await client.ledger(kind="call")
        assert (entry["standin"], entry["method"], entry["tenant_id"], entry["authorised"]) == (
            "aegis-standin",
            "ExecuteSystemCommand",
            "acme",
            False,
        )
        assert entry["request"] == {"command": "true"}


class TestAgents:
    """They answer as the script says."""

    async def test_the_default_repeats_the_input(self, client: Client) -> None:
        events = [
            event async for event in client.runtime.ExecuteAgent(pb.ExecuteAgentRequest(agent_id="a", input="hi"))
        ]
        assert [event.WhichOneof("event") for event in events] == [
            "execution_started",
            "iteration_started",
            "iteration_completed",
            "execution_completed",
        ]
        assert events[-1].execution_completed.final_output == "aegis-standin: hi"
        run_id = events[-1].execution_completed.execution_id
        assert events[0].execution_started.execution_id != run_id
        async with client.http.get(f"/v1/executions/{run_id}") as answer:
            body = await answer.json()
        assert (body["status"], body["kind"], body["final_output"]) == ("Completed", "agent", "aegis-standin: hi")

    async def test_answers_come_one_after_the_other_by_name_or_uuid(self, start: Start) -> None:
        client = await start(agents={"writer": [{"output": "one"}, {"fail": "tired", "iterations": 2}]})
        outputs = []
        for agent_id in ("writer", agent_uuid("writer"), "writer"):
            events = [e async for e in client.runtime.ExecuteAgent(pb.ExecuteAgentRequest(agent_id=agent_id))]
            outputs.append(events[-1].execution_completed.final_output or events[-1].execution_failed.reason)
        assert outputs == ["one", "tired", "tired"]

    async def test_a_cancelled_run_ends_without_a_last_event(self, start: Start) -> None:
        client = await start(agents={"*": {"delay_seconds": 600}})
        kinds = []
        async for event in client.runtime.ExecuteAgent(pb.ExecuteAgentRequest(agent_id="slow")):
            kinds.append(event.WhichOneof("event"))
            if kinds[-1] == "iteration_started":
                run_id = event.iteration_started.execution_id
                async with client.http.post(f"/v1/executions/{run_id}/cancel") as answer:
                    assert answer.status == 200
        assert kinds == ["execution_started", "iteration_started"]
        async with client.http.get(f"/v1/executions/{run_id}") as answer:
            assert (await answer.json())["status"] == "Cancelled"

    async def test_a_silent_stream_tells_no_end_and_the_status_does(self, start: Start) -> None:
        client = await start(agents={"*": {"silent": True, "output": "quiet"}})
        stream = client.runtime.ExecuteAgent(pb.ExecuteAgentRequest(agent_id="a"))
        events = [await stream.read() for _ in range(3)]
        assert [event.WhichOneof("event") for event in events][1:] == ["iteration_started", "iteration_completed"]
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(stream.read(), 0.2)
        stream.cancel()
        async with client.http.get(f"/v1/executions/{events[1].iteration_started.execution_id}") as answer:
            body = await answer.json()
        assert (body["status"], body["final_output"]) == ("Completed", "quiet")

    async def test_a_stream_breaks_off_and_the_run_goes_on(self, start: Start) -> None:
        client = await start(agents={"*": {"break_stream": True, "delay_seconds": 0.3, "fail": "tired"}})
        stream = client.runtime.ExecuteAgent(pb.ExecuteAgentRequest(agent_id="a"))
        await stream.read()
        run_id = (await stream.read()).iteration_started.execution_id
        assert await code_of(stream.read()) is grpc.StatusCode.UNAVAILABLE

        async def status() -> dict[str, Any]:
            async with client.http.get(f"/v1/executions/{run_id}") as answer:
                body: dict[str, Any] = await answer.json()
            return body

        assert (await status())["status"] == "Running"
        retrying = AsyncRetrying(
            retry=retry_if_result(lambda body: body["status"] == "Running"),
            stop=stop_after_delay(10),
            wait=wait_fixed(0.02),
        )
        body = await retrying(status)
        assert (body["status"], body["error"], body["final_output"]) == ("Failed", "tired", None)

    async def test_a_run_that_has_ended_is_not_cancelled_any_more(self, client: Client) -> None:
        events = [event async for event in client.runtime.ExecuteAgent(pb.ExecuteAgentRequest(agent_id="a"))]
        run_id = events[-1].execution_completed.execution_id
        async with client.http.post(f"/v1/executions/{run_id}/cancel"):
            pass
        async with client.http.get(f"/v1/executions/{run_id}") as answer:
            assert (await answer.json())["status"] == "Completed"

    async def test_look_ups(self, start: Start) -> None:
        client = await start(agents={"known": {"timeout": "45m"}}, only_listed_agents=True)
        async with client.http.get("/v1/agents/lookup/known") as answer:
            identifier = (await answer.json())["id"]
        async with client.http.get(f"/v1/agents/{identifier}") as answer:
            body = await answer.json()
        assert body["manifest"]["spec"]["security"]["resources"]["timeout"] == "45m"
        assert body["name"] == "known"
        async with client.http.get("/v1/agents/lookup/unknown") as answer:
            assert answer.status == 404
            assert answer.headers["Server"] == "aegis-standin"


class TestOtherCalls:
    """Every other call of the worker."""

    async def test_judges(self, start: Start) -> None:
        client = await start(judges={"strict": {"score": 0.5}, "kind": {"score": 1.0}})
        request = pb.ValidateWithJudgesRequest(
            judges=[
                pb.JudgeConfig(agent_id=agent_uuid("strict"), weight=3),
                pb.JudgeConfig(agent_id=agent_uuid("kind"), weight=0),
            ]
        )
        result = await client.runtime.ValidateWithJudges(request)
        assert result.score == pytest.approx(0.625)
        assert not result.binary_valid
        assert [item.score for item in result.individual_results] == [0.5, 1.0]
        request.consensus.threshold = 0.4
        request.consensus.strategy = pb.UNANIMOUS
        assert (await client.runtime.ValidateWithJudges(request)).binary_valid
        request.judges[0].agent_id = "strict"
        assert await code_of(client.runtime.ValidateWithJudges(request)) is grpc.StatusCode.INVALID_ARGUMENT

    async def test_containers(self, start: Start) -> None:
        client = await start(containers={"build": [{"exit_code": 2, "stderr": "no"}, {"error_code": "UNAVAILABLE"}]})
        request = pb.ExecuteContainerRunRequest(execution_id=str(uuid4()), name="build", state_name="BUILD")
        result = await client.runtime.ExecuteContainerRun(request)
        assert (result.exit_code, result.stderr, result.attempts) == (2, "no", 1)
        assert await code_of(client.runtime.ExecuteContainerRun(request)) is grpc.StatusCode.UNAVAILABLE
        request.state_name = ""
        assert await code_of(client.runtime.ExecuteContainerRun(request)) is grpc.StatusCode.INVALID_ARGUMENT

    async def test_a_container_ends_at_its_own_limit(self, start: Start) -> None:
        client = await start(containers={"*": {"delay_seconds": 60, "attempts": 3}})
        request = pb.ExecuteContainerRunRequest(execution_id=str(uuid4()), name="build", state_name="BUILD")
        request.resources.timeout = "1s"
        assert await code_of(client.runtime.ExecuteContainerRun(request)) is grpc.StatusCode.DEADLINE_EXCEEDED

    async def _until_in_ledger(self, client: Client, kind: str, method: str) -> None:
        retrying = AsyncRetrying(
            retry=retry_if_result(lambda seen: not seen), stop=stop_after_delay(10), wait=wait_fixed(0.02)
        )

        async def seen() -> bool:
            return any(entry["method"] == method for entry in await client.ledger(kind=kind))

        await retrying(seen)

    async def test_a_call_that_is_given_up_is_in_the_ledger(self, start: Start) -> None:
        client = await start(containers={"*": {"delay_seconds": 60}}, actions={"*": {"delay_seconds": 60}})
        run = str(uuid4())
        calls = {
            "ExecuteContainerRun": client.runtime.ExecuteContainerRun(
                pb.ExecuteContainerRunRequest(
                    execution_id=str(uuid4()), workflow_execution_id=run, name="build", state_name="BUILD"
                )
            ),
            "RunRepositoryAction": client.runtime.RunRepositoryAction(
                pb.RunRepositoryActionRequest(workflow_execution_id=run, action="land")
            ),
            "ExecuteSystemCommand": client.runtime.ExecuteSystemCommand(
                pb.ExecuteSystemCommandRequest(command="sleep 60")
            ),
        }
        for method, call in calls.items():
            # Nothing is sent before somebody waits for it.
            waiting = asyncio.ensure_future(call)
            await self._until_in_ledger(client, "call", method)
            call.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            await self._until_in_ledger(client, "cancel", method)
        assert [entry["execution_id"] for entry in await client.ledger(kind="cancel")] == [run, run, None]

    async def test_a_call_that_was_answered_was_not_given_up(self, client: Client) -> None:
        await client.runtime.ExecuteSystemCommand(pb.ExecuteSystemCommandRequest(command="true"))
        await code_of(client.runtime.ExecuteContainerRun(pb.ExecuteContainerRunRequest(execution_id="x")))
        await client.runtime.ExecuteSystemCommand(pb.ExecuteSystemCommandRequest(command="true"))
        assert await client.ledger(kind="cancel") == []

    async def test_workspaces(self, client: Client) -> None:
        made = await client.runtime.CreateWorkspaceVolume(
            pb.CreateWorkspaceVolumeRequest(workflow_execution_id=str(uuid4()))
        )
        assert Path(made.remote_path).is_dir()
        gone = await client.runtime.DestroyWorkspaceVolume(pb.DestroyWorkspaceVolumeRequest(volume_id=made.volume_id))
        assert gone.destroyed
        code = await code_of(
            client.runtime.CreateWorkspaceVolume(pb.CreateWorkspaceVolumeRequest(workflow_execution_id="x"))
        )
        assert code is grpc.StatusCode.INVALID_ARGUMENT

    async def test_repository_actions(self, start: Start) -> None:
        client = await start(actions={"repository_land": {"sentence": "Nobody agreed."}, "diff": {"diff": "+a"}})
        run = str(uuid4())
        land = await client.runtime.RunRepositoryAction(
            pb.RunRepositoryActionRequest(workflow_execution_id=run, action="land")
        )
        assert (land.sentence, land.HasField("commit_sha")) == ("Nobody agreed.", False)
        diff = await client.runtime.RunRepositoryAction(
            pb.RunRepositoryActionRequest(workflow_execution_id=run, action="diff")
        )
        assert (diff.diff, diff.HasField("sentence")) == ("+a", False)

    async def test_images_and_output_handlers(self, client: Client) -> None:
        images = await client.runtime.RunImageGenerate(pb.RunImageGenerateRequest(prompt="a cat", count=2, path="p/"))
        assert [item.path for item in images.files] == ["p/aegis-standin-1.png", "p/aegis-standin-2.png"]
        assert all(item.size_bytes for item in images.files)
        handled = await client.runtime.InvokeOutputHandler(
            pb.InvokeOutputHandlerRequest(final_output="out", handler_config_json='{"type": "webhook"}')
        )
        assert (handled.success, handled.result) == (True, "out")
        code = await code_of(
            client.runtime.InvokeOutputHandler(
                pb.InvokeOutputHandlerRequest(handler_config_json='{"type": "mcp_tool"}')
            )
        )
        assert code is grpc.StatusCode.UNIMPLEMENTED

    async def test_every_answer_names_the_stand_in(self, client: Client) -> None:
        call = client.runtime.ExecuteSystemCommand(pb.ExecuteSystemCommandRequest(command="true"))
        await call
        assert ("x-aegis-standin", "aegis-standin") in tuple(await call.initial_metadata())


class TestFaults:
    """Switches for tests."""

    async def test_refusing_some_calls(self, client: Client) -> None:
        fault = {"runtime": {"code": "RESOURCE_EXHAUSTED", "count": 1, "methods": ["ExecuteSystemCommand"]}}
        async with client.http.post("/standin/faults", json=fault) as answer:
            assert answer.status == 200
        request = pb.ExecuteSystemCommandRequest(command="true")
        await client.runtime.CreateWorkspaceVolume(pb.CreateWorkspaceVolumeRequest(workflow_execution_id=str(uuid4())))
        code = await code_of(client.runtime.ExecuteSystemCommand(request))
        assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert (await client.runtime.ExecuteSystemCommand(request)).exit_code == 0

    async def test_stopping_and_starting_the_runtime(self, client: Client) -> None:
        host, _, port = client.grpc_address.rpartition(":")
        async with client.http.post("/standin/faults", json={"runtime_stopped": True}):
            pass
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(host, int(port))
        async with client.http.delete("/standin/faults") as answer:
            assert (await answer.json())["runtime_stopped"] is False
        request = pb.ExecuteSystemCommandRequest(command="true")
        assert (await client.runtime.ExecuteSystemCommand(request, wait_for_ready=True, timeout=30)).exit_code == 0

    async def test_the_runtime_says_whether_it_serves(self, client: Client) -> None:
        async def said() -> list[str]:
            async with grpc.aio.insecure_channel(client.grpc_address) as channel:
                answers = [await HealthStub(channel).Check(HealthCheckRequest(service=name)) for name in ("", SERVICE)]
            return [HealthCheckResponse.ServingStatus.Name(answer.status) for answer in answers]

        assert await said() == ["SERVING", "SERVING"]
        async with client.http.post("/standin/faults", json={"runtime_not_serving": True}):
            pass
        assert await said() == ["SERVING", "NOT_SERVING"]
        async with client.http.delete("/standin/faults"):
            pass
        assert await said() == ["SERVING", "SERVING"]

    async def test_a_bad_switch_is_refused(self, client: Client) -> None:
        async with client.http.post("/standin/faults", json={"evnts": {}}) as answer:
            assert answer.status == 400


class TestScript:
    """The file."""

    def test_json_and_yaml_say_the_same(self, tmp_path: Path) -> None:
        (tmp_path / "s.json").write_text('{"agents": {"a": {"output": "x"}}}')
        (tmp_path / "s.yml").write_text("agents:\n  a: {output: x}\n")
        assert load_script(tmp_path / "s.json") == load_script(tmp_path / "s.yml")

    @pytest.mark.parametrize("text", ["{", '{"agnts": {}}', '{"agents": {"a": []}}', '{"agents": {"a": {"out": 1}}}'])
    def test_a_wrong_one_is_refused(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "s.json").write_text(text)
        with pytest.raises(ScriptError, match=r"s\.json"):
            load_script(tmp_path / "s.json")


def _lives(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
