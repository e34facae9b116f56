# SPDX-License-Identifier: Apache-2.0
"""Contract 8.2 and D1: names and numbers on the wire."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

from aegis_temporal_worker.runtime.proto import aegis_runtime_pb2 as pb

FIELDS = {
    "ExecuteAgentRequest": (
        "agent_id input context_json security_policy workflow_execution_id parent_execution_id tenant_id "
        "security_context_name intent workspace_volume_id workspace_volume_mount_path workspace_remote_path attachments"
    ),
    "AttachmentRef": "volume_id path name mime_type size sha256",
    "ExecutionEvent": (
        "execution_started iteration_started iteration_output iteration_completed iteration_failed "
        "refinement_applied execution_completed execution_failed"
    ),
    "ExecutionStarted": "execution_id agent_id started_at",
    "IterationStarted": "execution_id iteration_number action started_at",
    "IterationOutput": "execution_id iteration_number output",
    "IterationCompleted": "execution_id iteration_number output completed_at",
    "IterationFailed": "execution_id iteration_number error failed_at",
    "IterationError": "error_type message stacktrace",
    "RefinementApplied": "execution_id iteration_number code_diff applied_at",
    "ExecutionCompleted": "execution_id final_output total_iterations completed_at",
    "ExecutionFailed": "execution_id reason total_iterations failed_at",
    "ExecuteSystemCommandRequest": "command env workdir timeout_seconds",
    "ExecuteSystemCommandResponse": "exit_code stdout stderr duration_ms",
    "ValidateWithJudgesRequest": "output task judges consensus context_json",
    "JudgeConfig": "agent_id input_template weight",
    "ConsensusConfig": "strategy threshold agreement n",
    "ValidateWithJudgesResponse": "score confidence reasoning binary_valid individual_results",
    "JudgeResult": "judge_id score confidence reasoning",
    "ExecuteContainerRunRequest": (
        "execution_id name image image_pull_policy command env workdir volumes resources registry_credentials shell "
        "state_name max_attempts tenant_id workflow_execution_id network_mode"
    ),
    "ContainerVolume": "name mount_path read_only",
    "ContainerResources": "cpu_millicores memory timeout",
    "ExecuteContainerRunResponse": "exit_code stdout stderr duration_ms attempts",
    "CreateWorkspaceVolumeRequest": "workflow_execution_id tenant_id ttl_hours size_limit_mb",
    "CreateWorkspaceVolumeResponse": "volume_id remote_path",
    "DestroyWorkspaceVolumeRequest": "volume_id workflow_execution_id",
    "DestroyWorkspaceVolumeResponse": "destroyed",
    "InvokeOutputHandlerRequest": "execution_id tenant_id final_output handler_config_json intent",
    "InvokeOutputHandlerResponse": "success result error",
    "RunRepositoryActionRequest": "workflow_execution_id action message",
    "RunRepositoryActionResponse": "commit_sha branch ref diff sentence",
    "RunImageGenerateRequest": "workflow_execution_id prompt alias size count path",
    "GeneratedFile": "volume_id path content_type size_bytes",
    "RunImageGenerateResponse": "files sentence",
}


@pytest.mark.parametrize(("message", "names"), FIELDS.items())
def test_fields_are_numbered_from_one_in_this_order(message: str, names: str) -> None:
    fields = pb.DESCRIPTOR.message_types_by_name[message].fields_by_number
    assert {number: field.name for number, field in fields.items()} == dict(enumerate(names.split(), start=1))


def test_service_and_methods() -> None:
    """Contract 8.1."""
    service = pb.DESCRIPTOR.services_by_name["AegisRuntime"]
    assert service.full_name == "aegis.runtime.v1.AegisRuntime"
    assert {method.name for method in service.methods} == {
        "ExecuteAgent",
        "ExecuteSystemCommand",
        "ValidateWithJudges",
        "ExecuteContainerRun",
        "CreateWorkspaceVolume",
        "DestroyWorkspaceVolume",
        "InvokeOutputHandler",
        "RunRepositoryAction",
        "RunImageGenerate",
        "AttestAgent",
        "InvokeTool",
        "IngestStimulus",
        "SearchAgents",
        "SearchWorkflows",
        "QueryCortexPatterns",
        "StoreCortexPattern",
    }
    assert [method.name for method in service.methods if method.server_streaming] == ["ExecuteAgent"]


def test_strategies() -> None:
    assert dict(pb.ConsensusStrategy.items()) == {
        "WEIGHTED_AVERAGE": 0,
        "MAJORITY_VOTE": 1,
        "UNANIMOUS": 2,
        "ANY_APPROVED": 3,
    }


def test_the_generated_code_is_of_this_proto(tmp_path: Path) -> None:
    sources = Path(pb.__file__).parents[3]
    written = tmp_path / "descriptors"
    proto = sources / pb.DESCRIPTOR.name
    assert protoc.main(["protoc", f"-I{sources}", f"--descriptor_set_out={written}", str(proto)]) == 0
    (described,) = FileDescriptorSet.FromString(written.read_bytes()).file
    generated = FileDescriptorSet().file.add()
    pb.DESCRIPTOR.CopyToProto(generated)
    # json_name is filled in by protoc only when it writes a descriptor set.
    for message in described.message_type:
        for item in (*message.field, *(field for nested in message.nested_type for field in nested.field)):
            item.ClearField("json_name")
    assert generated == described
