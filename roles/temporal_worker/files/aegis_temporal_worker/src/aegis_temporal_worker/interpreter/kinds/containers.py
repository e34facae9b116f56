# SPDX-License-Identifier: Apache-2.0
"""What single and parallel containers have in common: reading a step, and telling how it ended (contract 6.8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..context import Context
from ..definition import State, as_list, as_object, as_text
from ..durations import human_limit_seconds
from ..requests import ContainerResult, ContainerStep
from ..values import as_number, json_text, text
from .exit_codes import TIMED_OUT
from .rendering import render_values

_INPUTS: Final = "INTENT_INPUTS"
# The runtime mounts these by itself (contract 1.2, D1.3); "repository:<label>" too.
_RUNTIME_VOLUMES: Final = ("repository", "tree", "attachments")
# The protocol's numbers are uint32 (contract 8.2).
_MOST: Final = 2**32 - 1
# Promises of a manifest that the runtime's protocol has no field for.
_NOT_ENFORCED: Final = ("read_only_root_filesystem", "run_as_user")
# Events are told for people to read along; the whole text is in the state's output. The end of it says what went wrong.
MOST_TOLD_BYTES: Final = 256 * 1024


def read(
    raw: Mapping[str, Any],
    state: State,
    context: Context,
    *,
    execution_id: str,
    default_name: str,
) -> ContainerStep:
    """Read and render one step; ``raw`` has the field names of a parallel step.

    Logs a warning for isolation that was asked for and cannot be had. Raises ``InterpreterError`` when the image is
    rendered to nothing, ``templates.TemplateError`` for a template that cannot be rendered.
    """
    resources = as_object(raw.get("resources"))
    timeout, limit_seconds = _limits(as_text(resources.get("timeout")), state)
    step = ContainerStep(
        state_name=state.name,
        name=context.render(as_text(raw.get("name")) or "").strip() or default_name,
        image=context.render_required(as_text(raw.get("image")) or ""),
        command=[context.render(text(argument)) for argument in as_list(raw.get("command"))],
        env=_env(raw, context),
        execution_id=execution_id,
        workflow_execution_id=context.root_execution_id,
        image_pull_policy=as_text(raw.get("image_pull_policy")),
        workdir=context.render(as_text(raw.get("workdir")) or "") or None,
        volumes=[_volume(as_object(volume), context) for volume in as_list(raw.get("volumes"))],
        cpu_millicores=_positive(resources.get("cpu")),
        memory=as_text(resources.get("memory")),
        timeout=timeout,
        registry_credentials=as_text(raw.get("registry_credentials")),
        shell=raw.get("shell") is True,
        max_attempts=_positive(as_object(raw.get("retry")).get("max_attempts")) or 1,
        network_mode=as_text(raw.get("network_mode")) or None,
        limit_seconds=limit_seconds,
    )
    for name in _NOT_ENFORCED:
        if raw.get(name):
            context.outside.log(
                f'State "{state.name}": {name} of the container "{step.name}" is not enforced; '
                "the runtime cannot be told of it",
                state_name=state.name,
            )
    return step


def _limits(timeout: str | None, state: State) -> tuple[str | None, int | None]:
    """The runtime's limit for one attempt, as text and in seconds: the container's own, else its state's."""
    if timeout:
        return timeout, human_limit_seconds(timeout)
    if state.limit_seconds is not None:
        return f"{state.limit_seconds}s", state.limit_seconds
    return None, None


def _env(raw: Mapping[str, Any], context: Context) -> dict[str, str]:
    env = render_values(as_object(raw.get("env")), context)
    inputs = as_object(context.blackboard.get("input"))
    if inputs and not env.get(_INPUTS):
        env[_INPUTS] = json_text(inputs)
    return env


def _volume(raw: Mapping[str, Any], context: Context) -> dict[str, Any]:
    name = as_text(raw.get("name")) or ""
    if name.partition(":")[0] not in _RUNTIME_VOLUMES:
        name = as_text(context.blackboard.get(f"{name}_volume_id")) or name
    return {
        "name": name,
        "mount_path": as_text(raw.get("mount_path")) or "",
        "read_only": raw.get("read_only") is True,
    }


def _positive(value: object) -> int | None:
    number = as_number(value)
    return min(int(number), _MOST) if number is not None and number >= 1 else None


def exit_code(result: ContainerResult) -> int:
    """The container's exit code, or the one for running out of time."""
    return TIMED_OUT if result.timed_out else result.exit_code


def told(value: str, most_bytes: int = MOST_TOLD_BYTES) -> str:
    """The end of a text, as much as an event carries."""
    encoded = value.encode("utf-8", "surrogatepass")
    if len(encoded) <= most_bytes:
        return value
    return f"[{len(encoded) - most_bytes} bytes left out]\n{encoded[-most_bytes:].decode('utf-8', 'replace')}"
