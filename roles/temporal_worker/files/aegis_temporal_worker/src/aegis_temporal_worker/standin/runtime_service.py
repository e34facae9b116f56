# SPDX-License-Identifier: Apache-2.0
"""The gRPC service ``aegis.runtime.v1.AegisRuntime`` of the stand-in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import grpc
import orjson
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from aegis_temporal_worker.interpreter.durations import human_limit_seconds
from aegis_temporal_worker.runtime.proto import aegis_runtime_pb2 as pb
from aegis_temporal_worker.runtime.proto import aegis_runtime_pb2_grpc as pb_grpc
from aegis_temporal_worker.standin import HEADER, NAME
from aegis_temporal_worker.standin.commands import DEFAULT_SECONDS, CommandTimeoutError, WorkdirError, run_command
from aegis_temporal_worker.standin.faults import Faults
from aegis_temporal_worker.standin.judges import judge
from aegis_temporal_worker.standin.ledger import Ledger
from aegis_temporal_worker.standin.runs import Agents, Run
from aegis_temporal_worker.standin.script import (
    ActionAnswer,
    Answer,
    ContainerAnswer,
    HandlerAnswer,
    ImageAnswer,
    Picker,
    Script,
)

# The generated base class serves threads and asyncio alike; with grpc.aio its methods are coroutines.
# pylint: disable=invalid-overridden-method

log = logging.getLogger(__name__)

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class RuntimeService(pb_grpc.AegisRuntimeServicer):
    """Runs system commands in ``scratch``; answers every other call from the script."""

    def __init__(self, script: Script, agents: Agents, ledger: Ledger, faults: Faults, scratch: Path) -> None:
        self._agents = agents
        self._ledger = ledger
        self._faults = faults
        self._scratch = scratch
        self._containers = Picker(script.containers, ContainerAnswer())
        self._actions = Picker(script.actions, ActionAnswer())
        self._handlers = Picker(script.output_handlers, HandlerAnswer())
        self._images = Picker(script.images, ImageAnswer())

    async def ExecuteAgent(  # noqa: N802 - name of the RPC
        self, request: pb.ExecuteAgentRequest, context: Context
    ) -> AsyncIterator[pb.ExecutionEvent]:
        """Run an agent as the script says; a cancelled run ends the stream without a last event."""
        await self._begin("ExecuteAgent", request, context)
        answer = self._agents.answer(request.agent_id)
        if answer.error_code is not None:
            await _abort(context, answer.error_code, answer.error_message)
        output = f"{NAME}: {request.input}" if answer.output is None else answer.output
        run = self._agents.begin(answer, output)
        # As the orchestrator does: the first event carries a placeholder, not the run's id.
        yield pb.ExecutionEvent(
            execution_started=pb.ExecutionStarted(
                execution_id=str(uuid4()), agent_id=request.agent_id, started_at=_now()
            )
        )
        for number in range(1, answer.iterations + 1):
            yield pb.ExecutionEvent(
                iteration_started=pb.IterationStarted(
                    execution_id=run.run_id, iteration_number=number, action="standin", started_at=_now()
                )
            )
            if answer.break_stream:
                await _abort(context, "UNAVAILABLE", f"{NAME}: the stream breaks off by the script")
            await run.ended.wait()
            if run.status == "Cancelled":
                return
            yield pb.ExecutionEvent(
                iteration_completed=pb.IterationCompleted(
                    execution_id=run.run_id, iteration_number=number, output=output, completed_at=_now()
                )
            )
        if answer.silent:
            await asyncio.Event().wait()
        yield _last_event(run, answer.iterations)

    async def ExecuteSystemCommand(  # noqa: N802
        self, request: pb.ExecuteSystemCommandRequest, context: Context
    ) -> pb.ExecuteSystemCommandResponse:
        """Really run the command."""
        await self._begin("ExecuteSystemCommand", request, context)
        limit = request.timeout_seconds if request.HasField("timeout_seconds") else DEFAULT_SECONDS
        try:
            result = await run_command(
                request.command, dict(request.env), request.workdir or None, limit, self._scratch
            )
        except CommandTimeoutError as error:
            await _abort(context, "DEADLINE_EXCEEDED", f"{NAME}: {error}")
        except (WorkdirError, OSError, ValueError) as error:
            await _abort(context, "INVALID_ARGUMENT", f"{NAME}: {error}")
        return pb.ExecuteSystemCommandResponse(
            exit_code=result.exit_code,
            stdout=result.stdout,
            stderr=result.stderr,
            duration_ms=result.duration_ms,
        )

    async def ValidateWithJudges(  # noqa: N802
        self, request: pb.ValidateWithJudgesRequest, context: Context
    ) -> pb.ValidateWithJudgesResponse:
        """Let the scripted judges vote."""
        await self._begin("ValidateWithJudges", request, context)
        for item in request.judges:
            await _want_uuid(context, "judge agent_id", item.agent_id)
        verdicts = [self._agents.verdict(item.agent_id) for item in request.judges]
        for verdict in verdicts:
            await _wait_or_abort(context, verdict)
        return judge(request, verdicts)

    async def ExecuteContainerRun(  # noqa: N802
        self, request: pb.ExecuteContainerRunRequest, context: Context
    ) -> pb.ExecuteContainerRunResponse:
        """Answer for a container; none is started."""
        await self._begin("ExecuteContainerRun", request, context)
        await _want_uuid(context, "execution_id", request.execution_id)
        if not request.state_name:
            await _abort(context, "INVALID_ARGUMENT", f"{NAME}: state_name is empty")
        answer = self._containers.take(request.name)
        limit = human_limit_seconds(request.resources.timeout)
        if limit is not None and answer.delay_seconds > limit:
            await asyncio.sleep(limit)
            await _abort(context, "DEADLINE_EXCEEDED", f"{NAME}: the container did not end within {limit} s")
        await _wait_or_abort(context, answer)
        return pb.ExecuteContainerRunResponse(
            exit_code=answer.exit_code,
            stdout=answer.stdout,
            stderr=answer.stderr,
            duration_ms=round(answer.delay_seconds * 1000),
            attempts=answer.attempts,
        )

    async def CreateWorkspaceVolume(  # noqa: N802
        self, request: pb.CreateWorkspaceVolumeRequest, context: Context
    ) -> pb.CreateWorkspaceVolumeResponse:
        """Make a directory for the volume."""
        await self._begin("CreateWorkspaceVolume", request, context)
        await _want_uuid(context, "workflow_execution_id", request.workflow_execution_id)
        volume_id = str(uuid4())
        volume = self._volume(volume_id)
        volume.mkdir(parents=True)
        return pb.CreateWorkspaceVolumeResponse(volume_id=volume_id, remote_path=str(volume))

    async def DestroyWorkspaceVolume(  # noqa: N802
        self, request: pb.DestroyWorkspaceVolumeRequest, context: Context
    ) -> pb.DestroyWorkspaceVolumeResponse:
        """Only unmounts, as the orchestrator does: the directory stays."""
        await self._begin("DestroyWorkspaceVolume", request, context)
        await _want_uuid(context, "volume_id", request.volume_id)
        return pb.DestroyWorkspaceVolumeResponse(destroyed=self._volume(request.volume_id).is_dir())

    async def InvokeOutputHandler(  # noqa: N802
        self, request: pb.InvokeOutputHandlerRequest, context: Context
    ) -> pb.InvokeOutputHandlerResponse:
        """Answer for an output handler by its type."""
        await self._begin("InvokeOutputHandler", request, context)
        try:
            kind = str(orjson.loads(request.handler_config_json)["type"])
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            await _abort(context, "INVALID_ARGUMENT", f"{NAME}: handler_config_json has no type: {error}")
        if kind in {"container", "mcp_tool"}:
            await _abort(context, "UNIMPLEMENTED", f"{NAME}: no output handler of type {kind}")
        answer = self._handlers.take(kind)
        await _wait_or_abort(context, answer)
        result = request.final_output if answer.result is None else answer.result
        return pb.InvokeOutputHandlerResponse(
            success=answer.success, result=result if answer.success else "", error=answer.error
        )

    async def RunRepositoryAction(  # noqa: N802
        self, request: pb.RunRepositoryActionRequest, context: Context
    ) -> pb.RunRepositoryActionResponse:
        """Answer for an action on a repository, a tree or an archive."""
        await self._begin("RunRepositoryAction", request, context)
        await _want_uuid(context, "workflow_execution_id", request.workflow_execution_id)
        answer = self._actions.take(request.action, f"repository_{request.action}")
        await _wait_or_abort(context, answer)
        return pb.RunRepositoryActionResponse(
            commit_sha=answer.commit_sha,
            branch=answer.branch,
            ref=answer.ref,
            diff=answer.diff,
            sentence=answer.sentence,
        )

    async def RunImageGenerate(  # noqa: N802
        self, request: pb.RunImageGenerateRequest, context: Context
    ) -> pb.RunImageGenerateResponse:
        """Name the files that a generator would have written; none is."""
        await self._begin("RunImageGenerate", request, context)
        answer = self._images.take(request.alias)
        await _wait_or_abort(context, answer)
        if answer.sentence is not None:
            return pb.RunImageGenerateResponse(sentence=answer.sentence)
        folder = (request.path or "generated/").rstrip("/")
        return pb.RunImageGenerateResponse(
            files=[
                pb.GeneratedFile(
                    volume_id=str(uuid4()),
                    path=f"{folder}/{NAME}-{number}.png",
                    content_type="image/png",
                    size_bytes=answer.size_bytes,
                )
                for number in range(1, (request.count or 1) + 1)
            ]
        )

    def _volume(self, volume_id: str) -> Path:
        return self._scratch / "volumes" / volume_id

    async def _begin(self, method: str, request: Message, context: Context) -> None:
        """Note the call, say who answers, and let a fault hit."""
        metadata = dict(context.invocation_metadata() or ())
        tenant = metadata.get("x-tenant-id")
        self._ledger.record_call(
            method,
            MessageToDict(request, preserving_proto_field_name=True),
            str(tenant) if tenant is not None else None,
            authorised="authorization" in metadata,
        )
        log.info("%s called", method)
        await context.send_initial_metadata(((HEADER, NAME),))
        fault = self._faults.take_runtime(method)
        if fault is not None:
            await asyncio.sleep(fault.delay_seconds)
            await _abort(context, fault.code, f"{NAME}: fault switched on")


def _last_event(run: Run, iterations: int) -> pb.ExecutionEvent:
    if run.error is not None:
        return pb.ExecutionEvent(
            execution_failed=pb.ExecutionFailed(
                execution_id=run.run_id, reason=run.error, total_iterations=iterations, failed_at=_now()
            )
        )
    return pb.ExecutionEvent(
        execution_completed=pb.ExecutionCompleted(
            execution_id=run.run_id,
            final_output=run.final_output or "",
            total_iterations=iterations,
            completed_at=_now(),
        )
    )


async def _wait_or_abort(context: Context, answer: Answer) -> None:
    await asyncio.sleep(answer.delay_seconds)
    if answer.error_code is not None:
        await _abort(context, answer.error_code, answer.error_message)


async def _want_uuid(context: Context, name: str, text: str) -> None:
    try:
        UUID(text)
    except ValueError:
        await _abort(context, "INVALID_ARGUMENT", f"{NAME}: {name} {text!r} is not a UUID")


async def _abort(context: Context, code: str, message: str) -> Any:
    """End the call with a status; never returns."""
    await context.abort(grpc.StatusCode[code], message)


def _now() -> str:
    return datetime.now(UTC).isoformat()
