# SPDX-License-Identifier: Apache-2.0
"""What the runs interpret: every kind of work, each taken up again by a transition when its worker or runtime was lost.

A piece of work that was under way when its worker was killed is not repeated by the worker, because it may have had
effects; that it may be done again here is the definition's word. So ``on_failure`` leads back to the same state.
Each run waits for a person before its last state, so that none has ended before the person answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

Definition = dict[str, Any]
State = dict[str, Any]

TENANT: Final = "acme"
_AGAIN: Final = {"max_state_visits": 20, "timeout": "120s"}
# The two first attempts fail by themselves.
_THIRD_TIME: Final = 'n=$(cat "$RUN_ID" 2>/dev/null || echo 0); echo $((n+1)) > "$RUN_ID"; sleep 1; [ "$n" -ge 2 ]'
_APPROVAL: Final = {"strategy": "weighted_average", "threshold": 0.8}

# What the stand-in answers. Every second verdict is a bad one, so that agents have to refine their answers.
SCRIPT: Final = {
    "agents": {"*": {"delay_seconds": 2, "timeout": "30s"}},
    "judges": {"*": [{"score": 0.3}, {"score": 0.9}] * 1000},
    "containers": {"*": {"delay_seconds": 2, "stdout": "built"}},
    "actions": {"*": {"delay_seconds": 1, "commit_sha": "0" * 40}},
}


def definitions() -> dict[str, Definition]:
    """All of them by name, with new ids. ``child`` is only run by others."""
    child = _definition("child", {"ONLY": _command("sleep 3", "END"), "END": _end()})
    return {
        "child": child,
        "commands": _definition(
            "commands",
            {
                "FIRST": _command("sleep 2; echo one", "LOOP"),
                "LOOP": _command(_THIRD_TIME, "NOTE"),
                "NOTE": _state("Action", "GATE", action="update_blackboard", args={"noted": "{{FIRST.output.stdout}}"}),
                "GATE": _gate("LAST"),
                "LAST": _command("sleep 3", "END"),
                "END": _end(),
            },
        ),
        "containers": _definition(
            "containers",
            {
                "FIRST": _command("sleep 2", "ONE"),
                "ONE": _state("ContainerRun", "MANY", **_container("one", "container_run_")),
                "MANY": _state(
                    "ParallelContainerRun",
                    "GATE",
                    parallel_container_steps=[_container("left"), _container("right")],
                    parallel_container_completion="all_succeed",
                ),
                "GATE": _gate("LAST"),
                "LAST": _command("sleep 3", "END"),
                "END": _end(),
            },
        ),
        "agents": _definition(
            "agents",
            {
                "WORK": _state(
                    "Agent",
                    "LAND",
                    agent="writer",
                    input="Write about {{execution.id}}",
                    judges=[{"agent_id": "critic", "weight": 1.0}],
                    consensus=_APPROVAL,
                ),
                "LAND": _state("Action", "VOTE", action="repository_commit", args={"message": "done"}),
                "VOTE": _state(
                    "ParallelAgents",
                    "GATE",
                    agents=[
                        {"agent": name, "input": "Vote on {{execution.id}}", "weight": 1.0} for name in ("ann", "bob")
                    ],
                    consensus={"strategy": "weighted_average", "threshold": 0.0},
                ),
                "GATE": _gate("LAST"),
                "LAST": _command("sleep 3", "END"),
                "END": _end(),
            },
        ),
        "family": _definition(
            "family",
            {
                "FIRST": _command("sleep 3", "CHILD"),
                "CHILD": _state(
                    "Subworkflow",
                    "GATE",
                    subworkflow_id=child["workflow_id"],
                    subworkflow_mode="blocking",
                    subworkflow_result_key="child",
                ),
                "GATE": _gate("LAST"),
                "LAST": _command("sleep 3", "END"),
                "END": _end(),
            },
            spec_storage={"workspace": {"storage_class": "ephemeral", "ttl_hours": 1, "size_limit_mb": 64}},
        ),
    }


def expected_output(name: str, execution_id: str) -> Mapping[str, Any]:
    """The ``final_output`` of a run of the definition ``name``."""
    return {"proof": execution_id, "noted": "one\n" if name == "commands" else ""}


def _definition(name: str, states: dict[str, State], **fields: Any) -> Definition:
    return {
        "workflow_id": str(uuid4()),
        "tenant_id": TENANT,
        "name": f"soak-{name}",
        "version": "1.0.0",
        "scope": "tenant",
        "initial_state": next(iter(states)),
        "context": {},
        "states": {state_name: _named(state_name, state) for state_name, state in states.items()},
        "max_total_transitions": 100,
        "output_template": {"proof": "{{execution.id}}", "noted": "{{noted}}"},
        **fields,
    }


def _named(name: str, state: State) -> State:
    """The state with its own name where it goes back to itself, and where a command tells it."""
    named = {**state, "transitions": [{**way, "target": way["target"] or name} for way in state["transitions"]]}
    return named | ({"env": {**state["env"], "STATE": name}} if "env" in state else {})


def _state(kind: str, target: str, **fields: Any) -> State:
    again = {"condition": "on_failure", "target": None}
    return {"kind": kind, **_AGAIN, **fields, "transitions": [again, {"condition": "always", "target": target}]}


def _command(command: str, target: str) -> State:
    return _state("System", target, command=command, env={"RUN_ID": "{{execution.id}}"})


def _gate(target: str) -> State:
    ways = [
        {"condition": "input_equals_yes", "target": target},
        {"condition": "input_equals_no", "target": "END"},
    ]
    return {"kind": "Human", "prompt": "Go on with {{execution.id}}?", "timeout": "86400s", "transitions": ways}


def _container(name: str, prefix: str = "") -> dict[str, Any]:
    fields = {
        "name": name,
        "image": "example/build:1",
        "command": ["make", name],
        "env": {},
        "volumes": [],
        "shell": False,
    }
    return {f"{prefix}{field}": value for field, value in fields.items()}


def _end() -> State:
    return {"kind": "Action", "action": "update_blackboard", "args": {"ended": "yes"}, "transitions": []}
