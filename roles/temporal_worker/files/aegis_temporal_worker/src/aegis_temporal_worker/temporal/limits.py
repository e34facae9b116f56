# SPDX-License-Identifier: Apache-2.0
"""How long one attempt of an activity may work, from what its state says.

A worker that died is noticed by its missing heartbeats within seconds, so a limit is there for work that really takes
that long. The activities set their own, nearer deadlines; see ``policies`` for what changing a limit means.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from ..interpreter.requests import ActionCall, AgentTask, Command, ContainerStep, HandlerCall, ImageCall, Judgement

# The orchestrator's own limits where the state has none: commands and validations end after 600 s, agents after what
# their manifest says (default 1800 s), which only the activity learns.
_DEFAULT: Final = timedelta(seconds=600)
_AGENT: Final = timedelta(hours=73)
# A request for a person's decision expires after 72 hours, swept every ten minutes.
_GATED: Final = timedelta(hours=73)
# A container without a limit of its own runs as long as the orchestrator lets it.
_CONTAINER: Final = timedelta(hours=24)


def _seconds(seconds: float | None, default: timedelta) -> timedelta:
    return timedelta(seconds=seconds) if seconds else default


def of_agent(_task: AgentTask) -> timedelta:
    """Longer than any agent: its own limit is in its manifest, which the activity reads and keeps."""
    return _AGENT


def of_command(command: Command) -> timedelta:
    """The state's limit, else the runtime's."""
    return _seconds(command.limit_seconds, _DEFAULT)


def of_judgement(judgement: Judgement) -> timedelta:
    """The runtime gives all judges together 600 s; a state's longer limit is honoured."""
    return max(_seconds(judgement.limit_seconds, _DEFAULT), _DEFAULT)


def of_action(call: ActionCall) -> timedelta:
    """A gated action waits for a person."""
    return _GATED if call.gated else max(_seconds(call.limit_seconds, _DEFAULT), _DEFAULT)


def of_image(call: ImageCall) -> timedelta:
    """The state's limit, else ten minutes."""
    return _seconds(call.limit_seconds, _DEFAULT)


def of_container(step: ContainerStep) -> timedelta:
    """The container's own limit counts for each of its attempts; pulling its image takes time too."""
    if step.limit_seconds is None:
        return _CONTAINER
    return timedelta(seconds=step.limit_seconds) * step.max_attempts + _DEFAULT


def of_handler(call: HandlerCall) -> timedelta:
    """The handler's ``timeout_seconds``, else the longest default of an agent."""
    seconds = call.config.get("timeout_seconds")
    known = seconds if isinstance(seconds, (int, float)) and seconds > 0 else None
    return _seconds(known, timedelta(seconds=1800)) + _DEFAULT
