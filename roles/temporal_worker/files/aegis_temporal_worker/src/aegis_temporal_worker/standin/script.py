# SPDX-License-Identifier: Apache-2.0
"""The script: what the stand-in answers.

A JSON file (or YAML, where PyYAML is installed). Every part is optional. Each answer is one object, or an array of
objects that are given one after the other, the last one for ever. ``*`` stands for every name that is not listed::

    {"agents": {"reviewer": [{"output": "first"}, {"fail": "out of tokens"}], "*": {"output": "ok"}},
     "judges": {"*": {"score": 0.9}},
     "containers": {"build": {"exit_code": 1, "stderr": "no such file"}},
     "actions": {"repository_land": {"sentence": "refused"}},
     "schedules": {"nightly": [{"status": 503}, {"outcome": "refused", "detail": "the workflow is archived"}]}}
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import NAMESPACE_URL, UUID, uuid5

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from aegis_temporal_worker.standin import NAME


class ScriptError(Exception):
    """The script cannot be read; the text says where."""


class Answer(BaseModel):
    """What every answer may carry."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    delay_seconds: float = Field(default=0, ge=0, description="wait before answering")
    error_code: str | None = Field(
        default=None, description="name of a gRPC status to answer with, such as UNAVAILABLE"
    )
    error_message: str = f"{NAME}: refused by the script"


class AgentAnswer(Answer):
    """One run of an agent."""

    output: str | None = Field(default=None, description="final output; absent: a sentence that repeats the input")
    iterations: int = Field(default=1, ge=1)
    fail: str | None = Field(default=None, description="reason: the run ends with execution_failed")
    timeout: str = Field(default="1800s", description="spec.security.resources.timeout of the agent's manifest")
    silent: bool = Field(default=False, description="the stream stays open and tells no end; the status route does")
    break_stream: bool = Field(
        default=False, description="the stream breaks off with UNAVAILABLE after the run's start; the run goes on"
    )


class JudgeAnswer(Answer):
    """The verdict of one judge."""

    score: float = 0.9
    confidence: float = 0.9
    reasoning: str = f"{NAME}: as the script says"


class ContainerAnswer(Answer):
    """The end of one container. A delay over the container's own limit is cut there, with DEADLINE_EXCEEDED."""

    exit_code: int = 0
    stdout: str = ""
    stderr: str = ""
    attempts: int = Field(default=1, ge=1)


class ActionAnswer(Answer):
    """The end of one repository, tree or archive action."""

    commit_sha: str | None = None
    branch: str = "standin"
    ref: str = "main"
    diff: str | None = None
    sentence: str | None = None


class HandlerAnswer(Answer):
    """The answer of an output handler."""

    success: bool = True
    result: str | None = Field(default=None, description="absent: the output as it came")
    error: str = ""


class ImageAnswer(Answer):
    """The answer of the image generator."""

    sentence: str | None = None
    size_bytes: int = Field(default=1024, ge=0, description="of each file")


class FireAnswer(Answer):
    """The answer to a schedule's fire; any status but 200 answers with ``error_message``."""

    status: int = Field(default=200, ge=200, le=599)
    outcome: Literal["starting", "started", "refused", "skipped_paused", "skipped_overlap"] = "started"
    detail: str | None = Field(default=None, description="absent: the stand-in's name")


AnswerT = TypeVar("AnswerT", bound=Answer)


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


Answers = Annotated[list[AnswerT], BeforeValidator(_as_list), Field(min_length=1)]


class Script(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    agents: dict[str, Answers[AgentAnswer]] = Field(default={}, description="by agent name or UUID")
    only_listed_agents: bool = Field(default=False, description="look-ups of other names answer 404")
    judges: dict[str, Answers[JudgeAnswer]] = Field(default={}, description="by agent name or UUID")
    containers: dict[str, Answers[ContainerAnswer]] = Field(default={}, description="by container name")
    actions: dict[str, Answers[ActionAnswer]] = Field(default={}, description="by action")
    output_handlers: dict[str, Answers[HandlerAnswer]] = Field(default={}, description="by handler type")
    images: dict[str, Answers[ImageAnswer]] = Field(default={}, description="by model alias")
    schedules: dict[str, Answers[FireAnswer]] = Field(default={}, description="by schedule id")


class Picker(Generic[AnswerT]):
    """Gives the answers for a name one after the other; the last one for ever."""

    def __init__(self, answers: dict[str, list[AnswerT]], default: AnswerT) -> None:
        self._answers = answers
        self._default = default
        self._given: Counter[str] = Counter()

    def take(self, *names: str) -> AnswerT:
        """The next answer for the first of ``names`` that is listed, else for ``*``, else the default."""
        name = next((name for name in (*names, "*") if name in self._answers), None)
        if name is None:
            return self._default
        answers = self._answers[name]
        position = min(self._given[name], len(answers) - 1)
        self._given[name] += 1
        return answers[position]

    def peek(self, *names: str) -> AnswerT:
        """The first answer for a name, without using it up."""
        return next((self._answers[name][0] for name in (*names, "*") if name in self._answers), self._default)


def agent_uuid(name: str) -> str:
    """The UUID of an agent: the name itself when it is one, else always the same for one name."""
    try:
        return str(UUID(name))
    except ValueError:
        return str(uuid5(NAMESPACE_URL, f"{NAME}/agents/{name}"))


def load_script(path: Path | None) -> Script:
    """Read a script file; no path gives the defaults. Raises ``ScriptError``."""
    if path is None:
        return Script()
    try:
        text = path.read_bytes()
        return Script.model_validate(_parse_yaml(text) if path.suffix in {".yml", ".yaml"} else orjson.loads(text))
    except (OSError, orjson.JSONDecodeError, ValidationError) as error:
        raise ScriptError(f"script {path}: {error}") from error


def _parse_yaml(text: bytes) -> Any:
    try:
        import yaml  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise ScriptError("a YAML script needs the extra aegis-temporal-worker[yaml]; or write it as JSON") from error
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ScriptError(f"the script is not YAML: {error}") from error
