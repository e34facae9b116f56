# SPDX-License-Identifier: Apache-2.0
"""The actions that call the orchestrator: their names on the wire and their arguments (contract 1.2, D3.2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ..context import Context
from ..definition import State
from ..errors import InterpreterError
from ..requests import ActionCall, ImageCall
from ..values import json_text

# The orchestrator's own default for archive_deploy_wait (contract 1.2, D1.2).
_DEPLOY_WAIT_SECONDS: Final = 1800
# It looks every 15 s; four looks more than it was told are enough for its answer to arrive.
_DEPLOY_WAIT_MARGIN: Final = 60
_WHOLE: Final = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Arguments:
    """The rendered arguments of one action."""

    state: State
    action: str
    values: Mapping[str, str]

    def required(self, key: str) -> str:
        """The argument. Raises ``InterpreterError`` when it is absent or was rendered to nothing."""
        value = self.values.get(key, "")
        if not value.strip():
            raise self._error(f'needs the argument "{key}", which is empty')
        return value

    def optional(self, key: str) -> str | None:
        """The argument without white space around it; None when it is absent or empty."""
        return self.values.get(key, "").strip() or None

    def whole(self, key: str, least: int, most: int) -> int | None:
        """The argument as a whole number; None when it is absent or empty.

        Raises ``InterpreterError`` when it is no whole number from ``least`` to ``most``.
        """
        value = self.optional(key)
        if value is None:
            return None
        number = int(value) if _WHOLE.fullmatch(value) else -1
        if not least <= number <= most:
            raise self._error(f'takes a whole number from {least} to {most} as "{key}", not {json_text(value[:100])}')
        return number

    def _error(self, problem: str) -> InterpreterError:
        return InterpreterError(f'State "{self.state.name}": the action "{self.action}" {problem}')


def _message(arguments: Arguments) -> str | None:
    return arguments.required("message")


def _cut(arguments: Arguments) -> str | None:
    return arguments.required("cut").strip()


def _optional_cut(arguments: Arguments) -> str | None:
    return arguments.optional("cut")


def _nothing(_arguments: Arguments) -> str | None:
    return None


def _deploy_limits(arguments: Arguments) -> dict[str, int]:
    limits = {key: arguments.whole(key, 0, 999_999_999) for key in ("timeout_seconds", "no_run_grace_seconds")}
    return {key: seconds for key, seconds in limits.items() if seconds is not None}


def _deploy(arguments: Arguments) -> str | None:
    cut, limits = arguments.required("cut").strip(), _deploy_limits(arguments)
    return json_text({"cut": cut, **limits}) if limits else cut


@dataclass(frozen=True, slots=True)
class _Action:
    wire: str
    message: Callable[[Arguments], str | None]
    # A person is asked, which may take 72 hours.
    gated: bool = False


_ACTIONS: Final[Mapping[str, _Action]] = {
    "repository_diff": _Action("diff", _nothing),
    "repository_commit": _Action("commit", _message),
    "repository_land": _Action("land", _nothing, gated=True),
    "tree_diff": _Action("tree_diff", _nothing),
    "tree_write": _Action("tree_write", _message),
    "drift_report": _Action("drift_report", _nothing),
    "tree_land": _Action("tree_land", _message, gated=True),
    "tree_cut": _Action("tree_cut", _optional_cut),
    "archive_render": _Action("archive_render", _cut),
    "archive_push": _Action("archive_push", _nothing, gated=True),
    "archive_deploy_wait": _Action("archive_deploy_wait", _deploy),
}
NAMES: Final = tuple(_ACTIONS)


def action_call(arguments: Arguments, context: Context) -> ActionCall:
    """The call for an action of ``NAMES``. Raises ``InterpreterError`` for arguments that cannot be used."""
    action = _ACTIONS[arguments.action]
    return ActionCall(
        state_name=arguments.state.name,
        action=action.wire,
        message=action.message(arguments),
        workflow_execution_id=context.root_execution_id,
        gated=action.gated,
        limit_seconds=_limit_seconds(arguments, gated=action.gated),
    )


def _limit_seconds(arguments: Arguments, *, gated: bool) -> int | None:
    if gated:
        # Giving up earlier would leave the question open: a later yes would land what nobody waits for any more.
        return None
    if arguments.action != "archive_deploy_wait":
        return arguments.state.limit_seconds
    limits = _deploy_limits(arguments)
    asked = max(limits.get("timeout_seconds", _DEPLOY_WAIT_SECONDS), limits.get("no_run_grace_seconds", 0))
    return max(asked + _DEPLOY_WAIT_MARGIN, arguments.state.limit_seconds or 0)


def image_call(arguments: Arguments, context: Context) -> ImageCall:
    """The call for ``image_generate``. Raises ``InterpreterError`` for arguments that cannot be used."""
    return ImageCall(
        state_name=arguments.state.name,
        prompt=arguments.required("prompt"),
        workflow_execution_id=context.root_execution_id,
        alias=arguments.optional("alias"),
        size=arguments.optional("size"),
        count=arguments.whole("count", 1, 4),
        path=arguments.optional("path"),
        limit_seconds=arguments.state.limit_seconds,
    )
